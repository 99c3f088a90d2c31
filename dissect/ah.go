package dissect

import "strconv"

// IP Authentication Header (RFC 4302). It hides nothing: what it protects follows in clear.
var ah = Protocol{
	Name:  "ah",
	Title: "Authentication Header",
	Ref:   "RFC 4302",
	Over:  []Over{{IPProtocol, 51}},
	Header: Rows{
		{Name: "ah.next_header", Bits: 8, Enum: ipProtocols, Doc: "what follows"},
		{Name: "ah.length", Bits: 8, Doc: "32-bit words of the header, less 2", Ref: "RFC 4302 §2.2"},
		{Name: "ah.reserved", Bits: 16, Kind: Bytes},
		{Name: "ah.spi", Bits: 32, Kind: Hex, Doc: "security parameters index"},
		{Name: "ah.sequence", Bits: 32, Doc: "counts the packets of a security association"},
	},
	Fields:  []*Field{ahICV},
	Dissect: dissectAH,
	Walk:    walkAH,
	Summary: summarizeAH,
}

var ahICV = &Field{Name: "ah.icv", Kind: Bytes, Doc: "integrity check value, with its padding", Ref: "RFC 4302 §2.6"}

// AH is a view of an authentication header of at least 12 bytes.
type AH []byte

// NextHeader names what follows.
func (h AH) NextHeader() uint8 { return h[0] }

// HeaderLength is in bytes.
func (h AH) HeaderLength() int { return (int(h[1]) + 2) * 4 }

// SPI is the security parameters index.
func (h AH) SPI() uint32 { return be32(h[4:]) }

// Sequence counts the packets of a security association.
func (h AH) Sequence() uint32 { return be32(h[8:]) }

func dissectAH(d *Decoder, b []byte) ID {
	h := AH(b)
	n := h.HeaderLength()
	if n < 12 {
		return d.badLength("ah.length", 12, n)
	}
	if !d.header(n) {
		return done
	}
	return d.next(IPProtocol, uint32(h.NextHeader()))
}

func walkAH(w *Walker) {
	if n := w.Layer.HeaderLen() - 12; n > 0 {
		w.Add(ahICV, 12, n)
	}
}

func summarizeAH(dst []byte, p *Packet, i int) []byte {
	h := AH(p.Header(&p.Layers[i]))
	if len(h) < 12 {
		return append(dst, "ah"...)
	}
	return appendSPI(append(dst, "ah"...), h.SPI(), h.Sequence())
}

// appendSPI writes what tells one protected packet from another.
func appendSPI(dst []byte, spi, sequence uint32) []byte {
	dst = appendHex(append(dst, " spi "...), uint64(spi), 8)
	return strconv.AppendUint(append(dst, " seq "...), uint64(sequence), 10)
}
