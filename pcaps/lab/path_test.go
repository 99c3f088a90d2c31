package lab_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Recordings of a way between two hosts, at several points: fragments, loss, offload.

// nstat reads a kernel's counters.
func nstat(t *testing.T, name, host string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, row := range truthRows(t, name, "nstat-"+host+".txt") {
		all[row[0]] = number(t, row[1])
	}
	return all
}

// A host puts together as many datagrams as we do at its interface of those that are for it, and messages of ICMP arrive as it counts them.
func TestFragmentsAsTheKernelCounts(t *testing.T) {
	const name = "fragments"
	const (
		fragment4 = "(outer.ip.flags.mf == 1 or outer.ip.frag_offset > 0)"
		fragment6 = "ipv6.fraghdr"
	)
	for _, h := range []struct{ host, point, ip, ip6 string }{
		{"host", "h0", "10.1.0.1", "2001:db8:1::1"},
		{"peer", "d0", "10.2.0.2", "2001:db8:2::2"},
	} {
		kernel := nstat(t, name, h.host)
		here := fmt.Sprintf("frame.interface_name == %q and ", h.point)
		to4, from4 := here+"outer.ip.dst == "+h.ip+" and ", here+"outer.ip.src == "+h.ip+" and "
		to6 := here + "outer.ipv6.dst == " + h.ip6 + " and "
		for _, c := range []struct {
			counter, means string
		}{
			{"IpReasmReqds", to4 + fragment4},
			{"IpReasmOKs", to4 + fragment4 + " and (udp or icmp)"}, // what is above IP is in the packet that completes the datagram
			{"IpFragCreates", from4 + fragment4 + " and outer.ip.id < 0x1001 or " + from4 + fragment4 + " and outer.ip.id > 0x1004"},
			{"Ip6ReasmReqds", to6 + fragment6 + " and not icmpv6.type < 128"},
			{"Ip6ReasmOKs", to6 + fragment6 + " and (udp or icmpv6) and not icmpv6.type < 128"},
			{"IcmpInDestUnreachs", to4 + "icmp.type == 3"},
			{"IcmpInTimeExcds", to4 + "icmp.type == 11"},
			{"IcmpInEchoReps", to4 + "icmp.type == 0"},
			{"Icmp6InPktTooBigs", to6 + "icmpv6.type == 2"},
			{"Icmp6InDestUnreachs", to6 + "icmpv6.type == 1"},
			{"Icmp6InTimeExcds", to6 + "icmpv6.type == 3"},
		} {
			if got := count(t, name, c.means); got != kernel[c.counter] {
				t.Errorf("%s: %s is %d, we have %d", h.host, c.counter, kernel[c.counter], got)
			}
		}
		// A datagram that was put together has all bytes that its checksum covers.
		if n := count(t, name, to4+fragment4+` and udp and pktscope.checksum.verdict == "unverifiable"`); n > 0 {
			t.Errorf("%s: the checksums of %d datagrams were not verified", h.host, n)
		}
	}
}

// The overlapping datagram is discarded, as the peer does, and the one that is never whole has nothing above IP.
func TestFragmentsThatNeverBecomeADatagram(t *testing.T) {
	if n := count(t, "fragments", `pktscope.anomaly == "fragment-overlap" and not ip.id == 0x1003`); n > 0 {
		t.Errorf("%d overlaps elsewhere", n)
	}
	points := len(by(t, "fragments", "ip.id == 0x1003", "frame.interface_name", "packets"))
	if n := count(t, "fragments", `pktscope.anomaly == "fragment-overlap"`); points == 0 || n != points {
		t.Errorf("%d overlaps at %d points", n, points)
	}
	for _, id := range []string{"0x1003", "0x1004"} {
		if n := count(t, "fragments", "outer.ip.id == "+id+" and udp"); n > 0 {
			t.Errorf("%d datagrams of %s", n, id)
		}
	}
	if kernel := nstat(t, "fragments", "peer"); kernel["IpExtReasmOverlaps"] != 1 {
		t.Errorf("the peer counted %d overlaps", kernel["IpExtReasmOverlaps"])
	}
}

// Between r0 and r1 exactly those packets disappear of which the router says that it dropped them.
func TestLossIsWhereItWas(t *testing.T) {
	type key [4]string // source, destination, identification, sequence number or nothing
	at := func(point, source string) map[key]int {
		all := map[key]int{}
		for _, row := range rows(t, "loss", fmt.Sprintf("frame.interface_name == %q and ip.src == %s and (tcp or udp)", point, source),
			"ip.src", "ip.dst", "ip.id", "tcp.seq_raw") {
			all[key(row)]++
		}
		return all
	}
	dropped := map[key]int{}
	for _, row := range truthRows(t, "loss", "dropped.tsv")[1:] {
		k := key{row[1], row[2], row[3], row[6]}
		if strings.HasPrefix(row[5], "5009") { // UDP has no sequence numbers
			k[3] = ""
		}
		dropped[k]++
	}
	missing := map[key]int{}
	for _, way := range []struct{ source, in, out string }{{"10.1.0.1", "r0", "r1"}, {"10.2.0.2", "r1", "r0"}} {
		out := at(way.out, way.source)
		for k, n := range at(way.in, way.source) {
			if lost := n - out[k]; lost > 0 {
				missing[k] = lost
			}
		}
	}
	if len(dropped) < 20 || !maps.Equal(missing, dropped) {
		t.Errorf("%d packets are missing, the router dropped %d", len(missing), len(dropped))
		for k := range missing {
			if dropped[k] == 0 {
				t.Errorf("missing: %v", k)
			}
		}
		for k := range dropped {
			if missing[k] == 0 {
				t.Errorf("not missing: %v", k)
			}
		}
	}
}

// What the sender sent again is what its sockets counted: data with sequence numbers that were there before.
func TestRetransmissionsAsTheSenderCounts(t *testing.T) {
	for _, line := range truthRows(t, "loss", "tcp-info.txt") {
		info := map[string]string{}
		for _, pair := range line {
			name, value, _ := strings.Cut(pair, "=")
			info[name] = value
		}
		port, data, bytes, segments := info["port"], 0, 0, 0
		for _, row := range rows(t, "loss", `frame.interface_name == "s0" and ip.src == 10.1.0.1 and tcp.dstport == `+port, "tcp.len", "tcp.flags.syn") {
			segments++
			if n := number(t, row[0]); n > 0 {
				data++
				bytes += n
			}
		}
		if got := strconv.Itoa(bytes); got != info["bytes_sent"] {
			t.Errorf("port %s: %s bytes, the socket sent %s", port, got, info["bytes_sent"])
		}
		if got := strconv.Itoa(data); got != info["data_segs_out"] {
			t.Errorf("port %s: %s segments with data, the socket sent %s", port, got, info["data_segs_out"])
		}
		// A SYN before the socket was established, and what was sent after it was asked, are not in its counters.
		if out := number(t, info["segs_out"]); segments < out || segments > out+3 {
			t.Errorf("port %s: %d segments, the socket sent %d", port, segments, out)
		}
	}
}

// A checksum that a card still owes is at the points before it, and never at the receiver, where all are good.
func TestOffload(t *testing.T) {
	const owed = `pktscope.checksum.verdict == "offload"`
	for _, row := range by(t, "offload", owed, "frame.interface_name,ip.src", "packets") {
		switch point := row["frame.interface_name"]; {
		case point == "s0", point == "r0":
		case point == "r1" && row["ip.src"] != "10.1.0.1": // what the receiver sent, merged by the router
		default:
			t.Errorf("%s packets from %s at %s", row["packets"], row["ip.src"], point)
		}
	}
	for _, point := range []string{"s0", "r0"} {
		here := fmt.Sprintf("frame.interface_name == %q and ", point)
		if count(t, "offload", here+owed) == 0 {
			t.Errorf("no checksum is owed at %s", point)
		}
		if count(t, "offload", here+"frame.len > 9000") == 0 {
			t.Errorf("no segment is larger than a frame at %s", point)
		}
	}
	// The bytes from the sender are the same before and behind the card, whatever was sent again and how it was cut then.
	payload := func(point, port string) (n int) {
		type piece struct{ from, to int32 } // behind the number of the first
		first := map[string]uint32{}        // by version of IP
		sent := map[string][]piece{}
		for _, row := range rows(t, "offload", fmt.Sprintf("frame.interface_name == %q and tcp.srcport == %s and tcp.len > 0", point, port), "tcp.seq_raw", "tcp.len", "ip.version") {
			at := uint32(number(t, row[0]))
			if _, ok := first[row[2]]; !ok {
				first[row[2]] = at
			}
			from := int32(at - first[row[2]])
			sent[row[2]] = append(sent[row[2]], piece{from, from + int32(number(t, row[1]))})
		}
		for _, all := range sent {
			slices.SortFunc(all, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
			end := all[0].from
			for _, p := range all {
				n += int(max(0, p.to-max(p.from, end)))
				end = max(end, p.to)
			}
		}
		return n
	}
	ports := by(t, "offload", `frame.interface_name == "s0" and ip.src == 10.1.0.1 and tcp.len > 0`, "tcp.srcport", "packets")
	if len(ports) == 0 {
		t.Error("the sender sent nothing")
	}
	for _, row := range ports {
		port := row["tcp.srcport"]
		if before, behind := payload("s0", port), payload("d0", port); before != behind {
			t.Errorf("port %s: %d bytes at s0, %d at d0", port, before, behind)
		}
	}
	large := by(t, "offload", `frame.interface_name == "d0" and ip.src == 10.1.0.1`, "frame.interface_name", "max(frame.len)")
	if len(large) != 1 || number(t, large[0]["max(frame.len)"]) > 1514 {
		t.Errorf("at the receiver: %v", large)
	}
}
