package dissect

// Options of neighbor discovery (RFC 4861 §4.6): a byte of type, a byte of length in units of 8 bytes that counts both, data.

const (
	ndSourceLinkAddr   = 1
	ndTargetLinkAddr   = 2
	ndPrefixInfo       = 3
	ndRedirectedHeader = 4
	ndSourceList       = 9
	ndTargetList       = 10
	ndNonce            = 14
	ndLinkLayer        = 19
	ndRouteInformation = 24
	ndDNSServers       = 25
	ndDNSSearchList    = 31
	ndRegistration     = 33
	ndContext          = 34
	ndCaptivePortal    = 37
	ndPrefix64         = 38
)

var ndOptionHead = Rows{
	{Name: "icmpv6.opt.type", Bits: 8, Enum: ndOptionTypes, Ref: "RFC 4861 §4.6"},
	{Name: "icmpv6.opt.length", Bits: 8, Doc: "units of 8 bytes, type and length included"},
}

var (
	ndOption       = &Field{Name: "icmpv6.opt", Kind: Present, Doc: "an option starts here"}
	ndLinkAddr     = &Field{Name: "icmpv6.opt.linkaddr", Kind: MAC, Doc: "link-layer address of the sender, or of the target", Ref: "RFC 4861 §4.6.1"}
	ndSourceAddr   = &Field{Name: "icmpv6.opt.src_linkaddr", Kind: MAC, Doc: "link-layer address of the sender", Ref: "RFC 4861 §4.6.1"}
	ndTargetAddr   = &Field{Name: "icmpv6.opt.target_linkaddr", Kind: MAC, Doc: "link-layer address of the target", Ref: "RFC 4861 §4.6.1"}
	ndPrefix       = &Field{Name: "icmpv6.opt.prefix", Kind: IPv6Addr, Doc: "the prefix; bits that are not sent are zero", Ref: "RFC 4861 §4.6.2"}
	ndRedirected   = &Field{Name: "icmpv6.opt.redirected_packet", Kind: Present, Doc: "the packet that is to go elsewhere", Ref: "RFC 4861 §4.6.3"}
	ndNonceValue   = &Field{Name: "icmpv6.opt.nonce", Kind: Bytes, Ref: "RFC 3971 §5.3.2"}
	ndLinkBytes    = &Field{Name: "icmpv6.opt.lla.bytes", Kind: Bytes, Ref: "RFC 5568 §6.4.4"}
	ndAddress      = &Field{Name: "icmpv6.opt.ipv6_address", Kind: IPv6Addr, Ref: "RFC 3122 §3"}
	ndServer       = &Field{Name: "icmpv6.opt.rdnss", Kind: IPv6Addr, Doc: "recursive DNS server", Ref: "RFC 8106 §5.1"}
	ndSearch       = &Field{Name: "icmpv6.opt.dnssl", Kind: Text, Doc: "domain to search", Ref: "RFC 8106 §5.2"}
	ndEUI64        = &Field{Name: "icmpv6.opt.aro.eui64", Kind: MAC, Ref: "RFC 6775 §4.1"}
	ndContextValue = &Field{Name: "icmpv6.opt.6co.context_prefix", Kind: IPv6Addr, Ref: "RFC 6775 §4.2"}
	ndPortal       = &Field{Name: "icmpv6.opt.captive_portal", Kind: Text, Doc: "URI of the portal", Ref: "RFC 8910 §2.3"}
	ndPrefix96     = &Field{Name: "icmpv6.opt.pref64.prefix", Kind: IPv6Addr, Doc: "the NAT64 prefix", Ref: "RFC 8781 §4"}
	ndOptionFields = []*Field{ndOption, ndLinkAddr, ndSourceAddr, ndTargetAddr, ndPrefix, ndRedirected, ndNonceValue, ndLinkBytes, ndAddress,
		ndServer, ndSearch, ndEUI64, ndContextValue, ndPortal, ndPrefix96}
)

// ndOptionBodies are the fixed parts of options' data. Rows without name are what the option has reserved.
var ndOptionBodies = [...]Rows{
	ndPrefixInfo: {
		{Name: "icmpv6.opt.prefix.length", Bits: 8, Doc: "in bits", Ref: "RFC 4861 §4.6.2"},
		{Name: "icmpv6.opt.prefix.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.opt.prefix.flag.l", Bits: 1, Kind: Bool, Doc: "the prefix is on this link"},
			{Name: "icmpv6.opt.prefix.flag.a", Bits: 1, Kind: Bool, Doc: "hosts may form addresses with it"},
			{Name: "icmpv6.opt.prefix.flag.r", Bits: 1, Kind: Bool, Doc: "the field has the router's whole address", Ref: "RFC 6275 §7.2"},
			{Name: "icmpv6.opt.prefix.flag.reserved", Bits: 5},
		}},
		{Name: "icmpv6.opt.prefix.valid_lifetime", Bits: 32, Doc: "in seconds; all ones: for ever"},
		{Name: "icmpv6.opt.prefix.preferred_lifetime", Bits: 32, Doc: "in seconds; all ones: for ever"},
		{Bits: 32},
	},
	ndRedirectedHeader: {{Bits: 48}},
	5:                  {{Bits: 16}, {Name: "icmpv6.opt.mtu", Bits: 32, Doc: "of the link, in bytes", Ref: "RFC 4861 §4.6.4"}},
	7:                  {{Bits: 16}, {Name: "icmpv6.opt.advertisement_interval", Bits: 32, Doc: "in milliseconds", Ref: "RFC 6275 §7.3"}},
	8: {
		{Bits: 16},
		{Name: "icmpv6.opt.home_agent_preference", Bits: 16, Ref: "RFC 6275 §7.4"},
		{Name: "icmpv6.opt.home_agent_lifetime", Bits: 16, Doc: "in seconds"},
	},
	ndSourceList: {{Bits: 48}},
	ndTargetList: {{Bits: 48}},
	13:           {{Bits: 48, Doc: "reserved"}, {Bits: 64, Doc: "a time in seconds and fractions of one"}},
	17: {
		{Name: "icmpv6.opt.ipa.option_code", Bits: 8, Ref: "RFC 5568 §6.4.1"},
		{Name: "icmpv6.opt.ipa.prefix_len", Bits: 8},
		{Bits: 32},
		{Name: "icmpv6.opt.ipa.ipv6_address", Bits: 128, Kind: IPv6Addr},
	},
	18: {
		{Name: "icmpv6.opt.nrpi.option_code", Bits: 8, Ref: "RFC 5568 §6.4.2"},
		{Name: "icmpv6.opt.nrpi.prefix_len", Bits: 8},
		{Bits: 32},
		{Name: "icmpv6.opt.nrpi.prefix", Bits: 128, Kind: IPv6Addr},
	},
	ndLinkLayer: {{Name: "icmpv6.opt.lla.option_code", Bits: 8, Ref: "RFC 5568 §6.4.4"}},
	23: {
		{Name: "icmpv6.opt.map.distance", Bits: 4, Ref: "RFC 5380 §5"},
		{Name: "icmpv6.opt.map.preference", Bits: 4},
		{Name: "icmpv6.opt.map.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.opt.map.flag.r", Bits: 1, Kind: Bool},
			{Name: "icmpv6.opt.map.flag.reserved", Bits: 7},
		}},
		{Name: "icmpv6.opt.map.valid_lifetime", Bits: 32, Doc: "in seconds"},
		{Name: "icmpv6.opt.map.global_address", Bits: 128, Kind: IPv6Addr},
	},
	ndRouteInformation: {
		{Bits: 8, Doc: "prefix length, a field of the prefix option"},
		{Name: "icmpv6.opt.route_info.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Bits: 3},
			{Name: "icmpv6.opt.route_info.flag.route_preference", Bits: 2, Enum: routerPreferences, Ref: "RFC 4191 §2.3"},
			{Bits: 3},
		}},
		{Name: "icmpv6.opt.route_lifetime", Bits: 32, Doc: "in seconds; all ones: for ever"},
	},
	ndDNSServers: {{Bits: 16}, {Name: "icmpv6.opt.rdnss.lifetime", Bits: 32, Doc: "in seconds; all ones: for ever", Ref: "RFC 8106 §5.1"}},
	26: {
		{Name: "icmpv6.opt.efo", Bits: 16, Kind: Hex, Ref: "RFC 5175 §4", Parts: Rows{
			{Name: "icmpv6.opt.efo.m", Bits: 1, Kind: Bool},
			{Name: "icmpv6.opt.efo.o", Bits: 1, Kind: Bool},
			{Name: "icmpv6.opt.efo.h", Bits: 1, Kind: Bool},
			{Name: "icmpv6.opt.efo.prf", Bits: 2, Enum: routerPreferences},
			{Name: "icmpv6.opt.efo.p", Bits: 1, Kind: Bool},
			{Name: "icmpv6.opt.efo.rsv", Bits: 10},
		}},
		{Bits: 32},
	},
	ndDNSSearchList: {{Bits: 16}, {Name: "icmpv6.opt.dnssl.lifetime", Bits: 32, Doc: "in seconds; all ones: for ever", Ref: "RFC 8106 §5.2"}},
	ndRegistration: {
		{Name: "icmpv6.opt.aro.status", Bits: 8, Ref: "RFC 6775 §4.1"},
		{Bits: 24},
		{Name: "icmpv6.opt.aro.registration_lifetime", Bits: 16, Doc: "in minutes"},
	},
	ndContext: {
		{Name: "icmpv6.opt.6co.context_length", Bits: 8, Ref: "RFC 6775 §4.2"},
		{Name: "icmpv6.opt.6co.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.opt.6co.flag.reserved", Bits: 3},
			{Name: "icmpv6.opt.6co.flag.c", Bits: 1, Kind: Bool},
			{Name: "icmpv6.opt.6co.flag.cid", Bits: 4},
		}},
		{Bits: 16},
		{Name: "icmpv6.opt.6co.valid_lifetime", Bits: 16, Doc: "in minutes"},
	},
	35: {
		{Name: "icmpv6.opt.abro.version_low", Bits: 16, Ref: "RFC 6775 §4.3"},
		{Name: "icmpv6.opt.abro.version_high", Bits: 16},
		{Name: "icmpv6.opt.abro.valid_lifetime", Bits: 16, Doc: "in minutes"},
		{Name: "icmpv6.opt.abro.6lbr_address", Bits: 128, Kind: IPv6Addr},
	},
	36: {
		{Name: "icmpv6.opt.6cio.unassigned1", Bits: 15, Kind: Hex, Ref: "RFC 7400 §3.3"},
		{Name: "icmpv6.opt.6cio.flag_g", Bits: 1, Kind: Hex, Digits: 4},
		{Name: "icmpv6.opt.6cio.unassigned2", Bits: 32, Kind: Hex},
	},
	ndPrefix64: {
		{Name: "icmpv6.opt.pref64.scaled_lifetime", Bits: 13, Doc: "in units of 8 seconds", Ref: "RFC 8781 §4"},
		{Name: "icmpv6.opt.pref64.plc", Bits: 3, Kind: Hex, Digits: 4, Doc: "how long the prefix is", Enum: Names{0: "/96", 1: "/64", 2: "/56", 3: "/48", 4: "/40", 5: "/32"}},
	},
}

// ndOptionTables are the rows of all options.
var ndOptionTables = ndTables()

func ndTables() []Rows {
	tables := []Rows{ndOptionHead}
	for _, rows := range ndOptionBodies {
		if rows != nil {
			tables = append(tables, rows)
		}
	}
	return tables
}

// ndOptions yields the options of message b from off on: where each starts, and its bytes. One whose length is 0 or reaches beyond the
// message is the last one, with its first two bytes.
func ndOptions(b []byte, off int) func(yield func(off int, option []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for off := off; off+2 <= len(b); {
			n := int(b[off+1]) * 8
			if n == 0 || off+n > len(b) {
				yield(off, b[off:off+2])
				return
			}
			if !yield(off, b[off:off+n]) {
				return
			}
			off += n
		}
	}
}

func walkNDOptions(w *Walker, off int) {
	for off, option := range ndOptions(w.Body, off) {
		if w.done {
			return
		}
		w.Add(ndOption, off, len(option))
		w.depth++
		w.Part(ndOptionHead, off, 2)
		if len(option) > 2 {
			walkNDOption(w, off+2, option)
		}
		w.depth--
	}
}

// walkNDOption yields the data, which starts at off, of an option.
func walkNDOption(w *Walker, off int, option []byte) {
	var rows Rows
	if kind := int(option[0]); kind < len(ndOptionBodies) {
		rows = ndOptionBodies[kind]
	}
	n := len(option) - 2
	w.Part(rows, off, n)
	fixed := rows.Bits() / 8
	rest, n := off+fixed, max(0, n-fixed)
	switch option[0] {
	case ndSourceLinkAddr:
		w.Add(ndLinkAddr, off, n)
		w.Add(ndSourceAddr, off, n)
	case ndTargetLinkAddr:
		w.Add(ndLinkAddr, off, n)
		w.Add(ndTargetAddr, off, n)
	case ndPrefixInfo:
		w.prefix(ndPrefix, rest, n)
	case ndRouteInformation:
		w.Add(&ndOptionBodies[ndPrefixInfo][0], off, 1)
		w.prefix(ndPrefix, rest, n)
	case ndContext:
		w.prefix(ndContextValue, rest, n)
	case ndPrefix64:
		w.prefix(ndPrefix96, rest, n)
	case ndRedirectedHeader:
		w.Add(ndRedirected, rest, n)
	case ndNonce:
		w.Add(ndNonceValue, off, n)
	case ndLinkLayer:
		w.Add(ndLinkBytes, rest, n)
	case ndSourceList, ndTargetList:
		for ; n >= 16; rest, n = rest+16, n-16 {
			w.Add(ndAddress, rest, 16)
		}
	case ndDNSServers:
		for ; n >= 16; rest, n = rest+16, n-16 {
			w.Add(ndServer, rest, 16)
		}
	case ndDNSSearchList:
		walkSearchList(w, rest, n)
	case ndRegistration:
		w.Add(ndEUI64, rest, min(n, 8))
	case ndCaptivePortal:
		w.Add(ndPortal, off, textLen(option[2:]))
	default:
		if rows == nil {
			w.Add(icmpv6Data, off, n)
		}
	}
}

// prefix yields the n bytes at off, at most 16, as an address; what is not there of it is zero.
func (w *Walker) prefix(f *Field, off, n int) {
	n = min(n, 16)
	if n == 16 {
		w.Add(f, off, n)
		return
	}
	if n == 0 || !w.Wants(f) || off+n > len(w.Body) {
		return
	}
	from := len(w.Packet.scratch)
	w.Packet.scratch = append(w.Packet.scratch, w.Body[off:off+n]...)
	w.Packet.scratch = append(w.Packet.scratch, make([]byte, 16-n)...)
	w.text(f, w.Packet.scratch[from:])
}

// walkSearchList yields the domains in the n bytes at off: labels as in DNS, a name ends with an empty one (RFC 8106 §5.2).
func walkSearchList(w *Walker, off, n int) {
	if !w.Wants(ndSearch) || off+n > len(w.Body) {
		return
	}
	p := w.Packet
	from := len(p.scratch)
	for b := w.Body[off : off+n]; len(b) > 0 && int(b[0]) < len(b); {
		size := int(b[0])
		label := b[1 : 1+size]
		b = b[1+size:]
		if size > 0 {
			if len(p.scratch) > from {
				p.scratch = append(p.scratch, '.')
			}
			p.scratch = append(p.scratch, label...)
		} else if len(p.scratch) > from {
			w.text(ndSearch, p.scratch[from:])
			from = len(p.scratch)
		}
	}
}

var ndOptionTypes = Names{1: "Source link-layer address", 2: "Target link-layer address", 3: "Prefix information", 4: "Redirected header", 5: "MTU", 6: "NBMA shortcut limit",
	7: "Advertisement interval", 8: "Home agent information", 9: "Source address list", 10: "Target address list", 11: "CGA", 12: "RSA signature", 13: "Timestamp",
	14: "Nonce", 15: "Trust anchor", 16: "Certificate", 17: "IP address/prefix", 18: "New router prefix information", 19: "Link-layer address",
	20: "Neighbor advertisement acknowledgment", 23: "MAP", 24: "Route information", 25: "Recursive DNS server", 26: "RA flags extension",
	27: "Handover key request", 28: "Handover key reply", 29: "Handover assist information", 30: "Mobile node identifier", 31: "DNS search list",
	32: "Proxy signature", 33: "Address registration", 34: "6LoWPAN context", 35: "Authoritative border router", 36: "6LoWPAN capability indication",
	37: "Captive portal", 38: "PREF64"}
