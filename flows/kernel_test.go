//go:build linux

package flows

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pktscope/internal/craft"
)

// These tests send packets through a kernel that tracks connections and compare its table with what Conntrack says, packet by packet.
// The kernel is this machine's, in a network namespace of its own, which ends with the process:
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
	clientNet            = "10.9.0."
	client, server       = clientNet + "2", "10.9.1.2"
	clientMAC, serverMAC = "02:00:00:00:00:02", "02:00:00:00:01:02"
	routerMAC            = [2]string{"02:00:00:00:00:01", "02:00:00:00:01:01"}
)

func newRouter(t *testing.T) *router {
	t.Helper()
	for _, line := range []string{
		"ip link set lo up",
		"ip link add in address " + routerMAC[0] + " type veth peer name client",
		"ip link add out address " + routerMAC[1] + " type veth peer name server",
		"ip link set in mtu 20000 up", "ip link set out mtu 20000 up", "ip link set client mtu 20000 up", "ip link set server mtu 20000 up",
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
		"net/ipv4/conf/all/rp_filter":                       "0",
		"net/ipv6/conf/all/disable_ipv6":                    "1",
		"net/netfilter/nf_conntrack_checksum":               "0", // which it gets wrong for UDP-Lite
		"net/netfilter/nf_conntrack_tcp_loose":              "1",
		"net/netfilter/nf_conntrack_tcp_ignore_invalid_rst": "0",
	} {
		sysctl(t, name, value)
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

func sysctl(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0); err != nil {
		t.Skip(err)
	}
}

// send lets a packet of direction d arrive at the router, from the client or for it.
func (r *router) send(t *testing.T, d Direction, transport ...craft.Layer) {
	t.Helper()
	r.sendOf(t, client, 0, d, transport...)
}

// sendOf is send for another client; protocol is IP's number, or 0 for that of the layer.
func (r *router) sendOf(t *testing.T, client string, protocol uint8, d Direction, transport ...craft.Layer) {
	t.Helper()
	ether := craft.Ethernet{Src: clientMAC, Dst: routerMAC[0]}
	ip := craft.IPv4{Src: client, Dst: server, Protocol: protocol}
	if d == Reply {
		ether = craft.Ethernet{Src: serverMAC, Dst: routerMAC[1]}
		ip.Src, ip.Dst = ip.Dst, ip.Src
	}
	frame := craft.Packet(append([]craft.Layer{ether, ip}, transport...)...)
	if err := syscall.Sendto(r.socket, frame, 0, &syscall.SockaddrLinklayer{Ifindex: r.far[d]}); err != nil {
		t.Fatal(err)
	}
}

// place is what tells the flows of a test apart: the client's address, and its port or the query's identifier.
type place struct {
	client string
	number uint16
}

// entry is a row of the kernel's table.
type entry struct {
	state            string // empty for protocols without
	replied, assured bool
	timeout          int // seconds that are left
}

// table reads the rows of a protocol.
func (r *router) table(t *testing.T, protocol string) map[place]entry {
	t.Helper()
	time.Sleep(20 * time.Millisecond) // for what still is in a queue
	f, err := os.Open("/proc/net/nf_conntrack")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := map[place]entry{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if words[2] != protocol {
			continue
		}
		e := entry{replied: true}
		e.timeout, _ = strconv.Atoi(words[4])
		var at place
		side, found := "", false
		for _, w := range words[5:] {
			key, value, pair := strings.Cut(w, "=")
			switch {
			case w == "[UNREPLIED]":
				e.replied = false
			case w == "[ASSURED]":
				e.assured = true
			case !pair && e.state == "":
				e.state = w
			case (key == "src" || key == "dst") && at.client == "" && strings.HasPrefix(value, clientNet):
				at.client, side = value, key[:1]
			case !found && (key == side+"port" || key == "id"):
				n, _ := strconv.ParseUint(value, 10, 16)
				at.number, found = uint16(n), true
			}
		}
		rows[at] = e
	}
	return rows
}

// tracked is a flow of a test, as Conntrack has it.
type tracked struct {
	c       Conntrack
	lives   time.Duration // from the last packet on that renewed the timeout
	renewed bool          // by the last packet
}

// took notes what the last packet was.
func (f *tracked) took(o Outcome, protocol uint8) {
	if f.renewed = o == Accept; f.renewed {
		f.lives = f.c.Timeout(protocol)
	}
}

// compare holds the flow against the kernel's row, which was read after packets that were sent from a time on.
func (f *tracked) compare(protocol uint8, e entry, there bool, from time.Time) error {
	c := &f.c
	here := describe(c, protocol)
	if there != c.begun() {
		return fmt.Errorf("the kernel has an entry: %v (%+v), here it is %s", there, e, here)
	}
	if !there {
		return nil
	}
	state := c.State().String()
	if protocol != protocolTCP && protocol != protocolSCTP {
		state = ""
	}
	lives := int(f.lives / time.Second)
	waited := int(time.Since(from)/time.Second) + 2
	late := e.timeout > lives || f.renewed && e.timeout < lives-waited
	if c.Midstream() {
		late = false // the kernel knows less, and so doubts longer
	}
	if e.state != state || e.replied != c.Replied() || e.assured != c.Assured() || late {
		return fmt.Errorf("the kernel has %+v, here it is %s and lives %v from the last renewal on", e, here, f.lives)
	}
	return nil
}
