package dissect

import "pktscope/internal/craft"

// transportFrames are frames of transports and of what protects and tunnels beside them, as seeds of fuzzing.
func transportFrames() [][]byte {
	stacks := [][]craft.Layer{
		{craft.TCP{Src: 1, Dst: 2, Flags: craft.SYN, Options: []byte{2, 4, 5, 180, 30, 4, 0, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}}},
		{craft.UDPLite{Src: 1, Dst: 2, Coverage: 8}, craft.Payload("hello")},
		{craft.SCTP{Src: 1, Dst: 2, Tag: 3, Chunks: []craft.Chunk{craft.Data(1, 2, 3, 4, []byte("hello")), {Type: 1, Value: make([]byte, 40)},
			{Type: 9, Value: []byte{0, 1, 0, 8, 0, 3, 0, 0}}}}},
		{craft.AH{}, craft.TCP{Src: 1, Dst: 2}},
		{craft.ESP{SPI: 256, ICV: make([]byte, 12)}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}},
		{craft.UDP{Src: 4500, Dst: 4500}, craft.Payload{0, 0, 0, 0, 1}},
		{craft.L2TPv3{Session: 1, Cookie: make([]byte, 4)}, craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}},
		{craft.UDP{Src: 1701, Dst: 1701}, craft.Payload{0x02, 2, 0, 3, 0, 4, 0, 0}, craft.PPP{HDLC: true}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}},
	}
	var frames [][]byte
	for _, s := range stacks {
		frames = append(frames, craft.Packet(append([]craft.Layer{craft.Ethernet{}, craft.IPv4{}}, s...)...))
	}
	return append(frames, craft.Packet(craft.Ethernet{}, craft.IPv4{Protocol: 115}, request(9, 5, 1, 1, 2, 3, 4)))
}
