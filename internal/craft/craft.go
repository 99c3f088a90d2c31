// Package craft builds packets for tests and generators, with every length, next-protocol number and
// checksum filled in.
//
// A packet is written as it would be drawn, outermost layer first:
//
//	frame := craft.Packet(
//		craft.Ethernet{},
//		craft.VLAN{ID: 100},
//		craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"},
//		craft.UDP{Src: 49152},
//		craft.VXLAN{VNI: 5001},
//		craft.Ethernet{},
//		craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"},
//		craft.TCP{Src: 40000, Dst: 443, Flags: craft.SYN},
//		craft.Payload("hello"))
//
// Zero fields have useful meanings: addresses default to a pair of documentation hosts, a TTL to 64, a type or
// protocol to that of the layer which follows. What cannot be right, an address that does not parse or a layer
// that has no number in the one before it, panics: it is a mistake in the test.
//
// Packets that are wrong on purpose are made with [Edit], which changes the finished bytes of one layer before
// the layers around it are built (their checksums stay right), or by changing the finished frame.
//
// The package states the formats a second time and shares nothing with the decoder, so that a test of one
// against the other compares two readings of the RFC.
package craft

import (
	"fmt"
	"net"
	"net/netip"
)

// A Layer is one header of a packet, with its trailer if it has one.
type Layer interface {
	// numbers are those by which the layer before can announce this one.
	numbers() numbers
	// wrap returns the layer's header, the payload and the layer's trailer.
	wrap(payload []byte, at place) []byte
}

// Packet returns the bytes of the layers, outermost first.
func Packet(layers ...Layer) []byte {
	var b []byte
	for i := len(layers) - 1; i >= 0; i-- {
		b = layers[i].wrap(b, place{layers[:i], layers[i+1:]})
	}
	return b
}

// Payload is bytes that stand as they are. It can hold a packet that Packet or Fragment made.
type Payload []byte

func (p Payload) wrap(payload []byte, _ place) []byte { return join(p, payload) }

// The numbers reserved for experiments: IEEE Std 802, RFC 4727, RFC 8300.
func (Payload) numbers() numbers {
	return numbers{etherType: 0x88b5, ipProtocol: 253, nextProtocol: 0xfe}
}

// Edit returns the layer l whose bytes, from its header to the end of the packet, are changed by edit when it
// and everything in it is finished, but before the layers around it are built.
func Edit(l Layer, edit func(b []byte)) Layer { return edited{l, edit} }

type edited struct {
	Layer
	edit func(b []byte)
}

func (e edited) wrap(payload []byte, at place) []byte {
	b := e.Layer.wrap(payload, at)
	e.edit(b)
	return b
}

// A place is where in a packet a layer stands.
type place struct {
	before, after []Layer // outermost first
}

// next is the layer that follows, an empty payload where none does.
func (at place) next() Layer {
	if len(at.after) == 0 {
		return Payload(nil)
	}
	return plain(at.after[0])
}

// previous is the layer around this one, nil for the outermost.
func (at place) previous() Layer {
	if len(at.before) == 0 {
		return nil
	}
	return plain(at.before[len(at.before)-1])
}

// number is what announces the next layer in space s: chosen, unless it is zero.
func (at place) number(s space, chosen uint16) uint16 {
	if chosen != 0 {
		return chosen
	}
	n, ok := at.next().numbers()[s]
	if !ok {
		panic(fmt.Sprintf("craft: %T has no %s: choose one in the layer before it", at.next(), s))
	}
	return n
}

// protocol is number for IP protocols. Zero, chosen or not, is the hop-by-hop header.
func (at place) protocol(chosen uint8) byte { return byte(at.number(ipProtocol, uint16(chosen))) }

// plain is the layer without edits.
func plain(l Layer) Layer {
	for {
		e, ok := l.(edited)
		if !ok {
			return l
		}
		l = e.Layer
	}
}

// A space is a registry of numbers by which one layer announces the next.
type space string

const (
	etherType    space = "EtherType"
	ipProtocol   space = "IP protocol"
	pppProtocol  space = "PPP protocol"
	udpPort      space = "UDP port"
	nextProtocol space = "next protocol" // of NSH and VXLAN-GPE, which share their values
)

type numbers map[space]uint16

// join is the concatenation of parts, in memory of its own.
func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// padded is b followed by zeros to a multiple of unit.
func padded(b []byte, unit int) []byte {
	return join(b, make([]byte, (unit-len(b)%unit)%unit))
}

func bit(set bool, mask byte) byte {
	if set {
		return mask
	}
	return 0
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func mac(s, otherwise string) []byte {
	a, err := net.ParseMAC(or(s, otherwise))
	if err != nil {
		panic("craft: " + err.Error())
	}
	return a
}

func ip4(s, otherwise string) []byte {
	a := netip.MustParseAddr(or(s, otherwise)).As4()
	return a[:]
}

func ip6(s, otherwise string) []byte {
	a := netip.MustParseAddr(or(s, otherwise))
	if !a.Is6() {
		panic("craft: " + s + " is not an IPv6 address")
	}
	b := a.As16()
	return b[:]
}
