package dissect

// The chunks of SCTP (RFC 9260 §3.3 and the RFCs named below; the registry is IANA's "SCTP Parameters").

// sctpChunkKind says how a chunk is read: the bits of its flags, the fixed part of its value, and the rest.
type sctpChunkKind struct {
	flags Rows
	rows  Rows
	walk  func(w *Walker, c SCTPChunk, off, n int) // for the n bytes at off, behind the rows
}

var (
	sctpChunkHeader = Rows{
		{Name: "sctp.chunk_type", Bits: 8, Enum: sctpChunkTypes, Doc: "which chunk it is", Parts: Rows{
			{Name: "sctp.chunk_bit_1", Bits: 1, Kind: Bool, Doc: "a receiver that does not know the type goes on behind the chunk", Ref: "RFC 9260 §3.2"},
			{Name: "sctp.chunk_bit_2", Bits: 1, Kind: Bool, Doc: "a receiver that does not know the type reports it", Ref: "RFC 9260 §3.2"},
			{Bits: 6},
		}},
		{Name: "sctp.chunk_flags", Bits: 8, Kind: Hex, Doc: "mean what the type says"},
		{Name: "sctp.chunk_length", Bits: 16, Doc: "bytes of header and value, without padding"},
	}

	sctpDataFlags = Rows{
		{Bits: 4},
		{Name: "sctp.data_i_bit", Bits: 1, Kind: Bool, Doc: "acknowledge it at once", Ref: "RFC 9260 §3.3.1"},
		{Name: "sctp.data_u_bit", Bits: 1, Kind: Bool, Doc: "unordered", Ref: "RFC 9260 §3.3.1"},
		{Name: "sctp.data_b_bit", Bits: 1, Kind: Bool, Doc: "a message's first fragment", Ref: "RFC 9260 §3.3.1"},
		{Name: "sctp.data_e_bit", Bits: 1, Kind: Bool, Doc: "a message's last fragment", Ref: "RFC 9260 §3.3.1"},
	}
	sctpData = Rows{
		{Name: "sctp.data_tsn_raw", Bits: 32, Doc: "transmission sequence number", Ref: "RFC 9260 §3.3.1"},
		{Name: "sctp.data_sid", Bits: 16, Kind: Hex, Doc: "stream identifier", Ref: "RFC 9260 §3.3.1"},
	}
	sctpOrdered     = Rows{{Name: "sctp.data_ssn", Bits: 16, Doc: "stream sequence number", Ref: "RFC 9260 §3.3.1"}}
	sctpInterleaved = Rows{
		{Name: "sctp.data_reserved", Bits: 16, Ref: "RFC 8260 §2.1"},
		{Name: "sctp.data_mid", Bits: 32, Doc: "message identifier", Ref: "RFC 8260 §2.1"},
	}
	sctpPPID = Rows{{Name: "sctp.data_payload_proto_id", Bits: 32, Enum: sctpPayloads, Doc: "what the user data is", Ref: "RFC 9260 §3.3.1"}}
	sctpFSN  = Rows{{Name: "sctp.data_fsn", Bits: 32, Doc: "fragment sequence number", Ref: "RFC 8260 §2.1"}}
	sctpTSN  = &Field{Name: "sctp.data_tsn", Bits: 32, Doc: "transmission sequence number, counted from the first one that was seen"}

	sctpInit = Rows{
		{Name: "sctp.init_initiate_tag", Bits: 32, Kind: Hex, Doc: "verification tag that the sender wants to see"},
		{Name: "sctp.init_credit", Bits: 32, Doc: "advertised receiver window"},
		{Name: "sctp.init_nr_out_streams", Bits: 16},
		{Name: "sctp.init_nr_in_streams", Bits: 16},
		{Name: "sctp.init_initial_tsn", Bits: 32},
	}
	sctpInitAck = Rows{
		{Name: "sctp.initack_initiate_tag", Bits: 32, Kind: Hex, Doc: "verification tag that the sender wants to see"},
		{Name: "sctp.initack_credit", Bits: 32, Doc: "advertised receiver window"},
		{Name: "sctp.initack_nr_out_streams", Bits: 16},
		{Name: "sctp.initack_nr_in_streams", Bits: 16},
		{Name: "sctp.initack_initial_tsn", Bits: 32},
	}
	sctpInitiateTag = &Field{Name: "sctp.initiate_tag", Bits: 32, Kind: Hex, Doc: "that of an INIT or of an INIT ACK"}

	sctpSACK = Rows{
		{Name: "sctp.sack_cumulative_tsn_ack_raw", Bits: 32, Doc: "last TSN before which nothing is missing", Ref: "RFC 9260 §3.3.4"},
		{Name: "sctp.sack_a_rwnd", Bits: 32, Doc: "advertised receiver window"},
		{Name: "sctp.sack_number_of_gap_blocks", Bits: 16},
		{Name: "sctp.sack_number_of_duplicated_tsns", Bits: 16},
	}
	sctpNRSACK = Rows{ // draft-tuexen-tsvwg-sctp-nr-sack
		{Name: "sctp.nr_sack_cumulative_tsn_ack", Bits: 32, Doc: "last TSN before which nothing is missing"},
		{Name: "sctp.nr_sack_a_rwnd", Bits: 32, Doc: "advertised receiver window"},
		{Name: "sctp.nr_sack_number_of_gap_blocks", Bits: 16},
		{Name: "sctp.nr_sack_number_of_nr_gap_blocks", Bits: 16, Doc: "blocks that the receiver will not take back"},
		{Name: "sctp.nr_sack_number_of_duplicated_tsns", Bits: 16},
		{Name: "sctp.nr_sack_reserved", Bits: 16, Kind: Hex},
	}
	sctpSACKFlags   = Rows{{Bits: 7}, {Name: "sctp.sack_nounce_sum", Bits: 1}}
	sctpNRSACKFlags = Rows{{Bits: 7}, {Name: "sctp.nr_sack_nounce_sum", Bits: 1}}

	sctpShutdown  = Rows{{Name: "sctp.shutdown_cumulative_tsn_ack", Bits: 32, Doc: "last TSN before which nothing is missing"}}
	sctpECNE      = Rows{{Name: "sctp.ecne_lowest_tsn", Bits: 32, Ref: "RFC 9260 Appendix A"}}
	sctpCWR       = Rows{{Name: "sctp.cwr_lowest_tsn", Bits: 32, Ref: "RFC 9260 Appendix A"}}
	sctpAbortT    = Rows{{Bits: 7}, {Name: "sctp.abort_t_bit", Bits: 1, Kind: Bool, Doc: "the verification tag is the sender's, reflected", Ref: "RFC 9260 §3.3.7"}}
	sctpCompleteT = Rows{{Bits: 7}, {Name: "sctp.shutdown_complete_t_bit", Bits: 1, Kind: Bool, Doc: "the verification tag is the sender's, reflected",
		Ref: "RFC 9260 §3.3.13"}}
	sctpAuth = Rows{
		{Name: "sctp.shared_key_id", Bits: 16, Ref: "RFC 4895 §4.1"},
		{Bits: 16, Doc: "HMAC identifier"},
	}
	sctpASCONF    = Rows{{Name: "sctp.asconf_seq_nr_number", Bits: 32, Kind: Hex, Doc: "serial number", Ref: "RFC 5061 §4.1.1"}}
	sctpASCONFAck = Rows{{Name: "sctp.asconf_ack_seq_nr_number", Bits: 32, Kind: Hex, Doc: "serial number", Ref: "RFC 5061 §4.1.2"}}
	sctpDropFlags = Rows{ // draft-stewart-sctp-pktdrprep
		{Bits: 5},
		{Name: "sctp.pckdrop_t_bit", Bits: 1, Kind: Bool, Doc: "the packet is truncated"},
		{Name: "sctp.pckdrop_b_bit", Bits: 1, Kind: Bool, Doc: "the packet's CRC was bad"},
		{Name: "sctp.pckdrop_m_bit", Bits: 1, Kind: Bool, Doc: "a middlebox reports it"},
	}
	sctpDrop = Rows{
		{Name: "sctp.pktdrop_bandwidth", Bits: 32},
		{Name: "sctp.pktdrop_queuesize", Bits: 32},
		{Name: "sctp.pktdrop_truncated_length", Bits: 16},
		{Name: "sctp.pktdrop_reserved", Bits: 16},
	}
	sctpForward       = Rows{{Name: "sctp.forward_tsn_tsn", Bits: 32, Doc: "new cumulative TSN", Ref: "RFC 3758 §3.2"}}
	sctpForwardStream = Rows{
		{Name: "sctp.forward_tsn_sid", Bits: 16, Doc: "stream identifier", Ref: "RFC 3758 §3.2"},
		{Name: "sctp.forward_tsn_ssn", Bits: 16, Doc: "stream sequence number", Ref: "RFC 3758 §3.2"},
	}
	sctpIForward       = Rows{{Name: "sctp.i_forward_tsn_tsn", Bits: 32, Doc: "new cumulative TSN", Ref: "RFC 8260 §2.3.1"}}
	sctpIForwardStream = Rows{
		{Name: "sctp.i_forward_tsn_sid", Bits: 16, Doc: "stream identifier", Ref: "RFC 8260 §2.3.1"},
		{Name: "sctp.i_forward_tsn_flags", Bits: 16, Kind: Hex, Ref: "RFC 8260 §2.3.1", Parts: Rows{
			{Name: "sctp.i_forward_tsn_res", Bits: 15, Doc: "reserved"},
			{Name: "sctp.i_forward_tsn_u_bit", Bits: 1, Kind: Bool, Doc: "unordered"},
		}},
		{Name: "sctp.forward_tsn_mid", Bits: 32, Doc: "message identifier", Ref: "RFC 8260 §2.3.1"},
	}

	sctpHMACID     = &Field{Name: "sctp.hmac_id", Bits: 16, Enum: Names{1: "SHA-1", 3: "SHA-256"}, Ref: "RFC 4895 §3.3"}
	sctpHMAC       = &Field{Name: "sctp.hmac", Kind: Bytes, Ref: "RFC 4895 §4.1"}
	sctpCookie     = &Field{Name: "sctp.cookie", Kind: Bytes, Doc: "the state cookie, echoed", Ref: "RFC 9260 §3.3.11"}
	sctpDropped    = &Field{Name: "sctp.pktdrop_datafield", Kind: Bytes, Doc: "start of the packet that was dropped"}
	sctpPadding    = &Field{Name: "sctp.padding_data", Kind: Bytes, Doc: "of a PAD chunk", Ref: "RFC 4820 §3"}
	sctpChunkValue = &Field{Name: "sctp.chunk_value", Kind: Bytes, Doc: "of a chunk of unknown type"}
	sctpChunkPad   = &Field{Name: "sctp.chunk_padding", Kind: Bytes}
	sctpChunkBad   = &Field{Name: "sctp.chunk_length.bad", Kind: Present, Doc: "a chunk's length is below 4"}

	sctpGap       = sctpBlocks("sctp.sack_gap_block", "sctp.sack_number_of_tsns_gap_acked")
	sctpNRGap     = sctpBlocks("sctp.nr_sack_gap_block", "sctp.nr_sack_number_of_tsns_gap_acked")
	sctpNRNRGap   = sctpBlocks("sctp.nr_sack_nr_gap_block", "sctp.nr_sack_number_of_tsns_nr_gap_acked")
	sctpDuplicate = &Field{Name: "sctp.sack_duplicate_tsn", Bits: 32, Doc: "a TSN that arrived more than once"}
	sctpNRDouble  = &Field{Name: "sctp.nr_sack_duplicate_tsn", Bits: 32, Doc: "a TSN that arrived more than once"}
)

// sctpGapBlocks are the fields of blocks that say what arrived behind a gap.
type sctpGapBlocks struct {
	block              Rows
	first, last, count *Field
}

func sctpBlocks(name, count string) sctpGapBlocks {
	return sctpGapBlocks{
		block: Rows{
			{Name: name + "_start", Bits: 16, Doc: "first TSN of the block, counted from the cumulative TSN", Ref: "RFC 9260 §3.3.4"},
			{Name: name + "_end", Bits: 16, Doc: "last TSN of the block, counted from the cumulative TSN", Ref: "RFC 9260 §3.3.4"},
		},
		first: &Field{Name: name + "_start_tsn", Bits: 32, Doc: "first TSN of the block"},
		last:  &Field{Name: name + "_end_tsn", Bits: 32, Doc: "last TSN of the block"},
		count: &Field{Name: count, Bits: 32, Doc: "TSNs in all blocks together"},
	}
}

var sctpChunkKinds = [256]*sctpChunkKind{
	0:   {flags: sctpDataFlags, rows: sctpData, walk: walkSCTPData},
	1:   {rows: sctpInit, walk: walkSCTPInit},
	2:   {rows: sctpInitAck, walk: walkSCTPInit},
	3:   {flags: sctpSACKFlags, rows: sctpSACK, walk: walkSCTPSACK},
	4:   {walk: walkSCTPParameterChunk},
	5:   {walk: walkSCTPParameterChunk},
	6:   {flags: sctpAbortT, walk: walkSCTPCauseChunk},
	7:   {rows: sctpShutdown},
	8:   {},
	9:   {walk: walkSCTPCauseChunk},
	10:  {walk: walkSCTPBytes(sctpCookie)},
	11:  {},
	12:  {rows: sctpECNE},
	13:  {rows: sctpCWR},
	14:  {flags: sctpCompleteT},
	15:  {rows: sctpAuth, walk: walkSCTPAuth},
	16:  {flags: sctpNRSACKFlags, rows: sctpNRSACK, walk: walkSCTPNRSACK},
	64:  {flags: sctpDataFlags, rows: sctpData, walk: walkSCTPData},
	128: {rows: sctpASCONFAck, walk: walkSCTPParameterChunk},
	129: {flags: sctpDropFlags, rows: sctpDrop, walk: walkSCTPBytes(sctpDropped)},
	130: {walk: walkSCTPParameterChunk},
	132: {walk: walkSCTPBytes(sctpPadding)},
	192: {rows: sctpForward, walk: walkSCTPRecords(sctpForwardStream)},
	193: {rows: sctpASCONF, walk: walkSCTPParameterChunk},
	194: {rows: sctpIForward, walk: walkSCTPRecords(sctpIForwardStream)},
}

func walkSCTP(w *Walker) {
	if len(w.Header()) < sctpHeaderLen {
		return
	}
	off := sctpHeaderLen
	for !w.Done() {
		c, next, ok := sctpChunk(w.Body, off)
		if !ok {
			break
		}
		walkSCTPChunk(w, c, off)
		if end := off + c.Length(); end < min(next, w.Layer.Len()) {
			w.Add(sctpChunkPad, end, min(next, w.Layer.Len())-end)
		}
		off = next
	}
	if off+chunkHeader <= len(w.Body) {
		w.Rows(sctpChunkHeader, off)
		w.Add(sctpChunkBad, off+2, 2)
	}
}

// walkSCTPChunk yields the chunk c at off. A value that is too short for the type's fixed part yields the rows that are there.
func walkSCTPChunk(w *Walker, c SCTPChunk, off int) {
	w.Rows(sctpChunkHeader, off)
	w.depth++
	defer func() { w.depth-- }()
	kind := sctpChunkKinds[c.Type()]
	if kind == nil {
		kind = &sctpChunkKind{walk: walkSCTPBytes(sctpChunkValue)}
	}
	w.Rows(kind.flags, off+1)
	fixed := chunkHeader + kind.rows.Bits()/8
	w.record(kind.rows, off+chunkHeader, len(c)-chunkHeader)
	if kind.walk != nil && len(c) >= fixed {
		kind.walk(w, c, off+fixed, len(c)-fixed)
	}
}

// record yields those of the rows at off that fit into n bytes.
func (w *Walker) record(r Rows, off, n int) {
	for i := range r {
		if int(r[i].off+r[i].Bits)/8 <= n {
			w.row(&r[i], w.Body[off:], off)
		}
	}
}

func walkSCTPData(w *Walker, c SCTPChunk, off, n int) {
	if first, ok := w.Packet.recall(w.Layer.Note); ok {
		w.Num(sctpTSN, off-6, 4, uint64(be32(c[4:])-first))
	}
	if c.Type() == chunkData {
		w.record(sctpOrdered, off, n)
		w.record(sctpPPID, off+2, n-2)
		return
	}
	w.record(sctpInterleaved, off, n)
	if n >= 10 {
		if c.Flags()&0x02 != 0 { // a first fragment: its number is 0, and the place holds the protocol
			w.Rows(sctpPPID, off+6)
		} else {
			w.Rows(sctpFSN, off+6)
		}
	}
}

func walkSCTPInit(w *Walker, _ SCTPChunk, off, n int) {
	w.Add(sctpInitiateTag, off-16, 4)
	walkSCTPParameters(w, off, off+n, sctpNesting)
}

func walkSCTPSACK(w *Walker, c SCTPChunk, off, n int) {
	at, end := off, off+n
	at = walkSCTPBlocks(w, &sctpGap, be32(c[4:]), int(be16(c[12:])), at, end)
	walkSCTPDuplicates(w, sctpDuplicate, int(be16(c[14:])), at, end)
}

func walkSCTPNRSACK(w *Walker, c SCTPChunk, off, n int) {
	at, end, tsn := off, off+n, be32(c[4:])
	at = walkSCTPBlocks(w, &sctpNRGap, tsn, int(be16(c[12:])), at, end)
	at = walkSCTPBlocks(w, &sctpNRNRGap, tsn, int(be16(c[14:])), at, end)
	walkSCTPDuplicates(w, sctpNRDouble, int(be16(c[16:])), at, end)
}

// walkSCTPBlocks yields count blocks, as far as they fit between at and end, and returns where they end.
func walkSCTPBlocks(w *Walker, f *sctpGapBlocks, tsn uint32, count, at, end int) int {
	total := uint32(0)
	for k := 0; k < count && at+4 <= end && !w.Done(); k++ {
		first, last := uint32(be16(w.Body[at:])), uint32(be16(w.Body[at+2:]))
		w.Rows(f.block, at)
		w.Num(f.first, at, 2, uint64(tsn+first))
		w.Num(f.last, at+2, 2, uint64(tsn+last))
		if last >= first {
			total += last - first + 1
		}
		at += 4
	}
	if count > 0 {
		w.Num(f.count, 0, 0, uint64(total))
	}
	return at
}

func walkSCTPDuplicates(w *Walker, f *Field, count, at, end int) {
	for k := 0; k < count && at+4 <= end && !w.Done(); k++ {
		w.Add(f, at, 4)
		at += 4
	}
}

func walkSCTPAuth(w *Walker, _ SCTPChunk, off, n int) {
	w.Add(sctpHMACID, off-2, 2)
	if n > 0 {
		w.Add(sctpHMAC, off, n)
	}
}

// walkSCTPBytes returns a function that yields what there is as field f.
func walkSCTPBytes(f *Field) func(*Walker, SCTPChunk, int, int) {
	return func(w *Walker, _ SCTPChunk, off, n int) {
		if n > 0 {
			w.Add(f, off, n)
		}
	}
}

// walkSCTPRecords returns a function that yields records of the given rows.
func walkSCTPRecords(r Rows) func(*Walker, SCTPChunk, int, int) {
	size := r.Bits() / 8
	return func(w *Walker, _ SCTPChunk, off, n int) {
		for ; n >= size && !w.Done(); n -= size {
			w.Rows(r, off)
			off += size
		}
	}
}

func walkSCTPParameterChunk(w *Walker, _ SCTPChunk, off, n int) {
	walkSCTPParameters(w, off, off+n, sctpNesting)
}

func walkSCTPCauseChunk(w *Walker, _ SCTPChunk, off, n int) {
	walkSCTPCauses(w, off, off+n, sctpNesting)
}

var (
	sctpChunkTypes = Names{0: "DATA", 1: "INIT", 2: "INIT_ACK", 3: "SACK", 4: "HEARTBEAT", 5: "HEARTBEAT_ACK", 6: "ABORT", 7: "SHUTDOWN",
		8: "SHUTDOWN_ACK", 9: "ERROR", 10: "COOKIE_ECHO", 11: "COOKIE_ACK", 12: "ECNE", 13: "CWR", 14: "SHUTDOWN_COMPLETE", 15: "AUTH",
		16: "NR_SACK", 64: "I_DATA", 128: "ASCONF_ACK", 129: "PKTDROP", 130: "RE_CONFIG", 132: "PAD", 192: "FORWARD_TSN", 193: "ASCONF",
		194: "I_FORWARD_TSN"}
	sctpPayloads = Names{0: "not specified", 1: "IUA", 2: "M2UA", 3: "M3UA", 4: "SUA", 5: "M2PA", 6: "V5UA", 7: "H.248", 8: "BICC", 9: "TALI",
		18: "S1AP", 24: "SBc-AP", 27: "X2AP", 46: "Diameter", 47: "Diameter over DTLS", 50: "WebRTC DCEP", 51: "WebRTC String", 53: "WebRTC Binary",
		60: "NGAP", 61: "XnAP", 62: "F1AP", 64: "E1AP", 66: "NGAP over DTLS"}
)
