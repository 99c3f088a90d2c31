package reports

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The ways to choose a member that are known, and whether what was seen is consistent with them. A policy puts frames into buckets, and each
// bucket has one member at a time. Which one is learned from the frames: a hash tells the bucket, and no more.

// bondPolicy is one of them.
type bondPolicy struct {
	name string
	// bucket is where a frame of the flow goes in a bond of so many members; not ok if that cannot be told.
	bucket func(k *bondKey, members int) (bucket string, ok bool)
	// modulo: there are as many buckets as members, and each has one of its own while all of them work.
	modulo bool
}

// bondPolicies are those of Linux's bonding driver (xmit_hash_policy in Documentation/networking/bonding.rst; drivers/net/bonding/bond_main.c),
// and those of Open vSwitch (bond_mode in ovs-vswitchd.conf.db(5)).
var bondPolicies = []bondPolicy{
	{"active-backup", func(*bondKey, int) (string, bool) { return "all", true }, false},
	{"layer2", linuxBucket(linuxLayer2), true},
	{"layer2+3", linuxBucket(linuxLayer23), true},
	{"layer3+4", linuxBucket(linuxLayer34), true},
	{"vlan+srcmac", linuxBucket(linuxVLANSource), true},
	{"balance-slb", func(k *bondKey, _ int) (string, bool) {
		return fmt.Sprintf("%s vlan %d", macText(k.source), k.vlan), true
	}, false},
	{"balance-tcp", balanceTCP, false},
}

func linuxBucket(hash func(*bondKey) (uint32, bool)) func(*bondKey, int) (string, bool) {
	return func(k *bondKey, members int) (string, bool) {
		h, ok := hash(k)
		return strconv.Itoa(int(h % uint32(members))), ok
	}
}

// linuxLayer2 is bond_eth_hash.
func linuxLayer2(k *bondKey) (uint32, bool) {
	return uint32(byte(k.target)^byte(k.source)) ^ uint32(k.etherType), true
}

// linuxVLANSource is bond_vlan_srcmac_hash. The kernel takes the whole tag; its priority is taken for 0 here.
func linuxVLANSource(k *bondKey) (uint32, bool) {
	return uint32(k.vlan) ^ uint32(k.source>>24) ^ uint32(k.source&0xffffff), true
}

// linuxLayer23 is bond_xmit_hash with the policy layer2+3.
func linuxLayer23(k *bondKey) (uint32, bool) {
	hash, ok := linuxLayer2(k)
	if !k.network {
		return hash, ok
	}
	return linuxIP(hash, k), !k.quotes()
}

// linuxLayer34 is the same with layer3+4.
func linuxLayer34(k *bondKey) (uint32, bool) {
	if !k.network {
		return linuxLayer2(k)
	}
	return linuxIP(k.linuxPorts(), k) >> 1, !k.quotes() // the lowest bit is left out, for ports are often even
}

// linuxPorts is what struct flow_keys has of ports or ICMP: four bytes in the order of the wire, read as a number by a machine that has the
// lowest byte first, which most do.
func (k *bondKey) linuxPorts() uint32 {
	var b [4]byte
	binary.BigEndian.PutUint16(b[:], k.sport)
	binary.BigEndian.PutUint16(b[2:], k.dport)
	if k.protocol == 1 || k.protocol == 58 {
		switch echo := b[0]; {
		case echo != 0 && echo != 8 && echo != 128 && echo != 129:
			return 0
		case k.dport == 0: // an identifier of 0 is taken for 1
			b[2] = 1
		}
	}
	return binary.LittleEndian.Uint32(b[:])
}

// linuxIP is bond_ip_hash.
func linuxIP(hash uint32, k *bondKey) uint32 {
	if k.etherType == 0x0800 {
		hash ^= binary.LittleEndian.Uint32(k.src[12:]) ^ binary.LittleEndian.Uint32(k.dst[12:])
	} else { // ipv6_addr_hash
		for i := 0; i < 16; i += 4 {
			hash ^= binary.LittleEndian.Uint32(k.src[i:]) ^ binary.LittleEndian.Uint32(k.dst[i:])
		}
	}
	hash ^= hash >> 16
	hash ^= hash >> 8
	return hash
}

// quotes tells of an ICMP error, which goes where the packet went that it quotes.
func (k *bondKey) quotes() bool {
	kind := k.sport >> 8
	return k.network && !k.fragment && (k.protocol == 1 && (kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12) ||
		k.protocol == 58 && kind < 128 && kind > 0)
}

// balanceTCP has a bucket for each pair of addresses and ports, whatever the direction. What OVS puts together besides, its version decides.
func balanceTCP(k *bondKey, _ int) (string, bool) {
	x := *k
	if string(k.src[:]) > string(k.dst[:]) || k.src == k.dst && k.source > k.target {
		x.src, x.dst, x.source, x.target = k.dst, k.src, k.target, k.source
	}
	switch {
	case k.protocol == 1 || k.protocol == 58: // requests and replies
		x.sport = 0
	case k.sport > k.dport:
		x.sport, x.dport = k.dport, k.sport
	}
	return fmt.Sprintf("%s %d", x.String(), x.vlan), !k.quotes()
}

// bondSides tells for MAC addresses at which end of a bond they are: two that one frame has are at different ends. Those that never have to
// do with each other, even through others, cannot be compared.
type bondSides struct {
	parent map[uint64]uint64
	flip   map[uint64]bool // the end is not the parent's
}

// find returns who stands for the addresses that a is known together with, and whether a is at the other end.
func (s *bondSides) find(a uint64) (root uint64, flip bool) {
	for {
		p, ok := s.parent[a]
		if !ok || p == a {
			return a, flip
		}
		if g, ok := s.parent[p]; ok && g != p { // halve the way
			s.flip[a] = s.flip[a] != s.flip[p]
			s.parent[a] = g
			p = g
		}
		flip = flip != s.flip[a]
		a = p
	}
}

// apart notes that a and b are at different ends.
func (s *bondSides) apart(a, b uint64) {
	x, p := s.find(a)
	y, q := s.find(b)
	if x != y {
		s.parent[y], s.flip[y] = x, p == q
	}
}

// bondSide is an end of a bond, as far as it is known to be one.
type bondSide struct {
	root uint64
	flip bool
}

// bondBucket is what is known of one.
type bondBucket struct {
	side    bondSide
	name    string
	flows   int
	packets []uint64 // by member
	spells  []spell
}

// split tells whether the bucket was on two members at the same time, or went to another one and back at once, which no failure does.
func (b *bondBucket) split() bool {
	slices.SortFunc(b.spells, compareSpells)
	var latest [maxBondMembers]int64
	var seen [maxBondMembers]bool
	for i, s := range b.spells {
		for m := range latest {
			if seen[m] && m != int(s.member) && latest[m] > s.first {
				return true
			}
		}
		if seen[s.member] && b.spells[i-1].member != s.member && s.first-latest[s.member] < spellPause {
			return true
		}
		seen[s.member], latest[s.member] = true, max(latest[s.member], s.last)
	}
	return false
}

func compareSpells(x, y spell) int {
	return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.last, y.last), cmp.Compare(x.member, y.member))
}

// member is the one that carried most of it.
func (b *bondBucket) member() int {
	most := 0
	for m, n := range b.packets {
		if n > b.packets[most] {
			most = m
		}
	}
	return most
}

// bondVerdict is what was seen, beside a policy.
type bondVerdict struct {
	consistent             string // yes, no, untested
	buckets, shared, split int
	learned                []string
	why                    string
}

// maxLearned is of how many buckets a row says which member they have.
const maxLearned = 16

// judge compares what was seen with a policy.
func (v *bondView) judge(p *bondPolicy) (result bondVerdict) {
	buckets := map[string]*bondBucket{}
	var order []*bondBucket
	members := len(v.bond.Members)
	for i := range v.flows {
		f := &v.flows[i]
		name, ok := p.bucket(&f.key, members)
		if !ok {
			continue
		}
		id := fmt.Sprintf("%012x %t %s", f.side.root, f.side.flip, name)
		b := buckets[id]
		for _, s := range f.total.spells {
			if p.modulo && !v.allCarry(&s) {
				continue
			}
			if b == nil {
				b = &bondBucket{side: f.side, name: name, packets: make([]uint64, members)}
				buckets[id] = b
				order = append(order, b)
			}
			b.packets[s.member] += uint64(s.packets)
			b.spells = append(b.spells, s)
		}
		if b != nil {
			b.flows++
		}
	}
	taken := map[bondSide]map[int]string{}
	for _, b := range order {
		result.buckets++
		if b.flows > 1 {
			result.shared++
		}
		member := b.member()
		if b.split() {
			result.split++
			if result.why == "" {
				result.why = "bucket " + b.name + " is on several members at a time"
			}
		} else if p.modulo {
			if taken[b.side] == nil {
				taken[b.side] = map[int]string{}
			}
			if other, ok := taken[b.side][member]; ok && other != b.name && result.why == "" {
				result.why = "buckets " + other + " and " + b.name + " are both on " + v.bond.Members[member]
			}
			taken[b.side][member] = b.name
		}
	}
	result.learned = v.learned(order)
	if p.name == "active-backup" && result.why == "" {
		result.why = v.differentPairs()
	}
	several := slices.ContainsFunc(order, func(b *bondBucket) bool { return len(taken[b.side]) > 1 })
	switch {
	case result.why != "":
		result.consistent = "no"
	case p.modulo && result.shared == 0 && !several:
		result.consistent, result.why = "untested", "no two flows are in one bucket"
		if len(order) == 0 && p.modulo {
			result.why = "there was no time at which all members carried something"
		}
	default:
		result.consistent = "yes"
	}
	return result
}

// learned lists the member of each bucket. Different ends of the bond may each have another one.
func (v *bondView) learned(buckets []*bondBucket) (texts []string) {
	ends := map[string][]int{}
	for _, b := range buckets {
		if ends[b.name] == nil {
			ends[b.name] = make([]int, len(v.members))
		}
		ends[b.name][b.member()]++
	}
	for i, name := range slices.Sorted(maps.Keys(ends)) {
		if i == maxLearned {
			return append(texts, "…")
		}
		var where []string
		for m, n := range ends[name] {
			if n > 0 {
				where = append(where, v.bond.Members[m])
			}
		}
		texts = append(texts, name+": "+strings.Join(where, " or "))
	}
	return texts
}

// differentPairs looks for pairs of hosts that, at the same time, use different members, one for each direction: two ends that have one
// active member each do not do that, whichever host is at which end. It returns what was found, empty for nothing.
func (v *bondView) differentPairs() string {
	type seen struct {
		root    uint64
		members [2]uint8
		at      [2]int64
		known   [2]bool
	}
	type step struct {
		spell
		side bondSide
	}
	var steps []step
	for i := range v.flows {
		f := &v.flows[i]
		if f.key.target>>40&1 == 0 {
			for _, s := range f.total.spells {
				steps = append(steps, step{s, f.side})
			}
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return compareSpells(a.spell, b.spell) })
	var recent []*seen // pairs that talked within the last second
	for _, s := range steps {
		recent = slices.DeleteFunc(recent, func(x *seen) bool { return s.first-max(x.at[0], x.at[1]) > spellPause })
		i := slices.IndexFunc(recent, func(x *seen) bool { return x.root == s.side.root })
		if i < 0 {
			if i = len(recent); i == maxPairs {
				continue
			}
			recent = append(recent, &seen{root: s.side.root})
		}
		x, end := recent[i], 0
		if s.side.flip {
			end = 1
		}
		x.members[end], x.at[end], x.known[end] = s.member, max(x.at[end], s.last), true
		if !x.known[0] || !x.known[1] {
			continue
		}
		for _, y := range recent {
			if y == x || !y.known[0] || !y.known[1] || pairOf(x.members) == pairOf(y.members) {
				continue
			}
			for _, m := range y.members { // if one failed in between, it is silent
				if m != x.members[0] && m != x.members[1] && v.members[m].carried(s.first, s.first+spellPause) {
					return fmt.Sprintf("%s and others use %s, %s and others %s", macText(x.root), v.pair(x.members), macText(y.root), v.pair(y.members))
				}
			}
		}
	}
	return ""
}

// maxPairs bounds the pairs of hosts that are compared with each other.
const maxPairs = 64

func pairOf(m [2]uint8) [2]uint8 { return [2]uint8{min(m[0], m[1]), max(m[0], m[1])} }

func (v *bondView) pair(m [2]uint8) string {
	if m[0] == m[1] {
		return v.bond.Members[m[0]] + " alone"
	}
	m = pairOf(m)
	return v.bond.Members[m[0]] + " and " + v.bond.Members[m[1]]
}

// allCarry tells whether all members carried something about the time of a spell.
func (v *bondView) allCarry(s *spell) bool {
	for i := range v.members {
		if !v.members[i].carried(s.first-spellPause, s.last+spellPause) {
			return false
		}
	}
	return true
}

// String names an end by one of its addresses, or by one of those at the other end.
func (s bondSide) String() string {
	if s.flip {
		return "the end that " + macText(s.root) + " is not at"
	}
	return "the end of " + macText(s.root)
}
