package dissect

import (
	"encoding/binary"
	"hash/crc32"
)

// Ethernet II and IEEE 802.3 (IEEE Std 802.3-2022 §3.2.6): a type of 1,536 or more names what follows, a number up to 1,500 is
// the length of an LLC packet.
var ethernet = Protocol{
	Name:  "eth",
	Title: "Ethernet",
	Ref:   "IEEE 802.3",
	Over:  []Over{{LinkType, 1}, {EtherType, bridging}, {LinuxType, 3}, {GREProtocol, 0x6400}, {NextProtocol, 3}, {Pseudowire, 4}, {Pseudowire, 5}},
	Header: Rows{
		{Name: "eth.dst", Bits: 48, Kind: MAC, Either: []string{"eth.addr"}, Doc: "destination"},
		{Name: "eth.src", Bits: 48, Kind: MAC, Either: []string{"eth.addr"}, Doc: "source"},
		{Bits: 16, Doc: "type or length"},
	},
	Fields:  []*Field{ethType, ethLen, ethInvalid, ethPadding, ethTrailer, ethFCS},
	Status:  &Field{Name: "eth.fcs.status", Bits: 8, Enum: statusNames},
	Dissect: dissectEthernet,
	Verify:  verifyEthernet,
	Walk:    walkEthernet,
}

var (
	ethType    = &Field{Name: "eth.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	ethLen     = &Field{Name: "eth.len", Bits: 16, Doc: "bytes of LLC packet that follow"}
	ethInvalid = &Field{Name: "eth.invalid_lentype", Bits: 16, Kind: Hex, Doc: "1,501 to 1,535: neither a length nor a type"}
	ethPadding = &Field{Name: "eth.padding", Kind: Bytes, Doc: "zeros up to the smallest frame of 60 bytes", Ref: "IEEE 802.3 §3.2.8"}
	ethTrailer = &Field{Name: "eth.trailer", Kind: Bytes, Doc: "bytes behind the payload that are no padding"}
	ethFCS     = &Field{Name: "eth.fcs", Bits: 32, Kind: Hex, Doc: "frame check sequence; where the capture does not say whether it " +
		"has one, four bytes behind a payload that needs no padding are taken for it"}
)

// The numbers behind the addresses: those up to maxLength are lengths, those from minEtherType on are types, and what is between
// is neither. 0 is a type nobody has.
const (
	maxLength    = 1500
	minEtherType = 1536

	minFrame = 60 // bytes of the shortest frame without its frame check sequence
)

func isLength(t uint16) bool { return t != 0 && t <= maxLength }

// Ethernet is a view of an Ethernet header of 14 bytes.
type Ethernet []byte

// Destination is the MAC address of the receiver.
func (h Ethernet) Destination() []byte { return h[0:6] }

// Source is the MAC address of the sender.
func (h Ethernet) Source() []byte { return h[6:12] }

// TypeOrLength is an EtherType from 1,536 on, and below a number of bytes.
func (h Ethernet) TypeOrLength() uint16 { return be16(h[12:]) }

func dissectEthernet(d *Decoder, b []byte) ID {
	// The layer's Note is the number of FCS bytes at its end.
	if l := d.l; l.Parent == 0 && d.p.Point.FCSLen > 0 && d.p.Point.FCSLen <= l.PayloadLen() {
		l.Note = uint16(d.p.Point.FCSLen)
		l.End -= uint32(l.Note)
	}
	if t := Ethernet(b).TypeOrLength(); t >= minEtherType {
		return d.next(EtherType, uint32(t))
	}
	return d.typeOrLength(Ethernet(b).TypeOrLength(), "eth.len")
}

// typeOrLength goes on behind a header that ends with t; length is the field's name if it is one.
func (d *Decoder) typeOrLength(t uint16, length string) ID {
	if isLength(t) {
		return d.llc(int(t), length)
	}
	return d.next(EtherType, uint32(t))
}

// llc decodes the n bytes behind the header, which length field by counts. They are a child and not what is next, because the
// frame goes on behind them with padding.
func (d *Decoder) llc(n int, by string) ID {
	l := d.layer()
	if n > l.PayloadLen() {
		d.note(LengthExceedsFrame)
		n = l.PayloadLen()
	}
	var id ID
	if b := d.p.Payload(l); len(b) >= 2 && be16(b) == 0xffff {
		id = d.next(LLCSAP, 0xe0) // NetWare's frames without an LLC carry IPX, which starts with an unused checksum
	} else {
		id = d.next(EtherType, 0x8870)
	}
	d.child(id, l.HeaderLen(), n, by, 0)
	return done
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
	switch t := Ethernet(w.Body).TypeOrLength(); {
	case isLength(t):
		w.Add(ethLen, 12, 2)
	case t > maxLength && t < minEtherType:
		w.Add(ethInvalid, 12, 2)
	default:
		w.Add(ethType, 12, 2)
	}
	if !w.Wants(ethPadding) && !w.Wants(ethTrailer) && !w.Wants(ethFCS) {
		return
	}
	l := w.Layer
	trailer, end := w.padding(ethPadding, l.Start), l.Len()
	fcs := -1
	switch {
	case l.Note == 4:
		fcs = end
	case l.Parent == 0 && w.Packet.Point.FCSLen < 0 && w.Packet.WireLen >= minFrame+4 && end-trailer >= 4:
		end -= 4
		fcs = end
	}
	if trailer < end {
		w.Add(ethTrailer, trailer, end-trailer)
	}
	// A frame check sequence that the capture told of lies behind the layer's end, where Add does not reach.
	at := int(l.Start) + fcs
	if b := w.Packet.SourceBytes(l); fcs >= 0 && at+4 <= len(b) && !w.done {
		w.emit(Value{Field: ethFCS, Num: uint64(be32(b[at:])), Off: uint32(at), Len: 4})
	}
}

// padding yields as f the zeros between the end of what the layer carries and the smallest frame, counted from offset start of the
// source on. It returns where the trailer starts, which is what comes behind: an offset in the layer, its length if there is none.
func (w *Walker) padding(f *Field, start uint32) int {
	l := w.Layer
	from, end := w.payloadEnd()-int(l.Start), l.Len()
	n := minFrame - (int(l.Start-start) + from)
	if n <= 0 || from+n > end || end > len(w.Body) {
		return from
	}
	for _, c := range w.Body[from : from+n] {
		if c != 0 {
			return from
		}
	}
	w.Add(f, from, n)
	return from + n
}

// payloadEnd is where the layer's payload ends, as the payload itself says. Labels have no length; what is under them has.
func (w *Walker) payloadEnd() int {
	layers, parent := w.Packet.Layers, w.Index
	for i := parent + 1; i < len(layers) && int(layers[i].Parent) == parent && layers[i].Source == w.Layer.Source; i++ {
		if layers[i].Protocol != mpls.ID {
			return int(layers[i].End)
		}
		parent = i
	}
	return int(w.Layer.End)
}

var etherTypes = Names{
	0x0800: "IPv4", 0x0806: "ARP", 0x0842: "Wake on LAN", 0x2000: "CDP", 0x22ea: "SRP", 0x22eb: "ERSPAN III", 0x22f0: "AVTP", 0x22f3: "TRILL", 0x22f4: "L2-IS-IS",
	0x6002: "DEC MOP", 0x6003: "DECnet", bridging: "Transparent Ethernet bridging", 0x8035: "RARP", 0x809b: "AppleTalk", 0x80f3: "AppleTalk ARP",
	0x8100: "802.1Q", 0x8137: "IPX", 0x86dd: "IPv6", 0x8808: "MAC control", 0x8809: "Slow protocols", 0x880b: "PPP", 0x8847: "MPLS unicast",
	0x8848: "MPLS multicast", 0x8863: "PPPoE discovery", 0x8864: "PPPoE session", 0x8870: "LLC in a jumbo frame", 0x888e: "802.1X", 0x8892: "PROFINET",
	0x8899: "Realtek", 0x88a2: "ATA over Ethernet", 0x88a4: "EtherCAT", 0x88a8: "802.1ad", 0x88b5: "Experimental 1", 0x88b6: "Experimental 2", 0x88b8: "GOOSE",
	0x88ba: "Sampled values", 0x88be: "ERSPAN II", 0x88cc: "LLDP", 0x88d9: "LLTD", 0x88e1: "HomePlug AV", 0x88e5: "MACsec", 0x88e7: "802.1ah", 0x88ee: "E-LMI",
	0x88f5: "MVRP", 0x88f6: "MMRP", 0x88f7: "PTP", 0x8902: "CFM", 0x8906: "FCoE", 0x8914: "FCoE initialization", 0x8915: "RoCE", 0x8926: "VN-Tag",
	fglType: "TRILL fine-grained label", 0x893f: "802.1BR", 0x8940: "ECP", 0x8946: "RBridge channel", 0x894f: "NSH", 0x9000: "Configuration test",
	0x9100: "802.1Q QinQ", 0x9200: "802.1Q QinQ",
}
