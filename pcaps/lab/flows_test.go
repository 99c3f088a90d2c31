package lab_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
	return fmt.Sprintf("flow %d %s: protocol %d %s:%d > %s:%d", f.ID, place(f.Segment), f.Protocol, f.Source(), f.Sport, f.Destination(), f.Dport)
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

// Each tenant of the example has a connection of his own in his own encapsulation, with the bytes that he asked for; where the two
// directions have different keys or labels they are one connection nevertheless, and it is said what proves that.
func TestFlowsOfOverlayTenants(t *testing.T) {
	f := follow(t, "overlay", "", flows.Options{})
	pings := echoes(t, "overlay", "ping.txt")
	conversations, communities, segments := map[string]int{}, map[string]map[string]bool{}, map[string]string{}
	for _, row := range truthTable(t, "overlay", "who.tsv") {
		kind, id, source, destination, point := row[0], row[1], row[2], row[3], row[5]
		forward, reply := id, id
		if a, b, two := strings.Cut(id, ", "); two {
			forward, reply = a, b
		} else if a, b, two := strings.Cut(id, "/"); two {
			forward, reply = a, b
		}
		named := func(id string) string {
			switch kind {
			case "gre":
				return fmt.Sprintf("gre key 0x%08x @ %s", number(t, id), point)
			case "qinq":
				outer, inner, _ := strings.Cut(id, ".")
				return "s-vlan " + outer + " / vlan " + inner + " @ " + point
			}
			return kind + " " + id + " @ " + point
		}
		evidence := map[uint8]flows.Evidence{tcp: flows.TCPNumbers, icmp: flows.ICMPSequence, udp: flows.ProvenSegments}
		found := map[uint8]int{}
		for _, c := range f.connections {
			if place(c.Segment) != named(forward) || fmt.Sprint(c.Source()) != source || fmt.Sprint(c.Destination()) != destination {
				continue
			}
			switch {
			case c.Protocol == tcp && c.Sport == 40000 && c.Dport == 80:
				if got := fmt.Sprint(c.Directions[flows.Reply].Payload); got != row[4] {
					t.Errorf("%s: the answer has %s bytes, %s were asked for", describe(&c.Flow), got, row[4])
				}
				if c.State != flows.StateTimeWait || !c.Assured {
					t.Errorf("%s: %s", describe(&c.Flow), c.State)
				}
				conversations[source+point]++
				if communities[source] == nil {
					communities[source] = map[string]bool{}
				}
				communities[source][c.CommunityID()] = true
				if was := segments[c.SegmentID()]; was != "" {
					t.Errorf("%s and %s have one segment ID", describe(&c.Flow), was)
				}
				segments[c.SegmentID()] = describe(&c.Flow)
			case c.Protocol == udp && c.Sport == 40001 && c.Dport == 8080:
			case c.Protocol == icmp && c.Directions[flows.Original].Payload == 56*c.Directions[flows.Original].Packets:
				if want := uint64(pings[destination]); c.Directions[flows.Original].Packets != want || c.Directions[flows.Reply].Packets != want {
					t.Errorf("%s: %d requests, %d replies, the host says %d", describe(&c.Flow), c.Directions[0].Packets, c.Directions[1].Packets, want)
				}
				if tos := c.Directions[flows.Original].TOS; !slices.Equal(tos, []uint8{0x28}) {
					t.Errorf("%s: TOS %x", describe(&c.Flow), tos)
				}
			default:
				continue
			}
			found[c.Protocol]++
			if !c.Replied || c.Midstream || c.Ambiguous {
				t.Errorf("%s: %+v", describe(&c.Flow), c)
			}
			for d, want := range []string{named(forward), named(reply)} {
				if len(c.Segments[d]) != 1 || place(c.Segments[d][0]) != want {
					t.Errorf("%s: its %s direction is not in %s alone", describe(&c.Flow), flows.Direction(d), want)
				}
			}
			line, zones := string(c.AppendConntrack(nil)), []string{fmt.Sprintf(" zone=%d ", c.Segment.ID)}
			if forward != reply {
				zones = []string{fmt.Sprintf(" zone-orig=%d ", c.Segments[0][0].ID), fmt.Sprintf(" zone-reply=%d ", c.Segments[1][0].ID)}
			}
			for _, zone := range zones {
				if !strings.Contains(line, zone) || strings.Count(line, " zone") != len(zones) {
					t.Errorf("%s: no%s in %s", describe(&c.Flow), zone, line)
				}
			}
			for _, l := range c.Links {
				if other := f.byID(t, l.Flow); other.CommunityID() != c.CommunityID() {
					t.Errorf("%s and %s have two community IDs", describe(&c.Flow), describe(other))
				}
			}
			if forward != reply {
				if l := links(&c.Flow, flows.ReplyOf); len(l) != 1 || l[0].Evidence != evidence[c.Protocol] {
					t.Errorf("%s: links %+v", describe(&c.Flow), c.Links)
				}
			}
			if tunnelled := kind != "qinq" && kind != "mpls"; tunnelled != (c.Parent != 0) {
				t.Errorf("%s: the flow around it is %d", describe(&c.Flow), c.Parent)
			} else if tunnelled {
				if around := f.byID(t, c.Parent); !strings.HasPrefix(around.Source().String(), "172.16.1.") || around.Segment.Name() != "untagged" {
					t.Errorf("%s is in %s", describe(&c.Flow), describe(around))
				}
			}
		}
		for protocol := range evidence {
			if found[protocol] != 1 {
				t.Errorf("%s: %d connections of protocol %d", named(forward), found[protocol], protocol)
			}
		}
	}
	if conversations["10.0.0.1uplink"] < 2 || len(communities["10.0.0.1"]) != 1 {
		t.Errorf("conversations %v, community IDs of those alike %v", conversations, communities["10.0.0.1"])
	}
}

var echoed = regexp.MustCompile(`--- (\S+) ping statistics ---\n(\d+) packets transmitted, (\d+) received`)

// echoes are how many replies a host had from each address in one run of ping, where all runs with several had the same.
func echoes(t *testing.T, name, file string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, m := range echoed.FindAllStringSubmatch(truth(t, name, file), -1) {
		all[m[1]] = max(all[m[1]], number(t, m[3]))
	}
	return all
}

// The port of vm1 has the conversation of the tenant with VNI 5001, and of nobody else.
func TestFlowsAtATapAreOneTenants(t *testing.T) {
	f := follow(t, "overlay", "", flows.Options{})
	at := f.of(func(one *flows.Flow) bool { return one.Segment.Point.Name == "tap1" })
	if len(at) < 5 {
		t.Errorf("%d flows", len(at))
	}
	for _, one := range at {
		same := links(one, flows.DuplicateOf)
		if len(same) != 1 {
			t.Errorf("%s: %+v", describe(one), one.Links)
			continue
		}
		other := f.byID(t, same[0].Flow)
		if other.Segment.Name() != "vxlan 5001" || other.Source() != one.Source() || same[0].Packets != one.Packets() || other.Packets() != one.Packets() {
			t.Errorf("%s has %d packets, and %d with %s, which has %d", describe(one), one.Packets(), same[0].Packets, describe(other), other.Packets())
		}
	}
	if tr := f.Translations(); len(tr) != 1 || place(tr[0].A) != "untagged @ tap1" || place(tr[0].B) != "vxlan 5001 @ uplink" || tr[0].Routed {
		t.Errorf("%+v", tr)
	}
}

// Read as NVGRE, the two keys of one virtual subnet are one segment, and its conversations need no links.
func TestFlowsOfNVGRE(t *testing.T) {
	f := followWith(t, "overlay", reports.Options{Dissect: dissect.Options{NVGRE: true}}, "", flows.Options{})
	inside := f.of(func(one *flows.Flow) bool { return one.Segment.Name() == "nvgre 7001" })
	for _, one := range inside {
		if !one.Replied || len(one.Links) > 0 {
			t.Errorf("%s: replied is %v, links %+v", describe(one), one.Replied, one.Links)
		}
	}
	if len(inside) < 3 {
		t.Errorf("%d flows", len(inside))
	}
}

// What the tenants of the tunnel bridge said is found at six places, the same everywhere, and linked to the same tenant's only.
func TestFlowsOfTheTunnelBridge(t *testing.T) {
	const name = "ovs-tunnel"
	f := follow(t, name, "", flows.Options{})
	whose, places := map[string]string{}, map[string]int{}
	for _, row := range truthRows(t, name, "translations.txt") {
		tenant, host, tap, vlan, tunnel, id := row[0], row[1], row[2], row[3], row[4], row[5]
		if tunnel == "gre" {
			id = fmt.Sprintf("key 0x%08x", number(t, id))
		}
		for _, at := range []string{"untagged @ " + tap, "vlan " + vlan + " @ tun-" + host, tunnel + " " + id + " @ phy-" + host} {
			whose[at] = tenant
			places[tenant]++
		}
	}
	conversations := 0
	for i := range f.flows {
		one := &f.flows[i]
		tenant := whose[place(one.Segment)]
		if tenant == "" {
			continue
		}
		for _, l := range one.Links {
			other := f.byID(t, l.Flow)
			if got := whose[place(other.Segment)]; got != tenant || l.Kind != flows.DuplicateOf {
				t.Errorf("%s of %s is %s of %s of %q", describe(one), tenant, l.Kind, describe(other), got)
			} else if l.Packets != one.Packets() || other.Bytes() != one.Bytes() || other.SegmentID() == one.SegmentID() != (other.Segment.Name() == one.Segment.Name()) {
				t.Errorf("%s has %d packets, and %d with %s", describe(one), one.Packets(), l.Packets, describe(other))
			}
		}
		if one.Protocol == tcp {
			conversations++
			if same := links(one, flows.DuplicateOf); len(same) != places[tenant]-1 {
				t.Errorf("%s is linked to %d places", describe(one), len(same))
			}
			if one.Directions[0].Duplicates+one.Directions[1].Duplicates > 0 || one.TCP == nil || one.Directions[0].Counters.Of(flows.TCPRetransmission) > 0 {
				t.Errorf("%s: a copy at another place counts as if it were at this one", describe(one))
			}
		}
	}
	if conversations < 2*18 { // a download and an upload of three tenants, at six places
		t.Errorf("%d conversations", conversations)
	}
	proven := map[string]int{}
	for _, tr := range f.Translations() {
		a, b := whose[place(tr.A)], whose[place(tr.B)]
		if a != b {
			t.Errorf("%s of %q is taken for %s of %q", place(tr.A), a, place(tr.B), b)
		}
		proven[a]++
	}
	for tenant, n := range places {
		if want := n * (n - 1) / 2; proven[tenant] != want {
			t.Errorf("%s: %d pairs of segments are proven to be one network, want %d", tenant, proven[tenant], want)
		}
	}
}

// The VLANs of a customer stay apart inside his service tag, and what is linked is in one of them.
func TestFlowsOfCustomersVLANs(t *testing.T) {
	f := follow(t, "ovs-vlan", `tcp.port == 40000 and (ieee8021ad or frame.interface_name matches "^pc")`, flows.Options{})
	inside := map[string]uint64{}
	for i := range f.flows {
		one := &f.flows[i]
		inside[place(one.Segment)] += one.Packets()
		for _, l := range one.Links {
			if other := f.byID(t, l.Flow); vlanOf(other) != vlanOf(one) {
				t.Errorf("%s is %s of %s", describe(one), l.Kind, describe(other))
			}
		}
	}
	for _, vlan := range []string{"7", "8"} {
		for _, end := range []string{"1", "2"} {
			at, in := inside["vlan "+vlan+" @ pc"+end], inside["s-vlan 200 / vlan "+vlan+" @ t"+end]
			if at == 0 || at != in {
				t.Errorf("VLAN %s: %d packets at pc%s, %d in the service VLAN at t%s", vlan, at, end, in, end)
			}
		}
	}
}

// vlanOf is the innermost tag around a flow.
func vlanOf(f *flows.Flow) uint32 {
	if n := len(f.Segment.Path); n > 0 {
		return f.Segment.Path[n-1].Number
	}
	return 0
}

// What crosses a bond is one connection, on whichever members its packets are: where one end is captured by links, at one site anyway.
func TestFlowsOverBonds(t *testing.T) {
	spread := map[string]bool{"bond-slb": true, "bond-lacp": true}
	for _, name := range []string{"bond-active-backup", "bond-slb", "bond-lacp"} {
		for _, end := range []string{"a", "b", ""} {
			o, means := flows.Options{}, fmt.Sprintf(`frame.interface_name matches "^%s-l"`, end)
			if end == "" {
				o, means = flows.Options{OneSite: true}, ""
			}
			// What the cut or silent member lost has no answer; it is pings only.
			f := follow(t, name, means, o)
			perPort, both, kinds := map[string]int{}, 0, map[flows.Evidence]int{}
			for _, c := range f.connections {
				if c.Protocol == icmp && c.Source().Compare(c.Destination()) > 0 { // h1 to h4 ask, s1 to s4 answer, whatever was captured first
					t.Errorf("%s %s: %s", name, end, describe(&c.Flow))
				}
				if c.Protocol != tcp && c.Protocol != udp {
					continue
				}
				perPort[fmt.Sprint(c.Protocol, c.Source(), c.Sport)]++
				if c.Protocol == tcp && (c.State != flows.StateTimeWait || c.Midstream || c.Invalid > 0 || c.Directions[flows.Reply].Payload != 1500) {
					t.Errorf("%s %s: %s %s, %d bytes back", name, end, describe(&c.Flow), c.State, c.Directions[flows.Reply].Payload)
				}
				if !c.Replied || c.Ambiguous || c.Dport != 9000 && c.Dport != 9001 {
					t.Errorf("%s %s: %s has no answer", name, end, describe(&c.Flow))
				}
				if len(c.IDs) > 1 {
					both++
				}
				for _, l := range c.Links {
					kinds[l.Evidence]++
				}
			}
			if len(perPort) != 16 {
				t.Errorf("%s %s: %d clients' ports", name, end, len(perPort))
			}
			if (both > 0) != (end != "" && spread[name]) {
				t.Errorf("%s %s: %d connections are on both members", name, end, both)
			}
			if end != "" && spread[name] && (kinds[flows.TCPNumbers] == 0 || kinds[flows.ProvenSegments] == 0) {
				t.Errorf("%s %s: evidence %v", name, end, kinds)
			}
		}
	}
}

// Where both ends are captured, or most of them, what cannot be told is left open: no packet counts twice in a connection, and no member's
// frames are taken for those of another one, or of a translator.
func TestBothEndsOfBonds(t *testing.T) {
	for _, name := range []string{"bond-active-backup", "bond-slb", "bond-lacp"} {
		for _, missing := range []string{"", "a-l1", "a-l2", "b-l1", "b-l2"} {
			f := follow(t, name, fmt.Sprintf("not frame.interface_name == %q", missing), flows.Options{})
			for _, c := range f.connections {
				if answer := c.Directions[flows.Reply].Payload; c.Protocol == tcp && answer != 0 && answer != 1500 {
					t.Errorf("%s without %q: %s has an answer of %d bytes", name, missing, describe(&c.Flow), answer)
				}
			}
			for i := range f.flows {
				one := &f.flows[i]
				for _, l := range one.Links {
					if other := f.byID(t, l.Flow); l.Kind == flows.NATOf || l.Kind == flows.DuplicateOf && !oneMember(one, other) {
						t.Errorf("%s without %q: %s is %s of %s", name, missing, describe(one), l.Kind, describe(other))
					}
				}
			}
		}
	}
}

// oneMember tells whether two flows are at the two ends of one member.
func oneMember(a, b *flows.Flow) bool {
	x, y := a.Segment.Point.Name, b.Segment.Point.Name
	return x[0] != y[0] && x[1:] == y[1:]
}

// Each ping has its requests and its replies in one connection at one end of the bond, as many as the host sent and got.
func TestPingsOverBonds(t *testing.T) {
	for _, name := range []string{"bond-slb", "bond-active-backup"} {
		sent := regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`).FindStringSubmatch(truth(t, name, "mend.txt"))
		f := follow(t, name, `icmp and frame.interface_name matches "^a-l"`, flows.Options{OneSite: true})
		last := f.connections[0]
		found := false
		for _, c := range f.connections {
			if fmt.Sprint(c.Directions[flows.Original].Packets) == sent[1] && fmt.Sprint(c.Directions[flows.Reply].Packets) == sent[2] {
				found = true
			}
			last = c
		}
		if !found {
			t.Errorf("%s: no connection has %s requests and %s replies; the last one is %s", name, sent[1], sent[2], describe(&last.Flow))
		}
	}
}

// What a line of conntrack says of each direction.
var (
	conntrackTuple    = regexp.MustCompile(`src=\S+ dst=\S+ (?:sport=\S+ dport=\S+|type=\S+ code=\S+ id=\S+)`)
	conntrackCounters = regexp.MustCompile(`packets=\d+ bytes=\d+`)
)

// The router's connection tracking has each connection's counters and both of its tuples: before the translation on one side, behind it
// on the other. The tracker has a flow with the same numbers on each side, and links the two, which one is behind included.
func TestFlowsAsTheRouterCounts(t *testing.T) {
	except := []string{"44000", "44002", "45300", "53000", "53001", "52003", "81"} // see TestNATBothSides
	f := follow(t, "nat", "", flows.Options{})
	counted := func(c *flows.Connection) string { // without what the router says of the other side, and of time
		line := string(c.AppendConntrack(nil))
		return strings.Join(append(conntrackTuple.FindAllString(line, -1), conntrackCounters.FindAllString(line, -1)...), " ")
	}
	seen := map[string]*flows.Connection{}
	for _, c := range f.connections {
		seen[c.Segment.Point.Name+" "+counted(c)] = c
	}
	translated, compared := 0, 0
	for _, e := range conntrack(t, "nat", "conntrack-end.txt") {
		original, reply := e.tuples[0], e.tuples[1]
		if original["dport"] == "" && original["id"] == "" || slices.Contains(except, original["sport"]) || slices.Contains(except, original["dport"]) {
			continue
		}
		compared++
		counters := " " + strings.Join(conntrackCounters.FindAllString(e.flags, -1), " ")
		tuples := conntrackTuple.FindAllString(e.flags, -1)
		in := seen[side(original["src"])+" "+tuples[0]+" "+mirrored(tuples[0])+counters]
		if in == nil {
			t.Errorf("not on the side where it came in: %s", e.flags)
			continue
		}
		if mirrored(tuples[0]) == tuples[1] || reply["src"] == "203.0.113.1" {
			continue // not translated, or answered by the router itself
		}
		out := seen[side(reply["src"])+" "+mirrored(tuples[1])+" "+tuples[1]+counters]
		if out == nil {
			t.Errorf("not on the side where it went out: %s", e.flags)
			continue
		}
		if e.protocol == "udp" && in.Segment == out.Segment {
			continue // both addresses are others, which a datagram does not prove
		}
		translated++
		for _, way := range []struct {
			from, to *flows.Connection
			after    bool
		}{{in, out, false}, {out, in, true}} {
			l := links(&way.from.Flow, flows.NATOf)
			if len(l) != 1 || l[0].Flow != way.to.ID || l[0].After != way.after || l[0].Packets != way.from.Packets() {
				t.Errorf("%s: links %+v, want nat-of %d with all packets, after is %v", describe(&way.from.Flow), l, way.to.ID, way.after)
			}
		}
		for d := range in.Directions {
			a, b := in.Directions[d].TTL, out.Directions[d].TTL
			if in.Directions[d].Packets > 0 && (a[0] != a[1] || max(a[0], b[0])-min(a[0], b[0]) != 1) {
				t.Errorf("%s: the router takes one from the TTL, which is %d and %d", describe(&in.Flow), a, b)
			}
		}
	}
	if compared < 40 || translated < 30 {
		t.Errorf("%d entries, %d of them translated", compared, translated)
	}
}

// mirrored is the tuple of the answers to what has another one, in conntrack's words.
func mirrored(tuple string) string {
	words := strings.Fields(tuple)
	value := func(i int) string { _, v, _ := strings.Cut(words[i], "="); return v }
	words[0], words[1] = "src="+value(1), "dst="+value(0)
	switch {
	case len(words) == 4:
		words[2], words[3] = "sport="+value(3), "dport="+value(2)
	default:
		words[2] = map[string]string{"8": "type=0", "0": "type=8", "128": "type=129", "129": "type=128"}[value(2)]
	}
	return strings.Join(words, " ")
}

// What is left of each connection's time when the recording ends is what the router says a moment later, less that moment.
func TestTimeoutsAsTheRouterCounts(t *testing.T) {
	except := []string{"45300", "81"} // the kernel does not renew what is sent again
	f := follow(t, "nat", "", flows.Options{})
	left := map[string]time.Duration{}
	for _, c := range f.connections {
		if !c.Ended {
			tuple := conntrackTuple.FindString(string(c.AppendConntrack(nil)))
			left[fmt.Sprint(c.Protocol, " ", tuple)] = c.Remaining
		}
	}
	earliest, latest, compared := math.Inf(1), math.Inf(-1), 0
	var first, last string
	for _, e := range conntrack(t, "nat", "conntrack-end.txt") {
		words := strings.Fields(e.flags)
		remaining, ok := left[words[3]+" "+conntrackTuple.FindString(e.flags)]
		if !ok || slices.Contains(except, e.tuples[0]["sport"]) || slices.Contains(except, e.tuples[0]["dport"]) {
			continue
		}
		compared++
		moment := remaining.Seconds() - float64(number(t, words[4]))
		if moment < earliest {
			earliest, first = moment, e.flags
		}
		if moment > latest {
			latest, last = moment, e.flags
		}
	}
	if compared < 40 || latest-earliest > 1.5 || earliest < -1 {
		t.Errorf("%d entries are %.1f to %.1f seconds later than here:\n%s%s", compared, earliest, latest, first, last)
	}
}

// A tuple that the router saw begin twice is as many flows.
func TestFlowsThatBeginAgain(t *testing.T) {
	f := follow(t, "nat", `frame.interface_name == "lan"`, flows.Options{})
	began := map[string]int{}
	for line := range strings.Lines(truth(t, "nat", "conntrack-E.txt")) {
		if strings.Contains(line, "[NEW]") && strings.Contains(line, " tcp ") && strings.Contains(line, "src=192.168.1.10") {
			began[conntrackTuple.FindString(line)]++
		}
	}
	again := 0
	for tuple, n := range began {
		if strings.Contains(tuple, "44002") { // the router was made to forget it
			continue
		}
		same := f.of(func(one *flows.Flow) bool {
			var c flows.Connection
			c.Alone(one)
			return one.Protocol == tcp && conntrackTuple.FindString(string(c.AppendConntrack(nil))) == tuple
		})
		if n > 1 {
			again++
		}
		if len(same) != n {
			t.Errorf("%s: %d flows, the router saw %d", tuple, len(same), n)
			continue
		}
		for i, one := range same {
			if one.Ended != (i < n-1) {
				t.Errorf("%s: ended is %v of the flow %d of %d", tuple, one.Ended, i+1, n)
			}
		}
	}
	if again < 2 {
		t.Errorf("%d tuples are used again", again)
	}
}

// At the interface any a packet is there at the port, at the bridge and behind the router: the first is counted, the second is a
// duplicate, the third is the other flow's.
func TestFlowsAtAny(t *testing.T) {
	f := follow(t, "nat-any", "", flows.Options{})
	compared := 0
	for _, e := range conntrack(t, "nat-any", "conntrack-end.txt") {
		tuples := conntrackTuple.FindAllString(e.flags, -1)
		for i := range f.flows {
			one := &f.flows[i]
			var c flows.Connection
			c.Alone(one)
			tuple := conntrackTuple.FindString(string(c.AppendConntrack(nil)))
			if tuple != tuples[0] && tuple != mirrored(tuples[1]) {
				continue
			}
			compared++
			from := &one.Directions[flows.Original]
			if fmt.Sprint(from.Packets, from.Bytes) != e.tuples[0]["packets"]+" "+e.tuples[0]["bytes"] {
				t.Errorf("%s: %d packets, %d bytes, the router has %s", describe(one), from.Packets, from.Bytes, e.flags)
			}
			if l := links(one, flows.NATOf); len(l) != 1 || l[0].After != (tuple != tuples[0]) {
				t.Errorf("%s: links %+v", describe(one), one.Links)
			}
		}
	}
	if compared < 10 {
		t.Errorf("%d flows", compared)
	}
	var duplicates, frames uint64
	for i := range f.flows {
		for d := range f.flows[i].Directions {
			duplicates += uint64(f.flows[i].Directions[d].Duplicates)
			frames += f.flows[i].Directions[d].Packets
		}
	}
	if n := uint64(count(t, "nat-any", "tcp or udp or icmp")); duplicates == 0 || duplicates+frames != n {
		t.Errorf("%d packets and %d duplicates of %d frames", frames, duplicates, n)
	}
}

// The NAT that changes IKE's and ESP's ports is seen on both sides, with every packet.
func TestFlowsOfIPsecThroughNAT(t *testing.T) {
	f := follow(t, "ipsec-nat", "udp", flows.Options{})
	behind := f.of(func(one *flows.Flow) bool {
		return one.Segment.Point.Name == "r2" && (one.Dport == 500 || one.Dport == 4500)
	})
	for _, one := range behind {
		l := links(one, flows.NATOf)
		if len(l) != 1 || !l[0].After || l[0].Packets != one.Packets() || f.byID(t, l[0].Flow).Segment.Point.Name != "wan" || one.Sport == one.Dport {
			t.Errorf("%s: %+v", describe(one), one.Links)
		}
	}
	if len(behind) != 2 {
		t.Errorf("%d flows at r2", len(behind))
	}
}

// The sender's sockets say what it sent, the router what it dropped, and every capture point on the way has what is left of it.
func TestFlowsOfLoss(t *testing.T) {
	lossAsTheSocketsCount(t, follow(t, "loss", "", flows.Options{}))
}

// A tracker with little room hands over what leaves: together with what stays it is the same.
func TestFlowsOfLossWithLittleRoom(t *testing.T) {
	all := follow(t, "loss", "", flows.Options{})
	f := follow(t, "loss", "", flows.Options{MaxFlows: 12})
	if len(f.flows) != 12 || f.Counts().Left != uint64(len(f.left)) || len(f.left)+len(f.flows) != len(all.flows) {
		t.Errorf("%d flows remain, %d left, %d are counted as having left", len(f.flows), len(f.left), f.Counts().Left)
	}
	f.flows = append(f.left, f.flows...)
	lossAsTheSocketsCount(t, f)
}

func lossAsTheSocketsCount(t *testing.T, f *followed) {
	t.Helper()
	for _, line := range truthRows(t, "loss", "tcp-info.txt") {
		info := map[string]int{}
		for _, pair := range line {
			name, value, _ := strings.Cut(pair, "=")
			info[name] = number(t, value)
		}
		at := map[string]*flows.Flow{}
		for _, one := range f.of(func(one *flows.Flow) bool { return one.Protocol == tcp && int(one.Dport) == info["port"] }) {
			if at[one.Segment.Point.Name] != nil {
				t.Errorf("%s is not the only one there", describe(one))
			}
			at[one.Segment.Point.Name] = one
		}
		if len(at) != 4 {
			t.Errorf("port %d is at %d places", info["port"], len(at))
			continue
		}
		sent := &at["s0"].Directions[flows.Original]
		if int(sent.Payload) != info["bytes_sent"] {
			t.Errorf("port %d: %d bytes, the socket sent %d", info["port"], sent.Payload, info["bytes_sent"])
		}
		if n := sent.Counters.Of(flows.TCPRetransmission); int(n) != info["total_retrans"] && info["port"] != 5006 && info["port"] != 5007 {
			t.Errorf("port %d: %d retransmissions, the socket counted %d", info["port"], n, info["total_retrans"])
		}
		if int(sent.Payload-sent.Counters.RepeatedBytes) != info["bytes_acked"]-2 && int(sent.Payload-sent.Counters.RepeatedBytes) != info["bytes_acked"]-1 {
			t.Errorf("port %d: %d bytes that are new, the socket says that %d were acknowledged", info["port"], sent.Payload-sent.Counters.RepeatedBytes, info["bytes_acked"])
		}
		for point, one := range at {
			for d, ttl := range []uint8{map[bool]uint8{true: 64, false: 63}[point == "s0" || point == "r0"], map[bool]uint8{true: 64, false: 63}[point == "d0" || point == "r1"]} {
				if tr := &one.Directions[d]; tr.TTL != [2]uint8{ttl, ttl} || tr.Duplicates > 0 || tr.Good+uint64(tr.Unverified) != tr.Packets {
					t.Errorf("%s %s: TTL %d, %d duplicates, %d of %d good", describe(one), flows.Direction(d), tr.TTL, tr.Duplicates, tr.Good, tr.Packets)
				}
			}
			if one.State != flows.StateTimeWait || one.Midstream || one.Flipped {
				t.Errorf("%s: %s", describe(one), one.State)
			}
			if len(f.left) > 0 {
				continue // then the other places may have left before
			}
			same := links(one, flows.DuplicateOf)
			if len(same) != 3 || len(one.Links) != 3 {
				t.Errorf("%s: links %+v", describe(one), one.Links)
			}
			for _, l := range same {
				if other := f.byID(t, l.Flow); l.Packets != min(one.Packets(), other.Packets()) && info["port"] != 5004 && info["port"] != 5005 && info["port"] != 5006 {
					t.Errorf("%s has %d packets, %s has %d, both have %d", describe(one), one.Packets(), describe(other), other.Packets(), l.Packets)
				}
			}
		}
	}
}

// The datagrams that are missing behind the router are those that it dropped.
func TestDatagramsOfLoss(t *testing.T) {
	f := follow(t, "loss", "udp", flows.Options{})
	packets := map[string]uint64{}
	for i := range f.flows {
		if one := &f.flows[i]; one.Dport == 5009 {
			packets[one.Segment.Point.Name] += one.Directions[flows.Original].Packets
		}
	}
	rule := regexp.MustCompile(`udp dport 5009 .* counter packets (\d+)`).FindStringSubmatch(truth(t, "loss", "nft.txt"))
	if lost := packets["r0"] - packets["r1"]; fmt.Sprint(lost) != rule[1] || packets["s0"] != packets["r0"] || packets["r1"] != packets["d0"] {
		t.Errorf("%v, the router dropped %s", packets, rule[1])
	}
}

// A connection that is captured at one place first and then at another is one connection.
func TestFlowsThatContinueElsewhere(t *testing.T) {
	// It is told by TCP's numbers where nothing is on its way from one place to the other: where both have the same packets.
	const port = "tcp.port == 5008 and frame.interface_name in {\"s0\", \"d0\"}"
	seen, ahead := 0, map[string]int{}
	cut := ""
	for _, row := range rows(t, "loss", port, "frame.interface_name", "ip.src", "frame.number") {
		if seen > 2 && ahead["10.1.0.1"] == 0 && ahead["10.2.0.2"] == 0 {
			cut = row[2]
		}
		seen++
		if row[0] == "s0" {
			ahead[row[1]]++
		} else {
			ahead[row[1]]--
		}
		if cut != "" && seen > 20 {
			break
		}
	}
	f := follow(t, "loss", fmt.Sprintf("%s and (frame.interface_name == \"s0\" and frame.number < %s or frame.interface_name == \"d0\" and frame.number >= %s)", port, cut, cut),
		flows.Options{})
	if len(f.connections) != 1 {
		t.Fatalf("%d connections", len(f.connections))
	}
	c := f.connections[0]
	l := links(&c.Flow, flows.ContinuationOf)
	if len(l) != 1 || l[0].Evidence != flows.TCPNumbers || len(c.Segments[0]) != 2 || len(c.Segments[1]) != 2 || c.State != flows.StateTimeWait || c.Midstream {
		t.Errorf("%s %s midstream %v: links %+v", describe(&c.Flow), c.State, c.Midstream, c.Links)
	}
}

// Errors of ICMP belong to the flows that they quote: each is counted once, at its place, as related or as nobody's.
func TestErrorsAreRelated(t *testing.T) {
	const quotes = "icmp.type in {3, 11} or icmpv6.type in {1, 2, 3}"
	for _, name := range []string{"nat", "fragments"} {
		f := follow(t, name, "", flows.Options{})
		errors, related := map[string]int{}, map[string]int{}
		for _, row := range rows(t, name, quotes, "frame.interface_name") {
			errors[row[0]]++
		}
		total := 0
		for i := range f.flows {
			one := &f.flows[i]
			related[one.Segment.Point.Name] += int(one.Related)
			total += int(one.Related)
			if (one.Protocol == icmp || one.Protocol == icmpv6) && one.Directions[flows.Original].Packets == 0 && !one.Midstream {
				t.Errorf("%s: %s began with an answer", name, describe(one))
			}
		}
		all := 0
		for point, n := range errors {
			all += n
			if related[point] > n {
				t.Errorf("%s: %d errors at %s, %d are related to flows", name, n, point, related[point])
			}
		}
		counts := f.Counts()
		if total == 0 || total+int(counts.Unrelated)+quotedFragments(t, name, quotes) != all {
			t.Errorf("%s: %d errors, %d related to flows, %d to none", name, all, total, counts.Unrelated)
		}
	}
	// Who asked a closed port was told so.
	f := follow(t, "nat", "", flows.Options{})
	told := f.of(func(one *flows.Flow) bool { return one.Protocol == udp && one.Dport == 777 })
	for _, one := range told {
		if one.Related != 1 || one.Replied {
			t.Errorf("%s: %d errors", describe(one), one.Related)
		}
	}
	if len(told) != 2 {
		t.Errorf("%d flows to the closed port", len(told))
	}
}

// quotedFragments is how many errors quote what names no flow: a fragment that is not the first.
func quotedFragments(t *testing.T, name, quotes string) int {
	t.Helper()
	return count(t, name, "("+quotes+") and (inner.ip.frag_offset > 0 or ipv6.fraghdr.offset > 0)")
}

// A datagram counts once, with all of its bytes, and its fragments as fragments, at every point that has them all.
func TestFlowsOfFragments(t *testing.T) {
	f := follow(t, "fragments", "icmp.type == 8 or icmp.type == 0 or udp or outer.ip.frag_offset > 0 or outer.ip.flags.mf == 1", flows.Options{})
	echo := f.of(func(one *flows.Flow) bool {
		return one.Protocol == icmp && one.Directions[0].Packets > 0 && one.Directions[0].Payload/one.Directions[0].Packets > 3000
	})
	sent := regexp.MustCompile(`-s 4000 (\S+)\nPING .* 4000\((\d+)\) (?:.*\n)+?(\d+) packets transmitted, (\d+) received`).FindStringSubmatch(truth(t, "fragments", "probes.txt"))
	if sent == nil || len(echo) != 5 {
		t.Fatalf("%d flows of long pings", len(echo))
	}
	for _, one := range echo {
		for d, packets := range sent[3:5] {
			tr := &one.Directions[d]
			if fmt.Sprint(tr.Packets) != packets || tr.Bytes != tr.Packets*uint64(number(t, sent[2])) || uint64(tr.Fragments) < 3*tr.Packets {
				t.Errorf("%s: %+v, the host says %q", describe(one), tr, sent[2:])
			}
		}
	}
	points := map[string]bool{}
	for i := range f.flows {
		points[f.flows[i].Segment.Point.Name] = true
	}
	for point := range points {
		var whole uint64
		for _, one := range f.of(func(one *flows.Flow) bool { return one.Protocol == icmp && one.Segment.Point.Name == point }) {
			whole += uint64(one.Directions[0].Fragments + one.Directions[1].Fragments)
		}
		frames := count(t, "fragments", fmt.Sprintf("frame.interface_name == %q and outer.ip.proto == 1 and (outer.ip.frag_offset > 0 or outer.ip.flags.mf == 1)", point))
		if whole != uint64(frames) || frames == 0 {
			t.Errorf("%s: %d fragments of pings, the flows have %d", point, frames, whole)
		}
	}
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

// Segments have the frames and bytes that the switches counted at their ports.
func TestSegmentsAsThePortsCount(t *testing.T) {
	f := follow(t, "ovs-vlan", "ip", flows.Options{})
	got := map[string]portCounters{}
	for i := range f.flows {
		s := f.flows[i].Segment
		got[place(s)] = portCounters{int(s.Packets), int(s.Bytes)}
	}
	points := map[string]portCounters{}
	for at, n := range got {
		_, point, _ := strings.Cut(at, " @ ")
		points[point] = portCounters{points[point].packets + n.packets, points[point].bytes + n.bytes}
	}
	compared := 0
	for _, row := range by(t, "ovs-vlan", "ip", "frame.interface_name", "packets,bytes") {
		compared++
		if want := (portCounters{number(t, row["packets"]), number(t, row["bytes"])}); points[row["frame.interface_name"]] != want {
			t.Errorf("%s: %+v in segments, %+v in all", row["frame.interface_name"], points[row["frame.interface_name"]], want)
		}
	}
	if compared < 4 {
		t.Errorf("%d points", compared)
	}
}

// The conversation over each encapsulation is in a segment that has the name of what the switch was told to put around it, with the packets
// that it has at vm1's port.
func TestFlowsOfEncapsulations(t *testing.T) {
	const name = "ovs-encaps"
	f := follow(t, name, "", flows.Options{})
	set := regexp.MustCompile(`set_field:(\w+)->(tun_id|mpls_label)`)
	compared := 0
	for _, row := range truthRows(t, name, "encaps.txt") {
		what, port, answered, kind, told := row[0], row[1], row[2], strings.TrimRight(row[3], "12"), strings.Join(row[3:], " ")
		if answered == "no" || what == "nsh" {
			continue
		}
		point, segment := "phy-a", "tunnel 192.0.2.1~192.0.2.2"
		numbers := set.FindAllStringSubmatch(told, -1)
		switch {
		case strings.HasPrefix(what, "mpls"):
			point, segment = "mpls-a", ""
			for _, m := range numbers { // the one that is pushed last is on top
				segment = "/" + m[1] + segment
			}
			segment = "mpls " + segment[1:]
			if strings.Contains(told, "push_vlan") {
				segment = "vlan 100 / " + segment
			}
		case len(numbers) == 0:
		case kind == "gre":
			segment = fmt.Sprintf("gre key 0x%08x", number(t, numbers[0][1]))
		default:
			segment = fmt.Sprintf("%s %d", kind, number(t, numbers[0][1]))
		}
		for _, inside := range f.of(func(one *flows.Flow) bool {
			return one.Segment.Point.Name == point && (fmt.Sprint(one.Sport) == port || fmt.Sprint(one.Dport) == port)
		}) {
			compared++
			if inside.Segment.Name() != segment {
				t.Errorf("%s: %s, want %s", what, describe(inside), segment)
			}
			same := f.of(func(one *flows.Flow) bool { return one.Segment.Point.Name == "tap-a" && one.Tuple == inside.Tuple })
			if len(same) != 1 || same[0].Packets() != inside.Packets() || same[0].Bytes() != inside.Bytes() {
				t.Errorf("%s: %s has %d packets, at tap-a are %d such flows", what, describe(inside), inside.Packets(), len(same))
			}
		}
	}
	if compared < 2*15 { // TCP and UDP
		t.Errorf("only %d flows are in encapsulations", compared)
	}
}

// In TRILL, VLANs and fine-grained labels are three networks.
func TestFlowsOfFineGrainedLabels(t *testing.T) {
	f := follow(t, "trill", "tcp", flows.Options{})
	var segments []string
	for i := range f.flows {
		segments = append(segments, f.flows[i].Segment.Name())
		if f.flows[i].State != flows.StateTimeWait {
			t.Errorf("%s: %s", describe(&f.flows[i]), f.flows[i].State)
		}
	}
	slices.Sort(segments)
	if want := []string{"fgl 73729", "fgl 73730", "trill vlan 300"}; !slices.Equal(segments, want) {
		t.Errorf("segments %v", segments)
	}
}

// The two security associations of a tunnel are one connection in each direction, if what is in them can be read.
func TestFlowsInESP(t *testing.T) {
	f := followWith(t, "ipsec-null", reports.Options{Dissect: dissect.Options{NullESP: true}}, "", flows.Options{})
	at := map[string]string{}
	for _, c := range f.connections {
		if c.Protocol == tcp {
			at[c.Segment.Point.Name] = fmt.Sprint(c.Source(), c.Directions[0].Packets, c.Directions[0].Payload, c.Directions[1].Packets, c.Directions[1].Payload, c.State)
			if esp := c.Segment.Point.Name != "lan"; esp && (len(c.IDs) != 2 || c.Parent == 0 || !strings.HasPrefix(c.Segment.Name(), "esp 0x")) {
				t.Errorf("%s: flows %v, in flow %d", describe(&c.Flow), c.IDs, c.Parent)
			}
		}
	}
	if at["lan"] == "" || at["lan"] != at["wan"] || at["lan"] != at["r2"] {
		t.Errorf("%v", at)
	}
}

// The segment whose bit was flipped is counted as bad, and moves no state: it comes again.
func TestFlowOfTheFlippedBit(t *testing.T) {
	f := follow(t, "overlay", "", flows.Options{})
	at := f.of(func(one *flows.Flow) bool { return one.Protocol == tcp && one.Sport == 40002 })
	for _, one := range at {
		back := &one.Directions[flows.Reply]
		if back.Bad != 1 || back.Good != back.Packets-1 || one.Directions[flows.Original].Bad != 0 || one.Invalid != 1 || one.State != flows.StateTimeWait ||
			back.Counters.Of(flows.TCPRetransmission) != 1 {
			t.Errorf("%s %s: %d of %d packets are bad, %d invalid", describe(one), one.State, back.Bad, back.Packets, one.Invalid)
		}
	}
	if len(at) != 2 {
		t.Errorf("%d flows", len(at))
	}
}

// Who listens at a well-known port is not taken for the client because his packet is the first one that was captured.
func TestFlowsOfTheMiddle(t *testing.T) {
	const answers = `frame.interface_name == "core" and tcp.srcport == 80 and tcp.len > 0`
	first := rows(t, "overlay", answers, "frame.number")[0][0]
	f := follow(t, "overlay", `frame.interface_name == "core" and tcp and frame.number >= `+first, flows.Options{})
	one := &f.flows[0]
	var c flows.Connection
	c.Alone(one)
	if one.Dport != 80 || !one.Midstream || one.Directions[flows.Reply].First > one.Directions[flows.Original].First {
		t.Errorf("%s, midstream is %v", describe(one), one.Midstream)
	}
	// conntrack knows no ports, and takes who was first for the original.
	if line := string(c.AppendConntrack(nil)); !strings.Contains(line, "sport=80 dport=40000 packets=") || strings.Index(line, "sport=80") > strings.Index(line, "dport=80") {
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
		for _, row := range rows(t, name, plain, "frame.interface_name", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "ip.dsfield", "ip.ttl") {
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
				if got := strings.Trim(fmt.Sprint(tr.TOS), "[]"); got != strings.Join(tos[key], " ") || tr.MoreTOS || int(tr.TTL[0]) != lowest || int(tr.TTL[1]) != highest {
					t.Errorf("%s %s: TOS %s, TTL %d, the packets have %v and %v", describe(one), flows.Direction(d), got, tr.TTL, tos[key], ttl[key])
				}
			}
		}
	}
	if several < 3 {
		t.Errorf("%d directions have several values", several)
	}
}

// When the same ports are used again after the timeout, in a later recording of the same hosts, that is another flow.
func TestFlowsEndAsTimePasses(t *testing.T) {
	const means = `udp.port >= 41001 and udp.port <= 41008`
	whole := follow(t, "bond-active-backup bond-lacp", means, flows.Options{OneSite: true})
	apart := map[uint16][]int64{}
	for _, name := range []string{"bond-active-backup", "bond-lacp"} {
		alone := follow(t, name, means, flows.Options{OneSite: true})
		for i := range alone.flows {
			one := &alone.flows[i]
			apart[one.Sport] = append(apart[one.Sport], one.First(), one.Last())
		}
	}
	ended := 0
	for port, times := range apart {
		same := whole.of(func(one *flows.Flow) bool { return one.Sport == port })
		want := 1
		if len(times) != 4 {
			t.Fatalf("port %d: %d times", port, len(times))
		}
		if time.Duration(times[2]-times[1]) > 30*time.Second { // of UDP that is no stream
			want = 2
			ended++
		}
		if len(same) != want || want == 2 && (!same[0].Ended || same[1].Ended) {
			t.Errorf("port %d: %d flows, %s apart", port, len(same), time.Duration(times[2]-times[1]))
		}
	}
	t.Logf("%d of %d flows ended", ended, len(apart))
}

// One place where a packet is in two segments proves nothing of either: they might be two tenants' who send alike.
func TestFlowsAtOnePlaceAreNoCopies(t *testing.T) {
	const means = `frame.interface_name in {"tap1", "tun-a", "phy-a"} and not arp`
	host := &dissect.Point{ID: 100, Name: "host", Link: 1}
	f := followAt(t, map[string]*dissect.Point{"tun-a": host, "phy-a": host}, "ovs-tunnel", reports.Options{}, means, flows.Options{})
	inside := 0
	for i := range f.flows {
		one := &f.flows[i]
		if same := links(one, flows.DuplicateOf); len(same) > 0 {
			t.Errorf("%s: %+v", describe(one), same)
		}
		if one.Protocol == tcp {
			inside++
		}
	}
	if all := f.Translations(); len(all) > 0 || inside < 2*7 { // a download and an upload: at tap1, and of three tenants in two segments
		t.Errorf("%d connections, translations %+v", inside, all)
	}
}

// One packet at two places may be chance, and proves nothing as long as no others are.
func TestOnePacketIsNoProof(t *testing.T) {
	f := follow(t, "overlay", "udp.dstport == 9 and not icmp", flows.Options{})
	if len(f.Translations()) > 0 {
		t.Errorf("%+v", f.Translations())
	}
	at := f.of(func(one *flows.Flow) bool { return one.Dport == 9 })
	for _, one := range at {
		if len(one.Links) > 0 {
			t.Errorf("%s: %+v", describe(one), one.Links)
		}
	}
	if len(at) != 2 {
		t.Errorf("%d flows", len(at))
	}
}

// Answers go to him who asked, even if another tenant waits for some at the same ports: TCP's numbers tell.
func TestAnswersOfAnotherTenant(t *testing.T) {
	f := follow(t, "overlay", `frame.interface_name == "uplink" and not (vxlan and tcp.srcport == 80)`, flows.Options{})
	waiting := 0
	for _, one := range f.of(func(one *flows.Flow) bool { return one.Protocol == tcp && one.Sport == 40000 && one.Dport == 80 }) {
		kind := one.Segment.Path[0].Kind
		switch l := links(one, flows.ReplyOf); {
		case kind == flows.VXLANVNI:
			waiting++
			if len(one.Links) > 0 || one.Replied {
				t.Errorf("%s: %+v", describe(one), one.Links)
			}
		case kind == flows.GREKey && one.Source().String() == "10.0.0.1":
			if len(l) != 1 || f.byID(t, l[0].Flow).Segment.Path[0].Kind != flows.GREKey || one.Ambiguous {
				t.Errorf("%s: %+v, ambiguous is %v", describe(one), one.Links, one.Ambiguous)
			}
		}
	}
	if waiting != 2 {
		t.Errorf("%d wait", waiting)
	}
}

// Which side of a translator is behind it is told from answers alone, too.
func TestTranslationsOfAnswers(t *testing.T) {
	f := follow(t, "nat", "tcp.srcport == 80 and ip.src == 203.0.113.100", flows.Options{})
	inside := f.of(func(one *flows.Flow) bool {
		return strings.HasPrefix(one.Source().String(), "192.168.1.1") && one.Segment.Point.Name == "lan"
	})
	for _, one := range inside {
		l := links(one, flows.NATOf)
		if one.Source().String() == "192.168.1.12" { // leaves with its own address
			continue
		}
		if len(l) != 1 || l[0].After {
			t.Errorf("%s: %+v", describe(one), one.Links)
		}
	}
	if len(inside) < 4 {
		t.Errorf("%d flows", len(inside))
	}
}

// A checksum that the card owes is neither good nor bad.
func TestFlowsOfOffload(t *testing.T) {
	f := follow(t, "offload", "", flows.Options{})
	owed, unverified := count(t, "offload", `pktscope.checksum.verdict == "offload" and (tcp or udp) and not icmp`), 0
	for i := range f.flows {
		for d := range f.flows[i].Directions {
			tr := &f.flows[i].Directions[d]
			unverified += int(tr.Unverified)
			if tr.Bad > 0 || tr.Good+uint64(tr.Unverified) != tr.Packets {
				t.Errorf("%s: %d good, %d bad, %d unverified", describe(&f.flows[i]), tr.Good, tr.Bad, tr.Unverified)
			}
		}
	}
	if owed == 0 || owed != unverified {
		t.Errorf("%d checksums are owed, the flows have %d", owed, unverified)
	}
}
