package pcaps

import (
	"encoding/binary"
	"fmt"
)

// The snoop format, version 2: RFC 1761. All fields are big-endian.
//
//	0                   8         12             16
//	| "snoop\0\0\0"     | version | datalink type |
//
//	0         4          8               12      16        20   24
//	| on wire | captured | record length | drops | seconds | µs | data and padding ...
const (
	snoopMagic     = "snoop\x00\x00\x00"
	snoopHeaderLen = 16
	snoopRecordLen = 24
)

// snoopLinks maps the datalink types of RFC 1761, and those that Solaris added, to link types.
var snoopLinks = map[uint32]LinkType{
	0:  LinkTypeEthernet, // IEEE 802.3
	2:  6,                // IEEE 802.5 Token Ring
	4:  LinkTypeEthernet,
	5:  104, // HDLC
	8:  10,  // FDDI
	18: 123, // SunATM
	26: 242, // IP over InfiniBand
}

type snoopReader struct {
	*stream
	iface *Interface
	drops int64 // as last counted, -1 before
}

func openSnoop(r *Reader) (format, error) {
	b, err := r.need(snoopHeaderLen, "the file header")
	if err != nil {
		return nil, err
	}
	if version := binary.BigEndian.Uint32(b[8:]); version != 2 {
		return nil, r.damage(8, fmt.Sprintf("snoop version %d", version), "2")
	}
	datalink := binary.BigEndian.Uint32(b[12:])
	link, ok := snoopLinks[datalink]
	if !ok {
		return nil, &FormatError{r.name, fmt.Sprintf("a snoop file of datalink type %d, which has no link type in pcap", datalink)}
	}
	iface := newInterface(link, 0)
	iface.TicksPerSecond = 1_000_000
	r.addInterface(iface)
	r.info = Info{Format: "snoop", ByteOrder: bigEndian.String(), Compression: r.packed}
	r.consume(snoopHeaderLen)
	return &snoopReader{&r.stream, iface, -1}, nil
}

func (s *snoopReader) next(f *Frame) (err error) {
	b := s.unread()
	if len(b) < snoopRecordLen {
		if b, err = s.need(snoopRecordLen, "a record header"); err != nil {
			return err
		}
	}
	wireLen, capLen, size := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	drops, seconds, micros := binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if capLen > MaxFrameLen {
		return s.damage(4, fmt.Sprintf("included length %d", capLen), fmt.Sprintf("at most %d", MaxFrameLen))
	}
	if err := s.wireLen(wireLen, 0); err != nil {
		return err
	}
	if size < snoopRecordLen+capLen || size > snoopRecordLen+MaxFrameLen {
		return s.damage(8, fmt.Sprintf("record length %d", size),
			fmt.Sprintf("%d for %d bytes of data and some padding", snoopRecordLen+capLen, capLen))
	}
	if len(b) < int(size) {
		if b, err = s.need(int(size), "a record"); err != nil {
			return err
		}
	}
	if s.drops != int64(drops) {
		s.drops = int64(drops)
		s.iface.counts.mutex.Lock()
		s.iface.counts.Dropped = s.drops
		s.iface.counts.mutex.Unlock()
	}
	*f = Frame{
		Time:      int64(seconds)*nsPerSecond + int64(micros)*1000,
		Data:      b[snoopRecordLen : snoopRecordLen+capLen : snoopRecordLen+capLen],
		WireLen:   int(max(wireLen, capLen)),
		Interface: s.iface,
		Offset:    s.offset(),
	}
	s.consume(int(size))
	return nil
}
