package reports

import (
	"fmt"

	"pktscope/dissect"
)

// Tags where they should not be: none on a trunk, VLAN 1, the same one twice.

type tagTotal struct {
	point   *dissect.Point
	count   uint64
	unicast uint64
	frames  firstFrames // of hosts
}

func (t *tagTotal) absorb(from *tagTotal) {
	t.point = from.point
	t.count += from.count
	t.unicast += from.unicast
	t.frames.absorb(&from.frames)
}

func (t *tagTotal) reset() { *t = tagTotal{} }

func (t *findingsPart) addTags(g *glance, a *alike) {
	key := vlanKey{g.Point.ID, g.tags}
	total := t.tags.First(key, t.report.seed.Uint128(key.tags, uint64(key.point)), a.first())
	total.point = g.Point
	total.count += a.frames.count
	if !g.multicast() {
		total.unicast += a.frames.count
	}
	if !g.multicast() || !g.control() {
		total.frames.absorb(&a.frames)
	}
}

// vlan is the VLAN of a frame with those tags, 0 for none: a tag of VLAN 0 has but a priority.
func (k vlanKey) vlan() uint16 { return uint16(k.tags >> 48 & 0xfff) }

func raiseTags(s *search) {
	vlans := map[int]map[uint16]bool{} // by point
	for i := range s.tags.Entries() {
		k := s.tags.Entries()[i].Key
		if k.vlan() == 0 {
			continue
		}
		if vlans[k.point] == nil {
			vlans[k.point] = map[uint16]bool{}
		}
		vlans[k.point][k.vlan()] = true
	}
	for i := range s.tags.Entries() {
		k, t := s.tags.Entries()[i].Key, &s.tags.Entries()[i].Total
		f := Finding{Count: t.frames.count, Frames: t.frames.listed(), Filter: tagFilter(k)}
		outer, inner := k.tags>>48, k.tags>>32&0xffff
		switch {
		case outer&customerTag != 0 && inner&customerTag != 0 && outer == inner:
			if f.Count >= s.threshold(foundDoubleTag) {
				f.What = fmt.Sprintf("%s with the tag of VLAN %d twice", plural(f.Count, "frame", "frames"), k.vlan())
				f.Filter = fmt.Sprintf("all vlan.id == %d and frame.protocols contains \"vlan:vlan\"", k.vlan())
				s.add(foundDoubleTag, Warning, t.point, f)
			}
		case len(vlans[k.point]) < 2:
		case k.tags == 0 && f.Count >= s.threshold(foundUntagged):
			f.What = fmt.Sprintf("%s without a tag, beside those of %d VLANs", plural(f.Count, "frame", "frames"), len(vlans[k.point]))
			s.add(foundUntagged, Info, t.point, f)
		case k.vlan() == 1 && f.Count >= s.threshold(foundVLAN1):
			f.What = fmt.Sprintf("%s in VLAN 1, beside those of other VLANs", plural(f.Count, "frame", "frames"))
			s.add(foundVLAN1, Info, t.point, f)
		}
	}
}
