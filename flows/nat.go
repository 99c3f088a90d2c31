package flows

// A translator of addresses leaves of a packet what its print is made of, and mostly its identification: so two flows with different
// addresses that have the same packets are one connection, before and after it.

// translated tells whether the packet of o, captured before in a flow with the given tuple, may have come from there through a translator:
// between two places, or by way of a router, which took at least one from the TTL. One address stays, unless both sides are translated,
// or it came from the other version of IP.
func translated(before *Tuple, o *Observation, was *capture, elsewhere bool) bool {
	if o.TTL == was.ttl && !elsewhere {
		return false
	}
	if !printProves(o) || o.ipID != was.ipID && o.ipID != 0 && was.ipID != 0 && o.Protocol != protocolTCP {
		return false
	}
	if before.V4() != o.V4() {
		return true
	}
	src, dst := before.Src, before.Dst
	sport, dport := before.Sport, before.Dport
	if was.d == Reply {
		src, dst, sport, dport = dst, src, dport, sport
	}
	sameSource := src == o.Src && (sport == o.Sport || o.query())
	sameDestination := dst == o.Dst && (dport == o.Dport || o.query())
	return sameSource || sameDestination || o.Protocol == protocolTCP
}

// printProves tells whether a packet says enough to be known again by its print: two of TCP's numbers, or some bytes of payload.
func printProves(o *Observation) bool {
	switch o.Protocol {
	case protocolTCP:
		return true
	case protocolICMP, protocolICMPv6:
		return o.query() && len(o.body) >= 8
	}
	return len(o.body) >= 8+4
}

// tieTranslated links flow n, which has the packet of o, to the one that has it with other addresses. If there are several, the packet
// proves nothing.
func (t *Tracker) tieTranslated(o *Observation, n uint32, c *copyOf) {
	var other *capture
	for i := range c.translated {
		was := &c.translated[i]
		switch {
		case t.records.at(was.flow).id != was.id || was.flow == n:
		case other != nil && other.flow != was.flow:
			return
		default:
			other = was
		}
	}
	if other == nil {
		return
	}
	evidence := SamePayload
	switch {
	case o.Protocol == protocolTCP:
		evidence = TCPNumbers
	case o.query():
		evidence = ICMPSequence
	}
	// Nearer to its sender a packet has the higher TTL, and of the reply direction that is the side behind the translator.
	after := o.TTL < other.ttl || o.TTL == other.ttl && o.Time >= other.time
	if other.d == Reply {
		after = !after
	}
	l := Link{Kind: NATOf, Evidence: evidence, Packets: 1, Frame: o.Frame, After: after}
	l.Flow = other.id
	t.links.add(&t.tie(n).links, t.segmentOf(other.flow).ID, l)
	l.Flow, l.After = t.records.at(n).id, !after
	t.links.add(&t.tie(other.flow).links, t.segmentOf(n).ID, l)
}
