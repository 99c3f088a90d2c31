package dissect

import (
	"bytes"
	"testing"

	"pktscope/internal/craft"
)

func sctpPacket(chunks ...craft.Chunk) []byte {
	return craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.SCTP{Src: 2001, Dst: 2002, Tag: 7, Chunks: chunks})
}

func TestSCTPChunks(t *testing.T) {
	be := func(v ...byte) []byte { return v }
	for _, c := range []struct {
		chunk craft.Chunk
		want  map[string]string
	}{
		{craft.Data(1000, 5, 9, 60, []byte("hello")), map[string]string{"sctp.chunk_type": "0", "sctp.data_tsn_raw": "1000", "sctp.data_sid": "0x0005",
			"sctp.data_ssn": "9", "sctp.data_payload_proto_id": "60", "sctp.data_b_bit": "1", "sctp.data_e_bit": "1", "sctp.chunk_padding": "000000",
			"data.data": "68656c6c6f"}},
		{craft.Chunk{Type: 64, Flags: 0, Value: be(0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4, 9)}, map[string]string{"sctp.data_mid": "3",
			"sctp.data_fsn": "4", "sctp.data_payload_proto_id": "", "data.data": "09"}},
		{craft.Chunk{Type: 1, Value: be(0, 0, 0, 9, 0, 0, 16, 0, 0, 1, 0, 2, 0, 0, 0, 8, 0, 5, 0, 8, 10, 0, 0, 1, 0x80, 0, 0, 4)}, map[string]string{
			"sctp.init_initiate_tag": "0x00000009", "sctp.init_initial_tsn": "8", "sctp.parameter_type": "0x0005,0x8000",
			"sctp.parameter_ipv4_address": "10.0.0.1"}},
		{craft.Chunk{Type: 3, Value: be(0, 0, 0, 100, 0, 0, 16, 0, 0, 1, 0, 1, 0, 2, 0, 5, 0, 0, 0, 99)}, map[string]string{"sctp.sack_gap_block_start_tsn": "102",
			"sctp.sack_gap_block_end_tsn": "105", "sctp.sack_number_of_tsns_gap_acked": "4", "sctp.sack_duplicate_tsn": "99"}},
		{craft.Chunk{Type: 9, Value: be(0, 1, 0, 8, 0, 3, 0, 0, 0, 6, 0, 10, 0x55, 1, 0, 6, 9, 9, 0, 0)}, map[string]string{"sctp.cause_code": "0x0001,0x0006",
			"sctp.cause_stream_identifier": "3", "sctp.chunk_type": "9,85", "sctp.chunk_value": "0909"}},
		{craft.Chunk{Type: 193, Value: be(0, 0, 0, 1, 0, 5, 0, 8, 10, 0, 0, 1, 0xc0, 1, 0, 16, 0, 0, 0, 2, 0, 5, 0, 8, 10, 0, 0, 2)}, map[string]string{
			"sctp.parameter_type": "0x0005,0xc001,0x0005", "sctp.correlation_id": "0x00000002", "sctp.parameter_ipv4_address": "10.0.0.1,10.0.0.2"}},
		{craft.Chunk{Type: 130, Value: be(0, 13, 0, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4)}, map[string]string{"sctp.parameter_reconfig_sid": "4",
			"sctp.parameter_senders_last_assigned_tsn": "3"}},
		{craft.Chunk{Type: 194, Value: be(0, 0, 0, 1, 0, 2, 0, 1, 0, 0, 0, 3)}, map[string]string{"sctp.i_forward_tsn_u_bit": "1", "sctp.forward_tsn_mid": "3"}},
		{craft.Chunk{Type: 15, Value: be(0, 1, 0, 3, 7, 7)}, map[string]string{"sctp.shared_key_id": "1", "sctp.hmac_id": "3", "sctp.hmac": "0707"}},
		{craft.Chunk{Type: 99, Value: be(1, 2)}, map[string]string{"sctp.chunk_type": "99", "sctp.chunk_value": "0102"}},
		// What is too short yields what is there, and what does not fit nothing.
		{craft.Chunk{Type: 0, Flags: 3, Value: be(0, 0, 0, 1)}, map[string]string{"sctp.data_tsn_raw": "1", "sctp.data_sid": "", "data.data": ""}},
		{craft.Chunk{Type: 3, Value: be(0, 0, 0, 100, 0, 0, 16, 0, 0xff, 0xff, 0xff, 0xff, 0, 2, 0, 5)}, map[string]string{"sctp.sack_gap_block_start": "2"}},
		{craft.Chunk{Type: 130, Value: be(0, 13, 0, 3)}, map[string]string{"sctp.parameter_length.bad": "1"}},
	} {
		p := decode(t, sctpPacket(c.chunk))
		want(t, p, "sctp.checksum.status", "1")
		for name, value := range c.want {
			want(t, p, name, value)
		}
		checkPacket(t, p)
	}
}

// Each DATA chunk's payload is a layer of its own, and they are bounded like everything.
func TestSCTPBundling(t *testing.T) {
	p := decode(t, sctpPacket(craft.Data(1, 0, 0, 0, []byte("one")), craft.Chunk{Type: 11}, craft.Data(2, 0, 1, 0, []byte("two"))))
	layers(t, p, "eth ip sctp data data")
	want(t, p, "sctp.chunk_type", "0,11,0")
	want(t, p, "data.data", "6f6e65,74776f")

	p = decode(t, sctpPacket(bytesOfChunks(MaxMessages+50)...))
	if n := len(p.Layers) - 4; n != MaxMessages || p.Stop.Reason != StopMessages {
		t.Errorf("%d messages, %s", n, p.Stop)
	}
}

func bytesOfChunks(n int) (chunks []craft.Chunk) {
	for range n {
		chunks = append(chunks, craft.Data(1, 0, 0, 0, []byte{1}))
	}
	return chunks
}

// TSNs count from the first one that a direction of an association showed.
func TestSCTPRelativeTSN(t *testing.T) {
	r := defaultConfig.NewResolver()
	for _, c := range []struct{ tsn, tag, want string }{{"\x00\x00\x03\xe8", "\x00\x00\x00\x07", "0"}, {"\x00\x00\x03\xea", "\x00\x00\x00\x07", "2"},
		{"\x00\x00\x00\x09", "\x00\x00\x00\x08", "0"}, {"\x00\x00\x00\x09", "\x00\x00\x00\x00", ""}, {"\x00\x00\x03\xe7", "\x00\x00\x00\x07", "4294967295"}} {
		b := sctpPacket(craft.Data(0, 0, 0, 0, []byte("x")))
		copy(b[38:], c.tag)
		copy(b[50:], c.tsn)
		p := decode(t, b)
		r.Resolve(p)
		want(t, p, "sctp.data_tsn", c.want)
	}
}

func TestSCTPChecksum(t *testing.T) {
	b := sctpPacket(craft.Data(1, 0, 0, 0, []byte("hello")))
	for bit := 34 * 8; bit < len(b)*8; bit++ {
		b[bit/8] ^= 0x80 >> (bit % 8)
		if v := decode(t, b).Layers[3].Verdict; v != Bad {
			t.Errorf("bit %d of the packet flipped: %s", bit-34*8, v)
		}
		b[bit/8] ^= 0x80 >> (bit % 8)
	}
	copy(b[42:], []byte{0, 0, 0, 0})
	if v := decode(t, b).Layers[3].Verdict; v != Offload {
		t.Errorf("no checksum: %s", v)
	}
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.UDP{Src: 9899, Dst: 9899}, craft.SCTP{Src: 1, Dst: 2, Chunks: bytesOfChunks(1)}))
	layers(t, p, "eth ipv6 udp sctp data")
	want(t, p, "sctp.checksum.status", "1")
}

func TestSCTPStops(t *testing.T) {
	whole := sctpPacket(craft.Data(1, 0, 0, 0, []byte("hello")), craft.Chunk{Type: 11})
	for n := 46; n < len(whole); n++ {
		p := decodeFrame(Frame{Data: whole[:n], WireLen: len(whole), Point: ethernetPoint})
		if p.Stop.Reason != StopTruncated {
			t.Errorf("%d of %d bytes: %s", n, len(whole), p.Stop)
		}
		checkPacket(t, p)
	}
	b := bytes.Clone(whole)
	b[48], b[49] = 0, 3
	if p := decode(t, b); p.Stop.String() != "sctp: sctp.chunk_length says 3 bytes, at least 4 are needed" {
		t.Error(p.Stop)
	}
	want(t, decode(t, b), "sctp.chunk_length.bad", "1")
}
