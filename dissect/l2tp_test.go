package dissect

import (
	"encoding/binary"
	"slices"
	"testing"

	"pktscope/internal/craft"
)

// avp is an AVP of vendor 0.
func avp(kind uint16, value ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, 0x8000|uint16(6+len(value)))
	b = append(b, 0, 0, byte(kind>>8), byte(kind))
	return append(b, value...)
}

// l2tpControl is a control message over IP.
func l2tpControlMessage(avps ...[]byte) craft.Payload {
	body := slices.Concat(avps...)
	head := []byte{0, 0, 0, 0, 0xc8, 3, 0, byte(12 + len(body)), 0, 0, 0, 7, 0, 1, 0, 2}
	return append(head, body...)
}

func be32Bytes(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// request is an ICRQ of the session that its sender numbers local.
func request(local uint32, pseudowire, sublayer byte, cookie ...byte) craft.Payload {
	avps := [][]byte{avp(0, 0, 10), avp(63, be32Bytes(local)...), avp(64, 0, 0, 0, 0), avp(68, 0, pseudowire), avp(69, 0, sublayer)}
	if len(cookie) > 0 {
		avps = append(avps, avp(65, cookie...))
	}
	return l2tpControlMessage(avps...)
}

var tunnelled = []craft.Layer{craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 40000, Dst: 40001}, craft.Payload("hello")}

// l2tpTest plays packets to one resolver.
type l2tpTest struct {
	*testing.T
	config   *Config
	resolver *Resolver
}

func newL2TPTest(t *testing.T, o Options) *l2tpTest {
	c := NewConfig(o)
	return &l2tpTest{t, c, c.NewResolver()}
}

func (t *l2tpTest) play(layers ...craft.Layer) *Packet {
	p := new(Packet)
	b := craft.Packet(layers...)
	t.config.NewDecoder().Decode(p, &Frame{Data: b, WireLen: len(b), Point: ethernetPoint})
	t.resolver.Resolve(p)
	p.Verify()
	checkPacket(t, p)
	return p
}

func TestL2TPv3Session(t *testing.T) {
	a, b := craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Protocol: 115}, craft.IPv4{Src: "192.0.2.2", Dst: "192.0.2.1", Protocol: 115}
	for _, cookie := range [][]byte{nil, {1, 2, 3, 4}, {1, 2, 3, 4, 5, 6, 7, 8}} {
		for sublayer, size := range []int{0, 4, 4} {
			t := newL2TPTest(t, Options{Cookie: -1})
			data := append([]craft.Layer{craft.Ethernet{}, b, craft.L2TPv3{Session: 9, Cookie: cookie, Sublayer: make([]byte, size)}}, tunnelled...)

			p := t.play(data...)
			layers(t, p, "eth ip l2tp data")
			if p.Stop.Reason != StopUnbound {
				t.Error(p.Stop)
			}
			p = t.play(craft.Ethernet{}, a, request(9, 5, byte(sublayer), cookie...))
			layers(t, p, "eth ip l2tp")
			want(t, p, "l2tp.avp.local_session_id", "9")

			p = t.play(data...)
			layers(t, p, "eth ip l2tp eth ip udp data")
			want(t, p, "l2tp.sid", "0x00000009")
			want(t, p, "l2tp.cookie", string(appendHexBytes(nil, cookie)))
			want(t, p, "udp.checksum.status", "1")
			want(t, p, "pktscope.guessed", "")

			// The number is the receiver's: the other end's session 9 is another one. So is one in another VLAN.
			layers(t, t.play(append([]craft.Layer{craft.Ethernet{}, a, craft.L2TPv3{Session: 9, Cookie: cookie}}, tunnelled...)...), "eth ip l2tp data")
			layers(t, t.play(slices.Insert(slices.Clone(data), 1, craft.Layer(craft.VLAN{ID: 5}))...), "eth vlan ip l2tp data")
		}
	}
}

// The one that answers need not repeat the type, and types say what follows.
func TestL2TPv3Pseudowires(t *testing.T) {
	a, b := craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", Protocol: 115}, craft.IPv4{Src: "192.0.2.2", Dst: "192.0.2.1", Protocol: 115}
	ip := tunnelled[1:]
	for _, c := range []struct {
		kind    byte
		payload []craft.Layer
		layers  string
	}{
		{1, append([]craft.Layer{craft.Payload{0x18, 0x41, 3, 0xcc}}, ip...), "fr ip udp data"},
		{4, tunnelled, "eth ip udp data"},
		{5, tunnelled, "eth ip udp data"},
		{6, append([]craft.Layer{craft.Payload{0x0f, 0, 8, 0}}, ip...), "chdlc ip udp data"},
		{7, append([]craft.Layer{craft.PPP{HDLC: true}}, ip...), "ppp ip udp data"},
		{11, ip, "ip udp data"},
		{2, ip, "data"},
	} {
		t := newL2TPTest(t, Options{Cookie: -1})
		t.play(craft.Ethernet{}, a, request(9, c.kind, 0))
		t.play(craft.Ethernet{}, b, l2tpControlMessage(avp(0, 0, 11), avp(63, 0, 0, 0, 8), avp(64, 0, 0, 0, 9)))
		layers(t, t.play(append([]craft.Layer{craft.Ethernet{}, b, craft.L2TPv3{Session: 9}}, c.payload...)...), "eth ip l2tp "+c.layers)
		layers(t, t.play(append([]craft.Layer{craft.Ethernet{}, a, craft.L2TPv3{Session: 8}}, c.payload...)...), "eth ip l2tp "+c.layers)
	}
}

// Sessions that nobody set up are read as Options.Cookie says, and what is found is a guess.
func TestL2TPv3Static(t *testing.T) {
	for _, udp := range []bool{false, true} {
		for _, cookie := range []int{0, 4, 8} {
			for _, sublayer := range []int{0, 4} {
				t := newL2TPTest(t, Options{Cookie: cookie})
				outer, names := []craft.Layer{craft.Ethernet{}, craft.IPv4{}}, "eth ip l2tp"
				if udp {
					outer, names = append(outer, craft.UDP{Src: 1701, Dst: 1701}), "eth ip udp l2tp"
				}
				p := t.play(append(append(outer, craft.L2TPv3{Session: 3, Cookie: make([]byte, cookie), Sublayer: make([]byte, sublayer)}), tunnelled...)...)
				layers(t, p, names+" eth ip udp data")
				want(t, p, "pktscope.guessed", "1,1,1,1")
				p = t.play(append(outer, craft.L2TPv3{Session: 3}, craft.Payload("nothing that looks like a header"))...)
				layers(t, p, names+" data")
			}
		}
	}
}

func TestL2TPv2(t *testing.T) {
	inside := craft.Payload(craft.Packet(append([]craft.Layer{craft.PPP{HDLC: true}}, tunnelled[1:]...)...))
	for _, c := range []struct {
		header []byte
		layers string
		want   map[string]string
	}{
		{[]byte{0x00, 2, 0, 3, 0, 4}, "ppp ip udp data", map[string]string{"l2tp.tunnel": "3", "l2tp.session": "4"}},
		{[]byte{0x02, 2, 0, 3, 0, 4, 0, 2, 9, 9}, "ppp ip udp data", map[string]string{"l2tp.offset": "2", "l2tp.offset_padding": "1"}},
		{[]byte{0x48, 2, 0, byte(12 + len(inside)), 0, 3, 0, 4, 0, 5, 0, 6}, "ppp ip udp data", map[string]string{"l2tp.Ns": "5", "l2tp.Nr": "6"}},
		{[]byte{0x40, 2, 0, 4, 0, 3, 0, 4}, "", map[string]string{"l2tp.length": "4"}},
		{[]byte{0x02, 2, 0, 3, 0, 4, 0xff, 0xff}, "", map[string]string{"l2tp.offset": "65535"}},
		{[]byte{0x00, 1, 0, 3, 0, 4}, "data", map[string]string{"l2tp.version": "1", "l2tp.tunnel": ""}},
	} {
		p := newL2TPTest(t, Options{Cookie: -1}).play(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1701, Dst: 1701}, craft.Payload(c.header), inside)
		names := "eth ip udp l2tp"
		if c.layers != "" {
			names += " " + c.layers
		}
		layers(t, p, names)
		for name, value := range c.want {
			want(t, p, name, value)
		}
	}
}

func TestL2TPAVPs(t *testing.T) {
	control := func(avps ...[]byte) *Packet {
		return newL2TPTest(t, Options{Cookie: -1}).play(craft.Ethernet{}, craft.IPv4{Protocol: 115}, l2tpControlMessage(avps...))
	}
	for _, c := range []struct {
		avp  []byte
		want map[string]string
	}{
		{nil, map[string]string{"l2tp.zero_length_body_message": "1", "l2tp.ccid": "0x00000007"}},
		{avp(1, 0, 2, 0, 6, 'n', 'o'), map[string]string{"l2tp.result_code": "2", "l2tp.avp.error_code": "6", "l2tp.avp.error_message": "no"}},
		{avp(3, 0, 0, 0, 3), map[string]string{"l2tp.avp.async_framing_supported": "1", "l2tp.avp.sync_framing_supported": "1"}},
		{avp(7, 'R', '3'), map[string]string{"l2tp.avp.host_name": "R3"}},
		{avp(62, 0, 4, 0, 5), map[string]string{"l2tp.avp.pw_type": "4,5"}},
		{avp(99, 1), map[string]string{"l2tp.avp.type": "99", "l2tp.vendor_specific_avp_data": "1"}},
		{[]byte{0x80, 10, 0, 9, 0, 3, 0, 0, 0, 5}, map[string]string{"l2tp.avp.ciscotype": "3", "l2tp.cisco.local_session_id": "5", "l2tp.avp.type": ""}},
		{[]byte{0xc0, 8, 0, 0, 0, 10, 1, 2}, map[string]string{"l2tp.avp.hidden": "1", "l2tp.avp.receive_window_size": ""}},
		{[]byte{0x80, 5, 0, 0, 0, 10}, map[string]string{"l2tp.avp_length.bad": "1", "l2tp.avp.type": ""}},
		{[]byte{0x80, 9, 0, 0, 0, 10, 1, 2}, map[string]string{"l2tp.avp_length.bad": "1"}},
		{avp(10, 1), map[string]string{"l2tp.avp.type": "10", "l2tp.avp.receive_window_size": ""}},
	} {
		p := control(c.avp)
		for name, value := range c.want {
			want(t, p, name, value)
		}
	}
}

func TestL2TPSessionsAreBounded(t *testing.T) {
	test := newL2TPTest(t, Options{Cookie: -1})
	test.resolver.sessions = newRecent[l2tpBinding](2)
	for n := range uint32(5) {
		test.play(craft.Ethernet{}, craft.IPv4{Protocol: 115}, request(n+1, 5, 0))
	}
	if n := len(test.resolver.sessions.entries); n != 2 || test.resolver.Evicted() != 3 {
		t.Errorf("%d sessions, %d evicted", n, test.resolver.Evicted())
	}
}
