package reports

// A sequence follows the numbers that the packets of one direction of a tunnel carry, as the receiver of ESP does (RFC 4303 §3.4.3), only that it
// remembers more of them: the receiver only has to know what to drop, but somebody who looks for the fault wants to know whether a number came
// late, twice or never.
//
// Numbers have 32 bits on the wire. One that goes on from 2^32-1 to 0 is taken to have more, as RFC 4303 §2.2.1's extended numbers.
type sequence struct {
	packets uint64
	first   uint64 // number of the first packet
	top     uint64 // the highest number
	stale   uint32 // the number after the last one that was older than what is remembered; see restart

	gaps     uint64 // times that the next number was not there
	missing  uint64 // numbers that did not come
	late     uint64 // came after a higher one, for the first time
	outside  uint64 // so late that a receiver with the usual window drops it
	replayed uint64 // numbers that came again
	copies   uint64 // numbers that came again with another TTL: the capture has the packet at two hops
	restarts uint64 // times that numbers began anew

	// TTLs of the packets with the latest numbers, by the number's low bits; 0 is a number that did not come.
	seen [rememberedNumbers]uint8
}

const (
	rememberedNumbers = 1024
	receiverWindow    = 64      // RFC 4303 §3.4.3: the default
	firstEpoch        = 1 << 32 // so that there are numbers below the first
)

// wraps is how often the number went on from 2^32-1 to 0.
func (s *sequence) wraps() uint64 { return s.top>>32 - firstEpoch>>32 }

// take follows one packet. ttl is that of the IP header around.
func (s *sequence) take(number uint32, ttl uint8) {
	ttl = max(ttl, 1)
	s.packets++
	if s.packets == 1 {
		s.start(number, ttl)
		return
	}
	ahead := int64(int32(number - uint32(s.top)))
	full := s.top + uint64(ahead)
	seen := &s.seen[full%rememberedNumbers]
	switch {
	case ahead > 0:
		if ahead > 1 {
			s.gaps++
			s.missing += uint64(ahead - 1)
		}
		if ahead >= rememberedNumbers {
			clear(s.seen[:])
		} else {
			for n := s.top + 1; n < full; n++ {
				s.seen[n%rememberedNumbers] = 0
			}
		}
		s.top, *seen = full, ttl
	case ahead <= -rememberedNumbers:
		s.restart(number, ttl)
	case *seen == 0:
		s.late++
		if ahead <= -receiverWindow {
			s.outside++
		}
		if full > s.first {
			s.missing--
		}
		*seen = ttl
	case *seen == ttl:
		s.replayed++
	default:
		s.copies++
	}
}

func (s *sequence) start(number uint32, ttl uint8) {
	s.top = s.top>>32<<32 | uint64(number)
	if s.packets == 1 {
		s.top, s.first = firstEpoch|uint64(number), firstEpoch|uint64(number)
	}
	clear(s.seen[:])
	s.seen[s.top%rememberedNumbers] = ttl
}

// restart takes a number that is older than what is remembered. Two of them in a row are a sender that began anew.
func (s *sequence) restart(number uint32, ttl uint8) {
	if s.outside > 0 && number == s.stale {
		s.outside--
		s.restarts++
		s.start(number, ttl)
		s.seen[(s.top-1)%rememberedNumbers] = ttl
		return
	}
	s.outside++
	s.stale = number + 1
}
