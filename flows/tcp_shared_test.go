package flows

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared returns a file below $PKTSCOPE_SHARED (../shared, beside the project), where captures of others lie that are no part of it.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("PKTSCOPE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	file := filepath.Join(dir, name)
	if _, err := os.Stat(file); err != nil {
		t.Skip(err)
	}
	return file
}

// In captures of one tenant every segment is what tshark says it is, but for these, which docs/tshark-differences.md explains.
func TestTCPAnalysisOfSharedCaptures(t *testing.T) {
	const outOfOrder = `tshark "out-of-order", ours "retransmission"` // all of its bytes were captured before, or its timestamp is new
	const overtaken = `tshark "", ours "duplicate-ack"`               // an older ACK came in between
	for name, want := range map[string]map[string]int{
		"corpus/nDPI__tor.pcap":                         nil,
		"corpus/snort3_demo__http_noblock.pcap":         nil,
		"corpus/PcapPlusPlus__one_http_stream_rst.pcap": nil,
		"corpus/dpkt__nb6-http.pcap":                    nil,
		"corpus/ryu__openflow.pcapng":                   nil,
		"corpus/tcpdump__bgp-4byte-asn.pcap":            nil,
		"corpus/tcpdump__bgp-cease-hard-reset.pcap":     nil,
		"corpus/pmacct__traffic-00.pcap":                nil,
		"labs/nat/lan.pcap":                             nil,
		"labs/nat/wan.pcap":                             nil,
		"labs/nat/both.pcapng.zst":                      nil,
		"labs/frr/r2-both.pcapng.zst":                   nil,
		"labs/misc/csum-receiver.pcap.zst":              nil,
		"labs/misc/csum-sender.pcap.zst":                nil,
		"labs/misc/tcp-loss-receiver.pcap.zst":          {outOfOrder: 2},
		"labs/misc/tcp-loss-router-out.pcap.zst":        {outOfOrder: 4, overtaken: 1},
		"labs/misc/tcp-loss-sender.pcap.zst":            {outOfOrder: 4, overtaken: 1},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			file := shared(t, name)
			needTshark(t)
			got := map[string]int{}
			for _, q := range points(t, file) {
				theirs := tshark(t, q.file)
				for n := uint64(1); n <= q.frames; n++ {
					if theirs[n] != q.events[n] {
						got[fmt.Sprintf("tshark %q, ours %q", theirs[n], q.events[n])]++
					}
				}
			}
			for kind, n := range got {
				if n != want[kind] {
					t.Errorf("%s: %d segments, want %d", kind, n, want[kind])
				}
			}
			for kind, n := range want {
				if got[kind] == 0 {
					t.Errorf("%s: no segment, want %d", kind, n)
				}
			}
		})
	}
}

// Two tenants have the same addresses and ports. Told apart, neither has an error; their SYNs have data, which comes again.
func TestTCPAnalysisOfOverlappingTenants(t *testing.T) {
	for _, tenants := range []string{"vlan", "mpls", "vxlan", "nvgre", "grempls"} {
		t.Run(tenants, func(t *testing.T) {
			q := points(t, shared(t, "corpus/overlap__"+tenants+".pcap"))[0]
			if len(q.order) != 2 || len(q.events) != 0 {
				t.Errorf("%d connections, %v", len(q.order), q.events)
			}
		})
	}
}

// At the sender every retransmission of the sender's kernel is seen to be one, and nothing else is.
func TestTCPRetransmissionsOfSharedSender(t *testing.T) {
	f, err := os.Open(shared(t, "labs/misc/truth/nstat-sender.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want, got uint32
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if number, ok := strings.CutPrefix(lines.Text(), "TcpRetransSegs "); ok {
			fmt.Sscan(number, &want)
		}
	}
	for _, q := range points(t, shared(t, "labs/misc/tcp-loss-sender.pcap.zst")) {
		for _, c := range q.order {
			got += c.counters[Original].Of(TCPRetransmission)
		}
	}
	if got != want || want == 0 {
		t.Errorf("%d retransmissions, the kernel counted %d", got, want)
	}
}
