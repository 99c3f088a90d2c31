package dissect

import "strconv"

// Options of the IPv4 header (RFC 791 §3.1 and the registry "IP Option Numbers"): one byte of type, and but for two types one of
// length, which counts both.

const (
	ipOptEnd              = 0
	ipOptNoOperation      = 1
	ipOptRecordRoute      = 7
	ipOptQuickStart       = 25
	ipOptTimestamp        = 68
	ipOptSecurity         = 130
	ipOptLooseRoute       = 131
	ipOptExtendedSecurity = 133
	ipOptCIPSO            = 134
	ipOptStrictRoute      = 137
	ipOptBroadcast        = 149
)

var (
	ipOptHead = Rows{
		{Name: "ip.opt.type", Bits: 8, Enum: ipOptions, Ref: "RFC 791 §3.1", Parts: Rows{
			{Name: "ip.opt.type.copy", Bits: 1, Kind: Bool, Doc: "every fragment carries the option"},
			{Name: "ip.opt.type.class", Bits: 2, Enum: Names{0: "control", 2: "debugging and measurement"}},
			{Name: "ip.opt.type.number", Bits: 5},
		}},
	}
	ipOptStampFlags = Rows{
		{Name: "ip.opt.overflow", Bits: 4, Doc: "hosts that had no room for their time"},
		{Name: "ip.opt.flag", Bits: 4, Kind: Hex, Doc: "what is recorded", Enum: Names{0: "time stamps", 1: "addresses and time stamps", 3: "time stamps of the given addresses"}},
	}
	ipOptProtection = Rows{{Name: "ip.opt.sec_prot_auth_flags", Bits: 8, Kind: Hex, Doc: "authorities whose rules apply", Ref: "RFC 1108 §2.4", Parts: Rows{
		{Name: "ip.opt.sec_prot_auth_genser", Bits: 1, Kind: Bool},
		{Name: "ip.opt.sec_prot_auth_siop_esi", Bits: 1, Kind: Bool},
		{Name: "ip.opt.sec_prot_auth_sci", Bits: 1, Kind: Bool},
		{Name: "ip.opt.sec_prot_auth_nsa", Bits: 1, Kind: Bool},
		{Name: "ip.opt.sec_prot_auth_doe", Bits: 1, Kind: Bool},
		{Name: "ip.opt.sec_prot_auth_unassigned", Bits: 2, Kind: Hex},
		{Name: "ip.opt.sec_prot_auth_fti", Bits: 1, Kind: Bool, Doc: "another byte of flags follows"},
	}}}
	ipOptSecurity791 = Rows{
		{Name: "ip.opt.sec_rfc791_sec", Bits: 16, Kind: Hex, Enum: securityLevels},
		{Name: "ip.opt.sec_rfc791_comp", Bits: 16, Doc: "compartments"},
		{Name: "ip.opt.sec_rfc791_hr", Bits: 16, Kind: Text, Doc: "handling restrictions"},
		{Name: "ip.opt.sec_rfc791_tcc", Bits: 24, Kind: Text, Doc: "transmission control code"},
	}
	ipOptQuickStartHead = Rows{
		{Name: "ip.opt.qs_func", Bits: 4, Enum: quickStartFunctions, Ref: "RFC 4782 §3.1"},
		{Name: "ip.opt.qs_rate", Bits: 4, Doc: "2 to this power times 40 kbit/s; 0 is none", Ref: "RFC 4782 §3.1"},
	}
	ipOptQuickStartNonce = Rows{
		{Name: "ip.opt.qs_nonce", Bits: 30, Kind: Hex},
		{Name: "ip.opt.qs_reserved", Bits: 2, Kind: Hex, Digits: 8},
	}
	ipOptMTU       = Rows{{Name: "ip.opt.mtu", Bits: 16, Ref: "RFC 1063 §3"}}
	ipOptStream    = Rows{{Name: "ip.opt.sid", Bits: 16, Doc: "SATNET stream"}}
	ipOptAlert     = Rows{{Name: "ip.opt.ra", Bits: 16, Doc: "0: every router looks at the packet", Ref: "RFC 2113 §2.1"}}
	ipOptTraceHead = Rows{
		{Name: "ip.opt.id_number", Bits: 16, Ref: "RFC 1393 §2.2"},
		{Name: "ip.opt.ohc", Bits: 16, Doc: "hops outbound"},
		{Name: "ip.opt.rhc", Bits: 16, Doc: "hops of the return packet"},
		{Name: "ip.opt.originator", Bits: 32, Kind: IPv4Addr},
	}
	ipOptExtendedFormat = Rows{{Name: "ip.opt.ext_sec_add_sec_info_format_code", Bits: 8, Kind: Hex, Ref: "RFC 1108 §3.2"}}
	ipCIPSOTag          = Rows{
		{Name: "ip.cipso.tag_type", Bits: 8, Enum: Names{1: "restrictive category bitmap", 2: "enumerated categories", 5: "ranged categories", 6: "permissive category bitmap", 7: "free form"}},
		{Bits: 8, Doc: "length"},
	}
)

var ipOptionTables = []Rows{ipOptHead, ipOptStampFlags, ipOptProtection, ipOptSecurity791, ipOptQuickStartHead, ipOptQuickStartNonce,
	ipOptMTU, ipOptStream, ipOptAlert, ipOptTraceHead, ipOptExtendedFormat, ipCIPSOTag}

// ipOptionBodies are the options that are a row of fields and no more.
var ipOptionBodies = map[uint8]Rows{11: ipOptMTU, 12: ipOptMTU, 82: ipOptTraceHead, 133: ipOptExtendedFormat, 136: ipOptStream, 148: ipOptAlert}

var (
	ipOptLen        = &Field{Name: "ip.opt.len", Bits: 8, Doc: "bytes of the option, its type and length included"}
	ipOptPointer    = &Field{Name: "ip.opt.ptr", Bits: 8, Doc: "byte of the option, from 1, that is to be written next"}
	ipRecordedRoute = &Field{Name: "ip.rec_rt", Kind: IPv4Addr, Doc: "a router that has been passed"}
	ipCurrentRoute  = &Field{Name: "ip.cur_rt", Kind: IPv4Addr, Doc: "where a source-routed packet goes next: the header's destination"}
	ipSourceRoute   = &Field{Name: "ip.src_rt", Kind: IPv4Addr, Doc: "a router that is still to be passed; the last one is the destination"}
	ipEmptyRoute    = &Field{Name: "ip.empty_rt", Kind: IPv4Addr, Doc: "room for a router's address"}
	ipOptStamp      = &Field{Name: "ip.opt.time_stamp", Bits: 32, Doc: "milliseconds since midnight UTC; the highest bit marks other clocks"}
	ipOptStampAddr  = &Field{Name: "ip.opt.time_stamp_addr", Kind: IPv4Addr, Doc: "whose clock it was"}
	ipOptAddr       = &Field{Name: "ip.opt.addr", Kind: IPv4Addr, Doc: "a further destination", Ref: "RFC 1770 §2"}
	ipOptLevel      = &Field{Name: "ip.opt.sec_cl", Bits: 8, Kind: Hex, Doc: "classification", Ref: "RFC 1108 §2.3", Enum: classifications}
	ipOptExtraInfo  = &Field{Name: "ip.opt.ext_sec_add_sec_info", Kind: Bytes, Ref: "RFC 1108 §3.3"}
	ipOptTTL        = &Field{Name: "ip.opt.qs_ttl", Bits: 8, Ref: "RFC 4782 §3.1"}
	ipOptTTLDiff    = &Field{Name: "ip.opt.qs_ttl_diff", Bits: 8, Doc: "the header's TTL less that of the option, modulo 256", Ref: "RFC 4782 §3.1"}
	ipOptUnused     = &Field{Name: "ip.opt.qs_unused", Bits: 8}
	ipCIPSODomain   = &Field{Name: "ip.cipso.doi", Bits: 32, Doc: "domain of interpretation", Ref: "FIPS 188 §3"}
	ipCIPSOLevel    = &Field{Name: "ip.cipso.sensitivity_level", Bits: 8}
	ipCIPSOCategory = &Field{Name: "ip.cipso.categories", Kind: Text}
	ipCIPSOData     = &Field{Name: "ip.cipso.tag_data", Kind: Bytes}
	ipOptLenInvalid = &Field{Name: "ip.opt.len.invalid", Kind: Present, Doc: "the option is shorter than its length, or its length than the option needs"}
	ipOptionFields  = []*Field{ipOptLen, ipOptPointer, ipRecordedRoute, ipCurrentRoute, ipSourceRoute, ipEmptyRoute, ipOptStamp, ipOptStampAddr, ipOptAddr,
		ipOptLevel, ipOptExtraInfo, ipOptTTL, ipOptTTLDiff, ipOptUnused, ipCIPSODomain, ipCIPSOLevel, ipCIPSOCategory, ipCIPSOData, ipOptLenInvalid}
)

// ipv4Options yields the options of header h: where each starts, and its bytes. An option whose length is wrong is the last one,
// and has no bytes.
func ipv4Options(h []byte) func(yield func(off int, option []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for off := 20; off < len(h); {
			n := 1
			if h[off] != ipOptEnd && h[off] != ipOptNoOperation {
				if off+1 >= len(h) || h[off+1] < 2 || off+int(h[off+1]) > len(h) {
					yield(off, nil)
					return
				}
				n = int(h[off+1])
			}
			if !yield(off, h[off:off+n]) || h[off] == ipOptEnd {
				return
			}
			off += n
		}
	}
}

func walkIPv4Options(w *Walker) {
	for off, option := range ipv4Options(w.Header()) {
		if w.done {
			return
		}
		if option == nil {
			w.Add(ipOptLenInvalid, off, 1)
			return
		}
		w.Part(ipOptHead, off, 1)
		if len(option) > 1 {
			w.Add(ipOptLen, off+1, 1)
			w.Nest(func() { walkIPv4Option(w, off, option) })
		}
	}
}

func walkIPv4Option(w *Walker, off int, option []byte) {
	end := off + len(option)
	switch body := off + 2; option[0] {
	case ipOptRecordRoute:
		walkRoute(w, off, option, ipEmptyRoute)
	case ipOptLooseRoute, ipOptStrictRoute:
		walkRoute(w, off, option, ipSourceRoute)
		if pointer := sourceRoutePointer(option); pointer < len(option) {
			w.Add(ipCurrentRoute, 16, 4)
		}
	case ipOptTimestamp:
		walkTimestamps(w, off, option)
	case ipOptSecurity:
		if len(option) == 11 {
			w.Part(ipOptSecurity791, body, 9)
			return
		}
		if body < end {
			w.Add(ipOptLevel, body, 1)
		}
		if body+1 < end {
			w.Part(ipOptProtection, body+1, 1)
		}
	case ipOptCIPSO:
		walkCIPSO(w, body, end)
	case ipOptBroadcast:
		for ; body+4 <= end; body += 4 {
			w.Add(ipOptAddr, body, 4)
		}
	case ipOptQuickStart:
		walkQuickStart(w, off, option)
	default:
		w.Part(ipOptionBodies[option[0]], body, end-body)
		if option[0] == ipOptExtendedSecurity {
			w.Add(ipOptExtraInfo, body+1, end-body-1)
		}
	}
}

// sourceRoutePointer is the offset in a route option of the address that is to be visited, or written, next.
func sourceRoutePointer(option []byte) int {
	if len(option) < 3 || option[2] < 4 {
		return len(option)
	}
	return int(option[2]) - 1
}

// walkRoute yields the addresses of a route option: those before the pointer are routers passed, the others are yielded as ahead.
func walkRoute(w *Walker, off int, option []byte, ahead *Field) {
	if len(option) < 3 {
		return
	}
	w.Add(ipOptPointer, off+2, 1)
	pointer := sourceRoutePointer(option)
	for at := 3; at+4 <= len(option); at += 4 {
		if at < pointer {
			w.Add(ipRecordedRoute, off+at, 4)
		} else {
			w.Add(ahead, off+at, 4)
		}
	}
}

// finalIPv4 is where the packet with header h goes in the end: with a source route that is not used up, its last address (RFC 791
// §3.1); a checksum's pseudo-header takes it (RFC 9293 §3.1).
func finalIPv4(h []byte) []byte {
	if len(h) > 20 {
		for _, option := range ipv4Options(h) {
			if option != nil && (option[0] == ipOptLooseRoute || option[0] == ipOptStrictRoute) && len(option) >= 7 && sourceRoutePointer(option)+4 <= len(option) {
				n := (len(option) - 3) / 4
				return option[4*n-1 : 4*n+3]
			}
		}
	}
	return h[16:20]
}

func walkTimestamps(w *Walker, off int, option []byte) {
	if len(option) < 4 {
		return
	}
	w.Add(ipOptPointer, off+2, 1)
	w.Part(ipOptStampFlags, off+3, 1)
	addresses := option[3]&15 != 0
	for at := 4; at+4 <= len(option); at += 4 {
		if addresses {
			w.Add(ipOptStampAddr, off+at, 4)
			if at += 4; at+4 > len(option) {
				return
			}
		}
		w.Add(ipOptStamp, off+at, 4)
	}
}

// walkQuickStart is for RFC 4782 §3.1: a rate is asked for (function 0) or reported (8).
func walkQuickStart(w *Walker, off int, option []byte) {
	if len(option) != 8 {
		return
	}
	w.Part(ipOptQuickStartHead, off+2, 1)
	switch option[2] >> 4 {
	case 0:
		w.Add(ipOptTTL, off+3, 1)
		w.Num(ipOptTTLDiff, off+3, 1, uint64(IPv4(w.Header()).TTL()-option[3]))
	case 8:
		w.Add(ipOptUnused, off+3, 1)
	default:
		return
	}
	w.Part(ipOptQuickStartNonce, off+4, 4)
}

// walkCIPSO is for FIPS 188 §3: a domain, and tags in it.
func walkCIPSO(w *Walker, off, end int) {
	if off+4 > end {
		return
	}
	w.Add(ipCIPSODomain, off, 4)
	for off += 4; off+2 <= end && !w.done; {
		tag := w.Body[off:end]
		n := int(tag[1])
		if n < 2 || n > len(tag) {
			w.Add(ipOptLenInvalid, off+1, 1)
			return
		}
		w.Part(ipCIPSOTag, off, 2)
		switch tag = tag[:n]; {
		case (tag[0] == 1 || tag[0] == 2 || tag[0] == 5) && n >= 4:
			w.Add(ipCIPSOLevel, off+3, 1)
			if w.Wants(ipCIPSOCategory) {
				w.Text(ipCIPSOCategory, string(appendCategories(nil, tag)))
			}
		case tag[0] == 6 || tag[0] == 7:
			w.Add(ipCIPSOData, off+2, n-2)
		}
		off += n
	}
}

// appendCategories writes the categories of a CIPSO tag: those whose bits are set (type 1), those that are listed (2), or ranges
// with the higher end first (5), whose last one may leave out a lower end of 0.
func appendCategories(dst, tag []byte) []byte {
	more := func(n uint64) {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, n, 10)
	}
	switch list := tag[4:]; tag[0] {
	case 1:
		for i := range len(list) * 8 {
			if list[i/8]<<(i%8)&0x80 != 0 {
				more(uint64(i))
			}
		}
	case 2:
		for ; len(list) >= 2; list = list[2:] {
			more(uint64(be16(list)))
		}
	case 5:
		for ; len(list) >= 2; list = list[2:] {
			more(uint64(be16(list)))
			low := uint64(0)
			if list = list[2:]; len(list) >= 2 {
				low = uint64(be16(list))
			}
			dst = strconv.AppendUint(append(dst, '-'), low, 10)
			if len(list) < 2 {
				break
			}
		}
	}
	return dst
}

var (
	ipOptions = Names{0: "End of Options List", 1: "No-Operation", 7: "Record Route", 10: "Experimental Measurement", 11: "MTU Probe", 12: "MTU Reply",
		25: "Quick-Start", 68: "Time Stamp", 82: "Traceroute", 130: "Security", 131: "Loose Source Route", 133: "Extended Security",
		134: "Commercial Security", 136: "Stream ID", 137: "Strict Source Route", 145: "Extended Internet Protocol", 147: "Address Extension",
		148: "Router Alert", 149: "Selective Directed Broadcast", 151: "Dynamic Packet State", 152: "Upstream Multicast"}
	quickStartFunctions = Names{0: "Rate request", 8: "Rate report"}
	classifications     = Names{0x01: "Reserved 4", 0x3d: "Top Secret", 0x5a: "Secret", 0x96: "Confidential", 0x66: "Reserved 3", 0xcc: "Reserved 2",
		0xab: "Unclassified", 0xf1: "Reserved 1"}
	securityLevels = Names{0x0000: "Unclassified", 0xf135: "Confidential", 0x789a: "EFTO", 0xbc4d: "MMMM", 0x5e26: "PROG", 0xaf13: "Restricted",
		0xd788: "Secret", 0x6bc5: "Top Secret"}
)
