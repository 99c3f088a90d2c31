package pcaps

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// The pcapng format: draft-ietf-opsawg-pcapng. A file is a row of sections, a section a row of blocks, all of one
// shape and in the byte order that the section's first block shows:
//
//	0      4              8                 n-4            n
//	| type | total length | body | options  | total length |
//
// Options are type-length-value: a 16-bit code, a 16-bit length, the value, padding to 4 bytes.
const (
	blockSection    = 0x0a0d0d0a // the same in both byte orders
	blockInterface  = 1
	blockPacket     = 2 // obsolete
	blockSimple     = 3
	blockNames      = 4
	blockStatistics = 5
	blockEnhanced   = 6
	blockSecrets    = 10

	pcapngMagic    = "\n\r\r\n" // blockSection, as it stands in the file
	byteOrderMagic = 0x1a2b3c4d

	blockOverhead = 12                  // type and both lengths
	maxBlockLen   = MaxFrameLen + 1<<20 // a frame and its options
	maxSections   = 1 << 16             // in one file
	maxInterfaces = 1 << 16             // in one file
	maxKept       = 64 << 20            // bytes of texts, names and secrets kept for one file
	keptOverhead  = 64                  // bytes that what is kept takes besides itself
)

// Options of all blocks, and of each.
const (
	optEnd     = 0
	optComment = 1

	sectionHardware    = 2
	sectionOS          = 3
	sectionApplication = 4

	interfaceName        = 2
	interfaceDescription = 3
	interfaceSpeed       = 8
	interfaceResolution  = 9
	interfaceFilter      = 11
	interfaceOS          = 12
	interfaceFCSLen      = 13
	interfaceTimeOffset  = 14
	interfaceHardware    = 15

	packetFlags = 2

	statisticsReceived  = 4
	statisticsDropped   = 5
	statisticsOSDropped = 7
)

// Records of a name resolution block; 0 ends them, as optEnd does.
const (
	recordIPv4 = 1
	recordIPv6 = 2
)

// Section is what a section header of a pcapng file says of the capture.
type Section struct {
	Hardware    string
	OS          string
	Application string
	Comments    []string
}

// NameRecord is an entry of a name resolution block: names that an address had for the one who captured.
type NameRecord struct {
	Addr  netip.Addr
	Names []string
}

// Secrets is a decryption secrets block.
type Secrets struct {
	Type uint32 // draft-ietf-opsawg-pcapng section 4.7: 0x544c534b TLS key log, 0x57474b4c WireGuard key log, …
	Data []byte
}

type pcapngReader struct {
	*stream
	*contents
	byteOrder
	section []*Interface // those of the current section
}

func openPcapng(r *Reader) (format, error) {
	p := &pcapngReader{stream: &r.stream, contents: &r.contents}
	block, err := p.block()
	if err != nil {
		return nil, err
	}
	if err := p.readSection(block); err != nil {
		return nil, err
	}
	r.info = Info{Format: "pcapng", ByteOrder: p.byteOrder.String(), Compression: r.packed}
	p.consume(len(block))
	return p, nil
}

func (p *pcapngReader) next(f *Frame) error {
	for {
		block, err := p.block()
		if err != nil {
			return err
		}
		isPacket := false
		switch p.u32(block) {
		case blockEnhanced:
			isPacket, err = true, p.readEnhanced(block, f)
		case blockSimple:
			isPacket, err = true, p.readSimple(block, f)
		case blockPacket:
			isPacket, err = true, p.readPacket(block, f)
		case blockSection:
			err = p.readSection(block)
		case blockInterface:
			err = p.readInterface(block)
		case blockStatistics:
			err = p.readStatistics(block)
		case blockNames:
			err = p.readNames(block)
		case blockSecrets:
			err = p.readSecrets(block)
		}
		if err != nil {
			return err
		}
		p.consume(len(block))
		if isPacket {
			return nil
		}
	}
}

// block returns the next block, whole and with both lengths checked. It is not consumed.
func (p *pcapngReader) block() (b []byte, err error) {
	b = p.unread()
	if len(b) < blockOverhead {
		if b, err = p.need(blockOverhead, "a block header"); err != nil {
			return nil, err
		}
	}
	order := p.byteOrder
	if order.u32(b) == blockSection {
		switch {
		case littleEndian.u32(b[8:]) == byteOrderMagic:
			order = littleEndian
		case bigEndian.u32(b[8:]) == byteOrderMagic:
			order = bigEndian
		default:
			return nil, p.damage(8, fmt.Sprintf("byte-order magic %x", b[8:12]), "1a2b3c4d or 4d3c2b1a")
		}
	}
	size := order.u32(b[4:])
	if size < blockOverhead || size > maxBlockLen {
		return nil, p.damage(4, fmt.Sprintf("block length %d", size), fmt.Sprintf("%d to %d", blockOverhead, maxBlockLen))
	}
	if len(b) < int(size) {
		if b, err = p.need(int(size), "a block"); err != nil {
			return nil, err
		}
	}
	b = b[:size]
	if again := order.u32(b[size-4:]); again != size {
		return nil, p.damage(int(size)-4,
			fmt.Sprintf("block length %d at the block's end", again), fmt.Sprintf("%d as at its start", size))
	}
	p.byteOrder = order
	return b, nil
}

// body returns what lies between a block's lengths, at least n bytes of it.
func (p *pcapngReader) body(block []byte, n int, what string) ([]byte, error) {
	if len(block) < blockOverhead+n {
		return nil, p.damage(4,
			fmt.Sprintf("block length %d", len(block)), fmt.Sprintf("at least %d for %s", blockOverhead+n, what))
	}
	return block[8 : len(block)-4], nil
}

// option splits the first option off a block's options. The code is optEnd where they end, with or without the option
// that says so.
func (p *pcapngReader) option(block, options []byte) (code uint16, value, rest []byte, err error) {
	if len(options) < 4 {
		return optEnd, nil, nil, nil
	}
	code, n := p.u16(options), int(p.u16(options[2:]))
	if code == optEnd {
		return optEnd, nil, nil, nil
	}
	if n > len(options)-4 {
		at := len(block) - 4 - len(options) + 2
		return 0, nil, nil, p.damage(at,
			fmt.Sprintf("option length %d", n), fmt.Sprintf("at most %d, what is left of the block", len(options)-4))
	}
	return code, options[4 : 4+n], options[4+padded(n, len(options)-4):], nil
}

// padded is n rounded up to 4 bytes, but not beyond limit: some writers leave the last padding out.
func padded(n, limit int) int { return min((n+3)&^3, limit) }

func (p *pcapngReader) readSection(block []byte) error {
	body, err := p.body(block, 16, "a section header")
	if err != nil {
		return err
	}
	if major, minor := p.u16(body[4:]), p.u16(body[6:]); major != 1 {
		return p.damage(12, fmt.Sprintf("pcapng version %d.%d", major, minor), "1.0")
	}
	if len(p.sections) == maxSections {
		return p.damage(0, "one more section header", fmt.Sprintf("at most %d", maxSections))
	}
	// The section's length (body[8:16]) only serves to skip it.
	var section Section
	for options := body[16:]; ; {
		code, value, rest, err := p.option(block, options)
		if err != nil {
			return err
		}
		if code == optEnd {
			break
		}
		options = rest
		switch code {
		case optComment:
			section.Comments = p.keepComment(section.Comments, value)
		case sectionHardware:
			section.Hardware = p.keepText(value)
		case sectionOS:
			section.OS = p.keepText(value)
		case sectionApplication:
			section.Application = p.keepText(value)
		}
	}
	p.told(func() { p.sections = append(p.sections, section) })
	p.section = nil
	return nil
}

func (p *pcapngReader) readInterface(block []byte) error {
	body, err := p.body(block, 8, "an interface description")
	if err != nil {
		return err
	}
	if len(p.interfaces) == maxInterfaces {
		return p.damage(0, "one more interface description", fmt.Sprintf("at most %d", maxInterfaces))
	}
	iface := newInterface(LinkType(p.u16(body)), p.u32(body[4:]))
	iface.Section, iface.ID = len(p.sections)-1, len(p.section)
	iface.TicksPerSecond = 1_000_000
	var offset int64
	for options := body[8:]; ; {
		code, value, rest, err := p.option(block, options)
		if err != nil {
			return err
		}
		if code == optEnd {
			break
		}
		switch {
		case code == optComment:
			iface.Comments = p.keepComment(iface.Comments, value)
		case code == interfaceName:
			iface.Name = p.keepText(value)
		case code == interfaceDescription:
			iface.Description = p.keepText(value)
		case code == interfaceHardware:
			iface.Hardware = p.keepText(value)
		case code == interfaceOS:
			iface.OS = p.keepText(value)
		case code == interfaceFilter && len(value) > 1 && value[0] == 0: // 0: a filter string, else BPF code
			iface.Filter = p.keepText(value[1:])
		case code == interfaceSpeed && len(value) == 8:
			iface.Speed = p.u64(value)
		case code == interfaceFCSLen && len(value) == 1:
			iface.FCSLen = int(value[0])
		case code == interfaceTimeOffset && len(value) == 8:
			offset = int64(p.u64(value))
		case code == interfaceResolution && len(value) == 1:
			if iface.TicksPerSecond = ticksPerSecond(value[0]); iface.TicksPerSecond == 0 {
				at := len(block) - 4 - len(options) + 4
				return p.damage(at,
					fmt.Sprintf("time resolution 0x%02x", value[0]), "at most 0x13 (10^-19 s), or 0x80 to 0xbf (2^-63 s)")
			}
		}
		options = rest
	}
	iface.clock = newClock(iface.TicksPerSecond, offset)
	p.addInterface(iface)
	p.section = append(p.section, iface)
	return nil
}

// ticksPerSecond decodes if_tsresol: the negative power of 2 if the top bit is set, else of 10. It returns 0 for one
// that no 64-bit number of ticks can hold.
func ticksPerSecond(resolution byte) uint64 {
	exponent := resolution & 0x7f
	if resolution&0x80 != 0 {
		return 1 << exponent // 0 from 64 on
	}
	if exponent > 19 {
		return 0
	}
	ticks := uint64(1)
	for range exponent {
		ticks *= 10
	}
	return ticks
}

// readEnhanced reads an Enhanced Packet Block.
func (p *pcapngReader) readEnhanced(block []byte, f *Frame) error {
	body, err := p.body(block, 20, "an enhanced packet")
	if err != nil {
		return err
	}
	return p.readFrame(block, body, p.u32(body), f)
}

// readPacket reads the obsolete Packet Block, which gives half of the interface number to a count of lost packets.
func (p *pcapngReader) readPacket(block []byte, f *Frame) error {
	body, err := p.body(block, 20, "a packet")
	if err != nil {
		return err
	}
	return p.readFrame(block, body, uint32(p.u16(body)), f)
}

// readFrame reads what both packet blocks have in common: all but the interface number.
func (p *pcapngReader) readFrame(block, body []byte, id uint32, f *Frame) error {
	if id >= uint32(len(p.section)) {
		return p.damage(8, fmt.Sprintf("interface %d", id), fmt.Sprintf("one of the section's %d", len(p.section)))
	}
	iface := p.section[id]
	ticks := uint64(p.u32(body[4:]))<<32 | uint64(p.u32(body[8:]))
	capLen, wireLen := p.u32(body[12:]), p.u32(body[16:])
	data := body[20:]
	if uint64(capLen) > uint64(len(data)) {
		return p.damage(20, fmt.Sprintf("captured length %d", capLen), fmt.Sprintf("at most %d, what the block holds", len(data)))
	}
	if err := p.wireLen(wireLen, 24); err != nil {
		return err
	}
	*f = Frame{
		Time:      iface.clock.ns(ticks),
		Data:      data[:capLen:capLen],
		WireLen:   int(max(wireLen, capLen)),
		Interface: iface,
		Offset:    p.offset(),
	}
	if options := data[padded(int(capLen), len(data)):]; len(options) > 0 {
		return p.readFrameOptions(block, options, f)
	}
	return nil
}

func (p *pcapngReader) readFrameOptions(block, options []byte, f *Frame) error {
	for {
		code, value, rest, err := p.option(block, options)
		if err != nil || code == optEnd {
			return err
		}
		options = rest
		switch {
		case code == optComment:
			f.Comments = append(f.Comments, text(value))
		case code == packetFlags && len(value) == 4:
			f.Flags = p.u32(value)
		}
	}
}

// readSimple reads a Simple Packet Block: no interface (it is the section's first), no time, and the captured length
// only as the smallest of three.
func (p *pcapngReader) readSimple(block []byte, f *Frame) error {
	body, err := p.body(block, 4, "a simple packet")
	if err != nil {
		return err
	}
	if len(p.section) == 0 {
		return p.damage(0, "a simple packet", "an interface description before it")
	}
	iface := p.section[0]
	wireLen, data := p.u32(body), body[4:]
	capLen := wireLen
	if iface.SnapLen != 0 {
		capLen = min(capLen, iface.SnapLen)
	}
	if uint64(capLen) > uint64(len(data)) {
		return p.damage(8, fmt.Sprintf("original length %d", wireLen), fmt.Sprintf("at most %d, what the block holds", len(data)))
	}
	if err := p.wireLen(wireLen, 8); err != nil {
		return err
	}
	*f = Frame{Timeless: true, Data: data[:capLen:capLen], WireLen: int(wireLen), Interface: iface, Offset: p.offset()}
	return nil
}

func (p *pcapngReader) readStatistics(block []byte) error {
	body, err := p.body(block, 12, "interface statistics")
	if err != nil {
		return err
	}
	id := p.u32(body)
	if id >= uint32(len(p.section)) {
		return p.damage(8, fmt.Sprintf("statistics of interface %d", id), fmt.Sprintf("one of the section's %d", len(p.section)))
	}
	counted := p.section[id].counts
	counted.mutex.Lock()
	defer counted.mutex.Unlock()
	for options := body[12:]; ; {
		code, value, rest, err := p.option(block, options)
		if err != nil || code == optEnd {
			return err
		}
		options = rest
		if code == optComment {
			counted.Comments = p.keepComment(counted.Comments, value)
		}
		if len(value) != 8 {
			continue
		}
		count := int64(min(p.u64(value), math.MaxInt64))
		switch code {
		case statisticsReceived:
			counted.Received = count
		case statisticsDropped:
			counted.Dropped = count
		case statisticsOSDropped:
			counted.OSDropped = count
		}
	}
}

// readNames reads a Name Resolution Block. Its options, about the server that was asked, are not kept.
func (p *pcapngReader) readNames(block []byte) error {
	records, err := p.body(block, 0, "names")
	if err != nil {
		return err
	}
	for {
		kind, value, rest, err := p.option(block, records) // records have the shape of options
		if err != nil || kind == optEnd {
			return err
		}
		records = rest
		size := map[uint16]int{recordIPv4: 4, recordIPv6: 16}[kind]
		if size == 0 || len(value) < size || !p.keep(len(value)+keptOverhead*bytes.Count(value[size:], []byte{0})) {
			continue
		}
		addr, _ := netip.AddrFromSlice(value[:size])
		var names []string
		for name := range bytes.SplitSeq(value[size:], []byte{0}) {
			if len(name) > 0 {
				names = append(names, string(name))
			}
		}
		p.told(func() { p.names = append(p.names, NameRecord{addr, names}) })
	}
}

func (p *pcapngReader) readSecrets(block []byte) error {
	body, err := p.body(block, 8, "decryption secrets")
	if err != nil {
		return err
	}
	n, data := p.u32(body[4:]), body[8:]
	if uint64(n) > uint64(len(data)) {
		return p.damage(12, fmt.Sprintf("secrets length %d", n), fmt.Sprintf("at most %d, what the block holds", len(data)))
	}
	if p.keep(int(n)) {
		p.told(func() { p.secrets = append(p.secrets, Secrets{p.u32(body), slices.Clone(data[:n])}) })
	}
	return nil
}

// text is an option's string; a writer may have ended it with a zero.
func text(value []byte) string { return string(bytes.TrimRight(value, "\x00")) }
