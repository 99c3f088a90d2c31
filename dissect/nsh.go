package dissect

import "strconv"

// Network Service Header (RFC 8300): the path of a packet through a chain of network functions.
var nsh = Protocol{
	Name:   "nsh",
	Title:  "Network Service Header",
	Ref:    "RFC 8300",
	Tunnel: true,
	Over:   []Over{{EtherType, 0x894f}, {NextProtocol, 4}, {IPProtocol, 145}},
	Header: Rows{
		{Name: "nsh.version", Bits: 2},
		{Name: "nsh.Obit", Bits: 1, Doc: "an OAM packet", Ref: "RFC 8300 §2.2"},
		{Name: "nsh.CBit", Bits: 1, Doc: "unassigned; in drafts of the RFC, one of the TLVs must be understood"},
		{Name: "nsh.ttl", Bits: 6, Kind: Hex, Digits: 4, Doc: "service functions that may still follow", Ref: "RFC 8300 §2.2"},
		{Name: "nsh.length", Bits: 6, Doc: "32-bit words of header", Ref: "RFC 8300 §2.2"},
		{Bits: 4},
		{Name: "nsh.mdtype", Bits: 4, Doc: "1: four words of context; 2: TLVs, or nothing", Ref: "RFC 8300 §2.2"},
		{Name: "nsh.nextproto", Bits: 8, Enum: nextProtocols, Doc: "what follows", Ref: "RFC 8300 §2.2"},
		{Name: "nsh.spi", Bits: 24, Doc: "service path identifier", Ref: "RFC 8300 §2.3"},
		{Name: "nsh.si", Bits: 8, Doc: "service index: place on the path, counted down", Ref: "RFC 8300 §2.3"},
	},
	Tables:  []Rows{nshTLV},
	Fields:  []*Field{nshContext, nshMetadata, nshInvalidLength},
	Dissect: dissectNSH,
	Walk:    walkNSH,
	Summary: summarizeNSH,
}

var (
	nshContext = &Field{Name: "nsh.contextheader", Kind: Bytes, Doc: "one of four words of context", Ref: "RFC 8300 §2.4"}
	nshTLV     = Rows{
		{Name: "nsh.metadataclass", Bits: 16, Doc: "whose types these are", Ref: "RFC 8300 §2.5.1"},
		{Name: "nsh.metadatatype", Bits: 8, Ref: "RFC 8300 §2.5.1"},
		{Name: "nsh.metadataunassignedbit", Bits: 1, Kind: Hex},
		{Name: "nsh.metadatalen", Bits: 7, Kind: Hex, Doc: "bytes of metadata, without padding", Ref: "RFC 8300 §2.5.1"},
	}
	nshMetadata      = &Field{Name: "nsh.metadata", Kind: Bytes, Ref: "RFC 8300 §2.5.1"}
	nshInvalidLength = &Field{Name: "nsh.length.invalid", Kind: Present}

	nextProtocols = Names{1: "IPv4", 2: "IPv6", 3: "Ethernet", 4: "NSH", 5: "MPLS", 0xfe: "Experiment 1", 0xff: "Experiment 2"}
)

// NSH is a view of a network service header of at least 8 bytes.
type NSH []byte

// Version is 0.
func (h NSH) Version() uint8 { return h[0] >> 6 }

// Length is that of the header in bytes.
func (h NSH) Length() int { return int(h[1]&0x3f) * 4 }

// MDType tells what stands behind the first 8 bytes: 1 is four words of context, 2 is TLVs.
func (h NSH) MDType() uint8 { return h[2] & 0xf }

// NextProtocol names what follows.
func (h NSH) NextProtocol() uint8 { return h[3] }

// ServicePath is the identifier of the path, 24 bits.
func (h NSH) ServicePath() uint32 { return be24(h[4:]) }

// ServiceIndex is the place on the path, counted down.
func (h NSH) ServiceIndex() uint8 { return h[7] }

// shortest is what Length has to be at least, and with MD type 1 exactly.
func (h NSH) shortest() int {
	if h.MDType() == 1 {
		return 24
	}
	return 8
}

// validLength tells whether Length can be.
func (h NSH) validLength() bool {
	return h.Length() == h.shortest() || h.Length() > 8 && h.MDType() != 1
}

func dissectNSH(d *Decoder, b []byte) ID {
	h := NSH(b)
	switch {
	case h.Version() != 0:
		return d.halt(StopBadVersion)
	case !h.validLength():
		return d.badLength("nsh.length", h.shortest(), h.Length())
	case !d.header(h.Length()):
		return done
	}
	return d.next(NextProtocol, uint32(h.NextProtocol()))
}

func walkNSH(w *Walker) {
	h := NSH(w.Header())
	switch {
	case len(h) < 8 || h.Version() != 0:
	case !h.validLength():
		w.Add(nshInvalidLength, 0, 2)
	case h.MDType() == 1:
		for off := 8; off < 24; off += 4 {
			w.Add(nshContext, off, 4)
		}
	case h.MDType() == 2:
		for off := 8; off+4 <= len(h) && !w.Done(); {
			n := int(h[off+3] & 0x7f)
			w.Rows(nshTLV, off)
			if n > 0 && off+4+n <= len(h) {
				w.Add(nshMetadata, off+4, n)
			}
			off += 4 + (n+3)&^3
		}
	}
}

func summarizeNSH(dst []byte, p *Packet, i int) []byte {
	h := NSH(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "nsh"...)
	}
	dst = strconv.AppendUint(append(dst, "nsh "...), uint64(h.ServicePath()), 10)
	return strconv.AppendUint(append(dst, '/'), uint64(h.ServiceIndex()), 10)
}
