package dissect

import "strconv"

// Mobility header of IPv6 (RFC 6275 §6.1). What a message carries is not taken apart.
var mipv6 = Protocol{
	Name:  "mipv6",
	Title: "Mobile IPv6",
	Ref:   "RFC 6275",
	Over:  []Over{{IPProtocol, 135}},
	Header: Rows{
		{Name: "mip6.proto", Bits: 8, Enum: ipProtocols, Doc: "59: nothing follows"},
		{Name: "mip6.hlen", Bits: 8, Doc: "units of 8 bytes behind the first one"},
		{Name: "mip6.mhtype", Bits: 8, Enum: mobilityTypes, Doc: "what the message is"},
		{Name: "mip6.reserved", Bits: 8, Kind: Hex},
		{Name: "mip6.csum", Bits: 16, Kind: Hex, Doc: "over a pseudo-header and the message"},
	},
	Dissect: dissectIPv6Extension,
	Verify:  func(p *Packet, i int) Checksum { return verifyTransport(p, i, 135, 4) },
	Summary: summarizeMIPv6,
}

func summarizeMIPv6(dst []byte, p *Packet, i int) []byte {
	h := p.Header(&p.Layers[i])
	if len(h) < 6 {
		return append(dst, "mobility"...)
	}
	if name := mobilityTypes[uint64(h[2])]; name != "" {
		return append(append(dst, "mobility "...), name...)
	}
	return strconv.AppendUint(append(dst, "mobility type "...), uint64(h[2]), 10)
}

var mobilityTypes = Names{0: "binding refresh request", 1: "home test init", 2: "care-of test init", 3: "home test", 4: "care-of test", 5: "binding update",
	6: "binding acknowledgement", 7: "binding error", 8: "fast binding update", 9: "fast binding acknowledgement", 10: "fast neighbor advertisement",
	11: "experimental", 12: "home agent switch", 13: "heartbeat", 14: "handover initiate", 15: "handover acknowledge", 16: "binding revocation"}
