package pcaps

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
)

// writerOrder is either of binary's byte orders, appending.
type writerOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = []writerOrder{binary.LittleEndian, binary.BigEndian}

// pcapHeader is a pcap file header.
func pcapHeader(o writerOrder, magic, snapLen, link uint32) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, snapLen)
	return o.AppendUint32(b, link)
}

// pcapRecordOf is a pcap record.
func pcapRecordOf(o writerOrder, seconds, fraction uint32, wireLen int, data []byte) []byte {
	b := o.AppendUint32(nil, seconds)
	b = o.AppendUint32(b, fraction)
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, uint32(wireLen))
	return append(b, data...)
}

// ngBlock is a pcapng block of a body and options.
func ngBlock(o writerOrder, kind uint32, body []byte, options ...[]byte) []byte {
	body = append(pad4(body), slices.Concat(options...)...)
	if len(options) > 0 {
		body = append(body, 0, 0, 0, 0)
	}
	b := o.AppendUint32(nil, kind)
	b = o.AppendUint32(b, uint32(len(body)+12))
	b = append(b, body...)
	return o.AppendUint32(b, uint32(len(body)+12))
}

func pad4(b []byte) []byte { return append(slices.Clone(b), make([]byte, -len(b)&3)...) }

// ngOption is a pcapng option, or a record of a name resolution block.
func ngOption(o writerOrder, code uint16, value []byte) []byte {
	b := o.AppendUint16(nil, code)
	b = o.AppendUint16(b, uint16(len(value)))
	return append(b, pad4(value)...)
}

func ngSection(o writerOrder, options ...[]byte) []byte {
	b := o.AppendUint32(nil, byteOrderMagic)
	b = o.AppendUint16(b, 1)
	b = o.AppendUint16(b, 0)
	return ngBlock(o, blockSection, o.AppendUint64(b, 1<<64-1), options...)
}

func ngInterface(o writerOrder, link uint16, snapLen uint32, options ...[]byte) []byte {
	b := o.AppendUint16(nil, link)
	b = o.AppendUint16(b, 0)
	return ngBlock(o, blockInterface, o.AppendUint32(b, snapLen), options...)
}

func ngEnhanced(o writerOrder, id uint32, ticks uint64, wireLen int, data []byte, options ...[]byte) []byte {
	b := o.AppendUint32(nil, id)
	b = o.AppendUint32(b, uint32(ticks>>32))
	b = o.AppendUint32(b, uint32(ticks))
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, uint32(wireLen))
	return ngBlock(o, blockEnhanced, append(b, data...), options...)
}

func ngSimple(o writerOrder, wireLen int, data []byte) []byte {
	return ngBlock(o, blockSimple, append(o.AppendUint32(nil, uint32(wireLen)), data...))
}

func ngObsolete(o writerOrder, id uint16, ticks uint64, wireLen int, data []byte, options ...[]byte) []byte {
	b := o.AppendUint16(nil, id)
	b = o.AppendUint16(b, 0xffff)
	b = o.AppendUint32(b, uint32(ticks>>32))
	b = o.AppendUint32(b, uint32(ticks))
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, uint32(wireLen))
	return ngBlock(o, blockPacket, append(b, data...), options...)
}

func snoopHeader(link uint32) []byte {
	b := binary.BigEndian.AppendUint32([]byte(snoopMagic), 2)
	return binary.BigEndian.AppendUint32(b, link)
}

func snoopRecord(seconds, micros uint32, wireLen int, data []byte) []byte {
	o := binary.BigEndian
	padded := pad4(data)
	b := o.AppendUint32(nil, uint32(wireLen))
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, uint32(snoopRecordLen+len(padded)))
	b = o.AppendUint32(b, 3) // drops
	b = o.AppendUint32(b, seconds)
	b = o.AppendUint32(b, micros)
	return append(b, padded...)
}

// readAll returns all frames, with data of their own, and what came after the last.
func readAll(s Source) (frames []Frame, err error) {
	for f, err := range Frames(s) {
		if err != nil {
			return frames, err
		}
		frames = append(frames, *f)
		frames[len(frames)-1].Data = bytes.Clone(f.Data)
	}
	return frames, nil
}

// readPiped reads a whole file that is in memory as it would come through a pipe.
func readPiped(file []byte) (*Reader, []Frame, error) {
	r, err := newReader(bytes.NewReader(file), "test", 0, 4096)
	if err != nil {
		return nil, nil, err
	}
	frames, err := readAll(r)
	return r, frames, err
}

// readBytes does the same, and then reads the file in pieces of any size, which must not make a difference.
func readBytes(t testing.TB, file []byte) (*Reader, []Frame, error) {
	t.Helper()
	r, frames, err := readPiped(file)
	if r == nil {
		return nil, nil, err
	}
	for _, size := range []int{1, 7, 16, 100, 4096} {
		pieces, failed := newReader(bytes.NewReader(file), "test", 0, size)
		if failed != nil {
			t.Fatal(failed)
		}
		if r.packed == "" {
			pieces.inPieces(bytes.NewReader(file))
		}
		got, failed := readAll(pieces)
		if want := showAll(frames); fmt.Sprint(failed) != fmt.Sprint(err) || !slices.Equal(showAll(got), want) {
			t.Fatalf("in pieces of %d bytes: %v\n got %q\nwant %v\n     %q", size, failed, showAll(got), err, want)
		}
		for i := range got {
			if !bytes.Equal(got[i].Data, frames[i].Data) {
				t.Fatalf("in pieces of %d bytes: frame %d is % x, want % x", size, i+1, got[i].Data, frames[i].Data)
			}
		}
		if pieces.OutOfOrder() != r.OutOfOrder() || len(pieces.Interfaces()) != len(r.Interfaces()) {
			t.Fatalf("in pieces of %d bytes: %d out of order, %d interfaces, want %d, %d", size,
				pieces.OutOfOrder(), len(pieces.Interfaces()), r.OutOfOrder(), len(r.Interfaces()))
		}
	}
	return r, frames, err
}

// drain reads all, and returns how many frames there are.
func drain(t testing.TB, s Source) (frames int) {
	t.Helper()
	var b Block
	for s.Fill(&b, math.MaxUint64, func() {}) {
		if frames += len(b.Frames); b.Damage != nil {
			t.Fatal(b.Damage)
		}
	}
	return frames
}
