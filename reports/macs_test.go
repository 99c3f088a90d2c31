package reports

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// bench is frames at capture points, at times in milliseconds.
type bench struct {
	points map[string]*pcaps.Interface
	frames []pcaps.Frame
}

func (s *bench) at(ms int, point string, layers ...craft.Layer) {
	if s.points == nil {
		s.points = map[string]*pcaps.Interface{}
	}
	if s.points[point] == nil {
		s.points[point] = &pcaps.Interface{File: "lab.pcapng", ID: len(s.points), Name: point, LinkType: 1, FCSLen: -1}
	}
	b := craft.Packet(layers...)
	s.frames = append(s.frames, pcaps.Frame{Data: b, WireLen: len(b), Time: int64(ms) * 1e6, Interface: s.points[point]})
}

// mac is 02:00:00:00:00:n.
func mac(n int) string { return fmt.Sprintf("02:00:00:00:00:%02x", n) }

const everybody = "ff:ff:ff:ff:ff:ff"

// between is a frame from one address to another, with IP addresses of the same numbers.
func between(from, to int) []craft.Layer {
	return []craft.Layer{craft.Ethernet{Src: mac(from), Dst: mac(to)}, hosts(from, to), craft.UDP{Src: 1, Dst: 2}}
}

func hosts(from, to int) craft.IPv4 {
	return craft.IPv4{Src: fmt.Sprint("10.0.0.", from), Dst: fmt.Sprint("10.0.0.", to)}
}

func tagged(vlan uint16, frame []craft.Layer) []craft.Layer {
	return append([]craft.Layer{frame[0], craft.VLAN{ID: vlan}}, frame[1:]...)
}

func overVXLAN(from, to int, vni uint32, frame []craft.Layer) []craft.Layer {
	return append([]craft.Layer{eth1, ends(from, to), craft.UDP{Src: 50000}, craft.VXLAN{VNI: vni}}, frame...)
}

func TestMACs(t *testing.T) {
	var s bench
	s.at(0, "p1", craft.Ethernet{Src: "fa:16:3e:00:00:01", Dst: everybody}, craft.ARP{SenderIP: "10.0.0.1", TargetIP: "10.0.0.2"})
	s.at(10, "p1", between(2, 1)...)
	s.at(20, "p1", tagged(5, between(2, 1))...)
	s.at(30, "p1", tagged(0, between(2, 1))...) // a priority tag is no VLAN
	s.at(100, "p1", overVXLAN(1, 2, 7, between(3, 4))...)
	tables := count(t, "macs", setup{groups: maxGroups}, s.frames)
	wantLines(t, tables[0], "mac vendor segment point end home role ips ip packets moves age",
		mac(2)+" locally administered untagged p1 - true host 1 10.0.0.2 2 0 70000000",
		mac(1)+" locally administered untagged p1 - true host 1 172.16.0.1 1 0 0",
		mac(3)+" locally administered vxlan 7 p1 172.16.0.1 - host 1 10.0.0.3 1 0 0",
		mac(2)+" locally administered vlan 5 p1 - true host 1 10.0.0.2 1 0 80000000",
		"fa:16:3e:00:00:01 OpenStack untagged p1 - true host 1 10.0.0.1 1 0 100000000")
	wantLines(t, tables[2], "point mode untagged priority_tagged tagged double_tagged link_local vlans", "p1 trunk, native 3 1 1 0 0 5:1")
}

// TestSegmentNames names segments as the report on segments does, which follows flows.
func TestSegmentNames(t *testing.T) {
	key := uint32(0x64)
	frames := onTap(
		inside(eth1), inside(eth1, craft.VLAN{ID: 5}), inside(eth1, craft.VLAN{TPID: 0x88a8, ID: 200}, craft.VLAN{ID: 7}),
		inside(eth1, there, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 5001}, eth1),
		inside(eth1, there, craft.GRE{Key: &key}, eth1, craft.VLAN{ID: 9}),
		inside(eth1, craft.MPLS{Label: 16009}, craft.MPLS{Label: 24002}, craft.ControlWord{}, eth1),
		inside(eth1, craft.TRILL{Ingress: 1, Egress: 2}, eth1, craft.VLAN{ID: 10}),
	)
	named := map[string]bool{}
	for _, row := range cellsOf(count(t, "segments", setup{groups: maxGroups}, frames)[0]) {
		named[row["segment"]] = true
	}
	rows := cellsOf(count(t, "macs", setup{groups: maxGroups}, frames)[1])
	if len(rows) != 7 {
		t.Errorf("%d segments: %v", len(rows), rows)
	}
	for _, row := range rows {
		if !named[row["segment"]] {
			t.Errorf("%q is none of %v", row["segment"], named)
		}
	}
	rows = cellsOf(count(t, "macs", setup{groups: maxGroups, tenants: redTenant{}}, frames[3:5])[1])
	got := []string{rows[0]["segment"], rows[1]["segment"], rows[2]["segment"]}
	if diff := cmp.Diff([]string{"untagged", "gre key 0x00000064 / vlan 9", "red"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// redTenant has VNI 5001.
type redTenant struct{}

func (redTenant) ByPrefix(_, _ netip.Addr) (string, bool) { return "", false }

func (redTenant) Match(_ *dissect.Point, path flows.Path) (string, int, bool) {
	return "red", 1, len(path) > 0 && path[0] == flows.Identifier{Kind: flows.VXLANVNI, Number: 5001}
}

func TestMACMoves(t *testing.T) {
	lacp := func(system byte) craft.Layer {
		b := make([]byte, 110)
		b[0], b[1], b[2], b[3], b[11] = 1, 1, 1, 20, system
		return craft.Payload(b)
	}
	slow := craft.Ethernet{Dst: "01:80:c2:00:00:02", Type: 0x8809}
	for _, tt := range []struct {
		name  string
		scene func(s *bench)
		want  []string // mac, segment, point, end, moves, from, reroutes: rows where it moved
	}{
		{"a frame passes two points", func(s *bench) {
			for ms := 0; ms < 5000; ms += 500 {
				s.at(ms, "p1", between(1, 2)...)
				s.at(ms, "p2", between(1, 2)...)
				s.at(ms+1, "p2", between(2, 1)...)
				s.at(ms+1, "p1", between(2, 1)...)
			}
		}, nil},
		{"a flood after a silence passes all points, not quite in order", func(s *bench) {
			s.at(0, "p1", between(1, 2)...)
			s.at(5000, "p3", craft.Ethernet{Src: mac(1), Dst: everybody}, craft.ARP{})
			s.at(4999, "p1", craft.Ethernet{Src: mac(1), Dst: everybody}, craft.ARP{})
			s.at(5001, "p2", craft.Ethernet{Src: mac(1), Dst: everybody}, craft.ARP{})
			s.at(9000, "p1", between(1, 2)...)
		}, nil},
		{"there and back", func(s *bench) {
			for _, leg := range []struct {
				from  int
				point string
			}{{0, "p1"}, {5000, "p2"}, {10000, "p1"}} {
				for ms := leg.from; ms < leg.from+3000; ms += 500 {
					s.at(ms, leg.point, between(1, 9)...)
				}
			}
		}, []string{mac(1) + " untagged p1 - 1 p2 0", mac(1) + " untagged p2 - 1 p1 0"}},
		{"several go together: the way has changed", func(s *bench) {
			for ms := 0; ms < 6000; ms += 500 {
				point := "l1"
				if ms >= 3000 {
					point = "l2"
				}
				s.at(ms, point, tagged(1, between(1, 2))...)
				s.at(ms+1, point, tagged(2, between(3, 2))...)
			}
		}, []string{mac(1) + " vlan 1 l2 - 0 - 1", mac(3) + " vlan 2 l2 - 0 - 1"}},
		{"members of a bond, by LACP", func(s *bench) {
			s.at(0, "l1", slow, lacp(7))
			s.at(0, "l2", slow, lacp(7))
			s.at(0, "l3", slow, lacp(8))
			s.at(100, "l1", between(1, 2)...)
			s.at(5000, "l2", between(1, 2)...)
			s.at(5500, "l2", between(1, 2)...)
		}, []string{mac(1) + " untagged l2 - 0 - 1"}},
		{"another tunnel end, and back", func(s *bench) {
			s.at(0, "up", overVXLAN(1, 2, 7, between(1, 9))...)
			s.at(1, "up", overVXLAN(3, 2, 7, between(1, 9))...)
			s.at(2, "up", overVXLAN(1, 2, 7, between(1, 9))...)
			s.at(3, "up", overVXLAN(3, 2, 8, between(1, 9))...) // another tenant's
		}, []string{mac(1) + " vxlan 7 up 172.16.0.1 2 172.16.0.3 0"}},
		{"a gateway that is behind every tunnel end", func(s *bench) {
			for n := range 20 {
				s.at(n, "up", overVXLAN(1+n%2, 9, 7, []craft.Layer{craft.Ethernet{Src: mac(1)}, hosts(100+n, 1), craft.UDP{}})...)
			}
		}, nil},
		{"another VLAN", func(s *bench) {
			for n := range 4 {
				s.at(n*1000, "p1", tagged(uint16(5+n/2), between(1, 9))...)
			}
		}, []string{mac(1) + " vlan 6 p1 - 1 vlan 5 0"}},
		{"a router in two VLANs", func(s *bench) {
			for n := range 6 {
				s.at(n*1000, "p1", tagged(uint16(5+n%2), between(1, 9))...)
			}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s bench
			tt.scene(&s)
			table := count(t, "macs", setup{groups: maxGroups}, s.frames)[0]
			names := table.names()
			kept := table.Rows[:0]
			for _, row := range table.Rows {
				moves, reroutes := row[slices.Index(names, "moves")], row[slices.Index(names, "reroutes")]
				if n, some := moves.value.(int64); some && n > 0 || reroutes.value.(int64) > 0 {
					kept = append(kept, row)
				}
			}
			table.Rows = kept
			table.mustSort("mac", "segment", "point")
			wantLines(t, table, "mac segment point end moves moved_from reroutes", tt.want...)
		})
	}
}

func TestUnknownUnicast(t *testing.T) {
	var s bench
	s.at(0, "p1", between(1, 2)...) // 2 is not known yet
	s.at(1, "p1", between(2, 1)...)
	s.at(2, "p1", between(1, 2)...)
	s.at(3, "p1", between(1, 3)...) // nor is 3, ever
	s.at(4, "p1", between(1, 3)...)
	s.at(5, "p1", tagged(5, between(1, 2))...) // nor 2 in VLAN 5
	s.at(6, "p1", craft.Ethernet{Src: mac(1), Dst: everybody}, craft.ARP{})
	wantLines(t, count(t, "macs", setup{groups: maxGroups}, s.frames)[1],
		"segment point macs silent packets unicast unknown unknown_share never_known never_known_share",
		"untagged p1 2 1 6 5 3 0.6 2 0.4",
		"vlan 5 p1 1 1 1 1 1 1 1 1")
}
