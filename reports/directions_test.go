package reports

import (
	"net/netip"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// talk is a request of 100 bytes of IP and an answer of 228, between two addresses.
func talk(s *bench, ms int, point, from, to string, port uint16, around ...craft.Layer) {
	request := []craft.Layer{craft.IPv4{Src: from, Dst: to}, craft.UDP{Src: port, Dst: 53}, craft.Payload(make([]byte, 72))}
	reply := []craft.Layer{craft.IPv4{Src: to, Dst: from}, craft.UDP{Src: 53, Dst: port}, craft.Payload(make([]byte, 200))}
	if around == nil {
		around = []craft.Layer{craft.Ethernet{}}
	}
	s.at(ms, point, append(around[:len(around):len(around)], request...)...)
	s.at(ms+1, point, append(around[:len(around):len(around)], reply...)...)
}

func directionsOf(t *testing.T, o DirectionOptions, s *bench) []*Table {
	t.Helper()
	return count(t, "directions", setup{groups: maxGroups, directions: o}, s.frames)
}

func TestDirections(t *testing.T) {
	var s bench
	talk(&s, 0, "p", "10.0.0.1", "10.0.0.2", 1000)
	talk(&s, 10, "p", "10.0.0.1", "8.8.8.8", 1001)
	talk(&s, 20, "p", "9.9.9.9", "10.0.0.1", 1002) // from the outside
	talk(&s, 30, "p", "9.9.9.9", "8.8.8.8", 1003)
	talk(&s, 40, "p", "10.0.0.1", "10.0.0.2", 1004, craft.Ethernet{}, craft.VLAN{ID: 5})
	s.at(50, "p", craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "239.1.1.1"}, craft.UDP{Src: 5, Dst: 6}, craft.Payload(make([]byte, 72)))
	s.at(60, "p", craft.Ethernet{}, craft.ARP{})
	tables := directionsOf(t, DirectionOptions{}, &s)
	wantLines(t, tables[0], "direction scope packets bytes bytes_share flows bytes_out bytes_in",
		"east-west within a tenant 4 656 0.377011 2 - -",
		"north-south to the outside 4 656 0.377011 2 328 328",
		"transit neither end is inside 2 328 0.188506 1 - -",
		"east-west to a group 1 100 0.057471 1 - -")
	wantLines(t, tables[1], "tenant direction scope peer packets bytes flows",
		"untagged north-south to the outside - 4 656 2",
		"untagged east-west within a tenant - 2 328 1",
		"untagged transit neither end is inside - 2 328 1",
		"vlan 5 east-west within a tenant - 2 328 1",
		"untagged east-west to a group - 1 100 1")
	wantLines(t, tables[2], "from to")
	if len(tables[0].Notes) != 1 {
		t.Errorf("notes %q", tables[0].Notes)
	}

	sites, err := ParseSites("9.9.9.0/24,8.8.8.8")
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, directionsOf(t, DirectionOptions{Sites: sites}, &s)[0], "direction scope packets bytes_out bytes_in",
		"north-south to the outside 4 328 328", "transit neither end is inside 4 - -", "east-west within a tenant 2 - -", "east-west to a group 1 - -")
}

// TestDirectionsCountOnce has packets at four places: at both hosts, and in a tunnel at both of its ends. Each counts once, and the tunnel's ends
// are known all the same.
func TestDirectionsCountOnce(t *testing.T) {
	var s bench
	for n := range 20 {
		ms := 10 * n
		request := func(outer craft.IPv4, around ...craft.Layer) []craft.Layer {
			return append(around, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: uint16(n + 1)}, craft.UDP{Src: 1000, Dst: 53}, craft.Payload{byte(n)})
		}
		reply := func(around ...craft.Layer) []craft.Layer {
			return append(around, craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1", ID: uint16(n + 1)}, craft.UDP{Src: 53, Dst: 1000}, craft.Payload{byte(n), 1})
		}
		there := []craft.Layer{eth1, ends(1, 2), craft.UDP{Src: 50000}, craft.VXLAN{VNI: 7}, eth1}
		back := []craft.Layer{eth1, ends(2, 1), craft.UDP{Src: 50001}, craft.VXLAN{VNI: 7}, eth1}
		for i, point := range []string{"tap1", "up1", "up2", "tap2"} {
			around := there
			if point[0] == 't' {
				around = []craft.Layer{eth1}
			}
			s.at(ms+i, point, request(craft.IPv4{}, around[:len(around):len(around)]...)...)
		}
		for i, point := range []string{"tap2", "up2", "up1", "tap1"} {
			around := back
			if point[0] == 't' {
				around = []craft.Layer{eth1}
			}
			s.at(ms+4+i, point, reply(around[:len(around):len(around)]...)...)
		}
	}
	tables := directionsOf(t, DirectionOptions{}, &s)
	wantLines(t, tables[0], "direction scope packets bytes flows", "east-west within a tenant 40 1180 1")
	wantLines(t, tables[1], "tenant packets", "vxlan 7 40")
	wantLines(t, tables[2], "from to packets bytes flows", "172.16.0.2 172.16.0.1 20 600 1", "172.16.0.1 172.16.0.2 20 580 1")

	racks := DirectionOptions{Racks: []Rack{{netip.MustParsePrefix("172.16.0.0/24"), "far"}, {netip.MustParsePrefix("172.16.0.1/32"), "a"}}}
	wantLines(t, directionsOf(t, racks, &s)[2], "from to packets", "far a 20", "a far 20")
	racks = DirectionOptions{Racks: []Rack{{netip.MustParsePrefix("172.16.0.1/32"), "a"}, {netip.MustParsePrefix("172.16.0.2/32"), "a"}}}
	wantLines(t, directionsOf(t, racks, &s)[2], "from to packets", "a a 40")
}

// TestDirectionsBetweenTenants has a router between two VLANs, of which both sides are captured.
func TestDirectionsBetweenTenants(t *testing.T) {
	var s bench
	for n := range 20 {
		for i, vlan := range []uint16{1, 2} {
			ip := craft.IPv4{Src: "10.1.0.1", Dst: "10.2.0.1", ID: uint16(n + 1), TTL: uint8(64 - i)}
			s.at(10*n+i, []string{"inside", "outside"}[i], craft.Ethernet{Src: mac(10 + i), Dst: mac(20 + i)}, craft.VLAN{ID: vlan}, ip, craft.UDP{Src: 1000, Dst: 53}, craft.Payload{byte(n)})
		}
	}
	tables := directionsOf(t, DirectionOptions{}, &s)
	wantLines(t, tables[1], "tenant direction scope peer packets flows", "vlan 1 east-west between tenants vlan 2 20 1")
}

// TestDirectionsOfThoseThatLeft lets flows leave early: all are counted as they are without a limit.
func TestDirectionsOfThoseThatLeft(t *testing.T) {
	var s bench
	for n := range 100 {
		talk(&s, 10*n, "p", "10.0.0.1", "8.8.8.8", uint16(1000+n))
		talk(&s, 10*n+5, "p", "10.0.0.1", "10.0.0.2", uint16(1000+n), eth1, ends(1, 2), craft.GRE{})
	}
	want := directionsOf(t, DirectionOptions{}, &s)
	limited := setup{groups: maxGroups, flows: newTracking(flows.Options{MaxFlows: 10})}
	r := newDirections(limited)
	playParts(t, limited, nil, nil, 1, Options{}, s.frames)
	if limited.flows.Counts().Left == 0 {
		t.Fatal("none left")
	}
	got := r.Snapshot()
	for i := range want {
		columns := "packets bytes flows"
		wantLines(t, got[i], columns, lines(want[i], "packets", "bytes", "flows")...)
	}
}

func TestParseSites(t *testing.T) {
	for _, text := range []string{"", "10.0.0.1/8", "ten", "10.0.0.0/33"} {
		if _, err := ParseSites(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	for _, text := range []string{"10.0.0.0/8", "=a", "10.0.0.0/8=", "10.0.0.1/8=a"} {
		if _, err := ParseRack(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
