package dissect

// Control connection of the Point-to-Point Tunneling Protocol (RFC 2637). The data runs in GRE. A segment of TCP is shown as it is:
// the first message's header, or whatever bytes of a message stand there.
var pptp = Protocol{
	Name:  "pptp",
	Title: "Point-to-Point Tunneling Protocol",
	Ref:   "RFC 2637",
	Over:  []Over{{TCPPort, 1723}},
	Header: Rows{
		{Name: "pptp.length", Bits: 16, Doc: "bytes of the message"},
		{Name: "pptp.type", Bits: 16, Enum: Names{1: "Control Message", 2: "Management Message"}},
		{Name: "pptp.magic_cookie", Bits: 32, Kind: Hex, Doc: "0x1a2b3c4d: the connection is in step"},
		{Name: "pptp.control_message_type", Bits: 16, Enum: pptpMessages},
		{Name: "pptp.reserved", Bits: 16, Kind: Bytes},
	},
	Dissect: dissectPPTP,
	Summary: summarizePPTP,
}

// PPTP is a view of the header of a control message, 12 bytes.
type PPTP []byte

// Length is that of the message in bytes.
func (h PPTP) Length() int { return int(be16(h)) }

// ControlMessageType says which message it is.
func (h PPTP) ControlMessageType() uint16 { return be16(h[8:]) }

func dissectPPTP(*Decoder, []byte) ID { return done }

func summarizePPTP(dst []byte, p *Packet, i int) []byte {
	dst = append(dst, "PPTP"...)
	if h := PPTP(p.Header(&p.Layers[i])); len(h) == 12 {
		if name := pptpMessages[uint64(h.ControlMessageType())]; name != "" {
			dst = append(append(dst, ' '), name...)
		}
	}
	return dst
}

var pptpMessages = Names{1: "Start-Control-Connection-Request", 2: "Start-Control-Connection-Reply", 3: "Stop-Control-Connection-Request",
	4: "Stop-Control-Connection-Reply", 5: "Echo-Request", 6: "Echo-Reply", 7: "Outgoing-Call-Request", 8: "Outgoing-Call-Reply", 9: "Incoming-Call-Request",
	10: "Incoming-Call-Reply", 11: "Incoming-Call-Connected", 12: "Call-Clear-Request", 13: "Call-Disconnect-Notify", 14: "WAN-Error-Notify", 15: "Set-Link-Info"}
