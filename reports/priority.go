package reports

import (
	"fmt"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// What Linux makes of the type of service: a priority of the packet, and of that a band of the queue.

// QueueOptions are choices for the report on queues.
type QueueOptions struct {
	Inner        bool     // look at the innermost IP header and not at the outermost
	Bridged      bool     // the frames are bridged: nobody looks at their IP headers
	TrafficClass bool     // that of IPv6 gives a priority as the TOS does, which it does not in Linux
	Priomap      *Priomap // of bands; nil is that of pfifo_fast
	PCPMap       *PCPMap  // of priorities that VLAN tags give; nil: they give none
}

// A Priomap says for each priority in which band its packets are queued, as the parameter of tc-prio(8) does.
type Priomap [16]uint8

// DefaultPriomap is pfifo_fast's, and that of prio with three bands.
var DefaultPriomap = Priomap{1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}

// A PCPMap says for each priority code point which priority its packets have, as a VLAN interface's ingress-qos-map does.
type PCPMap [8]uint8

const (
	maxBand     = 15 // TCQ_PRIO_BANDS is 16
	maxPriority = 15 // TC_PRIO_MAX
)

// ParsePriomap reads sixteen bands with spaces or commas between them.
func ParsePriomap(text string) (*Priomap, error) {
	m := new(Priomap)
	return m, parseMap(m[:], text, "band", maxBand)
}

// ParsePCPMap reads eight priorities with spaces or commas between them.
func ParsePCPMap(text string) (*PCPMap, error) {
	m := new(PCPMap)
	return m, parseMap(m[:], text, "priority", maxPriority)
}

func parseMap(to []uint8, text, what string, most uint64) error {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) != len(to) {
		return fmt.Errorf("a map has %d numbers, not %d", len(to), len(words))
	}
	for i, word := range words {
		n, err := strconv.ParseUint(word, 10, 8)
		if err != nil || n > most {
			return fmt.Errorf("%q is not a %s: they are 0 to %d", word, what, most)
		}
		to[i] = uint8(n)
	}
	return nil
}

// tosPriorities is the table ip_tos2prio of net/ipv4/route.c in Linux, by the four bits of the type of service. The lowest of them, the
// monetary cost of RFC 1349, changes nothing: it is a bit of ECN today. The precedence, which makes most of a DSCP, changes nothing either.
var tosPriorities = [16]uint8{0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4}

// tosPriority is the priority of an IPv4 packet that Linux routes or sends (rt_tos2priority).
func tosPriority(tos uint8) uint8 { return tosPriorities[tos>>1&15] }

var priorityNames = map[uint8]string{0: "best effort", 1: "filler", 2: "bulk", 4: "interactive bulk", 6: "interactive", 7: "control"}

// priorityText is the priority with the name that linux/pkt_sched.h has for it.
func priorityText(priority uint8) string {
	s := strconv.Itoa(int(priority))
	if name := priorityNames[priority]; name != "" {
		s += " " + name
	}
	return s
}

// services are the bits of the type of service, the highest first (RFC 1349 §4).
var services = [...]string{"minimize delay", "maximize throughput", "maximize reliability", "minimize monetary cost"}

// serviceText says what the four bits of the type of service ask for.
func serviceText(tos uint8) string {
	var asked []string
	for i, service := range services {
		if tos&(0x10>>i) != 0 {
			asked = append(asked, service)
		}
	}
	if asked == nil {
		return "normal service"
	}
	return strings.Join(asked, " + ")
}

var dscpField, ecnField = dissect.FieldsNamed("ip.dsfield.dscp")[0], dissect.FieldsNamed("ip.dsfield.ecn")[0]

// dscpText is the name of a DSCP, or its number if it has none.
func dscpText(dscp uint8) string {
	if name := dscpField.Enum[uint64(dscp)]; name != "" {
		return name
	}
	return strconv.Itoa(int(dscp))
}

// band is where a packet of that priority is queued. Priorities above 15 are for classes, and count modulo 16.
func (o *QueueOptions) band(priority uint8) uint8 {
	if o.Priomap != nil {
		return o.Priomap[priority&15]
	}
	return DefaultPriomap[priority&15]
}
