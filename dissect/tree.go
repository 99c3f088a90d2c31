package dissect

import "strconv"

// AppendTree appends every field of the packet, a line each, below a line for each layer:
//
//	Internet Protocol Version 4, 10.0.0.1 → 10.0.0.2
//	    0100 .... = ip.version: 4
//	    ip.dsfield: 0xb8
//	        1011 10.. = ip.dsfield.dscp: 46 (EF)
//	    [ip.checksum.status: 1 (Good)]
//
// A field that does not fill its bytes is drawn with its place in them. What stands in brackets is not in the packet but follows
// from it.
func (p *Packet) AppendTree(dst []byte) []byte {
	for i := range p.Layers {
		dst = append(p.AppendTitle(dst, i), '\n')
		for v := range p.Values(i) {
			for range v.Depth + 1 {
				dst = append(dst, "    "...)
			}
			dst = append(p.appendTreeField(dst, i, v), '\n')
		}
	}
	return dst
}

// AppendTitle appends what layer i is, in one line.
func (p *Packet) AppendTitle(dst []byte, i int) []byte {
	l := &p.Layers[i]
	proto := protocols[l.Protocol]
	dst = append(dst, proto.Title...)
	rows := proto.ends.address
	if rows[source] == nil {
		rows = proto.ends.port
	}
	if rows[source] != nil {
		dst = p.appendRow(append(dst, ", "...), i, rows[source])
		dst = p.appendRow(append(dst, " → "...), i, rows[destination])
	}
	dst = p.appendSummary(dst, ", ", i)
	for _, mark := range [...]struct {
		flag Flags
		text string
	}{{Quoted, " (quoted)"}, {Tail, " (reassembled)"}, {Guessed, " (guessed)"}, {Partial, " (cut short)"}} {
		if l.Flags&mark.flag != 0 {
			dst = append(dst, mark.text...)
		}
	}
	return dst
}

func (p *Packet) appendTreeField(dst []byte, i int, v Value) []byte {
	derived := v.Len == 0 && i > 0 // the frame's fields are the capture's word
	if derived {
		dst = append(dst, '[')
	}
	dst = v.appendBits(dst)
	dst = append(dst, v.Field.Name...)
	if v.Field.Kind != Present {
		dst = v.AppendMeaning(append(dst, ": "...))
	}
	if derived {
		dst = append(dst, ']')
	}
	return dst
}

// AppendMeaning appends the value for reading: with what it means, and with only the first bytes of many.
func (v Value) AppendMeaning(dst []byte) []byte {
	const most = 24 // bytes that show of a long value
	switch {
	case v.Field.Kind == Bool && v.Num == 0:
		return append(dst, "not set"...)
	case v.Field.Kind == Bool:
		return append(dst, "set"...)
	case v.Field.Kind == Bytes && len(v.Raw) > most:
		n := len(v.Raw)
		v.Raw = v.Raw[:most]
		dst = append(v.AppendText(dst), "… ("...)
		return append(strconv.AppendInt(dst, int64(n), 10), " bytes)"...)
	}
	dst = v.AppendText(dst)
	if m := v.Meaning(); m != "" {
		dst = append(append(append(dst, " ("...), m...), ')')
	}
	return dst
}

// appendBits draws the bits of a field that does not fill its bytes, with dots for those of its neighbours in the same row.
func (v Value) appendBits(dst []byte) []byte {
	const widest = 32 // bits; more are no help
	f := v.Field
	if f.row == nil || f.off%8 == 0 && f.Bits%8 == 0 {
		return dst
	}
	first := f.row.off &^ 7
	end := (f.row.off + f.row.Bits + 7) &^ 7
	if end-first > widest {
		return dst
	}
	n := v.Num / uint64(max(1, f.Scale))
	for bit := first; bit < end; bit++ {
		if bit > first && bit%4 == 0 {
			dst = append(dst, ' ')
		}
		if bit < f.off || bit >= f.off+f.Bits {
			dst = append(dst, '.')
		} else {
			dst = append(dst, '0'+byte(n>>(f.off+f.Bits-1-bit)&1))
		}
	}
	return append(dst, " = "...)
}
