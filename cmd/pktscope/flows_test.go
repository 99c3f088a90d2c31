package main

import (
	"bytes"
	"encoding/csv"
	"testing"

	"pktscope/internal/craft"
)

// flowCaptures are captures for the scripts about flows, by the names of their files. In overlap-*.pcap two tenants have the same connection
// at the same time, six packets each, told apart by nothing but what is around them; in labels.pcap the two directions of one have different
// labels; in names.pcap a client asks for a name, and then the server of that name for what it has.
func flowCaptures() map[string][]byte {
	outer := func(d int) craft.IPv4 {
		ends := [2]string{"198.51.100.1", "198.51.100.2"}
		return craft.IPv4{Src: ends[d], Dst: ends[1-d]}
	}
	captures := map[string][]byte{"names.pcap": capture(names()...)}
	for name, around := range map[string]func(tenant uint32, d int) []craft.Layer{
		"vlan": func(tenant uint32, _ int) []craft.Layer { return []craft.Layer{craft.VLAN{ID: uint16(tenant)}} },
		"mpls": func(tenant uint32, _ int) []craft.Layer {
			return []craft.Layer{craft.MPLS{Label: 16}, craft.MPLS{Label: tenant}}
		},
		"vxlan": func(tenant uint32, d int) []craft.Layer {
			return []craft.Layer{outer(d), craft.UDP{Src: 50000}, craft.VXLAN{VNI: tenant}, craft.Ethernet{}}
		},
		"nvgre": func(tenant uint32, d int) []craft.Layer {
			return []craft.Layer{outer(d), craft.NVGRE{VSID: tenant}, craft.Ethernet{}}
		},
		"mpls-in-gre": func(tenant uint32, d int) []craft.Layer {
			return []craft.Layer{outer(d), craft.GRE{}, craft.MPLS{Label: tenant}}
		},
	} {
		var frames [][]byte
		for i := range conversation {
			for tenant := range uint32(2) {
				frames = append(frames, say(i, 7000*tenant, uint16(2*i)+uint16(tenant)+1, func(d int) []craft.Layer { return around(100+100*tenant, d) }))
			}
		}
		captures["overlap-"+name+".pcap"] = capture(frames...)
	}
	var frames [][]byte
	for i := range conversation {
		frames = append(frames, say(i, 0, uint16(i+1), func(d int) []craft.Layer { return []craft.Layer{craft.MPLS{Label: [2]uint32{100, 200}[d]}} }))
	}
	captures["labels.pcap"] = capture(frames...)
	return captures
}

// conversation is a TCP connection: handshake, question, answer.
var conversation = []struct {
	direction int
	tcp       craft.TCP
	payload   string
}{
	{0, craft.TCP{Seq: 0, Flags: craft.SYN}, ""},
	{1, craft.TCP{Seq: 500, Ack: 1, Flags: craft.SYN | craft.ACK}, ""},
	{0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK}, ""},
	{0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK | craft.PSH}, "question"},
	{1, craft.TCP{Seq: 501, Ack: 9, Flags: craft.ACK | craft.PSH}, "answer"},
	{0, craft.TCP{Seq: 9, Ack: 507, Flags: craft.ACK}, ""},
}

// say is a frame with the i-th segment of the conversation, whose numbers begin at start, and what is around it.
func say(i int, start uint32, id uint16, around func(direction int) []craft.Layer) []byte {
	c := conversation[i]
	hosts, ports := [2]string{"10.0.0.1", "10.0.0.2"}, [2]uint16{40000, 80}
	tcp := c.tcp
	tcp.Src, tcp.Dst = ports[c.direction], ports[1-c.direction]
	tcp.Seq += start
	if tcp.Flags&craft.ACK != 0 {
		tcp.Ack += start
	}
	layers := append([]craft.Layer{craft.Ethernet{}}, around(c.direction)...)
	return craft.Packet(append(layers, craft.IPv4{Src: hosts[c.direction], Dst: hosts[1-c.direction], ID: id}, tcp, craft.Payload(c.payload))...)
}

// names are a question to DNS, its answer, and the first payload of a connection with TLS.
func names() [][]byte {
	const question = "\x03www\x07example\x03com\x00\x00\x01\x00\x01"
	dns := func(d int, flags string) []byte {
		ends, ports := [2]string{"10.0.0.1", "10.0.0.53"}, [2]uint16{40001, 53}
		return craft.Packet(craft.Ethernet{}, craft.IPv4{Src: ends[d], Dst: ends[1-d], ID: uint16(d + 1)}, craft.UDP{Src: ports[d], Dst: ports[1-d]},
			craft.Payload("\x00\x07"+flags+"\x00\x01\x00\x00\x00\x00\x00\x00"+question))
	}
	hello := "\x03\x03" + string(make([]byte, 32)) + "\x00\x00\x02\x13\x01\x01\x00" +
		"\x00\x21\x00\x00\x00\x14\x00\x12\x00\x00\x0fwww.example.com\x00\x10\x00\x05\x00\x03\x02h2"
	return [][]byte{dns(0, "\x01\x00"), dns(1, "\x81\x80"),
		craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 9}, craft.TCP{Src: 40002, Dst: 443, Seq: 1, Ack: 1, Flags: craft.ACK | craft.PSH},
			craft.Payload("\x16\x03\x01"+string([]byte{0, byte(len(hello) + 4)})+"\x01\x00\x00"+string([]byte{byte(len(hello))})+hello))}
}

// A cell is quoted as encoding/csv does it, and never breaks the line.
func TestCSVCells(t *testing.T) {
	for _, cell := range []string{"", "plain", "a,b", `say "x"`, " led by a blank", "mpls 1 ⇄ mpls 2"} {
		var want bytes.Buffer
		w := csv.NewWriter(&want)
		w.Write([]string{"x", cell})
		w.Flush()
		if got := string(appendCSVCell([]byte("x"), 1, []byte(cell))) + "\n"; got != want.String() {
			t.Errorf("got %q, want %q", got, want.String())
		}
	}
	if got, want := string(appendCSVCell(nil, 0, []byte("a\x1b[2J,\n\xff"))), `"a\x1b[2J,\n\xff"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
