package dissect

import "strconv"

// Encapsulated Remote Switch Packet Analysis: what a mirror port sends through a GRE tunnel (draft-foschiano-erspan-03). Type I has no
// header, types II and III are versions 1 and 2. GRE's protocol type does not tell I from II; its sequence number does.
var erspan = Protocol{
	Name:     "erspan",
	Title:    "Encapsulated Remote Switch Packet Analysis",
	Ref:      "draft-foschiano-erspan",
	Tunnel:   true,
	Over:     []Over{{GREProtocol, erspanII}, {GREProtocol, 0x22eb}},
	Tables:   []Rows{erspanHead, erspanTail2, erspanTail3, erspanPlatform, erspanPlatform1, erspanPlatform3, erspanPlatform4, erspanPlatform5, erspanPlatform7, erspanPlatformOther},
	Fields:   []*Field{erspanEncap, erspanIntegrity, erspanUnknownVersion},
	Dissect:  dissectERSPAN,
	Walk:     walkERSPAN,
	Summary:  summarizeERSPAN,
	Identity: identifyERSPAN,
}

const erspanII = 0x88be // GRE's protocol type of types I and II

var (
	erspanHead = Rows{
		{Name: "erspan.version", Bits: 4, Enum: Names{1: "Type II", 2: "Type III"}},
		{Name: "erspan.vlan", Bits: 12, Doc: "VLAN of the mirrored frame"},
		{Name: "erspan.cos", Bits: 3, Doc: "class of service of the mirrored frame"},
		{Bits: 2, Doc: "encapsulation or integrity"},
		{Name: "erspan.truncated", Bits: 1, Doc: "the mirrored frame was cut"},
		{Name: "erspan.spanid", Bits: 10, Doc: "session, unique at the switch"},
	}
	erspanVersion = erspanHead.Find("erspan.version")
	erspanEncap   = &Field{Name: "erspan.encap", Bits: 2, Doc: "how the mirrored frame was tagged", Ref: "draft-foschiano-erspan §4.2",
		Enum: Names{0: "without a tag", 1: "ISL", 2: "802.1Q", 3: "tag preserved in the frame"}}
	erspanIntegrity = &Field{Name: "erspan.bso", Bits: 2, Doc: "integrity of the mirrored frame", Ref: "draft-foschiano-erspan §4.3",
		Enum: Names{0: "good or unknown", 1: "short", 2: "oversized", 3: "CRC or alignment error"}}
	erspanTail2 = Rows{
		{Name: "erspan.reserved", Bits: 12},
		{Name: "erspan.index", Bits: 20, Doc: "port and direction, as the platform numbers them"},
	}
	erspanTail3 = Rows{
		{Name: "erspan.timestamp", Bits: 32, Doc: "when it was mirrored, in units of erspan.gra"},
		{Name: "erspan.sgt", Bits: 16, Doc: "security group tag"},
		{Name: "erspan.p", Bits: 1, Doc: "the payload is an Ethernet frame"},
		{Name: "erspan.ft", Bits: 5, Doc: "type of the mirrored frame", Enum: Names{erspanEthernet: "Ethernet", erspanIP: "IP"}},
		{Name: "erspan.hw", Bits: 6, Doc: "hardware that mirrors"},
		{Name: "erspan.direction", Bits: 1, Kind: Bool, Doc: "1 is egress"},
		{Name: "erspan.gra", Bits: 2, Doc: "granularity of the timestamp", Enum: Names{0: "100 microseconds", 1: "100 nanoseconds", 2: "IEEE 1588", 3: "of the platform"}},
		{Name: "erspan.o", Bits: 1, Doc: "a platform's own header of 8 bytes follows"},
	}
	erspanPlatform = Rows{
		{Name: "erspan.platid", Bits: 6, Doc: "whose header it is"},
		{Bits: 26},
	}
	erspanPlatform1 = Rows{
		{Bits: 6},
		{Name: "erspan.pid1.rsvd1", Bits: 14},
		{Name: "erspan.pid1.vsmid", Bits: 12, Doc: "domain of the virtual supervisor"},
		{Name: "erspan.pid1.port_index", Bits: 32},
	}
	erspanPlatform3 = Rows{
		{Bits: 6},
		{Name: "erspan.pid3.rsvd1", Bits: 12},
		{Name: "erspan.pid3.port_index", Bits: 14},
		{Name: "erspan.pid3.timestamp", Bits: 32, Doc: "upper half of the timestamp"},
	}
	erspanPlatform4 = Rows{
		{Bits: 6},
		{Name: "erspan.pid4.rsvd1", Bits: 12},
		{Name: "erspan.pid4.rsvd2", Bits: 14},
		{Name: "erspan.pid4.rsvd3", Bits: 32},
	}
	erspanPlatform5 = Rows{
		{Bits: 6},
		{Name: "erspan.pid5.switchid", Bits: 10},
		{Name: "erspan.pid5.port_index", Bits: 16},
		{Name: "erspan.pid5.timestamp", Bits: 32, Doc: "seconds of the timestamp"},
	}
	erspanPlatform7 = Rows{
		{Bits: 6},
		{Name: "erspan.pid7.rsvd1", Bits: 6},
		{Name: "erspan.pid7.source_index", Bits: 20},
		{Name: "erspan.pid7.timestamp", Bits: 32, Doc: "upper half of the timestamp"},
	}
	erspanPlatformOther = Rows{
		{Bits: 6},
		{Name: "erspan.pid.rsvd", Bits: 58},
	}
	erspanUnknownVersion = &Field{Name: "erspan.version.unknown", Kind: Present}
)

// The types of frame that type III tells apart.
const (
	erspanEthernet = 0
	erspanIP       = 2
)

// ERSPAN is a view of a header of type II, 8 bytes, or III, at least 12.
type ERSPAN []byte

// Version is 1 in type II and 2 in type III.
func (h ERSPAN) Version() uint8 { return h[0] >> 4 }

// VLAN is that of the mirrored frame.
func (h ERSPAN) VLAN() uint16 { return be16(h) & 0xfff }

// Session is the mirroring session.
func (h ERSPAN) Session() uint16 { return be16(h[2:]) & 0x3ff }

// Truncated tells that the mirrored frame was cut.
func (h ERSPAN) Truncated() bool { return h[2]&0x04 != 0 }

// frameType is what type III carries.
func (h ERSPAN) frameType() uint8 { return h[10] >> 2 & 0x1f }

func dissectERSPAN(d *Decoder, b []byte) ID {
	around := d.p.Header(&d.p.Layers[d.layer().Parent])
	if d.p.Layers[d.layer().Parent].Protocol == gre.ID && GRE(around).Protocol() == erspanII && !GRE(around).HasSequence() {
		return ethernet.ID // type I
	}
	if !d.header(4) {
		return done
	}
	h := ERSPAN(b)
	switch h.Version() {
	case 1:
		if !d.header(8) {
			return done
		}
		return ethernet.ID
	case 2:
		if !d.header(12) || h[11]&1 != 0 && !d.header(20) {
			return done
		}
	default:
		return d.halt(StopBadVersion)
	}
	switch payload := b[d.layer().HeaderLen():]; {
	case h.frameType() == erspanEthernet:
		return ethernet.ID
	case h.frameType() == erspanIP && len(payload) > 0 && payload[0]>>4 == 6:
		return d.next(EtherType, 0x86dd)
	case h.frameType() == erspanIP:
		return d.next(EtherType, 0x0800)
	}
	return d.halt(StopUnknown)
}

func walkERSPAN(w *Walker) {
	h := ERSPAN(w.Header())
	if len(h) == 0 { // type I
		return
	}
	if v := h.Version(); v != 1 && v != 2 {
		w.Num(erspanVersion, 0, 1, uint64(v))
		w.Add(erspanUnknownVersion, 0, 1)
		return
	}
	w.Part(erspanHead, 0, len(h))
	switch {
	case len(h) < 4:
		return
	case h.Version() == 1:
		w.Num(erspanEncap, 2, 1, uint64(h[2]>>3&3))
		w.Part(erspanTail2, 4, len(h)-4)
	default:
		w.Num(erspanIntegrity, 2, 1, uint64(h[2]>>3&3))
		w.Part(erspanTail3, 4, len(h)-4)
	}
	if len(h) >= 20 {
		w.Rows(erspanPlatform, 12)
		w.Rows(erspanPlatformRows(h[12]>>2), 12)
	}
}

// erspanPlatformRows are those of platform id's header.
func erspanPlatformRows(id uint8) Rows {
	switch id {
	case 1:
		return erspanPlatform1
	case 3:
		return erspanPlatform3
	case 4:
		return erspanPlatform4
	case 5, 6:
		return erspanPlatform5
	case 0, 7: // some send 0 for 7
		return erspanPlatform7
	}
	return erspanPlatformOther
}

// identifyERSPAN takes the VLAN of the mirrored frame and the session together. Type I has neither.
func identifyERSPAN(p *Packet, l *Layer) (uint32, bool) {
	h := p.Header(l)
	if len(h) < 4 {
		return 0, false
	}
	return uint32(be16(h)&0xfff)<<10 | uint32(be16(h[2:])&0x3ff), true
}

func summarizeERSPAN(dst []byte, p *Packet, i int) []byte {
	h := ERSPAN(p.Header(&p.Layers[i]))
	if len(h) < 4 {
		return append(dst, "erspan"...)
	}
	dst = strconv.AppendUint(append(dst, "erspan "...), uint64(h.Session()), 10)
	return strconv.AppendUint(append(dst, " vlan "...), uint64(h.VLAN()), 10)
}
