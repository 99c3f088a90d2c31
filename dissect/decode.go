package dissect

// Decoder decodes what a frame alone decides. It keeps nothing from one packet to the next, so that any number of decoders may
// work on a capture in any order; but one decoder is for one goroutine.
type Decoder struct {
	config *Config
	tables *dispatch
	p      *Packet

	// The layer that is being dissected.
	l    *Layer
	at   int // its index
	have int // captured bytes from its first byte to the end of what encloses it

	chain
	messages int
}

// chain is what the layers of one chain have in common.
type chain struct {
	limit  string // the length field that set the end of what encloses the layer
	depth  uint8
	source uint8
	flags  Flags // what every layer from here on is
	part   bool  // a fragment that is decoded as it is: that lengths in it reach beyond it is no fault
}

// NewDecoder returns a decoder.
func (c *Config) NewDecoder() *Decoder { return &Decoder{config: c, tables: c.tables} }

// Decode dissects the frame f into p.
func (d *Decoder) Decode(p *Packet, f *Frame) {
	p.Reset(f)
	d.p = p
	d.messages = 0
	d.chain = chain{limit: "frame.len", depth: 1}
	d.at, d.l = 0, &p.Layers[0]
	d.run(d.next(LinkType, uint32(p.Point.Link)), p.Data, 0, uint32(p.WireLen), 0)
}

// run decodes a chain of layers. The first is of protocol id and starts at offset start of its source; b is what was captured of
// it, end is where it ends as the length fields say.
func (d *Decoder) run(id ID, b []byte, start, end uint32, parent int16) {
	for {
		if id == none {
			if len(b) > 0 {
				d.push(data.ID, parent, start, end).HeaderEnd += uint32(len(b))
			}
			return
		}
		if d.depth > MaxDepth {
			d.anomaly(int(parent), TooDeep)
			d.stop(Stop{Reason: StopDepth, At: id})
			return
		}
		proto := &dissectors[id]
		l := d.push(id, parent, start, end)
		at := d.at
		d.have = len(b)
		if len(b) < proto.size {
			d.cut(proto.size)
			return
		}
		l.HeaderEnd = start + uint32(proto.size)
		if id = proto.dissect(d, b); id == done {
			return
		}
		l = d.l // children may have made the list of layers grow
		b = b[l.HeaderEnd-start:]
		start, end = l.HeaderEnd, l.End
		if n := int(end) - int(start); n < len(b) {
			b = b[:max(0, n):n]
		}
		parent = int16(at)
		d.depth++
	}
}

// push adds a layer; its header has no length yet. The layer is written in place: to build it first and copy it costs more
// than all the rest of the loop.
func (d *Decoder) push(id ID, parent int16, start, end uint32) *Layer {
	p := d.p
	d.at = len(p.Layers)
	p.Layers = append(p.Layers, Layer{})
	l := &p.Layers[d.at]
	d.l = l
	l.Start, l.HeaderEnd, l.End = start, start, end
	l.Parent, l.Protocol, l.Source, l.Flags = parent, id, d.source, d.flags
	return l
}

// cut ends decoding because the layer's header needs more bytes than there are. The layer stays, partial.
func (d *Decoder) cut(need int) {
	l := d.l
	l.Flags |= Partial
	l.HeaderEnd = l.Start + uint32(d.have)
	s := Stop{Reason: StopShort, At: l.Protocol, Offset: l.Start, Need: uint32(need), Have: uint32(d.have), Limit: d.limit}
	switch {
	case d.flags&Quoted != 0:
		s.Reason = StopQuote
	case l.Len() > d.have:
		s.Reason, s.Limit = StopTruncated, "frame.cap_len"
	case d.part:
		s.Reason = StopFragment
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
		d.cut(n)
		return false
	}
	d.l.HeaderEnd = d.l.Start + uint32(n)
	return true
}

// trust says that only the first n bytes of the header can be believed: a field in them makes no sense. The layer becomes partial.
func (d *Decoder) trust(n int) {
	d.l.Flags |= Partial
	d.l.HeaderEnd = d.l.Start + uint32(n)
}

// extent says that header and payload have n bytes, because length field by says so. What encloses the layer wins if it is
// shorter.
func (d *Decoder) extent(n int, by string) {
	l := d.l
	if n > l.Len() {
		d.exceeds()
		return
	}
	n = max(n, l.HeaderLen())
	l.End = l.Start + uint32(n)
	d.have = min(d.have, n) // what the header still grows by has to lie within
	d.limit = by
}

// exceeds records that a length field reaches beyond what encloses it. In a quotation, and in a fragment, it may.
func (d *Decoder) exceeds() {
	if d.flags&Quoted == 0 && !d.part {
		d.note(LengthExceedsFrame)
	}
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
	d.stop(Stop{Reason: StopUnknown, At: d.l.Protocol, Next: t, Key: key, Offset: d.l.HeaderEnd})
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
	if d.messages++; d.messages > MaxMessages {
		if d.messages == MaxMessages+1 {
			d.note(TooManyMessages)
			d.stop(Stop{Reason: StopMessages, At: d.l.Protocol})
		}
		return false
	}
	at, have, saved := d.at, d.have, d.chain
	start := min(d.l.Start+uint32(off), d.l.End)
	end := min(start+uint32(n), d.l.End)
	b := d.p.Body(d.l)
	b = b[min(off, len(b)):]
	d.limit = limit
	d.depth++
	d.flags |= flags
	d.run(id, b[:min(len(b), int(end-start))], start, end, int16(at))
	d.at, d.l, d.have, d.chain = at, &d.p.Layers[at], have, saved
	return true
}
