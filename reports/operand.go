package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// An operand is a field as a user names it: ip.src, or with a word on which one where a packet has several, ip.src#1, outer.ip.src,
// inner.ip.src. Without such a word it is the innermost that the packet has; what an ICMP error quotes is no part of it then.
//
// A two-sided name has two values, the source's and the destination's: tcp.port is tcp.srcport and tcp.dstport.
type operand struct {
	text  string
	name  string // of the field alone
	kind  dissect.Kind
	sides int // 2 for a two-sided name, else 1
	place int // of the layer among those of the protocol, from 1; or one of the constants

	fields []*dissect.Field
	plans  []plan
	of     [256]uint8 // by protocol: index + 1 of the plan for its layers
}

const (
	innermostOwn = 0  // the last layer that has the field and is not quoted
	last         = -1 // the last layer
)

// plan is how to read a layer of one protocol.
type plan struct {
	fixed [2]*dissect.Field // rows of the header, by side
	walk  bool              // other fields
}

func parseOperand(text string) (o operand, err error) {
	o.text, o.sides = text, 1
	name, place, numbered := strings.Cut(text, "#")
	if numbered {
		if o.place, err = strconv.Atoi(place); err != nil || o.place < 1 {
			return o, fmt.Errorf("%q: behind # stands the number of a layer, 1 for the outermost", text)
		}
	}
	o.name = name
	for prefix, place := range map[string]int{"inner.": last, "outer.": 1} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if numbered {
				return o, fmt.Errorf("%q: %s says already which layer", text, prefix)
			}
			o.name, o.place = rest, place
		}
	}
	if o.fields, err = dissect.FindFields(o.name); err != nil {
		return o, err
	}
	o.kind = o.fields[0].Kind
	if o.fields[0].Everywhere() && o.place != innermostOwn {
		return o, fmt.Errorf("%q: every layer may have %s: there is no order of its layers", text, o.name)
	}
	for _, f := range o.fields {
		o.plan(f)
	}
	return o, nil
}

// plan adds field f to what is read of its protocol's layers.
func (o *operand) plan(f *dissect.Field) {
	id := f.Owner().ID
	if o.of[id] == 0 {
		o.plans = append(o.plans, plan{})
		o.of[id] = uint8(len(o.plans))
		if f.Everywhere() {
			for i := range o.of {
				o.of[i] = o.of[id]
			}
		}
	}
	side := o.side(f)
	o.sides = max(o.sides, side+1)
	if p := &o.plans[o.of[id]-1]; f.Fixed() {
		p.fixed[side] = f
	} else {
		p.walk = true
	}
}

// side is 1 for the destination's field of a two-sided name, else 0.
func (o *operand) side(f *dissect.Field) int {
	if f.Name != o.name && (strings.HasSuffix(f.Name, ".dst") || strings.HasSuffix(f.Name, ".dstport")) {
		return 1
	}
	return 0
}

// short tells whether values fit into a word. Others are longer, or of any length.
func (o *operand) short() bool {
	switch o.kind {
	case dissect.IPv6Addr, dissect.Bytes, dissect.Text:
		return false
	case dissect.MAC, dissect.IPv4Addr:
		for _, f := range o.fields {
			if !f.Fixed() {
				return false
			}
		}
	}
	return true
}

// number tells whether one can calculate with the values.
func (o *operand) number() bool {
	switch o.kind {
	case dissect.Dec, dissect.Hex, dissect.Bool, dissect.Signed:
		return true
	}
	return false
}

// described says what the values of the operand are.
func (o *operand) described() string {
	switch o.kind {
	case dissect.Bool:
		return "a boolean"
	case dissect.IPv4Addr, dissect.IPv6Addr:
		return "an " + o.kind.String()
	case dissect.MAC:
		return "a " + o.kind.String()
	case dissect.Bytes, dissect.Text:
		return o.kind.String()
	case dissect.Present:
		return "a mark without a value"
	case dissect.Seconds:
		return "a time"
	}
	return "a number"
}

// verified tells whether the values are known only after checksums were verified.
func (o *operand) relative() bool { return slices.ContainsFunc(o.fields, (*dissect.Field).Relative) }

func (o *operand) verified() bool {
	for _, f := range o.fields {
		if f.Verified() {
			return true
		}
	}
	return false
}

// owned tells whether the values say whose packets are.
func (o *operand) owned() bool { return slices.ContainsFunc(o.fields, (*dissect.Field).Owned) }

// reader reads an operand out of packets.
type reader struct {
	*operand
	raw    bool // not short
	walker *dissect.Walker
	values [2]value // by side
}

// value is one value of an operand in a packet.
type value struct {
	some bool
	num  uint64 // of a short one
	raw  []byte // of a longer one; good as long as the packet
}

func (o *operand) newReader() *reader {
	r := &reader{operand: o, raw: !o.short()}
	wants := make([]bool, len(dissect.Fields()))
	for _, f := range o.fields {
		wants[f.Index()] = !f.Fixed()
	}
	r.walker = dissect.NewWalker(wants, r.take)
	return r
}

// read sets r.values to those of p.
func (r *reader) read(p *dissect.Packet) {
	r.values[0].some, r.values[1].some = false, false
	if r.place > 0 {
		place := 0
		for i := range p.Layers {
			if k := r.of[p.Layers[i].Protocol]; k != 0 {
				if place++; place == r.place {
					r.layer(p, i, &r.plans[k-1])
					return
				}
			}
		}
		return
	}
	for i := len(p.Layers) - 1; i >= 0; i-- {
		l := &p.Layers[i]
		k := r.of[l.Protocol]
		if k == 0 || l.Flags&dissect.Quoted != 0 && r.place != last {
			continue
		}
		r.layer(p, i, &r.plans[k-1])
		if r.values[0].some || r.values[1].some || r.place == last {
			return
		}
	}
}

func (r *reader) layer(p *dissect.Packet, i int, plan *plan) {
	l := &p.Layers[i]
	for side := range r.sides {
		f := plan.fixed[side]
		if f == nil {
			continue
		}
		v := &r.values[side]
		if r.raw {
			v.raw, v.some = p.Raw(l, f)
		} else {
			v.num, v.some = p.Uint(l, f)
		}
	}
	if plan.walk {
		r.walker.Visit(p, i)
	}
}

// take is given the values that a walk yields. Of several in a layer the last counts.
func (r *reader) take(v dissect.Value) bool {
	r.values[r.side(v.Field)] = value{some: true, num: v.Num, raw: v.Raw}
	return true
}
