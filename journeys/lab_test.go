package journeys_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/journeys"
	"pktscope/pcaps"
)

// What real systems say of packets that were recorded at several points of them. The project's own recordings are in pcaps/testdata, what
// their systems counted in its folder truth; PKTSCOPE_SHARED is a folder with others.

// recorded follows the packets of recordings, and shows each packet to see.
func recorded(t *testing.T, see func(*dissect.Packet), files ...string) *journeys.Follower {
	t.Helper()
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			t.Skip(err)
		}
	}
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder, resolver := config.NewDecoder(), config.NewResolver()
	points := map[*pcaps.Interface]*dissect.Point{}
	f := journeys.NewFollower(journeys.Options{Files: files})
	var p dissect.Packet
	for frame, err := range pcaps.Frames(src) {
		if err != nil {
			t.Fatal(err)
		}
		point := points[frame.Interface]
		if point == nil {
			i := frame.Interface
			point = &dissect.Point{ID: len(points), File: i.File, Index: i.ID, Name: i.Name, Link: uint16(i.LinkType), FCSLen: frame.FCSLen()}
			points[i] = point
		}
		d := &dissect.Frame{Data: frame.Data, WireLen: frame.WireLen, Time: frame.Time, Number: frame.Number, Point: point}
		decoder.Decode(&p, d)
		resolver.Resolve(&p)
		p.Verify()
		f.See(d)
		if see != nil {
			see(&p)
		}
		if err := f.Packet(&p); err != nil {
			t.Fatal(err)
		}
	}
	f.Finish()
	return f
}

func shared(name string) string {
	return filepath.Join(cmp.Or(os.Getenv("PKTSCOPE_SHARED"), "../../shared"), name)
}

const recordings = "../pcaps/testdata/"

// TestDroppedPackets finds, between a router's interfaces, the packets that its rules dropped: all, and only they.
func TestDroppedPackets(t *testing.T) {
	ids := map[string]string{} // by frame
	f := recorded(t, func(p *dissect.Packet) {
		for i := range p.Layers {
			if l := &p.Layers[i]; l.Protocol == dissect.ByName("ip").ID {
				h := dissect.IPv4(p.Header(l))
				ids[strconv.FormatUint(p.Number, 10)] = fmt.Sprintf("0x%04x", h.Identification())
			}
		}
	}, recordings+"loss.pcapng.zst")
	truth, err := os.ReadFile(recordings + "truth/loss/dropped.tsv")
	if err != nil {
		t.Skip(err)
	}
	var want, got []string
	for _, line := range strings.Split(strings.TrimSpace(string(truth)), "\n")[1:] {
		cells := strings.Split(line, "\t")
		want = append(want, cells[1]+" "+cells[3])
	}
	for _, line := range table(t, f, "losses", "kind", "of", "from", "frames", "untold") {
		cells := strings.Split(line, " | ")
		if cells[0] != "disappeared" || cells[1] != "some of a flow" || cells[4] != "0" {
			t.Error(line)
		}
		source := map[string]string{"r0": "10.1.0.1", "r1": "10.2.0.2"}[cells[2]]
		for frame := range strings.SplitSeq(cells[3], ";") {
			got = append(got, source+" "+ids[frame])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("disappeared:\n%s\nwere dropped:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDroppedAtRandom does the same with a rule that drops three packets in a hundred, and counts them.
func TestDroppedAtRandom(t *testing.T) {
	f := recorded(t, nil, shared("labs/misc/tcp-loss-sender.pcap.zst"), shared("labs/misc/tcp-loss-router-out.pcap.zst"), shared("labs/misc/tcp-loss-receiver.pcap.zst"))
	rules, err := os.ReadFile(shared("labs/misc/truth/loss-nft.txt"))
	if err != nil {
		t.Skip(err)
	}
	counted := regexp.MustCompile(`counter packets (\d+)`).FindSubmatch(rules)
	lost := 0
	for _, line := range table(t, f, "losses", "kind", "of", "from", "to", "packets", "untold") {
		cells := strings.Split(line, " | ")
		if cells[0] != "disappeared" || cells[1] != "some of a flow" || cells[5] != "0" || strings.Contains(cells[2]+cells[3], "receiver") {
			t.Error(line) // the wire between router and receiver loses nothing
		}
		n, _ := strconv.Atoi(cells[4])
		lost += n
	}
	if string(counted[1]) != strconv.Itoa(lost) {
		t.Errorf("%d disappeared, the rule counts %s", lost, counted[1])
	}
}

// TestTunnelBridges compares the packets at each place with the counters of the switches' ports, and expects the whole way of all that came
// through: taps, local VLANs, tunnels.
func TestTunnelBridges(t *testing.T) {
	var files []string
	for _, name := range []string{"tap1", "tap2", "tap3", "tap4", "tun-int-a", "tun-int-b", "underlay-a", "underlay-b"} {
		files = append(files, shared("labs/ovs-tunnel/"+name+".pcap.zst"))
	}
	f := recorded(t, nil, files...)
	frames := map[string]int{}
	for _, line := range table(t, f, "places", "name", "frames", "only") {
		cells := strings.Split(line, " | ")
		n, _ := strconv.Atoi(cells[1])
		frames[cells[0]] = n
	}
	for _, test := range []struct {
		bridge, port string
		places       []string
	}{
		{"br-int-a", "1", []string{"tap1"}}, {"br-int-a", "2", []string{"tap3"}},
		{"br-int-b", "1", []string{"tap2"}}, {"br-int-b", "2", []string{"tap4"}},
		{"br-tun-a", "1", []string{"tun-int-a [vlan 1]", "tun-int-a [vlan 2]", "tun-int-a [vlan 77]"}},
		{"br-tun-b", "1", []string{"tun-int-b [vlan 5]", "tun-int-b [vlan 6]", "tun-int-b [vlan 77]"}},
		{"br-phy-a", "1", []string{"underlay-a", "underlay-a [vxlan 100]", "underlay-a [gre key 0x000000c8]", "underlay-a [vxlan 2457]"}},
		{"br-phy-b", "1", []string{"underlay-b", "underlay-b [vxlan 100]", "underlay-b [gre key 0x000000c8]", "underlay-b [vxlan 2457]"}},
	} {
		want, got := portCounter(t, shared("labs/ovs-tunnel/truth/dump-ports-"+test.bridge+".txt"), test.port), 0
		for _, place := range test.places {
			got += frames[place]
		}
		if got != want {
			t.Errorf("port %s of %s: %d frames, it counts %d", test.port, test.bridge, got, want)
		}
	}
	whole := map[string]string{}
	for _, line := range table(t, f, "routes", "way", "packets") {
		way, packets, _ := strings.Cut(line, " | ")
		if strings.Contains(way, "tap") {
			whole[way] = packets
		}
	}
	vxlan, gre := "underlay-%s [vxlan 100]", "underlay-%s [gre key 0x000000c8]"
	way := func(from, vlanA, a, tunnel, b, vlanB, to string) string {
		return strings.Join([]string{from, "tun-int-" + a + " [vlan " + vlanA + "]", fmt.Sprintf(tunnel, a), fmt.Sprintf(tunnel, b), "tun-int-" + b + " [vlan " + vlanB + "]", to}, " → ")
	}
	want := map[string]string{
		way("tap1", "1", "a", vxlan, "b", "5", "tap2"): "110", way("tap2", "5", "b", vxlan, "a", "1", "tap1"): "68",
		way("tap3", "2", "a", gre, "b", "6", "tap4"): "124", way("tap4", "6", "b", gre, "a", "2", "tap3"): "20",
		"tap1 → tun-int-a [vlan 1]": "1", // before the switch knew its neighbor
	}
	if fmt.Sprint(whole) != fmt.Sprint(want) {
		t.Errorf("routes:\n%v\nwant\n%v", whole, want)
	}
}

// portCounter is how many packets a port has received and sent.
func portCounter(t *testing.T, file, port string) int {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Skip(err)
	}
	m := regexp.MustCompile(`(?m)^ *port +` + port + `: rx pkts=(\d+).*\n *tx pkts=(\d+)`).FindSubmatch(data)
	if m == nil {
		t.Fatalf("%s has no port %s", file, port)
	}
	rx, _ := strconv.Atoi(string(m[1]))
	tx, _ := strconv.Atoi(string(m[2]))
	return rx + tx
}

// TestTenantsOnBridges has three tenants with the same addresses, ports and nearly the same sequence numbers. None is ever on another's way.
func TestTenantsOnBridges(t *testing.T) {
	f := recorded(t, nil, recordings+"ovs-tunnel.pcapng.zst")
	tenants := map[string]string{}
	for tenant, names := range map[string][]string{
		"red":   {"tap1", "tun-a [vlan 1]", "phy-a [vxlan 100]", "phy-b [vxlan 100]", "tun-b [vlan 5]", "tap2"},
		"blue":  {"tap3", "tun-a [vlan 2]", "phy-a [gre key 0x00000064]", "phy-b [gre key 0x00000064]", "tun-b [vlan 6]", "tap4"},
		"green": {"tap5", "tun-a [vlan 5]", "phy-a [vxlan 300]", "phy-b [vxlan 300]", "tun-b [vlan 1]", "tap6"},
	} {
		for _, name := range names {
			tenants[name] = tenant
		}
	}
	long := map[string]int{}
	for _, way := range table(t, f, "routes", "way") {
		places := strings.Split(way, " → ")
		for _, place := range places {
			if tenants[place] != tenants[places[0]] {
				t.Errorf("%s", way)
			}
		}
		if len(places) == 6 {
			long[tenants[places[0]]]++
		}
	}
	if fmt.Sprint(long) != "map[blue:2 green:2 red:2]" {
		t.Errorf("whole ways: %v", long)
	}
	same(t, "losses", table(t, f, "losses", "kind", "from", "to", "packets"), // before the switch knew its neighbor
		"disappeared | tun-a [vlan 2] | phy-a [gre key 0x00000064] | 1", "disappeared | tun-a [vlan 1] | phy-a [vxlan 100] | 1")
}

// TestTranslatedPackets compares what disappears at a router that translates addresses with the packets of one side whose IP
// identification, which it leaves alone, the other side never has.
func TestTranslatedPackets(t *testing.T) {
	for _, file := range []string{recordings + "nat.pcapng.zst", shared("labs/nat/both.pcapng.zst")} {
		t.Run(filepath.Base(file), func(t *testing.T) { translatedPackets(t, file) })
	}
}

func translatedPackets(t *testing.T, file string) {
	type mark struct {
		id       uint16
		protocol uint8
		length   int
		sequence string // of TCP
	}
	seen, frames := map[string]map[mark]int{"lan": {}, "wan": {}}, map[string]map[string]mark{"lan": {}, "wan": {}}
	f := recorded(t, func(p *dissect.Packet) {
		for i := range p.Layers {
			l := &p.Layers[i]
			if l.Protocol != dissect.ByName("ip").ID || l.Flags&dissect.Quoted != 0 {
				continue
			}
			h := dissect.IPv4(p.Header(l))
			if h.Fragment() || h.Identification() == 0 { // what has 0 says nothing
				continue
			}
			m := mark{id: h.Identification(), protocol: h.Protocol(), length: l.Len()}
			if m.protocol == 6 && len(p.Payload(l)) >= 8 {
				m.sequence = string(p.Payload(l)[4:8])
			}
			seen[p.Point.Name][m]++
			frames[p.Point.Name][strconv.FormatUint(p.Number, 10)] = m
		}
	}, file)
	compared := 0
	lost := map[string]bool{}
	for _, line := range table(t, f, "losses", "from", "frames") {
		from, numbers, _ := strings.Cut(line, " | ")
		other := map[string]string{"lan": "wan", "wan": "lan"}[from]
		for number := range strings.SplitSeq(numbers, ";") {
			lost[number] = true
			if m, ok := frames[from][number]; ok && seen[other][m] > 0 {
				t.Errorf("frame %s disappeared at %s, and is at %s: %+v", number, from, other, m)
			}
		}
	}
	for from, other := range map[string]string{"lan": "wan", "wan": "lan"} {
		for number, m := range frames[from] {
			hairpin := seen[from][m] == 2
			if compared++; seen[other][m] == 0 && !hairpin && !lost[number] {
				t.Errorf("frame %s is at %s only, and did not disappear: %+v", number, from, m)
			}
		}
	}
	if compared < 500 {
		t.Errorf("only %d packets compared", compared)
	}
}

// TestSegmentsOfCard has segments of up to 64 KiB on one side, which the network card cut up: nothing is lost.
func TestSegmentsOfCard(t *testing.T) {
	f := recorded(t, nil, shared("labs/misc/csum-sender.pcap.zst"), shared("labs/misc/csum-receiver.pcap.zst"))
	for _, line := range table(t, f, "losses", "kind", "of", "packets") {
		if !strings.HasPrefix(line, "disappeared | all to a destination") {
			t.Error(line)
		}
	}
	if f.Segmented < 50 {
		t.Errorf("%d segmented", f.Segmented)
	}
}
