package dissect

import "strconv"

// Host Identity Protocol (RFC 7401 §5.1). Its parameters are not taken apart.
var hip = Protocol{
	Name:  "hip",
	Title: "Host Identity Protocol",
	Ref:   "RFC 7401",
	Over:  []Over{{IPProtocol, 139}},
	Header: Rows{
		{Name: "hip.proto", Bits: 8, Enum: ipProtocols, Doc: "what follows; 59: nothing"},
		{Name: "hip.hdr_len", Bits: 8, Doc: "units of 8 bytes behind the first one"},
		{Name: "hip.shim6_fixed_p", Bits: 1, Doc: "0, by which HIP differs from Shim6"},
		{Name: "hip.packet_type", Bits: 7, Enum: hipTypes},
		{Name: "hip.version", Bits: 4},
		{Bits: 3},
		{Name: "hip.shim6_fixed_s", Bits: 1, Doc: "1, by which HIP differs from Shim6"},
		{Name: "hip.checksum", Bits: 16, Kind: Hex, Doc: "over a pseudo-header and the message", Ref: "RFC 7401 §5.1.1"},
		{Name: "hip.controls", Bits: 16, Kind: Hex, Ref: "RFC 7401 §5.1.2", Parts: Rows{
			{Bits: 15},
			{Name: "hip.controls.a", Bits: 1, Kind: Bool, Doc: "the sender is anonymous"},
		}},
		{Name: "hip.hit_sndr", Bits: 128, Kind: Bytes, Doc: "sender's host identity tag"},
		{Name: "hip.hit_rcvr", Bits: 128, Kind: Bytes, Doc: "receiver's host identity tag"},
	},
	Status:  &Field{Name: "hip.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectIPv6Extension,
	Verify:  func(p *Packet, i int) Checksum { return verifyTransport(p, i, 139, 4) },
	Summary: summarizeHIP,
}

func summarizeHIP(dst []byte, p *Packet, i int) []byte {
	h := p.Header(&p.Layers[i])
	if len(h) < 3 {
		return append(dst, "hip"...)
	}
	if name := hipTypes[uint64(h[2]&0x7f)]; name != "" {
		return append(append(dst, "hip "...), name...)
	}
	return strconv.AppendUint(append(dst, "hip type "...), uint64(h[2]&0x7f), 10)
}

var hipTypes = Names{1: "I1", 2: "R1", 3: "I2", 4: "R2", 16: "UPDATE", 17: "NOTIFY", 18: "CLOSE", 19: "CLOSE_ACK", 32: "HDRR", 33: "HIP_DATA"}
