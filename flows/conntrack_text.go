package flows

import (
	"strconv"
	"time"
)

// conntrackNames are those that conntrack has for protocols; all others are unknown.
var conntrackNames = map[uint8]string{protocolICMP: "icmp", protocolTCP: "tcp", protocolUDP: "udp", protocolDCCP: "dccp", protocolGRE: "gre",
	protocolICMPv6: "icmpv6", protocolSCTP: "sctp", protocolUDPLite: "udplite"}

// AppendConntrack appends the line that conntrack -L -o extended (conntrack-tools 1.4.7) prints of a connection, with the kernel's counting
// turned on. The zone is the segment's number: zone= if both directions are in one, zone-orig= and zone-reply= if they are not.
func (c *Connection) AppendConntrack(dst []byte) []byte {
	if c.V4() {
		dst = append(dst, "ipv4     2 "...)
	} else {
		dst = append(dst, "ipv6     10 "...)
	}
	name := conntrackNames[c.Protocol]
	if name == "" {
		name = "unknown"
	}
	dst = append(dst, name...)
	for range 8 - len(name) {
		dst = append(dst, ' ')
	}
	dst = strconv.AppendUint(append(dst, ' '), uint64(c.Protocol), 10)
	dst = strconv.AppendInt(append(dst, ' '), int64(c.Remaining/time.Second), 10)
	if c.Protocol == protocolTCP || c.Protocol == protocolSCTP {
		dst = append(append(dst, ' '), c.State.String()...)
	}
	first, second := Original, Reply
	if c.Flipped {
		first, second = Reply, Original
	}
	zones := [2]uint32{c.zone(Original), c.zone(Reply)}
	dst = c.appendConntrack(dst, first)
	if zones[0] != zones[1] {
		dst = strconv.AppendUint(append(dst, " zone-orig="...), uint64(zones[first]), 10)
	}
	dst = c.Directions[first].appendConntrack(dst)
	if !c.Replied {
		dst = append(dst, " [UNREPLIED]"...)
	}
	dst = c.appendConntrack(dst, second)
	if zones[0] != zones[1] {
		dst = strconv.AppendUint(append(dst, " zone-reply="...), uint64(zones[second]), 10)
	}
	dst = c.Directions[second].appendConntrack(dst)
	if c.Assured {
		dst = append(dst, " [ASSURED]"...)
	}
	dst = append(dst, " mark=0"...)
	if zones[0] == zones[1] {
		dst = strconv.AppendUint(append(dst, " zone="...), uint64(zones[0]), 10)
	}
	return append(dst, " use=1"...)
}

// zone is the number of the first segment in which direction d was seen; of one that was not seen it is the other's.
func (c *Connection) zone(d Direction) uint32 {
	for _, d := range [2]Direction{d, d.Other()} {
		if s := c.Segments[d]; len(s) > 0 {
			return s[0].ID
		}
	}
	return c.Segment.ID // nothing but duplicates
}

// appendConntrack appends the tuple of direction d, and a blank before it.
func (t *Tuple) appendConntrack(dst []byte, d Direction) []byte {
	dst = t.source(d).AppendTo(append(dst, " src="...))
	dst = t.source(d.Other()).AppendTo(append(dst, " dst="...))
	number := func(name string, n uint16, base int) {
		dst = strconv.AppendUint(append(dst, name...), uint64(n), base)
	}
	switch {
	case t.query():
		kind := t.Type
		if d == Reply {
			kind = t.replyType()
		}
		number(" type=", uint16(kind), 10)
		number(" code=", 0, 10)
		number(" id=", t.Sport, 10)
	case t.Protocol == protocolGRE:
		number(" srckey=0x", t.sport(d), 16)
		number(" dstkey=0x", t.sport(d.Other()), 16)
	case t.HasPorts():
		number(" sport=", t.sport(d), 10)
		number(" dport=", t.sport(d.Other()), 10)
	}
	return dst
}

// replyType is the type of the ICMP messages that answer the query.
func (t *Tuple) replyType() uint8 {
	if t.Type == 8 { // of ICMP; no query of ICMPv6 has that number
		return 0
	}
	return t.Type + 1
}

func (tr *Traffic) appendConntrack(dst []byte) []byte {
	dst = strconv.AppendUint(append(dst, " packets="...), tr.Packets, 10)
	return strconv.AppendUint(append(dst, " bytes="...), tr.Bytes, 10)
}
