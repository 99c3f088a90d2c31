package dissect

// Decoder decodes what a frame alone decides. It keeps nothing from one packet to the next, so that any number of decoders may
// work on a capture in any order; but one decoder is for one goroutine.
type Decoder struct {
	config *Config
	tables *dispatch
	p      *Packet
	at     int    // index of the layer that is being dissected
	l      *Layer // the layer itself
	have   int    // captured bytes from its first byte to the end of what encloses it
	cursor
	messages int
}

// cursor is a place in a source: where the next header starts, and what bounds it.
type cursor struct {
	data   []byte // the source's captured bytes
	pos    int    // the next header's first byte
	end    int    // where the enclosing payload ends, as the length fields say; may lie behind the captured bytes
	limit  string // the length field that set end
	parent int16
	source uint8
	depth  uint8
	flags  Flags // what every layer from here on is
}

// NewDecoder returns a decoder.
func (c *Config) NewDecoder() *Decoder { return &Decoder{config: c, tables: c.tables} }

// Decode dissects the frame f into p.
func (d *Decoder) Decode(p *Packet, f Frame) {
	p.Reset(f)
	d.p = p
	d.messages = 0
	d.data, d.pos, d.end, d.limit = p.Data, 0, p.WireLen, "frame.len"
	d.parent, d.source, d.depth, d.flags = -1, 0, 0, 0
	d.push(frame.ID)
	d.parent, d.depth = 0, 1
	d.run(d.next(LinkType, uint32(p.Point.Link)))
}

// run decodes the chain of layers that starts at the cursor with protocol id.
func (d *Decoder) run(id ID) {
	for {
		if id == none {
			if d.pos >= min(d.end, len(d.data)) {
				return
			}
			id = data.ID
		}
		if d.depth > MaxDepth {
			d.anomaly(int(d.parent), TooDeep)
			d.stop(Stop{Reason: StopDepth, At: id})
			return
		}
		proto := protocols[id]
		l := d.push(id)
		have := d.have
		if have < proto.size {
			d.cut(proto.size, have)
			return
		}
		l.HeaderEnd += uint32(proto.size)
		at := d.at
		next := proto.Dissect(d, d.data[d.pos:d.pos+have:d.pos+have])
		if next == done {
			return
		}
		l = d.l // children may have made the list of layers grow
		d.pos, d.end = int(l.HeaderEnd), int(l.End)
		d.parent = int16(at)
		d.depth++
		id = next
	}
}

// push adds a layer at the cursor; its header has no length yet. The layer is written in place: to build it first and copy it
// costs more than all the rest of the loop.
func (d *Decoder) push(id ID) *Layer {
	p := d.p
	at := len(p.Layers)
	if at == cap(p.Layers) {
		p.Layers = append(p.Layers, Layer{})
	}
	p.Layers = p.Layers[:at+1]
	l := &p.Layers[at]
	l.Start, l.HeaderEnd, l.End = uint32(d.pos), uint32(d.pos), uint32(d.end)
	l.Note, l.Parent, l.Protocol, l.Source, l.Verdict, l.Flags = 0, d.parent, id, d.source, VerdictNone, d.flags
	d.at, d.l, d.have = at, l, max(0, min(d.end, len(d.data))-d.pos)
	return l
}

// cut ends decoding because the header at the cursor needs more bytes than there are. Its layer stays, partial.
func (d *Decoder) cut(need, have int) {
	l := d.l
	l.Flags |= Partial
	l.HeaderEnd = l.Start + uint32(have)
	s := Stop{Reason: StopShort, At: l.Protocol, Offset: l.Start, Need: uint32(need), Have: uint32(have), Limit: d.limit}
	switch {
	case d.flags&Quoted != 0:
		s.Reason = StopQuote
	case d.end > len(d.data):
		s.Reason, s.Limit = StopTruncated, "frame.cap_len"
	}
	d.stop(s)
}

// stop records why decoding ended. The first fault counts; what is no fault gives way to one.
func (d *Decoder) stop(s Stop) {
	if old := d.p.Stop.Reason; old == StopNone || s.Reason.Malformed() && !old.Malformed() {
		d.p.Stop = s
	}
}

func (d *Decoder) anomaly(layer int, a Anomaly) {
	d.p.Anomalies = append(d.p.Anomalies, AnomalyAt{a, int16(layer)})
}

// The methods below are for Dissect functions and speak of the layer that is being dissected.

// layer returns it.
func (d *Decoder) layer() *Layer { return d.l }

// header says that the header has n bytes. If so many are not there the layer becomes partial, and the function returns false:
// the caller has to return done.
func (d *Decoder) header(n int) bool {
	if n > d.have {
		d.cut(n, d.have)
		return false
	}
	d.l.HeaderEnd = uint32(d.pos + n)
	return true
}

// extent says that header and payload have n bytes, because length field by says so. What encloses the layer wins if it is
// shorter.
func (d *Decoder) extent(n int, by string) {
	end := d.pos + n
	if end > d.end {
		if d.flags&Quoted == 0 {
			d.note(LengthExceedsFrame)
		}
		return
	}
	d.layer().End = uint32(end)
	d.limit = by
}

// badLength ends decoding because length field by says have bytes where at least need are needed.
func (d *Decoder) badLength(by string, need, have int) ID {
	d.layer().Flags |= Partial
	d.stop(Stop{Reason: StopBadLength, At: d.layer().Protocol, Offset: d.layer().Start, Need: uint32(need), Have: uint32(have), Limit: by})
	return done
}

// halt ends decoding for reason; the payload becomes data.
func (d *Decoder) halt(reason Reason) ID {
	d.stop(Stop{Reason: reason, At: d.layer().Protocol, Offset: d.layer().HeaderEnd})
	return none
}

// note records an anomaly of the layer.
func (d *Decoder) note(a Anomaly) { d.anomaly(d.at, a) }

// pend marks the layer for the resolver.
func (d *Decoder) pend() { d.p.pending = append(d.p.pending, int16(d.at)) }

// next looks up which protocol table t knows under key. If none, the payload becomes data and the packet's Stop says why.
func (d *Decoder) next(t Table, key uint32) ID {
	if s := d.tables[t]; int(key) < len(s) && s[key] != none {
		return s[key]
	}
	d.stop(Stop{Reason: StopUnknown, At: d.layer().Protocol, Next: t, Key: key, Offset: d.layer().HeaderEnd})
	return none
}

// find is next without a word about what is not known.
func (d *Decoder) find(t Table, key uint32) ID {
	if s := d.tables[t]; int(key) < len(s) {
		return s[key]
	}
	return none
}

// child decodes the n bytes at offset off from the start of the layer as protocol id, as one of several children. It returns
// false when the packet has had too many of them.
func (d *Decoder) child(id ID, off, n int, limit string, flags Flags) bool {
	at, have, saved := d.at, d.have, d.cursor
	if d.messages++; d.messages > MaxMessages {
		if d.messages == MaxMessages+1 {
			d.note(TooManyMessages)
			d.stop(Stop{Reason: StopMessages, At: d.layer().Protocol})
		}
		return false
	}
	d.parent = int16(at)
	d.pos += off
	d.end = min(d.end, d.pos+n)
	d.limit = limit
	d.depth++
	d.flags |= flags
	d.run(id)
	d.at, d.l, d.have, d.cursor = at, &d.p.Layers[at], have, saved
	return true
}
