package reports

import (
	"fmt"

	"pktscope/dissect"
	"pktscope/flows"
)

// Traffic of one tenant at a port of another: what the tenants file calls the capture point is not what it calls the identifiers there.

// strayKey is the identifiers of packets at a capture point.
type strayKey struct {
	point int32
	path  uint64
}

type strayTotal struct {
	point     *dissect.Point
	path      flows.Path
	of, whose string // the packets' tenant and the port's; the same where all is well
	frames    firstFrames
}

func (t *strayTotal) absorb(from *strayTotal) {
	t.point, t.path, t.of, t.whose = from.point, from.path, from.of, from.whose
	t.frames.absorb(&from.frames)
}

func (t *strayTotal) reset() { *t = strayTotal{} }

// addTenant notes packets if they are another tenant's than the port. The file is asked once in each epoch for identifiers at a port.
func (t *findingsPart) addTenant(g *glance, a *alike) {
	last := len(g.Layers) - 1
	if g.inner != 0 {
		last = g.inner
	}
	key := strayKey{int32(g.Point.ID), pathTo(g.Packet, last, t.report.seed)}
	total := t.strays.First(key, t.report.seed.Uint128(key.path, uint64(key.point)), a.first())
	if total.point == nil {
		tenants := t.report.flows.options.Tenants
		total.point, total.path = g.Point, flows.PathOf(g.Packet)
		total.of, _, _ = tenants.Match(g.Point, total.path)
		total.whose, _, _ = tenants.Match(g.Point, nil)
	}
	if total.whose != "" && total.of != total.whose {
		total.frames.absorb(&a.frames)
	}
}

func raiseTenants(s *search) {
	for i := range s.strays.Entries() {
		t := &s.strays.Entries()[i].Total
		n := t.frames.count
		if n < s.threshold(foundForeignTenant) || t.whose == "" || t.whose == t.of {
			continue
		}
		s.add(foundForeignTenant, Critical, t.point, Finding{
			What:  fmt.Sprintf("%s of %s, in %s, at a port of %s", plural(n, "packet", "packets"), t.of, t.path, t.whose),
			Count: n, Frames: t.frames.listed(), Filter: pathFilter(t.path),
		})
	}
}
