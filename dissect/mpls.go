package dissect

import "strconv"

// Multiprotocol Label Switching (RFC 3032, with the traffic class of RFC 5462): one layer for each entry of the label stack. No field
// names what is under the stack; unless the last label does, it is guessed.
var mpls = Protocol{
	Name:   "mpls",
	Title:  "MultiProtocol Label Switching",
	Ref:    "RFC 3032",
	Tunnel: true,
	Over: []Over{{EtherType, 0x8847}, {EtherType, 0x8848}, {PPPProtocol, 0x0281}, {PPPProtocol, 0x0283}, {IPProtocol, 137}, {UDPPort, 6635},
		{LinkType, 219}, {NextProtocol, 5}},
	Header: Rows{
		{Name: "mpls.label", Bits: 20, Enum: labelNames},
		{Name: "mpls.exp", Bits: 3, Doc: "traffic class", Ref: "RFC 5462 §2"},
		{Name: "mpls.bottom", Bits: 1, Kind: Bool, Doc: "the last entry of the stack"},
		{Name: "mpls.ttl", Bits: 8},
	},
	Dissect:  dissectMPLS,
	Summary:  summarizeMPLS,
	Identity: identifyMPLS,
}

// A label that says nothing about where a packet belongs is told by the Note of its layer.
const (
	MPLSEntropy  = 1 // it only spreads load: the label behind an entropy label indicator (RFC 6790 §3)
	MPLSExtended = 2 // it is a number of the extended special-purpose labels, behind label 15 (RFC 7274 §3.1)
)

// The special-purpose labels that say something of what follows.
const (
	labelIPv4Null  = 0
	labelIPv6Null  = 2
	labelELI       = 7
	labelGAL       = 13
	labelExtension = 15
)

// MPLS is a view of an entry of the label stack, of 4 bytes.
type MPLS []byte

// Label is a number of 20 bits; those below 16 have a meaning of their own.
func (h MPLS) Label() uint32 { return be32(h) >> 12 }

// TrafficClass is 0 to 7; older RFCs call it EXP.
func (h MPLS) TrafficClass() uint8 { return h[2] >> 1 & 7 }

// Bottom tells whether this is the last entry of the stack.
func (h MPLS) Bottom() bool { return h[2]&1 != 0 }

// TTL is the time to live, in hops.
func (h MPLS) TTL() uint8 { return h[3] }

// Special tells whether the label is one of the special-purpose labels (RFC 7274 §3).
func (h MPLS) Special() bool { return h.Label() <= labelExtension }

func dissectMPLS(d *Decoder, b []byte) ID {
	h, l := MPLS(b), d.layer()
	if above := &d.p.Layers[l.Parent]; above.Protocol == l.Protocol && above.Note == 0 {
		switch MPLS(d.p.Header(above)).Label() {
		case labelELI:
			l.Note = MPLSEntropy
		case labelExtension:
			l.Note = MPLSExtended
		}
	}
	switch {
	case !h.Bottom():
		return l.Protocol
	case h.Label() == labelGAL && l.Note == 0:
		return pwach.ID
	}
	return d.underLabels(h.Label(), b[4:])
}

// underLabels says what b is, which follows the bottom of a stack that ends with label.
func (d *Decoder) underLabels(label uint32, b []byte) ID {
	if len(b) == 0 {
		return none
	}
	switch version := b[0] >> 4; {
	case label == labelIPv4Null && version == 4:
		return d.find(EtherType, 0x0800)
	case label == labelIPv6Null && version == 6:
		return d.find(EtherType, 0x86dd)
	}
	id := d.guess(b, d.layer().PayloadLen())
	if id == none {
		return d.halt(StopUnknown)
	}
	d.flags |= Guessed
	return id
}

// guess says what b looks like, of which n bytes were on the wire, or none. The first four bits are the version of an IP packet, 0 in a
// pseudowire's control word and 1 in an associated channel (RFC 4928 §3, RFC 4385 §3), but anything in a frame of a pseudowire without
// control words: there they are a part of a MAC address, and only lengths and types can tell.
func (d *Decoder) guess(b []byte, n int) ID {
	frame := none
	if d.likeEthernet(b, n) {
		frame = d.find(EtherType, bridging)
	}
	switch b[0] >> 4 {
	case 0:
		if n < controlWord || frame != none && (be16(b) != 0 || !d.likeEthernet(b[controlWord:], n-controlWord)) {
			return frame // a control word starts with 16 bits of 0 (RFC 4448 §4.6)
		}
		return pwethcw.ID
	case 1:
		if frame == none || be16(b)&0x0fff == 0 {
			return pwach.ID
		}
	case 4:
		if frame == none || likeIPv4(b, n) {
			return d.find(EtherType, 0x0800)
		}
	case 6:
		if frame == none || likeIPv6(b, n) {
			return d.find(EtherType, 0x86dd)
		}
	}
	return frame
}

const (
	bridging    = 0x6558 // EtherType of Ethernet
	controlWord = 4      // bytes of a pseudowire's control word
)

// likeEthernet tells whether b, of which n bytes were on the wire, can be an Ethernet frame: it has a sender, and a type that is
// known or a length that fits.
func (d *Decoder) likeEthernet(b []byte, n int) bool {
	if len(b) < 14 || b[6]&1 != 0 {
		return false
	}
	t := Ethernet(b).TypeOrLength()
	if !isLength(t) {
		return d.find(EtherType, uint32(t)) != none || etherTypes[uint64(t)] != ""
	}
	return fits(14+int(t), n, minFrame)
}

// likeIPv4 tells whether the lengths in b, of which n bytes were on the wire, are those of an IPv4 packet.
func likeIPv4(b []byte, n int) bool {
	return len(b) >= 20 && IPv4(b).HeaderLength() >= 20 && fits(IPv4(b).TotalLength(), n, minFrame-14)
}

// likeIPv6 tells the same of an IPv6 packet.
func likeIPv6(b []byte, n int) bool {
	return len(b) >= 40 && fits(40+IPv6(b).PayloadLength(), n, minFrame-14)
}

// fits tells whether a length accounts for n bytes but for a frame check sequence, or for padding up to shortest bytes.
func fits(length, n, shortest int) bool {
	return length <= n && (n-length <= 4 || n <= shortest)
}

// identifyMPLS leaves out labels that say nothing about where a packet belongs.
func identifyMPLS(p *Packet, l *Layer) (uint32, bool) {
	h := MPLS(p.Header(l))
	return h.Label(), !h.Special() && l.Note == 0
}

func summarizeMPLS(dst []byte, p *Packet, i int) []byte {
	h := MPLS(p.Header(&p.Layers[i]))
	dst = append(dst, "mpls"...)
	if len(h) < 4 {
		return dst
	}
	dst = strconv.AppendUint(append(dst, ' '), uint64(h.Label()), 10)
	switch note := p.Layers[i].Note; {
	case note == MPLSEntropy:
		dst = append(dst, " (entropy)"...)
	case note == 0 && h.Special():
		dst = append(append(append(dst, " ("...), labelNames[uint64(h.Label())]...), ')')
	}
	return dst
}

var labelNames = Names{0: "IPv4 Explicit-Null", 1: "Router Alert", 2: "IPv6 Explicit-Null", 3: "Implicit-Null", 7: "Entropy Label Indicator (ELI)",
	13: "Generic Associated Channel Label (GAL)", 14: "OAM Alert", 15: "Extension Label (XL)"}
