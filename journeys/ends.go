package journeys

import (
	"net/netip"

	"pktscope/dissect"
)

// endsTable numbers the addresses of the tunnels around packets, the outermost first. They say where a tunnel goes; whose the packets in it
// are, its identifiers say.
type endsTable struct {
	limit int
	byKey map[string]int32
	keys  []string
	all   [][][2]netip.Addr // by number; the first is of packets in no tunnel
	key   []byte
}

// maxEnds bounds the tunnels that are told apart. Those that come later have the number 0.
const maxEnds = 1 << 14

func newEndsTable(limit int) endsTable {
	return endsTable{limit: limit, byKey: map[string]int32{"": 0}, keys: []string{""}, all: [][][2]netip.Addr{nil}}
}

// of returns the number of the addresses around layer i.
func (t *endsTable) of(p *dissect.Packet, i int) int32 {
	t.key = t.key[:0]
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		l := &p.Layers[j]
		if addresses := dissect.ByID(l.Protocol); j > 0 && addresses.Addresses != nil && l.Flags&dissect.Partial == 0 {
			b := addresses.Addresses(p.Header(l))
			t.key = append(append(t.key, byte(len(b))), b...)
		}
	}
	if n, ok := t.byKey[string(t.key)]; ok {
		return n
	}
	return t.number(string(t.key))
}

// number returns the number of the addresses that a key holds.
func (t *endsTable) number(key string) int32 {
	n, ok := t.byKey[key]
	if ok || len(t.all) >= t.limit {
		return n
	}
	n = int32(len(t.all))
	t.byKey[key] = n
	t.keys = append(t.keys, key)
	var ends [][2]netip.Addr
	for k := []byte(key); len(k) > 0; k = k[1+k[0]:] {
		half := int(k[0]) / 2
		source, _ := netip.AddrFromSlice(k[1 : 1+half])
		destination, _ := netip.AddrFromSlice(k[1+half : 1+2*half])
		ends = append(ends, [2]netip.Addr{source, destination})
	}
	for a, b := 0, len(ends)-1; a < b; a, b = a+1, b-1 {
		ends[a], ends[b] = ends[b], ends[a]
	}
	t.all = append(t.all, ends)
	return n
}
