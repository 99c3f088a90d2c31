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
	zones := [2]uint32{c.zone(Original), c.zone(Reply)}
	reverse := c.Reverse()
	dst = c.Tuple.appendConntrack(dst, c.Type)
	if zones[0] != zones[1] {
		dst = strconv.AppendUint(append(dst, " zone-orig="...), uint64(zones[0]), 10)
	}
	dst = c.Directions[Original].appendConntrack(dst)
	if !c.Replied {
		dst = append(dst, " [UNREPLIED]"...)
	}
	dst = reverse.appendConntrack(dst, c.replyType())
	if zones[0] != zones[1] {
		dst = strconv.AppendUint(append(dst, " zone-reply="...), uint64(zones[1]), 10)
	}
	dst = c.Directions[Reply].appendConntrack(dst)
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

// appendConntrack appends the tuple, of ICMP with that type, and a blank before it.
func (t *Tuple) appendConntrack(dst []byte, messageType uint8) []byte {
	dst = t.Source().AppendTo(append(dst, " src="...))
	dst = t.Destination().AppendTo(append(dst, " dst="...))
	number := func(name string, n uint16) {
		dst = strconv.AppendUint(append(dst, name...), uint64(n), 10)
	}
	switch {
	case t.query():
		number(" type=", uint16(messageType))
		number(" code=", 0)
		number(" id=", t.Sport)
	case t.Protocol == protocolGRE:
		dst = strconv.AppendUint(append(dst, " srckey=0x"...), uint64(t.Sport), 16)
		dst = strconv.AppendUint(append(dst, " dstkey=0x"...), uint64(t.Dport), 16)
	case t.HasPorts():
		number(" sport=", t.Sport)
		number(" dport=", t.Dport)
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
