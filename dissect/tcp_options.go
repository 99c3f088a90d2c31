package dissect

// The options of a TCP header (RFC 9293 §3.1; the registry is IANA's "TCP Option Kind Numbers").

var (
	tcpOptionsAll = &Field{Name: "tcp.options", Kind: Bytes, Doc: "all options as they stand in the header"}

	tcpOptionKind = &Field{Name: "tcp.option_kind", Bits: 8, Enum: tcpOptionKinds, Doc: "which option it is"}
	tcpOptionLen  = &Field{Name: "tcp.option_len", Bits: 8, Doc: "bytes of the option, its kind and length included"}
	tcpOptionBad  = &Field{Name: "tcp.option.len.invalid", Kind: Present,
		Doc: "an option is longer than the header leaves it, or shorter or longer than its kind may be"}
	tcpOptionUnknown = &Field{Name: "tcp.options.unknown.payload", Kind: Bytes, Doc: "what an option of unknown kind holds"}

	tcpWindowMultiplier = &Field{Name: "tcp.options.wscale.multiplier", Bits: 16, Doc: "what a window is multiplied with, at most 2 to the 14th"}
	tcpWindowShiftBad   = &Field{Name: "tcp.options.wscale.shift.invalid", Kind: Present, Doc: "the shift is more than 14", Ref: "RFC 7323 §2.3"}

	tcpSACKLeft  = &Field{Name: "tcp.options.sack_le", Bits: 32, Doc: "first sequence number of a block that arrived, relative as tcp.ack is", Ref: "RFC 2018 §3"}
	tcpSACKRight = &Field{Name: "tcp.options.sack_re", Bits: 32, Doc: "sequence number behind the block, relative as tcp.ack is", Ref: "RFC 2018 §3"}
	tcpSACKCount = &Field{Name: "tcp.options.sack.count", Bits: 8, Doc: "number of blocks"}

	tcpMD5        = &Field{Name: "tcp.options.md5.digest", Kind: Bytes, Ref: "RFC 2385 §3.0"}
	tcpAOMAC      = &Field{Name: "tcp.options.ao.mac", Kind: Bytes, Doc: "message authentication code", Ref: "RFC 5925 §2.2"}
	tcpTFORequest = &Field{Name: "tcp.options.tfo.request", Kind: Present, Doc: "asks for a Fast Open cookie", Ref: "RFC 7413 §4.1.1"}
	tcpTFOCookie  = &Field{Name: "tcp.options.tfo.cookie", Kind: Bytes, Doc: "Fast Open cookie", Ref: "RFC 7413 §4.1.1"}
	tcpExperiment = &Field{Name: "tcp.options.experimental.data", Kind: Bytes, Doc: "what the experiment sends", Ref: "RFC 6994 §3"}
	tcpAccECNEE0  = &Field{Name: "tcp.options.acc_ecn.ee0b", Bits: 24, Doc: "bytes that came with ECT(0), modulo 2 to the 24th", Ref: "draft-ietf-tcpm-accurate-ecn §3.2.3"}
	tcpAccECNCE   = &Field{Name: "tcp.options.acc_ecn.eceb", Bits: 24, Doc: "bytes that came with CE, modulo 2 to the 24th", Ref: "draft-ietf-tcpm-accurate-ecn §3.2.3"}
	tcpAccECNEE1  = &Field{Name: "tcp.options.acc_ecn.ee1b", Bits: 24, Doc: "bytes that came with ECT(1), modulo 2 to the 24th", Ref: "draft-ietf-tcpm-accurate-ecn §3.2.3"}

	tcpOptionFields = []*Field{tcpOptionsAll, tcpOptionKind, tcpOptionLen, tcpOptionBad, tcpOptionUnknown, tcpWindowMultiplier, tcpWindowShiftBad,
		tcpSACKLeft, tcpSACKRight, tcpSACKCount, tcpMD5, tcpAOMAC, tcpTFORequest, tcpTFOCookie, tcpExperiment, tcpAccECNEE0, tcpAccECNCE, tcpAccECNEE1}

	tcpAccECNOrder = map[byte][3]*Field{172: {tcpAccECNEE0, tcpAccECNCE, tcpAccECNEE1}, 174: {tcpAccECNEE1, tcpAccECNCE, tcpAccECNEE0}}
)

// What stands behind kind and length.
var (
	tcpMSS         = Rows{{Name: "tcp.options.mss_val", Bits: 16, Doc: "maximum segment size, in bytes", Ref: "RFC 9293 §3.7.1"}}
	tcpWindowScale = Rows{{Name: "tcp.options.wscale.shift", Bits: 8, Doc: "windows of the sender are shifted left by this", Ref: "RFC 7323 §2"}}
	tcpEcho        = Rows{{Name: "tcp.options.echo_value", Bits: 32, Doc: "echo, or echo reply", Ref: "RFC 1072 §3"}}
	tcpTimestamps  = Rows{
		{Name: "tcp.options.timestamp.tsval", Bits: 32, Doc: "the sender's timestamp clock", Ref: "RFC 7323 §3.2"},
		{Name: "tcp.options.timestamp.tsecr", Bits: 32, Doc: "the peer's clock, echoed", Ref: "RFC 7323 §3.2"},
	}
	tcpCC         = Rows{{Name: "tcp.options.cc_value", Bits: 32, Doc: "connection count", Ref: "RFC 1644 §2.1"}}
	tcpQuickStart = Rows{
		{Bits: 4},
		{Name: "tcp.options.qs.rate", Bits: 4, Doc: "the rate is 40 kbit/s times 2 to this, 0 is none", Ref: "RFC 4782 §4.1"},
		{Name: "tcp.options.qs.ttl_diff", Bits: 8, Ref: "RFC 4782 §4.1"},
		{Bits: 32, Doc: "nonce and reserved bits"},
	}
	tcpUserTimeout = Rows{
		{Name: "tcp.options.user_to_granularity", Bits: 1, Kind: Bool, Doc: "the timeout is in minutes, not in seconds", Ref: "RFC 5482 §3"},
		{Name: "tcp.options.user_to_val", Bits: 15, Doc: "user timeout", Ref: "RFC 5482 §3"},
	}
	tcpAO = Rows{
		{Name: "tcp.options.ao.keyid", Bits: 8, Doc: "the key of this segment", Ref: "RFC 5925 §2.2"},
		{Name: "tcp.options.ao.rnextkeyid", Bits: 8, Doc: "the key that the sender wants to see next", Ref: "RFC 5925 §2.2"},
	}
	tcpExID = Rows{{Name: "tcp.options.experimental.exid", Bits: 16, Kind: Hex, Doc: "experiment identifier", Ref: "RFC 6994 §3"}}

	tcpOptionRows = []Rows{tcpMSS, tcpWindowScale, tcpEcho, tcpTimestamps, tcpCC, tcpQuickStart, tcpUserTimeout, tcpAO, tcpExID}
)

// tcpOption says how an option is read whose length lies between min and max.
type tcpOption struct {
	min, max int
	rows     Rows
	walk     func(w *Walker, kind byte, off, n int) // for the n bytes at off, behind the rows
}

var tcpOptions = [256]*tcpOption{
	2:   {min: 4, max: 4, rows: tcpMSS},
	3:   {min: 3, max: 3, rows: tcpWindowScale, walk: walkTCPWindowScale},
	4:   {min: 2, max: 2},
	5:   {min: 2, max: 40, walk: walkTCPSACK},
	6:   {min: 6, max: 6, rows: tcpEcho},
	7:   {min: 6, max: 6, rows: tcpEcho},
	8:   {min: 10, max: 10, rows: tcpTimestamps},
	11:  {min: 6, max: 6, rows: tcpCC},
	12:  {min: 6, max: 6, rows: tcpCC},
	13:  {min: 6, max: 6, rows: tcpCC},
	19:  {min: 18, max: 18, walk: walkTCPBytes(tcpMD5)},
	27:  {min: 8, max: 8, rows: tcpQuickStart},
	28:  {min: 4, max: 4, rows: tcpUserTimeout},
	29:  {min: 4, max: 40, rows: tcpAO, walk: walkTCPBytes(tcpAOMAC)},
	30:  {min: 3, max: 40, walk: walkMPTCP},
	34:  {min: 2, max: 40, walk: walkTCPFastOpen},
	172: {min: 2, max: 11, walk: walkTCPAccurateECN},
	174: {min: 2, max: 11, walk: walkTCPAccurateECN},
	253: {min: 4, max: 40, rows: tcpExID, walk: walkTCPBytes(tcpExperiment)},
	254: {min: 4, max: 40, rows: tcpExID, walk: walkTCPBytes(tcpExperiment)},
}

// walkTCPOptions yields the options of header h, as far as they were captured. It ends at an option that leaves no way to tell
// where the next one starts, and at an end of options with anything but zeros behind it.
func walkTCPOptions(w *Walker, h []byte) {
	if len(h) > 20 {
		w.Add(tcpOptionsAll, 20, len(h)-20)
	}
	end := TCP(h).HeaderLength()
	for off := 20; off < len(h) && !w.Done(); {
		kind := h[off]
		if kind < 2 { // end of options and no-operation are one byte long
			w.Add(tcpOptionKind, off, 1)
			off++
			if kind == 0 && !zero(h[off:]) {
				return
			}
			continue
		}
		if off+1 == end || off+1 < len(h) && (h[off+1] < 2 || off+int(h[off+1]) > end) {
			w.Add(tcpOptionBad, off, 1)
			return
		}
		if off+1 == len(h) {
			return
		}
		n := int(h[off+1])
		w.Add(tcpOptionKind, off, 1)
		w.Add(tcpOptionLen, off+1, 1)
		cut := off+n > len(h)
		switch o := tcpOptions[kind]; {
		case o == nil:
			if n > 2 && !cut {
				w.Add(tcpOptionUnknown, off+2, n-2)
			}
		case n < o.min || n > o.max:
			w.Add(tcpOptionBad, off+1, 1)
		default:
			w.Rows(o.rows, off+2)
			if fixed := 2 + o.rows.Bits()/8; o.walk != nil && !cut {
				o.walk(w, kind, off+fixed, n-fixed)
			}
		}
		off += n
	}
}

// walkTCPBytes returns a function that yields what there is as field f.
func walkTCPBytes(f *Field) func(*Walker, byte, int, int) {
	return func(w *Walker, _ byte, off, n int) {
		if n > 0 {
			w.Add(f, off, n)
		}
	}
}

func walkTCPWindowScale(w *Walker, _ byte, off, _ int) {
	shift := min(w.Body[off-1], 14)
	w.Num(tcpWindowMultiplier, off-1, 1, 1<<shift)
	if w.Body[off-1] > shift {
		w.Add(tcpWindowShiftBad, off-1, 1)
	}
}

// walkTCPSACK yields blocks. Their edges count from the start of the other direction, or from 0 where that is not known.
func walkTCPSACK(w *Walker, _ byte, off, n int) {
	start, _ := w.tcpPeer()
	for at := off; at+8 <= off+n; at += 8 {
		w.Num(tcpSACKLeft, at, 4, uint64(be32(w.Body[at:])-start))
		w.Num(tcpSACKRight, at+4, 4, uint64(be32(w.Body[at+4:])-start))
	}
	w.Num(tcpSACKCount, off, n, uint64(n/8))
	if n%8 != 0 {
		w.Add(tcpOptionBad, off-1, 1)
	}
}

func walkTCPFastOpen(w *Walker, _ byte, off, n int) {
	if n == 0 {
		w.Add(tcpTFORequest, off, 0)
	} else {
		w.Add(tcpTFOCookie, off, n)
	}
}

// walkTCPAccurateECN yields the counters; the shorter forms leave out the last ones.
func walkTCPAccurateECN(w *Walker, kind byte, off, n int) {
	for k, f := range tcpAccECNOrder[kind] {
		if 3*k+3 <= n {
			w.Add(f, off+3*k, 3)
		}
	}
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

var tcpOptionKinds = Names{0: "End of Option List", 1: "No-Operation", 2: "Maximum Segment Size", 3: "Window Scale", 4: "SACK Permitted", 5: "SACK",
	6: "Echo", 7: "Echo Reply", 8: "Timestamps", 9: "Partial Order Connection Permitted", 10: "Partial Order Service Profile", 11: "CC", 12: "CC.NEW",
	13: "CC.ECHO", 14: "TCP Alternate Checksum Request", 15: "TCP Alternate Checksum Data", 18: "Trailer Checksum", 19: "MD5 Signature",
	20: "SCPS Capabilities", 21: "Selective Negative Acknowledgements", 22: "Record Boundaries", 23: "Corruption experienced", 27: "Quick-Start Response",
	28: "User Timeout", 29: "TCP Authentication", 30: "Multipath TCP", 34: "Fast Open", 69: "Encryption Negotiation", 172: "Accurate ECN Order 0",
	174: "Accurate ECN Order 1", 253: "Experiment 1", 254: "Experiment 2"}
