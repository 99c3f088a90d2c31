package reports

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

func TestParseBond(t *testing.T) {
	for text, want := range map[string]string{
		"bond0=l1,l2": "", "b=x.pcap,y.pcap,z.pcap": "",
		"bond0": `"bond0" is not NAME=IF1,IF2`, "=a,b": `"=a,b" is not NAME=IF1,IF2`, "b=a": `"b=a": a bond has 2 to 32 members`,
		"b=a,a": `"b=a,a": a member is named twice, or has no name`, "b=a,": `"b=a,": a member is named twice, or has no name`,
	} {
		_, err := ParseBond(text)
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// Hashes of the bonding driver, worked out by hand from bond_main.c.
func TestLinuxHashes(t *testing.T) {
	ip := func(s string) [16]byte { return netip.MustParseAddr(s).As16() }
	k := bondKey{etherType: 0x0800, protocol: 17, network: true, vlan: 100, source: 0x020000010203, target: 0x020000000002,
		src: ip("10.0.0.1"), dst: ip("10.0.0.2"), sport: 1000, dport: 80}
	near := k
	near.source = 0x020000000001
	arp := bondKey{etherType: 0x0806, source: 0x020000000001, target: 0xffffffffffff}
	v6 := near
	v6.etherType, v6.src, v6.dst = 0x86dd, ip("2001:db8::1"), ip("2001:db8::2")
	echo := near
	echo.protocol, echo.sport, echo.dport = 1, 8<<8, 0x1234
	fragment := near
	fragment.fragment, fragment.sport, fragment.dport = true, 0, 0
	for _, tt := range []struct {
		name string
		hash func(*bondKey) (uint32, bool)
		key  bondKey
		want uint32
	}{
		{"layer2", linuxLayer2, near, 0x0803},
		{"layer2, ARP", linuxLayer2, arp, 0xfe ^ 0x0806},
		{"vlan+srcmac", linuxVLANSource, k, 0x64 ^ 0x020000 ^ 0x010203},
		{"layer2+3", linuxLayer23, near, 0x03030b08},
		{"layer2+3, ARP", linuxLayer23, arp, 0xfe ^ 0x0806},
		{"layer3+4", linuxLayer34, near, 0x29a9dddc},
		{"layer3+4, ARP", linuxLayer34, arp, 0xfe ^ 0x0806},
		// 2001:db8::1 xor ::2 leaves 3 in the last byte, the highest of a number that has the lowest byte first.
		{"layer2+3, IPv6", linuxLayer23, v6, fold32(0x01 ^ 0x02 ^ 0x86dd ^ 0x03000000)},
		{"layer3+4, echo", linuxLayer34, echo, fold32(0x34120008^0x03000000) >> 1},
		{"layer3+4, fragment", linuxLayer34, fragment, fold32(0x03000000) >> 1},
	} {
		if got, ok := tt.hash(&tt.key); !ok || got != tt.want {
			t.Errorf("%s: got %#x, want %#x", tt.name, got, tt.want)
		}
	}
	errorKey := near
	errorKey.protocol, errorKey.sport, errorKey.dport = 1, 3<<8|3, 0
	if _, ok := linuxLayer34(&errorKey); ok {
		t.Error("an ICMP error goes where what it quotes goes, which is not known")
	}
}

func fold32(x uint32) uint32 {
	x ^= x >> 16
	return x ^ x>>8
}

// bondScene captures frames at the members l1 and l2.
type bondScene struct {
	frames []pcaps.Frame
	now    int64
}

var bondInterfaces = []*pcaps.Interface{
	{File: "bond.pcapng", ID: 0, Name: "l1", LinkType: 1, FCSLen: -1},
	{File: "bond.pcapng", ID: 1, Name: "l2", LinkType: 1, FCSLen: -1},
}

func (s *bondScene) at(member int, wait time.Duration, layers ...craft.Layer) {
	s.now += int64(wait)
	b := craft.Packet(layers...)
	s.frames = append(s.frames, pcaps.Frame{Data: b, WireLen: len(b), Time: s.now, Number: uint64(len(s.frames) + 1), Interface: bondInterfaces[member]})
}

// host is one of some at an end: its MAC and IP addresses.
func bondHost(end, n int) (mac, ip string) {
	return fmt.Sprintf("02:00:00:00:%02x:%02x", end, n), fmt.Sprintf("10.0.%d.%d", end, n)
}

func (s *bondScene) udp(member int, wait time.Duration, from, to int, sport uint16, payload int) {
	mac, ip := bondHost(0, from)
	peer, other := bondHost(1, to)
	s.at(member, wait, craft.Ethernet{Src: mac, Dst: peer}, craft.IPv4{Src: ip, Dst: other}, craft.UDP{Src: sport, Dst: 7000}, craft.Payload(make([]byte, payload)))
}

// ping sends an echo request from one end, or its reply.
func (s *bondScene) ping(member int, wait time.Duration, from, to int, sequence uint16, reply bool) {
	mac, ip := bondHost(0, from)
	peer, other := bondHost(1, to)
	icmp := craft.ICMP{Type: 8, Rest: craft.Echo(77, sequence)}
	if reply {
		mac, ip, peer, other = peer, other, mac, ip
		icmp.Type = 0
	}
	s.at(member, wait, craft.Ethernet{Src: mac, Dst: peer}, craft.IPv4{Src: ip, Dst: other}, icmp, craft.Payload("sixteen bytes of"))
}

func bondTables(t *testing.T, frames []pcaps.Frame) map[string]*Table {
	t.Helper()
	tables := map[string]*Table{}
	for _, table := range count(t, "bonds", setup{groups: maxGroups, bonds: []Bond{{"bond0", []string{"l1", "l2"}}}}, frames) {
		tables[table.Name] = table
	}
	return tables
}

// A bond that works by one policy is consistent with it, and frames enough tell it from coarser ones.
func TestBondPolicies(t *testing.T) {
	for _, tt := range []struct {
		policy string
		// member of a flow, by its parts that differ: the last bytes of addresses and the source port.
		member func(from, to int, sport uint16) int
		no     []string
	}{
		// With two members the lowest bit of the hash tells; addresses and MAC addresses have the same numbers here.
		{"layer2", func(from, to int, _ uint16) int { return (from ^ to) & 1 }, []string{"active-backup", "layer3+4"}},
		{"layer3+4", func(from, to int, sport uint16) int { // of the folded bytes the second bit, as the lowest is left out
			x := byte(from) ^ byte(to) ^ 1 ^ byte(sport) ^ byte(sport>>8) ^ byte(7000>>8) ^ byte(7000&0xff)
			return int(x >> 1 & 1)
		}, []string{"active-backup", "layer2", "layer2+3", "vlan+srcmac", "balance-slb"}},
		{"balance-slb", func(from, _ int, _ uint16) int { return from / 2 & 1 }, []string{"active-backup", "layer2", "layer2+3", "layer3+4"}},
		{"balance-tcp", func(from, to int, sport uint16) int { return int(sport*7/10) & 1 }, []string{"active-backup", "layer2", "layer2+3", "vlan+srcmac", "balance-slb"}},
		{"active-backup", func(int, int, uint16) int { return 0 }, nil},
	} {
		s := new(bondScene)
		for range 3 {
			for i := range 48 {
				from, to, sport := 1+i%4, 1+i/4%3, uint16(20000+i)
				s.udp(tt.member(from, to, sport), time.Millisecond, from, to, sport, 10)
			}
		}
		for _, row := range bondTables(t, s.frames)["bond_policies"].Rows {
			name, verdict := row[1].value.(string), row[2].value.(string)
			switch {
			case name == tt.policy && verdict != "yes":
				t.Errorf("%s: %s: %v", name, verdict, row[6].value)
			case slices.Contains(tt.no, name) && verdict != "no":
				t.Errorf("a bond by %s is %s with %s", tt.policy, verdict, name)
			}
		}
	}
}

func bondEventsOf(tables map[string]*Table) (got []string) {
	for _, row := range tables["bond_events"].Rows {
		text := row[1].value.(string)
		for _, c := range []Cell{row[2], row[3]} {
			if c.value != nil {
				text += " " + c.value.(string)
			}
		}
		if row[7].value != nil {
			text += " " + time.Duration(row[7].value.(int64)).String()
		}
		got = append(got, text)
	}
	return got
}

func TestBondEvents(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		play func(s *bondScene)
		want []string
	}{
		{"all is well", func(s *bondScene) {
			for i := range uint16(20) {
				s.ping(0, 100*ms, 1, 1, i, false)
				s.ping(1, ms, 1, 1, i, true)
			}
		}, nil},
		{"a member fails", func(s *bondScene) {
			for i := range uint16(40) {
				member, wait := 0, 100*ms
				if i >= 20 {
					member = 1
				}
				if i == 20 {
					wait = 350 * ms
				}
				s.ping(member, wait, 1, 1, i, false)
				s.ping(member, ms, 1, 1, i, true)
			}
		}, []string{"failover l1 l2 351ms"}},
		{"one flow is moved, the member goes on", func(s *bondScene) {
			for i := range uint16(40) {
				member := 0
				if i >= 20 {
					member = 1
				}
				s.ping(member, 100*ms, 1, 1, i, false)
				s.ping(0, ms, 1, 1, i, true)
			}
		}, []string{"rebalance l1 l2 101ms"}},
		{"a member fails as the capture ends", func(s *bondScene) {
			for i := range uint16(5) {
				s.ping(int(i)/4, 100*ms, 1, 1, i, false)
			}
		}, []string{"moved l1 l2 100ms"}},
		{"frame by frame", func(s *bondScene) {
			for i := range uint16(20) {
				s.udp(int(i)%2, 10*ms, 1, 1, 1000, 10)
			}
		}, []string{"spread"}},
		{"nobody listens at l1", func(s *bondScene) {
			for i := range uint16(10) {
				s.ping(0, 100*ms, 1, 1, i, false)
			}
			for i := range uint16(15) {
				s.ping(1, 100*ms, 1, 1, 10+i, false)
				s.ping(1, ms, 1, 1, 10+i, true)
			}
		}, []string{"mismatch l1", "failover l1 l2 100ms"}},
		{"a host is down: no fault of the member", func(s *bondScene) {
			for i := range uint16(10) {
				s.ping(0, 100*ms, 1, 1, i, false)
			}
		}, nil},
		{"an elephant", func(s *bondScene) {
			for i := range 1200 {
				s.udp(0, ms, 1, 1, 1000, 1000)
				s.udp(1, ms, 1, 1, 1001+uint16(i%2), 100)
			}
		}, []string{"elephant"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(bondScene)
			tt.play(s)
			got := bondEventsOf(bondTables(t, s.frames))
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Interfaces of one file need not be in the order of time.
func TestBondOutOfOrder(t *testing.T) {
	s := new(bondScene)
	for i := range uint16(60) {
		member := 0
		if i >= 20 && i < 40 {
			member = 1
		}
		s.ping(member, 100*time.Millisecond, 1, 1, i, false)
	}
	want := exact(t, count(t, "bonds", setup{groups: maxGroups, bonds: []Bond{{"bond0", []string{"l1", "l2"}}}}, s.frames))
	byMember := slices.Clone(s.frames)
	slices.SortStableFunc(byMember, func(a, b pcaps.Frame) int { return a.Interface.ID - b.Interface.ID })
	if got := exact(t, count(t, "bonds", setup{groups: maxGroups, bonds: []Bond{{"bond0", []string{"l1", "l2"}}}}, byMember)); got != want {
		t.Errorf("one member after the other:\n%s\nin order:\n%s", got, want)
	}
}

func TestBondCountsDoNotAlloc(t *testing.T) {
	s := new(bondScene)
	for i := range 100 {
		s.udp(i%2, time.Millisecond, 1, 1, uint16(1000+i%10), 10)
	}
	r := newBonds(setup{groups: maxGroups, bonds: []Bond{{"bond0", []string{"l1", "l2"}}}})
	part := r.NewPart()
	play := func() { playParts(t, setup{}, r, []Part{part}, 1000, Options{}, s.frames) }
	play()
	none := newBonds(setup{groups: maxGroups})
	idle := none.NewPart()
	base := testing.AllocsPerRun(10, func() { playParts(t, setup{}, none, []Part{idle}, 1000, Options{}, s.frames) })
	if got := testing.AllocsPerRun(10, play); got > base+1 {
		t.Errorf("%v allocations for 100 frames, %v without a bond", got, base)
	}
}

// readShared reads captures with a report.
func readShared(t *testing.T, name string, o Options, files ...string) map[string]*Table {
	t.Helper()
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			t.Skip(err)
		}
	}
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	set, err := NewSet([]string{name}, src, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(src, o, set); err != nil {
		t.Fatal(err)
	}
	tables := map[string]*Table{}
	for _, table := range set.Snapshot() {
		tables[table.Name] = table
	}
	return tables
}

func sharedFolder() string {
	if dir := os.Getenv("PKTSCOPE_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared")
}

// Open vSwitch's bonds: the first move is within 100 ms of when the link was taken down, and so is the silence of what was moved.
func TestBondsOfSharedCaptures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		moves bool // something was on the member that failed
		yes   string
		no    []string
	}{
		{"active-backup", true, "active-backup", []string{"layer2", "layer3+4"}},
		{"active-backup-mismatch", true, "active-backup", nil},
		{"balance-slb", true, "balance-slb", []string{"active-backup", "layer2", "layer2+3", "layer3+4"}},
		{"balance-slb-lacp-slow", true, "balance-slb", []string{"active-backup", "layer3+4"}},
		{"balance-tcp", false, "balance-tcp", []string{"active-backup", "layer2", "layer2+3", "vlan+srcmac", "balance-slb"}},
	} {
		folder := filepath.Join(sharedFolder(), "labs", "ovs-bond")
		for _, files := range [][]string{{"-l1.pcap", "-l2.pcap"}, {"-both.pcapng*"}} {
			t.Run(tt.name+files[0], func(t *testing.T) {
				bond, paths := Bond{"bond0", []string{"l1", "l2"}}, []string(nil)
				for i, f := range files {
					found, _ := filepath.Glob(filepath.Join(folder, tt.name+f))
					if found == nil {
						t.Skip("the capture is not there")
					}
					paths = append(paths, found[0])
					if len(files) > 1 {
						bond.Members[i] = tt.name + f
					}
				}
				tables := readShared(t, "bonds", Options{Bonds: []Bond{bond}}, paths...)
				text, err := os.ReadFile(filepath.Join(folder, "truth", tt.name+"-linkdown-at.txt"))
				if err != nil {
					t.Fatal(err)
				}
				var seconds, nanoseconds int64
				fmt.Sscanf(string(text), "%d.%d", &seconds, &nanoseconds)
				down := seconds*1e9 + nanoseconds
				found, mismatch := false, false
				for _, row := range tables["bond_events"].Rows {
					switch row[1].value.(string) {
					case "failover":
						if late := row[4].value.(int64) - down; late >= 0 && late <= 100e6 {
							found = true
							if silent := row[7].value.(int64); silent < 100e6-5e6 || silent > 200e6 { // pings, ten a second
								t.Errorf("silent for %v", time.Duration(silent))
							}
						}
					case "mismatch":
						mismatch = true
					}
				}
				if found != tt.moves {
					t.Errorf("a failover within 100 ms of the failure: %t, want %t", found, tt.moves)
				}
				if want := tt.name == "active-backup-mismatch"; mismatch != want {
					t.Errorf("mismatch: %t, want %t", mismatch, want)
				}
				for _, row := range tables["bond_policies"].Rows {
					name, verdict := row[1].value.(string), row[2].value.(string)
					if name == tt.yes && verdict != "yes" || slices.Contains(tt.no, name) && verdict != "no" {
						t.Errorf("%s: %s", name, verdict)
					}
				}
			})
		}
	}
}

// The project's own recordings of bonds.
func TestBondsOfRecordings(t *testing.T) {
	for name, want := range map[string][]string{
		"bond-active-backup": {"failover a-l1 a-l2", "failover a-l2 a-l1"},
		"bond-mismatch":      {"mismatch a-l1", "failover a-l1 a-l2"},
		"bond-slb":           {"failover a-l1 a-l2", "moved a-l1 a-l2"},
		"bond-lacp":          {"failover a-l1 a-l2"},
	} {
		t.Run(name, func(t *testing.T) {
			tables := readShared(t, "bonds", Options{Bonds: []Bond{{"a", []string{"a-l1", "a-l2"}}}}, filepath.Join("..", "pcaps", "testdata", name+".pcapng.zst"))
			var got []string
			for _, e := range bondEventsOf(tables) {
				words := strings.Fields(e)
				if d, err := time.ParseDuration(words[len(words)-1]); err == nil && d > 0 {
					words = words[:len(words)-1]
				}
				got = append(got, strings.Join(words, " "))
			}
			// By a hash with a seed nobody knows, all that was asked at a time may have been on the member that stayed.
			if name == "bond-lacp" && len(got) == 0 {
				return
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// The exhaustion that a router was driven into on purpose is found, all of it and nothing else: conntrack -S counts six packets that it
// found no port for.
func TestExhaustionOfSharedCaptures(t *testing.T) {
	folder := filepath.Join(sharedFolder(), "labs", "nat")
	for _, files := range [][]string{{"lan.pcap", "wan.pcap"}, {"both.pcapng.zst"}, {"any-sll2.pcap.zst"}} {
		var paths []string
		for _, f := range files {
			paths = append(paths, filepath.Join(folder, f))
		}
		tables := readShared(t, "nat", Options{}, paths...)
		got := lines(tables["nat_trouble"], "what", "connection")
		if len(got) != 6 {
			t.Errorf("%q: got %d, want 6: %q", files, len(got), got)
		}
		for _, line := range got {
			if !strings.HasPrefix(line, "exhausted ") {
				t.Errorf("%q: %s", files, line)
			}
		}
	}
}

// What conntrack -L said at the end is what the packets say, but for what was not captured on both sides.
func TestConntrackOfSharedCaptures(t *testing.T) {
	folder := filepath.Join(sharedFolder(), "labs", "nat")
	for _, name := range []string{"conntrack-L.txt", "nf_conntrack.txt"} {
		file := filepath.Join(folder, "truth", name)
		r, err := os.Open(file)
		if err != nil {
			t.Skip(err)
		}
		defer r.Close()
		entries, err := flows.ReadConntrack(r, file)
		if err != nil {
			t.Fatal(err)
		}
		tables := readShared(t, "nat", Options{Conntrack: entries}, filepath.Join(folder, "lan.pcap"), filepath.Join(folder, "wan.pcap"))
		got := lines(tables["nat_conntrack"], "verdict", "original")
		want := []string{ // redirected into the router, and IGMP that it sent before captures began
			"captured on one side 203.0.113.100:51172 > 203.0.113.2:2222", "captured on one side 203.0.113.100:51178 > 203.0.113.2:2222",
			"only conntrack 192.168.1.1 > 224.0.0.22",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s", name, strings.Join(got, "\n"))
		}
	}
}

// Nothing depends on blocks or workers, and a Reset starts over.
func TestBondBlocks(t *testing.T) {
	s := new(bondScene)
	for i := range 300 {
		s.udp(i/40%2, time.Duration(i%7)*100*time.Millisecond, 1+i%4, 1+i%3, uint16(1000+i%20), i%50)
	}
	for _, groups := range []int{maxGroups, 1} {
		settings := setup{groups: groups, bonds: []Bond{{"bond0", []string{"l1", "l2"}}}}
		want := exact(t, count(t, "bonds", settings, s.frames))
		for _, every := range []int{1, 2, 17, 100} {
			for _, workers := range []int{1, 3} {
				r := newBonds(settings)
				var parts []Part
				for range workers {
					parts = append(parts, r.NewPart())
				}
				for range 2 {
					playParts(t, setup{}, r, parts, every, Options{}, s.frames)
					if got := exact(t, r.Snapshot()); got != want {
						t.Fatalf("in blocks of %d by %d workers, %d groups: got\n%s\nwant\n%s", every, workers, groups, got, want)
					}
					r.Reset()
				}
			}
		}
	}
}

// The times at which a member was busy are the same in any order of its frames, as far as a second's pause goes.
func TestBusyTimes(t *testing.T) {
	for _, order := range [][]int64{{0, 1500, 900, 1600, 5000, 3000}, {5000, 3000, 1600, 1500, 900, 0}, {900, 0, 1500, 1600, 3000, 5000}} {
		var m bondMember
		for _, ms := range order {
			m.carry(&bondFrame{time: ms * 1e6})
		}
		if !slices.IsSortedFunc(m.busy, func(a, b spell) int { return int(a.last - b.last) }) {
			t.Errorf("%v: the ends are out of order: %v", order, m.busy)
		}
		for _, tt := range []struct {
			from, to int64
			want     bool
		}{{0, 0, true}, {1550, 1650, true}, {1700, 2900, false}, {3100, 4900, false}, {4000, 5000, true}, {5001, 9000, false}} {
			if got := m.carried(tt.from*1e6, tt.to*1e6); got != tt.want {
				t.Errorf("%v: carried from %d to %d ms: %t", order, tt.from, tt.to, got)
			}
		}
	}
}
