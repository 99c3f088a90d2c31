package dissect

import (
	"bytes"
	"slices"
)

// The parameters and error causes of SCTP's chunks (RFC 9260 §3.3.2, §3.3.10; RFC 4820, 4895, 5061, 6525). A parameter is a type,
// a length that counts both, and a value, padded to four bytes. So is a cause.

// sctpNesting is how deep parameters and causes may lie inside each other: an error cause indication holds a cause, which holds
// parameters.
const sctpNesting = 3

// sctpItem says how a parameter or a cause is read: the fixed parts of its value, and the rest.
type sctpItem struct {
	fixed []Rows
	walk  func(w *Walker, off, end, nesting int) // for what lies behind the fixed parts
}

var (
	sctpParameterHeader = Rows{
		{Name: "sctp.parameter_type", Bits: 16, Kind: Hex, Enum: sctpParameterTypes, Parts: Rows{
			{Name: "sctp.parameter_bit_1", Bits: 1, Kind: Bool, Doc: "a receiver that does not know the type goes on behind the parameter", Ref: "RFC 9260 §3.2.1"},
			{Name: "sctp.parameter_bit_2", Bits: 1, Kind: Bool, Doc: "a receiver that does not know the type reports it", Ref: "RFC 9260 §3.2.1"},
			{Bits: 14},
		}},
		{Name: "sctp.parameter_length", Bits: 16, Doc: "bytes of type, length and value, without padding"},
	}
	sctpIPv4        = Rows{{Name: "sctp.parameter_ipv4_address", Bits: 32, Kind: IPv4Addr, Ref: "RFC 9260 §3.3.2.1"}}
	sctpIPv6        = Rows{{Name: "sctp.parameter_ipv6_address", Bits: 128, Kind: IPv6Addr, Ref: "RFC 9260 §3.3.2.1"}}
	sctpCookieLife  = Rows{{Name: "sctp.parameter_cookie_preservative_incr", Bits: 32, Doc: "milliseconds", Ref: "RFC 9260 §3.3.2.1"}}
	sctpRequest     = Rows{{Name: "sctp.parameter_reconfig_request_sequence_number", Bits: 32, Ref: "RFC 6525 §4.1"}}
	sctpResponse    = Rows{{Name: "sctp.parameter_reconfig_response_sequence_number", Bits: 32, Ref: "RFC 6525 §4.1"}}
	sctpLastTSN     = Rows{{Name: "sctp.parameter_senders_last_assigned_tsn", Bits: 32, Ref: "RFC 6525 §4.1"}}
	sctpResult      = Rows{{Name: "sctp.parameter_reconfig_response_result", Bits: 32, Enum: sctpResults, Ref: "RFC 6525 §4.4"}}
	sctpAddOutgoing = Rows{{Name: "sctp.parameter_add_outgoing_streams_number", Bits: 16, Ref: "RFC 6525 §4.5"},
		{Name: "sctp.parameter_add_outgoing_streams_reserved", Bits: 16}}
	sctpAddIncoming = Rows{{Name: "sctp.parameter_add_incoming_streams_number", Bits: 16, Ref: "RFC 6525 §4.6"},
		{Name: "sctp.parameter_add_incoming_streams_reserved", Bits: 16}}
	sctpNextTSNs = Rows{{Name: "sctp.parameter_senders_next_tsn", Bits: 32, Ref: "RFC 6525 §4.4"},
		{Name: "sctp.parameter_receivers_next_tsn", Bits: 32, Ref: "RFC 6525 §4.4"}}
	sctpCorrelation = Rows{{Name: "sctp.correlation_id", Bits: 32, Kind: Hex, Doc: "ties an answer to what it answers", Ref: "RFC 5061 §4.2"}}
	sctpAdaptation  = Rows{{Name: "sctp.adaptation_layer_indication", Bits: 32, Kind: Hex, Ref: "RFC 5061 §4.2.6"}}

	sctpHeartbeat      = &Field{Name: "sctp.parameter_heartbeat_information", Kind: Bytes, Ref: "RFC 9260 §3.3.5"}
	sctpStateCookie    = &Field{Name: "sctp.parameter_state_cookie", Kind: Bytes, Ref: "RFC 9260 §3.3.3.1"}
	sctpHostname       = &Field{Name: "sctp.parameter_hostname", Kind: Text, Ref: "RFC 9260 §3.3.2.1"}
	sctpAddressType    = &Field{Name: "sctp.parameter_supported_address_type", Bits: 16, Enum: sctpParameterTypes, Ref: "RFC 9260 §3.3.2.1"}
	sctpReconfigStream = &Field{Name: "sctp.parameter_reconfig_sid", Bits: 16, Doc: "stream that is reset", Ref: "RFC 6525 §4.1"}
	sctpRandom         = &Field{Name: "sctp.random_number", Kind: Bytes, Ref: "RFC 4895 §3.1"}
	sctpAuthChunk      = &Field{Name: "sctp.chunk_type_to_auth", Bits: 8, Enum: sctpChunkTypes, Ref: "RFC 4895 §3.2"}
	sctpSupportedChunk = &Field{Name: "sctp.supported_chunk_type", Bits: 8, Enum: sctpChunkTypes, Ref: "RFC 5061 §4.2.7"}
	sctpParameterValue = &Field{Name: "sctp.parameter_value", Kind: Bytes, Doc: "of padding, or of a parameter of unknown type"}
	sctpParameterPad   = &Field{Name: "sctp.parameter_padding", Kind: Bytes}
	sctpParameterBad   = &Field{Name: "sctp.parameter_length.bad", Kind: Present, Doc: "a parameter's length is below 4, or beyond what holds it"}

	sctpCauseHeader = Rows{
		{Name: "sctp.cause_code", Bits: 16, Kind: Hex, Enum: sctpCauseCodes, Ref: "RFC 9260 §3.3.10"},
		{Name: "sctp.cause_length", Bits: 16, Doc: "bytes of code, length and information, without padding"},
	}
	sctpCauseStream = Rows{{Name: "sctp.cause_stream_identifier", Bits: 16, Ref: "RFC 9260 §3.3.10.1"}, {Name: "sctp.cause_reserved", Bits: 16}}
	sctpCauseCount  = Rows{{Name: "sctp.cause_nr_of_missing_parameters", Bits: 32, Ref: "RFC 9260 §3.3.10.2"}}
	sctpCauseStale  = Rows{{Name: "sctp.cause_measure_of_staleness", Bits: 32, Doc: "microseconds", Ref: "RFC 9260 §3.3.10.3"}}
	sctpCauseTSN    = Rows{{Name: "sctp.cause_tsn", Bits: 32, Doc: "of the DATA chunk without data", Ref: "RFC 9260 §3.3.10.9"}}

	sctpCauseMissing = &Field{Name: "sctp.cause_missing_parameter_type", Bits: 16, Kind: Hex, Enum: sctpParameterTypes, Ref: "RFC 9260 §3.3.10.2"}
	sctpCauseInfo    = &Field{Name: "sctp.cause_information", Kind: Bytes}
	sctpCausePad     = &Field{Name: "sctp.cause_padding", Kind: Bytes}
)

var (
	sctpTables = []Rows{sctpChunkHeader, sctpDataFlags, sctpData, sctpOrdered, sctpInterleaved, sctpPPID, sctpFSN, sctpInit, sctpInitAck, sctpSACK, sctpNRSACK,
		sctpSACKFlags, sctpNRSACKFlags, sctpShutdown, sctpECNE, sctpCWR, sctpAbortT, sctpCompleteT, sctpAuth, sctpASCONF, sctpASCONFAck, sctpDropFlags,
		sctpDrop, sctpForward, sctpForwardStream, sctpIForward, sctpIForwardStream, sctpGap.block, sctpNRGap.block, sctpNRNRGap.block,
		sctpParameterHeader, sctpIPv4, sctpIPv6, sctpCookieLife, sctpRequest, sctpResponse, sctpLastTSN, sctpResult, sctpAddOutgoing, sctpAddIncoming,
		sctpNextTSNs, sctpCorrelation, sctpAdaptation, sctpCauseHeader, sctpCauseStream, sctpCauseCount, sctpCauseStale, sctpCauseTSN}

	sctpFields = slices.Concat(sctpGap.fields(), sctpNRGap.fields(), sctpNRNRGap.fields(), []*Field{sctpTSN, sctpInitiateTag, sctpHMACID, sctpHMAC, sctpCookie,
		sctpDropped, sctpPadding, sctpChunkValue, sctpChunkPad, sctpChunkBad, sctpDuplicate, sctpNRDouble, sctpHeartbeat, sctpStateCookie, sctpHostname,
		sctpAddressType, sctpReconfigStream, sctpRandom, sctpAuthChunk, sctpSupportedChunk, sctpParameterValue, sctpParameterPad, sctpParameterBad,
		sctpCauseMissing, sctpCauseInfo, sctpCausePad})
)

// The tables name functions that name the tables: they are filled in before anything is decoded.
var sctpParameters, sctpCauses map[uint16]sctpItem

func init() {
	sctpParameters = map[uint16]sctpItem{
		1:      {walk: sctpBytes(sctpHeartbeat)},
		5:      {fixed: []Rows{sctpIPv4}},
		6:      {fixed: []Rows{sctpIPv6}},
		7:      {walk: sctpBytes(sctpStateCookie)},
		8:      {walk: walkSCTPParameters},
		9:      {fixed: []Rows{sctpCookieLife}},
		11:     {walk: walkSCTPHostname},
		12:     {walk: sctpList(sctpAddressType, 2)},
		13:     {fixed: []Rows{sctpRequest, sctpResponse, sctpLastTSN}, walk: sctpList(sctpReconfigStream, 2)},
		14:     {fixed: []Rows{sctpRequest}, walk: sctpList(sctpReconfigStream, 2)},
		15:     {fixed: []Rows{sctpRequest}},
		16:     {fixed: []Rows{sctpResponse, sctpResult, sctpNextTSNs}},
		17:     {fixed: []Rows{sctpRequest, sctpAddOutgoing}},
		18:     {fixed: []Rows{sctpRequest, sctpAddIncoming}},
		0x8000: {},
		0x8002: {walk: sctpBytes(sctpRandom)},
		0x8003: {walk: sctpList(sctpAuthChunk, 1)},
		0x8004: {walk: sctpList(sctpHMACID, 2)},
		0x8008: {walk: sctpList(sctpSupportedChunk, 1)},
		0xc000: {},
		0xc001: {fixed: []Rows{sctpCorrelation}, walk: walkSCTPParameters},
		0xc002: {fixed: []Rows{sctpCorrelation}, walk: walkSCTPParameters},
		0xc003: {fixed: []Rows{sctpCorrelation}, walk: walkSCTPCauses},
		0xc004: {fixed: []Rows{sctpCorrelation}, walk: walkSCTPParameters},
		0xc005: {fixed: []Rows{sctpCorrelation}},
		0xc006: {fixed: []Rows{sctpAdaptation}},
	}
	sctpCauses = map[uint16]sctpItem{
		1:     {fixed: []Rows{sctpCauseStream}},
		2:     {fixed: []Rows{sctpCauseCount}, walk: sctpList(sctpCauseMissing, 2)},
		3:     {fixed: []Rows{sctpCauseStale}},
		4:     {},
		5:     {walk: walkSCTPParameters},
		6:     {walk: walkSCTPUnknownChunk},
		7:     {},
		8:     {walk: walkSCTPParameters},
		9:     {fixed: []Rows{sctpCauseTSN}},
		10:    {},
		11:    {walk: walkSCTPParameters},
		0xa0:  {walk: walkSCTPParameters},
		0xa1:  {walk: walkSCTPParameters},
		0xa2:  {walk: walkSCTPParameters},
		0xa4:  {walk: walkSCTPParameters},
		0x105: {walk: sctpList(sctpHMACID, 2)},
	}
}

// fields are those of the blocks that are worked out.
func (f *sctpGapBlocks) fields() []*Field { return []*Field{f.first, f.last, f.count} }

// walkSCTPParameters yields the parameters between off and end.
func walkSCTPParameters(w *Walker, off, end, nesting int) {
	walkSCTPItems(w, off, end, nesting, sctpParameterHeader, sctpParameters, sctpParameterValue, sctpParameterPad)
}

// walkSCTPCauses yields the error causes between off and end.
func walkSCTPCauses(w *Walker, off, end, nesting int) {
	walkSCTPItems(w, off, end, nesting, sctpCauseHeader, sctpCauses, sctpCauseInfo, sctpCausePad)
}

// walkSCTPItems yields items with the given header between off and end. It ends where an item's length leaves no way to tell
// where the next one starts.
func walkSCTPItems(w *Walker, off, end, nesting int, header Rows, items map[uint16]sctpItem, unknown, padding *Field) {
	for off+4 <= end && !w.Done() {
		w.Rows(header, off)
		kind, n := be16(w.Body[off:]), int(be16(w.Body[off+2:]))
		if n < 4 || off+n > end {
			w.Add(sctpParameterBad, off+2, 2)
			return
		}
		at, stop := off+4, off+n
		item, known := items[kind]
		if !known || nesting == 0 {
			item = sctpItem{walk: sctpBytes(unknown)}
		}
		w.depth++
		for _, rows := range item.fixed {
			w.record(rows, at, stop-at)
			at += rows.Bits() / 8
		}
		if item.walk != nil && at < stop {
			item.walk(w, at, stop, nesting-1)
		}
		w.depth--
		off = min(off+(n+3)&^3, end)
		if off > stop {
			w.Add(padding, stop, off-stop)
		}
	}
}

// sctpBytes returns a function that yields what there is as field f.
func sctpBytes(f *Field) func(*Walker, int, int, int) {
	return func(w *Walker, off, end, _ int) { w.Add(f, off, end-off) }
}

// sctpList returns a function that yields field f of the given size in bytes as often as it fits.
func sctpList(f *Field, size int) func(*Walker, int, int, int) {
	return func(w *Walker, off, end, _ int) {
		for ; off+size <= end && !w.Done(); off += size {
			w.Add(f, off, size)
		}
	}
}

// walkSCTPHostname yields a name without the NUL at its end.
func walkSCTPHostname(w *Walker, off, end, _ int) {
	if n := bytes.IndexByte(w.Body[off:end], 0); n >= 0 {
		end = off + n
	}
	w.Add(sctpHostname, off, end-off)
}

// walkSCTPUnknownChunk yields the head and value of a chunk that the peer did not know. It is not looked into: what the peer did
// not know is seldom known here.
func walkSCTPUnknownChunk(w *Walker, off, end, _ int) {
	if off+chunkHeader > end {
		return
	}
	w.Rows(sctpChunkHeader, off)
	value, stop := off+chunkHeader, min(off+SCTPChunk(w.Body[off:]).Length(), end)
	if value < stop {
		w.Add(sctpChunkValue, value, stop-value)
	}
	if stop = max(value, stop); stop < end {
		w.Add(sctpChunkPad, stop, end-stop)
	}
}

var (
	sctpParameterTypes = Names{1: "Heartbeat info", 5: "IPv4 address", 6: "IPv6 address", 7: "State cookie", 8: "Unrecognized parameter",
		9: "Cookie preservative", 11: "Hostname address", 12: "Supported address types", 13: "Outgoing SSN reset request",
		14: "Incoming SSN reset request", 15: "SSN/TSN reset request", 16: "Re-configuration response", 17: "Add outgoing streams request",
		18: "Add incoming streams request", 0x8000: "ECN", 0x8002: "Random", 0x8003: "Authenticated chunk list", 0x8004: "Requested HMAC algorithm",
		0x8005: "Padding", 0x8008: "Supported extensions", 0xc000: "Forward TSN supported", 0xc001: "Add IP address", 0xc002: "Delete IP address",
		0xc003: "Error cause indication", 0xc004: "Set primary address", 0xc005: "Success report", 0xc006: "Adaptation layer indication"}
	sctpCauseCodes = Names{1: "Invalid stream identifier", 2: "Missing mandatory parameter", 3: "Stale cookie error", 4: "Out of resource",
		5: "Unresolvable address", 6: "Unrecognized chunk type", 7: "Invalid mandatory parameter", 8: "Unrecognized parameters", 9: "No user data",
		10: "Cookie received while shutting down", 11: "Restart of an association with new addresses", 12: "User initiated ABORT",
		13: "Protocol violation", 0xa0: "Request to delete last address", 0xa1: "Operation refused due to resource shortage",
		0xa2: "Request to delete source address", 0xa3: "Association aborted due to illegal ASCONF-ACK", 0xa4: "Request refused - no authorization",
		0x105: "Unsupported HMAC identifier"}
	sctpResults = Names{0: "Nothing to do", 1: "Performed", 2: "Denied", 3: "Wrong SSN", 4: "Request already in progress",
		5: "Bad sequence number", 6: "In progress"}
)
