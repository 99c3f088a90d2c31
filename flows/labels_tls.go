package flows

import "encoding/binary"

// ClientHello is what the client's first message of TLS says in the clear of where it wants to go (RFC 8446 §4.1.2). It points into the
// payload that it was read from.
type ClientHello struct {
	serverName []byte
	protocols  []byte // the list of RFC 7301 §3.1: names, each behind a byte with its length
}

// ServerName returns the host name of the server_name extension (RFC 6066 §3), empty where there is none. With Encrypted Client Hello it
// is the public name of who hides the other one.
func (h *ClientHello) ServerName() string {
	if len(h.serverName) == 0 {
		return ""
	}
	return string(appendLabel(nil, h.serverName, 0, true))
}

// ALPN returns the names of the application protocols that the client offers (RFC 7301), in its order, with commas between them. Names that
// are only there to keep servers tolerant (RFC 8701 §2) are left out.
func (h *ClientHello) ALPN() string {
	var all []byte
	for list := h.protocols; len(list) > 0; {
		name := list[1 : 1+int(list[0])]
		list = list[1+len(name):]
		if len(name) == 2 && name[0] == name[1] && name[0]&0xf == 0xa {
			continue
		}
		if len(all) > 0 {
			all = append(all, ',')
		}
		all = appendLabel(all, name, ',', false)
	}
	return string(all)
}

// The numbers of TLS that are read here (RFC 8446 §4, §4.2, §5.1).
const (
	tlsHandshake        = 22
	tlsClientHello      = 1
	extensionServerName = 0
	extensionALPN       = 16
)

// ReadClientHello reads a ClientHello at the start of a stream's payload, as far as b, which may be cut off, and the first record have it. It
// returns false where there is none, and true for one whose extensions are not there.
func ReadClientHello(b []byte) (h ClientHello, ok bool) {
	if len(b) < 11 || b[0] != tlsHandshake || b[1] != 3 || b[5] != tlsClientHello || b[9] != 3 {
		return h, false
	}
	record := int(binary.BigEndian.Uint16(b[3:]))
	message := int(b[6])<<16 | int(binary.BigEndian.Uint16(b[7:]))
	if record < 4 || record > 1<<14 {
		return h, false
	}
	r := tlsReader{b[9:min(len(b), 5+record, 9+message)]}
	r.take(2 + 32)       // version and random
	r.take(r.number(1))  // session
	r.take(r.number(2))  // cipher suites
	r.take(r.number(1))  // compression
	r.limit(r.number(2)) // extensions
	for len(r.b) >= 4 {
		kind := r.number(2)
		n := r.number(2)
		if n > len(r.b) {
			break // the extension is not whole
		}
		switch v := r.take(n); kind {
		case extensionServerName:
			h.serverName = tlsHostName(v)
		case extensionALPN:
			h.protocols = tlsProtocols(v)
		}
	}
	return h, true
}

// tlsHostName returns the first host name in a list of server names (RFC 6066 §3).
func tlsHostName(v []byte) []byte {
	r := tlsReader{v}
	r.limit(r.number(2))
	for len(r.b) >= 3 {
		kind := r.number(1)
		n := r.number(2)
		if n > len(r.b) {
			return nil
		}
		if name := r.take(n); kind == 0 && n <= 255 {
			return name
		}
	}
	return nil
}

// tlsProtocols returns the names that are whole in a list of protocol names.
func tlsProtocols(v []byte) []byte {
	r := tlsReader{v}
	r.limit(r.number(2))
	n := 0
	for n < len(r.b) && r.b[n] > 0 && n+1+int(r.b[n]) <= len(r.b) {
		n += 1 + int(r.b[n])
	}
	return r.b[:n]
}

// tlsReader reads what is left of b. Where something is not there it is empty from then on, and numbers are 0.
type tlsReader struct{ b []byte }

func (r *tlsReader) number(size int) (n int) {
	for _, c := range r.take(size) {
		n = n<<8 | int(c)
	}
	return n
}

func (r *tlsReader) take(n int) (v []byte) {
	if n > len(r.b) {
		r.b = nil
		return nil
	}
	v, r.b = r.b[:n:n], r.b[n:]
	return v
}

func (r *tlsReader) limit(n int) { r.b = r.b[:min(n, len(r.b))] }
