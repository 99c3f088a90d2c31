package dissect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pktscope/internal/craft"
)

// resolver decodes and resolves frames in turn, as one run does.
type resolver struct {
	*Resolver
	decoder *Decoder
	packet  Packet
	now     int64
}

func newResolver(limits FragmentLimits) *resolver {
	c := NewConfig(Options{Cookie: -1, Fragments: limits})
	return &resolver{Resolver: c.NewResolver(), decoder: c.NewDecoder()}
}

// resolve finishes a frame of the Ethernet interface; the packet is good until the next call.
func (r *resolver) resolve(b []byte) *Packet {
	return r.resolveFrame(Frame{Data: b, WireLen: len(b), Time: r.now, Point: ethernetPoint})
}

func (r *resolver) resolveFrame(f Frame) *Packet {
	r.decoder.Decode(&r.packet, &f)
	r.Resolve(&r.packet)
	r.packet.Verify()
	return &r.packet
}

func (r *resolver) expectCounts(t *testing.T, want FragmentCounts) {
	t.Helper()
	if got := r.Fragments(); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

// numbered is n bytes that tell their places.
func numbered(n int) craft.Payload {
	b := make(craft.Payload, n)
	for i := range b {
		b[i] = byte(i * 7 >> (i % 3))
	}
	return b
}

func TestReassembly(t *testing.T) {
	for name, c := range map[string]struct {
		frame               []byte
		part, whole, header string
	}{
		"IPv4":              {craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 1}, craft.UDP{Src: 1, Dst: 2}, numbered(100)), "eth ip data", "eth ip udp data", "ip"},
		"IPv6":              {craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.UDP{Src: 1, Dst: 2}, numbered(100)), "eth ipv6 ipv6.fraghdr data", "eth ipv6 ipv6.fraghdr udp data", "ipv6"},
		"IPv6 with options": {craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.DestinationOptions{}, craft.UDP{Src: 1, Dst: 2}, numbered(100)), "eth ipv6 ipv6.fraghdr data", "eth ipv6 ipv6.fraghdr ipv6.dstopts udp data", "ipv6"},
		"IPv6 segment routed": {craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.SegmentRouting{Segments: []string{"2001:db8::9"}, SegmentsLeft: 1}, craft.UDP{Src: 1, Dst: 2}, numbered(100)),
			"eth ipv6 ipv6.routing ipv6.fraghdr data", "eth ipv6 ipv6.routing ipv6.fraghdr udp data", "ipv6"},
	} {
		t.Run(name, func(t *testing.T) {
			frames := craft.Fragment(c.frame, 120)
			if len(frames) < 2 {
				frames = craft.Fragment(c.frame, 64)
			}
			r := newResolver(FragmentLimits{})
			for i, b := range frames {
				p := r.resolve(b)
				checkPacket(t, p)
				if i < len(frames)-1 {
					layers(t, p, c.part)
					want(t, p, c.header+".fragment.count", "")
					if p.Stop.Reason != StopFragment {
						t.Errorf("stop: %s", p.Stop)
					}
					continue
				}
				layers(t, p, c.whole)
				want(t, p, "udp.checksum.status", "1")
				want(t, p, "data.data", string(appendHexBytes(nil, numbered(100))))
				want(t, p, c.header+".fragment.count", fmt.Sprint(len(frames)))
				if p.Stop.Reason != StopNone {
					t.Errorf("stop: %s", p.Stop)
				}
				if last := p.Layers[len(p.Layers)-1]; last.Flags&Tail == 0 || last.Source == 0 {
					t.Errorf("the last layer does not say that it was reassembled: %+v", last)
				}
			}
			r.expectCounts(t, FragmentCounts{Fragments: uint64(len(frames)), Reassembled: 1})
		})
	}
}

// Fragments of a random split give the datagram in every order, with duplicates among them.
func TestReassemblyOfRandomSplits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	r := newReassembler(FragmentLimits{})
	for round := range 500 {
		data := numbered(1 + random.IntN(3000))
		fragments := split(random, data)
		unique := len(fragments)
		for range random.IntN(4) {
			fragments = append(fragments, fragments[random.IntN(unique)])
		}
		random.Shuffle(len(fragments), func(i, j int) { fragments[i], fragments[j] = fragments[j], fragments[i] })
		r.release()
		key, seen := []byte{byte(round)}, map[int]bool{}
		for _, f := range fragments {
			seen[f.offset] = true
			w, odd, ok := r.add(key, &f)
			if odd != noAnomaly || ok != (len(seen) == unique) {
				t.Fatalf("round %d: %d of %d fragments are there: ok %v, %s", round, len(seen), unique, ok, odd)
			}
			if ok {
				if !bytes.Equal(w.data, data) || w.fragments != unique || w.next != 17 {
					t.Fatalf("round %d: put together wrong: %d bytes of %d fragments, next %d", round, len(w.data), w.fragments, w.next)
				}
				break // a duplicate that follows starts anew
			}
		}
		checkReassembler(t, r)
	}
}

// split cuts data into fragments, all but the last a multiple of 8 bytes long. Only the first one's protocol number counts.
func split(random *rand.Rand, data []byte) (fragments []fragmentOf) {
	for offset := 0; offset < len(data); {
		n := min(8*(1+random.IntN(20)), len(data)-offset)
		f := fragmentOf{offset: offset, more: offset+n < len(data), next: 6, data: data[offset : offset+n]}
		if offset == 0 {
			f.next = 17
		}
		fragments = append(fragments, f)
		offset += n
	}
	return fragments
}

// checkReassembler fails unless r's accounts are right and its limits hold.
func checkReassembler(t testing.TB, r *reassembler) {
	t.Helper()
	size, n := 0, 0
	for d := r.ring.newer; d != &r.ring; d = d.newer {
		have := 0
		for i, p := range d.pieces {
			have += int(p.end - p.offset)
			if i > 0 && d.pieces[i-1].end > p.offset {
				t.Fatalf("pieces overlap: %v", d.pieces)
			}
		}
		if have != d.have || r.datagrams[d.key] != d {
			t.Fatalf("a datagram has %d bytes and counts %d", have, d.have)
		}
		size += have + len(d.pieces)*pieceSize
		n++
	}
	if size != r.bytes || n != len(r.datagrams) {
		t.Fatalf("%d bytes in %d datagrams, counted %d in %d", size, n, r.bytes, len(r.datagrams))
	}
	if size > r.limits.Bytes || n > r.limits.Datagrams {
		t.Fatalf("%d bytes in %d datagrams are above the limits %+v", size, n, r.limits)
	}
}

// An overlap discards the datagram for good: neither what was there nor what follows is put together.
func TestOverlapsDiscard(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 500 {
		fragments := split(random, numbered(400+random.IntN(2000)))
		if len(fragments) < 2 {
			continue
		}
		random.Shuffle(len(fragments), func(i, j int) { fragments[i], fragments[j] = fragments[j], fragments[i] })
		// One more fragment has the bounds and bytes of none. Both it and the one that it overlaps come before the last of the others.
		victim := fragments[0]
		odd := fragmentOf{offset: victim.offset, more: true, data: append([]byte(nil), victim.data...)}
		switch kind := random.IntN(3); {
		case kind == 0:
			odd.data[random.IntN(len(odd.data))] ^= 1
		case kind == 1 && len(odd.data) > 1:
			odd.data = odd.data[:len(odd.data)/2]
		default:
			odd.data = append(odd.data, 1, 2, 3, 4, 5, 6, 7, 8)
		}
		at := random.IntN(len(fragments))
		fragments = slices.Insert(fragments, at, odd)
		r := newReassembler(FragmentLimits{})
		for range 2 { // a discarded datagram stays discarded when all of its fragments come again
			for _, f := range fragments {
				if w, _, ok := r.add([]byte("k"), &f); ok {
					t.Fatalf("round %d: %d bytes were put together with an overlap", round, len(w.data))
				}
			}
			checkReassembler(t, r)
		}
		if r.counts.Overlapped != 1 {
			t.Fatalf("round %d: %d datagrams discarded", round, r.counts.Overlapped)
		}
	}
}

func TestOverlapIsSaid(t *testing.T) {
	r := newResolver(FragmentLimits{})
	part := func(offset uint16, more bool, fill byte) []byte {
		return craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 8, FragmentOffset: offset, MoreFragments: more, Protocol: 17}, craft.Payload(bytes.Repeat([]byte{fill}, 16)))
	}
	r.resolve(part(0, true, 0))
	want(t, r.resolve(part(8, false, 0)), "pktscope.anomaly", "fragment-overlap")
	want(t, r.resolve(part(0, true, 0)), "pktscope.anomaly", "")
	layers(t, r.resolve(part(16, false, 0)), "eth ip data")
	want(t, r.resolve(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 9, FragmentOffset: 65528, Protocol: 17}, numbered(8))), "pktscope.anomaly", "fragment-too-long")
	r.expectCounts(t, FragmentCounts{Fragments: 5, Overlapped: 1, TooLong: 1})
}

// Two tenants with equal addresses and identifications are never mixed, whatever tells them apart.
func TestTenantsAreNotMixed(t *testing.T) {
	around := map[string]func(tenant uint16) []craft.Layer{
		"vlan": func(n uint16) []craft.Layer { return []craft.Layer{craft.Ethernet{}, craft.VLAN{ID: 1 + n}} },
		"inner vlan": func(n uint16) []craft.Layer {
			return []craft.Layer{craft.Ethernet{}, craft.VLAN{ID: 9}, craft.VLAN{ID: 1 + n}}
		},
		"vxlan": func(n uint16) []craft.Layer {
			return []craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 100 + n, Dst: 4789}, craft.VXLAN{VNI: 5001 + uint32(n)}, craft.Ethernet{}}
		},
		"mpls": func(n uint16) []craft.Layer {
			return []craft.Layer{craft.Ethernet{}, craft.MPLS{Label: 100}, craft.MPLS{Label: 200 + uint32(n)}}
		},
		"gre": func(n uint16) []craft.Layer {
			key := uint32(n)
			return []craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.GRE{Key: &key}}
		},
		"ip in ip": func(n uint16) []craft.Layer {
			return []craft.Layer{craft.Ethernet{}, craft.IPv4{Src: fmt.Sprintf("10.0.0.%d", n)}}
		},
	}
	for name, layersAround := range around {
		t.Run(name, func(t *testing.T) {
			r := newResolver(FragmentLimits{})
			var tenants [2][][]byte
			for n := range uint16(2) {
				udp := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload(bytes.Repeat([]byte{byte(n)}, 100)))[34:]
				for _, f := range []struct{ from, to int }{{0, 48}, {48, 96}, {96, 108}} {
					ip := craft.IPv4{ID: 1, FragmentOffset: uint16(f.from), MoreFragments: f.to < 108, Protocol: 17}
					tenants[n] = append(tenants[n], craft.Packet(append(layersAround(n), ip, craft.Payload(udp[f.from:f.to]))...))
				}
			}
			for i := range tenants[0] {
				for n, frames := range tenants {
					p := r.resolve(frames[i])
					if i == len(frames)-1 {
						want(t, p, "data.data", string(appendHexBytes(nil, bytes.Repeat([]byte{byte(n)}, 100))))
						want(t, p, "udp.checksum.status", map[bool]string{true: "1,1", false: "1"}[name == "vxlan"])
					}
				}
			}
			r.expectCounts(t, FragmentCounts{Fragments: 6, Reassembled: 2})
		})
	}
}

// The same numbers at another capture point are of somebody else.
func TestCapturePointsAreNotMixed(t *testing.T) {
	r := newResolver(FragmentLimits{})
	for i, b := range craft.Fragment(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 1}, craft.UDP{Src: 1, Dst: 2}, numbered(100)), 100) {
		r.resolveFrame(Frame{Data: b, WireLen: len(b), Point: &Point{ID: i, Link: 1}})
	}
	r.expectCounts(t, FragmentCounts{Fragments: 2})
}

// A fragment in a tunnel whose packets are fragmented themselves.
func TestNestedFragments(t *testing.T) {
	r := newResolver(FragmentLimits{})
	inner := craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.TCP{Src: 1, Dst: 2}, numbered(600))
	var last *Packet
	for i, f := range craft.Fragment(inner, 400) {
		outer := craft.Packet(craft.Ethernet{}, craft.IPv4{ID: uint16(i)}, craft.UDP{Src: 5, Dst: 4789}, craft.VXLAN{VNI: 7}, craft.Payload(f))
		for _, f := range craft.Fragment(outer, 300) {
			last = r.resolve(f)
		}
	}
	layers(t, last, "eth ip udp vxlan eth ipv6 ipv6.fraghdr tcp data")
	want(t, last, "tcp.checksum.status", "1")
	want(t, last, "data.data", string(appendHexBytes(nil, numbered(600))))
	if n := r.Fragments().Reassembled; n != 3 {
		t.Errorf("%d datagrams reassembled, want 3", n)
	}
	checkPacket(t, last)
}

func TestWhatTakesNoPart(t *testing.T) {
	first := craft.IPv4{ID: 1, MoreFragments: true}
	udp := craft.UDP{Src: 1, Dst: 2}
	whole := craft.Packet(craft.Ethernet{}, first, udp, numbered(40))
	for name, c := range map[string]struct {
		frame          Frame
		layers, status string
	}{
		"bad header checksum":      {Frame{Data: craft.Packet(craft.Ethernet{}, craft.Edit(first, func(b []byte) { b[8]++ }), udp, numbered(40)), WireLen: len(whole)}, "eth ip udp data", "2"},
		"too small for the header": {Frame{Data: craft.Packet(craft.Ethernet{}, craft.Edit(craft.IPv4{ID: 1, MoreFragments: true, Protocol: 6}, func(b []byte) { b[8]++ }), numbered(8))}, "eth ip tcp", ""},
		"cut by the snap length":   {Frame{Data: whole[:60], WireLen: len(whole)}, "eth ip udp data", "2"},
		"later one, cut":           {Frame{Data: craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 1, FragmentOffset: 8, Protocol: 17}, numbered(40))[:60], WireLen: 74}, "eth ip data", ""},
		"atomic":                   {Frame{Data: craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.FragmentHeader{ID: 7}, udp, numbered(40))}, "eth ipv6 ipv6.fraghdr udp data", "1"},
		"IPv6, cut":                {Frame{Data: craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.FragmentHeader{ID: 7, More: true}, udp, numbered(40))[:80], WireLen: 110}, "eth ipv6 ipv6.fraghdr udp data", "2"},
		"quoted in an ICMP error":  {Frame{Data: craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.ICMP{Type: 11, Code: 1}, craft.Payload(whole[14:]))}, "eth ip icmp ip udp data", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newResolver(FragmentLimits{})
			c.frame.Point = ethernetPoint
			p := r.resolveFrame(c.frame)
			layers(t, p, c.layers)
			r.expectCounts(t, FragmentCounts{})
			want(t, p, "pktscope.anomaly", "")
			if p.Stop.Reason.Malformed() {
				t.Errorf("stop: %s", p.Stop)
			}
			if c.status != "" {
				want(t, p, "udp.checksum.status", c.status)
			}
		})
	}
}

func TestFragmentLimits(t *testing.T) {
	fragment := func(n int, more bool) *fragmentOf { return &fragmentOf{offset: 0, more: more, data: numbered(n)} }
	key := func(i int) []byte { return []byte{byte(i >> 8), byte(i)} }

	t.Run("datagrams", func(t *testing.T) {
		r := newReassembler(FragmentLimits{Datagrams: 10})
		for i := range 15 {
			r.add(key(i), fragment(8, true))
			r.add(key(0), &fragmentOf{offset: 16 + 8*i, more: true, data: numbered(8)}) // the first stays in use
			checkReassembler(t, r)
		}
		if r.counts.Evicted != 5 || r.datagrams[string(key(0))] == nil || r.datagrams[string(key(5))] != nil || r.datagrams[string(key(6))] == nil {
			t.Errorf("%d evicted; the least recently seen should have left", r.counts.Evicted)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		r := newReassembler(FragmentLimits{Bytes: 10000})
		for i := range 100 {
			r.add(key(i), fragment(1000, true))
			checkReassembler(t, r)
		}
		if r.counts.Evicted != 91 {
			t.Errorf("%d evicted, want 91", r.counts.Evicted)
		}
		r.add(key(200), fragment(20000, true)) // alone too large
		checkReassembler(t, r)
	})
	t.Run("age", func(t *testing.T) {
		r := newReassembler(FragmentLimits{Age: time.Second})
		at := func(f *fragmentOf, s float64) *fragmentOf { f.time = int64(s * 1e9); return f }
		r.add(key(0), at(fragment(8, true), 0))
		r.add(key(1), at(fragment(8, true), 0.5))
		r.add(key(0), at(&fragmentOf{offset: 16, more: true, data: numbered(8)}, 0.9))
		if _, _, ok := r.add(key(0), at(&fragmentOf{offset: 8, data: numbered(8)}, 1.1)); ok || r.counts.TimedOut != 1 {
			t.Errorf("ok %v, %d timed out", ok, r.counts.TimedOut)
		}
		r.add(key(2), at(fragment(8, true), 9))
		if r.counts.TimedOut != 3 || len(r.datagrams) != 1 {
			t.Errorf("%d timed out, %d left", r.counts.TimedOut, len(r.datagrams))
		}
		r.add(key(3), at(fragment(8, true), -1e9)) // times that run backwards
		checkReassembler(t, r)
	})
}

// What is reassembled again and again needs no new memory but for its key.
func TestReassemblyReusesMemory(t *testing.T) {
	r := newResolver(FragmentLimits{})
	frames := craft.Fragment(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 1}, craft.UDP{Src: 1, Dst: 2}, numbered(4000)), 1500)
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range frames {
			r.resolve(b)
		}
	}); n > 1 {
		t.Errorf("%v allocations a datagram", n)
	}
}

// What was made for a packet that is kept outlives the next datagram.
func TestKeep(t *testing.T) {
	c := NewConfig(Options{})
	r, d := c.NewResolver(), c.NewDecoder()
	datagram := func(fill byte) *Packet {
		p := new(Packet)
		whole := craft.Packet(craft.Ethernet{}, craft.IPv4{ID: uint16(fill)}, craft.UDP{Src: 1, Dst: 2}, craft.Payload(bytes.Repeat([]byte{fill}, 4000)))
		for _, b := range craft.Fragment(whole, 1500) {
			d.Decode(p, &Frame{Data: b, WireLen: len(b), Point: ethernetPoint})
			r.Resolve(p)
		}
		return p
	}
	store := make([]byte, 0, 5000) // which one datagram fits into, and two do not
	first := datagram('a')
	store = first.Keep(store)
	second := datagram('b')
	second.Keep(store)
	datagram('c')
	for fill, p := range map[byte]*Packet{'a': first, 'b': second} {
		last := &p.Layers[len(p.Layers)-1]
		if got := p.Body(last); !bytes.Equal(got, bytes.Repeat([]byte{fill}, 4000)) {
			t.Errorf("%d bytes of %c are %q...", len(got), fill, got[:min(3, len(got))])
		}
	}
}

// Frames in turn through one resolver, each behind a byte that says how long it is, in units of 8 bytes.
func FuzzResolve(f *testing.F) {
	inner := craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.HopByHop{}, craft.UDP{Src: 1, Dst: 2}, numbered(200))
	tunnelled := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Dst: 4789}, craft.VXLAN{}, craft.Payload(craft.Fragment(inner, 150)[0]))
	for _, packet := range [][]byte{overlay(), inner, tunnelled} {
		var seed []byte
		for _, b := range craft.Fragment(packet, 100) {
			b = append(b, make([]byte, -len(b)&7)...)
			seed = append(append(seed, byte(len(b)/8)), b...)
		}
		f.Add(uint16(1), seed)
	}
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		r := newResolver(FragmentLimits{Datagrams: 3, Bytes: 2000, Age: 5})
		point := &Point{Link: link}
		for len(b) > 0 {
			n := min(1+int(b[0])*8, len(b))
			p := r.resolveFrame(Frame{Data: b[1:n], WireLen: n + 3, Time: r.now, Point: point})
			checkPacket(t, p)
			checkReassembler(t, r.fragments)
			b = b[n:]
			r.now++
		}
	})
}
