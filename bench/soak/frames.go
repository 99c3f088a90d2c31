//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"slices"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// frame is one to be sent, and where the ports of passing clients are in it.
type frame struct {
	data  []byte
	ports []port
}

// port is one that changes from pass to pass.
type port struct {
	at, checksum int // offsets in the frame
	first        uint16
}

// Ports of clients are those from here on, which is where Linux begins; those of servers stay.
const firstClient = 32768

// longest is the largest frame that the pair carries.
const longest = 65535

// load reads the Ethernet frames of recordings.
func load(names []string) (all []frame, err error) {
	decoder := dissect.NewConfig(dissect.Options{}).NewDecoder()
	for _, name := range names {
		r, err := pcaps.Open("corpus:" + name)
		if err != nil {
			return nil, err
		}
		for f, err := range pcaps.Frames(r) {
			if err != nil {
				r.Close()
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if f.Interface.LinkType != pcaps.LinkTypeEthernet || len(f.Data) < 14 || len(f.Data) > longest {
				continue
			}
			all = append(all, newFrame(decoder, f))
		}
		r.Close()
	}
	return all, nil
}

// newFrame finds the ports. They change together with their checksums, so that the sum over each header stays what it was, and with it all checksums
// around them.
func newFrame(decoder *dissect.Decoder, f *pcaps.Frame) frame {
	var p dissect.Packet
	made := frame{data: slices.Clone(f.Data)}
	decoder.Decode(&p, &dissect.Frame{Data: made.data, WireLen: f.WireLen, Number: f.Number, Time: f.Time,
		Point: &dissect.Point{Link: uint16(f.Interface.LinkType), FCSLen: -1}})
	for i := range p.Layers {
		l := &p.Layers[i]
		checksum := map[string]int{"tcp": 16, "udp": 6}[l.Protocol.String()]
		if checksum == 0 || l.Source != 0 || int(l.Start)+checksum+2 > len(made.data) {
			continue
		}
		for at := int(l.Start); at < int(l.Start)+4; at += 2 {
			if n := binary.BigEndian.Uint16(made.data[at:]); n >= firstClient {
				made.ports = append(made.ports, port{at: at, checksum: int(l.Start) + checksum, first: n})
			}
		}
	}
	return made
}

// stride is how far ports go from one pass to the next. It has no divisor in common with the number of ports, so that all are used before one comes again.
const stride = 6151

// pass sets the ports of a pass.
func (f *frame) pass(n int) {
	for _, p := range f.ports {
		is := binary.BigEndian.Uint16(f.data[p.at:])
		to := firstClient + uint16((int(p.first-firstClient)+n*stride)%firstClient)
		binary.BigEndian.PutUint16(f.data[p.at:], to)
		if sum := binary.BigEndian.Uint16(f.data[p.checksum:]); sum != 0 { // or there is none
			binary.BigEndian.PutUint16(f.data[p.checksum:], adjusted(sum, is, to))
		}
	}
}

// adjusted is a checksum after a word changed (RFC 1624, equation 3).
func adjusted(checksum, was, is uint16) uint16 {
	sum := uint32(^checksum) + uint32(^was) + uint32(is)
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	if sum == 0xffff {
		return 0xffff // which says the same as 0, and of UDP not that there is none
	}
	return ^uint16(sum)
}
