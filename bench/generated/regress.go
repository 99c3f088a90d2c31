package main

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"pktscope/internal/craft"
)

// Captures that pktscope once read wrongly, as small as what was wrong. Their names say what they show; what it reads today stands beside
// them in testdata/regress.

// frameOf is a frame that the snap length may have cut.
type frameOf struct {
	data    []byte
	wireLen int // len(data) if 0
}

type regression struct {
	name   string
	link   uint32 // the link type field of pcap's header, with what it says of a frame check sequence
	frames []frameOf
	damage func(file []byte) // what is wrong with the file; nil for nothing
}

// bytes is the capture: pcap with nanoseconds, a millisecond between frames.
func (r *regression) bytes() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	for _, word := range []uint32{4<<16 | 2, 0, 0, 1 << 18, r.link} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	for i, f := range r.frames {
		if f.wireLen == 0 {
			f.wireLen = len(f.data)
		}
		for _, word := range []int{int(begin.Unix()), i * 1_000_000, len(f.data), f.wireLen} {
			b = binary.LittleEndian.AppendUint32(b, uint32(word))
		}
		b = append(b, f.data...)
	}
	if r.damage != nil {
		r.damage(b)
	}
	return b
}

func frame(l ...craft.Layer) frameOf { return frameOf{data: craft.Packet(l...)} }

const linkEthernet, linkNFLOG = 1, 239

func regressions() []regression {
	const far, near = "198.51.100.1", "192.0.2.1"
	ends := craft.IPv4{Src: near, Dst: far}
	return []regression{
		// A fuzzer found it: the source routes are longer than what PPTP's key says the packet is.
		{name: "gre-source-routes-beyond-pptp-length", link: linkEthernet, frames: []frameOf{
			{data: []byte("000000000000\b\x00E00000 \x000/0000000000a1\x88\v0000\x00\x0000000000000")}}},

		// The length of a segment's payload was missing as soon as its options were cut.
		{name: "tcp-options-cut-by-snap-length", link: linkEthernet, frames: []frameOf{func() frameOf {
			b := craft.Packet(craft.Ethernet{}, ends, craft.TCP{Src: 1000, Dst: 2000, Options: []byte{2, 4, 5, 180, 1, 1, 1, 1}}, craft.Payload("hello"))
			return frameOf{b[:14+20+22], len(b)}
		}()}},

		// UDP's length is that of the datagram: in its first fragment it reaches beyond what is there, and that is no fault. The header's bad
		// checksum keeps it out of reassembly.
		{name: "udp-longer-than-its-first-fragment", link: linkEthernet, frames: []frameOf{func() frameOf {
			whole := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: near, Dst: far, ID: 7}, craft.UDP{Src: 5000, Dst: 9000}, pattern(200))
			first := craft.Fragment(whole, 100)[0]
			first[14+8]++ // TTL
			return frameOf{data: first}
		}()}},

		// Users of a mobile network have the same addresses and identifications.
		{name: "gtp-users-with-one-identification", link: linkEthernet, frames: func() (all []frameOf) {
			for _, part := range []int{0, 1} {
				for _, teid := range []uint32{1, 2} {
					inside := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 7},
						craft.UDP{Src: 5000, Dst: 9000 + uint16(teid)}, pattern(96))
					piece := craft.Fragment(inside, 80)[part][14:]
					all = append(all, frame(craft.Ethernet{}, ends, craft.UDP{Src: 2152}, craft.GTPU{TEID: teid}, craft.Payload(piece)))
				}
			}
			return all
		}()},

		// A tunnel whose packets exceed the MTU looked as if they were as small as the last fragment.
		{name: "tunnel-larger-than-the-mtu", link: linkEthernet, frames: func() (all []frameOf) {
			whole := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: near, Dst: far, ID: 9}, craft.UDP{Src: 49152}, craft.VXLAN{VNI: 5001},
				craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 5000, Dst: 9000}, pattern(200))
			for _, f := range craft.Fragment(whole, 140) {
				all = append(all, frameOf{data: f})
			}
			return all
		}()},

		// The four bytes behind the packet look like a frame check sequence; the capture says that there is none.
		{name: "no-frame-check-sequence", link: linkEthernet | 1<<26, frames: []frameOf{func() frameOf {
			b := craft.Packet(craft.Ethernet{}, craft.ARP{})
			b = append(b, make([]byte, 60-len(b))...)
			return frameOf{data: binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))}
		}()}},

		// DVMRP's and PIM's messages in IGMP have a checksum of their own.
		{name: "dvmrp-in-igmp", link: linkEthernet, frames: []frameOf{
			frame(craft.Ethernet{}, craft.IPv4{Src: near, Dst: "224.0.0.4", TTL: 1}, craft.IGMP{Type: 0x13}, craft.Payload{0, 0, 3, 0xff})}},

		// Lengths that reach beyond the message were shown, and counted nowhere.
		{name: "icmp-quotes-more-than-there-is", link: linkEthernet, frames: []frameOf{
			frame(craft.Ethernet{}, craft.IPv4{Src: far, Dst: near}, craft.ICMP{Type: 11, Rest: 255 << 16},
				craft.Payload(craft.Packet(craft.Ethernet{}, ends, craft.UDP{Src: 5000, Dst: 9000}, pattern(8))[14:]))}},
		{name: "geneve-option-overruns", link: linkEthernet, frames: []frameOf{
			frame(craft.Ethernet{}, ends, craft.UDP{Src: 5000}, craft.Edit(
				craft.Geneve{VNI: 1, Options: []craft.GeneveOption{{Class: 0x0102, Type: 1, Data: []byte{1, 2, 3, 4}}}},
				func(b []byte) { b[8+3] = 9 }), // words of the option's data
				craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 2}, pattern(4))}},
		{name: "udplite-covers-less-than-its-header", link: linkEthernet, frames: []frameOf{
			frame(craft.Ethernet{}, ends, craft.Edit(craft.UDPLite{Src: 5000, Dst: 9000}, func(b []byte) { b[5] = 7 }), pattern(8))}},
		{name: "nflog-tlv-overruns", link: linkNFLOG, frames: []frameOf{
			{data: []byte{2, 0, 0, 5, 8, 0, 1, 0, 0x08, 0, 0, 0, 99, 0, 9, 0, 0x45, 0, 0, 20}}}},

		// A fine-grained label has padding behind it as a VLAN tag has.
		{name: "padding-behind-a-fine-grained-label", link: linkEthernet, frames: []frameOf{func() frameOf {
			l := append([]craft.Layer{craft.Ethernet{}, craft.TRILL{Ingress: nick1, Egress: nick2}, craft.Ethernet{}}, label(0x123456, 0)...)
			b := craft.Packet(slices.Concat(l, []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 2}})...)
			return frameOf{data: append(b, make([]byte, 10)...)}
		}()}},

		// Where a port has no payload, nothing is named behind it.
		{name: "tunnel-port-without-payload", link: linkEthernet, frames: []frameOf{
			frame(craft.Ethernet{}, ends, craft.UDP{Src: 5000, Dst: 4789}),
			frame(craft.Ethernet{}, ends, craft.TCP{Src: 5000, Dst: 1723, Flags: craft.ACK})}},

		// An original length of 4 GiB was believed, and counted as bytes on the wire.
		{name: "original-length-of-4-gib", link: linkEthernet, frames: []frameOf{frame(craft.Ethernet{}, craft.ARP{}), frame(craft.Ethernet{}, craft.ARP{})},
			damage: func(file []byte) {
				second := 24 + 16 + len(craft.Packet(craft.Ethernet{}, craft.ARP{}))
				binary.LittleEndian.PutUint32(file[second+12:], 0xffffffff)
			}},
	}
}
