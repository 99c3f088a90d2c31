//go:build linux

package flows

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

// These tests send packets through a kernel that tracks connections and compare its table with what Conntrack says, packet by packet. The kernel is
// this machine's, in a network namespace of its own, which ends with the process:
//
//	client ── in ═ this kernel forwards ═ out ── server
//
// in and out are veth pairs whose far ends have no address; what is to come from client or server is put in there. Nobody answers.

const insideNamespace = "PKTSCOPE_FLOWS_NAMESPACE"

// inNamespace runs the calling test again in a new network namespace, and returns true there.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideNamespace) != "" {
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if _, err := os.Stat("/proc/net/nf_conntrack"); err != nil {
		t.Skip("the kernel shows no connections: ", err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	switch {
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// router is the kernel of the namespace.
type router struct {
	socket int
	far    [2]int // interface indexes of the far ends, by direction
}

var (
	client, server       = "10.9.0.2", "10.9.1.2"
	clientMAC, serverMAC = "02:00:00:00:00:02", "02:00:00:00:01:02"
	routerMAC            = [2]string{"02:00:00:00:00:01", "02:00:00:00:01:01"}
)

func newRouter(t *testing.T) *router {
	t.Helper()
	for _, line := range []string{
		"ip link set lo up",
		"ip link add in address " + routerMAC[0] + " type veth peer name client",
		"ip link add out address " + routerMAC[1] + " type veth peer name server",
		"ip link set in up", "ip link set out up", "ip link set client up", "ip link set server up",
		"ip addr add 10.9.0.1/24 dev in", "ip addr add 10.9.1.1/24 dev out",
		"ip neigh add " + client + " lladdr " + clientMAC + " dev in nud permanent",
		"ip neigh add " + server + " lladdr " + serverMAC + " dev out nud permanent",
		"nft add table ip t",
		"nft add chain ip t f { type filter hook forward priority 0 ; }",
		"nft add rule ip t f ct state invalid counter", // from here on the kernel tracks
	} {
		words := strings.Fields(line)
		if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", line, err, out)
		}
	}
	for name, value := range map[string]string{
		"net/ipv4/ip_forward":                               "1",
		"net/netfilter/nf_conntrack_tcp_be_liberal":         "1",
		"net/netfilter/nf_conntrack_tcp_loose":              "1",
		"net/ipv6/conf/all/disable_ipv6":                    "1",
		"net/ipv4/conf/all/rp_filter":                       "0",
		"net/netfilter/nf_conntrack_tcp_ignore_invalid_rst": "0",
	} {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0); err != nil {
			t.Skip(err)
		}
	}
	r := &router{}
	var err error
	if r.socket, err = syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0); err != nil {
		t.Skip(err)
	}
	for d, name := range []string{"client", "server"} {
		i, err := net.InterfaceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		r.far[d] = i.Index
	}
	return r
}

// send lets a packet of direction d arrive at the router.
func (r *router) send(t *testing.T, d Direction, transport ...craft.Layer) {
	t.Helper()
	ether := craft.Ethernet{Src: clientMAC, Dst: routerMAC[0]}
	ip := craft.IPv4{Src: client, Dst: server}
	if d == Reply {
		ether = craft.Ethernet{Src: serverMAC, Dst: routerMAC[1]}
		ip.Src, ip.Dst = ip.Dst, ip.Src
	}
	frame := craft.Packet(append([]craft.Layer{ether, ip}, transport...)...)
	if err := syscall.Sendto(r.socket, frame, 0, &syscall.SockaddrLinklayer{Ifindex: r.far[d]}); err != nil {
		t.Fatal(err)
	}
}

// entry is a row of the kernel's table.
type entry struct {
	state             string // empty for protocols without
	replied, assured  bool
	timeout           int    // seconds that are left
	source, originSrc uint16 // the port, or identifier, by which tests tell their flows apart; and that of the original direction
}

// table reads the rows of a protocol, by the client's port.
func (r *router) table(t *testing.T, protocol string) map[uint16]entry {
	t.Helper()
	time.Sleep(20 * time.Millisecond) // for what still is in a queue
	f, err := os.Open("/proc/net/nf_conntrack")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := map[uint16]entry{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if words[2] != protocol {
			continue
		}
		e := entry{replied: true}
		e.timeout, _ = strconv.Atoi(words[4])
		var from string
		for _, w := range words[5:] {
			key, value, pair := strings.Cut(w, "=")
			switch {
			case w == "[UNREPLIED]":
				e.replied = false
			case w == "[ASSURED]":
				e.assured = true
			case w == "[OFFLOAD]":
			case !pair && e.state == "":
				e.state = w
			case key == "src" && from == "":
				from = value
			case e.source == 0 && (key == "sport" && from == client || key == "dport" && from == server || key == "id"):
				n, _ := strconv.ParseUint(value, 10, 16)
				e.source = uint16(n)
			}
		}
		rows[e.source] = e
	}
	return rows
}

// compare holds c against the kernel's row.
func compare(c *Conntrack, protocol uint8, e entry, there, renewed bool) error {
	if there != c.begun() {
		return fmt.Errorf("the kernel has an entry: %v (%+v), want %v (%s)", there, e, c.begun(), describe(c, protocol))
	}
	if !there {
		return nil
	}
	state := c.State().String()
	if protocol != protocolTCP && protocol != protocolSCTP {
		state = ""
	}
	seconds := int(c.Timeout(protocol) / time.Second)
	if e.state != state || e.replied != c.Replied() || e.assured != c.Assured() {
		return fmt.Errorf("the kernel has %+v, here it is %s", e, describe(c, protocol))
	}
	if e.timeout > seconds || renewed && e.timeout < seconds-2 {
		return fmt.Errorf("the kernel has %d s left, here it is %s", e.timeout, describe(c, protocol))
	}
	return nil
}

// fuzzedSegment is a segment that one of two ends might send, or hardly.
func fuzzedSegment(random *rand.Rand, v *conversation, wild bool) (d Direction, s TCPSegment) {
	d = Direction(random.IntN(2))
	pick := func(weights ...int) int {
		sum := 0
		for _, w := range weights {
			sum += w
		}
		n := random.IntN(sum)
		for i, w := range weights {
			if n -= w; n < 0 {
				return i
			}
		}
		return 0
	}
	s.Flags = []uint8{SYN, SYN | ACK, FIN | ACK, ACK, RST, RST | ACK, FIN, 0, SYN | FIN, ACK | URG}[pick(20, 12, 14, 40, 4, 4, 1, 1, 1, 2)]
	s.Sequence = v.next[d] + uint32([]int{0, -1, -20, 40, 30000}[pick(60, 3, 6, 4, 1)])
	if wild {
		s.Sequence += uint32([]int{0, 3e6, -2e6}[pick(30, 1, 1)])
	}
	if s.Flags&RST != 0 && random.IntN(4) == 0 {
		s.Sequence = 0
	}
	if s.Flags&ACK != 0 {
		s.Acknowledgment = v.next[d.Other()] + uint32([]int{0, -1, -20}[pick(60, 3, 6)])
		if wild {
			s.Acknowledgment += uint32([]int{0, 40, 3e6, -2e6}[pick(30, 1, 1, 1)])
		}
		if random.IntN(30) == 0 {
			s.Acknowledgment = 0
		}
	}
	s.Window = []uint16{60000, 0, 1, 1000}[pick(12, 1, 1, 2)]
	if s.Flags&(SYN|RST) == 0 && random.IntN(3) == 0 {
		s.Payload = uint32(1 + random.IntN(60))
	}
	if s.Flags&SYN != 0 {
		s.HasScale, s.Scale = random.IntN(3) > 0, uint8(random.IntN(15))
		s.SACKPermitted = random.IntN(2) == 0
		if !s.HasScale {
			s.Scale = 0
		}
		if random.IntN(4) == 0 {
			s.Sequence += 1e6 // another connection's
		}
	}
	if random.IntN(8) == 0 && v.last[d].Flags != 0 {
		s = v.last[d]
	}
	v.sent(d, s)
	return d, s
}

// script is a sequence of segments that is likely to come far, and then anything.
func fuzzedConnection(random *rand.Rand, wild bool) (lines []string) {
	v := newConversation()
	legal := []string{"> S", "< SA", "> A", "> A +10", "< A +20", "> A", "> FA", "< A", "< FA", "> A"}
	if random.IntN(4) == 0 {
		legal = legal[2:]
	}
	if random.IntN(8) == 0 {
		legal = []string{"> S", "< S", "> SA", "< SA", "> A", "< A", "> A"}
	}
	for _, line := range legal[:random.IntN(len(legal)+1)] {
		d, s, _, _, err := v.segment(line)
		if err != nil {
			panic(err)
		}
		lines = append(lines, notation(d, &s))
	}
	for range 1 + random.IntN(9) {
		d, s := fuzzedSegment(random, v, wild)
		lines = append(lines, notation(d, &s))
	}
	return lines
}

// craftTCP is the segment on the wire.
func craftTCP(d Direction, port uint16, s *TCPSegment) []craft.Layer {
	h := craft.TCP{Src: port, Dst: 80, Seq: s.Sequence, Ack: s.Acknowledgment, Flags: uint16(s.Flags)}
	if d == Reply {
		h.Src, h.Dst = h.Dst, h.Src
	}
	if s.Flags&SYN != 0 {
		h.Options = []byte{2, 4, 5, 180}
		if s.HasScale {
			h.Options = append(h.Options, 3, 3, s.Scale)
		}
		if s.SACKPermitted {
			h.Options = append(h.Options, 4, 2)
		}
	}
	if s.SACKs > 0 {
		h.Options = []byte{5, 10}
		h.Options = binary.BigEndian.AppendUint32(h.Options, s.SACK[0][0])
		h.Options = binary.BigEndian.AppendUint32(h.Options, s.SACK[0][1])
	}
	h.Window = s.Window
	return []craft.Layer{
		craft.Edit(h, func(b []byte) {
			binary.BigEndian.PutUint16(b[14:], s.Window) // 0 stands for 65,535 in craft, which makes no difference for the checksum
		}),
		craft.Payload(make([]byte, s.Payload)),
	}
}

func TestTCPAsKernel(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	r := newRouter(t)
	type connection struct {
		lines  []string
		c      Conntrack
		turned bool // the reply direction began another connection
		done   bool
	}
	random := rand.New(rand.NewPCG(4, seedDbg()))
	all := make([]*connection, 1000)
	for i := range all {
		all[i] = &connection{lines: fuzzedConnection(random, i%2 == 0)}
	}
	for i, test := range connections {
		if !strings.Contains(test.name, "as no kernel") {
			all[i].lines = all[i].lines[:0]
			for line := range strings.Lines(strings.TrimSpace(test.lines)) {
				line, _, _ = strings.Cut(line, "|")
				all[i].lines = append(all[i].lines, strings.TrimSpace(line))
			}
		}
	}
	const firstPort = 20000
	compared := map[string]int{}
	conversations := make([]*conversation, len(all))
	for i := range conversations {
		conversations[i] = newConversation()
	}
	for step, more := 0, true; more; step++ {
		more = false
		before := make([]Conntrack, len(all))
		gone, renewed := make([]bool, len(all)), make([]bool, len(all))
		for i, conn := range all {
			if conn.done || step >= len(conn.lines) {
				continue
			}
			more = true
			d, s, lost, _, err := conversations[i].segment(conn.lines[step])
			if err != nil {
				t.Fatal(err)
			}
			if lost {
				continue
			}
			r.send(t, d, craftTCP(d, firstPort+uint16(i), &s)...)

			c := &conn.c
			if !c.begun() {
				conn.turned = d == Reply // the kernel takes what begins a flow for its original direction
			}
			if conn.turned {
				d = d.Other()
			}
			before[i] = *c
			departs := departsFromKernel(c, d, &s)
			outcome := c.TCP(d, &s)
			if outcome == New {
				next, to := successor(c, d)
				conn.turned = conn.turned != (to != d)
				*c = next
				outcome = c.TCP(to, &s)
			}
			renewed[i] = outcome == Accept
			if departs || c.Missed() != before[i].Missed() {
				compared["left"]++
				conn.done = true
			}
			gone[i] = outcome == Accept && tcpKindOf(s.Flags) == kindRST && !before[i].Replied()
		}
		rows := r.table(t, "tcp")
		for i, conn := range all {
			if conn.done || step >= len(conn.lines) {
				continue
			}
			row, there := rows[firstPort+uint16(i)]
			if gone[i] {
				if there {
					t.Errorf("%s:\nthe kernel still has %+v", strings.Join(conn.lines[:step+1], "\n"), row)
				}
				conn.done = true
				continue
			}
			if err := compare(&conn.c, protocolTCP, row, there, renewed[i]); err != nil {
				t.Errorf("%s:\n%v, before it was %s", strings.Join(conn.lines[:step+1], "\n"), err, describe(&before[i], protocolTCP))
				conn.done = true
			}
			compared[conn.c.State().String()]++
		}
	}
	t.Log(compared)
}

// departsFromKernel reports whether what c makes of a segment is not what the kernel does, as the head of tcp_state.go has it.
func departsFromKernel(c *Conntrack, d Direction, s *TCPSegment) bool {
	after := *c
	kind := tcpKindOf(s.Flags)
	switch after.TCP(d, s) {
	case New:
		return kind == kindSYNACK || (c.flags[0]|c.flags[1])&sideClosed == 0 && (c.lastKind != kindRST || c.lastDirection != d)
	case Invalid, Ignore:
		return false
	}
	if !c.begun() {
		return d == Reply
	}
	from, to := &c.sides[d], &c.sides[d.Other()]
	return kind != kindRST && from.maxWindow != 0 && (before(from.maxEnd, s.Sequence) || s.Flags&ACK != 0 && before(to.end, s.Acknowledgment))
}

var _ = dissect.SCTP(nil)
