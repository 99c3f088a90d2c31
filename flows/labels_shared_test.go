package flows

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// Labels are what tshark reads in the same messages.
func TestLabelsOfSharedCaptures(t *testing.T) {
	for name, want := range map[string]int{ // messages
		"corpus/dpkt__nb6-http.pcap":                               16,
		"corpus/labs__nat-alg-h1-lan-dns-query-answer.pcapng":      2,
		"corpus/wireshark-4.0.17-debian__many_interfaces.pcapng.2": 14,
		"corpus/nDPI__tor.pcap":                                    7,
		"corpus/zeek__openjdk-25.0.2-zeek.org.pcap":                1,
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			file := shared(t, name)
			needTshark(t)
			out, err := exec.Command("tshark", "-r", file, "-n", "-Y", "udp.port == 53 && dns && !icmp || tls.handshake.type == 1", "-T", "fields", "-E", "occurrence=f",
				"-e", "frame.number", "-e", "dns.id", "-e", "dns.flags.response", "-e", "dns.qry.name", "-e", "dns.qry.type",
				"-e", "tls.handshake.extensions_server_name", "-e", "tls.handshake.extensions_alpn_str").Output()
			if err != nil {
				t.Fatal(err)
			}
			theirs := map[string]string{}
			for line := range strings.Lines(strings.ToLower(string(out))) {
				number, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
				theirs[number] = rest
			}
			if ours := labels(t, file); len(theirs) != want || !maps.Equal(ours, theirs) {
				t.Errorf("%d messages, want %d: %q, tshark says %q", len(theirs), want, ours, theirs)
			}
		})
	}
}

// labels are what is read in each frame, in the columns that tshark is asked for.
func labels(t *testing.T, file string) map[string]string {
	r, err := pcaps.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	decoder := dissect.NewConfig(dissect.Options{Cookie: -1}).NewDecoder()
	all := map[string]string{}
	var p dissect.Packet
	for f, err := range pcaps.Frames(r) {
		if err != nil {
			t.Fatal(err)
		}
		decoder.Decode(&p, &dissect.Frame{Data: f.Data, WireLen: f.WireLen, Number: f.Number, Point: &dissect.Point{Link: uint16(f.Interface.LinkType)}})
		for i := range p.Layers {
			l := &p.Layers[i]
			if l.Flags&(dissect.Partial|dissect.Quoted) != 0 {
				continue
			}
			number := fmt.Sprint(f.Number)
			switch l.Protocol.String() {
			case "udp":
				if h := dissect.UDP(p.Header(l)); h.SourcePort() == 53 || h.DestinationPort() == 53 {
					if m, ok := ReadDNS(p.Payload(l)); ok {
						response := 0
						if m.Response {
							response = 1
						}
						all[number] = fmt.Sprintf("0x%04x\t%d\t%s\t%d\t\t", m.ID, response, m.Name(), m.Type)
					}
				}
			case "tcp":
				if h, ok := ReadClientHello(p.Payload(l)); ok {
					first, _, _ := strings.Cut(h.ALPN(), ",")
					all[number] = fmt.Sprintf("\t\t\t\t%s\t%s", h.ServerName(), first)
				}
			}
		}
	}
	return all
}
