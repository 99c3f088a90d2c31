package capturefilter

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"pktscope/internal/mistake"
)

// Bounds on what is parsed: nobody writes more by hand, and what programs write has to fit into a kernel, too.
const (
	mostText  = 1 << 16 // bytes
	mostDepth = 256     // of parentheses, brackets, nots and minus signs
)

// parser reads tokens. The grammar is libpcap's (grammar.y), with these productions:
//
//	expression = operand { ("and" | "or") operand }          "and" and "or" bind alike, from the left
//	operand    = "not" operand | "(" expression ")" | comparison | primitive | identifier
//	primitive  = [proto] [direction] [type] identifiers | [proto] "proto" identifiers | proto | "vlan" [number] | …
//
// An identifier without words before it has those of the primitive to its left.
type parser struct {
	tokens []token
	closer []int // for a token that is "(", the number of the token that closes it; 0 for none
	at     int
	depth  int
}

func parse(text string) node {
	if len(text) > mostText {
		span{mostText, len(text)}.fail("the expression has %d bytes, more than %d", len(text), mostText)
	}
	p := &parser{tokens: lex(text)}
	p.match()
	if p.peek().kind == end {
		return nil
	}
	n, _ := p.expression(qualifiers{})
	if t := p.peek(); t.kind != end {
		p.superfluous(t)
	}
	return n
}

// superfluous fails at t, which follows a whole expression. Often it is a word that is missing before it.
func (p *parser) superfluous(t token) {
	before := p.tokens[p.at-1]
	switch {
	case t.kind == number && before.is("tcp", "udp", "sctp"):
		t.failHint("write "+before.written+" port "+t.written, "a word is missing before the number")
	case (t.kind == ipv4 || t.kind == ipv6) && before.is("ip", "ip6", "arp", "rarp"):
		t.failHint("write "+before.written+" host "+t.written, "a word is missing before the address")
	}
	p.unexpected(t, "and, or, or the end")
}

// match finds the ends of parentheses.
func (p *parser) match() {
	p.closer = make([]int, len(p.tokens))
	var open []int
	for i, t := range p.tokens {
		switch {
		case t.kind == invalid:
			t.fail("%s", t.text)
		case t.is("("):
			open = append(open, i)
		case t.is(")") && len(open) == 0:
			t.fail("this parenthesis closes none")
		case t.is(")"):
			p.closer[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		p.tokens[open[len(open)-1]].fail("this parenthesis is not closed")
	}
}

func (p *parser) peek() token { return p.tokens[p.at] }

// after is the token n tokens on.
func (p *parser) after(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.peek()
	if t.kind != end {
		p.at++
	}
	return t
}

// accept takes the next token if it is one of the words.
func (p *parser) accept(all ...string) bool {
	if p.peek().is(all...) {
		p.at++
		return true
	}
	return false
}

// expect takes the next token, which has to be the word.
func (p *parser) expect(w string) token {
	t := p.next()
	if !t.is(w) {
		p.unexpected(t, w)
	}
	return t
}

// unexpected fails at t, where wanted should be.
func (p *parser) unexpected(t token, wanted string) {
	switch {
	case t.kind == end:
		t.fail("%s is missing at the end", wanted)
	case t.kind == word && foreign(t.text) != "":
		t.fail("%s is of %s, which capture filters here do not know", mistake.Quote(t.written), foreign(t.text))
	case t.kind == word && protocols[t.text] && (wanted == "a host" || wanted == "a net"):
		t.failHint(`the name is written \`+t.written, "%s is a word of the language, and %s is wanted", mistake.Quote(t.written), wanted)
	case t.kind == name && words[canonical(strings.ToLower(t.text))]:
		t.failHint("write "+strings.ToLower(t.text), "the words of the language are in small letters")
	case t.kind == name && strings.Contains(t.text, "-"):
		t.failHint("a minus has spaces around it", "%s is a name, and %s is wanted", mistake.Quote(t.written), wanted)
	}
	t.fail("%s stands where %s is wanted", mistake.Quote(t.written), wanted)
}

// deeper counts a level of nesting at t, until the function returned is called.
func (p *parser) deeper(t token) func() {
	if p.depth++; p.depth > mostDepth {
		t.fail("nested more than %d deep", mostDepth)
	}
	return func() { p.depth-- }
}

// qualifiers are the words before an identifier.
type qualifiers struct {
	span
	proto     string // canonical; "" for none
	written   string // how proto stands in the text
	direction direction
	kind      string // host, net, port, portrange, proto, protochain; "" for none, which is host
	given     bool   // there are some: without any, an identifier means nothing
}

type direction uint8

const (
	either direction = iota // src or dst, which is also meant if none is given
	source
	destination
	both
)

// expression parses operands with and and or between them. before are the qualifiers that an identifier has which comes first. The
// qualifiers returned are those for an identifier that follows.
func (p *parser) expression(before qualifiers) (node, qualifiers) {
	left, q := p.operand(before)
	for {
		t := p.peek()
		if !p.accept("and", "or") {
			return left, q
		}
		var right node
		right, q = p.operand(q)
		left = &junction{span: left.where().to(right.where()), left: left, right: right, and: t.text == "and"}
	}
}

func (p *parser) operand(before qualifiers) (node, qualifiers) {
	t := p.peek()
	switch {
	case t.is("!"):
		defer p.deeper(t)()
		p.next()
		n, q := p.operand(before)
		return &negation{span: t.to(n.where()), of: n}, q
	case p.comparing():
		return p.comparison(), qualifiers{}
	case t.is("("):
		defer p.deeper(t)()
		p.next()
		n, _ := p.expression(before)
		p.expect(")")
		return n, before
	case t.kind != word && t.kind != end:
		if !before.given {
			p.alone(t)
		}
		inherited := before
		inherited.span = t.span
		return p.identifier(inherited), before
	}
	return p.primitive()
}

// alone fails at an identifier that no qualifiers are there for.
func (p *parser) alone(t token) {
	switch t.kind {
	case ipv4, ipv6:
		t.failHint("host "+t.text, "an address needs a word that says what it is of")
	case mac:
		t.failHint("ether host "+t.text, "an address needs a word that says what it is of")
	case number:
		t.failHint("port "+t.written+", or a comparison", "a number needs a word that says what it is of")
	}
	p.unexpected(t, "a primitive, such as host, port or tcp,")
}

var arithmetic = []string{"+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "<", ">", ">=", "<=", "!=", "="}

// comparing tells whether a comparison of values is next, and not a primitive, an identifier or an expression in parentheses.
func (p *parser) comparing() bool {
	t := p.peek()
	switch {
	case t.is("("):
		return p.tokens[p.closer[p.at]+1].is(arithmetic...)
	case t.kind == number && p.after(1).is("/") && p.after(2).kind == number && !p.after(3).is(arithmetic...):
		return false // a net, as 10/8
	case t.kind == number:
		return p.after(1).is(arithmetic...)
	}
	return t.is("-", "len") || t.kind == word && p.after(1).is("[")
}

func (p *parser) comparison() node {
	left := p.value()
	t := p.next()
	if !t.is("<", ">", ">=", "<=", "!=", "=") {
		p.unexpected(t, "a comparison, such as = 1,")
	}
	right := p.value()
	return &comparison{span: left.where().to(right.where()), operator: t.text, left: left, right: right}
}

// level of operators between values. % and ^ have none in libpcap's grammar: they take all that follows as their right side.
var levels = [][]string{{"|"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/"}}

func (p *parser) value() value { return p.valueOf(0) }

func (p *parser) valueOf(level int) value {
	if level == len(levels) {
		return p.unary()
	}
	left := p.valueOf(level + 1)
	for {
		t := p.peek()
		if !p.accept(levels[level]...) {
			return left
		}
		left = newOperation(t, left, p.valueOf(level+1))
	}
}

func (p *parser) unary() (v value) {
	t := p.next()
	defer p.deeper(t)()
	switch {
	case t.is("-"):
		v := p.unary()
		return newNegative(t.to(v.where()), v)
	case t.is("("):
		v = p.value()
		p.expect(")")
	case t.is("len"):
		v = &length{t.span}
	case t.kind == number:
		v = &constant{t.span, t.value}
	case t.kind == word && p.peek().is("["):
		v = p.load(t)
	default:
		p.unexpected(t, "a value")
	}
	if operator := p.peek(); p.accept("%", "^") {
		return newOperation(operator, v, p.value())
	}
	return v
}

// load parses the brackets behind the protocol t.
func (p *parser) load(t token) value {
	p.expect("[")
	l := &load{proto: t.text, size: 1, index: p.value()}
	if p.accept(":") {
		size := p.next()
		if size.kind != number {
			p.unexpected(size, "a number of bytes")
		}
		if size.value != 1 && size.value != 2 && size.value != 4 {
			size.fail("a value has 1, 2 or 4 bytes")
		}
		l.size = size.value
	}
	l.span = t.to(p.expect("]").span)
	if !loadable[t.text] {
		if w := foreign(t.text); w != "" {
			t.fail("%s is of %s, which capture filters here do not know", mistake.Quote(t.written), w)
		}
		t.fail("%s has no bytes to look at", mistake.Quote(t.written))
	}
	return l
}

// protocols are the words that can stand before the words of an address, and alone.
var protocols = set("link", "ip", "arp", "rarp", "sctp", "tcp", "udp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp", "atalk", "aarp",
	"decnet", "lat", "sca", "mopdl", "moprc", "ip6", "icmp6", "ah", "esp", "iso", "esis", "isis", "l1", "l2", "iih", "lsp", "snp", "csnp",
	"psnp", "clnp", "stp", "ipx", "netbeui")

// primitive parses what is not an identifier. The qualifiers returned are those for an identifier that follows; of many primitives there are none.
func (p *parser) primitive() (node, qualifiers) {
	first := p.peek()
	q := qualifiers{span: first.span, given: true}
	if first.kind == word && protocols[first.text] {
		q.proto, q.written = p.next().text, first.written
	}
	t := p.peek()
	switch {
	case t.is("broadcast"):
		p.next()
		return &broadcast{q.to(t.span), q.proto}, qualifiers{}
	case t.is("multicast"):
		p.next()
		return &multicast{q.to(t.span), q.proto}, qualifiers{}
	case t.is("src", "dst"):
		q.direction = p.direction()
		if p.peek().is("host", "net", "port", "portrange") {
			q.kind = p.next().text
		}
	case t.is("host", "net", "port", "portrange", "proto", "protochain"):
		q.kind = p.next().text
	case t.is("gateway"):
		t.failHint("ether host MAC and not host IP", "gateway needs names of hosts, which are not looked up")
	case q.proto != "":
		return &protocolTest{first.span, q.proto}, qualifiers{}
	default:
		return p.other(), qualifiers{}
	}
	q.span.end = p.tokens[p.at-1].end
	return p.identifiers(q), q
}

// direction parses src, dst, and both of them with a word between.
func (p *parser) direction() direction {
	first := p.next()
	if p.peek().is("and", "or") && p.after(1).is("src", "dst") && p.after(1).text != first.text {
		between := p.next()
		p.next()
		if between.text == "and" {
			return both
		}
		return either
	}
	if first.text == "src" {
		return source
	}
	return destination
}

// identifiers parses what stands behind qualifiers: an identifier, or several in parentheses.
func (p *parser) identifiers(q qualifiers) node {
	t := p.peek()
	switch {
	case t.is("!"):
		defer p.deeper(t)()
		p.next()
		n := p.identifiers(q)
		return &negation{span: t.to(n.where()), of: n}
	case t.is("("):
		defer p.deeper(t)()
		p.next()
		left := p.identifiers(q)
		for operator := p.peek(); p.accept("and", "or"); operator = p.peek() {
			right := p.identifiers(q)
			left = &junction{span: left.where().to(right.where()), left: left, right: right, and: operator.text == "and"}
		}
		p.expect(")")
		return left
	}
	return p.identifier(q)
}

// other parses primitives that have no qualifiers.
func (p *parser) other() node {
	t := p.next()
	switch {
	case t.is("less", "greater"):
		n := p.number("a length")
		return &lengthTest{t.to(n.span), n.value, t.text == "less"}
	case t.is("byte"):
		return p.byteTest(t)
	case t.is("inbound", "outbound"):
		return &directionTest{t.span, t.text == "outbound"}
	case t.is("ifindex"):
		n := p.number("the number of an interface")
		return &ifindexTest{t.to(n.span), n.value}
	case t.is("vlan"):
		id := p.optional(t, 0xfff, "a VLAN has 12 bits")
		return &vlanTest{id}
	case t.is("mpls"):
		return &mplsTest{p.optional(t, 0xfffff, "a label has 20 bits")}
	case t.is("pppoed"):
		return &pppoeDiscovery{t.span}
	case t.is("pppoes"):
		return &pppoeSession{p.optional(t, 0xffff, "a session has 16 bits")}
	case t.is("geneve"):
		return &geneveTest{p.optional(t, 0xffffff, "a VNI has 24 bits")}
	case t.is("vxlan"):
		return &vxlanTest{p.optional(t, 0xffffff, "a VNI has 24 bits")}
	case t.is("llc"):
		return p.llc(t)
	}
	p.unexpected(t, "a primitive, such as host, port or tcp,")
	return nil
}

// optionalNumber is a number that may stand behind a word.
type optionalNumber struct {
	span
	value uint32
	given bool
}

// optional parses the number that may stand behind t, perhaps in parentheses.
func (p *parser) optional(t token, most uint32, wrong string) optionalNumber {
	n := optionalNumber{span: t.span}
	parentheses := 0
	for p.after(parentheses).is("(") {
		parentheses++
	}
	v := p.after(parentheses)
	if v.kind != number {
		return n
	}
	if v.value > most {
		v.fail("%s, so %d is none", wrong, v.value)
	}
	p.at += parentheses + 1
	n.value, n.given = v.value, true
	n.span = t.to(v.span)
	for range parentheses {
		n.span = t.to(p.expect(")").span)
	}
	return n
}

func (p *parser) number(what string) token {
	t := p.next()
	if t.kind != number {
		p.unexpected(t, what)
	}
	return t
}

func (p *parser) byteTest(t token) node {
	offset := p.number("the offset of a byte")
	operator := p.next()
	if !operator.is("=", "<", ">", "&", "|") {
		p.unexpected(operator, "=, <, >, & or |")
	}
	v := p.number("the value of a byte")
	l := &load{span: t.to(offset.span), proto: "link", index: &constant{offset.span, offset.value}, size: 1}
	c := &comparison{span: t.to(v.span), operator: operator.text, left: l, right: &constant{v.span, v.value}}
	if operator.is("&", "|") {
		c.left, c.operator, c.right = newOperation(operator, l, c.right), "!=", &constant{v.span, 0}
	}
	return c
}

// llc parses what may stand behind the word: the format of an 802.2 frame, or its command.
func (p *parser) llc(t token) node {
	n := &llcTest{span: t.span}
	v := p.peek()
	if v.kind != name && !v.is("rnr") {
		return n
	}
	p.next()
	var ok bool
	if n.test, ok = llcTests[strings.ToLower(v.text)]; !ok {
		v.failHint("there are i, s, u, rr, rnr, rej, ui, ua, disc, dm, sabme, test, xid, frmr", "802.2 has no frames of type %s", mistake.Quote(v.text))
	}
	n.span = t.to(v.span)
	return n
}

// identifier parses one identifier and makes of it what q says.
func (p *parser) identifier(q qualifiers) node {
	t := p.next()
	at := q.to(t.span)
	switch q.kind {
	case "", "host":
		return p.host(q, at, t)
	case "net":
		return p.net(q, at, t)
	case "port", "portrange":
		return p.port(q, at, t)
	}
	return p.protocolNumber(q, at, t)
}

func (p *parser) host(q qualifiers, at span, t token) node {
	switch t.kind {
	case mac:
		if q.proto != "link" {
			t.failHint("ether host "+t.text, "a MAC address needs ether before it")
		}
		return &macTest{at, q.direction, parseMAC(t.text)}
	case name:
		t.failHint("write the address", "names of hosts are not looked up")
	}
	if q.proto == "link" {
		if t.kind == number || t.kind == ipv4 || t.kind == ipv6 {
			t.fail("%s is no address of a link layer", mistake.Quote(t.written))
		}
		p.unexpected(t, "a MAC address")
	}
	if q.proto == "decnet" {
		return &decnetTest{at, q.direction, p.decnetAddress(t)}
	}
	switch t.kind {
	case number:
		q.ipv4(t)
		return &ipv4Test{at, q.proto, q.direction, t.value, 1<<32 - 1}
	case ipv4:
		q.ipv4(t)
		p.noMask()
		address, length := parseIPv4(t)
		return &ipv4Test{at, q.proto, q.direction, address, mask(length)}
	case ipv6:
		q.ipv6(t)
		p.noMask()
		return &ipv6Test{at, q.direction, netip.MustParseAddr(t.text).As16(), 128}
	}
	p.unexpected(t, "a host")
	return nil
}

// noMask fails where a mask follows the address of a host.
func (p *parser) noMask() {
	if t := p.peek(); t.is("/", "mask") {
		t.failHint("write net", "a mask is for nets only")
	}
}

func (p *parser) net(q qualifiers, at span, t token) node {
	if q.proto == "link" {
		at.fail("a link layer has no nets")
	}
	switch t.kind {
	case name:
		t.failHint("write its address and mask", "names of nets are not looked up")
	case mac:
		t.fail("a net has an IPv4 or IPv6 address")
	case ipv6:
		q.ipv6(t)
		a := netip.MustParseAddr(t.text)
		length := uint32(128)
		if p.accept("/") {
			length = p.prefixLength(128)
		}
		if prefix := netip.PrefixFrom(a, int(length)); prefix.Masked().Addr() != a {
			t.to(p.tokens[p.at-1].span).failHint(prefix.Masked().String(), "the address has bits outside the mask")
		}
		return &ipv6Test{at, q.direction, a.As16(), length}
	case number, ipv4:
	default:
		p.unexpected(t, "a net")
	}
	q.ipv4(t)
	var address, m uint32
	if t.kind == ipv4 {
		var length uint32
		address, length = parseIPv4(t)
		m = mask(length)
	} else { // zeros behind, as many bytes as are free
		length := uint32(32)
		if t.value != 0 {
			length -= uint32(bits.LeadingZeros32(t.value)) / 8 * 8
		}
		address, m = t.value<<(32-length), mask(length)
	}
	switch {
	case p.accept("/"):
		m = mask(p.prefixLength(32))
	case p.accept("mask"):
		other := p.next()
		if other.kind != ipv4 {
			p.unexpected(other, "a mask, such as 255.255.0.0,")
		}
		m, _ = parseIPv4(other)
	}
	if address&^m != 0 {
		var fits [4]byte
		binary.BigEndian.PutUint32(fits[:], address&m)
		t.to(p.tokens[p.at-1].span).failHint("with this mask it is "+netip.AddrFrom4(fits).String(), "the address has bits outside the mask")
	}
	at.end = p.tokens[p.at-1].end
	return &ipv4Test{at, q.proto, q.direction, address, m}
}

func (p *parser) prefixLength(most uint32) uint32 {
	t := p.number("the length of a prefix")
	if t.value > most {
		t.fail("a prefix has at most %d bits", most)
	}
	return t.value
}

// mask has length ones in front.
func mask(length uint32) uint32 { return ^uint32(1<<(32-length) - 1) }

// parseIPv4 reads two to four numbers with dots between. The rest of the address is zeros.
func parseIPv4(t token) (address, length uint32) {
	for part := range strings.SplitSeq(t.text, ".") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			t.fail("%s is no IPv4 address: its parts are numbers up to 255", mistake.Quote(t.text))
		}
		address = address<<8 | uint32(n)
		length += 8
	}
	return address << (32 - length), length
}

// ipv4 fails if what q says has no IPv4 addresses.
func (q *qualifiers) ipv4(t token) {
	switch q.proto {
	case "", "ip", "arp", "rarp":
	case "ip6":
		t.fail("ip6 has no addresses like %s", mistake.Quote(t.text))
	default:
		q.fail("%s has no addresses of hosts", mistake.Quote(q.written))
	}
}

// ipv6 fails if what q says has no IPv6 addresses.
func (q *qualifiers) ipv6(t token) {
	switch q.proto {
	case "", "ip6":
	case "ip", "arp", "rarp":
		t.fail("%s has no addresses like %s", q.written, mistake.Quote(t.text))
	default:
		q.fail("%s has no addresses of hosts", mistake.Quote(q.written))
	}
}

// decnetAddress reads an area and a node, with a dot between.
func (p *parser) decnetAddress(t token) uint16 {
	area, node, ok := strings.Cut(t.text, ".")
	a, err := strconv.ParseUint(area, 10, 6)
	n, err2 := strconv.ParseUint(node, 10, 10)
	if t.kind != ipv4 || !ok || err != nil || err2 != nil {
		t.fail("a DECnet address is an area up to 63, a dot and a node up to 1023")
	}
	return uint16(a<<10 | n)
}

// Numbers of the transports that have ports.
const (
	protocolTCP  = 6
	protocolUDP  = 17
	protocolSCTP = 132
)

func (p *parser) port(q qualifiers, at span, t token) node {
	n := &portTest{span: at, direction: q.direction}
	switch q.proto {
	case "":
	case "tcp":
		n.transport = protocolTCP
	case "udp":
		n.transport = protocolUDP
	case "sctp":
		n.transport = protocolSCTP
	default:
		q.fail("%s has no ports", mistake.Quote(q.written))
	}
	switch t.kind {
	case number: // as a range it is one of a single port
		if t.value > 1<<16-1 {
			t.fail("a port has 16 bits, so %d is none", t.value)
		}
		n.low, n.high = uint16(t.value), uint16(t.value)
	case name:
		low, high, ranging := t.text, t.text, false
		if q.kind == "portrange" {
			if low, high, ranging = strings.Cut(t.text, "-"); !ranging {
				t.failHint("portrange 6000-6063", "a range has two ports, with a minus between")
			}
		}
		var over, over2 transports
		n.low, over = p.portName(t, q.kind, low)
		n.high, over2 = p.portName(t, q.kind, high)
		if over != over2 {
			over = overTCP | overUDP
		}
		n.restrict(t, over)
	default:
		p.unexpected(t, "a port")
	}
	if n.low > n.high {
		n.low, n.high = n.high, n.low
	}
	return n
}

// portName is the port that s is, a part of t.
func (p *parser) portName(t token, kind, s string) (uint16, transports) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return uint16(n), overTCP | overUDP
	}
	n, over, ok := service(s)
	if !ok {
		hint := "write its number"
		if low, high, found := strings.Cut(t.text, "-"); found && kind == "port" && low != "" && low[0] >= '0' && low[0] <= '9' && high != "" {
			hint = "a range is written portrange " + t.text
		}
		t.failHint(hint, "no port has the name %s", mistake.Quote(s))
	}
	return n, over
}

// restrict leaves of the transports those over which the name t stands for a port.
func (n *portTest) restrict(t token, over transports) {
	var only byte
	switch over {
	case overTCP:
		only = protocolTCP
	case overUDP:
		only = protocolUDP
	default:
		return
	}
	if n.transport != 0 && n.transport != only {
		t.fail("%s is a port of %s", mistake.Quote(t.text), map[byte]string{protocolTCP: "TCP", protocolUDP: "UDP"}[only])
	}
	n.transport = only
}

func (p *parser) protocolNumber(q qualifiers, at span, t token) node {
	if q.kind == "protochain" && q.proto != "" && q.proto != "ip" && q.proto != "ip6" {
		q.fail("%s has no chain of headers", mistake.Quote(q.written))
	}
	n := &protocolNumber{span: at, proto: q.proto, chain: q.kind == "protochain"}
	lookup, what := ipProtocol, "protocol above IP"
	switch q.proto {
	case "", "ip", "ip6":
	case "link":
		lookup, what = etherProtocol, "EtherType or service access point"
	case "iso":
		lookup, what = func(s string) (uint32, bool) { v, ok := isoProtocols[s]; return v, ok }, "OSI protocol"
	case "isis":
		lookup, what = func(string) (uint32, bool) { return 0, false }, "IS-IS PDU"
	default:
		q.fail("%s does not say which protocol it carries", mistake.Quote(q.written))
	}
	if t.kind == number {
		n.number = t.value
		return n
	}
	if t.kind != name && !(t.kind == word && words[t.text]) {
		p.unexpected(t, "a protocol")
	}
	var ok bool
	if n.number, ok = lookup(t.text); !ok {
		t.fail("no %s has the name %s", what, mistake.Quote(t.text))
	}
	return n
}
