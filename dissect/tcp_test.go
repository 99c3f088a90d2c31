package dissect

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pktscope/internal/craft"
)

func TestTCPOptions(t *testing.T) {
	segment := func(options ...byte) *Packet {
		return decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 40000, Dst: 40001, Flags: craft.SYN, Options: options}, craft.Payload("hello")))
	}
	for _, c := range []struct {
		options []byte
		want    map[string]string
	}{
		{[]byte{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 3, 3, 7}, map[string]string{"tcp.option_kind": "2,4,8,1,3", "tcp.option_len": "4,2,10,3",
			"tcp.options.mss_val": "1460", "tcp.options.timestamp.tsval": "7", "tcp.options.timestamp.tsecr": "9", "tcp.options.wscale.shift": "7",
			"tcp.options.wscale.multiplier": "128", "tcp.hdr_len": "40", "tcp.payload": "68656c6c6f"}},
		{[]byte{3, 3, 200}, map[string]string{"tcp.options.wscale.multiplier": "16384", "tcp.options.wscale.shift.invalid": "1"}},
		{[]byte{34, 2, 34, 6, 1, 2, 3, 4}, map[string]string{"tcp.options.tfo.request": "1", "tcp.options.tfo.cookie": "01020304"}},
		{[]byte{29, 8, 1, 2, 9, 9, 9, 9}, map[string]string{"tcp.options.ao.keyid": "1", "tcp.options.ao.rnextkeyid": "2", "tcp.options.ao.mac": "09090909"}},
		{[]byte{253, 6, 0xf9, 0x89, 1, 2}, map[string]string{"tcp.options.experimental.exid": "0xf989", "tcp.options.experimental.data": "0102"}},
		{[]byte{28, 4, 0x80, 5}, map[string]string{"tcp.options.user_to_granularity": "1", "tcp.options.user_to_val": "5"}},
		{[]byte{172, 8, 0, 0, 1, 0, 0, 2}, map[string]string{"tcp.options.acc_ecn.ee0b": "1", "tcp.options.acc_ecn.eceb": "2", "tcp.options.acc_ecn.ee1b": ""}},
		{[]byte{30, 12, 0x10, 3, 0, 0, 0, 5, 0, 0, 0, 6}, map[string]string{"tcp.options.mptcp.subtype": "1", "tcp.options.mptcp.addrid": "3",
			"tcp.options.mptcp.recvtok": "5", "tcp.options.mptcp.sendrand": "6"}},
		{[]byte{30, 20, 0x20, 0x05, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 7, 0, 100, 0xab, 0xcd}, map[string]string{"tcp.options.mptcp.rawdataack": "9",
			"tcp.options.mptcp.rawdataseqno": "8", "tcp.options.mptcp.subflowseqno": "7", "tcp.options.mptcp.datalvllen": "100", "tcp.options.mptcp.checksum": "0xabcd"}},
		{[]byte{30, 12, 0x30, 2, 0, 0, 0, 0, 0, 0, 0, 0}, map[string]string{"tcp.options.mptcp.addrid": "2", "tcp.options.mptcp.ipv4": ""}},
		{[]byte{77, 3, 0xaa}, map[string]string{"tcp.option_kind": "77,0", "tcp.options.unknown.payload": "aa"}},
		// Lengths that are wrong: nothing behind them can be told from noise, unless only the kind's own length is.
		{[]byte{8, 1, 8, 8}, map[string]string{"tcp.option_kind": "", "tcp.option.len.invalid": "1"}},
		{[]byte{8, 10, 8, 8}, map[string]string{"tcp.option_kind": "", "tcp.option.len.invalid": "1"}},
		{[]byte{1, 1, 1, 8}, map[string]string{"tcp.option_kind": "1,1,1", "tcp.option.len.invalid": "1"}},
		{[]byte{2, 3, 8, 1}, map[string]string{"tcp.option_kind": "2,1", "tcp.option.len.invalid": "1", "tcp.options.mss_val": ""}},
		{[]byte{0, 0, 0, 8}, map[string]string{"tcp.option_kind": "0"}},
	} {
		p := segment(c.options...)
		for name, value := range c.want {
			want(t, p, name, value)
		}
		checkPacket(t, p)
	}
}

// A data offset that is too small or too large makes a partial layer, whose checksum is verified all the same.
func TestTCPDataOffset(t *testing.T) {
	for _, offset := range []byte{0, 4, 15} {
		b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 1, Dst: 2}, craft.Payload("hello"))
		segment := b[34:]
		segment[12], segment[16], segment[17] = offset<<4, 0, 0
		binary.BigEndian.PutUint16(segment[16:], craft.Checksum(b[26:34], []byte{0, 6, 0, 25}, segment))
		p := decode(t, b)
		if l := p.Layers[len(p.Layers)-1]; l.Protocol != tcp.ID || l.Flags&Partial == 0 || l.Verdict != Good {
			t.Errorf("data offset %d: layer %s, flags %b, checksum %s", offset, l.Protocol, l.Flags, l.Verdict)
		}
		want(t, p, "tcp.len", "")
		want(t, p, "tcp.option_kind", "")
	}
}

// What a host leaves for its NIC to finish is neither good nor bad: the sum of the pseudo-header, with the length or without.
func TestTCPOffload(t *testing.T) {
	b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 1, Dst: 2, Sum: craft.Partial}, craft.Payload(make([]byte, 9000)))
	p := decode(t, b)
	want(t, p, "pktscope.checksum.verdict", "good,offload")
	want(t, p, "tcp.checksum.status", "0")
	binary.BigEndian.PutUint16(b[50:], ^craft.Checksum(b[26:34], []byte{0, 6}))
	want(t, decode(t, b), "pktscope.checksum.verdict", "good,offload")
	b[51]++
	want(t, decode(t, b), "pktscope.checksum.verdict", "good,bad")
}

// A port names the protocol of a payload, not of a segment without one.
func TestEmptyPayload(t *testing.T) {
	layers(t, decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 40000, Dst: 1723})), "eth ip tcp")
	layers(t, decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 40000, Dst: 1723}, craft.Payload{0, 16, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 5, 0, 0, 1, 2, 3, 4})),
		"eth ip tcp pptp")
	layers(t, decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 40000, Dst: 4789})), "eth ip udp")
}

// Sequence numbers count from where each direction starts.
func TestTCPRelative(t *testing.T) {
	type segment struct {
		back     bool
		flags    uint16
		seq, ack uint32
		sack     bool
		want     string // tcp.seq, tcp.ack, left edge of a block from 5000 on
	}
	for name, segments := range map[string][]segment{
		"from the SYN on": {{false, craft.SYN, 100, 0, false, "0/0/"}, {true, craft.SYN | craft.ACK, 900, 101, false, "0/1/"},
			{false, craft.ACK, 101, 901, false, "1/1/"}, {false, craft.ACK, 101, 901, true, "1/1/4100"}, {true, craft.ACK, 901, 201, false, "1/101/"}},
		"from the middle on":   {{false, craft.ACK, 500, 4000, true, "1/1/1001"}, {true, craft.ACK, 4100, 500, false, "101/1/"}},
		"ports used again":     {{false, craft.SYN, 100, 0, false, "0/0/"}, {false, craft.SYN, 100, 0, false, "0/0/"}, {false, craft.SYN, 300, 0, false, "0/0/"}},
		"wraps":                {{false, craft.SYN, 0xffffffff, 0, false, "0/0/"}, {false, craft.ACK, 4, 1, false, "5/1/"}},
		"reset without an ACK": {{false, craft.RST, 7, 0, false, "1/0/"}, {true, craft.SYN, 50, 0, false, "0/0/"}},
	} {
		relative := newRelative(t)
		for i, s := range segments {
			ip, tcp := craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.TCP{Src: 40000, Dst: 80, Seq: s.seq, Ack: s.ack, Flags: s.flags}
			if s.back {
				ip.Src, ip.Dst, tcp.Src, tcp.Dst = ip.Dst, ip.Src, tcp.Dst, tcp.Src
			}
			if s.sack {
				tcp.Options = []byte{5, 10, 0, 0, 0x13, 0x88, 0, 0, 0x13, 0x90}
			}
			if got := relative(craft.Ethernet{}, ip, tcp, craft.Payload("x")); got != s.want {
				t.Errorf("%s, segment %d: %s, want %s", name, i, got, s.want)
			}
		}
	}
}

// Tenants have conversations of their own, and the two directions of a tunnel are one path.
func TestTCPRelativeInTunnels(t *testing.T) {
	relative := newRelative(t)
	segment := func(vni, seq, ack uint32, back bool) string {
		outer, inner := craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.IPv4{Src: "10.0.0.9", Dst: "10.0.0.2"}
		tcp := craft.TCP{Src: 40000, Dst: 80, Seq: seq, Ack: ack, Flags: craft.ACK}
		if back {
			outer.Src, outer.Dst, inner.Src, inner.Dst, tcp.Src, tcp.Dst = outer.Dst, outer.Src, inner.Dst, inner.Src, tcp.Dst, tcp.Src
		}
		return relative(craft.Ethernet{}, outer, craft.UDP{Src: 50000}, craft.VXLAN{VNI: vni}, craft.Ethernet{}, inner, tcp)
	}
	for i, c := range []struct{ got, want string }{
		{segment(1, 100, 7000, false), "1/1/"},
		{segment(2, 555, 8000, false), "1/1/"},
		{segment(1, 7003, 120, true), "4/21/"},
		{segment(2, 8000, 556, true), "1/2/"},
	} {
		if c.got != c.want {
			t.Errorf("segment %d: %s, want %s", i, c.got, c.want)
		}
	}
}

// newRelative returns a function that plays a packet and says its tcp.seq, tcp.ack and tcp.options.sack_le.
func newRelative(t *testing.T) func(...craft.Layer) string {
	config := NewConfig(Options{Relative: true, Cookie: -1})
	d, r, p := config.NewDecoder(), config.NewResolver(), new(Packet)
	x, err := NewExtractor([]string{"tcp.seq", "tcp.ack", "tcp.options.sack_le"})
	if err != nil {
		t.Fatal(err)
	}
	return func(layers ...craft.Layer) string {
		b := craft.Packet(layers...)
		d.Decode(p, &Frame{Data: b, WireLen: len(b), Point: ethernetPoint})
		r.Resolve(p)
		return string(bytes.Join(x.Extract(p), []byte("/")))
	}
}

// The length of the payload follows from the IP header and the data offset, wherever the capture cut the segment.
func TestTCPLengthOfCutSegment(t *testing.T) {
	b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 1000, Dst: 2000, Options: []byte{2, 4, 5, 180, 1, 1, 1, 1}}, craft.Payload("hello"))
	const offset = 14 + 20 + 12 // of the data offset
	for n := range len(b) + 1 {
		values := ""
		if n > offset {
			values = "5"
		}
		want(t, decodeFrame(Frame{Data: b[:n:n], WireLen: len(b), Point: ethernetPoint}), "tcp.len", values)
	}
	b[offset] = 0xf0 // the segment has no 60 bytes
	want(t, decode(t, b), "tcp.len", "")
}
