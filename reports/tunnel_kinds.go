package reports

import (
	"fmt"
	"math/bits"
	"strings"

	"pktscope/dissect"
)

// A tunnelKind is what the report on tunnels has to know of one kind of tunnel.
type tunnelKind struct {
	name     string // stable
	protocol string // dissect's name of it; empty where no protocol alone tells the kind
	ends     endsOf
	tag      bool // no tunnel, but an identifier on the path

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

// The kinds that the walk over a packet has to know.
const (
	kindMPLS kindID = iota // one identifier for each label
	kind4in4
	kind6in4
	kind4in6
	kind6in6
	kindGRE
	kindNVGRE // GRE, if the user says so
	kindPPTP  // GRE of version 1 that carries PPP
	kindEoIP  // the same with MikroTik's frames
	otherKinds
)

var tunnelKinds = [...]tunnelKind{
	kindMPLS: {name: "mpls", ends: outerIPEnds},
	kind4in4: {name: "4in4"},
	kind6in4: {name: "6in4"},
	kind4in6: {name: "4in6"},
	kind6in6: {name: "6in6"},
	kindGRE: {name: "gre", protocol: "gre",
		id: func(h []byte) (uint32, bool) { return dissect.GRE(h).Key() }},
	kindNVGRE: {name: "nvgre",
		id: func(h []byte) (uint32, bool) { key, ok := dissect.GRE(h).Key(); return key >> 8, ok }},
	kindPPTP: {name: "pptp",
		id: func(h []byte) (uint32, bool) { call, ok := dissect.GRE(h).Call(); return uint32(call), ok }},
	// The key is two bytes of length and then the tunnel's number, little-endian.
	kindEoIP: {name: "eoip",
		id: func(h []byte) (uint32, bool) {
			key, ok := dissect.GRE(h).Key()
			return uint32(bits.ReverseBytes16(uint16(key))), ok
		}},

	otherKinds: {name: "vlan", protocol: "vlan", tag: true,
		id: func(h []byte) (uint32, bool) { id := dissect.VLAN(h).VID(); return uint32(id), id != 0 }}, // 0 is a priority tag
	{name: "s-vlan", protocol: "ieee8021ad", tag: true,
		id: func(h []byte) (uint32, bool) { id := dissect.VLAN(h).VID(); return uint32(id), id != 0 }},
	{name: "fgl", protocol: "fgl", tag: true,
		id: func(h []byte) (uint32, bool) { return dissect.FGL(h).Label(), true }},
	{name: "802.1ah", protocol: "ieee8021ah",
		id: func(h []byte) (uint32, bool) { return dissect.ITag(h).ISID(), true }},
	{name: "trill", protocol: "trill", ends: nicknameEnds},
	{name: "pppoe", protocol: "pppoes",
		id: func(h []byte) (uint32, bool) { return uint32(dissect.PPPoE(h).SessionID()), true }},
	{name: "vxlan", protocol: "vxlan",
		id: func(h []byte) (uint32, bool) { return dissect.VXLAN(h).VNI(), dissect.VXLAN(h).ValidVNI() }},
	{name: "vxlan-gpe", protocol: "vxlan_gpe",
		id: func(h []byte) (uint32, bool) { return dissect.VXLANGPE(h).VNI(), dissect.VXLANGPE(h).ValidVNI() }},
	{name: "geneve", protocol: "geneve",
		id: func(h []byte) (uint32, bool) { return dissect.Geneve(h).VNI(), true }},
	{name: "nsh", protocol: "nsh",
		id: func(h []byte) (uint32, bool) { return dissect.NSH(h).ServicePath(), true }},
	{name: "erspan", protocol: "erspan",
		id: func(h []byte) (uint32, bool) {
			if len(h) < 4 { // type I has no header
				return 0, false
			}
			return uint32(dissect.ERSPAN(h).Session()), true
		}},
	{name: "etherip", protocol: "etherip"},
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
	kind kindID
}

type meaning uint8

const (
	meansNothing meaning = iota
	meansEthernet
	meansIP
	meansUDP
	meansLabel
	meansTag
	meansTunnel
)

// roles are by protocol.
var roles = func() (all [256]role) {
	for name, r := range map[string]role{
		"eth":  {meaning: meansEthernet},
		"ip":   {meaning: meansIP},
		"ipv6": {meaning: meansIP},
		"udp":  {meaning: meansUDP},
		"mpls": {meansLabel, kindMPLS},
	} {
		all[dissect.ByName(name).ID] = r
	}
	for kind, k := range tunnelKinds {
		switch {
		case k.tag:
			all[dissect.ByName(k.protocol).ID] = role{meansTag, kindID(kind)}
		case k.protocol != "":
			all[dissect.ByName(k.protocol).ID] = role{meansTunnel, kindID(kind)}
		}
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
