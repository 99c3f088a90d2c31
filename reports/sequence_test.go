package reports

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pktscope/internal/craft"
)

func (s *sequence) String() string {
	return fmt.Sprintf("%d packets, %d gaps, %d missing, %d late, %d outside, %d replayed, %d copies, %d restarts, %d wraps",
		s.packets, s.gaps, s.missing, s.late, s.outside, s.replayed, s.copies, s.restarts, s.wraps())
}

func TestSequence(t *testing.T) {
	run := func(from, to uint32) (all []uint32) {
		for n := from; n != to; n++ {
			all = append(all, n)
		}
		return all
	}
	join := func(parts ...[]uint32) (all []uint32) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, tt := range []struct {
		name    string
		numbers []uint32
		want    string
	}{
		{"in order", run(1, 11), "10 packets, 0 gaps, 0 missing, 0 late, 0 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"two gaps", []uint32{7, 8, 10, 14}, "4 packets, 2 gaps, 4 missing, 0 late, 0 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"late", []uint32{1, 3, 2, 4}, "4 packets, 1 gaps, 0 missing, 1 late, 0 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"replayed", []uint32{1, 2, 3, 2, 1, 4}, "6 packets, 0 gaps, 0 missing, 0 late, 0 outside, 2 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"before the first", []uint32{9, 8, 10}, "3 packets, 0 gaps, 0 missing, 1 late, 0 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"late and outside of the receiver's window", join([]uint32{1}, run(3, 66), []uint32{2, 66}),
			"66 packets, 1 gaps, 0 missing, 1 late, 0 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"later still", join([]uint32{1}, run(3, 67), []uint32{2}),
			"66 packets, 1 gaps, 0 missing, 1 late, 1 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"older than what is remembered", join(run(1, 1100), []uint32{5}),
			"1100 packets, 0 gaps, 0 missing, 0 late, 1 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
		{"began anew", join(run(5000, 5010), run(0, 10)),
			"20 packets, 0 gaps, 0 missing, 0 late, 0 outside, 0 replayed, 0 copies, 1 restarts, 0 wraps"},
		{"extended numbers", join(run(0xfffffffe, 3), []uint32{0xffffffff, 5}),
			"7 packets, 1 gaps, 2 missing, 0 late, 0 outside, 1 replayed, 0 copies, 0 restarts, 1 wraps"},
		{"a jump over all that is remembered", []uint32{1, 5000, 4999}, "3 packets, 1 gaps, 4997 missing, 1 late, 0 outside, 0 replayed, 0 copies, 0 restarts, 0 wraps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s sequence
			for _, n := range tt.numbers {
				s.take(n, 64)
			}
			if got := s.String(); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestSequenceCounts compares with a set that remembers all numbers.
func TestSequenceCounts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		base := r.Uint32()
		var s sequence
		var late, replayed, outside uint64
		seen := map[uint32]bool{}
		top := uint32(0)
		for at := range uint32(500) {
			n := at
			switch r.IntN(4) {
			case 0:
				n -= min(n, r.Uint32N(rememberedNumbers/2))
			case 1:
				n += r.Uint32N(200)
			}
			if len(seen) > 0 && n < top {
				switch {
				case seen[n]:
					replayed++
				default:
					late++
					if top-n >= receiverWindow {
						outside++
					}
				}
			} else if seen[n] {
				replayed++
			}
			top = max(top, n)
			seen[n] = true
			s.take(base+n, 64)
		}
		missing := uint64(0)
		for n := s.first - firstEpoch; n <= s.top-firstEpoch; n++ {
			if !seen[uint32(n)-base] {
				missing++
			}
		}
		if s.late != late || s.replayed != replayed || s.outside != outside || s.missing != missing || s.restarts != 0 {
			t.Fatalf("%s; want %d late, %d replayed, %d outside, %d missing", &s, late, replayed, outside, missing)
		}
	}
}

func TestSequences(t *testing.T) {
	esp := func(ip craft.IPv4, spi, n uint32) []byte {
		return craft.Packet(eth1, ip, craft.ESP{SPI: spi, Sequence: n}, craft.Payload(make([]byte, 40)))
	}
	ah := func(n uint32) []byte { return inside(eth1, there, craft.AH{SPI: 7, Sequence: n}) }
	gre := func(key, n uint32) []byte { return inside(eth1, there, craft.GRE{Key: &key, Sequence: &n}) }
	hop := there
	hop.TTL = 63
	frames := onTap(
		esp(there, 0xc0de, 1), esp(back, 0xbeef, 100), esp(there, 0xc0de, 4), esp(there, 0xc0de, 3), esp(there, 0xc0de, 3),
		esp(hop, 0xc0de, 4), esp(back, 0xbeef, 101),
		ah(1), ah(3), gre(5, 0), gre(6, 8), gre(5, 2),
		inside(eth1, there, craft.GRE{}), // without numbers
	)
	wantLines(t, count(t, "tunnels", setup{groups: maxGroups}, frames)[4],
		"kind id from to point packets first_number last_number missing gaps late outside_window replayed copies restarts wraps",
		"esp 0x0000c0de 172.16.0.1 172.16.0.2 tap.pcap 5 1 4 1 1 1 0 1 1 0 0",
		"ah 0x00000007 172.16.0.1 172.16.0.2 tap.pcap 2 1 3 1 1 0 0 0 0 0 0",
		"gre 5 172.16.0.1 172.16.0.2 tap.pcap 2 0 2 1 1 0 0 0 0 0 0",
		"esp 0x0000beef 172.16.0.2 172.16.0.1 tap.pcap 2 100 101 0 0 0 0 0 0 0 0",
		"gre 6 172.16.0.1 172.16.0.2 tap.pcap 1 8 8 0 0 0 0 0 0 0 0")
}
