package flows

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"pktscope/dissect"
)

// A Segment says whose addresses those of a packet are: where it was captured, and the identifiers around it.
type Segment struct {
	// What each packet looks at comes first, in two lines of cache.
	ID      uint32 // segments are numbered from 1 in the order in which they are met
	slot    uint32
	flows   uint32 // that are remembered in it
	forward bool   // met since the clock's hand passed it
	marks   segmentMarks

	Timed          bool                // some of its packets have a time
	MoreCarriers   bool                // there were other tunnels than Carriers
	carriers       [maxCarriers]uint64 // hashes of their ends; 0 for none
	Packets, Bytes uint64              // whose innermost header is in it; bytes are those on the wire
	First, Last    int64               // nanoseconds since the Unix epoch; they mean something with Timed
	TOS            TOSMix              // of these packets' innermost IP headers

	Point  *dissect.Point // where it was met first; the only place unless the user says that all are one site
	Path   Path           // identifiers, outermost first; those inside the tenant's own if it has a tenant
	Tenant string         // who the tenants file says that it is; empty if it does not

	// The ends of tunnels that carry its packets, the lower address first: the first few that were met.
	Carriers [][2]netip.Addr
}

// segmentMarks are things that are true of a segment or not.
type segmentMarks uint8

const (
	ofTenant   segmentMarks = 1 << iota // the tenants file says whose it is, so that it is the same wherever it was captured
	interfaced                          // it is one interface's in a capture of several: Path begins with that
)

func (s *Segment) is(m segmentMarks) bool { return s.marks&m != 0 }

// TOSMix counts packets by their TOS or traffic class.
type TOSMix struct {
	Values [6]TOSCount // in the order in which they were met
	Others uint64      // packets with other values
}

// TOSCount is how many packets have a value.
type TOSCount struct {
	Packets uint64
	TOS     uint8
}

func (m *TOSMix) add(tos uint8) {
	for i := range m.Values {
		v := &m.Values[i]
		if v.Packets == 0 {
			v.TOS = tos
		}
		if v.TOS == tos {
			v.Packets++
			return
		}
	}
	m.Others++
}

// add counts a packet.
func (s *Segment) add(m *mark) {
	s.Packets++
	s.Bytes += uint64(m.bytes)
	if m.timeless {
		return
	}
	if !s.Timed {
		s.Timed, s.First, s.Last = true, m.time, m.time
	}
	s.First, s.Last = min(s.First, m.time), max(s.Last, m.time)
}

// maxCarriers bounds the tunnels that a segment names.
const maxCarriers = 4

// carry notes that a packet is in one from and to the addresses of outer.
func (s *Segment) carry(outer *Tuple) {
	if s.MoreCarriers {
		return
	}
	hash := outer.hashAddresses()
	if slices.Contains(s.carriers[:], hash) {
		return
	}
	if len(s.Carriers) >= maxCarriers {
		s.MoreCarriers = true
		return
	}
	ends := [2]netip.Addr{outer.Source(), outer.Destination()}
	if ends[1].Less(ends[0]) {
		ends[0], ends[1] = ends[1], ends[0]
	}
	s.carriers[len(s.Carriers)] = hash
	s.Carriers = append(s.Carriers, ends)
}

// Name is how reports call the segment: its tenant, if it has one, and its path.
func (s *Segment) Name() string {
	name := s.Path.String()
	switch {
	case s.Tenant == "" && name == "":
		return "untagged"
	case s.Tenant == "":
		return name
	case name == "":
		return s.Tenant
	}
	return s.Tenant + " / " + name
}

// Segments calls visit for all segments that are remembered, in the order of their IDs, until it returns false.
func (t *Tracker) Segments(visit func(*Segment) bool) {
	var all []*Segment
	for _, s := range t.segments.slots {
		if s != nil {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *Segment) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range all {
		if !visit(s) {
			return
		}
	}
}

// Policy says what of a path counts.
type Policy uint8

const (
	Exact      Policy = iota // all of it
	IgnoreVLAN               // all but VLAN IDs, for networks whose two directions are in different ones
	Outer                    // the tags outside of all tunnels
	None                     // nothing: addresses and ports are all that tells flows apart
	numPolicies
)

var policyNames = [numPolicies]string{"exact", "ignore-vlan", "outer", "none"}

func (p Policy) String() string { return policyNames[p] }

// Policies are all that there are, by name.
func Policies() []string { return policyNames[:] }

// Apply returns those steps that count.
func (p Policy) Apply(path Path) Path {
	if p == Exact {
		return path
	}
	var kept Path
	for _, id := range path {
		tag := id.Kind == VLAN || id.Kind == ServiceVLAN || id.Kind == ISID || id.Kind == Interface
		switch {
		case p == None, p == Outer && !tag:
			return kept
		case p == IgnoreVLAN && (id.Kind == VLAN || id.Kind == ServiceVLAN):
		default:
			kept = append(kept, id)
		}
	}
	return kept
}

// append appends the path to a key: of each identifier its kind in a byte, then its number in four, or its ends in 32.
func (p Path) append(dst []byte) []byte {
	for _, id := range p {
		dst = append(dst, byte(id.Kind))
		if id.Kind == Tunnel {
			for _, end := range id.Ends {
				b := end.As16()
				dst = append(dst, b[:]...)
			}
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, id.Number)
	}
	return dst
}

// segments is the tracker's table of them.
type segments struct {
	byKey  map[string]uint32 // slot
	keys   []string          // by slot
	slots  []*Segment        // by slot; the first is none
	free   []uint32
	hand   int
	nextID uint32
	limit  int

	forgotten Forgotten
}

// Forgotten is what was pushed out by a limit.
type Forgotten struct {
	Count          uint64
	Packets, Bytes uint64
}

func newSegments(limit int) *segments {
	return &segments{byKey: map[string]uint32{}, keys: []string{""}, slots: []*Segment{nil}, limit: limit}
}

// add adds a segment, under a key.
func (s *segments) add(segment *Segment, key string) {
	s.nextID++
	segment.ID, segment.forward = s.nextID, true
	if len(segment.Path) > 0 && segment.Path[0].Kind == Interface {
		segment.marks |= interfaced
	}
	if last := len(s.free) - 1; last >= 0 {
		segment.slot = s.free[last]
		s.free = s.free[:last]
		s.slots[segment.slot], s.keys[segment.slot] = segment, key
	} else {
		segment.slot = uint32(len(s.slots))
		s.slots, s.keys = append(s.slots, segment), append(s.keys, key)
	}
	s.byKey[key] = segment.slot
}

// full tells that there is room for no other segment.
func (s *segments) full() bool { return s.limit > 0 && len(s.byKey) >= s.limit }

// evict makes room: of those that no flow is in, the first that was not met since the hand passed it leaves. It is not ok if there is none.
func (s *segments) evict() (left *Segment, ok bool) {
	for range 2 * len(s.slots) {
		if s.hand++; s.hand >= len(s.slots) {
			s.hand = 1
		}
		segment := s.slots[s.hand]
		switch {
		case segment == nil || segment.flows > 0:
		case segment.forward:
			segment.forward = false
		default:
			delete(s.byKey, s.keys[segment.slot])
			s.slots[segment.slot], s.keys[segment.slot] = nil, ""
			s.free = append(s.free, segment.slot)
			s.forgotten.Count++
			s.forgotten.Packets += segment.Packets
			s.forgotten.Bytes += segment.Bytes
			return segment, true
		}
	}
	return nil, false
}
