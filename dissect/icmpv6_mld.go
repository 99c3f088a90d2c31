package dissect

// Multicast listener discovery in ICMPv6: version 1 (RFC 2710) and version 2 (RFC 3810).

var (
	mldMessage = Rows{
		{Name: "icmpv6.mld.maximum_response_delay", Bits: 16, Doc: "in milliseconds", Ref: "RFC 2710 §3.4"},
		{Bits: 16},
		{Name: "icmpv6.mld.multicast_address", Bits: 128, Kind: IPv6Addr, Doc: "the group; unspecified in a general query", Ref: "RFC 2710 §3.6"},
	}
	mldQueryFlags = Rows{{Name: "icmpv6.mld.flag", Bits: 8, Kind: Hex, Parts: Rows{
		{Name: "icmpv6.mld.flag.reserved", Bits: 4},
		{Name: "icmpv6.mld.flag.s", Bits: 1, Kind: Bool, Doc: "routers do not set their timers by this query", Ref: "RFC 3810 §5.1.7"},
		{Name: "icmpv6.mld.flag.qrv", Bits: 3, Doc: "querier's robustness variable", Ref: "RFC 3810 §5.1.8"},
	}}}
	mldReport = Rows{
		{Bits: 16},
		{Name: "icmpv6.mldr.nb_mcast_records", Bits: 16, Ref: "RFC 3810 §5.2.3"},
	}
	mldRecord = Rows{
		{Name: "icmpv6.mldr.mar.record_type", Bits: 8, Enum: groupRecordTypes, Ref: "RFC 3810 §5.2.12"},
		{Name: "icmpv6.mldr.mar.aux_data_len", Bits: 8, Doc: "32-bit words of auxiliary data"},
		{Name: "icmpv6.mldr.mar.nb_sources", Bits: 16},
		{Name: "icmpv6.mldr.mar.multicast_address", Bits: 128, Kind: IPv6Addr, Doc: "the group"},
	}
	mldTables = []Rows{mldMessage, mldQueryFlags, mldReport, mldRecord}

	mldResponse      = &Field{Name: "icmpv6.mld.maximum_response_code", Bits: 32, Doc: "in milliseconds; large values are coded", Ref: "RFC 3810 §5.1.3"}
	mldQueryInterval = &Field{Name: "icmpv6.mld.qqi", Bits: 16, Doc: "querier's interval, in seconds; large values are coded", Ref: "RFC 3810 §5.1.9"}
	mldSources       = &Field{Name: "icmpv6.mld.nb_sources", Bits: 16, Ref: "RFC 3810 §5.1.10"}
	mldSource        = &Field{Name: "icmpv6.mld.source_address", Kind: IPv6Addr}
	mldRecordStart   = &Field{Name: "icmpv6.mldr.mar", Kind: Present, Doc: "a record starts here"}
	mldRecordSource  = &Field{Name: "icmpv6.mldr.mar.source_address", Kind: IPv6Addr}
	mldAuxiliary     = &Field{Name: "icmpv6.mldr.mar.auxiliary_data", Kind: Bytes}
	mldFields        = []*Field{mldResponse, mldQueryInterval, mldSources, mldSource, mldRecordStart, mldRecordSource, mldAuxiliary}
)

// mldQueryLength is the least length of a query of version 2, by which it is told from one of version 1 (RFC 3810 §8.1).
const mldQueryLength = 28

// mldLength is the length of message b, which has n bytes.
func mldLength(b []byte, n int) int {
	switch {
	case b[0] == icmpv6MLDv2Report:
		size := 8
		for range mldRecords(b) {
			at := size
			size += mldRecordLength(b[at:])
		}
		return size
	case b[0] == icmpv6MLDQuery && n >= mldQueryLength && len(b) >= mldQueryLength:
		return mldQueryLength + 16*int(be16(b[26:]))
	}
	return 24
}

// mldRecords yields where each record of report b starts. One that is cut short is the last one.
func mldRecords(b []byte) func(yield func(off int) bool) {
	return func(yield func(int) bool) {
		if len(b) < 8 {
			return
		}
		off := 8
		for range be16(b[6:]) {
			if off+20 > len(b) || !yield(off) {
				return
			}
			off += mldRecordLength(b[off:])
		}
	}
}

// mldRecordLength is the length of the record at the start of b.
func mldRecordLength(b []byte) int { return 20 + 16*int(be16(b[2:])) + 4*int(b[1]) }

func walkMLD(w *Walker, h []byte) {
	switch {
	case h[0] == icmpv6MLDv2Report:
		w.Add(icmpv6Reserved, 4, 2)
		w.Part(mldReport, 4, 4)
		for off := range mldRecords(h) {
			if w.done {
				return
			}
			walkMLDRecord(w, h, off)
		}
	case w.Layer.Len() >= mldQueryLength && h[0] == icmpv6MLDQuery:
		w.Num(mldResponse, 4, 2, floatingCode(uint64(be16(h[4:])), 12))
		w.Add(icmpv6Reserved, 6, 2)
		if len(h) < mldQueryLength {
			return
		}
		w.Add(&mldMessage[2], 8, 16)
		w.Part(mldQueryFlags, 24, 1)
		w.Num(mldQueryInterval, 25, 1, floatingCode(uint64(h[25]), 4))
		w.Add(mldSources, 26, 2)
		for off := mldQueryLength; off+16 <= len(h) && !w.done; off += 16 {
			w.Add(mldSource, off, 16)
		}
	default:
		w.Part(mldMessage, 4, len(h)-4)
		w.Add(icmpv6Reserved, 6, 2)
	}
}

func walkMLDRecord(w *Walker, h []byte, off int) {
	end := min(off+mldRecordLength(h[off:]), len(h))
	w.Add(mldRecordStart, off, end-off)
	w.depth++
	w.Part(mldRecord, off, 20)
	auxiliary := 4 * int(h[off+1])
	sources := int(be16(h[off+2:]))
	for off += 20; sources > 0 && off+16 <= end && !w.done; sources-- {
		w.Add(mldRecordSource, off, 16)
		off += 16
	}
	if auxiliary > 0 {
		w.Add(mldAuxiliary, off, auxiliary)
	}
	w.depth--
}

// floatingCode reads a number as multicast queries code it: with the highest bit set the three bits behind it are an exponent and the
// others, of which there are mantissa, a mantissa without its highest bit (RFC 3376 §4.1.1, RFC 3810 §5.1.3).
func floatingCode(code uint64, mantissa int) uint64 {
	top := uint64(1) << (mantissa + 3)
	if code < top {
		return code
	}
	exponent := code >> mantissa & 7
	return (code&(1<<mantissa-1) | 1<<mantissa) << (exponent + 3)
}

var groupRecordTypes = Names{1: "Mode is include", 2: "Mode is exclude", 3: "Change to include mode", 4: "Change to exclude mode", 5: "Allow new sources",
	6: "Block old sources"}
