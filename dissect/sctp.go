package dissect

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"
)

// Stream Control Transmission Protocol (RFC 9260), over IP and over UDP (RFC 6951). A packet is a common header and chunks; what
// a DATA chunk carries is a layer below. Chunks are in sctp_chunks.go, what is in them in sctp_parameters.go.
var sctp = Protocol{
	Name:  "sctp",
	Title: "Stream Control Transmission Protocol",
	Ref:   "RFC 9260",
	Over:  []Over{{IPProtocol, 132}, {UDPPort, 9899}},
	Header: Rows{
		{Name: "sctp.srcport", Bits: 16, Either: []string{"sctp.port"}},
		{Name: "sctp.dstport", Bits: 16, Either: []string{"sctp.port"}},
		{Name: "sctp.verification_tag", Bits: 32, Kind: Hex, Doc: "the receiver's tag; 0 in a packet with an INIT chunk"},
		{Name: "sctp.checksum", Bits: 32, Kind: Hex, Doc: "CRC32c of the packet, least significant byte first", Ref: "RFC 9260 Appendix A"},
	},
	Tables:  sctpTables,
	Fields:  sctpFields,
	Status:  &Field{Name: "sctp.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectSCTP,
	Resolve: resolveSCTP,
	Verify:  verifySCTP,
	Walk:    walkSCTP,
	Summary: summarizeSCTP,
}

// SCTP is a view of an SCTP common header of 12 bytes.
type SCTP []byte

// SourcePort is the sender's port.
func (h SCTP) SourcePort() uint16 { return be16(h) }

// DestinationPort is the receiver's port.
func (h SCTP) DestinationPort() uint16 { return be16(h[2:]) }

// VerificationTag is the receiver's tag; 0 in a packet with an INIT chunk.
func (h SCTP) VerificationTag() uint32 { return be32(h[4:]) }

// Checksum is the field as it stands there: a CRC32c whose least significant byte comes first.
func (h SCTP) Checksum() uint32 { return be32(h[8:]) }

// SCTPChunk is a view of a chunk's header of 4 bytes (RFC 9260 §3.2).
type SCTPChunk []byte

// Type says which chunk it is.
func (c SCTPChunk) Type() uint8 { return c[0] }

// Flags mean what the type says.
func (c SCTPChunk) Flags() uint8 { return c[1] }

// Length is that of header and value in bytes, without padding.
func (c SCTPChunk) Length() int { return int(be16(c[2:])) }

// Chunk types that carry user data, and how many bytes stand before it.
const (
	chunkData     = 0
	chunkIData    = 64 // RFC 8260 §2.1
	dataHeader    = 16
	iDataHeader   = 20
	chunkHeader   = 4
	sctpHeaderLen = 12
)

// userData returns how many bytes of the chunk stand before its user data. It is not ok for chunks without.
func (c SCTPChunk) userData() (n int, ok bool) {
	switch c.Type() {
	case chunkData:
		return dataHeader, true
	case chunkIData:
		return iDataHeader, true
	}
	return 0, false
}

// sctpChunk returns the chunk at off of a packet of which b was captured, and where the next one starts. It is not ok when no
// chunk starts there.
func sctpChunk(b []byte, off int) (c SCTPChunk, next int, ok bool) {
	if off+chunkHeader > len(b) {
		return nil, 0, false
	}
	c = SCTPChunk(b[off:])
	n := c.Length()
	if n < chunkHeader {
		return nil, 0, false
	}
	return c[:min(n, len(c))], off + (n+3)&^3, true
}

func dissectSCTP(d *Decoder, b []byte) ID {
	counted := false
	off := sctpHeaderLen
	for {
		c, next, ok := sctpChunk(b, off)
		if !ok {
			break
		}
		if n, ok := c.userData(); ok && len(c) >= n {
			counted = true
			if !d.child(none, off+n, c.Length()-n, "sctp.chunk_length", 0) {
				break
			}
		}
		off = next
	}
	if counted {
		d.pend()
	}
	d.endOfChunks(b, off)
	return done
}

// endOfChunks says why decoding ended at off, if it is not the packet's end.
func (d *Decoder) endOfChunks(b []byte, off int) {
	l := d.layer()
	s := Stop{At: l.Protocol, Offset: l.Start + uint32(off), Need: chunkHeader, Have: uint32(max(0, len(b)-off)), Limit: d.limit}
	switch {
	case off >= l.Len():
		return
	case off+chunkHeader > len(b) && l.Len() > len(b):
		s.Reason, s.Limit = StopTruncated, "frame.cap_len"
	case off+chunkHeader > len(b):
		s.Reason = StopShort
	default:
		s.Reason, s.Have, s.Limit = StopBadLength, uint32(SCTPChunk(b[off:]).Length()), "sctp.chunk_length"
	}
	d.stop(s)
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	noChecksum = make([]byte, 4)
)

// verifySCTP verifies the CRC, for which the field itself counts as 0. Linux leaves a 0 there for a NIC that computes it.
func verifySCTP(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	_, _, ok := pseudoSum(p, i, 132, 0)
	if !ok || !p.Whole(l) || l.Flags&Quoted != 0 && p.excerpt(i) {
		return Checksum{Verdict: Unverifiable}
	}
	b := p.Body(l)
	crc := crc32.Update(0, castagnoli, b[:8])
	crc = crc32.Update(crc, castagnoli, noChecksum)
	crc = crc32.Update(crc, castagnoli, b[sctpHeaderLen:])
	switch field := binary.LittleEndian.Uint32(b[8:]); field {
	case crc:
		return Checksum{Verdict: Good}
	case 0:
		return Checksum{Verdict: Offload}
	}
	return Checksum{Verdict: Bad}
}

// resolveSCTP remembers each direction's first TSN, from which tshark counts. The layer's Note is where in the packet's learned
// numbers it stands, from 1. Ports and tag tell a direction: the tag is random, and an end may have several addresses. A tag of 0
// belongs to no association: DATA must not come with it.
func resolveSCTP(r *Resolver, p *Packet, i int) {
	l := &p.Layers[i]
	h := SCTP(p.Header(l))
	if h.VerificationTag() == 0 {
		return
	}
	key := h[:8]
	first := r.firstTSN.get(key)
	if first == nil {
		b := p.Body(l)
		for off := sctpHeaderLen; ; {
			c, next, ok := sctpChunk(b, off)
			if !ok {
				return
			}
			if n, ok := c.userData(); ok && len(c) >= n {
				first = r.firstTSN.put(key)
				*first = be32(c[4:])
				break
			}
			off = next
		}
	}
	l.Note = p.learn(*first)
}

func summarizeSCTP(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	b := p.Body(l)
	dst = append(dst, "SCTP"...)
	for off, count := sctpHeaderLen, 0; ; count++ {
		c, next, ok := sctpChunk(b, off)
		if !ok {
			return dst
		}
		if count == 4 { // a line is no place for more
			return append(dst, " …"...)
		}
		name := sctpChunkTypes[uint64(c.Type())]
		if name == "" {
			name = "chunk " + strconv.Itoa(int(c.Type()))
		}
		dst = append(append(dst, ' '), name...)
		off = next
	}
}
