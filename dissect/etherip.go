package dissect

// Ethernet frames within IP (RFC 3378).
var etherIP = Protocol{
	Name:   "etherip",
	Title:  "Ethernet over IP",
	Ref:    "RFC 3378",
	Tunnel: true,
	Over:   []Over{{IPProtocol, 97}},
	Header: Rows{
		{Name: "etherip.ver", Bits: 4, Doc: "3"},
		{Name: "etherip.reserved", Bits: 12, Kind: Hex, Doc: "0"},
	},
	Dissect: dissectEtherIP,
	Summary: summarizeEtherIP,
}

// EtherIP is a view of an EtherIP header of 2 bytes.
type EtherIP []byte

// Version is 3.
func (h EtherIP) Version() uint8 { return h[0] >> 4 }

func dissectEtherIP(d *Decoder, b []byte) ID {
	if EtherIP(b).Version() != 3 {
		return d.halt(StopBadVersion)
	}
	return ethernet.ID
}

func summarizeEtherIP(dst []byte, _ *Packet, _ int) []byte { return append(dst, "etherip"...) }
