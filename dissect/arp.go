package dissect

import "bytes"

// Address Resolution Protocol (RFC 826), its reverse (RFC 903), its inverse (RFC 2390) and IPv4 address conflict detection
// (RFC 5227).
var arp = Protocol{
	Name:  "arp",
	Title: "Address Resolution Protocol",
	Ref:   "RFC 826",
	Over:  []Over{{EtherType, 0x0806}, {EtherType, 0x8035}, {LLCSAP, 0x98}},
	Header: Rows{
		{Name: "arp.hw.type", Bits: 16, Enum: hardwareTypes, Doc: "what hardware addresses are"},
		{Name: "arp.proto.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what protocol addresses are"},
		{Name: "arp.hw.size", Bits: 8, Doc: "bytes of a hardware address"},
		{Name: "arp.proto.size", Bits: 8, Doc: "bytes of a protocol address"},
		{Name: "arp.opcode", Bits: 16, Enum: arpOpcodes},
	},
	Fields: []*Field{arpGratuitous, arpProbe, arpAnnouncement, arpSenderHW, arpSenderMAC, arpSenderProto, arpSenderIPv4,
		arpTargetHW, arpTargetMAC, arpTargetProto, arpTargetIPv4},
	Dissect: dissectARP,
	Walk:    walkARP,
	Summary: summarizeARP,
}

var (
	arpGratuitous   = &Field{Name: "arp.isgratuitous", Bits: 1, Kind: Bool, Doc: "sender and target are one address", Ref: "RFC 5944 §4.6"}
	arpProbe        = &Field{Name: "arp.isprobe", Bits: 1, Kind: Bool, Doc: "asks whether an address is in use before it is taken", Ref: "RFC 5227 §1.1"}
	arpAnnouncement = &Field{Name: "arp.isannouncement", Bits: 1, Kind: Bool, Doc: "says that an address is in use from now on", Ref: "RFC 5227 §1.1"}
	arpSenderHW     = &Field{Name: "arp.src.hw", Kind: Bytes, Doc: "sender's hardware address that is no MAC address"}
	arpSenderMAC    = &Field{Name: "arp.src.hw_mac", Bits: 48, Kind: MAC, Doc: "sender's MAC address"}
	arpSenderProto  = &Field{Name: "arp.src.proto", Kind: Bytes, Doc: "sender's protocol address that is no IPv4 address"}
	arpSenderIPv4   = &Field{Name: "arp.src.proto_ipv4", Bits: 32, Kind: IPv4Addr, Doc: "sender's IPv4 address"}
	arpTargetHW     = &Field{Name: "arp.dst.hw", Kind: Bytes, Doc: "target's hardware address that is no MAC address"}
	arpTargetMAC    = &Field{Name: "arp.dst.hw_mac", Bits: 48, Kind: MAC, Doc: "target's MAC address"}
	arpTargetProto  = &Field{Name: "arp.dst.proto", Kind: Bytes, Doc: "target's protocol address that is no IPv4 address"}
	arpTargetIPv4   = &Field{Name: "arp.dst.proto_ipv4", Bits: 32, Kind: IPv4Addr, Doc: "target's IPv4 address"}
)

// ARP is a view of an ARP packet whose addresses are there.
type ARP []byte

// HardwareType is 1 for Ethernet.
func (h ARP) HardwareType() uint16 { return be16(h) }

// ProtocolType is the EtherType of the protocol that the addresses are of.
func (h ARP) ProtocolType() uint16 { return be16(h[2:]) }

// HardwareSize is the length of a hardware address in bytes.
func (h ARP) HardwareSize() int { return int(h[4]) }

// ProtocolSize is the length of a protocol address in bytes.
func (h ARP) ProtocolSize() int { return int(h[5]) }

// Opcode is 1 in a request, 2 in a reply.
func (h ARP) Opcode() uint16 { return be16(h[6:]) }

// SenderHardware is the hardware address of the sender.
func (h ARP) SenderHardware() []byte { return h[8 : 8+h.HardwareSize()] }

// SenderProtocol is the protocol address of the sender.
func (h ARP) SenderProtocol() []byte { return h[8+h.HardwareSize():][:h.ProtocolSize()] }

// TargetHardware is the hardware address of the target; a request does not know it.
func (h ARP) TargetHardware() []byte {
	return h[8+h.HardwareSize()+h.ProtocolSize():][:h.HardwareSize()]
}

// TargetProtocol is the protocol address of the target.
func (h ARP) TargetProtocol() []byte {
	return h[8+2*h.HardwareSize()+h.ProtocolSize():][:h.ProtocolSize()]
}

// size is that of the whole packet in bytes.
func (h ARP) size() int { return 8 + 2*h.HardwareSize() + 2*h.ProtocolSize() }

// ipv4 tells whether the protocol addresses are IPv4's, mac whether the hardware addresses are MAC addresses.
func (h ARP) ipv4() bool { return h.ProtocolType() == 0x0800 && h.ProtocolSize() == 4 }

func (h ARP) mac() bool {
	return (h.HardwareType() == 1 || h.HardwareType() == 6) && h.HardwareSize() == 6
}

const arpRequest, arpReply = 1, 2

// Gratuitous tells whether sender and target are one: the sender updates what others know of it.
func (h ARP) Gratuitous() bool {
	return (h.Opcode() == arpRequest || h.Opcode() == arpReply) && h.ProtocolSize() > 0 && bytes.Equal(h.SenderProtocol(), h.TargetProtocol())
}

// Probe tells whether the sender asks for an address because it wants to take it.
func (h ARP) Probe() bool {
	return h.Opcode() == arpRequest && h.ipv4() && be32(h.SenderProtocol()) == 0 && be32(h.TargetProtocol()) != 0
}

// Announcement tells whether the sender says that the address is its own from now on.
func (h ARP) Announcement() bool {
	return h.Opcode() == arpRequest && h.Gratuitous() && h.mac() && be16(h.TargetHardware()) == 0 && be32(h.TargetHardware()[2:]) == 0
}

func dissectARP(d *Decoder, b []byte) ID {
	if d.header(ARP(b).size()) {
		d.extent(ARP(b).size(), "arp.hw.size")
	}
	return done
}

func walkARP(w *Walker) {
	if len(w.Body) < 8 {
		return
	}
	h, off := ARP(w.Body), 8
	address := func(own, other *Field, is bool, n int) {
		if is {
			w.Add(own, off, n)
		} else if n > 0 {
			w.Add(other, off, n)
		}
		off += n
	}
	address(arpSenderMAC, arpSenderHW, h.mac(), h.HardwareSize())
	address(arpSenderIPv4, arpSenderProto, h.ipv4(), h.ProtocolSize())
	address(arpTargetMAC, arpTargetHW, h.mac(), h.HardwareSize())
	address(arpTargetIPv4, arpTargetProto, h.ipv4(), h.ProtocolSize())
	if len(h) < h.size() {
		return
	}
	for _, c := range []struct {
		is    bool
		field *Field
	}{{h.Gratuitous(), arpGratuitous}, {h.Probe(), arpProbe}, {h.Announcement(), arpAnnouncement}} {
		if c.is {
			w.Num(c.field, 0, 0, 1)
		}
	}
}

func summarizeARP(dst []byte, p *Packet, i int) []byte {
	h := ARP(p.Header(&p.Layers[i]))
	dst = append(dst, "ARP"...)
	if len(h) < 8 || len(h) < h.size() || !h.ipv4() {
		return dst
	}
	switch h.Opcode() {
	case arpRequest:
		dst = appendIPv4(append(dst, " who-has "...), h.TargetProtocol())
		return appendIPv4(append(dst, " tell "...), h.SenderProtocol())
	case arpReply:
		dst = appendIPv4(append(dst, ' '), h.SenderProtocol())
		return appendMAC(append(dst, " is-at "...), h.SenderHardware())
	}
	dst = append(append(dst, ' '), arpOpcodes[uint64(h.Opcode())]...)
	return dst
}

var (
	arpOpcodes = Names{1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply", 5: "DRARP request", 6: "DRARP reply",
		7: "DRARP error", 8: "inverse request", 9: "inverse reply", 10: "NAK"}
	hardwareTypes = Names{0: "NET/ROM", 1: "Ethernet", 2: "Experimental Ethernet", 3: "AX.25", 6: "IEEE 802", 7: "ARCNET", 15: "Frame Relay DLCI",
		16: "ATM", 17: "HDLC", 18: "Fibre Channel", 19: "ATM", 20: "Serial line", 24: "IEEE 1394", 27: "EUI-64", 31: "IPsec tunnel",
		32: "InfiniBand", 512: "PPP", 513: "Cisco HDLC", 518: "Raw HDLC", 519: "Raw IP", 768: "IPIP tunnel", 769: "IPv6 tunnel",
		770: "Frame Relay access device", 772: "Loopback", 776: "sit tunnel", 778: "GRE over IP", 801: "IEEE 802.11",
		802: "IEEE 802.11 with Prism header", 803: "IEEE 802.11 with radiotap header", 823: "GRE over IPv6", 824: "Netlink",
		65534: "none", 65535: "void"}
)
