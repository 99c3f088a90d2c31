package dissect

import "strconv"

// Cisco MetaData (EtherType 0x8909): the tag that TrustSec switches put behind the addresses or the VLAN tag to carry a frame's
// security group. Cisco publishes no specification; the format is as Wireshark reads it.
var ciscoMetadata = Protocol{
	Name:  "cmd",
	Title: "Cisco MetaData",
	Ref:   "Cisco TrustSec",
	Over:  []Over{{EtherType, 0x8909}},
	Header: Rows{
		{Name: "cmd.version", Bits: 8},
		{Name: "cmd.length", Bits: 8},
		{Name: "cmd.options", Bits: 16, Kind: Hex, Doc: "length and type of the option; 0x0001 is a security group tag"},
		{Name: "cmd.sgt", Bits: 16, Doc: "security group of the sender"},
		{Name: "cmd.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"},
	},
	Dissect: dissectCiscoMetadata,
	Summary: summarizeCiscoMetadata,
}

// CiscoMetadata is a view of a metadata tag: the eight bytes behind its EtherType.
type CiscoMetadata []byte

// SecurityGroup is that of the sender.
func (h CiscoMetadata) SecurityGroup() uint16 { return be16(h[4:]) }

// Type is the EtherType of what follows.
func (h CiscoMetadata) Type() uint16 { return be16(h[6:]) }

func dissectCiscoMetadata(d *Decoder, b []byte) ID {
	return d.next(EtherType, uint32(CiscoMetadata(b).Type()))
}

func summarizeCiscoMetadata(dst []byte, p *Packet, i int) []byte {
	h := CiscoMetadata(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "sgt"...)
	}
	return strconv.AppendUint(append(dst, "sgt "...), uint64(h.SecurityGroup()), 10)
}
