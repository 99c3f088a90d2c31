package dissect

// Kind says how the bits of a field are read and printed.
type Kind uint8

const (
	Dec      Kind = iota // unsigned number, printed in decimal
	Hex                  // unsigned number, printed in hexadecimal with all its digits
	Bool                 // printed as 1 if any of the bits is set, else 0
	Signed               // number in two's complement, printed in decimal
	IPv4Addr             // 4 bytes
	IPv6Addr             // 16 bytes
	MAC                  // 6 bytes, or as many as the link layer uses
	Bytes                // printed as hexadecimal digits without separators
	Text                 // printed as UTF-8, what is not printable escaped
	Present              // no value: the field is there or not
	Seconds              // a signed number of nanoseconds, printed as seconds with nine decimals
)

var kindNames = [...]string{"unsigned", "unsigned (hex)", "boolean", "signed", "IPv4 address", "IPv6 address", "MAC address", "bytes", "text", "presence", "seconds"}

func (k Kind) String() string { return kindNames[k] }

// Field is one field of a protocol, declared once. The tree, JSON, -T fields, the filter, completion and the documentation all
// derive from this declaration. Names are Wireshark's where it has one.
type Field struct {
	Name   string
	Bits   uint16 // width in bits; 0 for what is not a fixed number of bits
	Kind   Kind
	Digits uint8    // hexadecimal digits to print; 0: as many as Bits need, in whole bytes
	Scale  uint8    // the value is the bits' number times this (header lengths in words); 0 means 1
	Parts  Rows     // the same bits again, in smaller parts
	Enum   Names    // what the values mean
	Either []string // two-sided names that mean this field as well (ip.addr)
	Doc    string   // one sentence where the name does not say it all
	Ref    string   // RFC and section, where it is not the protocol's own

	of func(*Frame) (n uint64, ok bool) // of what describes the frame and is no part of it; else nil

	off   uint16 // first bit, from the start of the rows
	row   *Field // the row that it is, or is a part of; nil for what is no row
	index uint16 // dense number of the field, for tables indexed by field
	owner ID
}

// Names are the meanings of a field's values.
type Names map[uint64]string

// Rows is a run of fields that lie one behind the other without a gap: a fixed header, a TLV's fixed part. Each row starts where
// the one before it ended, so that no bit can have two meanings or none. A row without name is reserved.
type Rows []Field

// Bits is the width of all rows together.
func (r Rows) Bits() int {
	n := 0
	for i := range r {
		n += int(r[i].Bits)
	}
	return n
}

// Index is the field's dense number, from 0 to NumFields-1.
func (f *Field) Index() int { return int(f.index) }

// Offset is the field's first bit, from the start of its rows.
func (f *Field) Offset() int { return int(f.off) }

// Owner is the protocol that declares the field.
func (f *Field) Owner() *Protocol { return protocols[f.owner] }

// Everywhere tells whether layers of any protocol may have the field: it is our judgement and not on the wire.
func (f *Field) Everywhere() bool { return f.owner == judgement.ID }

// Verified tells whether the field is known only after [Packet.Verify].
func (f *Field) Verified() bool {
	return f == fieldVerdict || f == fieldFlippedBit || f == protocols[f.owner].Status
}

// Owned tells whether the field is known only where a packet's Segment and Tenant are set.
func (f *Field) Owned() bool { return f == fieldSegment || f == fieldTenant }

// Relative tells whether the field counts from where a conversation starts, which is known only with [Options].Relative.
func (f *Field) Relative() bool {
	return f == tcpSequence || f == tcpAcknowledgment || f == tcpSACKLeft || f == tcpSACKRight
}

// Find returns the row (or part of a row) with the given name. It is for package variables that walk functions yield to;
// a name that is not there is a programming error.
func (r Rows) Find(name string) *Field {
	for i := range r {
		if r[i].Name == name {
			return &r[i]
		}
		if p := r[i].Parts; p != nil {
			if f := p.find(name); f != nil {
				return f
			}
		}
	}
	panic("dissect: no row " + name)
}

func (r Rows) find(name string) *Field {
	for i := range r {
		if r[i].Name == name {
			return &r[i]
		}
		if f := r[i].Parts.find(name); f != nil {
			return f
		}
	}
	return nil
}

// bytes are those that hold a row, from the start of its rows: from first on, before end.
func (f *Field) bytes() (first, end int) { return int(f.off) >> 3, (int(f.off) + int(f.Bits) + 7) >> 3 }

// raw tells whether a value of the field is bytes, and not a number.
func (f *Field) raw() bool {
	switch f.Kind {
	case IPv4Addr, IPv6Addr, MAC, Bytes, Text:
		return true
	}
	return false
}

// read reads a row from the start of its rows, b, if all of it is there. The value's offset counts from there, too.
func (f *Field) read(b []byte) (v Value, ok bool) {
	first, end := f.bytes()
	if end > len(b) {
		return v, false
	}
	v = Value{Field: f, Off: uint32(first), Len: uint32(end - first)}
	switch {
	case f.raw():
		v.Raw = b[first:end:end]
	case f.Kind != Present:
		v.Num = f.num(b)
	}
	return v, true
}

// num reads the field's bits from the start of its rows. The caller has proven that they are there.
func (f *Field) num(h []byte) uint64 {
	v := readBits(h, int(f.off), int(f.Bits))
	if f.Kind == Signed {
		v = signExtend(v, int(f.Bits))
	}
	if f.Scale > 1 {
		v *= uint64(f.Scale)
	}
	return v
}

// signExtend widens a number of n bits in two's complement.
func signExtend(v uint64, n int) uint64 { return uint64(int64(v<<(64-n)) >> (64 - n)) }

// readBits reads n bits (at most 64) from bit off on, in network order: bit 0 is the most significant one of b[0].
func readBits(b []byte, off, n int) uint64 {
	i := off >> 3
	if off&7 == 0 {
		switch n {
		case 8:
			return uint64(b[i])
		case 16:
			return uint64(be16(b[i:]))
		case 24:
			return uint64(be24(b[i:]))
		case 32:
			return uint64(be32(b[i:]))
		}
	}
	var v uint64
	last := (off + n - 1) >> 3
	first := uint64(b[i]) & (0xff >> (off & 7))
	if i == last {
		return first >> (7 - (off+n-1)&7)
	}
	v = first
	for i++; i < last; i++ {
		v = v<<8 | uint64(b[i])
	}
	tail := (off+n-1)&7 + 1
	return v<<tail | uint64(b[last])>>(8-tail)
}

func be16(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }

func be24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

func be32(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
