package dissect

import (
	"slices"
	"strconv"
)

// Transmission Control Protocol (RFC 9293).
var tcp = Protocol{
	Name:  "tcp",
	Title: "Transmission Control Protocol",
	Ref:   "RFC 9293",
	Over:  []Over{{IPProtocol, 6}},
	Header: Rows{
		{Name: "tcp.srcport", Bits: 16, Either: []string{"tcp.port"}},
		{Name: "tcp.dstport", Bits: 16, Either: []string{"tcp.port"}},
		{Name: "tcp.seq_raw", Bits: 32, Doc: "sequence number of the first byte of payload"},
		{Name: "tcp.ack_raw", Bits: 32, Doc: "sequence number of the byte that is expected next"},
		{Name: "tcp.hdr_len", Bits: 4, Scale: 4, Doc: "bytes of header; on the wire a number of 32-bit words"},
		{Name: "tcp.flags", Bits: 12, Kind: Hex, Parts: Rows{
			{Name: "tcp.flags.res", Bits: 3, Kind: Bool, Doc: "reserved"},
			{Name: "tcp.flags.ae", Bits: 1, Kind: Bool, Doc: "accurate ECN"},
			{Name: "tcp.flags.cwr", Bits: 1, Kind: Bool, Doc: "congestion window reduced", Ref: "RFC 3168 §6.1"},
			{Name: "tcp.flags.ece", Bits: 1, Kind: Bool, Doc: "ECN echo", Ref: "RFC 3168 §6.1"},
			{Name: "tcp.flags.urg", Bits: 1, Kind: Bool, Doc: "the urgent pointer is valid"},
			{Name: "tcp.flags.ack", Bits: 1, Kind: Bool, Doc: "the acknowledgment number is valid"},
			{Name: "tcp.flags.push", Bits: 1, Kind: Bool},
			{Name: "tcp.flags.reset", Bits: 1, Kind: Bool},
			{Name: "tcp.flags.syn", Bits: 1, Kind: Bool},
			{Name: "tcp.flags.fin", Bits: 1, Kind: Bool},
		}},
		{Name: "tcp.window_size_value", Bits: 16, Doc: "window before scaling"},
		{Name: "tcp.checksum", Bits: 16, Kind: Hex, Doc: "over a pseudo-header, header and payload"},
		{Name: "tcp.urgent_pointer", Bits: 16},
	},
	Tables:  slices.Concat(tcpOptionRows, mptcpRows),
	Fields:  slices.Concat([]*Field{tcpSequence, tcpAcknowledgment, tcpLen, tcpPayload}, tcpOptionFields, mptcpFields),
	Status:  &Field{Name: "tcp.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectTCP,
	Resolve: resolveTCP,
	Verify:  verifyTCP,
	Walk:    walkTCP,
	Summary: summarizeTCP,
}

var (
	tcpSequence       = &Field{Name: "tcp.seq", Bits: 32, Doc: "sequence number, counted from the direction's start"}
	tcpAcknowledgment = &Field{Name: "tcp.ack", Bits: 32, Doc: "acknowledgment number, counted from the other direction's start"}
	tcpLen            = &Field{Name: "tcp.len", Bits: 32, Doc: "bytes of payload, as the IP header's length leaves them"}
	tcpPayload        = &Field{Name: "tcp.payload", Kind: Bytes, Doc: "what was captured of the payload"}
)

// TCP is a view of a TCP header of at least 20 bytes.
type TCP []byte

// SourcePort is the sender's port.
func (h TCP) SourcePort() uint16 { return be16(h) }

// DestinationPort is the receiver's port.
func (h TCP) DestinationPort() uint16 { return be16(h[2:]) }

// Sequence is that of the first byte of payload.
func (h TCP) Sequence() uint32 { return be32(h[4:]) }

// Acknowledgment is the sequence number of the byte that is expected next.
func (h TCP) Acknowledgment() uint32 { return be32(h[8:]) }

// HeaderLength is in bytes.
func (h TCP) HeaderLength() int { return int(h[12]>>4) * 4 }

// Flags are the twelve bits from the reserved ones to FIN.
func (h TCP) Flags() uint16 { return be16(h[12:]) & 0xfff }

// Window is in bytes before scaling.
func (h TCP) Window() uint16 { return be16(h[14:]) }

// Checksum is over a pseudo-header, header and payload.
func (h TCP) Checksum() uint16 { return be16(h[16:]) }

// UrgentPointer means something if URG is set.
func (h TCP) UrgentPointer() uint16 { return be16(h[18:]) }

func dissectTCP(d *Decoder, b []byte) ID {
	h := TCP(b)
	hl := h.HeaderLength()
	if hl < 20 {
		return d.badLength("tcp.hdr_len", 20, hl)
	}
	if !d.header(hl) {
		return done
	}
	if d.config.Relative && d.flags&Quoted == 0 {
		d.pend()
	}
	if d.layer().PayloadLen() == 0 {
		return none
	}
	return d.port(TCPPort, h.DestinationPort(), h.SourcePort())
}

func verifyTCP(p *Packet, i int) Checksum { return verifyTransport(p, i, 6, 16) }

func walkTCP(w *Walker) {
	h := w.Header()
	v := TCP(h)
	if len(h) < 20 {
		walkTCPLen(w, v)
		return
	}
	if start, ok := w.Packet.recall(w.Layer.Note); ok {
		w.Num(tcpSequence, 4, 4, uint64(v.Sequence()-start))
	}
	if start, ok := w.tcpPeer(); ok {
		if v.Flags()&0x10 == 0 { // the number means nothing
			start = 0
		}
		w.Num(tcpAcknowledgment, 8, 4, uint64(v.Acknowledgment()-start))
	}
	walkTCPOptions(w, h)
	walkTCPLen(w, v)
	if n := len(w.Body) - len(h); n > 0 && w.Layer.Flags&(Partial|Quoted) == 0 {
		w.Add(tcpPayload, len(h), n)
	}
}

// walkTCPLen yields the length of the payload, if the data offset was captured and can be true. The IP header that an ICMP error quotes
// may count more bytes than it quotes; nobody knows the length of the segment.
func walkTCPLen(w *Walker, h TCP) {
	if len(h) <= 12 || w.Layer.Flags&Quoted != 0 {
		return
	}
	if n := w.Layer.Len() - h.HeaderLength(); n >= 0 && h.HeaderLength() >= 20 {
		w.Num(tcpLen, 0, 0, uint64(n))
	}
}

func summarizeTCP(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	h := TCP(p.Header(l))
	if len(h) < 20 {
		return append(dst, "TCP"...)
	}
	dst = append(appendTCPFlags(append(dst, "TCP ["...), h.Flags()), ']')
	dst = strconv.AppendUint(append(dst, " seq "...), uint64(h.Sequence()), 10)
	if h.Flags()&tcpACK != 0 {
		dst = strconv.AppendUint(append(dst, " ack "...), uint64(h.Acknowledgment()), 10)
	}
	dst = strconv.AppendUint(append(dst, " win "...), uint64(h.Window()), 10)
	payload := l.PayloadLen()
	if offset := h.HeaderLength(); offset >= 20 { // a header that was cut short is longer than what is there of it
		payload = l.Len() - offset
	}
	return strconv.AppendInt(append(dst, " len "...), int64(max(0, payload)), 10)
}

const tcpACK = 0x10

// appendTCPFlags writes flags as tcpdump does: S, F, R, P, a dot for ACK.
func appendTCPFlags(dst []byte, flags uint16) []byte {
	for _, f := range [...]struct {
		bit  uint16
		char byte
	}{{0x02, 'S'}, {0x01, 'F'}, {0x04, 'R'}, {0x08, 'P'}, {0x20, 'U'}, {0x40, 'E'}, {0x80, 'W'}, {0x100, 'e'}, {tcpACK, '.'}} {
		if flags&f.bit != 0 {
			dst = append(dst, f.char)
		}
	}
	return dst
}
