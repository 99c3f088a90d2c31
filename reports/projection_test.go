package reports

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/internal/golden"
)

// traffic is some packets of two tenants with the same addresses, a tenth of a second between them.
func traffic() (frames [][]byte) {
	ends := func(a, b string) []craft.Layer { return []craft.Layer{craft.Ethernet{}, craft.IPv4{Src: a, Dst: b}} }
	packet := func(layers ...craft.Layer) { frames = append(frames, craft.Packet(layers...)) }
	vxlan := func(vni uint32, inner ...craft.Layer) {
		packet(append([]craft.Layer{craft.Ethernet{}, craft.VLAN{ID: 100, Priority: 5}, craft.IPv4{Src: "172.17.10.10", Dst: "172.16.11.10"},
			craft.UDP{Src: 49152}, craft.VXLAN{VNI: vni}}, inner...)...)
	}
	for i := range 12 {
		tcp := craft.TCP{Src: 40000, Dst: 80, Flags: craft.ACK}
		vxlan(5001, append(ends("10.0.0.1", "10.0.0.2"), tcp, craft.Payload(make([]byte, 100*i)))...)
		vxlan(5002, append(ends("10.0.0.2", "10.0.0.1"), craft.TCP{Src: 80, Dst: 40000, Flags: craft.ACK})...)
	}
	packet(craft.Ethernet{}, craft.IPv6{Src: "2001:db8:1:2::1", Dst: "2001:db8:1:3::1"}, craft.UDP{Src: 53, Dst: 53}, craft.Payload("abc"))
	packet(craft.Ethernet{}, craft.ARP{})
	packet(craft.Ethernet{}, craft.IPv4{Src: "10.9.9.9", Dst: "10.0.0.1"}, craft.ICMP{Type: 3, Code: 1},
		craft.IPv4{Src: "10.0.0.1", Dst: "10.8.8.8"}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("quoted"))
	packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.1"},
		craft.Edit(craft.UDP{Src: 7, Dst: 7}, func(b []byte) { b[6] ^= 0x10 }), craft.Payload("itself"))
	frames = append(frames, frames[0][:40], frames[0][:20])
	return frames
}

// add gives the frames to a part of r, which is flushed after those that are in cuts.
func add(r Report, frames [][]byte, cuts ...int) {
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder := config.NewDecoder()
	point := &dissect.Point{Name: "tap0", Link: 1, FCSLen: -1, Index: -1}
	part := r.NewPart()
	var p dissect.Packet
	for i, b := range frames {
		decoder.Decode(&p, &dissect.Frame{Data: b, WireLen: len(b), Number: uint64(i + 1), Time: 1_700_000_000_000_000_000 + int64(i)*100_000_000, Point: point})
		p.Verify()
		part.Add(&p)
		for _, cut := range cuts {
			if cut == i {
				part.Flush()
			}
		}
	}
	part.Flush()
}

// projections are command lines: fields, sums and a bin of time.
var projections = []string{
	"vxlan.vni",
	"vxlan.vni,ip.src,tcp.dstport",
	"ip.src#1",
	"outer.ip.src,inner.ip.src",
	"ip.addr,tcp.port",
	"ip.dst/31,ipv6.src/48,eth.src/24",
	"ipv6.dst/64,ipv6.src/127",
	"frame.len:500 packets,p50(frame.len),min(frame.len),mean(frame.len),max(frame.len)",
	"frame.protocols packets,captured_bytes",
	"vlan.priority,tcp.flags.ack,eth.type packets,packets_share",
	"udp.checksum.status,pktscope.anomaly packets,bad,malformed",
	"vxlan.vni packets,distinct(ip.addr),distinct(tcp.srcport),first,last",
	"vxlan.vni mean_packet_rate,mean_bit_rate,peak_packet_rate,peak_bit_rate",
	"vxlan.vni packets,bytes,mean_packet_rate 1s",
	" packets,p99.9(tcp.len)",
	"data.data first",
}

func parseProjection(t testing.TB, line string) *Projection {
	t.Helper()
	words := strings.Split(line, " ")
	list := func(i int) []string {
		if i >= len(words) || words[i] == "" {
			return nil
		}
		return strings.Split(words[i], ",")
	}
	var every time.Duration
	if len(words) > 2 {
		every, _ = time.ParseDuration(words[2])
	}
	p, err := NewProjection(list(0), list(1), every)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProjection(t *testing.T) {
	var got txtar.Archive
	for _, line := range projections {
		r := parseProjection(t, line).report(setup{groups: maxGroups})
		add(r, traffic())
		var b bytes.Buffer
		if err := WriteText(&b, r.Snapshot(), TextOptions{}); err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, txtar.File{Name: strings.TrimSpace(line), Data: b.Bytes()})
	}
	golden.Compare(t, *update, "projection.txtar", &got)
}

// Where blocks end changes nothing, nor does what was counted before a Reset.
func TestProjectionBlocks(t *testing.T) {
	frames := traffic()
	for _, line := range projections {
		for _, limit := range []int{3, maxGroups} {
			print := func(r Report) string {
				var b bytes.Buffer
				if err := WriteJSON(&b, r.Snapshot(), ""); err != nil {
					t.Fatal(err)
				}
				return b.String()
			}
			r := parseProjection(t, line).report(setup{groups: limit})
			add(r, frames)
			want := print(r)
			add(r, frames[:rand.IntN(len(frames))])
			r.Reset()
			cuts := []int{rand.IntN(len(frames)), rand.IntN(len(frames)), rand.IntN(len(frames))}
			add(r, frames, cuts...)
			if got := print(r); got != want {
				t.Errorf("%s: with blocks that end at %v:\n%s\nin one block:\n%s", line, cuts, got, want)
			}
		}
	}
}

// What finds no room is added up in the row of others.
func TestProjectionIsBounded(t *testing.T) {
	r := parseProjection(t, "frame.number packets,max(frame.number)").report(setup{groups: 5})
	add(r, traffic())
	table := r.Snapshot()[0]
	if n := len(table.Rows); n != 5 {
		t.Errorf("%d rows", n)
	}
	want := []Cell{{}, Int(len(traffic()) - 5), Int(len(traffic()))}
	if fmt.Sprint(table.Other) != fmt.Sprint(want) {
		t.Errorf("others: %v, want %v", table.Other, want)
	}
}

func TestProjectionMistakes(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"vxlan.vin", `"vxlan.vin" is not a field; did you mean vxlan.vni?`},
		{"ip.src/33", `"ip.src/33": an address of ip.src has 32 bits`},
		{"ip.ttl/8", `"ip.ttl/8": a prefix is part of an address, and ip.ttl is a number`},
		{"ip.src:8", `"ip.src:8": a range is of numbers, and ip.src is an IPv4 address`},
		{"frame.len:0", `"frame.len:0": a range is at least 1 wide`},
		{"ip.src#0", `"ip.src#0": behind # stands the number of a layer, 1 for the outermost`},
		{"inner.ip.src#2", `"inner.ip.src#2": inner. says already which layer`},
		{"outer.pktscope.anomaly", `"outer.pktscope.anomaly": every layer may have pktscope.anomaly: there is no order of its layers`},
		{"ip.src,ip.src", `ip.src stands twice in what to group by`},
		{"ipv6.src,ipv6.dst,frame.protocols,eth.src,eth.dst,ip.src,ip.dst", `too many fields to group by: ip.dst has no room ` +
			`(nine fit, of which an IPv6 address, bytes or a text count as two, a bin of time as one)`},
		{"ip.src packets,packets", `packets stands twice in what to add up`},
		{"ip.src packet", `"packet" is not a sum; did you mean packets? there are ` + sumNames()},
		{"ip.src mean(ip.src)", `mean(ip.src): ip.src is an IPv4 address and no number`},
		{"ip.src p101(ip.ttl)", `"p101" is not a percentile: there are p0 to p100, with up to three decimals`},
		{"ip.src min(ip.ttl", `"min(ip.ttl" has no closing parenthesis`},
		{"ip.src max(ip.tll)", `"ip.tll" is not a field; did you mean ip.ttl?`},
	} {
		fields, sums, _ := strings.Cut(c.line, " ")
		var list []string
		if sums != "" {
			list = strings.Split(sums, ",")
		}
		_, err := NewProjection(strings.Split(fields, ","), list, 0)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.line, err, c.want)
		}
	}
	if _, err := NewProjection(nil, nil, -1); err == nil {
		t.Error("a negative bin of time is no error")
	}
}

func sumNames() string {
	names, _ := Sums()
	return strings.Join(names, ", ")
}

func TestProjectionDoesNotAllocate(t *testing.T) {
	frames := traffic()
	decoder := dissect.NewConfig(dissect.Options{Cookie: -1}).NewDecoder()
	point := &dissect.Point{Name: "tap0", Link: 1, FCSLen: -1, Index: -1}
	for _, line := range projections {
		r := parseProjection(t, line).report(setup{groups: maxGroups})
		part := r.NewPart()
		var p dissect.Packet
		f := dissect.Frame{Point: point}
		fill := func() {
			for _, b := range frames {
				f.Data = b
				decoder.Decode(&p, &f)
				part.Add(&p)
			}
			part.Flush()
		}
		fill()
		fill()
		if n := testing.AllocsPerRun(10, fill); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

// decoded returns the frames as packets that stay.
func decoded(frames [][]byte) []dissect.Packet {
	decoder := dissect.NewConfig(dissect.Options{Cookie: -1}).NewDecoder()
	point := &dissect.Point{Name: "tap0", Link: 1, FCSLen: -1, Index: -1}
	packets := make([]dissect.Packet, len(frames))
	for i, b := range frames {
		decoder.Decode(&packets[i], &dissect.Frame{Data: b, WireLen: len(b), Number: uint64(i + 1), Time: int64(i), Point: point})
		packets[i].Verify()
	}
	return packets
}

// BenchmarkProjection adds packets of an overlay to groups of several kinds.
func BenchmarkProjection(b *testing.B) {
	packets := decoded(traffic()[:24])
	for _, line := range []string{"vlan.id", "vlan.id,ip.dsfield.dscp,vxlan.vni", "ip.src/24,ip.dst,tcp.dstport", "frame.len:100,frame.protocols,ip.proto",
		"vxlan.vni p99(frame.len),distinct(ip.src)"} {
		b.Run(line, func(b *testing.B) {
			part := parseProjection(b, line).report(setup{groups: maxGroups}).NewPart()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				part.Add(&packets[i%len(packets)])
			}
		})
	}
}

// Whatever the command line says: an error, or a table.
func FuzzProjection(f *testing.F) {
	for _, line := range projections {
		fields, sums, _ := strings.Cut(line, " ")
		f.Add(fields, sums, int64(0))
	}
	f.Add("ip.src#99999999999999999999,ip.src/:/8", "p100.000(ip.ttl),p(x),()", int64(-1))
	frames := traffic()
	f.Fuzz(func(t *testing.T, fields, sums string, every int64) {
		p, err := NewProjection(strings.Split(fields, ","), strings.Split(sums, ","), time.Duration(every))
		if err != nil {
			return
		}
		r := p.report(setup{groups: 4})
		add(r, frames, 9)
		if err := WriteJSON(io.Discard, r.Snapshot(), ""); err != nil {
			t.Fatal(err)
		}
	})
}

// Both directions are one flow, tenants are apart, and what an ICMP error quotes is none.
func TestSumOfFlows(t *testing.T) {
	packet := func(vlan uint16, src, dst string, sport, dport uint16) []byte {
		return craft.Packet(craft.Ethernet{}, craft.VLAN{ID: vlan}, craft.IPv4{Src: src, Dst: dst}, craft.UDP{Src: sport, Dst: dport}, craft.Payload("x"))
	}
	quoted := craft.Packet(craft.IPv4{Src: "10.0.0.9", Dst: "10.0.0.8"}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x"))
	frames := onTap(
		packet(1, "10.0.0.1", "10.0.0.2", 4000, 53),
		packet(1, "10.0.0.2", "10.0.0.1", 53, 4000),
		packet(1, "10.0.0.1", "10.0.0.2", 4001, 53),
		packet(2, "10.0.0.1", "10.0.0.2", 4000, 53),
		craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 2}, craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1"}, craft.ICMP{Type: 3, Code: 3}, craft.Payload(quoted)),
	)
	for _, tt := range []struct {
		by   []string
		want []string
	}{
		{nil, []string{"4"}},
		{[]string{"vlan.id"}, []string{"1 2", "2 2"}},
	} {
		p, err := NewProjection(tt.by, []string{"flows"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := setup{groups: maxGroups}
		r := p.report(s)
		playParts(t, s, r, []Part{r.NewPart()}, 2, Options{}, frames)
		wantLines(t, r.Snapshot()[0], strings.Join(append(tt.by, "flows"), " "), tt.want...)
	}
}
