package lab_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/pcaps"
	"pktscope/reports"
)

// What the tracker makes of recordings, held to what the systems in them said: routers' connection tracking, sockets, switches, hosts.

// followed is the flows of a recording.
type followed struct {
	*flows.Tracker
	left        []flows.Flow // because of a limit
	flows       []flows.Flow // the others
	connections []*flows.Connection
}

// follow plays those packets of a recording that a filter means, all if it is empty, into a tracker. There may be several recordings, with
// blanks between their names.
func follow(t *testing.T, name, means string, o flows.Options) *followed {
	t.Helper()
	return followWith(t, name, reports.Options{}, means, o)
}

func followWith(t *testing.T, name string, how reports.Options, means string, o flows.Options) *followed {
	t.Helper()
	return followAt(t, nil, name, how, means, o)
}

// followAt is followWith, and takes some capture points for others.
func followAt(t *testing.T, instead map[string]*dissect.Point, name string, how reports.Options, means string, o flows.Options) *followed {
	t.Helper()
	var files []string
	for _, one := range strings.Fields(name) {
		files = append(files, "corpus:"+one)
	}
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	f := &followed{}
	o.Left = func(one *flows.Flow) { f.left = append(f.left, keep(one)) }
	f.Tracker = flows.NewTracker(o)
	if means != "" {
		if how.Filter, err = filter.Compile(means); err != nil {
			t.Fatal(err)
		}
	}
	how.Dissect.Cookie = -1
	reader := flows.NewReader()
	var b flows.Batch
	err = reports.Read(src, how, consumer(func(p *dissect.Packet) {
		b.Reset()
		if other := instead[p.Point.Name]; other != nil {
			p.Point = other
		}
		reader.Read(p, &b)
		f.Play(reader, &b)
	}))
	if err != nil {
		t.Fatal(err)
	}
	f.Flows(func(one *flows.Flow) bool {
		f.flows = append(f.flows, keep(one))
		return true
	})
	f.Connections(func(c *flows.Connection) bool {
		f.connections = append(f.connections, c.Clone())
		return true
	})
	return f
}

// keep is a copy that stays good.
func keep(f *flows.Flow) flows.Flow {
	kept := *f
	kept.Links = slices.Clone(f.Links)
	for d := range kept.Directions {
		kept.Directions[d].TOS = slices.Clone(f.Directions[d].TOS)
	}
	return kept
}

// byID is a flow that did not leave.
func (f *followed) byID(t *testing.T, id uint32) *flows.Flow {
	t.Helper()
	for i := range f.flows {
		if f.flows[i].ID == id {
			return &f.flows[i]
		}
	}
	t.Fatalf("no flow %d", id)
	return nil
}

// of is the flows for which a condition is true.
func (f *followed) of(condition func(*flows.Flow) bool) (all []*flows.Flow) {
	for i := range f.flows {
		if condition(&f.flows[i]) {
			all = append(all, &f.flows[i])
		}
	}
	return all
}

// place is where a flow was seen: its segment with the capture point.
func place(s *flows.Segment) string { return s.Name() + " @ " + s.Point.Name }

func describe(f *flows.Flow) string {
	return fmt.Sprintf("flow %d %s: protocol %d %s:%d > %s:%d",
		f.ID, place(f.Segment), f.Protocol, f.Source(), f.Sport, f.Destination(), f.Dport)
}

const (
	icmp   = 1
	tcp    = 6
	udp    = 17
	icmpv6 = 58
)

// links are those of a flow of one kind.
func links(f *flows.Flow, kind flows.LinkKind) (all []flows.Link) {
	for _, l := range f.Links {
		if l.Kind == kind {
			all = append(all, l)
		}
	}
	return all
}

// Names that are asked of DNS are those that the server logged, and the answers' codes those that the client was told.
func TestNamesAsTheServerLogged(t *testing.T) {
	f := follow(t, "dhcp", `frame.interface_name == "uplink"`, flows.Options{})
	asked, logged := map[string]int{}, map[string]int{}
	for i := range f.flows {
		one := &f.flows[i]
		if one.DNS == nil {
			continue
		}
		asked[one.DNS.Name] += int(one.DNS.Queries)
		if one.DNS.Type.String() != "A" || one.DNS.Responses != one.DNS.Queries || one.DNS.Time.Count != one.DNS.Queries {
			t.Errorf("%s: %+v", describe(one), one.DNS)
		}
		if refused := strings.Contains(truth(t, "dhcp", "nslookup.txt"), "can't find "+one.DNS.Name+": NXDOMAIN"); refused != (one.DNS.Code == 3) {
			t.Errorf("%s %s: code %d", describe(one), one.DNS.Name, one.DNS.Code)
		}
	}
	for _, m := range regexp.MustCompile(`query\[(\w+)\] (\S+) from`).FindAllStringSubmatch(truth(t, "dhcp", "dnsmasq.txt"), -1) {
		logged[m[2]]++
	}
	if len(logged) < 4 || fmt.Sprint(asked) != fmt.Sprint(logged) {
		t.Errorf("asked %v, the server logged %v", asked, logged)
	}
}

// A storm of ARP is no flow, and the pings around it are as many as the host sent.
func TestFlowsOfStorm(t *testing.T) {
	f := follow(t, "storm", "", flows.Options{})
	if arp := count(t, "storm", "not ip and not ipv6"); f.Counts().NoIP != uint64(arp) || arp < 100 {
		t.Errorf("%d packets without IP, %d are counted", arp, f.Counts().NoIP)
	}
	for _, file := range []string{"before.txt", "after.txt"} {
		m := received.FindStringSubmatch(truth(t, "storm", file))
		same := f.of(func(one *flows.Flow) bool {
			return one.Protocol == icmp && one.Segment.Point.Name == "p1" &&
				fmt.Sprint(one.Directions[flows.Original].Packets, one.Directions[flows.Reply].Packets) == m[1]+" "+m[2]
		})
		if len(same) != 1 {
			t.Errorf("%d flows at h1's port have %s requests and %s replies", len(same), m[1], m[2])
		}
	}
}

// Who listens at a well-known port is not taken for the client because his packet is the first one that was captured.
func TestFlowsOfTheMiddle(t *testing.T) {
	const answers = `frame.interface_name == "core" and ieee8021ad and tcp.srcport == 80 and tcp.len > 0` // tags are the same both ways
	first := rows(t, "overlay", answers, "frame.number")[0][0]
	f := follow(t, "overlay", `frame.interface_name == "core" and tcp and frame.number >= `+first, flows.Options{})
	one := &f.flows[0]
	var c flows.Connection
	c.Alone(one)
	if one.Dport != 80 || !one.Midstream || one.Directions[flows.Reply].First > one.Directions[flows.Original].First {
		t.Errorf("%s, midstream is %v", describe(one), one.Midstream)
	}
	// conntrack knows no ports, and takes who was first for the original.
	line := string(c.AppendConntrack(nil))
	if i := strings.Index(line, "sport=80 dport=40000"); i < 0 || i > strings.Index(line, "sport=40000 dport=80") {
		t.Error(line)
	}
}

// Values of TOS and TTL are those of a flow's packets.
func TestFlowsHaveWhatTheirPacketsHave(t *testing.T) {
	several := 0
	for _, name := range []string{"dhcp", "frr", "qos-pfifo-fast"} {
		const plain = "ip and (tcp or udp) and not icmp and not vxlan and not mpls"
		tos, ttl := map[string][]string{}, map[string][]string{}
		put := func(all map[string][]string, key, value string) {
			if !slices.Contains(all[key], value) {
				all[key] = append(all[key], value)
			}
		}
		for _, row := range rows(t, name, plain, "frame.interface_name", "ip.src", "ip.dst",
			"tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "ip.dsfield", "ip.ttl") {
			key := fmt.Sprintf("%s %s:%s > %s:%s", row[0], row[1], row[3]+row[5], row[2], row[4]+row[6])
			put(tos, key, fmt.Sprint(number(t, row[7])))
			put(ttl, key, row[8])
		}
		f := follow(t, name, plain, flows.Options{})
		for i := range f.flows {
			one := &f.flows[i]
			for d, tuple := range []flows.Tuple{one.Tuple, one.Reverse()} {
				key := fmt.Sprintf("%s %s:%d > %s:%d", one.Segment.Point.Name, tuple.Source(), tuple.Sport, tuple.Destination(), tuple.Dport)
				tr := &one.Directions[d]
				if tr.Packets == 0 {
					continue
				}
				if len(tos[key]) > 1 || len(ttl[key]) > 1 {
					several++
				}
				var lowest, highest = 255, 0
				for _, value := range ttl[key] {
					lowest, highest = min(lowest, number(t, value)), max(highest, number(t, value))
				}
				got := strings.Trim(fmt.Sprint(tr.TOS), "[]")
				if got != strings.Join(tos[key], " ") || tr.MoreTOS || int(tr.TTL[0]) != lowest || int(tr.TTL[1]) != highest {
					t.Errorf("%s %s: TOS %s, TTL %d, the packets have %v and %v", describe(one), flows.Direction(d), got, tr.TTL, tos[key], ttl[key])
				}
			}
		}
	}
	if several < 3 {
		t.Errorf("%d directions have several values", several)
	}
}
