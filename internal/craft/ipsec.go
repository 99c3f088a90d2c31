package craft

// ESP is the header of RFC 4303, section 2. A Payload after it stands for what is encrypted; any other layer is
// put there in clear, with the trailer, as by the NULL cipher (RFC 2410).
type ESP struct {
	SPI      uint32
	Sequence uint32
	ICV      []byte // at the end of the packet
}

func (ESP) numbers() numbers { return numbers{ipProtocol: 50, udpPort: 4500} }

func (l ESP) wrap(payload []byte, at place) []byte {
	var trailer []byte
	if _, opaque := at.next().(Payload); !opaque {
		for i := 1; (len(payload)+len(trailer)+2)%4 != 0; i++ {
			trailer = append(trailer, byte(i))
		}
		trailer = append(trailer, byte(len(trailer)), at.protocol(0))
	}
	return join(be32(l.SPI), be32(l.Sequence), payload, trailer, l.ICV)
}

// AH is the header of RFC 4302, section 2.
type AH struct {
	SPI        uint32
	Sequence   uint32
	ICV        []byte // a multiple of 4 bytes over IPv4, 4 more than a multiple of 8 over IPv6; 12 zeros if nil
	NextHeader uint8  // that of the next layer if 0
}

func (AH) numbers() numbers { return numbers{ipProtocol: 51} }

func (l AH) wrap(payload []byte, at place) []byte {
	icv := l.ICV
	if icv == nil {
		icv = make([]byte, 12)
	}
	return join([]byte{at.protocol(l.NextHeader), byte((12+len(icv))/4 - 2), 0, 0}, be32(l.SPI), be32(l.Sequence), icv, payload)
}
