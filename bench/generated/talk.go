package main

import (
	"net/netip"
	"slices"
	"time"

	"pktscope/internal/craft"
)

// A host is one end of a conversation.
type host struct {
	mac, ip string
	port    uint16
	ttl     uint8 // of its packets where they are captured, 64 if 0
	seq     uint32
	id      uint16 // the last IPv4 identification it used
}

// A talk is a conversation of two hosts, seen in one scene.
type talk struct {
	*scene
	client, server host
	tos            uint8
	// around returns the layers around the IP header of a packet, of which link is the hosts' own Ethernet header.
	// Nil is link alone.
	around func(reply bool, link craft.Layer) []craft.Layer
}

// ends are the sender and receiver of a packet.
func (t *talk) ends(reply bool) (from, to *host) {
	if reply {
		return &t.server, &t.client
	}
	return &t.client, &t.server
}

// packet returns a packet with everything that stands around the transport header.
func (t *talk) packet(reply bool, payload ...craft.Layer) []craft.Layer {
	from, to := t.ends(reply)
	b := []craft.Layer{craft.Ethernet{Src: from.mac, Dst: to.mac}}
	if t.around != nil {
		b = t.around(reply, b[0])
	}
	if netip.MustParseAddr(from.ip).Is6() {
		b = append(b, craft.IPv6{Src: from.ip, Dst: to.ip, TrafficClass: t.tos, HopLimit: from.ttl, FlowLabel: uint32(t.client.port) << 4})
	} else {
		from.id++
		_, datagram := payload[0].(craft.UDP)
		b = append(b, craft.IPv4{Src: from.ip, Dst: to.ip, TOS: t.tos, TTL: from.ttl, ID: from.id, DontFragment: !datagram})
	}
	return slices.Concat(b, payload)
}

// segment is the next TCP segment of one side.
func (t *talk) segment(reply bool, flags uint16, payload string) (craft.TCP, craft.Payload) {
	from, to := t.ends(reply)
	tcp := craft.TCP{Src: from.port, Dst: to.port, Seq: from.seq, Flags: flags, Window: 502}
	if flags&craft.ACK != 0 {
		tcp.Ack = to.seq
	}
	if flags&craft.SYN != 0 { // maximum segment size, window scale 7, SACK permitted
		tcp.Window, tcp.Options = 64240, []byte{2, 4, 0x05, 0xb4, 1, 3, 3, 7, 1, 1, 4, 2}
	}
	from.seq += uint32(len(payload))
	if flags&(craft.SYN|craft.FIN) != 0 {
		from.seq++
	}
	return tcp, craft.Payload(payload)
}

func (t *talk) tcp(reply bool, flags uint16, payload string) {
	tcp, data := t.segment(reply, flags, payload)
	t.send(t.packet(reply, tcp, data)...)
}

const (
	syn  = craft.SYN
	fin  = craft.FIN | craft.ACK
	ack  = craft.ACK
	push = craft.PSH | craft.ACK
)

func (t *talk) open() {
	t.tcp(false, syn, "")
	t.tcp(true, syn|ack, "")
	t.tcp(false, ack, "")
}

// ask is a request and its response.
func (t *talk) ask(request, response string) {
	t.tcp(false, push, request)
	for len(response) > 1400 {
		t.tcp(true, ack, response[:1400])
		response = response[1400:]
	}
	t.tcp(true, push, response)
	t.tcp(false, ack, "")
}

func (t *talk) close() {
	t.tcp(false, fin, "")
	t.tcp(true, fin, "")
	t.tcp(false, ack, "")
}

func (t *talk) udp(reply bool, payload []byte) {
	from, to := t.ends(reply)
	t.send(t.packet(reply, craft.UDP{Src: from.port, Dst: to.port}, craft.Payload(payload))...)
}

// ping is a number of echo requests and their replies.
func (t *talk) ping(count int) {
	for i := range count {
		rest := craft.Echo(t.client.port, uint16(i+1))
		if netip.MustParseAddr(t.client.ip).Is6() {
			t.send(t.packet(false, craft.ICMPv6{Type: 128, Rest: rest}, pattern(56))...)
			t.send(t.packet(true, craft.ICMPv6{Type: 129, Rest: rest}, pattern(56))...)
		} else {
			t.send(t.packet(false, craft.ICMP{Type: 8, Rest: rest}, pattern(56))...)
			t.send(t.packet(true, craft.ICMP{Type: 0, Rest: rest}, pattern(56))...)
		}
		t.wait(200 * time.Millisecond)
	}
}
