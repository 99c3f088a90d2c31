package anonymize

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"pktscope/dissect"
)

// check is a checksum's place.
type check struct {
	kind
	layer int // index
	at    int // offset in the frame
}

type kind uint8

const (
	sum16      kind = iota // the layer's own, in ones' complement (RFC 1071)
	extensions             // of ICMP's extensions: from two bytes before it to the end of the message (RFC 4884 §7)
	crc32c                 // SCTP's, least significant byte first (RFC 9260 §6.8)
	fcs                    // Ethernet's, over all before it
)

// found notes the place of a checksum.
func (a *Anonymizer) found(v dissect.Value) {
	c := check{layer: a.walker.Index, at: int(v.Off)}
	switch name := v.Field.Name; {
	case name == "icmp.ext.checksum":
		c.kind = extensions
	case name == "sctp.checksum":
		c.kind = crc32c
	case name == "eth.fcs":
		c.kind = fcs
	case v.Len != 2, !strings.HasSuffix(name, ".checksum") && !strings.HasSuffix(name, ".cksum"):
		return
	case strings.TrimSuffix(strings.TrimSuffix(name, ".checksum"), ".cksum") != v.Field.Owner().Name:
		return
	}
	a.sums = append(a.sums, c)
}

// amend makes every checksum of out as right or wrong as it was, from the inside out, because the outer ones cover the inner ones.
func (a *Anonymizer) amend(f *dissect.Frame) {
	changed := *f
	changed.Data = a.out
	a.after.Reset(&changed)
	a.after.Layers = append(a.after.Layers[:0], a.before.Layers...)
	for k := len(a.sums) - 1; k >= 0; k-- {
		c := a.sums[k]
		l := &a.before.Layers[c.layer]
		field := a.out[c.at:]
		end := min(int(l.End), len(a.out))
		switch c.kind {
		case sum16:
			a.amendSum(c, field)
		case extensions:
			if stored := binary.BigEndian.Uint16(field); stored != 0 {
				change := sub(fold(sum(a.out[c.at-2:end])), fold(sum(a.before.Data[c.at-2:end])))
				put(field, sub(stored, change))
			}
		case crc32c:
			if binary.LittleEndian.Uint32(field) != 0 {
				amendCRC(castagnoli, field, a.before.Data[l.Start:end], a.out[l.Start:end], c.at-int(l.Start))
			}
		case fcs:
			amendCRC(crc32.IEEETable, field, a.before.Data[l.Start:c.at], a.out[l.Start:c.at], -1)
		}
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// amendCRC changes a CRC by the difference between those of two runs of bytes. The CRC's own place in them, -1 if it has none, counts as
// zeros.
func amendCRC(table *crc32.Table, field, before, after []byte, own int) {
	stored := binary.LittleEndian.Uint32(field)
	binary.LittleEndian.PutUint32(field, stored^crc(table, before, own)^crc(table, after, own))
}

func crc(table *crc32.Table, b []byte, own int) uint32 {
	if own < 0 {
		return crc32.Checksum(b, table)
	}
	var zeros [4]byte
	c := crc32.Update(crc32.Checksum(b[:own], table), table, zeros[:])
	return crc32.Update(c, table, b[own+4:])
}

// amendSum is for the sum of a layer.
func (a *Anonymizer) amendSum(c check, field []byte) {
	verify := dissect.ByID(a.before.Layers[c.layer].Protocol).Verify
	if verify == nil {
		return
	}
	stored := binary.BigEndian.Uint16(field)
	switch was := verify(&a.before, c.layer); was.Verdict {
	case dissect.Good, dissect.Bad:
		want, _ := total(was)
		// A checksum can look by accident like one that a NIC owes; then another one is tried.
		for n := range uint16(3) {
			binary.BigEndian.PutUint16(field, add(stored, n))
			if is, ok := total(verify(&a.after, c.layer)); ok {
				put(field, sub(add(add(stored, n), want), is))
				return
			}
		}
		binary.BigEndian.PutUint16(field, stored)
	case dissect.Offload: // the sum of the pseudo-header, as it is
		put(field, add(stored, a.addressChange(c.layer)))
	case dissect.Unverifiable, dissect.Excerpt: // what was not captured has not changed
		l := &a.before.Layers[c.layer]
		covered, was := a.after.Body(l), a.before.Body(l)
		if l.Protocol == ipv4 {
			covered, was = a.after.Header(l), a.before.Header(l)
		}
		change := sub(fold(sum(covered)), fold(sum(was)))
		switch dissect.ByID(l.Protocol).Name {
		case "tcp", "udp", "udplite", "icmpv6":
			change = add(change, a.addressChange(c.layer))
		}
		put(field, sub(stored, change))
	}
}

// total is the sum over everything that a checksum covers, itself included. It is not ok if that is not known.
func total(c dissect.Checksum) (uint16, bool) {
	switch c.Verdict {
	case dissect.Good:
		return 0xffff, true
	case dissect.Bad:
		return c.Diff, c.Diff != 0
	}
	return 0, false
}

// addressChange is by how much the addresses of the IP header around layer i add up to more than they did.
func (a *Anonymizer) addressChange(i int) uint16 {
	l := a.before.Enclosing(i, func(p *dissect.Protocol) bool { return p.ID == ipv4 || p.ID == ipv6 })
	if l == nil {
		return 0
	}
	from, to := 8, 40
	if l.Protocol == ipv4 {
		from, to = 12, 20
	}
	was, is := a.before.Header(l), a.after.Header(l)
	if len(was) < to {
		return 0
	}
	return sub(fold(sum(is[from:to])), fold(sum(was[from:to])))
}

// put writes a sum. Of the two zeros of ones' complement it writes the one that never says that there is no checksum (RFC 768).
func put(field []byte, n uint16) {
	if n == 0 {
		n = 0xffff
	}
	binary.BigEndian.PutUint16(field, n)
}

// sum adds b as 16-bit words in network order; an odd last byte is padded with zero (RFC 1071).
func sum(b []byte) (s uint64) {
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) > 0 {
		s += uint64(b[0]) << 8
	}
	return s
}

// fold reduces a sum to 16 bits, in ones' complement.
func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func add(a, b uint16) uint16 { return fold(uint64(a) + uint64(b)) }
func sub(a, b uint16) uint16 { return add(a, ^b) }
