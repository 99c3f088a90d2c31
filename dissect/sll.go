package dissect

// Linux cooked capture, what capturing on "any" gives. Version 1 (LINKTYPE_LINUX_SLL) has 16 bytes, version 2
// (LINKTYPE_LINUX_SLL2) has 20, with the interface's number and the same fields in another order; the link type tells which.
var sll = Protocol{
	Name:    "sll",
	Title:   "Linux cooked capture",
	Ref:     "LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2",
	Over:    []Over{{LinkType, linkSLL}, {LinkType, linkSLL2}},
	Fields:  []*Field{sllType, sllARPHRD, sllAddressLength, sllEthernet, sllIPv4, sllOther, sllUnused, sllEtherType, sllGREType, sllLinuxType, sllInterface, sllTrailer},
	Dissect: dissectSLL,
	Walk:    walkSLL,
	Summary: func(dst []byte, _ *Packet, _ int) []byte { return append(dst, "cooked"...) },
}

const (
	linkSLL  = 113
	linkSLL2 = 276
)

var (
	sllType = &Field{Name: "sll.pkttype", Bits: 16, Doc: "direction, as the kernel saw it",
		Enum: Names{0: "Unicast to us", 1: "Broadcast", 2: "Multicast", 3: "Unicast to another host", 4: "Sent by us"}}
	sllARPHRD        = &Field{Name: "sll.hatype", Bits: 16, Enum: hardwareTypes, Doc: "kind of link: an ARPHRD_ number of Linux"}
	sllAddressLength = &Field{Name: "sll.halen", Bits: 16, Doc: "bytes of the sender's address"}
	sllEthernet      = &Field{Name: "sll.src.eth", Bits: 48, Kind: MAC, Doc: "sender, if its address has six bytes"}
	sllIPv4          = &Field{Name: "sll.src.ipv4", Bits: 32, Kind: IPv4Addr, Doc: "sender, if its address has four bytes"}
	sllOther         = &Field{Name: "sll.src.other", Kind: Bytes, Doc: "sender, if its address has another length"}
	sllUnused        = &Field{Name: "sll.unused", Kind: Bytes, Doc: "what the address leaves of its eight bytes"}
	sllEtherType     = &Field{Name: "sll.etype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	sllGREType       = &Field{Name: "sll.gretype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows on a GRE interface"}
	sllLinuxType     = &Field{Name: "sll.ltype", Bits: 16, Kind: Hex, Enum: Names{1: "802.3 without LLC", 3: "Ethernet", 4: "802.2 LLC", 7: "PPP", 12: "CAN", 13: "CAN FD"}, Doc: "what follows, where it has no EtherType"}
	sllInterface     = &Field{Name: "sll.ifindex", Bits: 32, Doc: "interface number; version 2 only"}
	sllTrailer       = &Field{Name: "sll.trailer", Kind: Bytes, Doc: "bytes behind the payload"}
)

// The kinds of link on which the protocol is no EtherType of a frame.
const (
	arphrdGRE     = 778
	arphrdIP6GRE  = 823
	arphrdNetlink = 824
)

// sllHeader is where the fields of a version lie.
type sllHeader struct{ size, kind, arphrd, length, lengthBytes, address, protocol int }

func sllLayout(p *Packet) sllHeader {
	if p.Point.Link == linkSLL2 {
		return sllHeader{size: 20, kind: 10, arphrd: 8, length: 11, lengthBytes: 1, address: 12, protocol: 0}
	}
	return sllHeader{size: 16, kind: 0, arphrd: 2, length: 4, lengthBytes: 2, address: 6, protocol: 14}
}

// SLLSender returns the sender's MAC address in the cooked header of layer l. It is not ok if the sender has none, or it is zero.
func SLLSender(p *Packet, l *Layer) (mac []byte, ok bool) {
	at := sllLayout(p)
	h := p.Header(l)
	if len(h) < at.size || h[at.length+at.lengthBytes-1] != 6 {
		return nil, false
	}
	mac = h[at.address : at.address+6]
	return mac, be32(mac)|uint32(be16(mac[4:])) != 0
}

func dissectSLL(d *Decoder, b []byte) ID {
	at := sllLayout(d.p)
	if !d.header(at.size) {
		return done
	}
	switch protocol := be16(b[at.protocol:]); {
	case be16(b[at.arphrd:]) == arphrdNetlink:
		return d.halt(StopUnknown)
	case protocol >= minEtherType:
		return d.next(EtherType, uint32(protocol))
	default:
		return d.next(LinuxType, uint32(protocol))
	}
}

func walkSLL(w *Walker) {
	at := sllLayout(w.Packet)
	if at.protocol == 0 {
		w.protocolSLL(at)
		w.Add(sllInterface, 4, 4)
		w.Add(sllARPHRD, at.arphrd, 2)
		w.Add(sllType, at.kind, 1)
	} else {
		w.Add(sllType, at.kind, 2)
		w.Add(sllARPHRD, at.arphrd, 2)
	}
	w.Add(sllAddressLength, at.length, at.lengthBytes)
	if len(w.Header()) < at.address+8 {
		return
	}
	n := min(int(readBits(w.Body, at.length*8, at.lengthBytes*8)), 8)
	switch n {
	case 0:
	case 4:
		w.Add(sllIPv4, at.address, 4)
	case 6:
		w.Add(sllEthernet, at.address, 6)
	default:
		w.Add(sllOther, at.address, n)
	}
	if n < 8 {
		w.Add(sllUnused, at.address+n, 8-n)
	}
	if at.protocol != 0 {
		w.protocolSLL(at)
	}
	if end := w.payloadEnd() - int(w.Layer.Start); end < w.Layer.Len() {
		w.Add(sllTrailer, end, w.Layer.Len()-end)
	}
}

func (w *Walker) protocolSLL(at sllHeader) {
	if len(w.Header()) < at.size {
		return
	}
	switch arphrd := be16(w.Body[at.arphrd:]); {
	case arphrd == arphrdGRE || arphrd == arphrdIP6GRE:
		w.Add(sllGREType, at.protocol, 2)
	case arphrd == arphrdNetlink || be16(w.Body[at.protocol:]) < minEtherType:
		w.Add(sllLinuxType, at.protocol, 2)
	default:
		w.Add(sllEtherType, at.protocol, 2)
	}
}
