package flows

// An Observation is what one IP header of one packet says: who sends to whom, in which segment, and what a flow's counters and states need
// to know of it. It is read where the packet is decoded and played into a [Tracker] later, in capture order, while the packet's bytes are
// still there.
type Observation struct {
	Tuple

	Link  uint32 // of the MAC addresses of its hop, 0 if there are none
	Time  int64  // nanoseconds since the Unix epoch
	Frame uint64 // number of the packet
	hash  uint64 // of the tuple
	Print uint64 // of what stays the same wherever the packet is captured, see fingerprint; 0 if it has none

	body    []byte // captured bytes of the transport header and what it carries; TCP's are in tcp
	Bytes   uint32 // of the IP packet, header included; of all its fragments together
	Payload uint32 // bytes behind the transport header
	path    uint32 // of the batch
	tcp     int32  // index in the batch, -1 for none

	Fragments uint16 // that the packet came in, 0 if it came whole
	ipID      uint16 // IPv4's identification: a copy has the same, something sent again mostly not; 0 for none
	point     uint16 // number of the capture point
	flags     observed

	TOS, TTL uint8 // or traffic class and hop limit
	within   int8  // how many observations before this one in the batch is that of the IP header around it, 0 for none
}

// observed are things that an observation says by being there or not.
type observed uint16

const (
	badChecksum   observed = 1 << iota // of the IP header, or of what is directly in it
	otherChecksum                      // not good and not bad: absent, owed by the NIC, cut off
	related                            // the tuple stands in what an ICMP error quotes
	untracked                          // ND, MLD, IGMP, errors: no flow, as in conntrack
	portless                           // a fragment alone, or cut off before the ports or identifier: no flow can be named
	innermost                          // no other IP header in the packet
	numbered                           // TCP sends it again only after a timeout: payload, and where it is sure a SYN or a FIN
	carrying                           // a tunnel's own packet, although nothing with an IP header is in it
	telling                            // its payload may say what the flow is for, see label
)

func (o *Observation) is(f observed) bool { return o.flags&f != 0 }
