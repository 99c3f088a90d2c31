package flows

// record is what is remembered of a flow, in two parts: what finding it needs is one cache line.
type record struct {
	Tuple  // of the original direction
	state  marks
	parent uint32 // ID of the flow around it, 0 for none

	segment uint32 // number in the tracker's table
	hash    uint32 // of the key
	next    uint32 // the next flow with the same addresses and ports, in another segment or ended
	id      uint32 // flows are numbered in the order in which they begin
	tcp     uint32 // in the tracker's list; 0 for other protocols
}

// marks are things that are true of a flow or not.
type marks uint16

const (
	recent      marks = 1 << iota // since the clock's hand passed it
	indexed                       // packets with its key are its own; otherwise another flow took the key over
	chained                       // in the list of those with the same addresses and ports
	flipped                       // conntrack takes the other direction for the original one: it began in the middle
	midstream                     // its beginning was not captured
	manyAround                    // it was seen inside several flows; parent is the first
	hadOriginal                   // a packet of the original direction
	hadReply                      // behind hadOriginal, so that a shift by the direction finds it
	unsure                        // several flows could be what it belongs to, so it is linked to none
	carrier                       // it is the parent of others
	against                       // its original direction was first seen in the reply direction of its parent
)

// account is the rest, three lines of cache: a packet touches the first and that of its direction. What most flows have nothing of stands
// apart.
type account struct {
	conntrack Conntrack
	deadline  int64 // when it ends if nothing comes, in nanoseconds since the Unix epoch; of the owner if it has one

	original direction
	ties     uint32 // in the tracker's list; 0 for none
	lastSeq  uint16 // of ICMP: the sequence number that was asked last
	tries    uint8  // how often something to link it to was looked for

	reply    direction
	troubles [2]uint32 // by direction, in the tracker's list; 0 for none
}

// direction returns what is counted of one.
func (a *account) direction(d Direction) *direction {
	if d == Original {
		return &a.original
	}
	return &a.reply
}

// ties are what a flow has to do with others, and what else most flows have nothing of.
type ties struct {
	links      uint32 // the first
	owner      uint32 // the flow that has the state of the connection that this one belongs to; 0 for itself
	members    uint32 // the first flow of which this one is the owner
	nextMember uint32 // the next one of the same owner
	related    uint32 // errors that quote it
	invalid    uint32 // packets that its state has no room for
	merged     uint32 // what it is played along with, because the addresses and ports are alike
	label      uint32 // in the tracker's list of DNS or TLS; 0 for none
	flip       bool   // its original direction is the owner's reply
	turned     bool   // or that of merged
}

// trouble is what is counted of a direction in which something is not as it should be.
type trouble struct {
	TCPCounters
	bad                   uint32 // checksums
	fragments, duplicates uint32

	// Numbers of frames: the first that were sent again, the first that reset the connection, the first that closed the window.
	sentAgain         [3]uint64
	reset, zeroWindow uint64
}

// maxTOS is how many values of TOS are kept for a direction.
const maxTOS = 4

// direction is what is counted of one.
type direction struct {
	packets, bytes, payload uint64
	first, last             int64         // nanoseconds since the Unix epoch
	unverified              uint32        // checksums that are neither good nor bad
	tos                     [maxTOS]uint8 // the first values that it had
	values                  uint8         // how many of them; one more than fits for more
	ttl                     [2]uint8      // lowest and highest
	tcpFlags                uint8         // that any of its segments had
}

// add counts an observation; s is its segment of TCP, nil for other protocols.
func (d *direction) add(o *Observation, s *TCPSegment) {
	if d.packets == 0 {
		d.first, d.ttl = o.Time, [2]uint8{o.TTL, o.TTL}
		d.tos[0], d.values = o.TOS, 1
	} else {
		if o.TOS != d.tos[0] {
			d.addTOS(o.TOS)
		}
		d.ttl[0], d.ttl[1] = min(d.ttl[0], o.TTL), max(d.ttl[1], o.TTL)
		d.first = min(d.first, o.Time)
	}
	d.last = max(d.last, o.Time)
	d.packets++
	d.bytes += uint64(o.Bytes)
	d.payload += uint64(o.Payload)
	if o.is(otherChecksum) && !o.is(badChecksum) {
		d.unverified++
	}
	if s != nil {
		d.tcpFlags |= s.Flags
	}
}

func (d *direction) addTOS(tos uint8) {
	n := min(int(d.values), len(d.tos))
	for _, v := range d.tos[:n] {
		if v == tos {
			return
		}
	}
	if n < len(d.tos) {
		d.tos[n] = tos
	}
	d.values = uint8(n + 1)
}
