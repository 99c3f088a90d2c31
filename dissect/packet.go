package dissect

// Frame is what a capture holds of one packet.
type Frame struct {
	Data    []byte // captured bytes, from the first byte of the link layer
	WireLen int    // bytes that were on the wire; at least len(Data)
	Time    int64  // nanoseconds since the Unix epoch, as the capture says
	Number  uint64 // place in the input, from 1
	Point   *Point // where it was captured

	Timeless bool // the capture does not say when; Time is 0

	Flags    uint32   // pcapng's epb_flags; 0 where the capture has none
	Comments []string // what people wrote about the packet
}

// Point is a capture point: one interface of one file, or of this machine.
type Point struct {
	ID     int    // place among all capture points of a run, from 0
	File   string // file name as the user wrote it; empty for a live interface
	Index  int    // interface number within the file's section, -1 where the format does not number them
	Name   string // interface name, where the capture has one
	Link   uint16 // LINKTYPE_ number of its frames
	FCSLen int    // bytes of frame check sequence at the end of each frame, -1 when nobody says
	Origin any    // whatever it was made from; not looked at here
}

// Packet is a frame and what was found in it. It is made once and used again for every frame: nothing in it may be kept
// after the next [Decoder.Decode], except by copying.
type Packet struct {
	Frame
	Layers    []Layer     // parents before children; Layers[0] is the frame itself
	Stop      Stop        // why decoding ended; the zero Stop when every byte was accounted for
	Anomalies []AnomalyAt // what is odd, in the order in which it was met

	// Whose the packet is, by the identifiers around its innermost header; set by whoever knows, if somebody asks: see [Field.Owned].
	Segment, Tenant string

	verified int      // layers whose checksums were verified
	sources  [][]byte // what layers point into: the frame's bytes, then what the resolver made
	pending  []int16  // layers that wait for the resolver
	learned  []uint32 // numbers that the resolver found out for layers, whose Notes say which
	scratch  []byte   // texts that were worked out for Values
}

// Layer is one header of a packet and the extent of what it carries. Offsets count bytes from the start of its source.
// Ends are where the length fields say, even where a snap length cut the bytes off before.
type Layer struct {
	Start     uint32
	HeaderEnd uint32
	End       uint32 // end of the payload
	Note      uint16 // what the protocol learned while decoding and its header does not say; the protocol's file tells
	Parent    int16  // index of the enclosing layer, -1 for the frame
	Protocol  ID
	Source    uint8
	Verdict   Verdict
	Flags     Flags
}

// Flags of a layer.
type Flags uint8

const (
	Partial Flags = 1 << iota // the header is cut short: fewer bytes than it needs
	Guessed                   // no field named this protocol; the bytes looked like it
	Quoted                    // inside the packet that an ICMP error quotes
	Tail                      // decoded in the packet that completed a reassembly
)

// MaxDepth bounds how deep layers nest, MaxMessages how many siblings all layers of a packet may have together. Real
// packets stay far below; only hostile ones meet them, and then an anomaly says so.
const (
	MaxDepth    = 32
	MaxMessages = 256
)

// Reset makes p an empty packet of frame f.
func (p *Packet) Reset(f *Frame) {
	p.Frame = *f
	p.WireLen = max(f.WireLen, len(f.Data))
	if len(p.Layers) == 0 {
		p.Layers = append(p.Layers, Layer{Parent: -1, Protocol: frame.ID})
	}
	p.Layers = p.Layers[:1] // of the frame's own layer nothing changes but its end
	p.Layers[0].End = uint32(p.WireLen)
	p.Anomalies = p.Anomalies[:0]
	p.Stop = Stop{}
	p.verified = 0
	p.sources = append(p.sources[:0], f.Data)
	p.pending = p.pending[:0]
	p.learned = p.learned[:0]
	p.scratch = p.scratch[:0]
}

// learn keeps a number that does not fit into a layer's Note, and returns what the Note has to be for recall to find it.
func (p *Packet) learn(n uint32) (note uint16) {
	p.learned = append(p.learned, n)
	return uint16(len(p.learned))
}

// recall returns the number that was learned for a layer. It is not ok when none was.
func (p *Packet) recall(note uint16) (n uint32, ok bool) {
	if note == 0 || int(note) > len(p.learned) {
		return 0, false
	}
	return p.learned[note-1], true
}

// Pending tells whether the resolver has to see this packet before it is finished.
func (p *Packet) Pending() bool { return len(p.pending) > 0 }

// SourceBytes returns the bytes that layer l points into.
func (p *Packet) SourceBytes(l *Layer) []byte { return p.sources[l.Source] }

// Sources returns what layers point into: the frame's bytes, then what was reassembled.
func (p *Packet) Sources() [][]byte { return p.sources }

// Header returns the captured bytes of the layer's header. For a layer that is not [Partial] it is whole.
func (p *Packet) Header(l *Layer) []byte {
	return p.sources[l.Source][l.Start:l.HeaderEnd:l.HeaderEnd]
}

// Body returns the captured bytes of the layer from its header's first byte to the end of its payload.
func (p *Packet) Body(l *Layer) []byte {
	b := p.sources[l.Source]
	end := min(int(l.End), len(b))
	return b[l.Start:end:end]
}

// Payload returns the captured bytes behind the layer's header.
func (p *Packet) Payload(l *Layer) []byte {
	b := p.sources[l.Source]
	end := min(int(l.End), len(b))
	if int(l.HeaderEnd) >= end {
		return nil
	}
	return b[l.HeaderEnd:end:end]
}

// Whole tells whether every byte of the layer was captured.
func (p *Packet) Whole(l *Layer) bool { return int(l.End) <= len(p.sources[l.Source]) }

// Enclosing returns the nearest layer around layer i for which match is true, or nil.
func (p *Packet) Enclosing(i int, match func(*Protocol) bool) *Layer {
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		if match(protocols[p.Layers[j].Protocol]) {
			return &p.Layers[j]
		}
	}
	return nil
}

// Len is the length of the layer's header and payload in bytes, as its length fields say.
func (l *Layer) Len() int { return int(l.End) - int(l.Start) }

// HeaderLen is the length of the header in bytes, of a partial one what is there.
func (l *Layer) HeaderLen() int { return int(l.HeaderEnd) - int(l.Start) }

// PayloadLen is the length of the payload in bytes, as the length fields say.
func (l *Layer) PayloadLen() int { return int(l.End) - int(l.HeaderEnd) }
