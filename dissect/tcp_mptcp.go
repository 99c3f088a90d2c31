package dissect

// The Multipath TCP option (version 1: RFC 8684; version 0: RFC 6824). Its forms differ by subtype and length.

var (
	mptcpHead = Rows{
		{Name: "tcp.options.mptcp.subtype", Bits: 4, Enum: mptcpSubtypes, Ref: "RFC 8684 §8.2"},
		{Bits: 4, Doc: "version, flags or reserved, as the subtype has it"},
	}
	mptcpVersion = Rows{{Bits: 4}, {Name: "tcp.options.mptcp.version", Bits: 4}}
	mptcpCapable = Rows{
		{Name: "tcp.options.mptcp.checksumreq.flags", Bits: 1, Doc: "a checksum is required", Ref: "RFC 8684 §3.1"},
		{Name: "tcp.options.mptcp.extensibility.flag", Bits: 1, Doc: "must be 0", Ref: "RFC 8684 §3.1"},
		{Name: "tcp.options.mptcp.reserved.flag", Bits: 5, Kind: Hex, Doc: "reserved in version 0", Ref: "RFC 6824 §3.1"},
		{Bits: 1},
	}
	mptcpCapable0 = Rows{{Bits: 7}, {Name: "tcp.options.mptcp.sha1.flag", Bits: 1, Doc: "HMAC-SHA1 is used", Ref: "RFC 6824 §3.1"}}
	mptcpCapable1 = Rows{
		{Bits: 2},
		{Name: "tcp.options.mptcp.nomoresubflows.flag", Bits: 1, Doc: "no new subflows to this address and port", Ref: "RFC 8684 §3.1"},
		{Bits: 4},
		{Name: "tcp.options.mptcp.sha256.flag", Bits: 1, Doc: "HMAC-SHA256 is used", Ref: "RFC 8684 §3.1"},
	}
	mptcpDSS = Rows{
		{Bits: 3},
		{Name: "tcp.options.mptcp.datafin.flag", Bits: 1, Doc: "the sender has no more data", Ref: "RFC 8684 §3.3"},
		{Name: "tcp.options.mptcp.dseqn8.flag", Bits: 1, Doc: "the data sequence number has 8 bytes, not 4", Ref: "RFC 8684 §3.3"},
		{Name: "tcp.options.mptcp.dseqnpresent.flag", Bits: 1, Doc: "data and subflow sequence numbers and a length are there", Ref: "RFC 8684 §3.3"},
		{Name: "tcp.options.mptcp.dataack8.flag", Bits: 1, Doc: "the data acknowledgment has 8 bytes, not 4", Ref: "RFC 8684 §3.3"},
		{Name: "tcp.options.mptcp.dataackpresent.flag", Bits: 1, Doc: "the data acknowledgment is there", Ref: "RFC 8684 §3.3"},
	}
	mptcpMapping = Rows{
		{Name: "tcp.options.mptcp.subflowseqno", Bits: 32, Doc: "of the mapping's first byte, from the subflow's start", Ref: "RFC 8684 §3.3"},
		{Name: "tcp.options.mptcp.datalvllen", Bits: 16, Doc: "bytes of the mapping", Ref: "RFC 8684 §3.3"},
	}
	mptcpReset = Rows{
		{Bits: 4},
		{Name: "tcp.options.mptcp.flag_U.flag", Bits: 1, Kind: Bool, Doc: "undefined", Ref: "RFC 8684 §3.6"},
		{Name: "tcp.options.mptcp.flag_V.flag", Bits: 1, Kind: Bool, Doc: "undefined", Ref: "RFC 8684 §3.6"},
		{Name: "tcp.options.mptcp.flag_W.flag", Bits: 1, Kind: Bool, Doc: "undefined", Ref: "RFC 8684 §3.6"},
		{Name: "tcp.options.mptcp.flag_T.flag", Bits: 1, Kind: Bool, Doc: "the error may pass", Ref: "RFC 8684 §3.6"},
		{Name: "tcp.options.mptcp.rst_reason", Bits: 8, Kind: Hex, Ref: "RFC 8684 §3.6"},
	}
	mptcpBackup = Rows{{Bits: 7}, {Name: "tcp.options.mptcp.backup.flag", Bits: 1, Doc: "use the subflow only when others fail", Ref: "RFC 8684 §3.3.8"}}
	mptcpEcho   = Rows{{Bits: 7}, {Name: "tcp.options.mptcp.echo", Bits: 1, Doc: "the address was received", Ref: "RFC 8684 §3.4.1"}}

	mptcpRows = []Rows{mptcpHead, mptcpVersion, mptcpCapable, mptcpCapable0, mptcpCapable1, mptcpDSS, mptcpMapping, mptcpReset, mptcpBackup, mptcpEcho}

	mptcpFlags        = &Field{Name: "tcp.options.mptcp.flags", Bits: 8, Kind: Hex, Doc: "the byte that holds the subtype's flags"}
	mptcpReserved     = &Field{Name: "tcp.options.mptcp.reserved", Bits: 16, Kind: Hex, Doc: "reserved, 12 bits"}
	mptcpSenderKey    = &Field{Name: "tcp.options.mptcp.sendkey", Bits: 64, Ref: "RFC 8684 §3.1"}
	mptcpReceiverKey  = &Field{Name: "tcp.options.mptcp.recvkey", Bits: 64, Ref: "RFC 8684 §3.1"}
	mptcpDataLength   = mptcpMapping.Find("tcp.options.mptcp.datalvllen")
	mptcpChecksum     = &Field{Name: "tcp.options.mptcp.checksum", Bits: 16, Kind: Hex, Ref: "RFC 8684 §3.3.1"}
	mptcpAddressID    = &Field{Name: "tcp.options.mptcp.addrid", Bits: 8, Doc: "number of an address of the sender", Ref: "RFC 8684 §3.2"}
	mptcpToken        = &Field{Name: "tcp.options.mptcp.recvtok", Bits: 32, Doc: "names the connection that the subflow joins", Ref: "RFC 8684 §3.2"}
	mptcpRandom       = &Field{Name: "tcp.options.mptcp.sendrand", Bits: 32, Ref: "RFC 8684 §3.2"}
	mptcpShortHMAC    = &Field{Name: "tcp.options.mptcp.sendtrunchmac", Bits: 64, Doc: "the HMAC's first 64 bits", Ref: "RFC 8684 §3.2"}
	mptcpHMAC         = &Field{Name: "tcp.options.mptcp.sendhmac", Kind: Bytes, Ref: "RFC 8684 §3.2"}
	mptcpDataACK      = &Field{Name: "tcp.options.mptcp.rawdataack", Bits: 64, Doc: "data acknowledgment as it stands there", Ref: "RFC 8684 §3.3.2"}
	mptcpDataSequence = &Field{Name: "tcp.options.mptcp.rawdataseqno", Bits: 64, Doc: "data sequence number as it stands there", Ref: "RFC 8684 §3.3.1"}
	mptcpIPv4         = &Field{Name: "tcp.options.mptcp.ipv4", Kind: IPv4Addr, Ref: "RFC 8684 §3.4.1"}
	mptcpIPv6         = &Field{Name: "tcp.options.mptcp.ipv6", Kind: IPv6Addr, Ref: "RFC 8684 §3.4.1"}
	mptcpPort         = &Field{Name: "tcp.options.mptcp.port", Bits: 16, Ref: "RFC 8684 §3.4.1"}
	mptcpAddressHMAC  = &Field{Name: "tcp.options.mptcp.addaddrtrunchmac", Bits: 64, Doc: "the HMAC's last 64 bits", Ref: "RFC 8684 §3.4.1"}

	mptcpFields = []*Field{mptcpFlags, mptcpReserved, mptcpSenderKey, mptcpReceiverKey, mptcpChecksum, mptcpAddressID, mptcpToken, mptcpRandom,
		mptcpShortHMAC, mptcpHMAC, mptcpDataACK, mptcpDataSequence, mptcpIPv4, mptcpIPv6, mptcpPort, mptcpAddressHMAC}
)

// walkMPTCP yields an option's n bytes at off, behind kind and length. A length that the subtype does not have yields what is
// the same in all its forms.
func walkMPTCP(w *Walker, _ byte, off, n int) {
	w.Rows(mptcpHead, off)
	if subtype := int(w.Body[off] >> 4); subtype < len(mptcpSubtypeWalks) {
		mptcpSubtypeWalks[subtype](w, off, n)
	}
}

var mptcpSubtypeWalks = [...]func(w *Walker, off, n int){walkMPCapable, walkMPJoin, walkMPDSS, walkMPAddAddress, walkMPRemoveAddress,
	walkMPPriority, walkMPFail, walkMPFastClose, walkMPReset}

func walkMPCapable(w *Walker, off, n int) {
	w.Rows(mptcpVersion, off)
	if n < 2 {
		return
	}
	w.Add(mptcpFlags, off+1, 1)
	w.Rows(mptcpCapable, off+1)
	if w.Body[off]&15 == 1 {
		w.Rows(mptcpCapable1, off+1)
	} else {
		w.Rows(mptcpCapable0, off+1)
	}
	switch n { // the sender's key, both keys, both with the length of the data, and its checksum
	case 22:
		w.Add(mptcpChecksum, off+20, 2)
		fallthrough
	case 20:
		w.Add(mptcpDataLength, off+18, 2)
		fallthrough
	case 18:
		w.Add(mptcpReceiverKey, off+10, 8)
		fallthrough
	case 10:
		w.Add(mptcpSenderKey, off+2, 8)
	}
}

// walkMPJoin yields SYN, SYN/ACK or ACK, which the length tells apart.
func walkMPJoin(w *Walker, off, n int) {
	if n == 22 {
		w.Num(mptcpReserved, off, 2, uint64(be16(w.Body[off:])&0xfff))
		w.Add(mptcpHMAC, off+2, 20)
		return
	}
	if n != 10 && n != 14 {
		return
	}
	w.Add(mptcpFlags, off, 1)
	w.Rows(mptcpBackup, off)
	w.Add(mptcpAddressID, off+1, 1)
	if n == 10 {
		w.Add(mptcpToken, off+2, 4)
	} else {
		w.Add(mptcpShortHMAC, off+2, 8)
	}
	w.Add(mptcpRandom, off+n-4, 4)
}

func walkMPDSS(w *Walker, off, n int) {
	if n < 2 {
		return
	}
	w.Add(mptcpFlags, off+1, 1)
	w.Rows(mptcpDSS, off+1)
	flags, at, end := w.Body[off+1], off+2, off+n
	add := func(f *Field, present, long byte) bool {
		size := 4
		if flags&long != 0 {
			size = 8
		}
		if flags&present == 0 || at+size > end {
			return false
		}
		w.Add(f, at, size)
		at += size
		return true
	}
	add(mptcpDataACK, 0x01, 0x02)
	if add(mptcpDataSequence, 0x04, 0x08) && at+6 <= end {
		w.Rows(mptcpMapping, at)
		if at += 6; at+2 <= end {
			w.Add(mptcpChecksum, at, 2)
		}
	}
}

func walkMPAddAddress(w *Walker, off, n int) {
	if n < 2 {
		return
	}
	w.Rows(mptcpEcho, off)
	w.Add(mptcpAddressID, off+1, 1)
	size, address := 4, mptcpIPv4
	if n >= 18 {
		size, address = 16, mptcpIPv6
	}
	switch rest := n - 2 - size; rest { // a port, an HMAC, both or nothing
	case 0, 2, 8, 10:
		at := off + 2
		w.Add(address, at, size)
		at += size
		if rest == 2 || rest == 10 {
			w.Add(mptcpPort, at, 2)
			at += 2
		}
		if rest >= 8 {
			w.Add(mptcpAddressHMAC, at, 8)
		}
	}
}

func walkMPRemoveAddress(w *Walker, off, n int) {
	for k := 1; k < n; k++ {
		w.Add(mptcpAddressID, off+k, 1)
	}
}

func walkMPPriority(w *Walker, off, n int) {
	w.Add(mptcpFlags, off, 1)
	w.Rows(mptcpBackup, off)
	if n == 2 {
		w.Add(mptcpAddressID, off+1, 1)
	}
}

func walkMPFail(w *Walker, off, n int)      { walkMPReserved(w, off, n, mptcpDataSequence) }
func walkMPFastClose(w *Walker, off, n int) { walkMPReserved(w, off, n, mptcpReceiverKey) }

// walkMPReserved yields 12 reserved bits and the 8 bytes of f.
func walkMPReserved(w *Walker, off, n int, f *Field) {
	if n < 2 {
		return
	}
	w.Num(mptcpReserved, off, 2, uint64(be16(w.Body[off:])&0xfff))
	if n >= 10 {
		w.Add(f, off+2, 8)
	}
}

func walkMPReset(w *Walker, off, n int) {
	if n == 2 {
		w.Add(mptcpFlags, off, 1)
		w.Rows(mptcpReset, off)
	}
}

var mptcpSubtypes = Names{0: "MP_CAPABLE", 1: "MP_JOIN", 2: "DSS", 3: "ADD_ADDR", 4: "REMOVE_ADDR", 5: "MP_PRIO", 6: "MP_FAIL", 7: "MP_FASTCLOSE",
	8: "MP_TCPRST"}
