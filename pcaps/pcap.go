package pcaps

import "fmt"

// The pcap format: draft-ietf-opsawg-pcap. A file header of 24 bytes and then records, all in the byte order of the
// machine that wrote them:
//
//	0        4      6      8          12       16       20           24
//	| magic  | major| minor| reserved | reserved | snaplen | link type |
//
//	0         4          8         12        16
//	| seconds | fraction | captured | on wire | data ...
const (
	pcapHeaderLen = 24

	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // A. Kuznetzov's patched libpcap: µs, and 8 bytes more in a record header
)

// plausibleLen is the longest captured length that is believed where the file's snap length does not announce longer
// ones: enough for any interface's offloaded segments, little enough that most damage is noticed where it is.
const plausibleLen = 16 << 20

// pcapLayout is what one must know of a pcap file to find its way from record to record.
type pcapLayout struct {
	byteOrder
	headerLen int   // of a record
	fraction  int64 // ns in a unit of the second time field
	maxLen    uint32
}

// pcapRecord is the header of a record.
type pcapRecord struct {
	Time            int64 // ns since the Unix epoch
	CapLen, WireLen uint32
}

// record reads the record header at the start of b, which must hold headerLen bytes. Whether CapLen can be true
// (maxLen, the end of the file) is for the caller to check.
func (l *pcapLayout) record(b []byte) pcapRecord {
	_ = b[15]
	return pcapRecord{
		Time:    int64(l.u32(b))*nsPerSecond + int64(l.u32(b[4:]))*l.fraction,
		CapLen:  l.u32(b[8:]),
		WireLen: l.u32(b[12:]),
	}
}

type pcapReader struct {
	*stream
	pcapLayout
	iface *Interface
}

// pcapMagic tells whether a file starts like pcap, and if so in which order and variant.
func pcapMagic(b []byte) (order byteOrder, magic uint32, ok bool) {
	if len(b) < 4 {
		return
	}
	for _, order = range []byteOrder{littleEndian, bigEndian} {
		switch magic = order.u32(b); magic {
		case magicMicro, magicNano, magicModified:
			return order, magic, true
		}
	}
	return
}

func openPcap(r *Reader) (format, error) {
	b, err := r.need(pcapHeaderLen, "the file header")
	if err != nil {
		return nil, err
	}
	order, magic, _ := pcapMagic(b)
	layout := pcapLayout{byteOrder: order, headerLen: 16, fraction: 1000}
	ticks := uint64(1_000_000)
	switch magic {
	case magicNano:
		layout.fraction, ticks = 1, nsPerSecond
	case magicModified:
		layout.headerLen = 24
	}
	if major, minor := order.u16(b[4:]), order.u16(b[6:]); major != 2 || minor < 3 {
		return nil, r.damage(4, fmt.Sprintf("pcap version %d.%d", major, minor), "2.4")
	}
	snapLen, link := order.u32(b[16:]), order.u32(b[20:])
	layout.maxLen = min(max(snapLen, plausibleLen), MaxFrameLen)

	iface := newInterface(LinkType(link), snapLen)
	iface.TicksPerSecond = ticks
	if link&(1<<26) != 0 { // the "f" bit: the four bits above count the FCS in units of 16 bits
		iface.FCSLen = int(link>>28) * 2
	}
	r.addInterface(iface)
	r.info = Info{Format: "pcap", ByteOrder: order.String(), Compression: r.packed}
	r.consume(pcapHeaderLen)
	return &pcapReader{&r.stream, layout, iface}, nil
}

func (p *pcapReader) next(f *Frame) (err error) {
	b := p.unread()
	if len(b) < p.headerLen {
		if b, err = p.need(p.headerLen, "a record header"); err != nil {
			return err
		}
	}
	record := p.record(b)
	if record.CapLen > p.maxLen {
		return p.damage(8, fmt.Sprintf("captured length %d", record.CapLen), fmt.Sprintf("at most %d", p.maxLen))
	}
	if err := p.wireLen(record.WireLen, 12); err != nil {
		return err
	}
	size := p.headerLen + int(record.CapLen)
	if len(b) < size {
		if b, err = p.need(size, "a record"); err != nil {
			return err
		}
	}
	*f = Frame{
		Time:      record.Time,
		Data:      b[p.headerLen:size:size],
		WireLen:   int(max(record.WireLen, record.CapLen)),
		Interface: p.iface,
		Offset:    p.offset(),
	}
	p.consume(size)
	return nil
}
