package reports

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"pktscope/dissect"
)

// The bonds report: how the members of a bond (a link aggregation group, a port channel) share what it carries, which of the known ways to choose
// a member that is consistent with, and what happened when one failed. A capture of a member has what both ends sent: which member a frame
// is on was chosen by the end that sent it.

// A Bond is interfaces that are members of one.
type Bond struct {
	Name    string
	Members []string // names of interfaces of pcapng files, or of files
}

// ParseBond reads NAME=IF1,IF2.
func ParseBond(text string) (b Bond, err error) {
	name, members, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return b, fmt.Errorf("%q is not NAME=IF1,IF2", text)
	}
	b = Bond{name, strings.Split(members, ",")}
	for i, m := range b.Members {
		if m == "" || slices.Contains(b.Members[:i], m) {
			return b, fmt.Errorf("%q: a member is named twice, or has no name", text)
		}
	}
	if len(b.Members) < 2 || len(b.Members) > maxBondMembers {
		return b, fmt.Errorf("%q: a bond has 2 to %d members", text, maxBondMembers)
	}
	return b, nil
}

// maxBondMembers is what 802.3ad's implementations allow at most.
const maxBondMembers = 32

// has returns the number of the member at a capture point, -1 for none.
func (b *Bond) has(p *dissect.Point) int {
	return slices.IndexFunc(b.Members, func(m string) bool {
		return m == p.Name || m == p.File || m == filepath.Base(p.File) || p.Name != "" && m == p.File+":"+p.Name
	})
}

// bondKey is a flow in one direction: all that any policy looks at.
type bondKey struct {
	bond             uint16
	vlan             uint16 // of the outermost tag, 0 for none
	etherType        uint16 // behind the tags
	protocol         uint8  // of IP, or ARP's operation
	network          bool   // addresses are there
	source, target   uint64 // MAC addresses
	src, dst         [16]byte
	sport, dport     uint16 // or type and code of ICMP, and its identifier
	fragment, asking bool   // asking: something that is answered if all is well
}

// bondFrame is a frame of a member.
type bondFrame struct {
	key    bondKey
	hash   uint64
	member uint8
	number uint64
	time   int64
	bytes  uint64
}

// A flow's spells are when it was on which member; a second of silence ends one. Of a flow only the first are kept.
const (
	maxSpells  = 32
	spellPause = int64(1e9)
)

// spell is a time in which a flow was on one member.
type spell struct {
	member      uint8
	first, last int64
	packets     uint32
	frame       uint64 // the number of one of the first
}

// bondFlow is what is counted of a flow.
type bondFlow struct {
	amount
	spells []spell
	more   bool // there were more spells
}

func (f *bondFlow) add(x *bondFrame) {
	f.amount.add(x.bytes)
	for i := len(f.spells) - 1; i >= 0; i-- {
		if s := &f.spells[i]; s.member == x.member && x.time-s.last <= spellPause && s.first-x.time <= spellPause && !f.between(s, x.time) {
			s.first, s.last = min(s.first, x.time), max(s.last, x.time)
			s.packets++
			return
		}
	}
	if len(f.spells) == maxSpells {
		f.more = true
		return
	}
	f.spells = append(f.spells, spell{x.member, x.time, x.time, 1, x.number})
}

// between tells whether the flow was on another member between a spell and a time. Interfaces of one file need not be in the order of time.
func (f *bondFlow) between(s *spell, time int64) bool {
	if len(f.spells) == 1 || time >= s.first && time <= s.last {
		return false
	}
	from, to := time, s.first
	if time > s.last {
		from, to = s.last, time
	}
	return slices.ContainsFunc(f.spells, func(x spell) bool { return x.member != s.member && x.first < to && x.last > from })
}

func (f *bondFlow) reset() { *f = bondFlow{spells: f.spells[:0]} }

// bondMember is what is counted of a member.
type bondMember struct {
	amount
	point   *dissect.Point // nil if it was not captured
	span    span
	control uint64  // frames that belong to the link: LACP, LLDP, pauses
	busy    []spell // when it carried others
}

// maxBusy bounds the times of a member.
const maxBusy = 1 << 14

type bonds struct {
	bonds   []Bond
	seed    Seed
	limit   int
	flows   *Groups[bondKey, bondFlow]
	members [][]bondMember
}

// bondFlows is how many flows are kept for each group of other reports.
const bondFlows = 8

func newBonds(s setup) Report {
	r := &bonds{bonds: s.bonds, seed: NewSeed(), limit: s.groups, flows: NewGroups[bondKey, bondFlow](bondFlows * s.groups)}
	r.Reset()
	return r
}

func (r *bonds) Reset() {
	r.flows.Reset((*bondFlow).reset)
	r.members = nil
	for i := range r.bonds {
		r.members = append(r.members, make([]bondMember, len(r.bonds[i].Members)))
	}
}

func (r *bonds) NewPart() Part { return &bondsPart{report: r} }

type bondsPart struct {
	report *bonds
	frames []bondFrame
	points []bondPlace // by number
	found  []bondPoint
}

// bondPoint is the capture point that a member is.
type bondPoint struct {
	bondPlace
	point *dissect.Point
}

// bondPlace is what a capture point is: a member of a bond, both counted from 1; 0 is not known yet.
type bondPlace struct{ bond, member int16 }

const noBond = -1

// place is that of a point.
func (t *bondsPart) place(p *dissect.Point) bondPlace {
	for p.ID >= len(t.points) {
		t.points = append(t.points, bondPlace{})
	}
	at := &t.points[p.ID]
	if at.bond == 0 {
		*at = bondPlace{bond: noBond}
		for i := range t.report.bonds {
			if m := t.report.bonds[i].has(p); m >= 0 {
				*at = bondPlace{int16(i + 1), int16(m + 1)}
				t.found = append(t.found, bondPoint{*at, p})
				break
			}
		}
	}
	return *at
}

func (t *bondsPart) Add(p *dissect.Packet) {
	at := t.place(p.Point)
	if at.bond == noBond || len(p.Layers) < 2 || p.Layers[1].Protocol != eth || p.Layers[1].Flags&dissect.Partial != 0 {
		return
	}
	t.frames = append(t.frames, bondFrame{member: uint8(at.member - 1), number: p.Number, time: p.Time, bytes: uint64(p.WireLen)})
	f := &t.frames[len(t.frames)-1]
	f.key.bond = uint16(at.bond - 1)
	f.key.read(p)
	f.hash = f.key.hash(t.report.seed)
}

var (
	arp    = dissect.ByName("arp").ID
	icmp4  = dissect.ByName("icmp").ID
	icmp6  = dissect.ByName("icmpv6").ID
	tcpID  = dissect.ByName("tcp").ID
	udpID  = dissect.ByName("udp").ID
	sctpID = dissect.ByName("sctp").ID
)

// read reads what policies look at: the outermost headers.
func (k *bondKey) read(p *dissect.Packet) {
	b := p.SourceBytes(&p.Layers[1])[p.Layers[1].Start:]
	k.target, k.source = binary.BigEndian.Uint64(b)>>16, binary.BigEndian.Uint64(b[4:])&0xffffffffffff
	k.etherType = binary.BigEndian.Uint16(b[12:])
	i := 2
	for ; i < len(p.Layers) && (p.Layers[i].Protocol == dot1q || p.Layers[i].Protocol == dot1ad) && p.Layers[i].Flags&dissect.Partial == 0; i++ {
		h := dissect.VLAN(p.Header(&p.Layers[i]))
		if i == 2 {
			k.vlan = h.VID()
		}
		k.etherType = binary.BigEndian.Uint16(p.Header(&p.Layers[i])[2:])
	}
	if i == len(p.Layers) || p.Layers[i].Flags&dissect.Partial != 0 {
		return
	}
	h := p.Header(&p.Layers[i])
	switch p.Layers[i].Protocol {
	case ip4:
		v := dissect.IPv4(h)
		k.network, k.protocol, k.fragment = true, v.Protocol(), v.Fragment()
		binary.BigEndian.PutUint32(k.src[8:], 0xffff)
		binary.BigEndian.PutUint32(k.dst[8:], 0xffff)
		copy(k.src[12:], v.Source())
		copy(k.dst[12:], v.Destination())
	case ip6:
		v := dissect.IPv6(h)
		k.network, k.protocol = true, v.NextHeader()
		copy(k.src[:], v.Source())
		copy(k.dst[:], v.Destination())
	case arp:
		if len(h) >= 28 && binary.BigEndian.Uint16(h[2:]) == 0x0800 && h[4] == 6 && h[5] == 4 {
			k.protocol = h[7]
			copy(k.src[12:], h[14:18])
			copy(k.dst[12:], h[24:28])
			k.asking = k.protocol == 1 && k.src != k.dst // an announcement is answered by nobody
		}
		return
	default:
		return
	}
	if k.fragment || i+1 == len(p.Layers) || int(p.Layers[i+1].Parent) != i {
		return
	}
	l := &p.Layers[i+1]
	h = p.Header(l)
	switch l.Protocol {
	case tcpID, udpID, sctpID:
		if len(h) >= 4 {
			k.sport, k.dport = binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
			k.asking = l.Protocol == tcpID
		}
	case icmp4, icmp6:
		if len(h) >= 8 {
			k.sport = binary.BigEndian.Uint16(h)
			if echo := h[0]; echo == 8 && l.Protocol == icmp4 || echo == 0 && l.Protocol == icmp4 || (echo == 128 || echo == 129) && l.Protocol == icmp6 {
				k.dport = binary.BigEndian.Uint16(h[4:])
				k.asking = echo == 8 || echo == 128
			}
		}
	}
}

// control tells of frames that stay on the link, which each member has of its own (IEEE 802.1Q, table 8-1).
func (k *bondKey) control() bool { return k.target&^0xf == 0x0180c2000000 }

func (k *bondKey) hash(seed Seed) uint64 {
	x := fold(k.source^seed[0]^fold1, k.target^uint64(k.etherType)<<48^fold2)
	x = fold(x^binary.LittleEndian.Uint64(k.src[:]), binary.LittleEndian.Uint64(k.src[8:])^seed[1])
	x = fold(x^binary.LittleEndian.Uint64(k.dst[:]), binary.LittleEndian.Uint64(k.dst[8:])^fold3)
	return fold(x^uint64(k.sport)<<48^uint64(k.dport)<<32^uint64(k.vlan)<<16^uint64(k.protocol)^uint64(k.bond)<<8, fold1)
}

func (t *bondsPart) Flush() {
	r := t.report
	for _, at := range t.found {
		if m := &r.members[at.bond-1][at.member-1]; m.point == nil {
			m.point = at.point
		}
	}
	other, _ := r.flows.Other()
	for i := range t.frames {
		f := &t.frames[i]
		m := &r.members[f.key.bond][f.member]
		m.add(f.bytes)
		m.span.add(f.time)
		if f.key.control() {
			m.control++
			continue
		}
		m.carry(f)
		if flow := r.flows.At(f.key, f.hash); flow != other {
			flow.add(f)
		} else {
			flow.amount.add(f.bytes)
		}
	}
	t.frames = t.frames[:0]
}

// carry notes that the member carried a frame.
func (m *bondMember) carry(f *bondFrame) {
	i := len(m.busy) - 1
	if i < 0 || f.time-m.busy[i].last > spellPause || m.busy[i].first > f.time { // otherwise it goes on with the last one, as usual
		i = m.busyAfter(f.time - spellPause)
		if i+1 < len(m.busy) && m.busy[i+1].first-f.time <= spellPause { // the later one of two, so that their ends stay in order
			i++
		}
	}
	if len(m.busy) == maxBusy {
		i = min(i, maxBusy-1)
	} else if i == len(m.busy) || m.busy[i].first-f.time > spellPause {
		m.busy = slices.Insert(m.busy, i, spell{f.member, f.time, f.time, 1, f.number})
		return
	}
	s := &m.busy[i]
	s.first, s.last = min(s.first, f.time), max(s.last, f.time)
}

// busyAfter returns the first of its times that ends then or later.
func (m *bondMember) busyAfter(time int64) int {
	i, _ := slices.BinarySearchFunc(m.busy, time, func(s spell, t int64) int {
		if s.last < t {
			return -1
		}
		return 1
	})
	return i
}

// carried tells whether the member carried something from then to then.
func (m *bondMember) carried(from, to int64) bool {
	i := m.busyAfter(from)
	return i < len(m.busy) && m.busy[i].first <= to
}

// String is the flow, for people.
func (k *bondKey) String() string {
	if k.etherType == 0x0806 && k.dst[12] != 0 {
		what := map[uint8]string{1: "asks for", 2: "answers"}[k.protocol]
		return fmt.Sprintf("arp %s %s %s", netip.AddrFrom4([4]byte(k.src[12:])), what, netip.AddrFrom4([4]byte(k.dst[12:])))
	}
	if !k.network {
		return fmt.Sprintf("%s > %s 0x%04x", macText(k.source), macText(k.target), k.etherType)
	}
	src, dst := netip.AddrFrom16(k.src).Unmap(), netip.AddrFrom16(k.dst).Unmap()
	name := protocolName(k.protocol)
	switch name {
	case "tcp", "udp", "sctp":
		if !k.fragment {
			return fmt.Sprintf("%s %s > %s", name, netip.AddrPortFrom(src, k.sport), netip.AddrPortFrom(dst, k.dport))
		}
	case "icmp", "icmpv6":
		if k.dport != 0 {
			return fmt.Sprintf("%s %s > %s type %d id %d", name, src, dst, k.sport>>8, k.dport)
		}
	}
	return fmt.Sprintf("%s %s > %s", name, src, dst)
}

// macText is a MAC address in hexadecimal with colons.
func macText(a uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], a)
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[2], b[3], b[4], b[5], b[6], b[7])
}
