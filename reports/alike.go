package reports

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"

	"pktscope/dissect"
)

// Nearly every packet says the same as one before it to those reports that only add up: who, where, in which tunnel, with which verdicts. So packets
// that are alike are collected, and reports are told of them once, when an epoch ends or when others need their place: how many there were, how
// many bytes, which were the first and when. What a report has to see of each packet is as little as can be.
//
// Packets are alike if nothing tells them apart that a report adds up by: they have the same layers at the same places with the same verdicts,
// and in their headers the same bits but for those that no report groups by: lengths, identifications, checksums, numbers; ports, which
// reports look at packet by packet; and the addresses of an innermost packet in no tunnel, for the same reason. These bits are compared by 128
// bits of hash, whose key is another one in each run: to compare them all would be a wait for memory with each packet. Whatever is unusual is
// alike to nothing, and is told of at once.
//
// The hash is NH (RFC 4418 section 5.2.1, with words of 64 bits): the sum of the products of pairs of words to each of which a key of its own was
// added. Two packets that differ have the same sum with a probability of 2^-64, whatever is in them, and no product waits for another.

// alike is packets that are alike; a packet by itself is one of these, too.
type alike struct {
	*dissect.Packet // one of them, that is like all others in what reports add up by; its number, time and length are those of any
	alikeSums
}

// alikeSums is what was added up.
type alikeSums struct {
	frames  firstFrames
	bytes   uint64 // on the wire
	largest int    // bytes on the wire of the largest
	span    span
}

// first is the number of the first frame.
func (s *alikeSums) first() uint64 { return s.frames.numbers[0] }

// amount is packets and bytes on the wire.
func (s *alikeSums) amount() amount { return amount{s.frames.count, s.bytes} }

// bytesOf is how many bytes some part of all packets has which has n in the one that stands for them: all that differs between them is
// how long the innermost payload is.
func (a *alike) bytesOf(n int) uint64 { return a.bytes - a.frames.count*uint64(a.WireLen-n) }

// largestOf is how many that part has in the largest of them.
func (a *alike) largestOf(n int) int { return a.largest - (a.WireLen - n) }

// alone makes a the one packet p.
func (a *alike) alone(p *dissect.Packet) {
	*a = alike{Packet: p, alikeSums: alikeSums{bytes: uint64(p.WireLen), largest: p.WireLen}}
	a.frames.add(p.Number)
	a.span.addPacket(p)
}

// An adder is a part that adds packets up which are alike.
type adder interface {
	Part
	// addAlike adds them up, but for what each of them had to be looked at for.
	addAlike(a *alike)
}

// A looker is an adder that has to look at each packet, in capture order. Its Add is look and addAlike.
type looker interface {
	adder
	// look sees a packet that is the first of its like, and notes what helps with the others.
	look(p *dissect.Packet, m *memo)
	// lookAgain sees another one; again tells that it has the ports and addresses of the one before it, too.
	lookAgain(p *dissect.Packet, m *memo, again bool)
}

// memo is what parts know of packets that are alike. Layers that there are not are 0.
type memo struct {
	tags         uint64 // of an Ethernet frame, as glance has them
	arrived, end uint64 // what the findings know of a frame in a tunnel, if arrival
	group        uint64 // the hash of the tunnel's group
	path         uint64 // to what is in the tunnel

	total  int32 // index of the tunnel's group
	stream int32 // index of the direction that its numbers belong to, if sequence
	seal   int32 // index of the direction that the numbers of esp belong to

	behind  uint16 // an IP header right behind Ethernet and its tags, if it is the innermost
	tunnel  uint16 // the only one, unless walk
	udp     uint16 // around it
	network uint16 // Ethernet in it, if not both addresses have been heard of
	esp     uint16

	ethernet, arrival, sequence bool

	walk   bool   // the report on tunnels has to see all of the packet
	kind   kindID // of tunnel
	ttl    uint8  // of what is around it
	espTTL uint8
}

const (
	alikeWords  = 24      // 8-byte words of headers that are compared at most
	alikeLayers = 16      // layers
	alikeShapes = 256     // shapes that are remembered
	alikeSlots  = 1 << 14 // packets that are alike, at most
	maxHeaders  = 512     // bytes of headers

	restLeast = 1 << 14 // packets that are not looked up where few of those before were found
	restMost  = 1 << 20 // the same, after a long time
)

// shape is the layers of packets that may be alike.
type shape struct {
	layers  []dissect.Layer        // none in a place that is free
	marks   [alikeLayers]layerMark // of these
	wire    int
	index   uint32             // in alikes.shapes
	usual   bool               // packets of this shape are collected
	gre     int                // offset of the flags of a GRE header, -1 for none
	flags   byte               // these flags
	words   int                // of headers that are compared, an even number
	headers int                // bytes up to the end of the last header
	mask    [alikeWords]uint64 // bits that are compared
	looked  [alikeWords]uint64 // bits that reports look at packet by packet
}

// alikeSlot is what changes with each of packets that are alike, and what is looked up for them: two lines of cache.
type alikeSlot struct {
	hash, check uint64 // of all that they have in common; hash is 0 in a free place
	looked      uint64 // the hash of what reports looked at in the last one
	count       uint64
	bytes       uint64
	last        int64 // time
	largest     uint32
	at          uint32 // index
	memo        memo
}

// alikeRest is what is seldom needed of them.
type alikeRest struct {
	shape   *shape
	point   *dissect.Point
	listed  bool  // in alikes.used
	first   int64 // time
	numbers [len(firstFrames{}.numbers)]uint64
	words   [alikeWords]uint64 // of the headers; those of the first
}

// alikes is the packets that a shard has collected.
type alikes struct {
	keys   [2 + alikeWords]uint64 // of the hash
	shapes [alikeShapes]shape
	slots  []alikeSlot
	rests  []alikeRest // of slots
	used   []uint32    // slots, in the order in which they came into use

	// Of the packet that was asked for last.
	shape *shape // nil if it is alike to nothing
	near  uint64 // what stood in its place; nobody looks at it
	words [alikeWords]uint64
	bytes [8 * alikeWords]byte
	hash  uint64
	check uint64
	looks uint64

	packet dissect.Packet // stands for those that are taken out
	header [maxHeaders]byte
	filled int // bytes of header

	asked, found uint32 // lookups of late, and how many of them found something
	pause        uint32 // packets that are not looked up, because few are found
	rest         uint32 // how many these were the last time
}

// newAlikes returns a collection with room for n; 0 is no collection.
func newAlikes(n int) *alikes {
	c := &alikes{slots: make([]alikeSlot, n), rests: make([]alikeRest, n)}
	for i := range c.keys {
		c.keys[i] = rand.Uint64()
	}
	for i := range c.slots {
		c.slots[i].at = uint32(i)
	}
	return c
}

// ask works out where packets like p have their place, and begins to load it into the cache: find needs it somewhat later.
func (c *alikes) ask(p *dissect.Packet) {
	c.shape = nil
	if len(c.slots) == 0 || len(p.Anomalies) != 0 || p.Timeless {
		return
	}
	if c.pause > 0 {
		c.pause--
		return
	}
	s := c.shapeOf(p)
	if s == nil || !s.usual {
		return
	}
	n := s.words
	data := p.Data
	if len(data) < 8*n {
		copied := copy(c.bytes[:], data)
		clear(c.bytes[copied : 8*n])
		data = c.bytes[:]
	}
	high, low := bits.Mul64(uint64(p.Point.ID)+c.keys[0], uint64(s.index)+c.keys[1])
	lookedHigh, looked := uint64(0), uint64(0)
	for i := 0; i < n; i += 2 {
		a, b := binary.LittleEndian.Uint64(data[8*i:]), binary.LittleEndian.Uint64(data[8*i+8:])
		c.words[i], c.words[i+1] = a, b
		keyA, keyB := c.keys[i+2], c.keys[i+3]
		h, l := bits.Mul64(a&s.mask[i]+keyA, b&s.mask[i+1]+keyB)
		var carry uint64
		low, carry = bits.Add64(low, l, 0)
		high, _ = bits.Add64(high, h, carry)
		h, l = bits.Mul64(a&s.looked[i]+keyA, b&s.looked[i+1]+keyB)
		looked, carry = bits.Add64(looked, l, 0)
		lookedHigh, _ = bits.Add64(lookedHigh, h, carry)
	}
	hash := fold(low^fold1, high^fold2) | 1

	if c.asked++; c.asked == 1<<12 {
		if c.found >= c.asked/4 {
			c.rest = 0
		} else {
			c.rest = min(max(4*c.rest, restLeast), restMost)
			c.pause = c.rest
		}
		c.asked, c.found = 0, 0
	}
	at := hash >> 32 & uint64(len(c.slots)-1)
	c.shape, c.hash, c.check, c.looks, c.near = s, hash, low, looked^lookedHigh, c.slots[at].hash
}

// find returns the place of packets like p, which was asked for last, and whether there are any: if not, others may have to leave the place (take)
// before p is given it (begin). It returns nil if p is alike to nothing.
func (c *alikes) find(p *dissect.Packet) (slot *alikeSlot, some bool) {
	if c.shape == nil {
		return nil, false
	}
	at := c.hash >> 32 & uint64(len(c.slots)-1)
	slot, other := &c.slots[at], &c.slots[at^1]
	switch {
	case slot.hash == c.hash && slot.check == c.check:
		c.found++
		return slot, true
	case other.hash == c.hash && other.check == c.check:
		c.found++
		return other, true
	case !c.shape.usualPacket(p):
		return nil, false
	case slot.hash != 0 && (other.hash == 0 || other.count < slot.count):
		return other, false
	}
	return slot, false
}

// again tells whether the packet that was asked for last has the ports and addresses, too, of the one that was added last to the slot.
func (c *alikes) again(slot *alikeSlot) bool { return slot.looked == c.looks }

// add adds p, which is like those in the slot and was asked for last.
func (c *alikes) add(slot *alikeSlot, p *dissect.Packet) {
	if slot.count < uint64(len(firstFrames{}.numbers)) {
		rest := &c.rests[slot.at]
		rest.numbers[slot.count] = p.Number
		if slot.count == 0 {
			rest.first, slot.last = p.Time, p.Time
		}
	}
	if p.Time < slot.last {
		rest := &c.rests[slot.at]
		rest.first = min(rest.first, p.Time)
	}
	slot.looked = c.looks
	slot.count++
	slot.bytes += uint64(p.WireLen)
	slot.largest = max(slot.largest, uint32(p.WireLen))
	slot.last = max(slot.last, p.Time)
}

// shapeOf returns the shape of p, nil if there is no room for it.
func (c *alikes) shapeOf(p *dissect.Packet) *shape {
	layers := p.Layers
	n := len(layers)
	if n < 2 || n > alikeLayers {
		return nil
	}
	middle, last := &layers[n/2], &layers[n-1]
	key := uint32(n) ^ uint32(middle.Protocol)<<4 ^ uint32(middle.Verdict)<<8 ^ uint32(last.Protocol)<<12 ^ uint32(last.Start)<<16 ^ uint32(p.WireLen-int(last.End))<<24
	at := key * 0x9e3779b1 >> 24
	for i := range uint32(8) {
		s := &c.shapes[(at+i)%alikeShapes]
		if s.layers == nil {
			s.learn(p)
			s.index = (at + i) % alikeShapes
			return s
		}
		if s.of(p) {
			return s
		}
	}
	return nil
}

// layerMark is a layer in few words.
type layerMark struct {
	place, mask uint64 // offsets of its start and the end of its header, and which bits of these count
	kind        uint64
	end         uint32
}

func placeOf(l *dissect.Layer) uint64 { return uint64(l.Start) | uint64(l.HeaderEnd)<<32 }

func kindOf(l *dissect.Layer) uint64 {
	about := uint32(l.Protocol) | uint32(l.Source)<<8 | uint32(l.Verdict)<<16 | uint32(l.Flags)<<24
	return uint64(uint32(l.Note)|uint32(uint16(l.Parent))<<16) | uint64(about)<<32
}

// of tells whether p has that shape.
func (s *shape) of(p *dissect.Packet) bool {
	if len(s.layers) != len(p.Layers) || len(p.Layers) > alikeLayers {
		return false
	}
	longer := uint32(p.WireLen - s.wire)
	differ := uint64(0)
	for i := 1; i < len(p.Layers); i++ {
		l, m := &p.Layers[i], &s.marks[i]
		differ |= (placeOf(l)^m.place)&m.mask | (kindOf(l) ^ m.kind) | uint64(m.end+longer^l.End)
	}
	if differ != 0 {
		return false
	}
	return s.gre < 0 || s.gre < len(p.Data) && p.Data[s.gre] == s.flags
}

var (
	dataID   = dissect.ByName("data").ID
	greID    = dissect.ByName("gre").ID
	vxlanID  = dissect.ByName("vxlan").ID
	geneveID = dissect.ByName("geneve").ID
)

// learn makes s the shape of p, and decides whether its packets are usual.
func (s *shape) learn(p *dissect.Packet) {
	*s = shape{layers: slices.Clone(p.Layers), wire: p.WireLen, gre: -1}
	for i := range s.layers {
		l := &s.layers[i]
		m := layerMark{place: placeOf(l), mask: ^uint64(0), kind: kindOf(l), end: l.End}
		if l.Protocol == dataID {
			m.mask = 1<<32 - 1 // where it ends
		}
		s.marks[i] = m
	}
	inner := 0 // the last IP header
	for i := range s.layers {
		if l := &s.layers[i]; l.Protocol == ip4 || l.Protocol == ip6 {
			inner = i
		}
	}
	for i := 1; i < len(s.layers); i++ {
		l := &s.layers[i]
		if int(l.Parent) != i-1 || l.Source != 0 || l.Flags&(dissect.Partial|dissect.Quoted|dissect.Tail) != 0 || l.PayloadLen() < 0 && l.Protocol != dataID {
			return
		}
		switch l.Verdict {
		case dissect.VerdictNone, dissect.Good, dissect.Absent, dissect.AbsentTunnel:
		default:
			return
		}
		// What reports add up by, as offsets in the header.
		h := p.Header(l)
		from := func(at, n int) bool { return s.compare(int(l.Start)+at, n, 0xff) }
		look := func(at, n int) bool { return s.mark(&s.looked, int(l.Start)+at, n, 0xff) }
		ok := true
		switch l.Protocol {
		case eth:
			ok = from(0, 14)
		case dot1q, dot1ad:
			ok = from(0, 4)
		case ip4:
			ok = from(0, 2) && from(8, 2)
			if i != inner || s.tunnelled(i) {
				ok = ok && from(12, 8)
			} else {
				ok = ok && look(12, 8)
			}
		case ip6:
			ok = s.compare(int(l.Start), 1, 0xff) && s.compare(int(l.Start)+1, 1, 0xf0) && from(6, 2)
			if i != inner || s.tunnelled(i) {
				ok = ok && from(8, 32)
			} else {
				ok = ok && look(8, 32)
			}
		case tcpID:
			ok = look(0, 4) && s.compare(int(l.Start)+13, 1, 2) // SYN
		case udpID:
			ok = look(0, 4)
		case dataID:
		case vxlanID, geneveID:
			ok = from(0, 8)
		case mplsID:
			ok = from(0, 2) && s.compare(int(l.Start)+2, 1, 0xf1) && from(3, 1)
		case greID:
			g := dissect.GRE(h)
			ok = s.gre < 0 && h[0]&^0xa0 == 0 && from(0, 4)
			s.gre, s.flags = int(l.Start), h[0]
			if g.HasKey() {
				at := 4
				if g.HasChecksum() {
					at = 8
				}
				ok = ok && from(at, 4)
			}
		case espID:
			ok = from(0, 4)
		default:
			return
		}
		if !ok {
			return
		}
		if l.Protocol == dataID {
			l.HeaderEnd = l.Start
		} else {
			s.headers = int(l.HeaderEnd)
		}
	}
	s.words += s.words % 2
	s.usual = s.words > 0 && s.headers <= maxHeaders
}

// tunnelled tells whether a layer behind layer i, which is the last IP header, is a tunnel: its ends stand in i.
func (s *shape) tunnelled(i int) bool {
	for i++; i < len(s.layers); i++ {
		switch roles[s.layers[i].Protocol].meaning {
		case meansTunnel, meansLabel, meansTag:
			return true
		}
	}
	return false
}

// compare makes the n bytes at an offset of the frame count, as far as bits go. It returns false if they are too far back.
func (s *shape) compare(at, n int, bits byte) bool { return s.mark(&s.mask, at, n, bits) }

// mark puts these bits of n bytes at an offset of the frame into a mask. It returns false if they are too far back.
func (s *shape) mark(mask *[alikeWords]uint64, at, n int, bits byte) bool {
	if at+n > 8*alikeWords {
		return false
	}
	for ; n > 0; at, n = at+1, n-1 {
		mask[at/8] |= uint64(bits) << (at % 8 * 8)
		s.words = max(s.words, at/8+1)
	}
	return true
}

// usualPacket tells whether there is nothing in a packet of a usual shape that has to be looked at packet by packet: a frame to several, a TTL
// that is nearly used up, a SYN.
func (s *shape) usualPacket(p *dissect.Packet) bool {
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		h := p.Header(l)
		switch l.Protocol {
		case eth:
			if i == 1 && h[0]&1 != 0 {
				return false
			}
		case ip4:
			if dissect.IPv4(h).TTL() <= loopTTL {
				return false
			}
		case ip6:
			if dissect.IPv6(h).HopLimit() <= loopTTL {
				return false
			}
		case mplsID:
			if dissect.MPLS(h).TTL() <= 1 {
				return false
			}
		case greID:
			if dissect.GRE(h).Version() != 0 {
				return false
			}
		case tcpID:
			if h[13]&2 != 0 {
				return false
			}
		}
	}
	return true
}

// begin makes the slot, which is free, the place of p, which is not added to it.
func (c *alikes) begin(slot *alikeSlot, p *dissect.Packet) {
	slot.hash, slot.check = c.hash, c.check
	rest := &c.rests[slot.at]
	rest.shape, rest.point = c.shape, p.Point
	copy(rest.words[:], c.words[:c.shape.words])
	if !rest.listed {
		rest.listed = true
		c.used = append(c.used, slot.at)
	}
}

// take empties the slot into a, whose packet is good until take is called again.
func (c *alikes) take(slot *alikeSlot, a *alike) {
	rest := &c.rests[slot.at]
	s := rest.shape
	n := 8 * s.words
	for i, word := range rest.words[:s.words] {
		binary.LittleEndian.PutUint64(c.header[8*i:], word)
	}
	if n < c.filled {
		clear(c.header[n:c.filled]) // of what counts for nothing
	}
	c.filled = n
	c.packet.Reset(&dissect.Frame{Data: c.header[:s.headers:s.headers], WireLen: s.wire, Time: rest.first, Number: rest.numbers[0], Point: rest.point})
	c.packet.Layers = append(c.packet.Layers[:0], s.layers...)
	a.Packet = &c.packet
	a.alikeSums = alikeSums{bytes: slot.bytes, largest: int(slot.largest), span: span{rest.first, slot.last, true}}
	for _, number := range rest.numbers[:min(slot.count, uint64(len(rest.numbers)))] {
		a.frames.keep(number)
	}
	a.frames.count = slot.count
	*slot = alikeSlot{at: slot.at}
}

// settle is called when nothing is collected.
func (c *alikes) settle() {
	full := true
	for i := range c.shapes {
		full = full && c.shapes[i].layers != nil
	}
	if full {
		clear(c.shapes[:])
	}
}
