package reports

import (
	"cmp"
	"fmt"

	"pktscope/dissect"
	"pktscope/flows"
)

// Findings about who is asked and who asks: no answer, refusals, floods of SYNs, scans, translators that do not translate.

// foldServer adds a flow to what it goes to.
func (t *flowFindings) foldServer(server *askedTotal, f *flows.Flow, src endpoint, before, after bool) {
	server.flows++
	original, reply := &f.Directions[flows.Original], &f.Directions[flows.Reply]
	resets := uint64(reply.Counters.Of(flows.TCPReset))
	silent, failed := false, false
	switch f.Protocol {
	case tcpNumber:
		handshake := f.State == flows.StateSynSent || f.State == flows.StateSynRecv
		switch {
		case f.Midstream:
			server.answered++
			return
		case handshake && !f.Replied:
			silent, failed = true, true
		case reply.Packets > 0 && reply.Packets == resets && f.TCP != nil && reply.Payload == 0 && original.Payload == 0:
			server.refused++
			server.resets.add(cmp.Or(reply.Reset, f.Frame))
			failed = true
		case f.TCP != nil && (original.Reset != 0 || reply.Reset != 0) && !f.TCP.Finished(flows.Original) && !f.TCP.Finished(flows.Reply) &&
			original.Payload+reply.Payload > 0:
			server.resets.add(max(original.Reset, reply.Reset))
			server.answered++
		case handshake: // answered, but the client does not go on
		case f.Replied:
			server.answered++
		}
		if handshake {
			server.half.add(f.Frame)
			server.span.add(f.First())
			server.clients.Add(FixedSeed.Uint128(src[0], src[1]))
		}
	case udpNumber:
		silent = !f.Replied && asked(f.Dport)
		if f.Replied {
			server.answered++
		}
	case icmpNumber, icmp6Number:
		silent = !f.Replied && (f.Type == 8 || f.Type == 128)
		if f.Replied {
			server.answered++
		}
		failed = silent
	}
	if silent {
		server.silent.add(f.Frame)
		t.at(f.Segment.Point.ID).silent++
		server.requests += original.Packets
		server.errors += uint64(f.Related)
	}
	t.foldInside(f, silent || f.Protocol == udpNumber && !f.Replied, before, after)
	source := t.sources.At(sourceKey{f.Segment.ID, src}, t.report.seed.Uint128(src[0]^uint64(f.Segment.ID)<<32, src[1]))
	source.segment = f.Segment
	source.flows++
	if failed {
		dst := tupleEndpoint(&f.Dst)
		source.failed.add(f.Frame)
		source.targets.Add(FixedSeed.Uint128(dst[0]^uint64(f.Dport)<<32, dst[1]))
		source.hosts.Add(FixedSeed.Uint128(dst[0], dst[1]))
		source.ports.Add(FixedSeed.Uint64(uint64(f.Dport)))
		source.span.add(f.First())
	}
}

// number is how many different ones there are, about.
func (d *Distinct) number() uint64 {
	n, _ := d.Cell().value.(int64)
	return uint64(n)
}

// inSegment is " in vlan 100", nothing where there is no identifier.
func inSegment(s *flows.Segment) string {
	if name := s.Name(); len(s.Path) > 0 || s.Tenant != "" {
		return " in " + name
	}
	return ""
}

func (t *flowFindings) raiseScans(s *search) {
	for i := range t.sources.Entries() {
		k, source := t.sources.Entries()[i].Key, &t.sources.Entries()[i].Total
		targets := source.targets.number()
		if targets < s.threshold(foundScan) || source.failed.count*5 < source.flows*4 {
			continue
		}
		s.add(foundScan, Warning, source.segment.Point, Finding{
			What: fmt.Sprintf("%s%s tried %s of %s in %s; %s of its %s connections failed", k.address.addr(), inSegment(source.segment),
				distinctText(&source.ports, "port", "ports"), distinctText(&source.hosts, "host", "hosts"), Duration(source.span.last-source.span.first),
				thousands(int64(source.failed.count)), thousands(int64(source.flows))),
			Count: targets, Frames: source.failed.listed(), Filter: allOf(segmentFilter(source.segment), hasAddr("src", k.address.addr())),
		})
	}
}

var protocolNames = map[uint8]string{tcpNumber: "tcp", udpNumber: "udp", icmpNumber: "icmp", icmp6Number: "icmpv6", 132: "sctp"}

// name is "10.0.0.1 port 80".
func (k *askedKey) name() string {
	if k.protocol == icmpNumber || k.protocol == icmp6Number {
		return k.address.addr().String()
	}
	return fmt.Sprintf("%s %s port %d", k.address.addr(), protocolNames[k.protocol], k.port)
}

func (k *askedKey) filter(segment *flows.Segment) string {
	return allOf(segmentFilter(segment), hasAddr("addr", k.address.addr()), portFilter(k.protocol, "port", k.port))
}

func (t *flowFindings) raiseServers(s *search) {
	answering := map[*dissect.Point]bool{} // where somebody answers somebody
	for i := range t.servers.Entries() {
		if server := &t.servers.Entries()[i].Total; server.answered > 0 {
			answering[server.segment.Point] = true
		}
	}
	for i := range t.servers.Entries() {
		k, server := &t.servers.Entries()[i].Key, &t.servers.Entries()[i].Total
		if server.half.count == 0 && server.silent.count == 0 && server.resets.count == 0 {
			continue // the usual case
		}
		name := k.name() + inSegment(server.segment)
		filter := k.filter(server.segment)
		point := server.segment.Point
		if in := t.insideOf(k, server.segment); in.translated > 0 &&
			in.untranslated.count >= s.threshold(foundNATFailure) {
			continue // no black hole, see raiseNAT
		}
		if n := server.half.count; n >= s.threshold(foundSYNFlood) && n*5 >= server.flows*4 && k.protocol == tcpNumber {
			s.add(foundSYNFlood, Critical, point, Finding{
				What: fmt.Sprintf("%s of %s connections to %s were not finished, from %s in %s", thousands(int64(n)), thousands(int64(server.flows)), name,
					distinctText(&server.clients, "address", "addresses"), Duration(server.span.last-server.span.first)),
				Count: n, Frames: server.half.listed(), Filter: allOf(filter, "tcp.flags.syn == 1"),
			})
			continue
		}
		if server.answered == 0 && server.refused == 0 && server.requests >= s.threshold(foundBlackhole) && answering[point] {
			// On one member of a bond, or where the two directions take different ways, answers come without requests, too.
			severity, errors := Warning, ""
			if s.partial(point) {
				severity, errors = Info, " here, on one link of a bond: they may take another one"
			} else if p := t.at(point.ID); p.orphan+p.one > 0 && 4*(p.orphan+p.one) >= p.silent {
				severity, errors = Info, fmt.Sprintf(" here, where of %s only the other direction comes by: they take other ways", plural(p.orphan+p.one, "flow", "flows"))
			}
			if server.errors > 0 {
				errors += "; " + plural(server.errors, "ICMP error came", "ICMP errors came") + " back"
			}
			s.add(foundBlackhole, severity, point, Finding{
				What: fmt.Sprintf("%s in %s to %s and no answer%s", plural(server.requests, "request", "requests"),
					plural(server.silent.count, "flow", "flows"), name, errors),
				Count: server.requests, Frames: server.silent.listed(), Filter: filter,
			})
		}
		if n := server.resets.count; n >= s.threshold(foundResets) && n*5 >= server.flows {
			s.add(foundResets, Warning, point, Finding{
				What: fmt.Sprintf("%s of %s connections to %s ended with a reset, %s of them refused", thousands(int64(n)), thousands(int64(server.flows)),
					name, thousands(int64(server.refused))),
				Count: n, Frames: server.resets.listed(), Filter: allOf(filter, "tcp.flags.reset == 1"),
			})
		}
	}
}

// raiseNAT raises that connections to a server enter a translator and do not leave it. If all ports of the range are in use that it was seen to
// use, it has none left.
func (t *flowFindings) raiseNAT(s *search) {
	for i := range t.inside.Entries() {
		k, total := &t.inside.Entries()[i].Key, &t.inside.Entries()[i].Total
		n := total.untranslated.count
		if total.translated == 0 || n < min(s.threshold(foundNATFailure), s.threshold(foundNATExhausted)) {
			continue
		}
		asked := askedKey{address: k.address, port: k.port, protocol: k.protocol}
		f := Finding{
			What: fmt.Sprintf("%s to %s entered the translator and never left it, %s did", plural(n, "new connection", "new connections"), asked.name(),
				thousands(int64(total.translated))),
			Count: n, Frames: total.untranslated.listed(), Filter: asked.filter(total.segment),
		}
		id, severity := foundNATFailure, Warning
		for i := range t.outside.Entries() {
			o, used := t.outside.Entries()[i].Key, &t.outside.Entries()[i].Total
			ports, size := used.ports.number(), uint64(used.high-used.low)+1
			if o.protocol == k.protocol && size >= 4 && ports*10 >= size*9 {
				f.What += fmt.Sprintf("; of %s it uses all of %s ports from %d to %d", o.address.addr(), protocolNames[o.protocol], used.low, used.high)
				id, severity = foundNATExhausted, Critical
				break
			}
		}
		if n >= s.threshold(id) {
			s.add(id, severity, total.segment.Point, f)
		}
	}
}
