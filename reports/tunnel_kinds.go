package reports

import (
	"fmt"
	"strings"

	"pktscope/dissect"
)

// A tunnelKind is what the report on tunnels has to know of one kind of tunnel.
type tunnelKind struct {
	name     string // stable
	protocol string // dissect's name of it; empty where no protocol alone tells the kind
	ends     endsOf

	// id reads the identifier from a whole header; ok is false where the header has none. nil is a kind without.
	id  func(h []byte) (id uint32, ok bool)
	hex bool // it is printed as a hexadecimal number
}

// endsOf says where the ends of a tunnel are named.
type endsOf uint8

const (
	outerEnds    endsOf = iota // in the IP or Ethernet header around it
	outerIPEnds                // the same if it is IP; MAC addresses there are the next hop's
	nicknameEnds               // in TRILL's own header
)

// kindID is an index of tunnelKinds.
type kindID uint8

const (
	kindVLAN kindID = iota // no tunnel, but an identifier on the path
	kindMPLS               // one identifier for each label
	kind4in4
	kind6in4
	kind4in6
	kind6in6
	kindOthers
)

var tunnelKinds = [...]tunnelKind{
	kindVLAN: {name: "vlan"},
	kindMPLS: {name: "mpls", ends: outerIPEnds},
	kind4in4: {name: "4in4"},
	kind6in4: {name: "6in4"},
	kind4in6: {name: "4in6"},
	kind6in6: {name: "6in6"},
	kindOthers: {name: "802.1ah", protocol: "ieee8021ah",
		id: func(h []byte) (uint32, bool) { return dissect.ITag(h).ISID(), true }},
	{name: "trill", protocol: "trill", ends: nicknameEnds},
	{name: "pppoe", protocol: "pppoes",
		id: func(h []byte) (uint32, bool) { return uint32(dissect.PPPoE(h).SessionID()), true }},
	{name: "vxlan", protocol: "vxlan",
		id: func(h []byte) (uint32, bool) { return dissect.VXLAN(h).VNI(), dissect.VXLAN(h).ValidVNI() }},
	{name: "esp", protocol: "esp", hex: true,
		id: func(h []byte) (uint32, bool) { return dissect.ESP(h).SPI(), true }},
	{name: "ah", protocol: "ah", hex: true,
		id: func(h []byte) (uint32, bool) { return dissect.AH(h).SPI(), true }},
	{name: "ipcomp", protocol: "ipcomp",
		id: func(h []byte) (uint32, bool) { return uint32(dissect.IPComp(h).CPI()), true }},
}

// A role is what a layer means to the report.
type role struct {
	meaning
	kind kindID // of meansTunnel
}

type meaning uint8

const (
	meansNothing meaning = iota
	meansEthernet
	meansIP
	meansUDP
	meansTag
	meansLabel
	meansTunnel
)

// roles are by protocol.
var roles = func() (all [256]role) {
	for _, p := range dissect.Protocols() {
		switch p.Name {
		case "eth":
			all[p.ID].meaning = meansEthernet
		case "ip", "ipv6":
			all[p.ID].meaning = meansIP
		case "udp":
			all[p.ID].meaning = meansUDP
		case "vlan", "ieee8021ad":
			all[p.ID].meaning = meansTag
		case "mpls":
			all[p.ID] = role{meansLabel, kindMPLS}
		}
	}
	for kind := kindOthers; int(kind) < len(tunnelKinds); kind++ {
		all[dissect.ByName(tunnelKinds[kind].protocol).ID] = role{meansTunnel, kind}
	}
	return all
}()

// ipHeaders are IP and IPv6's extension headers: an IP packet below one of them is one in another.
var ipHeaders = func() (all [256]bool) {
	for _, p := range dissect.Protocols() {
		all[p.ID] = p.Name == "ip" || p.Name == "ipv6" || strings.HasPrefix(p.Name, "ipv6.")
	}
	return all
}()

// An identifier is one step on the path to a packet: a VLAN, a label, a tunnel's number.
type identifier struct {
	id   uint32
	kind kindID
	some bool // the tunnel has an identifier; otherwise its ends tell it from others
}

// word is the identifier in 64 bits.
func (d identifier) word() uint64 {
	w := uint64(d.kind)<<33 | uint64(d.id)
	if d.some {
		w |= 1 << 32
	}
	return w
}

// number prints the identifier alone, as the kind has it.
func (d identifier) number() string {
	switch {
	case !d.some:
		return ""
	case tunnelKinds[d.kind].hex:
		return fmt.Sprintf("0x%08x", d.id)
	}
	return fmt.Sprint(d.id)
}

func (d identifier) String() string {
	if !d.some {
		return tunnelKinds[d.kind].name
	}
	return tunnelKinds[d.kind].name + " " + d.number()
}

// A path is the identifiers around a packet, outermost first. There may be more than fit; then the last are left out.
type path struct {
	n   uint8
	ids [8]identifier
}

func (p *path) add(d identifier) {
	if int(p.n) < len(p.ids) {
		p.ids[p.n] = d
	}
	p.n = min(p.n+1, 255)
}

// identifiers returns those from index i up to index j.
func (p *path) identifiers(i, j uint8) []identifier {
	limit := uint8(len(p.ids))
	return p.ids[min(i, limit):min(j, limit)]
}
