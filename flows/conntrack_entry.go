package flows

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// What the kernel says of its connections, in the words of conntrack-tools: `conntrack -L`, with `-o extended` or without, `conntrack -E`, and
// /proc/net/nf_conntrack. A line is the protocol, its number, the seconds that are left, the state, the two tuples with their counters, and
// flags in brackets.

// ConntrackEntry is a connection in the kernel's table.
type ConntrackEntry struct {
	Original Tuple // as packets of the original direction come in
	Reply    Tuple // as packets of the reply direction come in: their destination is what the translator made of the source
	State    State // StateNone for protocols without
	Replied  bool  // not [UNREPLIED]
	Assured  bool
	Ended    bool // it was destroyed: the line is an event
	Zone     uint16

	Counted bool // the kernel counts packets
	Packets [2]uint64
	Bytes   [2]uint64 // of IP packets

	Line int // in the file, from 1
}

// Translated is the tuple of packets of the original direction when they leave. It is Original if nothing is translated.
func (e *ConntrackEntry) Translated() Tuple { return e.Reply.Reverse() }

// maxConntrackEntries bounds what is read; the kernel's own default limit is below it.
const maxConntrackEntries = 1 << 22

// maxConntrackLine is in bytes.
const maxConntrackLine = 1 << 16

// ReadConntrack reads what conntrack printed. Of several events of a connection the last one counts. An error begins with the name and the
// line.
func ReadConntrack(r io.Reader, name string) (entries []ConntrackEntry, err error) {
	type key struct {
		original, reply Tuple
		zone            uint16
	}
	known := map[key]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxConntrackLine)
	line := 1
	for ; lines.Scan(); line++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "conntrack v") { // what it says on standard error
			continue
		}
		e, err := parseConntrack(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		e.Line = line
		k := key{e.Original, e.Reply, e.Zone}
		if i, ok := known[k]; ok {
			e.follow(&entries[i])
			entries[i] = e
			continue
		}
		if len(entries) == maxConntrackEntries {
			return nil, fmt.Errorf("%s:%d: more than %d connections", name, line, maxConntrackEntries)
		}
		known[k] = len(entries)
		entries = append(entries, e)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d: the line is longer than %d bytes", name, line, maxConntrackLine)
	}
	if lines.Err() != nil {
		return nil, fmt.Errorf("%s: %w", name, lines.Err())
	}
	return entries, nil
}

// follow takes over from an earlier line about the same connection what an event does not say: the end of one has no state.
func (e *ConntrackEntry) follow(earlier *ConntrackEntry) {
	if e.Ended {
		e.State = cmp.Or(e.State, earlier.State)
		e.Assured = e.Assured || earlier.Assured
	}
}

// conntrackProtocols are the names that differ from protocol to protocol in what follows their number.
var conntrackProtocols = map[string]uint8{
	"tcp": protocolTCP, "udp": protocolUDP, "udplite": protocolUDPLite, "sctp": protocolSCTP, "dccp": protocolDCCP,
	"icmp": protocolICMP, "icmpv6": protocolICMPv6, "gre": protocolGRE,
}

// parseConntrack reads a line.
func parseConntrack(text string) (e ConntrackEntry, err error) {
	e.Replied = true
	words := strings.Fields(text)
	for len(words) > 0 && strings.HasPrefix(words[0], "[") { // of an event
		e.Ended = e.Ended || words[0] == "[DESTROY]"
		words = words[1:]
	}
	if len(words) > 1 && (words[0] == "ipv4" || words[0] == "ipv6") {
		words = words[2:]
	}
	if len(words) < 2 {
		return e, errors.New("a protocol, its number and two tuples are expected")
	}
	protocol, err := strconv.ParseUint(words[1], 10, 8)
	if err != nil {
		return e, fmt.Errorf("%q is not the number of a protocol", words[1])
	}
	if want, ok := conntrackProtocols[words[0]]; ok && want != uint8(protocol) {
		return e, fmt.Errorf("%s is protocol %d, not %d", words[0], want, protocol)
	}
	words = words[2:]
	if len(words) > 0 && !strings.Contains(words[0], "=") {
		if _, err := strconv.ParseUint(words[0], 10, 32); err == nil { // seconds left; an ended one has none
			words = words[1:]
		}
	}
	tuples := [2]*Tuple{&e.Original, &e.Reply}
	for d := range tuples {
		tuples[d].Protocol = uint8(protocol)
	}
	var have [2]conntrackFields
	d := -1
	for _, word := range words {
		key, value, pair := strings.Cut(word, "=")
		switch {
		case pair && key == "src":
			if d++; d > 1 {
				return e, errors.New("there are more than two tuples")
			}
			err = have[d].address(&tuples[d].Src, fieldSource, value)
		case pair && d < 0:
			return e, fmt.Errorf("%q is before the tuples", word)
		case pair:
			err = e.field(tuples[d], &have[d], d, key, value)
		case word == "[UNREPLIED]":
			e.Replied = false
		case word == "[ASSURED]":
			e.Assured = true
		case strings.HasPrefix(word, "[") && strings.HasSuffix(word, "]"): // [OFFLOAD], [HW_OFFLOAD]
		case d < 0:
			e.State, err = parseState(uint8(protocol), word)
		default:
			err = fmt.Errorf("%q is not expected here", word)
		}
		if err != nil {
			return e, err
		}
	}
	for d := range tuples {
		if err := have[d].complete(tuples[d], d); err != nil {
			return e, err
		}
	}
	return e, nil
}

// conntrackFields are those that a tuple must have, and what was there.
type conntrackFields uint8

const (
	fieldSource conntrackFields = 1 << iota
	fieldDestination
	fieldSport
	fieldDport
	fieldType
	fieldID
)

// field reads one of tuple t, which is that of direction d, or one of the connection.
func (e *ConntrackEntry) field(t *Tuple, have *conntrackFields, d int, key, value string) (err error) {
	switch key {
	case "dst":
		return have.address(&t.Dst, fieldDestination, value)
	case "sport":
		return have.number(&t.Sport, fieldSport, key, value)
	case "dport":
		return have.number(&t.Dport, fieldDport, key, value)
	case "id":
		if !t.query() || *have&fieldID != 0 { // the connection's own, with -o id
			return nil
		}
		return have.number(&t.Sport, fieldID, key, value)
	case "type":
		var n uint16
		if err := have.number(&n, fieldType, key, value); err != nil {
			return err
		}
		if t.Protocol == protocolICMP {
			t.Type = icmpRequest(uint8(n))
		} else {
			t.Type = icmpv6Request(uint8(n))
		}
	case "packets":
		e.Counted = true
		e.Packets[d], err = strconv.ParseUint(value, 10, 64)
	case "bytes":
		e.Bytes[d], err = strconv.ParseUint(value, 10, 64)
	case "zone":
		var n uint64
		n, err = strconv.ParseUint(value, 10, 16)
		e.Zone = uint16(n)
	}
	if err != nil {
		return fmt.Errorf("%s=%s is no number", key, value)
	}
	return nil
}

func (have *conntrackFields) address(to *[16]byte, field conntrackFields, value string) error {
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" {
		return fmt.Errorf("%q is not an IP address", value)
	}
	if *have&field != 0 {
		return fmt.Errorf("%s: the tuple has an address already", value)
	}
	*to = a.As16()
	*have |= field
	return nil
}

func (have *conntrackFields) number(to *uint16, field conntrackFields, key, value string) error {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return fmt.Errorf("%s=%s is not a number from 0 to 65535", key, value)
	}
	*to = uint16(n)
	*have |= field
	return nil
}

// complete tells what tuple d lacks.
func (have conntrackFields) complete(t *Tuple, d int) error {
	need := fieldSource | fieldDestination
	switch {
	case t.HasPorts():
		need |= fieldSport | fieldDport
	case t.query():
		need |= fieldType | fieldID
	}
	for i, name := range []string{"src", "dst", "sport", "dport", "type", "id"} {
		if lacks := need &^ have; lacks>>i&1 != 0 {
			return fmt.Errorf("the %s tuple has no %s", [...]string{"original", "reply"}[d], name)
		}
	}
	if !t.HasPorts() && !t.query() { // keys of GRE are not those of a flow
		t.Sport, t.Dport = 0, 0
	}
	return nil
}

// parseState is the state that conntrack calls so. Those of DCCP are none here.
func parseState(protocol uint8, name string) (State, error) {
	switch {
	case protocol == protocolDCCP, name == "NONE":
		return StateNone, nil
	case protocol == protocolTCP && name == "LISTEN": // what SYN_SENT2 was called
		return StateSynSent2, nil
	}
	for s := StateSynSent; s < states; s++ {
		if stateNames[s] == name {
			return s, nil
		}
	}
	return StateNone, fmt.Errorf("%q is not a state of conntrack", name)
}
