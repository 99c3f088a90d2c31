package dissect

import (
	"strconv"
	"strings"
)

// Line is a packet in one line: who talks innermost and what is said, then what is around it, outwards, then what is wrong.
//
//	10.0.0.1:40000 → 10.0.0.2:80  TCP [S] seq 1 win 64240 len 0  vxlan 5001 172.17.10.10→172.16.11.10 · vlan 100
//
// The zero value is ready; it is used again for each packet.
type Line struct {
	Source, Destination []byte // of the innermost layer with addresses, with ports where there are any; empty without one
	Info                []byte // what the layers from there on say
	Around              []byte // the layers around it, the nearest first
	Faults              []byte // bad checksums, anomalies, where decoding stopped

	layers []int // those of the packet itself
	quoted []int // those of the packet that an ICMP error quotes
}

// Read makes l the line of packet p. Its parts are valid until the next call.
func (l *Line) Read(p *Packet) {
	l.Source, l.Destination, l.Info, l.Around, l.Faults = l.Source[:0], l.Destination[:0], l.Info[:0], l.Around[:0], l.Faults[:0]
	l.layers, l.quoted = l.layers[:0], l.quoted[:0]
	for i := 1; i < len(p.Layers); i++ {
		if p.Layers[i].Flags&Quoted != 0 {
			l.quoted = append(l.quoted, i)
		} else {
			l.layers = append(l.layers, i)
		}
	}
	t := p.talk(l.layers)
	l.Source = p.appendEnd(l.Source, t, source)
	l.Destination = p.appendEnd(l.Destination, t, destination)
	l.Info = p.appendInfo(l.Info, t)
	if len(l.quoted) > 0 {
		q := p.talk(l.quoted)
		l.Info = p.appendEnd(append(l.Info, " ("...), q, source)
		l.Info = p.appendEnd(append(l.Info, " → "...), q, destination)
		l.Info = append(p.appendInfo(append(l.Info, ' '), q), ')')
	}
	l.Around = p.appendAround(l.Around, t.inner)
	if t.network != 0 && p.carries(t.network) {
		l.Around = p.appendSummary(l.Around, between(l.Around), t.network)
	}
	l.Around = p.appendAround(l.Around, t.outer)
	l.Faults = p.appendFaults(l.Faults)
}

// talk is what a list of layers comes to: two ends and what passes between them.
type talk struct {
	outer   []int // the layers around
	network int   // the innermost layer with addresses, 0 if there is none
	ports   int   // the first layer in it with ports, 0 if there is none
	inner   []int // the layers in it
}

func (p *Packet) talk(layers []int) (t talk) {
	t.inner = layers
	for k := len(layers) - 1; k >= 0; k-- {
		if i := layers[k]; p.ends(i).address[source] != nil {
			t.outer, t.network, t.inner = layers[:k], i, layers[k+1:]
			break
		}
	}
	for _, i := range t.inner {
		if p.ends(i).port[source] != nil {
			t.ports = i
			break
		}
	}
	return t
}

// A side of a conversation.
const (
	source = iota
	destination
)

// ends are the rows of a header that say who talks to whom.
type ends struct {
	address [2]*Field
	port    [2]*Field
}

// ends finds them by the ends of their names.
func (r Rows) ends() (e ends) {
	for i := range r {
		f := &r[i]
		switch name := f.Name; {
		case strings.HasSuffix(name, ".src"):
			e.address[source] = f
		case strings.HasSuffix(name, ".dst"):
			e.address[destination] = f
		case strings.HasSuffix(name, ".srcport"):
			e.port[source] = f
		case strings.HasSuffix(name, ".dstport"):
			e.port[destination] = f
		}
	}
	return e
}

func (p *Packet) ends(i int) *ends { return &protocols[p.Layers[i].Protocol].ends }

// appendRow appends the value of row f of layer i's header, and a question mark if it was cut off.
func (p *Packet) appendRow(dst []byte, i int, f *Field) []byte {
	v, ok := f.read(p.Header(&p.Layers[i]))
	if !ok {
		return append(dst, '?')
	}
	return v.AppendText(dst)
}

func (p *Packet) appendEnd(dst []byte, t talk, side int) []byte {
	if t.network == 0 {
		return dst
	}
	address := p.ends(t.network).address[side]
	if t.ports == 0 {
		return p.appendRow(dst, t.network, address)
	}
	brackets := address.Kind == IPv6Addr // or a colon could mean either
	if brackets {
		dst = append(dst, '[')
	}
	dst = p.appendRow(dst, t.network, address)
	if brackets {
		dst = append(dst, ']')
	}
	return p.appendRow(append(dst, ':'), t.ports, p.ends(t.ports).port[side])
}

// appendInfo appends what the innermost layers say: those that carry nothing that is known. Bytes of unknown meaning are mentioned only
// where nothing else is: around them their number was said.
func (p *Packet) appendInfo(dst []byte, t talk) []byte {
	start, last := len(dst), t.network
	if t.network != 0 && !p.carries(t.network) {
		dst = p.appendSummary(dst, "", t.network)
	}
	for _, i := range t.inner {
		separator := ""
		if len(dst) > start {
			separator = ", "
		}
		if last = i; !p.carries(i) && p.Layers[i].Protocol != data.ID {
			dst = p.appendSummary(dst, separator, i)
		}
	}
	if len(dst) == start && last != 0 {
		if dst = p.appendSummary(dst, "", last); len(dst) == start {
			dst = append(dst, p.Layers[last].Protocol.String()...)
		}
	}
	return dst
}

// carries tells whether there is something known in layer i.
func (p *Packet) carries(i int) bool {
	for j := i + 1; j < len(p.Layers); j++ {
		if l := &p.Layers[j]; int(l.Parent) == i && l.Protocol != data.ID && l.Flags&Quoted == p.Layers[i].Flags&Quoted {
			return true
		}
	}
	return false
}

// appendSummary appends separator and what layer i says, or neither.
func (p *Packet) appendSummary(dst []byte, separator string, i int) []byte {
	f := protocols[p.Layers[i].Protocol].Summary
	if f == nil {
		return dst
	}
	before := len(dst)
	dst = append(dst, separator...)
	empty := len(dst)
	if dst = f(dst, p, i); len(dst) == empty {
		return dst[:before]
	}
	if l := &p.Layers[i]; l.Flags&Guessed != 0 && p.Layers[l.Parent].Flags&Guessed == 0 { // what is in a guess is one, too
		dst = append(dst, " (guessed)"...)
	}
	return dst
}

// appendAround appends those of the layers that carry others, the innermost first. A tunnel is followed by the addresses of its ends.
func (p *Packet) appendAround(dst []byte, layers []int) []byte {
	named := false // the addresses to come are those of what was named last
	for k := len(layers) - 1; k >= 0; k-- {
		i := layers[k]
		address := &p.ends(i).address
		switch {
		case !p.carries(i):
		case p.ends(i).port[source] != nil: // UDP is told by the tunnel in it
		case address[source] == nil:
			n := len(dst)
			dst = p.appendSummary(dst, between(dst), i)
			named = named || len(dst) > n
		case address[source].Kind != MAC:
			if !named {
				dst = append(append(dst, between(dst)...), protocols[p.Layers[i].Protocol].Name...)
			}
			dst = p.appendRow(append(dst, ' '), i, address[source])
			dst = p.appendRow(append(dst, "→"...), i, address[destination])
			dst = p.appendSummary(dst, between(dst), i)
			named = false
		}
	}
	return dst
}

// between is what stands between the parts of a line.
func between(dst []byte) string {
	if len(dst) == 0 {
		return ""
	}
	return " · "
}

// appendFaults appends what a person should not miss.
func (p *Packet) appendFaults(dst []byte) []byte {
	add := func(text string) { dst = append(append(dst, between(dst)...), text...) }
	for i := range p.Layers {
		l := &p.Layers[i]
		if l.Verdict != Bad && l.Verdict != Illegal {
			continue
		}
		proto := protocols[l.Protocol]
		add(l.Verdict.String())
		dst = append(append(append(dst, ' '), proto.Name...), " checksum"...)
		if bit, ok := proto.Verify(p, i).FlippedBit(); ok {
			dst = append(strconv.AppendInt(append(dst, " (bit "...), int64(bit), 10), " flipped)"...)
		}
	}
	for _, a := range p.Anomalies {
		add(a.Kind.String())
	}
	switch r := p.Stop.Reason; {
	case r == StopDepth, r == StopMessages: // an anomaly says so
	case r.Malformed(), r == StopTruncated, r == StopUnknown:
		add(p.Stop.String())
	}
	return dst
}
