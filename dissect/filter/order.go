package filter

import (
	"encoding/binary"
	"strings"
)

// Order is an order of records by fields. It has memory to work in, so that it serves one goroutine at a time.
type Order[R any] struct {
	by     []orderBy[R]
	values Values
}

type orderBy[R any] struct {
	field   *RecordField[R]
	reverse bool
}

// Order makes an order of the names of fields, with commas between them; the first decides, and the next of what it finds equal. Of numbers,
// durations and booleans the largest comes first, of times the earliest, and texts and addresses are in their order. A minus before a name
// reverses it. What has no value comes last either way; of several values the first one counts.
func (s *Records[R]) Order(names string) (*Order[R], error) {
	o := new(Order[R])
	for name := range strings.SplitSeq(names, ",") {
		name, reverse := strings.CutPrefix(strings.TrimSpace(name), "-")
		f, err := s.Find(name)
		if err != nil {
			return nil, err
		}
		o.by = append(o.by, orderBy[R]{f, reverse})
	}
	return o, nil
}

// AppendKey appends the place of r in the order, as bytes: what comes first has the lesser ones. No place is the start of another one.
func (o *Order[R]) AppendKey(dst []byte, r R) []byte {
	for i := range o.by {
		by := &o.by[i]
		o.values.reset()
		by.field.Read(r, &o.values)
		if len(o.values.list) == 0 {
			dst = append(dst, 1)
			continue
		}
		dst = append(dst, 0)
		start := len(dst)
		v := &o.values.list[0]
		descending := false
		switch by.field.Kind {
		case Address: // IPv4 first
			dst = append(append(dst, byte(len(v.raw))), v.raw...)
		case Text:
			for _, b := range v.raw {
				if dst = append(dst, b); b == 0 {
					dst = append(dst, 0xff)
				}
			}
			dst = append(dst, 0, 0)
		case Time, Seconds:
			dst = binary.BigEndian.AppendUint64(dst, v.num^1<<63)
			descending = by.field.Kind == Seconds
		default:
			dst = binary.BigEndian.AppendUint64(dst, v.num)
			descending = true
		}
		if descending != by.reverse {
			for i := start; i < len(dst); i++ {
				dst[i] ^= 0xff
			}
		}
	}
	return dst
}
