package flows

// Labels say what a flow is for, in its own words: the server and protocols that a client of TLS asks for, the name that is asked of DNS.
// They are read out of the first payload of a flow, DNS out of every message; a packet without news costs no memory.

// TLSLabel is what the client says in the clear.
type TLSLabel struct {
	ServerName string // see ClientHello
	ALPN       string
}

// DNSLabel is what is asked of DNS, and how long the answers take.
type DNSLabel struct {
	Name      string  // in the first question
	Type      DNSType // of the first question
	Queries   uint32
	Responses uint32
	Code      uint8 // of the last response
	Time      RTT   // from a query to the response with its ID
}

// dnsPort is where DNS is listened for. Multicast DNS, whose messages have no ID, has another one.
const dnsPort = 53

// labelTable is the labels of all flows.
type labelTable struct {
	tls   chunks[tlsLabel]
	dns   chunks[dnsLabel]
	names names
}

type tlsLabel struct{ serverName, alpn uint32 } // in names

// dnsLabel is what is remembered of a flow of DNS. Resolvers ask for several types at a time, each with an ID of its own.
type dnsLabel struct {
	waiting     [4]dnsQuery
	next        uint8 // the place that is used next
	code        uint8
	kind        DNSType
	name        uint32 // in names
	queries     uint32
	responses   uint32
	answerTimes tcpResult // inFlight is not used
}

type dnsQuery struct {
	time    int64
	id      uint16
	waiting bool
}

func (t *Tuple) dns() bool { return t.Sport == dnsPort || t.Dport == dnsPort }

// mayTell tells whether it is worth the time to read labels out of the payload of o. It is asked where the packet's bytes are at hand.
func (o *Observation) mayTell() bool {
	switch {
	case o.Protocol == protocolUDP:
		return o.dns() && len(o.body) > 8
	case o.Protocol != protocolTCP || len(o.body) <= 20:
		return false
	case o.dns():
		return true
	}
	header := int(o.body[12]>>4) * 4
	return header < len(o.body) && o.body[header] == tlsHandshake
}

// label reads what the payload of o, which may tell something and has direction d of flow n, says of it.
func (t *Tracker) label(n uint32, d Direction, o *Observation) {
	if o.Protocol == protocolUDP {
		if m, ok := ReadDNS(o.body[8:]); ok {
			t.labelDNS(n, &m, o.Time)
		}
		return
	}
	header := int(o.body[12]>>4) * 4
	if len(o.body) <= header {
		return
	}
	payload := o.body[header:]
	if o.dns() {
		if m, ok := ReadDNSOverTCP(payload); ok {
			t.labelDNS(n, &m, o.Time)
		}
	} else if t.accounts.at(n).direction(d).payload == 0 {
		if hello, ok := ReadClientHello(payload); ok {
			t.labelTLS(n, &hello)
		}
	}
}

func (t *Tracker) labelTLS(n uint32, hello *ClientHello) {
	if at := t.tie(n); at.label == 0 {
		at.label = t.labels.tls.take()
		*t.labels.tls.at(at.label) = tlsLabel{t.labels.names.take(hello.ServerName()), t.labels.names.take(hello.ALPN())}
	}
}

func (t *Tracker) labelDNS(n uint32, m *DNSMessage, now int64) {
	at := t.tie(n)
	if at.label == 0 {
		at.label = t.labels.dns.take()
	}
	l := t.labels.dns.at(at.label)
	if l.kind == 0 && m.Type != 0 {
		l.name, l.kind = t.labels.names.take(m.Name()), m.Type
	}
	if !m.Response {
		l.queries++
		l.asked(m.ID, now)
		return
	}
	l.responses++
	l.code = m.Code
	for i := range l.waiting {
		if q := &l.waiting[i]; q.waiting && q.id == m.ID {
			l.answerTimes.roundTrip(now - q.time)
			q.waiting = false
			return
		}
	}
}

// asked notes a query. One that is sent again was asked when it was sent first: so long somebody has been waiting.
func (l *dnsLabel) asked(id uint16, now int64) {
	for i := range l.waiting {
		if q := &l.waiting[i]; q.waiting && q.id == id {
			return
		}
	}
	l.waiting[l.next] = dnsQuery{now, id, true}
	l.next = (l.next + 1) % uint8(len(l.waiting))
}

// dropLabel gives back what flow f, which leaves, has as its label.
func (t *Tracker) dropLabel(f *record, label uint32) {
	all := &t.labels
	switch {
	case label == 0:
	case f.dns():
		all.names.drop(all.dns.at(label).name)
		all.dns.give(label)
	default:
		all.names.drop(all.tls.at(label).serverName)
		all.names.drop(all.tls.at(label).alpn)
		all.tls.give(label)
	}
}

// viewLabel shows the label of f in v.
func (t *Tracker) viewLabel(f *record, label uint32, v *Flow) {
	all := &t.labels
	switch {
	case label == 0:
	case f.dns():
		l := all.dns.at(label)
		v.DNS = &DNSLabel{all.names.text(l.name), l.kind, l.queries, l.responses, l.code, l.answerTimes.rtt()}
	default:
		l := all.tls.at(label)
		v.TLS = &TLSLabel{all.names.text(l.serverName), all.names.text(l.alpn)}
	}
}

// names are texts out of the network, each kept once as long as a flow has it.
type names struct {
	byText map[string]uint32
	all    chunks[sharedName]
	bytes  int
	lost   uint64 // that found no room
}

type sharedName struct {
	text string
	uses uint32
}

// maxNameBytes bounds the memory that texts take, without what the table takes beside them.
const maxNameBytes = 16 << 20

// take returns the number of a text, 0 for none.
func (n *names) take(text string) uint32 {
	if text == "" {
		return 0
	}
	if number := n.byText[text]; number != 0 {
		n.all.at(number).uses++
		return number
	}
	if n.bytes+len(text) > maxNameBytes {
		n.lost++
		return 0
	}
	if n.byText == nil {
		n.byText = map[string]uint32{}
	}
	number := n.all.take()
	*n.all.at(number) = sharedName{text, 1}
	n.byText[text] = number
	n.bytes += len(text)
	return number
}

func (n *names) drop(number uint32) {
	if number == 0 {
		return
	}
	name := n.all.at(number)
	if name.uses--; name.uses == 0 {
		delete(n.byText, name.text)
		n.bytes -= len(name.text)
		n.all.give(number)
	}
}

func (n *names) text(number uint32) string {
	if number == 0 {
		return ""
	}
	return n.all.at(number).text
}
