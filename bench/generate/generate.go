package main

import (
	"encoding/binary"
	"io"
	"math/rand/v2"

	"pktscope/internal/craft"
)

// epoch is when captures begin, 2026-01-01 00:00:00 UTC. The link is then busy with one frame after the other.
const epoch = 1767225600

// A generator makes the packets of a mix.
type generator struct {
	random *rand.PCG
	kinds  []kind
	flows  []flow

	ns      uint64 // since epoch
	outerID uint16
	words   [words]uint16 // of the packet being made
}

// A kind is a script in an encapsulation.
type kind struct {
	encapsulation
	udp   bool
	loop  int
	steps []step
}

// A step is one frame of a kind.
type step struct {
	template
	reply   bool
	advance uint32 // of the sequence number
	last    bool   // of the frames with this identification
}

// A flow is one conversation: who has it, and how far it is.
type flow struct {
	client, server         uint32 // addresses
	clientPort, serverPort uint16
	seq                    [2]uint32 // of the client and the server
	tenant                 uint32
	id                     uint16
	step                   uint8
	kind                   uint8
	dscp                   uint8
}

var (
	tcpPorts = [...]uint16{443, 8443, 5201, 9999}
	udpPorts = [...]uint16{5201, 7777, 9999, 34567}
	dscps    = [...]uint8{0, 0, 0, 0, 8, 18, 26, 34, 46} // best effort, CS1, AF21, AF31, AF41, EF
)

func newGenerator(m mix, seed uint64) *generator {
	g := &generator{random: rand.NewPCG(seed, 0)}
	var weights []int
	for _, e := range m.over {
		for _, s := range m.scripts {
			g.kinds = append(g.kinds, g.newKind(e.encapsulation, s.script))
			weights = append(weights, e.weight*s.weight)
		}
	}
	g.flows = make([]flow, m.flows)
	for i := range g.flows {
		g.flows[i] = g.newFlow(i, m, weights)
	}
	return g
}

// below is a random number from 0 to n-1.
func (g *generator) below(n int) int { return int((g.random.Uint64() >> 32) * uint64(n) >> 32) }

// newFlow chooses what flow i is. Tenants take turns, and each has the same conversations as the others.
func (g *generator) newFlow(i int, m mix, weights []int) flow {
	var f flow
	f.kind = uint8(g.choose(weights))
	k := &g.kinds[f.kind]
	tenants := min(m.tenants, k.tenants)
	f.tenant = uint32(i % tenants)
	conversation := i / tenants
	if k.opaque {
		f.tenant, conversation = uint32(i), i // a security association for each
	}

	// Eight conversations a client, each with another server.
	client, server := conversation/8, conversation%8+8*(conversation/8%500)
	f.client = 10<<24 | uint32(client/62500)<<16 | uint32(client/250%250)<<8 | uint32(client%250+1)
	f.server = 10<<24 | 200<<16 | uint32(server/250)<<8 | uint32(server%250+1)
	f.clientPort = uint16(32768 + conversation*7919%28000)
	f.serverPort = tcpPorts[conversation%len(tcpPorts)]
	if k.udp {
		f.serverPort = udpPorts[conversation%len(udpPorts)]
	}
	f.dscp = dscps[g.below(len(dscps))]
	f.id = uint16(g.random.Uint64())
	f.seq = [2]uint32{uint32(g.random.Uint64()), uint32(g.random.Uint64())}
	if k.opaque {
		f.seq = [2]uint32{1, 1}
	}
	if !m.fromStart {
		f.step = uint8(g.below(len(k.steps)))
	}
	return f
}

// choose is an index, by weight.
func (g *generator) choose(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n, i := g.below(total), 0
	for ; n >= weights[i]; i++ {
		n -= weights[i]
	}
	return i
}

func (g *generator) newKind(e encapsulation, s script) kind {
	k := kind{encapsulation: e, udp: s.udp, loop: s.loop}
	for _, send := range s.steps {
		if send.order != nil {
			k.steps = append(k.steps, g.fragments(e, send)...)
			continue
		}
		layers := e.around(send.reply, g.packet(e, s.udp, send)...)
		advance := uint32(send.size)
		switch {
		case e.opaque:
			advance = 1 // ESP counts packets
		case send.flags&craft.SYN != 0:
			advance++
		}
		k.steps = append(k.steps, step{newTemplate(layers, craft.Packet(layers...)), send.reply, advance, true})
	}
	return k
}

// packet is the flow's own layers of what is sent.
func (g *generator) packet(e encapsulation, udp bool, send send) []craft.Layer {
	var ip, transport craft.Layer = craft.IPv4{DontFragment: true}, craft.TCP{Flags: send.flags, Window: 502}
	if e.ipv6 {
		ip = craft.IPv6{}
	}
	switch {
	case udp:
		transport = craft.UDP{}
	case send.flags&craft.SYN != 0:
		transport = craft.TCP{Flags: send.flags, Window: 64240, Options: []byte{2, 4, 0x05, 0xb4}}
	}
	if e.opaque { // an initialization vector of 8 bytes, the packet, padding, 2 bytes of trailer and an ICV of 16
		inside := len(craft.Packet(transport)) + send.size
		return []craft.Layer{ip, craft.ESP{}, g.noise(8 + (inside+2+3)/4*4 + 16)}
	}
	return []craft.Layer{ip, transport, g.noise(send.size)}
}

// fragments are the frames of a datagram that is sent in fragments.
func (g *generator) fragments(e encapsulation, send send) (steps []step) {
	const most = 1480 // bytes of payload in a fragment
	payload := g.noise(send.size)
	datagram := craft.Packet(craft.IPv4{}, craft.UDP{}, payload)[20:]
	for i, n := range send.order {
		part := datagram[n*most : min((n+1)*most, len(datagram))]
		ip := craft.IPv4{Protocol: 17, FragmentOffset: uint16(n * most), MoreFragments: (n+1)*most < len(datagram)}
		layers := e.around(send.reply, ip, craft.Payload(part))
		frame := craft.Packet(layers...)
		if n == 0 { // with the UDP header, whose checksum is that of the whole datagram
			layers = e.around(send.reply, ip, craft.UDP{}, payload[:most-8])
		}
		steps = append(steps, step{newTemplate(layers, frame), send.reply, 0, i == len(send.order)-1})
	}
	return steps
}

// noise is a payload without meaning.
func (g *generator) noise(size int) craft.Payload {
	b := make(craft.Payload, size)
	for i := range b {
		b[i] = byte(g.random.Uint64())
	}
	return b
}

// write writes a capture of so many packets.
func (g *generator) write(w io.Writer, packets uint64) error {
	const longest = 16 + 2048 // of a record
	buf := make([]byte, 0, 1<<20)
	buf = binary.LittleEndian.AppendUint32(buf, 0xa1b2c3d4) // microseconds
	buf = append(buf, 2, 0, 4, 0)                           // version 2.4
	buf = append(buf, make([]byte, 8)...)                   // UTC
	buf = binary.LittleEndian.AppendUint32(buf, 1<<18)      // snapshot length
	buf = binary.LittleEndian.AppendUint32(buf, 1)          // Ethernet
	for range packets {
		if cap(buf)-len(buf) < longest {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
		buf = g.appendPacket(buf)
	}
	_, err := w.Write(buf)
	return err
}

// appendPacket appends the record of the next packet.
func (g *generator) appendPacket(b []byte) []byte {
	f := &g.flows[g.below(len(g.flows))]
	k := &g.kinds[f.kind]
	s := &k.steps[f.step]
	g.setWords(f, k, s)

	b = binary.LittleEndian.AppendUint32(b, uint32(epoch+g.ns/1e9))
	b = binary.LittleEndian.AppendUint32(b, uint32(g.ns%1e9/1e3))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.frame)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.frame)))
	start := len(b)
	b = append(b, s.frame...)
	s.apply(b[start:], &g.words)

	g.ns += uint64(len(s.frame)+24) * 8 // at 1 Gbit/s, with preamble, check sequence and gap
	g.outerID++
	if s.reply {
		f.seq[1] += s.advance
	} else {
		f.seq[0] += s.advance
	}
	if s.last {
		f.id++
	}
	if f.step++; int(f.step) == len(k.steps) {
		f.step = uint8(k.loop)
	}
	return b
}

// setWords sets what varies to what a flow's next packet has.
func (g *generator) setWords(f *flow, k *kind, s *step) {
	src, dst, from, to, seq, next := f.client, f.server, f.clientPort, f.serverPort, f.seq[0], f.seq[1]
	if s.reply {
		src, dst, from, to, seq, next = dst, src, to, from, next, seq
	}
	w := &g.words
	w[tos] = 0x4500 | uint16(f.dscp)<<2
	w[trafficClass] = 0x6000 | uint16(f.dscp)<<6
	w[id], w[outerID] = f.id, g.outerID
	w[srcHigh], w[srcLow] = halves(src)
	w[dstHigh], w[dstLow] = halves(dst)
	w[srcPort], w[dstPort] = from, to
	w[seqHigh], w[seqLow] = halves(seq)
	w[ackHigh], w[ackLow] = halves(next)
	if k.segment != nil {
		w[segmentHigh], w[segmentLow] = halves(k.segment(f.tenant, s.reply, f.dscp))
		w[outerSrc], w[outerDst] = tunnelHost(src), tunnelHost(dst)
		hash := src*0x9e3779b1 + dst*0x85ebca77 + uint32(from)*0xc2b2ae3d + uint32(to)*0x27d4eb2f
		w[entropy] = 0xc000 | uint16(hash>>18)
	}
}

func halves(v uint32) (high, low uint16) { return uint16(v >> 16), uint16(v) }

// tunnelHost is the low half of the address of the tunnel's end behind which a host is.
func tunnelHost(host uint32) uint16 { return uint16(host>>16)<<8 | uint16(host%250+1) }
