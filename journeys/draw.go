package journeys

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pktscope/dissect"
	"pktscope/reports"
)

// drawing is the packets of a flow that are to be drawn: the first of those that were captured most often, and the first of those that
// were captured least often.
type drawing struct {
	flow           *flow
	longest, least []capture
}

// take takes a packet of flow w.
func (d *drawing) take(w *flow, order []capture, id uint64) {
	if w.id != id {
		return
	}
	d.flow = w
	if len(order) > len(d.longest) {
		d.longest = slices.Clone(order)
	}
	if d.least == nil || len(order) < len(d.least) {
		d.least = slices.Clone(order)
	}
}

// appendHeaders appends the headers of p, each in a line: its name, who sends to whom, and what it says.
func appendHeaders(dst []byte, p *dissect.Packet) []byte {
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		if l.Flags&dissect.Quoted != 0 || l.Source != 0 {
			continue
		}
		proto := dissect.ByID(l.Protocol)
		var parts []string
		h := p.Header(l)
		switch {
		case l.Flags&dissect.Partial != 0:
		case l.Protocol == idEthernet && len(h) >= 12:
			parts = append(parts, mac(h[6:12])+" → "+mac(h[:6]))
		case proto.Addresses != nil:
			parts = append(parts, addresses(proto.Addresses(h)))
		}
		if l.Flags&dissect.Partial == 0 {
			switch l.Protocol {
			case idIPv4:
				v := dissect.IPv4(h)
				parts = append(parts, fmt.Sprintf("ttl %d, id 0x%04x, dscp %d", v.TTL(), v.Identification(), v.DSField()>>2))
			case idIPv6:
				v := dissect.IPv6(h)
				parts = append(parts, fmt.Sprintf("hop limit %d, dscp %d", v.HopLimit(), v.TrafficClass()>>2))
			}
			if portsOf[l.Protocol] && len(h) >= 4 {
				parts = append(parts, fmt.Sprintf("%d → %d", uint16(h[0])<<8|uint16(h[1]), uint16(h[2])<<8|uint16(h[3])))
			}
		}
		if proto.Summary != nil {
			if s := string(proto.Summary(nil, p, i)); s != "" { // mostly begins with the name
				if n := len(proto.Name); len(s) > n && strings.EqualFold(s[:n], proto.Name) && s[n] == ' ' {
					s = s[n+1:]
				}
				parts = append(parts, s)
			}
		}
		if l.Verdict == dissect.Bad {
			parts = append(parts, "bad checksum")
		}
		if len(dst) > 0 {
			dst = append(dst, '\n')
		}
		dst = append(dst, proto.Name...)
		if len(parts) > 0 {
			dst = append(append(dst, "  "...), strings.Join(parts, "  ")...)
		}
	}
	return dst
}

var portsOf = protocolSet("tcp", "udp", "udplite", "sctp")

func mac(b []byte) string {
	s := make([]byte, 0, 17)
	for i, c := range b {
		if i > 0 {
			s = append(s, ':')
		}
		s = append(s, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
	}
	return string(s)
}

func addresses(b []byte) string {
	source, _ := netip.AddrFromSlice(b[:len(b)/2])
	destination, _ := netip.AddrFromSlice(b[len(b)/2:])
	return source.String() + " → " + destination.String()
}

// who is the flow in words: who sends to whom. Where there is no IP address it is MAC addresses.
func (w *flow) who() string {
	t := &w.key.Tuple
	switch {
	case w.key.kind != 0 && w.key.kind != uint16(idARP):
		return mac(t.Src[:6]) + " → " + mac(t.Dst[:6])
	case t.HasPorts():
		return netip.AddrPortFrom(t.Source(), t.Sport).String() + " → " + netip.AddrPortFrom(t.Destination(), t.Dport).String()
	}
	return t.Source().String() + " → " + t.Destination().String()
}

// protocol is what the flow's packets are.
func (w *flow) protocol() string {
	if w.key.kind != 0 {
		return dissect.ID(w.key.kind).String()
	}
	if name, ok := ipProtocols[w.key.Protocol]; ok {
		return name
	}
	return "ip protocol " + strconv.Itoa(int(w.key.Protocol))
}

var ipProtocols = map[uint8]string{1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 89: "ospf", 132: "sctp", 136: "udplite"}

// drawn are the packets to draw: that which came furthest, and one that did not come as far.
func (d *drawing) drawn() (all [][]capture) {
	all = append(all, d.longest)
	if len(d.least) < len(d.longest) {
		all = append(all, d.least)
	}
	return all
}

// Draw returns a picture of the packets of the flow that Options named: the first that was captured at most places, and the first that was
// captured at fewest, if that is not as many.
func (f *Follower) Draw() ([]byte, error) {
	w := f.draw.flow
	if w == nil {
		return nil, f.noFlow()
	}
	n := nameAll(f.places.all)
	var out bytes.Buffer
	fmt.Fprintf(&out, "flow %d  %s  %s, %d packets\n", w.id, w.protocol(), w.who(), w.packets)
	for _, order := range f.draw.drawn() {
		out.WriteByte('\n')
		route := &Route{first: order, varies: make([]vary, len(order))}
		for i := range order {
			c := &order[i]
			if i > 0 {
				parts := append([]string{reports.Duration(f.final(&order[i-1], c))}, f.changes(route, i)...)
				if payloadDiffers(&order[i-1], c) {
					parts = append(parts, "payload changed")
				}
				fmt.Fprintf(&out, "    │ %s\n", strings.Join(parts, ", "))
			}
			at := time.Unix(0, c.time-f.clocks.all[c.clock].final).UTC().Format("2006-01-02T15:04:05.000000000Z")
			fmt.Fprintf(&out, "%s  frame %d  %s\n", n.of(f.places.all[c.place]), c.frame, at)
			for line := range strings.SplitSeq(string(c.text), "\n") {
				out.WriteString("    │   " + line + "\n")
			}
		}
		if next := f.missing(w, order); next != nil {
			fmt.Fprintf(&out, "    ╳ never at %s\n", n.of(next))
		}
	}
	return bytes.Map(visible, out.Bytes()), nil
}

// visible is r, or what stands for it where it could be meant for the terminal.
func visible(r rune) rune {
	if r == '\n' || unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

func (f *Follower) noFlow() error {
	return fmt.Errorf("there is no flow %d: they have the numbers 1 to %d", f.options.Flow, len(f.routes.byID))
}

// missing is the place at which other packets of the flow were captured next, and a packet with this way was not; nil for none.
func (f *Follower) missing(w *flow, order []capture) *Place {
	t := w.at(order)
	if t == nil {
		return nil
	}
	k := w.nearest(w.furthest(), t)
	if k < 0 {
		return nil
	}
	way := w.traces[k].places
	for i := range t.places {
		if way[i] != t.places[i] {
			return nil
		}
	}
	return f.places.all[way[len(t.places)]]
}

// final is the time between two captures by the clocks as they are known in the end.
func (f *Follower) final(a, b *capture) int64 {
	return f.took(a, b) + f.clocks.shift(int(a.clock), int(b.clock))
}

// journeyTable is the same as a table.
func (f *Follower) journeyTable(n names) *reports.Table {
	w := f.draw.flow
	t := &reports.Table{Name: "journey", Title: fmt.Sprintf("Flow %d  %s  %s", w.id, w.protocol(), w.who()), Columns: []reports.Column{
		{Name: "packet", Kind: reports.KindNumber}, {Name: "place", Kind: reports.KindNumber}, {Name: "name", Kind: reports.KindText},
		{Name: "frame", Kind: reports.KindNumber}, {Name: "time", Kind: reports.KindTime}, {Name: "took", Kind: reports.KindDuration},
		{Name: "changes", Kind: reports.KindList}, {Name: "headers", Kind: reports.KindList},
	}}
	for k, order := range f.draw.drawn() {
		route := &Route{first: order, varies: make([]vary, len(order))}
		for i := range order {
			c := &order[i]
			place := f.places.all[c.place]
			var took reports.Cell
			changes := []string{}
			if i > 0 {
				took, changes = reports.Int(f.final(&order[i-1], c)), append(changes, f.changes(route, i)...)
			}
			t.Add(reports.Int(k+1), reports.Int(place.Number), reports.Text(n.of(place)), reports.Int(c.frame),
				reports.Int(c.time-f.clocks.all[c.clock].final), took, reports.List(changes...), reports.List(strings.Split(string(c.text), "\n")...))
		}
	}
	return t
}
