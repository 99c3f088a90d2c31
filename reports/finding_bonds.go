package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// Findings on bonds that the user names: what the report on bonds says of them, where somebody should look.

// raiseBonds raises members that failed and ends that do not agree.
func raiseBonds(s *search) {
	if s.bonds == nil {
		return
	}
	views := s.bonds.views()
	for i := range views {
		v := &views[i]
		for _, e := range v.events(v.moves()) {
			point := v.members[e.member].point
			switch {
			case point == nil:
			case e.what == bondFailover && uint64(e.flows) >= s.threshold(foundBondFailover):
				s.addAcross(foundBondFailover, Warning, point, Finding{
					What: fmt.Sprintf("%s of %s went from %s to %s, after a silence of %s in the median and %s at most", plural(uint64(e.flows), "flow", "flows"),
						v.bond.Name, e.from, e.to, KindDuration.Text(Int(e.median)), KindDuration.Text(Int(e.longest))),
					Count: uint64(e.flows), Frames: e.frames.listed(), Filter: v.filter(),
				})
			case e.what == bondMismatch && e.packets >= s.threshold(foundBondMismatch):
				s.addAcross(foundBondMismatch, Critical, point, Finding{
					What:  fmt.Sprintf("the other end of %s in %s does not take what is sent there: %s", e.from, v.bond.Name, e.detail),
					Count: e.packets, Frames: e.frames.listed(), Filter: pointFilter(point),
				})
			}
		}
	}
}

// filter means the frames of all members that were captured.
func (v *bondView) filter() string {
	var all []string
	for i := range v.members {
		if p := v.members[i].point; p != nil {
			if f := pointFilter(p); f != "" && !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	return strings.Join(all, " or ")
}

// pointFilter means the frames of a capture point, as far as its name tells.
func pointFilter(p *dissect.Point) string {
	if p.Name == "" {
		return ""
	}
	return "frame.interface_name == " + strconv.Quote(p.Name)
}
