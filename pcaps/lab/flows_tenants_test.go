package lab_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/reports"
)

// Tenants, tunnels and VLANs: flows with the same addresses and ports stay apart, and what is one is linked.

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
				if c.State != flows.StateTimeWait && c.State != flows.StateClose || !c.Assured { // closed, or reset behind the answer
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
			if forward != reply && len(c.Segments[0]) == 1 && len(c.Segments[1]) == 1 {
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
		if other.Segment.Name() != "vxlan 5001" || same[0].Packets != one.Packets() || other.Packets() != one.Packets() {
			t.Errorf("%s has %d packets, %s has %d, both have %d", describe(one), one.Packets(), describe(other), other.Packets(), same[0].Packets)
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
			} else if 2*l.Packets < one.Packets() || l.Packets > one.Packets() || other.Bytes() != one.Bytes() { // a flood leaves no room to know all again
				t.Errorf("%s has %d packets, and %d with %s", describe(one), one.Packets(), l.Packets, describe(other))
			} else if oneName := other.Segment.Name() == one.Segment.Name(); oneName != (other.SegmentID() == one.SegmentID()) {
				t.Errorf("%s and %s: segment IDs %s and %s", describe(one), describe(other), one.SegmentID(), other.SegmentID())
			}
		}
		if one.Protocol == tcp {
			conversations++
			if same := links(one, flows.DuplicateOf); len(same) != places[tenant]-1 {
				t.Errorf("%s is linked to %d places", describe(one), len(same))
			}
			if one.Directions[0].Duplicates+one.Directions[1].Duplicates > 0 || one.Directions[0].Counters.Of(flows.TCPRetransmission) > 0 {
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

// The segments of a capture point have all of its frames and bytes.
func TestSegmentsHaveAllFrames(t *testing.T) {
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
			a, b := &c.Directions[flows.Original], &c.Directions[flows.Reply]
			at[c.Segment.Point.Name] = fmt.Sprint(c.Source(), a.Packets, a.Payload, b.Packets, b.Payload, c.State)
			if esp := c.Segment.Point.Name != "lan"; esp && (len(c.IDs) != 2 || c.Parent == 0 || !strings.HasPrefix(c.Segment.Name(), "esp 0x")) {
				t.Errorf("%s: flows %v, in flow %d", describe(&c.Flow), c.IDs, c.Parent)
			}
		}
	}
	if at["lan"] == "" || at["lan"] != at["wan"] || at["lan"] != at["r2"] {
		t.Errorf("%v", at)
	}
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
			if len(l) != 1 || f.byID(t, l[0].Flow).Segment.Path[0].Kind != flows.GREKey || one.Ambiguous || one.Invalid > 0 {
				t.Errorf("%s: %+v, ambiguous is %v", describe(one), one.Links, one.Ambiguous)
			}
		}
	}
	if waiting != 2 {
		t.Errorf("%d wait", waiting)
	}
}
