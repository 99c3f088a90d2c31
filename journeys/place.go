package journeys

import (
	"encoding/binary"
	"math"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"

	"pktscope/dissect"
	"pktscope/flows"
)

// A Place is where a packet was captured: the capture point, and the identifiers around the packet.
type Place struct {
	Number int // from 1, in the order in which places are met
	Point  *dissect.Point
	Path   flows.Path // outermost first

	Frames  uint64 // captures of packets, duplicates included
	Packets uint64 // each once
	Bytes   uint64 // of frames, on the wire
	Only    uint64 // packets that were captured nowhere else
	at      int32  // number of the capture point, which is the interface in a capture of all of them
	Again   uint64 // frames that are the same packet once more, changed in nothing: a mirror of two ports, a loop of switches
}

// maxPlaces bounds the places that are told apart; packets at others are not followed.
const maxPlaces = 1 << 14

// places are all that were met.
type places struct {
	limit int
	byKey map[string]int32 // index
	all   []*Place
	key   []byte
	spots map[[2]uint32]int32 // numbers of capture points, by their ID and the interface
}

// noLimit is the limit of a table that is bounded in another way.
const noLimit = math.MaxInt

func newPlaces(limit int) places {
	return places{limit: limit, byKey: map[string]int32{}, spots: map[[2]uint32]int32{}}
}

// at returns the index of a place. It is not ok if there is no room for another one.
func (p *places) at(point *dissect.Point, path flows.Path) (index int32, ok bool) {
	p.key = binary.BigEndian.AppendUint32(p.key[:0], uint32(point.ID))
	for i := range path {
		id := &path[i]
		p.key = binary.BigEndian.AppendUint32(append(p.key, byte(id.Kind)), id.Number)
		if id.Kind == flows.Tunnel {
			p.key = appendAddr(appendAddr(p.key, id.Ends[0]), id.Ends[1])
		}
	}
	if index, ok = p.byKey[string(p.key)]; ok {
		return index, true
	}
	if len(p.all) >= p.limit {
		return 0, false
	}
	index = int32(len(p.all))
	p.byKey[string(p.key)] = index
	spot := [2]uint32{uint32(point.ID)}
	if len(path) > 0 && path[0].Kind == flows.Interface {
		spot[1] = path[0].Number + 1
	}
	at, known := p.spots[spot]
	if !known {
		at = int32(len(p.spots))
		p.spots[spot] = at
	}
	p.all = append(p.all, &Place{Number: len(p.all) + 1, Point: point, Path: slices.Clone(path), at: at})
	return index, true
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	b := a.As16()
	return append(dst, b[:]...)
}

// names calls capture points by the interface's name, where that tells them apart, or by the file's, or by both.
type names struct {
	points map[int]string // by ID
}

func nameAll(all []*Place) names {
	n := names{map[int]string{}}
	points := map[int]*dissect.Point{}
	for _, p := range all {
		points[p.Point.ID] = p.Point
	}
	for _, style := range []func(*dissect.Point) string{interfaceName, fileName, bothNames, wholeName} {
		met := map[string]bool{}
		for id, p := range points {
			n.points[id] = style(p)
			met[n.points[id]] = true
		}
		if len(met) == len(points) && !met[""] {
			break
		}
	}
	return n
}

func interfaceName(p *dissect.Point) string { return p.Name }

// fileName is the file's without its directory and what tells its format.
func fileName(p *dissect.Point) string {
	name := filepath.Base(p.File)
	for {
		switch ext := filepath.Ext(name); ext {
		case ".pcap", ".pcapng", ".cap", ".snoop", ".gz", ".zst", ".lz4", ".xz", ".bz2":
			if ext != name {
				name = name[:len(name)-len(ext)]
				continue
			}
		}
		return name
	}
}

func bothNames(p *dissect.Point) string { return fileName(p) + ":" + nameOrNumber(p) }
func wholeName(p *dissect.Point) string { return p.File + ":" + nameOrNumber(p) }

func nameOrNumber(p *dissect.Point) string {
	if p.Name != "" {
		return p.Name
	}
	return "#" + strconv.Itoa(max(0, p.Index))
}

// of is the place's name: "tun-a [vlan 1]".
func (n names) of(p *Place) string {
	name := n.points[p.Point.ID]
	if path := p.Path.String(); path != "" {
		name += " [" + path + "]"
	}
	return name
}
