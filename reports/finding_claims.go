package reports

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pktscope/dissect"
)

// Who claims an IP address: ARP (RFC 826, RFC 5227) and neighbor discovery (RFC 4861) say which MAC address has it.

// claim is one packet's word that an address is a machine's.
type claim struct {
	point *dissect.Point
	key   claimKey
	mac   uint64
	asker uint64 // MAC address of the one that it was told to; 0 for everybody
	frame uint64
	time  int64
	path  enclosing
}

// claimKey is an address in a segment at a capture point.
type claimKey struct {
	point   int32
	path    uint64
	address endpoint
}

// addARP notes who sends the message of ARP.
func (t *findingsPart) addARP(g *glance) {
	h := dissect.ARP(g.Header(&g.Layers[g.arp]))
	if h.HardwareSize() != 6 || h.ProtocolSize() != 4 || h.ProtocolType() != 0x0800 {
		return
	}
	address := ip4Endpoint(h.SenderProtocol())
	if uint32(address[1]) == 0 {
		return
	}
	asker := uint64(0)
	if h.Opcode() == 2 && !h.Gratuitous() {
		asker = mac48(h.TargetHardware())
	}
	t.addClaim(g, g.arp, address, mac48(h.SenderHardware()), asker)
}

// addAdvertisement notes whose the target of the neighbor advertisement in layer i is.
func (t *findingsPart) addAdvertisement(g *glance, i int) {
	b := g.Body(&g.Layers[i])
	if len(b) < 24 {
		return
	}
	address := ip6Endpoint(b[8:])
	solicited := b[4]&0x40 != 0
	for options := b[24:]; len(options) >= 8; {
		n := int(options[1]) * 8
		if n == 0 || n > len(options) {
			return
		}
		if options[0] == 2 && n == 8 { // target link-layer address
			asker := uint64(0)
			if solicited {
				asker = FixedSeed.Bytes(dissect.IPv6(g.Header(&g.Layers[g.inner])).Destination())&broadcastMAC | 1
			}
			t.addClaim(g, i, address, mac48(options[2:]), asker)
			return
		}
		options = options[n:]
	}
}

func (t *findingsPart) addClaim(g *glance, i int, address endpoint, mac, asker uint64) {
	if sharedMAC(mac) {
		return
	}
	t.claimed = append(t.claimed, claim{point: g.Point, key: claimKey{int32(g.Point.ID), pathTo(g.Packet, i, t.report.seed), address}, mac: mac,
		asker: asker, frame: g.Number, time: g.Time, path: enclosingOf(g.Packet, i)})
}

// sharedMAC tells MAC addresses that machines share on purpose: VRRP and CARP (RFC 9568 §7.3), HSRP, GLBP; group addresses; none.
func sharedMAC(mac uint64) bool {
	switch {
	case mac == 0, mac>>40&1 != 0, mac>>16 == 0x00005e00, mac>>16 == 0x00005e01:
		return true
	case mac>>8 == 0x00005e0001, mac>>8 == 0x00005e0002, mac>>8 == 0x00000c07ac, mac>>12 == 0x00000c9ff, mac>>12 == 0x000573a00, mac>>16 == 0x0007b400:
		return true
	}
	return false
}

func mac48(b []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

// claims are all addresses that somebody has claimed.
type claims struct {
	addresses *Groups[claimKey, claimTotal]
}

type claimTotal struct {
	point   *dissect.Point
	path    enclosing
	macs    [2]uint64 // the first that claimed it, and the one that did against it
	last    uint64    // who claimed it last
	asker   uint64    // to whom
	time    int64
	changes uint64
	frames  firstFrames // of the changes
	first   uint64      // frame
}

func newClaims(limit int) *claims { return &claims{NewGroups[claimKey, claimTotal](limit)} }

func (c *claims) reset() { c.addresses.Reset(func(t *claimTotal) { *t = claimTotal{} }) }

// claimTime is within how much time a change counts: what was taken over a minute ago was given up.
const claimTime = 60e9

// play takes the next claim in capture order. A change is one that both machines told to everybody, or to the same one: the members of a bond
// may tell each asker another address (balance-alb).
func (c *claims) play(x *claim, seed Seed) {
	t := c.addresses.At(x.key, seed.Uint128(x.key.address[0]^x.key.path, x.key.address[1]^uint64(x.key.point)<<32))
	if t.point == nil {
		t.point, t.path = x.point, x.path
		t.macs[0], t.first = x.mac, x.frame
	} else if x.mac != t.last && (x.asker == t.asker || x.asker == 0 || t.asker == 0) && x.time-t.time < claimTime {
		switch {
		case t.macs[1] == 0 && x.mac != t.macs[0]:
			t.macs[1] = x.mac
			t.changes++
			t.frames.add(x.frame)
		case x.mac == t.macs[0] || x.mac == t.macs[1]:
			t.changes++
			t.frames.add(x.frame)
		}
	}
	t.last, t.asker, t.time = x.mac, x.asker, x.time
}

func (c *claims) raise(s *search) {
	type machine struct {
		where string
		mac   uint64
		frame uint64
	}
	machines := map[int32]map[endpoint][]machine{}
	for i := range c.addresses.Entries() {
		g := &c.addresses.Entries()[i]
		t := &g.Total
		path, _ := t.path.cell().value.(string)
		if t.changes >= s.threshold(foundDuplicateAddress) {
			in := ""
			if path != "" {
				in = " in " + path
			}
			s.add(foundDuplicateAddress, Critical, t.point, Finding{
				What: fmt.Sprintf("%s%s is claimed by %s and %s in turn, %s", g.Key.address.addr(), in, macText(t.macs[0]), macText(t.macs[1]),
					plural(t.changes, "change", "changes")),
				Count: t.changes, Frames: t.frames.listed(), Filter: allOf(t.path.filter(), claimFilter(g.Key.address.addr())),
			})
		}
		if path == "" {
			path = "untagged"
		}
		if !g.Key.address.addr().IsLinkLocalUnicast() {
			if machines[g.Key.point] == nil {
				machines[g.Key.point] = map[endpoint][]machine{}
			}
			machines[g.Key.point][g.Key.address] = append(machines[g.Key.point][g.Key.address], machine{path, t.macs[0], t.first})
		}
	}
	for i := range s.points.Entries() { // an order of their own
		point := s.points.Entries()[i].Total.point
		var addresses []endpoint
		var segments []string
		var frames firstFrames
		for address, all := range machines[int32(point.ID)] {
			if !slices.ContainsFunc(all, func(m machine) bool { return m.mac != all[0].mac }) {
				continue
			}
			addresses = append(addresses, address)
			for _, m := range all {
				frames.add(m.frame)
				if !slices.Contains(segments, m.where) {
					segments = append(segments, m.where)
				}
			}
		}
		if uint64(len(addresses)) < s.threshold(foundIdenticalEndpoints) {
			continue
		}
		slices.SortFunc(addresses, func(a, b endpoint) int { return a.addr().Compare(b.addr()) })
		slices.Sort(segments)
		more := ""
		if n := len(segments); n > 4 {
			more = fmt.Sprintf(" and %d more", n-4)
			segments = segments[:4]
		}
		s.add(foundIdenticalEndpoints, Info, point, Finding{
			What: fmt.Sprintf("%s with other MAC addresses in several of %s%s, such as %s", plural(len(addresses), "address is there", "addresses are there"),
				strings.Join(segments, ", "), more, addresses[0].addr()),
			Count: uint64(len(addresses)), Frames: frames.listed(), Filter: claimFilter(addresses[0].addr()),
		})
	}
}

// claimFilter means packets that claim the address.
func claimFilter(a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("arp.src.proto_ipv4 == %s", a)
	}
	return fmt.Sprintf("icmpv6.nd.na.target_address == %s", a)
}
