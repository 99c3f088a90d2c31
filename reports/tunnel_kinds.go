package reports

import (
	"fmt"
	"math/bits"
	"strings"

	"pktscope/dissect"
)

// A tunnelKind is what the report on tunnels has to know of one kind of tunnel, or of tag: that is no tunnel, but on the path to one.
type tunnelKind struct {
	name     string // stable
	protocol string // dissect's name of it; empty where no protocol alone tells the kind
	ends     endsOf
	both     bool                   // both directions of a tunnel have one identifier
	print    func(id uint32) string // the decimal number if nil

	// id reads the identifier of a whole layer; ok is false where there is none. By default it is the protocol's Identity; nil is a kind
	// without.
	id func(*dissect.Packet, *dissect.Layer) (id uint32, ok bool)
	// own tells the tunnel's own messages, which carry nobody's packets; nil where there are none.
	own func(*dissect.Packet, *dissect.Layer) bool
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
	kindNVGRE
	kindPPTP
	kindEoIP
	kindL2TP
	kindL2TPv3
	kindESP
	kindAH
	kindIPComp
	kindERSPAN
	kindBackbone // IEEE 802.1ah
	kindTRILL
	kindNSH
	otherKinds
)

var tunnelKinds = [...]tunnelKind{
	kindMPLS: {name: "mpls", protocol: "mpls", ends: outerIPEnds},
	kind4in4: {name: "4in4", both: true},
	kind6in4: {name: "6in4", both: true},
	kind4in6: {name: "4in6", both: true},
	kind6in6: {name: "6in6", both: true},

	kindGRE:   {name: "gre", protocol: "gre", both: true},
	kindNVGRE: {name: "nvgre", protocol: "gre", both: true}, // if the user says so
	kindPPTP:  {name: "pptp", protocol: "gre"},              // version 1, with PPP
	kindEoIP:  {name: "eoip", protocol: "gre", both: true, print: littleEndian},

	kindL2TP:   {name: "l2tp", protocol: "l2tp", own: unnumbered, print: twoHalves},
	kindL2TPv3: {name: "l2tpv3", protocol: "l2tp", own: unnumbered},

	kindESP: {name: "esp", protocol: "esp", print: hex32},
	kindAH: {name: "ah", protocol: "ah", print: hex32,
		id: func(p *dissect.Packet, l *dissect.Layer) (uint32, bool) { return dissect.AH(p.Header(l)).SPI(), true }},

	kindNSH: {name: "nsh", protocol: "nsh",
		id: func(p *dissect.Packet, l *dissect.Layer) (uint32, bool) {
			return dissect.NSH(p.Header(l)).ServicePath(), true
		}},
	kindIPComp: {name: "ipcomp", protocol: "ipcomp",
		id: func(p *dissect.Packet, l *dissect.Layer) (uint32, bool) {
			return uint32(dissect.IPComp(p.Header(l)).CPI()), true
		}},
	kindERSPAN:   {name: "erspan", protocol: "erspan", print: func(id uint32) string { return fmt.Sprint(id & 0x3ff) }}, // above it is a VLAN
	kindBackbone: {name: "802.1ah", protocol: "ieee8021ah", both: true},
	kindTRILL:    {name: "trill", protocol: "trill", ends: nicknameEnds},

	otherKinds: {name: "vxlan", protocol: "vxlan", both: true},
	{name: "vxlan-gpe", protocol: "vxlan_gpe", both: true},
	{name: "geneve", protocol: "geneve", both: true},
	{name: "gtp", protocol: "gtp", own: func(p *dissect.Packet, l *dissect.Layer) bool { return dissect.GTP(p.Header(l)).Message() != 255 }},
	{name: "etherip", protocol: "etherip", both: true},
	{name: "pppoe", protocol: "pppoes", both: true, own: func(p *dissect.Packet, l *dissect.Layer) bool { return dissect.PPPoE(p.Header(l)).Code() != 0 }},

	{name: "vlan", protocol: "vlan"},
	{name: "s-vlan", protocol: "ieee8021ad"},
	{name: "fgl", protocol: "fgl"},
	{name: "dlci", protocol: "fr"},
}

func init() {
	for i := range tunnelKinds {
		if k := &tunnelKinds[i]; k.id == nil && k.protocol != "" {
			k.id = dissect.ByName(k.protocol).Identity
		}
	}
}

func hex32(id uint32) string { return fmt.Sprintf("0x%08x", id) }

func twoHalves(id uint32) string { return fmt.Sprintf("%d/%d", id>>16, id&0xffff) }

func littleEndian(id uint32) string { return fmt.Sprint(bits.ReverseBytes16(uint16(id))) }

// unnumbered tells L2TP's control messages: only data has a session.
func unnumbered(p *dissect.Packet, l *dissect.Layer) bool {
	_, ok := dissect.ByID(l.Protocol).Identity(p, l)
	return !ok
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
	for kind, k := range tunnelKinds {
		if k.protocol != "" {
			r := &all[dissect.ByName(k.protocol).ID]
			if r.meaning == meansNothing { // the first kind of a protocol
				*r = role{meansTunnel, kindID(kind)}
			}
		}
	}
	for name, means := range map[string]meaning{"eth": meansEthernet, "ip": meansIP, "ipv6": meansIP, "udp": meansUDP, "mpls": meansLabel,
		"vlan": meansTag, "ieee8021ad": meansTag, "fgl": meansTag, "fr": meansTag} {
		all[dissect.ByName(name).ID].meaning = means
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
	some bool // there is an identifier; otherwise the tunnel's ends tell it from others
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
	print := tunnelKinds[d.kind].print
	switch {
	case !d.some:
		return ""
	case print != nil:
		return print(d.id)
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
