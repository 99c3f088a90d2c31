package flows_test

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pktscope/flows"
)

// What a router's connection tracking listed when its interfaces had been recorded is what is seen in the recording: each entry on the side
// from which it came, with the tuple before translation, and on the other side with the one behind it; in the same state.
func TestConntrackOfRouter(t *testing.T) {
	shared := cmp.Or(os.Getenv("PKTSCOPE_SHARED"), "../../shared")
	for _, test := range []struct {
		name       string
		recordings []string
		listed     string
		atLeast    int
	}{
		{"nat", []string{"../pcaps/testdata/nat.pcapng.zst"}, "../pcaps/testdata/truth/nat/conntrack-end.txt", 40},
		{"labs", []string{shared + "/labs/nat/lan.pcap", shared + "/labs/nat/wan.pcap"}, shared + "/labs/nat/truth/conntrack-L.txt", 50},
	} {
		t.Run(test.name, func(t *testing.T) {
			listed, err := os.ReadFile(test.listed)
			if err != nil {
				t.Skip(err)
			}
			var seen []listing
			track(t, flows.Options{}, test.recordings...).Connections(func(c *flows.Connection) bool {
				seen = append(seen, readListing(string(c.AppendConntrack(nil))))
				return true
			})
			compared := 0
			for lines := bufio.NewScanner(bytes.NewReader(listed)); lines.Scan(); {
				if l := readListing(lines.Text()); l.tuples[0] != "" && !l.igmp() {
					compared++
					l.look(t, seen)
				}
			}
			t.Logf("%d entries compared", compared)
			if compared < test.atLeast {
				t.Error("too few to mean anything")
			}
		})
	}
}

// listing is a line of conntrack -L -o extended.
type listing struct {
	line   string
	state  string
	tuples [2]string // original and reply
	flags  string
}

func readListing(line string) (l listing) {
	l.line = line
	words := strings.Fields(line)
	if len(words) < 6 {
		return l
	}
	n := 4 // src dst sport dport
	switch protocol := words[2]; protocol {
	case "tcp", "sctp":
		l.state = words[5]
	case "icmp", "icmpv6":
		n = 5 // src dst type code id
	case "unknown":
		n = 2
	}
	d := 0
	for i, w := range words {
		if strings.HasPrefix(w, "src=") && d < 2 && i+n <= len(words) {
			l.tuples[d] = words[2] + " " + strings.Join(words[i:i+n], " ")
			d++
		}
		if w == "[UNREPLIED]" || w == "[ASSURED]" {
			l.flags += w
		}
	}
	return l
}

// igmp tells what is no flow here.
func (l *listing) igmp() bool { return strings.Contains(l.tuples[0], "dst=224.0.0.22") }

// redirected tells a connection to the router itself at another port, which is on no wire.
func (l *listing) redirected() bool { return strings.Contains(l.tuples[0], "dport=2222") }

// look finds the entry in what was seen, on both of its sides.
func (l *listing) look(t *testing.T, seen []listing) {
	t.Helper()
	for d, side := range []string{"original", "reply"} {
		if d == 1 && l.redirected() {
			continue
		}
		var found []string
		if !slices.ContainsFunc(seen, func(s listing) bool {
			if s.tuples[d] != l.tuples[d] {
				return false
			}
			found = append(found, fmt.Sprint(s.state, s.flags))
			return s.state == l.state && s.flags == l.flags
		}) {
			t.Errorf("%s\nwith this %s tuple were seen %q", l.line, side, found)
		}
	}
}
