package dissect

import "strconv"

// Options headers of IPv6: hop-by-hop options, which every router on the way may look at (RFC 8200 §4.3), and destination options
// (RFC 8200 §4.6). The options are the same in both; RFC 2675 jumbo payload and RFC 2711 router alert are the hop-by-hop ones to meet.
var (
	ipv6HopByHop    = newOptionsHeader("ipv6.hopopts", "IPv6 Hop-by-Hop Options", "RFC 8200 §4.3", 0, &hopByHopOptions)
	ipv6Destination = newOptionsHeader("ipv6.dstopts", "IPv6 Destination Options", "RFC 8200 §4.6", 60, &destinationOptions)

	hopByHopOptions    = newIPv6Options()
	destinationOptions = newIPv6Options()
)

func newOptionsHeader(name, title, ref string, number uint32, options *ipv6Options) Protocol {
	octets := &Field{Name: name + ".len_oct", Bits: 16, Doc: "bytes of the header"}
	return Protocol{
		Name:  name,
		Title: title,
		Ref:   ref,
		Over:  []Over{{IPProtocol, number}},
		Header: Rows{
			{Name: name + ".nxt", Bits: 8, Enum: ipProtocols, Doc: "what follows"},
			{Name: name + ".len", Bits: 8, Doc: "units of 8 bytes behind the first one"},
		},
		Tables:  options.tables,
		Fields:  append([]*Field{octets}, options.fields...),
		Dissect: dissectIPv6Extension,
		Walk: func(w *Walker) {
			w.octets(octets)
			options.walk(w)
		},
		Summary: summarizeIPv6Extension,
	}
}

// IPv6Extension is a view of the first bytes that options headers and routing headers have in common.
type IPv6Extension []byte

// NextHeader names what follows.
func (h IPv6Extension) NextHeader() uint8 { return h[0] }

// HeaderLength is in bytes.
func (h IPv6Extension) HeaderLength() int { return int(h[1])*8 + 8 }

func dissectIPv6Extension(d *Decoder, b []byte) ID {
	h := IPv6Extension(b)
	if !d.header(h.HeaderLength()) {
		return done
	}
	return d.upper(h.NextHeader())
}

// octets yields the length of an extension header in bytes.
func (w *Walker) octets(f *Field) {
	if h := IPv6Extension(w.Header()); len(h) >= 2 {
		w.Num(f, 1, 1, uint64(h.HeaderLength()))
	}
}

func summarizeIPv6Extension(dst []byte, p *Packet, i int) []byte {
	return append(dst, p.Layers[i].Protocol.String()[len("ipv6."):]...)
}

// The options with a form that a row of fields does not tell.
const (
	ipv6OptPad1        = 0x00
	ipv6OptPadN        = 0x01
	ipv6OptCALIPSO     = 0x07
	ipv6OptDuplicates  = 0x08
	ipv6OptQuickStart  = 0x26
	ipv6OptPathMTU     = 0x30
	ipv6OptMPL         = 0x6d
	ipv6OptNonce       = 0x8b
	ipv6OptLine        = 0x8c
	ipv6OptJumbo       = 0xc2
	ipv6OptHomeAddress = 0xc9
)

// ipv6Options are the fields of options. Each of the two headers has its own, because a field belongs to one protocol.
type ipv6Options struct {
	tables []Rows
	fields []*Field
	head   Rows
	length *Field
	bodies map[uint8]Rows

	option, pad1, padN, unknown, experimental, rest *Field
	compartments                                    *Field
	hash, tagger, taggerLen, taggerID, identifier   *Field
	ttl, ttlDiff, unused                            *Field
	quickStartNonce                                 Rows
	returned, returnFlag                            *Field
	seed, nonce, line                               *Field
}

func newIPv6Options() ipv6Options {
	var o ipv6Options
	field := func(f Field) *Field {
		o.fields = append(o.fields, &f)
		return &f
	}
	o.option = field(Field{Name: "ipv6.opt", Kind: Present, Doc: "an option starts here"})
	o.length = field(Field{Name: "ipv6.opt.length", Bits: 8, Doc: "bytes of the option's data"})
	o.pad1 = field(Field{Name: "ipv6.opt.pad1", Kind: Present, Doc: "one byte of padding"})
	o.padN = field(Field{Name: "ipv6.opt.padn", Kind: Bytes, Doc: "padding behind type and length"})
	o.unknown = field(Field{Name: "ipv6.opt.unknown", Kind: Bytes, Doc: "data of an option that is not known"})
	o.experimental = field(Field{Name: "ipv6.opt.experimental", Kind: Bytes, Doc: "data of an experimental option", Ref: "RFC 4727 §3.2"})
	o.rest = field(Field{Name: "ipv6.opt_unknown_data", Kind: Bytes, Doc: "data behind what the option has"})
	o.compartments = field(Field{Name: "ipv6.opt.calipso.cmpt_bitmap", Kind: Bytes, Ref: "RFC 5570 §5.1.6"})
	o.hash = field(Field{Name: "ipv6.opt.smf_dpd.hav", Kind: Bytes, Doc: "hash assist value", Ref: "RFC 6621 §6.1.1"})
	o.tagger = field(Field{Name: "ipv6.opt.smf_dpd.tid_type", Bits: 3, Ref: "RFC 6621 §6.1.1", Enum: Names{0: "none", 1: "default", 2: "IPv4", 3: "IPv6"}})
	o.taggerLen = field(Field{Name: "ipv6.opt.smf_dpd.tid_len", Bits: 4, Doc: "bytes of the tagger's identifier less one"})
	o.taggerID = field(Field{Name: "ipv6.opt.smf_dpd.tagger_id", Kind: Bytes, Ref: "RFC 6621 §6.1.1"})
	o.identifier = field(Field{Name: "ipv6.opt.smf_dpd.ident", Kind: Bytes, Ref: "RFC 6621 §6.1.1"})
	o.ttl = field(Field{Name: "ipv6.opt.qs_ttl", Bits: 8, Ref: "RFC 4782 §3.1"})
	o.ttlDiff = field(Field{Name: "ipv6.opt.qs_ttl_diff", Bits: 8, Doc: "the header's hop limit less that of the option, modulo 256"})
	o.unused = field(Field{Name: "ipv6.opt.qs_unused", Bits: 8})
	o.returned = field(Field{Name: "ipv6.opt.pmtu.rtn", Bits: 15, Doc: "MTU that the other side learned, in bytes; the lowest bit is the flag", Ref: "RFC 9268 §5"})
	o.returnFlag = field(Field{Name: "ipv6.opt.pmtu.r_flag", Bits: 1, Kind: Bool, Doc: "the other side is to report its MTU", Ref: "RFC 9268 §5"})
	o.seed = field(Field{Name: "ipv6.opt.mpl.seed_id", Kind: Bytes, Ref: "RFC 7731 §6.1"})
	o.nonce = field(Field{Name: "ipv6.opt.ilnp_nonce", Kind: Bytes, Ref: "RFC 6744 §2"})
	o.line = field(Field{Name: "ipv6.opt.lio.line_id", Kind: Text, Ref: "RFC 6788 §5"})
	o.head = Rows{
		{Name: "ipv6.opt.type", Bits: 8, Kind: Hex, Enum: ipv6OptionTypes, Ref: "RFC 8200 §4.2", Parts: Rows{
			{Name: "ipv6.opt.type.action", Bits: 2, Doc: "what a node does that does not know the option", Enum: Names{0: "Skip", 1: "Discard", 2: "Discard and send ICMP",
				3: "Discard and send ICMP unless multicast"}},
			{Name: "ipv6.opt.type.change", Bits: 1, Kind: Bool, Doc: "routers may change the data"},
			{Name: "ipv6.opt.type.rest", Bits: 5, Kind: Hex},
		}},
	}
	o.quickStartNonce = Rows{
		{Name: "ipv6.opt.qs_nonce", Bits: 30, Kind: Hex},
		{Name: "ipv6.opt.qs_reserved", Bits: 2, Kind: Hex, Digits: 8},
	}
	o.bodies = map[uint8]Rows{
		0x04: {{Name: "ipv6.opt.tel", Bits: 8, Doc: "tunnels that may still be entered", Ref: "RFC 2473 §4.1.1"}},
		0x05: {{Name: "ipv6.opt.router_alert", Bits: 16, Enum: routerAlerts, Ref: "RFC 2711 §2.1"}},
		ipv6OptCALIPSO: {
			{Name: "ipv6.opt.calipso.doi", Bits: 32, Doc: "domain of interpretation", Ref: "RFC 5570 §5.1.2"},
			{Name: "ipv6.opt.calipso.cmpt.length", Bits: 8, Doc: "32-bit words of compartments"},
			{Name: "ipv6.opt.calipso.sens_level", Bits: 8},
			{Name: "ipv6.opt.calipso.checksum", Bits: 16, Kind: Hex, Ref: "RFC 5570 §5.1.5"},
		},
		ipv6OptDuplicates: {
			{Name: "ipv6.opt.smf_dpd.hash_bit", Bits: 1, Kind: Bool, Doc: "the rest is a hash assist value", Ref: "RFC 6621 §6.1.1"},
			{Bits: 7, Doc: "type and length of the tagger, or hash"},
		},
		0x0f: {
			{Name: "ipv6.opt.pdm.scale_dtlr", Bits: 8, Ref: "RFC 8250 §3.2.1"},
			{Name: "ipv6.opt.pdm.scale_dtls", Bits: 8},
			{Name: "ipv6.opt.pdm.psn_this_pkt", Bits: 16, Doc: "number of this packet"},
			{Name: "ipv6.opt.pdm.psn_last_recv", Bits: 16, Doc: "number of the last packet received"},
			{Name: "ipv6.opt.pdm.delta_last_recv", Bits: 16},
			{Name: "ipv6.opt.pdm.delta_last_sent", Bits: 16},
		},
		ipv6OptQuickStart: {
			{Name: "ipv6.opt.qs_func", Bits: 4, Enum: quickStartFunctions, Ref: "RFC 4782 §3.1"},
			{Name: "ipv6.opt.qs_rate", Bits: 4, Doc: "2 to this power times 40 kbit/s; 0 is none"},
		},
		ipv6OptPathMTU: {{Name: "ipv6.opt.pmtu.min", Bits: 16, Doc: "smallest MTU on the way so far, in bytes", Ref: "RFC 9268 §5"}},
		0x63: {
			{Name: "ipv6.opt.rpl.flag", Bits: 8, Kind: Hex, Ref: "RFC 6553 §3", Parts: Rows{
				{Name: "ipv6.opt.rpl.flag.o", Bits: 1, Kind: Bool, Doc: "down"},
				{Name: "ipv6.opt.rpl.flag.r", Bits: 1, Kind: Bool, Doc: "rank error"},
				{Name: "ipv6.opt.rpl.flag.f", Bits: 1, Kind: Bool, Doc: "forwarding error"},
				{Name: "ipv6.opt.rpl.flag.rsv", Bits: 5, Kind: Hex},
			}},
			{Name: "ipv6.opt.rpl.instance_id", Bits: 8, Kind: Hex},
			{Name: "ipv6.opt.rpl.sender_rank", Bits: 16, Kind: Hex},
		},
		ipv6OptMPL: {
			{Name: "ipv6.opt.mpl.flag", Bits: 8, Kind: Hex, Ref: "RFC 7731 §6.1", Parts: Rows{
				{Name: "ipv6.opt.mpl.flag.s", Bits: 2, Doc: "how long the seed identifier is", Enum: Names{0: "source address", 1: "16 bits", 2: "64 bits", 3: "128 bits"}},
				{Name: "ipv6.opt.mpl.flag.m", Bits: 1, Kind: Bool, Doc: "the sequence number is the largest sent"},
				{Name: "ipv6.opt.mpl.flag.v", Bits: 1, Kind: Bool},
				{Name: "ipv6.opt.mpl.flag.rsv", Bits: 4, Kind: Hex},
			}},
			{Name: "ipv6.opt.mpl.sequence", Bits: 8, Kind: Hex},
		},
		ipv6OptLine:        {{Name: "ipv6.opt.lio.length", Bits: 8, Doc: "bytes of the line identifier", Ref: "RFC 6788 §5"}},
		ipv6OptJumbo:       {{Name: "ipv6.opt.jumbo", Bits: 32, Doc: "bytes behind the IPv6 header", Ref: "RFC 2675 §2"}},
		ipv6OptHomeAddress: {{Name: "ipv6.opt.mipv6.home_address", Bits: 128, Kind: IPv6Addr, Doc: "the source's address at home", Ref: "RFC 6275 §6.3"}},
		0xee: {
			{Name: "ipv6.opt.dff.flags", Bits: 8, Kind: Hex, Ref: "RFC 6971 §14", Parts: Rows{
				{Name: "ipv6.opt.dff.flag.ver", Bits: 2},
				{Name: "ipv6.opt.dff.flag.dup", Bits: 1, Kind: Bool},
				{Name: "ipv6.opt.dff.flag.ret", Bits: 1, Kind: Bool},
				{Name: "ipv6.opt.dff.flag.rsv", Bits: 4, Kind: Hex},
			}},
			{Name: "ipv6.opt.dff.sequence_number", Bits: 16},
		},
	}
	o.tables = []Rows{o.head, o.quickStartNonce}
	for t := range 256 { // in order, for the fields' numbers
		if rows := o.bodies[uint8(t)]; rows != nil {
			o.tables = append(o.tables, rows)
		}
	}
	return o
}

// ipv6OptionsOf yields the options of an options header: where each starts, and its bytes from the type on. One whose length reaches
// beyond the header is the last one, with the bytes that are there.
func ipv6OptionsOf(h []byte) func(yield func(off int, option []byte) bool) {
	return func(yield func(int, []byte) bool) {
		for off := 2; off < len(h); {
			n := 1
			if h[off] != ipv6OptPad1 && off+1 < len(h) {
				n = min(2+int(h[off+1]), len(h)-off)
			}
			if !yield(off, h[off:off+n]) {
				return
			}
			off += n
		}
	}
}

func (o *ipv6Options) walk(w *Walker) {
	for off, option := range ipv6OptionsOf(w.Header()) {
		if w.done {
			return
		}
		w.Add(o.option, off, len(option))
		w.depth++
		if option[0] == ipv6OptPad1 {
			w.Add(&o.head[0], off, 1)
			w.Add(o.pad1, off, 1)
		} else {
			w.Part(o.head, off, 1)
		}
		if len(option) >= 2 {
			w.Add(o.length, off+1, 1)
			o.walkOption(w, off+2, option[0], option[2:])
		}
		w.depth--
	}
}

// walkOption yields the fields of an option whose data starts at off.
func (o *ipv6Options) walkOption(w *Walker, off int, kind uint8, data []byte) {
	rows, n := o.bodies[kind], len(data)
	w.Part(rows, off, n)
	used := min(rows.Bits()/8, n)
	switch kind {
	case ipv6OptPadN:
		w.Add(o.padN, off, n)
		return
	case 0x1e, 0x3e, 0x5e, 0x7e, 0x9e, 0xbe, 0xde, 0xfe:
		w.Add(o.experimental, off, n)
		return
	case ipv6OptNonce:
		w.Add(o.nonce, off, n)
		return
	case ipv6OptCALIPSO:
		if n >= 8 {
			bitmap := min(int(data[4])*4, n-8)
			w.Add(o.compartments, off+8, bitmap)
			used += bitmap
		}
	case ipv6OptDuplicates:
		o.walkDuplicates(w, off, data)
		return
	case ipv6OptQuickStart:
		if n != 6 {
			return
		}
		if data[0]>>4 == 0 {
			w.Add(o.ttl, off+1, 1)
			if ip := w.Packet.ipv6Around(w.Index); ip != nil {
				w.Num(o.ttlDiff, off+1, 1, uint64(ip.HopLimit()-data[1]))
			}
		} else {
			w.Add(o.unused, off+1, 1)
		}
		w.Part(o.quickStartNonce, off+2, 4)
		return
	case ipv6OptPathMTU:
		if n >= 4 {
			w.Num(o.returned, off+2, 2, uint64(be16(data[2:])&^1))
			w.Num(o.returnFlag, off+3, 1, uint64(data[3]&1))
			used = 4
		}
	case ipv6OptMPL:
		if n >= 2 {
			seed := min([4]int{0, 2, 8, 16}[data[0]>>6], n-2)
			if seed > 0 {
				w.Add(o.seed, off+2, seed)
			}
			used += seed
		}
	case ipv6OptLine:
		if n >= 1 {
			line := min(int(data[0]), n-1)
			w.Add(o.line, off+1, line)
			used += line
		}
	default:
		if rows == nil {
			w.Add(o.unknown, off, n)
			return
		}
	}
	if used < n {
		w.Add(o.rest, off+used, n-used)
	}
}

// walkDuplicates is for RFC 6621 §6.1.1: a hash, or who tagged the packet and the number it gave.
func (o *ipv6Options) walkDuplicates(w *Walker, off int, data []byte) {
	n := len(data)
	switch {
	case n == 0:
	case data[0]&0x80 != 0:
		w.Add(o.hash, off, n)
	default:
		w.Num(o.tagger, off, 1, uint64(data[0]>>4))
		w.Num(o.taggerLen, off, 1, uint64(data[0]&15))
		tagger := 0
		if data[0]>>4 != 0 {
			tagger = min(int(data[0]&15)+1, n-1)
			w.Add(o.taggerID, off+1, tagger)
		}
		w.Add(o.identifier, off+1+tagger, n-1-tagger)
	}
}

// jumboLength is the payload length that a jumbo payload option in hop-by-hop header h says (RFC 2675 §2), or 0.
func jumboLength(h []byte) int {
	if len(h) < 8 || IPv6Extension(h).HeaderLength() > len(h) {
		return 0
	}
	for _, option := range ipv6OptionsOf(h[:IPv6Extension(h).HeaderLength()]) {
		if option[0] == ipv6OptJumbo && len(option) == 6 {
			if n := be32(option[2:]); n > 65535 && n < 1<<31 {
				return int(n)
			}
		}
	}
	return 0
}

// homeAddress is the source's address at home, if destination options h have it: a checksum's pseudo-header takes it for the
// source (RFC 6275 §9.3.1).
func homeAddress(h []byte) []byte {
	for _, option := range ipv6OptionsOf(h) {
		if option[0] == ipv6OptHomeAddress && len(option) == 18 {
			return option[2:]
		}
	}
	return nil
}

var (
	ipv6OptionTypes = Names{0x00: "Pad1", 0x01: "PadN", 0x04: "Tunnel Encapsulation Limit", 0x05: "Router Alert", 0x07: "CALIPSO", 0x08: "SMF_DPD",
		0x0f: "Performance and Diagnostic Metrics", 0x26: "Quick-Start", 0x30: "Path MTU Record", 0x63: "RPL", 0x23: "RPL", 0x6d: "MPL", 0x8a: "Endpoint Identification",
		0x8b: "ILNP Nonce", 0x8c: "Line-Identification", 0xc2: "Jumbo Payload", 0xc9: "Home Address", 0xee: "IP_DFF", 0x11: "IOAM", 0x31: "IOAM"}
	routerAlerts = routerAlertNames()
)

// routerAlertNames is the registry of RFC 5350.
func routerAlertNames() Names {
	n := Names{0: "MLD", 1: "RSVP", 2: "Active Networks", 3: "Reserved", 68: "NSIS NATFW NSLP", 69: "MPLS OAM"}
	for level := range uint64(32) {
		n[4+level] = "Aggregated Reservation Nesting Level " + strconv.FormatUint(level, 10)
		n[36+level] = "QoS NSLP Aggregation Level " + strconv.FormatUint(level, 10)
	}
	return n
}
