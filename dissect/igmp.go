package dissect

import "strconv"

// Internet Group Management Protocol, version 1 (RFC 1112), 2 (RFC 2236) and 3 (RFC 3376), with the other users of its number:
// DVMRP (RFC 1075), PIM version 1, mtrace.
var igmp = Protocol{
	Name:  "igmp",
	Title: "Internet Group Management Protocol",
	Ref:   "RFC 3376",
	Over:  []Over{{IPProtocol, 2}},
	Header: Rows{
		{Name: "igmp.type", Bits: 8, Kind: Hex, Enum: igmpTypes},
		{Bits: 8, Doc: "depends on the type"},
		{Bits: 16, Doc: "checksum"},
		{Bits: 32, Doc: "depends on the type"},
	},
	Tables:  []Rows{igmpQueryRows, igmpRecord, igmpTrace, igmpTraceBlock},
	Fields:  []*Field{igmpChecksum, igmpVersion, igmpReserved, igmpResponse, igmpExponent, igmpMantissa, igmpGroup, igmpRecords, igmpSource, igmpAuxiliary, igmpHops},
	Status:  &Field{Name: "igmp.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectIGMP,
	Verify:  verifyIGMP,
	Walk:    walkIGMP,
	Summary: summarizeIGMP,
}

const (
	igmpQuery         = 0x11
	igmpDVMRP         = 0x13
	igmpPIM           = 0x14
	igmpReport1       = 0x12
	igmpReport2       = 0x16
	igmpLeave         = 0x17
	igmpTraceResponse = 0x1e
	igmpTraceQuery    = 0x1f
	igmpReport3       = 0x22
)

// igmpQueryLength is the least length of a query of version 3, by which it is told from older ones (RFC 3376 §7.1).
const igmpQueryLength = 12

var (
	igmpQueryRows = Rows{
		{Bits: 4, Doc: "reserved"},
		{Name: "igmp.s", Bits: 1, Kind: Bool, Doc: "routers do not set their timers by this query", Ref: "RFC 3376 §4.1.5"},
		{Name: "igmp.qrv", Bits: 3, Doc: "querier's robustness variable", Ref: "RFC 3376 §4.1.6"},
		{Name: "igmp.qqic", Bits: 8, Doc: "querier's interval, in coded seconds", Ref: "RFC 3376 §4.1.7"},
		{Bits: 16, Doc: "number of sources, a field of the group record"},
	}
	igmpRecord = Rows{
		{Name: "igmp.record_type", Bits: 8, Enum: groupRecordTypes, Ref: "RFC 3376 §4.2.12"},
		{Name: "igmp.aux_data_len", Bits: 8, Doc: "32-bit words of auxiliary data"},
		{Name: "igmp.num_src", Bits: 16, Doc: "sources"},
		{Bits: 32, Doc: "group"},
	}
	igmpTrace = Rows{
		{Name: "igmp.mtrace.saddr", Bits: 32, Kind: IPv4Addr, Doc: "source of the path"},
		{Name: "igmp.mtrace.raddr", Bits: 32, Kind: IPv4Addr, Doc: "receiver at its end"},
		{Name: "igmp.mtrace.rspaddr", Bits: 32, Kind: IPv4Addr, Doc: "where the response goes"},
		{Name: "igmp.mtrace.resp_ttl", Bits: 8},
		{Name: "igmp.mtrace.q_id", Bits: 24},
	}
	igmpTraceBlock = Rows{
		{Name: "igmp.mtrace.q_arrival", Bits: 32, Doc: "when the query arrived, the middle half of an NTP time stamp"},
		{Name: "igmp.mtrace.q_inaddr", Bits: 32, Kind: IPv4Addr},
		{Name: "igmp.mtrace.q_outaddr", Bits: 32, Kind: IPv4Addr},
		{Name: "igmp.mtrace.q_prevrtr", Bits: 32, Kind: IPv4Addr},
		{Name: "igmp.mtrace.q_inpkt", Bits: 32},
		{Name: "igmp.mtrace.q_outpkt", Bits: 32},
		{Name: "igmp.mtrace.q_total", Bits: 32, Doc: "packets of this source and group"},
		{Name: "igmp.mtrace.q_rtg_proto", Bits: 8},
		{Name: "igmp.mtrace.q_fwd_ttl", Bits: 8},
		{Name: "igmp.mtrace.q_mbz", Bits: 1, Kind: Hex},
		{Name: "igmp.mtrace.q_s", Bits: 1, Kind: Hex},
		{Name: "igmp.mtrace.q_src_mask", Bits: 6, Kind: Hex},
		{Name: "igmp.mtrace.q_fwd_code", Bits: 8, Kind: Hex},
	}
	igmpChecksum  = &Field{Name: "igmp.checksum", Bits: 16, Kind: Hex, Doc: "over the message; DVMRP and PIM have names of their own for theirs"}
	igmpVersion   = &Field{Name: "igmp.version", Bits: 8, Doc: "as type, length and response time tell it", Ref: "RFC 3376 §7.1"}
	igmpReserved  = &Field{Name: "igmp.reserved", Kind: Bytes}
	igmpResponse  = &Field{Name: "igmp.max_resp", Bits: 32, Doc: "time to answer in, in tenths of a second; version 3 codes large values", Ref: "RFC 3376 §4.1.1"}
	igmpExponent  = &Field{Name: "igmp.max_resp.exp", Bits: 8, Kind: Hex}
	igmpMantissa  = &Field{Name: "igmp.max_resp.mant", Bits: 8, Kind: Hex}
	igmpGroup     = &Field{Name: "igmp.maddr", Kind: IPv4Addr, Doc: "the group; 0.0.0.0 in a general query"}
	igmpRecords   = &Field{Name: "igmp.num_grp_recs", Bits: 16, Doc: "group records", Ref: "RFC 3376 §4.2.3"}
	igmpSource    = &Field{Name: "igmp.saddr", Kind: IPv4Addr}
	igmpAuxiliary = &Field{Name: "igmp.aux_data", Kind: Bytes}
	igmpHops      = &Field{Name: "igmp.mtrace.max_hops", Bits: 8}
)

// IGMP is a view of the first 8 bytes of an IGMP message.
type IGMP []byte

// Type says what the message is.
func (h IGMP) Type() uint8 { return h[0] }

// MaxResponse is the code of the time to answer in, in tenths of a second.
func (h IGMP) MaxResponse() uint8 { return h[1] }

// Checksum is over the message.
func (h IGMP) Checksum() uint16 { return be16(h[2:]) }

// Group is the multicast group that a message of version 1 or 2, or a query, is about.
func (h IGMP) Group() []byte { return h[4:8] }

// igmpVersionOf tells the version of a message of n bytes (RFC 3376 §7.1), 0 for a type that has none.
func igmpVersionOf(h IGMP, n int) int {
	switch h.Type() {
	case igmpQuery:
		switch {
		case n >= igmpQueryLength:
			return 3
		case h.MaxResponse() == 0:
			return 1
		}
		return 2
	case igmpReport1:
		return 1
	case igmpReport2, igmpLeave:
		return 2
	case igmpReport3:
		return 3
	}
	return 0
}

func dissectIGMP(d *Decoder, b []byte) ID {
	n := d.l.Len()
	switch t := IGMP(b).Type(); {
	case t == igmpQuery && n >= igmpQueryLength:
		if !d.header(igmpQueryLength) || !d.header(igmpQueryLength+4*int(be16(b[10:]))) {
			return done
		}
	case t == igmpReport3:
		size := 8
		for off := range igmpRecordsOf(b) {
			size = off + igmpRecordLength(b[off:])
		}
		if !d.header(size) {
			return done
		}
	case t == igmpTraceQuery, t == igmpTraceResponse:
		d.header(n)
		return done
	}
	return none
}

// igmpRecordsOf yields where each group record of report b starts. One that is cut short is the last one.
func igmpRecordsOf(b []byte) func(yield func(off int) bool) {
	return func(yield func(int) bool) {
		off := 8
		for range be16(b[6:]) {
			if off+8 > len(b) || !yield(off) {
				return
			}
			off += igmpRecordLength(b[off:])
		}
	}
}

// igmpRecordLength is the length of the record at the start of b.
func igmpRecordLength(b []byte) int { return 8 + 4*int(be16(b[2:])) + 4*int(b[1]) }

func verifyIGMP(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	if _, _, ok := pseudoSum(p, i, 0, 0); !ok || !p.Whole(l) || l.Flags&Quoted != 0 {
		return Checksum{Verdict: Unverifiable}
	}
	return judge(fold(sum(0, p.Body(l))))
}

func walkIGMP(w *Walker) {
	h := w.Header()
	if len(h) < 8 {
		return
	}
	if h[0] != igmpDVMRP && h[0] != igmpPIM {
		w.Add(igmpChecksum, 2, 2)
	}
	version := igmpVersionOf(h, w.Layer.Len())
	if version > 0 {
		w.Num(igmpVersion, 0, 0, uint64(version))
	}
	switch {
	case h[0] == igmpReport3:
		w.Add(igmpReserved, 1, 1)
		w.Add(igmpReserved, 4, 2)
		w.Add(igmpRecords, 6, 2)
		for off := range igmpRecordsOf(h) {
			if w.done {
				return
			}
			walkIGMPRecord(w, h, off)
		}
		return
	case version == 1:
		w.Add(igmpReserved, 1, 1)
	case version == 2:
		w.Add(igmpResponse, 1, 1)
	case version == 3:
		w.Num(igmpResponse, 1, 1, floatingCode(uint64(h[1]), 4))
		if h[1] >= 0x80 {
			w.Num(igmpExponent, 1, 1, uint64(h[1]>>4&7))
			w.Num(igmpMantissa, 1, 1, uint64(h[1]&15))
		}
	case h[0] == igmpTraceQuery, h[0] == igmpTraceResponse:
		w.Add(igmpHops, 1, 1)
		w.Part(igmpTrace, 8, len(h)-8)
		for off := 24; off+32 <= len(h) && !w.done; off += 32 {
			w.Part(igmpTraceBlock, off, 32)
		}
	default:
		return
	}
	w.Add(igmpGroup, 4, 4)
	if version == 3 && len(h) >= igmpQueryLength {
		w.Part(igmpQueryRows, 8, 4)
		w.Add(&igmpRecord[2], 10, 2)
		for off := igmpQueryLength; off+4 <= len(h) && !w.done; off += 4 {
			w.Add(igmpSource, off, 4)
		}
	}
}

func walkIGMPRecord(w *Walker, h []byte, off int) {
	end := min(off+igmpRecordLength(h[off:]), len(h))
	w.Part(igmpRecord, off, 8)
	w.Add(igmpGroup, off+4, 4)
	w.depth++
	auxiliary := 4 * int(h[off+1])
	sources := int(be16(h[off+2:]))
	for off += 8; sources > 0 && off+4 <= end && !w.done; sources-- {
		w.Add(igmpSource, off, 4)
		off += 4
	}
	if auxiliary > 0 {
		w.Add(igmpAuxiliary, off, auxiliary)
	}
	w.depth--
}

func summarizeIGMP(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	h := IGMP(p.Header(l))
	if len(h) < 8 {
		return append(dst, "IGMP"...)
	}
	dst = append(dst, "IGMP"...)
	version := igmpVersionOf(h, l.Len())
	if version > 0 {
		dst = strconv.AppendInt(append(dst, 'v'), int64(version), 10)
	}
	if name := igmpTypes[uint64(h.Type())]; name != "" {
		dst = append(append(dst, ' '), name...)
	} else {
		dst = strconv.AppendUint(append(dst, " type "...), uint64(h.Type()), 10)
	}
	switch {
	case h.Type() == igmpReport3:
		dst = strconv.AppendUint(append(dst, " groups "...), uint64(be16(h[6:])), 10)
	case version > 0 && be32(h[4:]) != 0:
		dst = appendIPv4(append(dst, ' '), h.Group())
	}
	return dst
}

var igmpTypes = Names{0x11: "query", 0x12: "report", 0x13: "DVMRP", 0x14: "PIMv1", 0x15: "Cisco trace", 0x16: "report", 0x17: "leave", 0x1e: "mtrace response",
	0x1f: "mtrace query", 0x22: "report", 0x30: "multicast router advertisement", 0x31: "multicast router solicitation", 0x32: "multicast router termination"}
