package dissect

import (
	"encoding/binary"
	"hash/crc32"
)

// Ethernet II and IEEE 802.3 (IEEE Std 802.3-2022 §3.2.6): a type of 1,536 or more names what follows, a smaller number is
// the length of an LLC packet.
var ethernet = Protocol{
	Name:  "eth",
	Title: "Ethernet",
	Ref:   "IEEE 802.3",
	Over:  []Over{{LinkType, 1}, {EtherType, 0x6558}},
	Header: Rows{
		{Name: "eth.dst", Bits: 48, Kind: MAC, Either: []string{"eth.addr"}, Doc: "destination"},
		{Name: "eth.src", Bits: 48, Kind: MAC, Either: []string{"eth.addr"}, Doc: "source"},
		{Bits: 16, Doc: "type or length"},
	},
	Fields:  []*Field{ethType, ethLen, ethPadding, ethTrailer, ethFCS},
	Status:  &Field{Name: "eth.fcs.status", Bits: 8, Enum: statusNames},
	Dissect: dissectEthernet,
	Verify:  verifyEthernet,
	Walk:    walkEthernet,
	Summary: summarizeEthernet,
}

var (
	ethType    = &Field{Name: "eth.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	ethLen     = &Field{Name: "eth.len", Bits: 16, Doc: "bytes of LLC packet that follow"}
	ethPadding = &Field{Name: "eth.padding", Kind: Bytes, Doc: "zeros up to the smallest frame of 60 bytes"}
	ethTrailer = &Field{Name: "eth.trailer", Kind: Bytes, Doc: "bytes behind the payload that are no padding"}
	ethFCS     = &Field{Name: "eth.fcs", Bits: 32, Kind: Hex, Doc: "frame check sequence, where the capture has it"}
)

// minEtherType is the smallest number that is a type and not a length.
const minEtherType = 1536

// Ethernet is a view of an Ethernet header of 14 bytes.
type Ethernet []byte

// Destination is the MAC address of the receiver.
func (h Ethernet) Destination() []byte { return h[0:6] }

// Source is the MAC address of the sender.
func (h Ethernet) Source() []byte { return h[6:12] }

// TypeOrLength is an EtherType from 1,536 on, and below a number of bytes.
func (h Ethernet) TypeOrLength() uint16 { return be16(h[12:]) }

func dissectEthernet(d *Decoder, b []byte) ID {
	if !d.header(14) {
		return done
	}
	// The layer's Note is the number of FCS bytes at its end.
	if l := d.layer(); l.Parent == 0 && d.p.Point.FCSLen > 0 && d.p.Point.FCSLen <= l.PayloadLen() {
		l.Note = uint16(d.p.Point.FCSLen)
		l.End -= uint32(l.Note)
	}
	t := Ethernet(b).TypeOrLength()
	if t >= minEtherType {
		return d.next(EtherType, uint32(t))
	}
	return d.halt(StopUnknown)
}

func verifyEthernet(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	if l.Note != 4 {
		return Checksum{}
	}
	b := p.SourceBytes(l)
	if int(l.End)+4 > len(b) {
		return Checksum{Verdict: Unverifiable}
	}
	if crc32.ChecksumIEEE(b[l.Start:l.End]) == binary.LittleEndian.Uint32(b[l.End:]) {
		return Checksum{Verdict: Good}
	}
	return Checksum{Verdict: Bad}
}

func walkEthernet(w *Walker) {
	if len(w.Body) < 14 {
		return
	}
	if t := Ethernet(w.Body).TypeOrLength(); t >= minEtherType {
		w.Add(ethType, 12, 2)
	} else {
		w.Add(ethLen, 12, 2)
	}
}

func summarizeEthernet(dst []byte, p *Packet, i int) []byte {
	h := Ethernet(p.Header(&p.Layers[i]))
	if len(h) < 14 {
		return append(dst, "eth"...)
	}
	dst = appendMAC(dst, h.Source())
	dst = append(dst, " → "...)
	return appendMAC(dst, h.Destination())
}

var etherTypes = Names{
	0x0800: "IPv4", 0x0806: "ARP", 0x8035: "RARP", 0x86dd: "IPv6", 0x8100: "802.1Q", 0x88a8: "802.1ad", 0x9100: "802.1Q QinQ",
	0x88e7: "802.1ah", 0x8847: "MPLS unicast", 0x8848: "MPLS multicast", 0x8863: "PPPoE discovery", 0x8864: "PPPoE session",
	0x6558: "Transparent Ethernet bridging", 0x22f3: "TRILL", 0x88cc: "LLDP", 0x8809: "Slow protocols", 0x8808: "MAC control",
	0x880b: "PPP", 0x88be: "ERSPAN II", 0x22eb: "ERSPAN III", 0x894f: "NSH", 0x893b: "TRILL fine-grained label",
}
