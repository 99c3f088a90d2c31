package pcaps

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
)

func openXZ(r *bufio.Reader) (io.ReadCloser, error) {
	guard := &xzGuard{r: r}
	guard.look = guard.streamHeader
	d, err := xz.NewReader(guard)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(d), nil
}

// xzGuard hands an xz file on to the library, and follows its structure (https://tukaani.org/xz/xz-file-format.txt)
// for what the library lets pass: a dictionary of up to 4 GiB, allocated anew for each block of a few bytes, and a
// file cut between two blocks, which it takes for a whole one. All else that may be wrong with the file is left for
// the library to say.
type xzGuard struct {
	r        *bufio.Reader
	pass     int64        // bytes to hand on before the next look
	look     func() error // at what comes after them: peeks, sets pass and look
	checkLen int64        // of each block's check
	block    int64        // bytes of the current block or index, for its padding
	records  uint64       // numbers left in the index
}

func (g *xzGuard) Read(p []byte) (int, error) {
	for g.pass == 0 {
		if err := g.look(); err != nil {
			return 0, err
		}
	}
	n, err := g.r.Read(p[:min(int64(len(p)), g.pass)])
	g.pass -= int64(n)
	return n, unexpected(err)
}

// peek looks ahead to what must be there.
func (g *xzGuard) peek(n int) ([]byte, error) {
	b, err := g.r.Peek(n)
	return b, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

var errXZ = errors.New("xz: neither a stream nor a block in the form that is supported")

func (g *xzGuard) streamHeader() error {
	if _, err := g.r.Peek(1); err != nil {
		return err // io.EOF: the file may end here
	}
	b, err := g.peek(4)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(b) == 0 { // padding between streams
		g.pass = 4
		return nil
	}
	if b, err = g.peek(12); err != nil {
		return err
	}
	lengths := [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	g.checkLen = lengths[b[7]&0xf]
	g.pass, g.look = 12, g.blockHeader
	return nil
}

func (g *xzGuard) blockHeader() error {
	b, err := g.peek(1)
	if err != nil {
		return err
	}
	if b[0] == 0 {
		g.pass, g.block, g.look = 1, 1, g.indexCount
		return nil
	}
	size := (int(b[0]) + 1) * 4
	if b, err = g.peek(size); err != nil {
		return err
	}
	flags, rest := b[1], b[2:]
	for _, present := range []byte{0x40, 0x80} { // compressed and uncompressed size
		if flags&present != 0 {
			_, n := binary.Uvarint(rest)
			if n <= 0 {
				return errXZ
			}
			rest = rest[n:]
		}
	}
	const lzma2, propertyLen = 0x21, 1
	if flags&3 != 0 || len(rest) < 3 || rest[0] != lzma2 || rest[1] != propertyLen {
		return errXZ
	}
	exponent := rest[2]
	if dictionary := int64(2|exponent&1) << (exponent/2 + 11); exponent > 40 || dictionary > maxDictionary {
		return fmt.Errorf("xz: a dictionary of %d MiB, at most %d are supported", dictionary>>20, maxDictionary>>20)
	}
	g.pass, g.block, g.look = int64(size), 0, g.chunk
	return nil
}

// chunk looks at a chunk of LZMA2 data.
func (g *xzGuard) chunk() error {
	b, err := g.peek(1)
	if err != nil {
		return err
	}
	control := b[0]
	if control == 0 {
		g.pass, g.look = 1+(-(g.block+1)&3)+g.checkLen, g.blockHeader
		return nil
	}
	if b, err = g.peek(5); err != nil {
		return err
	}
	switch {
	case control >= 0xc0: // compressed, with new properties
		g.pass = 6 + int64(binary.BigEndian.Uint16(b[3:])) + 1
	case control >= 0x80:
		g.pass = 5 + int64(binary.BigEndian.Uint16(b[3:])) + 1
	case control <= 2: // stored
		g.pass = 3 + int64(binary.BigEndian.Uint16(b[1:])) + 1
	default:
		return errXZ
	}
	g.block += g.pass
	return nil
}

func (g *xzGuard) indexCount() error {
	blocks, err := g.indexNumber()
	if err != nil {
		return err
	}
	g.records, g.look = 2*blocks, g.indexRecord
	return nil
}

func (g *xzGuard) indexRecord() error {
	if g.records > 0 {
		g.records--
		_, err := g.indexNumber()
		return err
	}
	const checkLen, footerLen = 4, 12
	g.pass, g.look = -g.block&3+checkLen+footerLen, g.streamHeader
	return nil
}

// indexNumber looks at one number, which at least the index's check and the footer follow.
func (g *xzGuard) indexNumber() (uint64, error) {
	b, err := g.peek(binary.MaxVarintLen64)
	if err != nil {
		return 0, err
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, errXZ
	}
	g.pass = int64(n)
	g.block += g.pass
	return v, nil
}
