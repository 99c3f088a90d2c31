package dissect

import (
	"bytes"
	"compress/flate"
	"io"
)

// IP Payload Compression (RFC 3173). The compression parameter index names the algorithm, or, from 256 on, an association that
// two peers agreed on out of sight: then DEFLATE, which nearly all use, is tried, and what comes out is a guess.
var ipcomp = Protocol{
	Name:  "ipcomp",
	Title: "IP Payload Compression",
	Ref:   "RFC 3173",
	Over:  []Over{{IPProtocol, 108}},
	Header: Rows{
		{Name: "ipcomp.next_header", Bits: 8, Kind: Hex, Enum: ipProtocols, Doc: "what was compressed"},
		{Name: "ipcomp.flags", Bits: 8, Kind: Hex, Doc: "reserved"},
		{Name: "ipcomp.cpi", Bits: 16, Kind: Hex, Enum: ipcompAlgorithms, Doc: "compression parameter index"},
	},
	Dissect: dissectIPComp,
	Resolve: resolveIPComp,
	Summary: summarizeIPComp,
}

// IPComp is a view of an IPComp header of 4 bytes.
type IPComp []byte

// NextHeader names what was compressed.
func (h IPComp) NextHeader() uint8 { return h[0] }

// CPI is the compression parameter index.
func (h IPComp) CPI() uint16 { return be16(h[2:]) }

const (
	cpiDeflate    = 2   // RFC 2394
	cpiNegotiated = 256 // RFC 3173 §3.3: from here on
)

func dissectIPComp(d *Decoder, b []byte) ID {
	if cpi := IPComp(b).CPI(); (cpi == cpiDeflate || cpi >= cpiNegotiated) && d.p.Whole(d.layer()) {
		d.pend()
	}
	return d.halt(StopOpaque)
}

// resolveIPComp decompresses the payload and goes on with it. Waiting for the resolver keeps the memory that this takes at one
// place.
func resolveIPComp(r *Resolver, p *Packet, i int) {
	l := &p.Layers[i]
	h := IPComp(p.Header(l))
	b, ok := r.inflate(p.Payload(l))
	if !ok {
		return
	}
	p.Stop = Stop{}
	flags := Flags(0)
	if h.CPI() >= cpiNegotiated {
		flags = Guessed
	}
	r.resume(p, i, b, r.decoder.find(IPProtocol, uint32(h.NextHeader())), "the decompressed data", flags)
}

// inflate decompresses b, to 65,535 bytes at most: an IP packet holds no more. It is not ok unless all of b is one DEFLATE
// stream.
func (r *Resolver) inflate(b []byte) (out []byte, ok bool) {
	if r.deflate == nil {
		r.deflate = flate.NewReader(bytes.NewReader(nil))
	}
	in := bytes.NewReader(b)
	r.deflate.(flate.Resetter).Reset(in, nil)
	out, err := io.ReadAll(io.LimitReader(r.deflate, maxIPPacket+1))
	return out, err == nil && in.Len() == 0 && len(out) > 0 && len(out) <= maxIPPacket
}

const maxIPPacket = 65535

func summarizeIPComp(dst []byte, p *Packet, i int) []byte {
	h := IPComp(p.Header(&p.Layers[i]))
	if len(h) < 4 {
		return append(dst, "ipcomp"...)
	}
	return appendHex(append(dst, "ipcomp cpi "...), uint64(h.CPI()), 4)
}

var ipcompAlgorithms = Names{1: "OUI", 2: "DEFLATE", 3: "LZS", 4: "LZJH"}
