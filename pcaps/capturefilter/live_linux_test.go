package capturefilter_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"pktscope/pcaps/capturefilter"
)

// liveExpressions are compared with tcpdump at an interface from which frames come with their outermost VLAN tag beside them, and to which frames
// go with it inside.
var liveExpressions = strings.Split(strings.TrimSpace(`
vlan
vlan 10
vlan 100
vlan 200
vlan 4095
not vlan
not vlan 100
vlan and ip
vlan and not ip
vlan and ip6
vlan and arp
vlan and tcp
vlan and udp
vlan and icmp
vlan 100 and tcp
vlan 100 and icmp[icmptype] = icmp-echo
vlan and tcp[tcpflags] & tcp-syn != 0
vlan and udp port 4789
vlan and port 80
vlan and net 10.0.0.0/8
vlan and src net 172.16.0.0/12
vlan and host 10.0.0.1
vlan and (host 10.0.0.1 or 10.0.0.2)
vlan and ether broadcast
vlan and ether[12:2] = 0x8100
vlan and ip[8] = 64
vlan and ip[2:2] > 500
vlan and len > 200
vlan and vlan
vlan 100 and vlan 200
vlan and vlan and ip
vlan and vlan 10 and icmp
vlan and vlan and vlan
vlan and mpls
vlan and mpls and ip
vlan and mpls and mpls and ip
vlan and geneve
vlan and geneve and ip
vlan and stp
vlan and llc
ip or vlan
ip or (vlan and ip)
tcp or (vlan and tcp)
vlan 10 or vlan 20
not vlan and ip
not vlan and arp
vlan 101
vlan 102
vlan 101 and arp
vlan 102 and not ip
vlan 101 and ether broadcast
vlan 101 or vlan 102
vlan and rarp
vlan and less 100
vlan and greater 500
vlan and ether[6:2] = 0x0200
vlan and arp[6:2] = 1
not vlan 101 and arp
vlan and not arp
vlan and inbound
vlan and outbound
inbound
outbound
ip
ip6
arp
tcp
udp port 4789
icmp or icmp6
ether broadcast
mpls
mpls and ip
geneve
geneve and tcp
geneve and vlan
ether proto 0x88cc
greater 1000
less 100 and ip
len < 200 and not ip
net 10
portrange 1-1023
host 10.0.0.1 or host 10.0.0.2 or host 10.0.0.3 or host 10.0.0.4 or host 10.0.0.5
ip[6:2] & 0x3fff != 0
`), "\n")

// TestLive sends frames of the recordings over an interface of a network namespace of its own, and compares what sockets with our programs get with
// what tcpdump gets of the same frames.
func TestLive(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	for _, tool := range []string{"tcpdump", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	runtime.LockOSThread() // and never unlocks it: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network namespaces: ", err)
	}
	for _, args := range []string{
		"link add near type veth peer name far",
		"link set near addrgenmode none", "link set far addrgenmode none",
		"link set near up", "link set far up",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v %s", args, err, out)
		}
	}

	got := make([]*gathering, len(liveExpressions))
	want := make([]*gathering, len(liveExpressions))
	for i, e := range liveExpressions {
		f, err := capturefilter.Compile(e, capturefilter.Options{Link: 1, Live: true})
		if err != nil {
			t.Fatal(err)
		}
		got[i] = gather(t, "near", f.Program())
		want[i] = gatherByTcpdump(t, "near", e)
	}

	// On an interface whose headers are not known, the kernel says what is behind them. It does so of Ethernet, too.
	cooked := map[string][2]*gathering{}
	for _, e := range []string{"ip", "not ip", "ip6", "arp", "tcp", "udp port 4789", "icmp or icmp6", "net 10", "port 80 or 53", "portrange 1-1023",
		"host 10.0.0.1 or 10.0.0.2", "arp host 10.0.0.1", "net fe80::/10", "ip[6:2] & 0x3fff != 0", "tcp[tcpflags] & tcp-syn != 0", "ip[2:2] > 500",
		"ip[ip[0] & 0xf << 2] = 8", "icmp[icmptype] = icmp-echo", "ip multicast", "inbound", "outbound and ip", "geneve", "geneve and tcp", "vxlan",
		"vxlan and ip", "vxlan and vlan", "pppoes and ip", "ip proto 47", "ether proto 0x88cc", "ip or arp"} {
		var both [2]*gathering
		for i, link := range []uint16{1, 276} {
			f, err := capturefilter.Compile(e, capturefilter.Options{Link: link, Live: true})
			if err != nil {
				t.Fatal(err)
			}
			both[i] = gather(t, "near", f.Program())
		}
		cooked[e] = both
	}

	frames := numbered(t)
	first := make([][]byte, 8) // libpcap takes the first ones for left from before the program was attached, and runs it itself: without inbound
	for i := range first {
		first[i] = slices.Concat(frames[0][:len(frames[0])-5], []byte{0xff, 0xff, 0xff, 0xff, 0})
	}
	in, out := packetSocket(t, "far"), packetSocket(t, "near")
	for i, b := range slices.Concat(first, frames) {
		if i%4 == 0 { // 70 programs write what they get
			time.Sleep(time.Millisecond)
		}
		for number, socket := range []int{in, out} {
			b[len(b)-1] = byte(number)
			if err := unix.Send(socket, b, 0); err != nil {
				t.Fatal(err)
			}
		}
	}

	time.Sleep(200 * time.Millisecond) // the last ones are on their way through tcpdump

	selecting, tagged := 0, 0
	for i, e := range liveExpressions {
		ours, theirs := got[i].end(), want[i].end()
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s: %d frames, tcpdump has %d", e, len(ours), len(theirs))
		}
		if len(theirs) > 0 {
			selecting++
			if strings.Contains(e, "vlan") {
				tagged++
			}
		}
	}
	for e, both := range cooked {
		ethernet, cooked := both[0].end(), both[1].end()
		if !slices.Equal(ethernet, cooked) {
			t.Errorf("%s: %d frames, %d by what the kernel knows", e, len(ethernet), len(cooked))
		}
	}
	t.Logf("%d expressions, %d of them about tags; %d and %d select some of %d frames in and as many out",
		len(liveExpressions), strings.Count(strings.Join(liveExpressions, "\n"), "vlan"), selecting, tagged, len(frames))
	if tagged < 30 {
		t.Errorf("only %d expressions about tags select anything", tagged)
	}
}

// numbered is frames of the recordings with a trailer of five bytes: a number, and one byte for the way that they go.
func numbered(t *testing.T) (frames [][]byte) {
	whole, _ := sample(t, 300)
	for _, b := range whole {
		b = slices.Concat(b, make([]byte, max(0, 60-len(b))))
		if b[6]&1 != 0 { // a source that is a group
			continue
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(frames)))
		frames = append(frames, append(b, 0))
	}
	return frames
}

// appendTrailer appends the number of a frame and its way, if it has some.
func appendTrailer(numbers []uint64, b []byte) []uint64 {
	n := binary.BigEndian.Uint32(b[len(b)-5:])
	if n == 1<<32-1 {
		return numbers
	}
	return append(numbers, uint64(n)<<1|uint64(b[len(b)-1]))
}

// packetSocket is a socket for all frames of an interface.
func packetSocket(t *testing.T, name string) int {
	return boundSocket(t, name, nil)
}

func boundSocket(t *testing.T, name string, program []bpf.RawInstruction) int {
	t.Helper()
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0) // nothing comes before it is bound
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(socket) })
	if program != nil {
		code := make([]unix.SockFilter, len(program))
		for i, p := range program {
			code[i] = unix.SockFilter{Code: p.Op, Jt: p.Jt, Jf: p.Jf, K: p.K}
		}
		if err := unix.SetsockoptSockFprog(socket, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(code)), Filter: (*unix.SockFilter)(unsafe.Pointer(&code[0]))}); err != nil {
			t.Fatal("the kernel refuses the program: ", err)
		}
	}
	unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20)
	ifreq, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, ifreq); err != nil {
		t.Fatal(err)
	}
	protocol := uint16(0)
	if program != nil {
		protocol = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8
	}
	if err := unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: int(ifreq.Uint32())}); err != nil {
		t.Fatal(err)
	}
	return socket
}

// gathering is frames being captured.
type gathering struct{ end func() []uint64 }

// gather captures at a socket with a program.
func gather(t *testing.T, name string, program []bpf.RawInstruction) *gathering {
	socket := boundSocket(t, name, program)
	return &gathering{func() (numbers []uint64) {
		b := make([]byte, 1<<16)
		for {
			n, _, err := unix.Recvfrom(socket, b, unix.MSG_DONTWAIT)
			if errors.Is(err, unix.EAGAIN) {
				slices.Sort(numbers)
				return numbers
			} else if err != nil {
				t.Fatal(err)
			}
			numbers = appendTrailer(numbers, b[:n])
		}
	}}
}

// gatherByTcpdump captures with tcpdump.
func gatherByTcpdump(t *testing.T, name, expression string) *gathering {
	t.Helper()
	var file bytes.Buffer
	optimize := "-nn"
	if expression == "ip or (vlan and ip)" { // libpcap 1.10.3's optimizer looks for ip behind a tag in the frame, also where it is beside it
		optimize = "-O"
	}
	cmd := exec.Command("tcpdump", optimize, "-i", name, "-U", "--immediate-mode", "-s", "2000", "-B", "8192", "-w", "-", expression)
	cmd.Stdout = &file
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	lines, said := bufio.NewScanner(stderr), []string{}
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "listening on") {
			break
		}
	}
	if len(said) == 0 || !strings.Contains(said[len(said)-1], "listening on") {
		t.Fatalf("tcpdump %s: %q", expression, said)
	}
	return &gathering{func() (numbers []uint64) {
		cmd.Process.Signal(unix.SIGINT)
		for lines.Scan() {
			if dropped := lines.Text(); strings.Contains(dropped, "dropped by kernel") && !strings.HasPrefix(dropped, "0 ") {
				t.Errorf("tcpdump %s: %s", expression, dropped)
			}
		}
		cmd.Wait()
		le := binary.LittleEndian
		for b := file.Bytes()[24:]; len(b) > 0; {
			n := 16 + le.Uint32(b[8:])
			numbers = appendTrailer(numbers, b[16:n])
			b = b[n:]
		}
		slices.Sort(numbers)
		return numbers
	}}
}
