package flows

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// A router's connection tracking told what became of each flow while its interfaces were recorded: the flows of the recording have to go
// through the same states, in the same order.

func TestStatesOfRouter(t *testing.T) {
	shared := cmp.Or(os.Getenv("PKTSCOPE_SHARED"), "../../shared")
	for _, test := range []struct {
		name       string
		recordings []string
		events     string
		flows      int
	}{
		{"nat", []string{"../pcaps/testdata/nat.pcapng.zst"}, "../pcaps/testdata/truth/nat/conntrack-E.txt", 40},
		{"labs", []string{shared + "/labs/nat/lan.pcap", shared + "/labs/nat/wan.pcap"}, shared + "/labs/nat/truth/conntrack-events.txt", 50},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := os.Stat(test.events); err != nil && test.name == "labs" { // they are not part of the project
				t.Skip(err)
			}
			compareWithRouter(t, routerEvents(t, test.events), recordedFlows(t, test.recordings), test.flows)
		})
	}
}

// byHand are flows that the router was made to forget while they went on.
var byHand = []string{"sport=44002 dport=90", "sport=52003 dport=6054"}

func compareWithRouter(t *testing.T, told []*statesOfFlow, seen map[string][]*statesOfFlow, atLeast int) {
	compared := 0
	used := map[string]int{}
	for _, flow := range told {
		which := used[flow.tuple]
		used[flow.tuple]++
		if !flow.fromStart || slices.ContainsFunc(byHand, func(tuple string) bool { return strings.HasSuffix(flow.tuple, tuple) }) {
			continue
		}
		if which >= len(seen[flow.tuple]) {
			t.Errorf("%s is not in the recording %d times: %q", flow.tuple, which+1, flow.states)
			continue
		}
		compared++
		got := seen[flow.tuple][which].states
		if n := len(got) - 1; n > 0 && got[n] == "CLOSE" && strings.HasSuffix(got[n-1], " unreplied") {
			got = got[:n] // refused: the router forgets it
		}
		if !slices.Equal(got, flow.states) {
			t.Errorf("%s went through\n%q, the router says\n%q", flow.tuple, got, flow.states)
		}
	}
	t.Logf("%d flows compared", compared)
	if compared < atLeast {
		t.Error("too few to mean anything")
	}
}

// statesOfFlow are the states of a flow, each with what else conntrack shows, one after another.
type statesOfFlow struct {
	tuple     string // of the original direction, as conntrack writes it
	states    []string
	fromStart bool
}

func (f *statesOfFlow) add(state string, replied, assured bool) {
	if !replied {
		state += " unreplied"
	}
	if assured {
		state += " assured"
	}
	state = strings.TrimSpace(state)
	if len(f.states) == 0 || f.states[len(f.states)-1] != state {
		f.states = append(f.states, state)
	}
}

// routerEvents reads what conntrack -E -o timestamp,extended printed.
func routerEvents(t *testing.T, file string) (all []*statesOfFlow) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	latest := map[string]*statesOfFlow{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		began := slices.Contains(words, "[NEW]")
		at := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "src=") })
		if !began && !slices.Contains(words, "[UPDATE]") || at < 4 {
			continue
		}
		i := slices.IndexFunc(words, func(w string) bool { return w == "ipv4" || w == "ipv6" })
		protocol, n := words[i+2], 4 // src dst sport dport
		if protocol == "icmp" || protocol == "icmpv6" {
			n = 5 // src dst type code id
		}
		tuple := protocol + " " + strings.Join(words[at:at+n], " ")
		flow := latest[tuple]
		if flow == nil || began {
			flow = &statesOfFlow{tuple: tuple, fromStart: began}
			latest[tuple] = flow
			all = append(all, flow)
		}
		state := "NONE"
		if protocol == "tcp" {
			state = words[at-1]
		}
		flow.add(state, !slices.Contains(words, "[UNREPLIED]"), slices.Contains(words, "[ASSURED]"))
	}
	return all
}

// recordedFlows tells the flows of the recording apart by their plain tuple and the interface, and gives them by that of their
// original direction, in order. Of two interfaces that both have it the first to have seen it counts.
func recordedFlows(t *testing.T, files []string) map[string][]*statesOfFlow {
	t.Helper()
	type place struct{ point, tuple string }
	type live struct {
		Conntrack
		*statesOfFlow
		original string
	}
	current := map[place]*live{}
	found := map[string][]*statesOfFlow{}
	owner := map[string]string{}
	source, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	config := dissect.NewConfig(dissect.Options{})
	decoder, resolver := config.NewDecoder(), config.NewResolver()
	var p dissect.Packet
	for f, err := range pcaps.Frames(source) {
		if err != nil {
			t.Fatal(err)
		}
		point := &dissect.Point{Link: uint16(f.Interface.LinkType)}
		decoder.Decode(&p, &dissect.Frame{Data: f.Data, WireLen: f.WireLen, Time: f.Time, Number: f.Number, Point: point})
		resolver.Resolve(&p)
		sent, answer, protocol, layer := plainTuple(&p)
		if layer < 0 {
			continue
		}
		at := place{fmt.Sprint(f.Interface.File, f.Interface.Index), min(sent, answer)}
		flow := current[at]
		begin := func(tuple string) {
			flow = &live{statesOfFlow: &statesOfFlow{tuple: tuple}, original: tuple}
			current[at] = flow
			if owner[tuple] == "" {
				owner[tuple] = at.point
			}
			if owner[tuple] == at.point {
				found[tuple] = append(found[tuple], flow.statesOfFlow)
			}
		}
		if flow == nil {
			begin(sent)
		}
		take := func() Outcome {
			d := Original
			if sent != flow.original {
				d = Reply
			}
			switch protocol {
			case protocolTCP:
				s := segmentOf(&p, layer)
				return flow.TCP(d, &s)
			case protocolUDP:
				return flow.UDP(d, p.Time)
			case protocolICMP:
				return flow.ICMP(d, p.Header(&p.Layers[layer])[0])
			}
			return flow.ICMPv6(d, p.Header(&p.Layers[layer])[0])
		}
		if take() == New {
			next := flow.Next()
			original := sent
			if next.State() != StateNone {
				original = flow.original
			}
			begin(original)
			flow.Conntrack = next
			take()
		}
		if flow.begun() {
			flow.add(flow.State().String(), flow.Replied(), flow.Assured())
		}
	}
	return found
}

// plainTuple is the tuple of the outermost IP header and what sits behind it, as conntrack writes it for the packet and for its answer.
// The layer is -1 if it is not of TCP, UDP or a query of ICMP, or if there is no whole header.
func plainTuple(p *dissect.Packet) (sent, answer string, protocol uint8, layer int) {
	var from, to netip.Addr
	for i := range p.Layers {
		l := &p.Layers[i]
		h := p.Header(l)
		if l.Flags&(dissect.Partial|dissect.Quoted) != 0 {
			return "", "", 0, -1
		}
		ports := func(name string, from16, to16 uint16) (string, string) {
			return fmt.Sprintf("%s src=%s dst=%s sport=%d dport=%d", name, from, to, from16, to16),
				fmt.Sprintf("%s src=%s dst=%s sport=%d dport=%d", name, to, from, to16, from16)
		}
		query := func(name string, request, reply uint8) (string, string) {
			id := binary.BigEndian.Uint16(h[4:])
			text := [2]string{fmt.Sprintf("%s src=%s dst=%s type=%d code=0 id=%d", name, from, to, h[0], id)}
			other := request
			if h[0] == request {
				other = reply
			}
			text[1] = fmt.Sprintf("%s src=%s dst=%s type=%d code=0 id=%d", name, to, from, other, id)
			return text[0], text[1]
		}
		switch dissect.ByID(l.Protocol).Name {
		case "ip":
			from, _ = netip.AddrFromSlice(dissect.IPv4(h).Source())
			to, _ = netip.AddrFromSlice(dissect.IPv4(h).Destination())
		case "ipv6":
			from, _ = netip.AddrFromSlice(dissect.IPv6(h).Source())
			to, _ = netip.AddrFromSlice(dissect.IPv6(h).Destination())
		case "tcp":
			sent, answer = ports("tcp", dissect.TCP(h).SourcePort(), dissect.TCP(h).DestinationPort())
			return sent, answer, protocolTCP, i
		case "udp":
			sent, answer = ports("udp", dissect.UDP(h).SourcePort(), dissect.UDP(h).DestinationPort())
			return sent, answer, protocolUDP, i
		case "icmp":
			if h[0] != 8 && h[0] != 0 {
				return "", "", 0, -1
			}
			sent, answer = query("icmp", 8, 0)
			return sent, answer, protocolICMP, i
		case "icmpv6":
			if h[0] != 128 && h[0] != 129 {
				return "", "", 0, -1
			}
			sent, answer = query("icmpv6", 128, 129)
			return sent, answer, protocolICMPv6, i
		}
	}
	return "", "", 0, -1
}

// segmentOf reads a layer of TCP.
func segmentOf(p *dissect.Packet, layer int) (s TCPSegment) {
	l := &p.Layers[layer]
	h := dissect.TCP(p.Header(l))
	s = TCPSegment{Time: p.Time, Sequence: h.Sequence(), Acknowledgment: h.Acknowledgment(), Flags: uint8(h.Flags()), Window: h.Window(),
		Payload: uint32(l.Len() - h.HeaderLength())}
	for o := h[20:]; len(o) > 1 && o[0] != 0; {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		n := int(o[1])
		if n < 2 || n > len(o) {
			break
		}
		switch {
		case o[0] == 3 && n == 3:
			s.HasScale, s.Scale = true, o[2]
		case o[0] == 4:
			s.SACKPermitted = true
		case o[0] == 5:
			for b := o[2:n]; len(b) >= 8; b = b[8:] {
				s.SACK[s.SACKs] = [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
				s.SACKs++
			}
		}
		o = o[n:]
	}
	return s
}
