package dissect

import "strconv"

// PPP over Ethernet (RFC 2516): discovery packets carry tags, session packets PPP. Wireshark has two protocols with fields of the
// same names.
var (
	pppoeDiscovery = Protocol{
		Name:    "pppoed",
		Title:   "PPP-over-Ethernet Discovery",
		Ref:     "RFC 2516",
		Over:    []Over{{EtherType, 0x8863}},
		Header:  pppoeHeader(),
		Fields:  []*Field{pppoeTag, pppoeTagLength, pppoeServiceName, pppoeACName, pppoeHostUniq, pppoeACCookie, pppoeRelaySession, pppoeMaxPayload, pppoeServiceNameError, pppoeACError, pppoeGenericError, pppoeUnknownTag},
		Dissect: dissectPPPoEDiscovery,
		Walk:    walkPPPoEDiscovery,
		Summary: summarizePPPoEDiscovery,
	}
	pppoeSession = Protocol{
		Name:     "pppoes",
		Title:    "PPP-over-Ethernet Session",
		Ref:      "RFC 2516",
		Tunnel:   true,
		Over:     []Over{{EtherType, 0x8864}, {LinkType, 51}},
		Header:   pppoeHeader(),
		Dissect:  dissectPPPoESession,
		Summary:  summarizePPPoESession,
		Identity: func(p *Packet, l *Layer) (uint32, bool) { return uint32(be16(p.Header(l)[2:])), true },
	}
)

func pppoeHeader() Rows {
	return Rows{
		{Name: "pppoe.version", Bits: 4},
		{Name: "pppoe.type", Bits: 4},
		{Name: "pppoe.code", Bits: 8, Kind: Hex, Enum: pppoeCodes},
		{Name: "pppoe.session_id", Bits: 16, Kind: Hex},
		{Name: "pppoe.payload_length", Bits: 16, Doc: "bytes behind this header"},
	}
}

var (
	pppoeCodes = Names{0x00: "Session Data", 0x07: "Active Discovery Offer (PADO)", 0x09: "Active Discovery Initiation (PADI)", 0x19: "Active Discovery Request (PADR)",
		0x65: "Active Discovery Session-confirmation (PADS)", 0xa7: "Active Discovery Terminate (PADT)"}

	pppoeTag = &Field{Name: "pppoed.tag", Bits: 16, Kind: Hex, Ref: "RFC 2516 Appendix A", Enum: Names{0x0000: "End-Of-List", 0x0101: "Service-Name", 0x0102: "AC-Name", 0x0103: "Host-Uniq",
		0x0104: "AC-Cookie", 0x0105: "Vendor-Specific", 0x0110: "Relay-Session-Id", 0x0120: "PPP-Max-Payload", 0x0201: "Service-Name-Error", 0x0202: "AC-System-Error", 0x0203: "Generic-Error"}}
	pppoeTagLength        = &Field{Name: "pppoed.tag_length", Bits: 16, Doc: "bytes of the tag's value"}
	pppoeServiceName      = &Field{Name: "pppoed.tags.service_name", Kind: Text}
	pppoeACName           = &Field{Name: "pppoed.tags.ac_name", Kind: Text, Doc: "name of the access concentrator"}
	pppoeHostUniq         = &Field{Name: "pppoed.tags.host_uniq", Kind: Bytes}
	pppoeACCookie         = &Field{Name: "pppoed.tags.ac_cookie", Kind: Bytes}
	pppoeRelaySession     = &Field{Name: "pppoed.tags.relay_session_id", Kind: Bytes}
	pppoeMaxPayload       = &Field{Name: "pppoed.tags.max_payload", Kind: Bytes, Ref: "RFC 4638 §2"}
	pppoeServiceNameError = &Field{Name: "pppoed.tags.service_name_error", Kind: Text}
	pppoeACError          = &Field{Name: "pppoed.tags.ac_system_error", Kind: Text}
	pppoeGenericError     = &Field{Name: "pppoed.tags.generic_error", Kind: Text}
	pppoeUnknownTag       = &Field{Name: "pppoed.tag.unknown_data", Kind: Bytes}

	pppoeTags = map[uint16]*Field{0x0101: pppoeServiceName, 0x0102: pppoeACName, 0x0103: pppoeHostUniq, 0x0104: pppoeACCookie, 0x0110: pppoeRelaySession,
		0x0120: pppoeMaxPayload, 0x0201: pppoeServiceNameError, 0x0202: pppoeACError, 0x0203: pppoeGenericError}
)

// PPPoE is a view of a PPPoE header of 6 bytes.
type PPPoE []byte

// Code tells the kinds of packets apart; 0 is session data.
func (h PPPoE) Code() uint8 { return h[1] }

// SessionID is given by the access concentrator.
func (h PPPoE) SessionID() uint16 { return be16(h[2:]) }

// PayloadLength is the number of bytes behind the header.
func (h PPPoE) PayloadLength() int { return int(be16(h[4:])) }

func dissectPPPoEDiscovery(d *Decoder, b []byte) ID {
	d.extent(6+PPPoE(b).PayloadLength(), "pppoe.payload_length")
	d.header(min(len(b), d.layer().Len())) // tags are header, not payload
	return done
}

func dissectPPPoESession(d *Decoder, b []byte) ID {
	d.extent(6+PPPoE(b).PayloadLength(), "pppoe.payload_length")
	if PPPoE(b).Code() != 0 { // LINKTYPE_PPP_ETHER has both stages
		return d.halt(StopUnknown)
	}
	return ppp.ID
}

func walkPPPoEDiscovery(w *Walker) {
	b := w.Header()
	for off := 6; off+4 <= len(b) && !w.Done(); {
		tag, n := be16(b[off:]), int(be16(b[off+2:]))
		w.Add(pppoeTag, off, 2)
		w.Add(pppoeTagLength, off+2, 2)
		if tag == 0 || off+4+n > len(b) {
			return
		}
		if f := pppoeTags[tag]; f != nil {
			w.Add(f, off+4, n)
		} else if n > 0 {
			w.Add(pppoeUnknownTag, off+4, n)
		}
		off += 4 + n
	}
}

func summarizePPPoEDiscovery(dst []byte, p *Packet, i int) []byte {
	h := PPPoE(p.Header(&p.Layers[i]))
	if len(h) < 6 {
		return append(dst, "pppoe"...)
	}
	return append(append(dst, "PPPoE "...), pppoeCodes[uint64(h.Code())]...)
}

func summarizePPPoESession(dst []byte, p *Packet, i int) []byte {
	h := PPPoE(p.Header(&p.Layers[i]))
	if len(h) < 6 {
		return append(dst, "pppoe"...)
	}
	return strconv.AppendUint(append(dst, "pppoe "...), uint64(h.SessionID()), 10)
}
