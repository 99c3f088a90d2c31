package anonymize

import (
	"bytes"
	"slices"

	"pktscope/dissect"
)

// Anonymizer anonymizes frames. It is for one goroutine.
type Anonymizer struct {
	addresses *addresses
	decoder   *dissect.Decoder
	resolver  *dissect.Resolver
	walker    *dissect.Walker

	before dissect.Packet
	layer  *dissect.Layer // that is walked
	sums   []check        // found on the way
	after  dissect.Packet // of the same layers
	out    []byte
}

// New returns an anonymizer that dissects as o says. Fragments are anonymized one by one.
func New(key Key, o dissect.Options) *Anonymizer {
	o.Alone = true
	config := dissect.NewConfig(o)
	a := &Anonymizer{addresses: newAddresses(key), decoder: config.NewDecoder(), resolver: config.NewResolver()}
	a.walker = dissect.NewWalker(nil, a.field)
	return a
}

// Frame returns the frame's bytes, anonymized: as many as there were. They are good until the next call. Frames have to come in capture
// order, because some tell what is in others.
func (a *Anonymizer) Frame(f *dissect.Frame) []byte {
	a.decoder.Decode(&a.before, f)
	a.resolver.Resolve(&a.before)
	return a.dissected(f)
}

// Alone is Frame for one that neither tells what is in others nor needs to be told, and may come at any time. It is not ok for a frame that
// does. Any number of anonymizers with one key may share the frames of a capture; those that are left are for one of them.
func (a *Anonymizer) Alone(f *dissect.Frame) (out []byte, ok bool) {
	a.decoder.Decode(&a.before, f)
	if a.before.Pending() {
		return nil, false
	}
	return a.dissected(f), true
}

// dissected anonymizes f, which was dissected.
func (a *Anonymizer) dissected(f *dissect.Frame) []byte {
	p := &a.before
	a.out = slices.Grow(a.out[:0], len(f.Data))[:len(f.Data)]
	clear(a.out)
	a.sums = a.sums[:0]

	data := dissect.ByName("data").ID
	for i := 1; i < len(p.Layers); i++ {
		a.layer = &p.Layers[i]
		if a.layer.Source != 0 || a.layer.Protocol == data {
			continue
		}
		if a.header() {
			copy(a.out[a.layer.Start:], p.Header(a.layer))
		}
		a.fragment(i)
		known := len(a.sums)
		a.walker.Visit(p, i)
		if len(a.sums) == known && a.layer.Protocol == igmp && a.layer.HeaderLen() >= 4 {
			// Not every type shows its checksum, but all have one.
			a.sums = append(a.sums, check{layer: i, at: int(a.layer.Start) + 2})
		}
	}
	a.amend(f)
	return a.out
}

// header tells whether the layer's header is there as a whole. Of one that is cut short only the fields that are whole are kept: where it
// ends there may be half an address.
func (a *Anonymizer) header() bool { return a.layer.Flags&dissect.Partial == 0 }

// field takes over one field of the layer, into out.
func (a *Anonymizer) field(v dissect.Value) bool {
	from, to := int(v.Off), int(v.Off)+int(v.Len)
	if v.Len == 0 || to > len(a.out) {
		return true
	}
	in, out := a.before.Data[from:to], a.out[from:to]
	kept := a.header() && to <= int(a.layer.HeaderEnd)
	switch v.Field.Kind {
	case dissect.IPv4Addr, dissect.IPv6Addr, dissect.MAC:
		if bytes.Equal(v.Raw, in) { // not worked out
			copy(out, in)
			a.addresses.replace(v.Field.Kind, out)
		}
	case dissect.Text:
		if bytes.Equal(v.Raw, in) {
			mask(out, in)
		}
	case dissect.Bytes, dissect.Present:
	default:
		if !kept {
			copy(out, in)
		}
		a.found(v)
	}
	return true
}

// mask writes an x for each byte of a text but zeros, which end or pad it.
func mask(out, text []byte) {
	for i, c := range text {
		if c != 0 {
			c = 'x'
		}
		out[i] = c
	}
}

// fragment makes zeros of a fragment that is not the first, but leaves in its first two bytes the sum of all: so the checksum of the
// datagram, which is in another fragment, stays right.
func (a *Anonymizer) fragment(i int) {
	p := &a.before
	h := p.Header(a.layer)
	switch {
	case !a.header():
		return
	case a.layer.Protocol == ipv4 && dissect.IPv4(h).FragmentOffset() > 0:
	case a.layer.Protocol == ipv6Fragment && dissect.IPv6Fragment(h).FragmentOffset() > 0:
	default:
		return
	}
	payload := p.Payload(a.layer)
	if len(payload) == 0 {
		return
	}
	out := a.out[a.layer.HeaderEnd:]
	total := fold(sum(payload))
	out[0] = byte(total >> 8)
	if len(payload) > 1 {
		out[1] = byte(total)
	}
}

var (
	igmp         = dissect.ByName("igmp").ID
	ipv4         = dissect.ByName("ip").ID
	ipv6         = dissect.ByName("ipv6").ID
	ipv6Fragment = dissect.ByName("ipv6.fraghdr").ID
)
