package ipfix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/flows"
)

// collector is a second reading of RFC 7011: it keeps templates by their numbers, and of records the elements' bytes by theirs.
type collector struct {
	t         *testing.T
	templates map[uint16][][2]uint16
	sequence  uint32
	exported  uint32 // time of the last message
	announced int    // templates in all messages
	records   []map[uint16][]byte
	largest   int
}

func (c *collector) Write(b []byte) (int, error) {
	b = bytes.Clone(b)
	if c.templates == nil {
		c.templates = map[uint16][][2]uint16{}
	}
	c.largest = max(c.largest, len(b))
	u16, u32 := binary.BigEndian.Uint16, binary.BigEndian.Uint32
	if u16(b) != 10 || int(u16(b[2:])) != len(b) {
		c.t.Fatalf("message of %d bytes begins % x", len(b), b[:4])
	}
	if c.sequence != u32(b[8:]) {
		c.t.Fatalf("sequence number is %d after %d records", u32(b[8:]), c.sequence)
	}
	if u32(b[12:]) != 7 {
		c.t.Fatalf("observation domain is %d", u32(b[12:]))
	}
	c.exported = u32(b[4:])
	for rest := b[16:]; len(rest) > 0; {
		id, n := u16(rest), int(u16(rest[2:]))
		set := rest[4:n]
		rest = rest[n:]
		if id == 2 {
			template := [][2]uint16{}
			for e := set[4:]; len(e) > 0; e = e[4:] {
				template = append(template, [2]uint16{u16(e), u16(e[2:])})
			}
			if len(template) != int(u16(set[2:])) {
				c.t.Fatalf("template %d has %d elements and says %d", u16(set), len(template), u16(set[2:]))
			}
			c.templates[u16(set)] = template
			c.announced++
			continue
		}
		template := c.templates[id]
		if template == nil {
			c.t.Fatalf("no template for set %d", id)
		}
		for len(set) > 0 {
			record := map[uint16][]byte{}
			for _, e := range template {
				n := int(e[1])
				if n == 0xffff {
					n, set = int(set[0]), set[1:]
				}
				if _, twice := record[e[0]]; twice {
					c.t.Fatalf("element %d stands twice in template %d", e[0], id)
				}
				record[e[0]] = set[:n]
				set = set[n:]
			}
			c.records = append(c.records, record)
			c.sequence++
		}
	}
	return len(b), nil
}

func as16(s string) [16]byte { return netip.MustParseAddr(s).As16() }

func flow(id uint32, path flows.Path, t flows.Tuple) *flows.Flow {
	second := int64(1e9)
	return &flows.Flow{ID: id, Tuple: t, Segment: &flows.Segment{ID: 40 + id, Path: path, Point: &dissect.Point{ID: 2}}, Directions: [2]flows.Traffic{
		{Packets: 3, Bytes: 400, First: 100 * second, Last: 105*second + 7e6, TOS: []uint8{0xb8}, TTL: [2]uint8{63, 64}, TCPFlags: 0x1b},
		{Packets: 2, Bytes: 80, First: 101 * second, Last: 104 * second, TTL: [2]uint8{60, 60}},
	}}
}

func hex(b []byte) string { return fmt.Sprintf("%x", b) }

func TestElements(t *testing.T) {
	tcp := flows.Tuple{Src: as16("10.0.0.1"), Dst: as16("10.0.0.2"), Sport: 40000, Dport: 80, Protocol: 6}
	snat := flows.Tuple{Src: as16("203.0.113.1"), Dst: as16("10.0.0.2"), Sport: 1025, Dport: 80, Protocol: 6}
	common := map[uint16]string{148: "0000000000000009", 239: "01", 152: "00000000000186a0", 153: "0000000000019a2f", 2: "0000000000000003",
		1: "0000000000000190", 4: "06", 5: "b8", 52: "3f", 53: "40", 136: "03", 10: "00000003", 234: "00000031", 8: "0a000001", 12: "0a000002", 7: "9c40", 11: "0050", 6: "1b"}
	for _, test := range []struct {
		name   string
		path   flows.Path
		tuple  flows.Tuple
		behind Behind
		want   map[uint16]string // beside, and instead of, what is common
		not    []uint16
	}{
		{name: "untagged", tuple: tcp, want: map[uint16]string{236: hex([]byte("untagged"))}, not: []uint16{58, 243, 351, 70, 295, 225}},
		{name: "VLAN", tuple: tcp, path: flows.Path{{Kind: flows.VLAN, Number: 100}}, want: map[uint16]string{58: "0064", 243: "0064"}, not: []uint16{245}},
		{name: "QinQ", tuple: tcp, path: flows.Path{{Kind: flows.ServiceVLAN, Number: 200}, {Kind: flows.VLAN, Number: 10}},
			want: map[uint16]string{58: "00c8", 243: "00c8", 245: "000a"}},
		{name: "the tag in a tunnel", tuple: tcp, path: flows.Path{{Kind: flows.VLAN, Number: 100}, {Kind: flows.VXLANVNI, Number: 5001}, {Kind: flows.VLAN, Number: 7}},
			want: map[uint16]string{58: "0007", 243: "0007", 351: "0100000000001389"}, not: []uint16{245}},
		{name: "NVGRE", tuple: tcp, path: flows.Path{{Kind: flows.VSID, Number: 7}}, want: map[uint16]string{351: "0200000000000007"}},
		{name: "labels", tuple: tcp, path: flows.Path{{Kind: flows.Label, Number: 16009}, {Kind: flows.Label, Number: 24002}},
			want: map[uint16]string{70: "03e890", 71: "05dc21", 72: "000000"}},
		{name: "SPI", tuple: tcp, path: flows.Path{{Kind: flows.SPI, Number: 0xc0ffee00}}, want: map[uint16]string{295: "c0ffee00"}},
		{name: "SNAT", tuple: tcp, behind: Behind{&snat}, want: map[uint16]string{225: "cb007101", 226: "0a000002", 227: "0401", 228: "0050"}},
		{name: "ping", tuple: flows.Tuple{Src: as16("2001:db8::1"), Dst: as16("2001:db8::2"), Sport: 99, Protocol: 58, Type: 128},
			want: map[uint16]string{4: "3a", 8: "", 12: "", 7: "", 11: "", 6: "", 27: "20010db8000000000000000000000001", 28: "20010db8000000000000000000000002", 139: "8000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &collector{t: t}
			e := NewExporter(c, 7)
			if err := e.Flow(flow(9, test.path, test.tuple), test.behind, Over); err != nil {
				t.Fatal(err)
			}
			if err := e.Flush(); err != nil {
				t.Fatal(err)
			}
			if len(c.records) != 2 || e.Records() != 2 || e.Messages() != 1 {
				t.Fatalf("%d records came, %d in %d messages went", len(c.records), e.Records(), e.Messages())
			}
			if c.exported != 105 {
				t.Errorf("exported at %d", c.exported)
			}
			got := c.records[0]
			want := map[uint16]string{}
			for id, value := range common {
				want[id] = value
			}
			for id, value := range test.want {
				want[id] = value
			}
			for id, value := range want {
				if hex(got[id]) != value {
					t.Errorf("element %d is %x, want %s", id, got[id], value)
				}
			}
			for _, id := range test.not {
				if _, there := got[id]; there {
					t.Errorf("element %d is there", id)
				}
			}
		})
	}
}

// A reply has its own addresses, and the type of an answer.
func TestReply(t *testing.T) {
	c := &collector{t: t}
	e := NewExporter(c, 7)
	ping := flows.Tuple{Src: as16("10.0.0.1"), Dst: as16("10.0.0.2"), Sport: 99, Protocol: 1, Type: 8}
	if err := e.Flow(flow(1, nil, ping), Behind{}, Forced); err != nil {
		t.Fatal(err)
	}
	if err := e.Flush(); err != nil {
		t.Fatal(err)
	}
	reply := c.records[1]
	for id, want := range map[uint16]string{8: "0a000002", 12: "0a000001", 32: "0000", 239: "02", 2: "0000000000000002", 52: "3c"} {
		if hex(reply[id]) != want {
			t.Errorf("element %d is %x, want %s", id, reply[id], want)
		}
	}
}

// Messages fit into a datagram whatever names are in them; each can be read with the templates before it, and templates come again.
func TestMessages(t *testing.T) {
	c := &collector{t: t}
	e := NewExporter(c, 7)
	const number = 4000
	for i := range uint32(number) {
		path := flows.Path{{Kind: flows.VLAN, Number: 100}, {Kind: flows.VXLANVNI, Number: i}, {Kind: flows.SPI, Number: i}}[:i%4]
		tuple := flows.Tuple{Src: as16("10.0.0.1"), Dst: as16("10.0.0.2"), Sport: uint16(i), Protocol: 17}
		if i%3 == 0 {
			tuple.Src, tuple.Dst = as16("2001:db8::1"), as16("2001:db8::2")
		}
		f := flow(i, path, tuple)
		f.Segment.Tenant = strings.Repeat("ä", int(i%200))
		if i%5 == 0 {
			f.Directions[1] = flows.Traffic{}
		}
		if err := e.Flow(f, Behind{}, Active); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := 2*number - number/5; len(c.records) != want || e.Records() != uint64(want) {
		t.Errorf("%d records, want %d", len(c.records), want)
	}
	if c.largest > maxMessage {
		t.Errorf("the largest message has %d bytes", c.largest)
	}
	if rounds := int(e.Messages()) / again; c.announced < rounds*len(c.templates) || len(c.templates) != 8 {
		t.Errorf("%d templates were announced %d times in %d messages", len(c.templates), c.announced, e.Messages())
	}
	for i, r := range c.records {
		if name := string(r[236]); !strings.Contains(name, "ä") && len(name) > maxString || strings.ToValidUTF8(name, "") != name {
			t.Fatalf("record %d is of %q", i, name)
		}
	}
}

// A record costs no memory once its template is there.
func TestAddAllocatesNothing(t *testing.T) {
	c := discard{}
	e := NewExporter(c, 7)
	f := flow(1, flows.Path{{Kind: flows.VLAN, Number: 100}}, flows.Tuple{Src: as16("10.0.0.1"), Dst: as16("10.0.0.2"), Protocol: 6})
	has := e.record.set(f, flows.Original, nil, Active)
	if n := testing.AllocsPerRun(1000, func() {
		if err := e.add(has); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
