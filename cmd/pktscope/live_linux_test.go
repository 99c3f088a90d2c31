package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// Live capture in network namespaces of its own: one sends, on the other side of a veth pair the program captures. There is no traffic but
// the test's: addresses are given and neighbours known, and there is no IPv6.

// pair is two namespaces and a veth pair between them: tx0 in one that sends, rx0 in one that captures.
type pair struct {
	t       *testing.T
	tx, rx  string // names of namespaces
	program string
	dir     string
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pktscope")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "pktscope")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, os.Chmod(dir, 0o755)
})

func newPair(t *testing.T) *pair {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	p := &pair{t: t, tx: fmt.Sprintf("pktscope-tx%d", os.Getpid()), rx: fmt.Sprintf("pktscope-rx%d", os.Getpid()), dir: t.TempDir()}
	for _, ns := range []string{p.tx, p.rx} {
		if out, err := exec.Command("ip", "netns", "add", ns).CombinedOutput(); err != nil {
			t.Skipf("there are no network namespaces: %s", out)
		}
		t.Cleanup(func() { exec.Command("ip", "netns", "delete", ns).Run() })
		for _, key := range []string{"all", "default"} {
			p.run(ns, "sysctl", "-qw", "net.ipv6.conf."+key+".disable_ipv6=1")
		}
	}
	var err error
	if p.program, err = built(); err != nil {
		t.Fatal(err)
	}
	p.link()
	return p
}

// link makes the veth pair.
func (p *pair) link() {
	p.ip(p.tx, "link add tx0 address 02:00:00:00:00:01 type veth peer name rx0 address 02:00:00:00:00:02 netns "+p.rx)
	p.ip(p.rx, "link set rx0 up")
	p.ip(p.tx, "link set tx0 up")
	p.address("tx0", "rx0", "10.0.0")
}

// address gives addresses .1 and .2 to the ends of a link.
func (p *pair) address(tx, rx, network string) {
	p.ip(p.tx, "address add "+network+".1/24 dev "+tx)
	p.ip(p.rx, "address add "+network+".2/24 dev "+rx)
	p.ip(p.tx, "neighbour replace "+network+".2 lladdr 02:00:00:00:00:02 dev "+tx)
	p.ip(p.rx, "neighbour replace "+network+".1 lladdr 02:00:00:00:00:01 dev "+rx)
}

// ip runs ip(8) in a namespace.
func (p *pair) ip(ns, arguments string) {
	p.run(ns, append([]string{"ip"}, strings.Fields(arguments)...)...)
}

func (p *pair) run(ns string, command ...string) string {
	p.t.Helper()
	out, err := exec.Command("ip", append([]string{"netns", "exec", ns}, command...)...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v: %s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// received is what the interface counts that captures.
func (p *pair) received() uint64 {
	text := p.run(p.rx, "ip", "-s", "-j", "link", "show", "rx0")
	var links []struct {
		Stats struct {
			Rx struct{ Packets uint64 } `json:"rx"`
		} `json:"stats64"`
	}
	if err := json.Unmarshal([]byte(text), &links); err != nil {
		p.t.Fatal(err)
	}
	return links[0].Stats.Rx.Packets
}

// inside does something in a namespace.
func (p *pair) inside(name string, do func() error) {
	p.t.Helper()
	done := make(chan error)
	go func() { // its thread is in another namespace and ends with it
		runtime.LockOSThread()
		ns, err := os.Open("/run/netns/" + name)
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			ns.Close()
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		p.t.Fatal(err)
	}
}

// sendFrames sends n times a datagram to port 4242 behind headers, with a pause after each hundred.
func (p *pair) sendFrames(n int, pause time.Duration, headers ...craft.Layer) {
	p.t.Helper()
	p.sendBytes(n, pause, craft.Packet(append(headers, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 4241, Dst: 4242}, craft.Payload("pktscope"))...))
}

// sendBytes sends a frame n times.
func (p *pair) sendBytes(n int, pause time.Duration, frame []byte) {
	p.t.Helper()
	p.inside(p.tx, func() error {
		link, err := net.InterfaceByName("tx0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		for i := range n {
			if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Index}); err != nil {
				return err
			}
			if i%100 == 99 {
				time.Sleep(pause)
			}
		}
		return nil
	})
}

// send sends n datagrams of so many bytes to port 4242 of an address at the other side, with a pause after each hundred.
func (p *pair) send(address string, n, size int, pause time.Duration) {
	p.t.Helper()
	p.inside(p.tx, func() error {
		c, err := net.Dial("udp", address+":4242")
		if err != nil {
			return err
		}
		defer c.Close()
		random, payload := rand.New(rand.NewPCG(1, 2)), make([]byte, size) // that cannot be compressed
		for i := range n {
			for j := range payload {
				payload[j] = byte(random.Uint32())
			}
			for { // a refusal, by ICMP, of one before
				if _, err = c.Write(payload); err == nil {
					break
				}
				if !strings.Contains(err.Error(), "refused") {
					return err
				}
			}
			if i%100 == 99 {
				time.Sleep(pause)
			}
		}
		return nil
	})
}

// running is a program that captures.
type running struct {
	*exec.Cmd
	t      *testing.T
	mutex  sync.Mutex
	errors bytes.Buffer // standard error
	lines  chan object  // of standard output
	status int          // that it is to end with
	waited chan struct{}
}

// object is what live prints of an interval.
type object struct {
	Interval        int
	From, To, Since time.Time
	Last            bool
	Now, Total      sums
	Recording       *struct {
		File                                *string
		Files, Frames, Bytes, Lost, Removed uint64
		Failed                              *string
	}
	text string
}

type sums struct {
	Packets, Bytes uint64
	Frames         counters
	Interfaces     []struct {
		Name   string
		Frames counters
	}
	Reports map[string]json.RawMessage
}

type counters struct{ Received, Seen, Bytes, Dropped, Freezes, Skipped uint64 }

func (r *running) Write(b []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.errors.Write(b)
}

func (r *running) said() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.errors.String()
}

// live starts pktscope live, and waits until it captures.
func (p *pair) live(arguments ...string) *running {
	p.t.Helper()
	return p.start(append([]string{"live", "-i", "rx0", "--report", "summary"}, arguments...)...)
}

func (p *pair) start(arguments ...string) *running {
	p.t.Helper()
	r := &running{t: p.t, lines: make(chan object, 1000), waited: make(chan struct{})}
	r.Cmd = exec.Command("ip", append([]string{"netns", "exec", p.rx, p.program}, arguments...)...)
	r.Stderr, r.Dir = r, p.dir
	out, err := r.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := r.Start(); err != nil { // ip executes the program: the process is the program's
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { r.Process.Kill(); <-r.waited })
	go func() {
		defer close(r.waited)
		defer close(r.lines)
		for in := bufio.NewReader(out); ; {
			line, err := in.ReadString('\n')
			if err == io.EOF {
				r.Wait()
				return
			}
			var o object
			if err := json.Unmarshal([]byte(line), &o); err != nil {
				p.t.Errorf("%v: %s", err, line)
			}
			o.text = line
			r.lines <- o
		}
	}()
	p.captures(r)
	return r
}

// captures waits until the program captures.
func (p *pair) captures(r *running) {
	p.t.Helper()
	until(p.t, "it captures", func() bool {
		if runs, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", r.Process.Pid)); runs != p.program {
			return false // it is ip still, and perhaps in the namespace that the tests are in
		}
		sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/packet", r.Process.Pid))
		return regexp.MustCompile(`(?m)^\S+ +\d+ +3 +0003 +\S+ +1`).Match(sockets)
	})
}

// until waits, but not for ever.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

// stop interrupts the program, and returns its last object. All before are passed over, after a look at them.
func (r *running) stop(looks ...func(object)) (last object) {
	r.t.Helper()
	r.Process.Signal(syscall.SIGTERM)
	return r.rest(looks...)
}

func (r *running) rest(looks ...func(object)) (last object) {
	r.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case o, ok := <-r.lines:
			if !ok {
				<-r.waited
				if !last.Last || r.ProcessState.ExitCode() != r.status {
					r.t.Fatalf("exit status %d, want %d; last object %s, %s", r.ProcessState.ExitCode(), r.status, last.text, r.said())
				}
				return last
			}
			for _, look := range looks {
				look(o)
			}
			last = o
		case <-deadline:
			r.t.Fatalf("it does not end: %s", r.said())
		}
	}
}

// packets are the fields of a recording's packets, a line each.
func (p *pair) packets(file string, fields ...string) []string {
	p.t.Helper()
	arguments := []string{"packets", file, "-T", "fields"}
	for _, f := range fields {
		arguments = append(arguments, "-e", f)
	}
	cmd := exec.Command(p.program, arguments...)
	cmd.Dir = p.dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s: %v: %s", file, err, &said)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func TestLiveCounts(t *testing.T) {
	const n = 3000
	tagged := func(tags ...craft.Layer) func(*pair) {
		return func(p *pair) { p.sendFrames(n, time.Millisecond, append([]craft.Layer{craft.Ethernet{}}, tags...)...) }
	}
	for _, link := range []struct {
		name   string
		send   func(*pair)
		fields string // names
		values string // what each packet has in the recording
	}{
		{"plain", func(p *pair) { p.send("10.0.0.2", n, 100, time.Millisecond) }, "frame.protocols", "eth:ip:udp:data"},
		{"VXLAN", func(p *pair) { p.vxlan(); p.send("10.0.2.2", n, 100, time.Millisecond) }, "vxlan.vni", "5001"},

		// The kernel takes the outermost tag off.
		{"VLAN", tagged(craft.VLAN{ID: 100, Priority: 3}), "eth.type,vlan.id,vlan.priority,vlan.dei", "0x8100,100,3,0"},
		{"service VLAN", tagged(craft.VLAN{TPID: 0x88a8, ID: 200, DEI: true}), "eth.type,ieee8021ad.id,ieee8021ad.dei", "0x88a8,200,1"},
		{"two tags", tagged(craft.VLAN{TPID: 0x88a8, ID: 200}, craft.VLAN{ID: 7}), "frame.protocols,ieee8021ad.id,vlan.id", "eth:ieee8021ad:vlan:ip:udp:data,200,7"},
		{"priority tag", tagged(craft.VLAN{Priority: 5}), "eth.type,vlan.id,vlan.priority", "0x8100,0,5"},
		{"VLAN 0 without priority", tagged(craft.VLAN{}), "eth.type,vlan.id,vlan.priority", "0x8100,0,0"},
	} {
		t.Run(link.name, func(t *testing.T) {
			p := newPair(t)
			before := p.received()
			r := p.live("--direction", "in", "--interval", "200ms", "-Y", "udp.dstport == 4242", "-w", "trace.pcapng")
			link.send(p)
			p.settle()
			var packets, seen uint64
			last := r.stop(func(o object) { packets += o.Now.Packets; seen += o.Now.Frames.Seen })
			if last.Total.Packets != n || packets != n {
				t.Errorf("sent %d packets, seen %d, %d in intervals", n, last.Total.Packets, packets)
			}
			c := last.Total.Frames
			if got := p.received() - before; got != c.Seen+c.Dropped || c.Received != c.Seen+c.Dropped || seen != c.Seen {
				t.Errorf("the interface received %d frames; %+v; %d in intervals", got, c, seen)
			}
			fields := strings.Split(link.fields, ",")
			lines := p.packets("trace.pcapng", fields...)
			if uint64(len(lines)) != last.Recording.Frames || last.Recording.Frames != c.Seen || last.Recording.Lost != 0 {
				t.Errorf("%d packets in the file, %+v, seen %d", len(lines), last.Recording, c.Seen)
			}
			matched := 0
			for _, line := range lines {
				if strings.ReplaceAll(line, "\t", ",") == link.values {
					matched++
				}
			}
			if matched != n {
				t.Errorf("%d of %d packets have %s, the first %q", matched, n, link.values, lines[0])
			}
		})
	}
}

// settle waits until the kernel has handed over what was sent.
func (p *pair) settle() { time.Sleep(200 * time.Millisecond) }

func (p *pair) vxlan() {
	p.ip(p.tx, "link add vx0 address 02:00:00:00:00:01 type vxlan id 5001 local 10.0.0.1 remote 10.0.0.2 dstport 4789")
	p.ip(p.rx, "link add vx0 address 02:00:00:00:00:02 type vxlan id 5001 local 10.0.0.2 remote 10.0.0.1 dstport 4789")
	p.ip(p.tx, "link set vx0 up")
	p.ip(p.rx, "link set vx0 up")
	p.address("vx0", "vx0", "10.0.2")
}

// A process that is stopped reads nothing: its rings overflow. Each frame is either seen or counted as dropped, exactly, at each interface.
func TestLiveDrops(t *testing.T) {
	const n = 20000
	tagged := func(tags ...craft.Layer) func(*pair, int, time.Duration) {
		return func(p *pair, n int, pause time.Duration) {
			p.sendFrames(n, pause, append([]craft.Layer{craft.Ethernet{}}, tags...)...)
		}
	}
	plain := func(p *pair, n int, pause time.Duration) { p.send("10.0.0.2", n, 100, pause) }
	tunnelled := func(p *pair, n int, pause time.Duration) { p.send("10.0.2.2", n, 100, pause) }
	const vxlan = "udp dst port 4789 and udp[52:2] = 4242" // the port of the datagram inside
	for _, link := range []struct {
		name       string
		interfaces string
		marked     string // the capture filter that means what the test sends, and nothing else
		send       func(*pair, int, time.Duration)
		field      string // of a packet in the recording
		values     []string
	}{
		{"plain", "rx0", "udp port 4242", plain, "frame.protocols", []string{"eth:ip:udp:data"}},
		{"any", "any", "udp port 4242", plain, "frame.interface_name", []string{"rx0"}},
		{"VLAN", "rx0", "vlan 100 and udp port 4242", tagged(craft.VLAN{ID: 100, Priority: 3}), "vlan.id", []string{"100"}},
		{"service VLAN", "rx0", "vlan 200 and udp port 4242", tagged(craft.VLAN{TPID: 0x88a8, ID: 200}), "ieee8021ad.id", []string{"200"}},
		{"VLAN at any", "any", "vlan 100 and udp port 4242", tagged(craft.VLAN{ID: 100}), "vlan.id", []string{"100"}},
		{"QinQ", "rx0", "vlan 200 and vlan 7 and udp port 4242", tagged(craft.VLAN{TPID: 0x88a8, ID: 200}, craft.VLAN{ID: 7}),
			"frame.protocols", []string{"eth:ieee8021ad:vlan:ip:udp:data"}},
		{"VXLAN", "rx0", vxlan, tunnelled, "vxlan.vni", []string{"5001"}},
		{"VXLAN, outside and inside", "rx0,vx0", vxlan + " or udp port 4242", tunnelled, "frame.interface_name", []string{"rx0", "vx0"}},
	} {
		t.Run(link.name, func(t *testing.T) {
			p := newPair(t)
			p.vxlan()
			r := p.start("live", "-i", link.interfaces, "--report", "summary", "--direction", "in", "--ring", "64K", "-f", link.marked,
				"-w", "trace.pcapng", "--interval", "300ms")
			link.send(p, 500, time.Millisecond)
			r.Process.Signal(syscall.SIGSTOP)
			link.send(p, n-1000, 0)
			r.Process.Signal(syscall.SIGCONT)
			p.settle()
			link.send(p, 500, time.Millisecond)
			p.settle()
			var seen, dropped uint64
			last := r.stop(func(o object) { seen += o.Now.Frames.Seen; dropped += o.Now.Frames.Dropped })
			rows := last.Total.Interfaces
			c := last.Total.Frames
			if link.interfaces == "any" { // they share a ring: only together they make a sum
				rows = slices.Clone(rows[:1])
				rows[0].Frames = c
			}
			for _, row := range rows {
				if f := row.Frames; f.Dropped == 0 || f.Freezes == 0 || f.Seen == 0 || f.Seen+f.Dropped != n || f.Received != n {
					t.Errorf("%s: sent %d, %+v", row.Name, n, f)
				}
			}
			if seen != c.Seen || dropped != c.Dropped || len(rows) != strings.Count(link.interfaces, ",")+1 {
				t.Errorf("%+v; in intervals %d seen, %d dropped; interfaces %+v", c, seen, dropped, rows)
			}
			lines := p.packets("trace.pcapng", link.field)
			if last.Recording.Frames != c.Seen || uint64(len(lines)) != c.Seen {
				t.Errorf("seen %d, recorded %+v, %d packets in the file", c.Seen, last.Recording, len(lines))
			}
			for _, line := range lines {
				if !slices.Contains(link.values, line) {
					t.Fatalf("%s is %q in the recording, want %q", link.field, line, link.values)
				}
			}
			if want := fmt.Sprintf("captured %d frames, %d bytes; dropped by the kernel %d, skipped by analysis 0", c.Seen, c.Bytes, c.Dropped); !strings.Contains(r.said(), want) {
				t.Errorf("it says %q, want %q", r.said(), want)
			}
		})
	}
}

// A process that is killed leaves a file that is readable, with all but what was on its way.
func TestLiveKilled(t *testing.T) {
	const n = 5000
	for file, wait := range map[string]time.Duration{"trace.pcapng": 300 * time.Millisecond, "trace.pcapng.zst": 1600 * time.Millisecond} {
		t.Run(file, func(t *testing.T) {
			p := newPair(t)
			r := p.live("--direction", "in", "-f", "udp port 4242", "-w", file)
			p.send("10.0.0.2", n, 500, time.Millisecond)
			time.Sleep(wait)
			r.Process.Signal(syscall.SIGKILL)
			<-r.waited
			if lines := p.packets(file+".part", "udp.dstport"); len(lines) != n {
				t.Errorf("%d of %d packets are in the file", len(lines), n)
			}
		})
	}
}

func TestLiveRotation(t *testing.T) {
	const n, keep = 6000, 3
	p := newPair(t)
	foreign := filepath.Join(p.dir, "trace-00001-20200101T000000Z.pcapng")
	if err := os.WriteFile(foreign, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := p.live("--direction", "in", "-f", "udp port 4242", "-w", "trace.pcapng", "--rotate-size", "512K", "--keep", strconv.Itoa(keep))
	p.send("10.0.0.2", n, 1000, time.Millisecond)
	p.settle()
	last := r.stop()
	files, err := filepath.Glob(filepath.Join(p.dir, "trace-*"))
	if err != nil || len(files) != keep+1 {
		t.Fatalf("%d files, want %d and somebody else's: %q", len(files), keep, files)
	}
	packets := uint64(0)
	for _, f := range files {
		if f == foreign {
			continue
		}
		if info, err := os.Stat(f); err != nil || info.Size() > 512<<10 {
			t.Errorf("%s: %v, %d bytes", f, err, info.Size())
		}
		packets += uint64(len(p.packets(f, "frame.number")))
	}
	rec := last.Recording
	if rec.Frames != n || rec.Removed+packets != n || rec.Removed == 0 || rec.Files <= keep || rec.Lost != 0 {
		t.Errorf("%d packets in files, %+v", packets, rec)
	}
}

// An interface that disappears and comes back is captured at again.
func TestLiveInterfaceComesBack(t *testing.T) {
	p := newPair(t)
	r := p.live("--direction", "in", "-f", "udp port 4242")
	p.send("10.0.0.2", 100, 100, 0)
	p.settle()
	p.ip(p.rx, "link set rx0 down")
	p.wait(r, "rx0 is down")
	p.ip(p.rx, "link set rx0 up")
	p.wait(r, "rx0 is up again")
	p.ip(p.rx, "neighbour replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev rx0")
	p.send("10.0.0.2", 10, 100, 0)
	p.settle()
	p.ip(p.rx, "link delete rx0")
	p.wait(r, "rx0 has disappeared")
	p.link()
	p.wait(r, "rx0 is back")
	p.settle()
	p.send("10.0.0.2", 1000, 100, time.Millisecond)
	p.settle()
	if last := r.stop(); last.Total.Packets != 1110 || len(last.Total.Interfaces) != 1 {
		t.Errorf("%d packets at %v, want 1110 at one; %s", last.Total.Packets, last.Total.Interfaces, r.said())
	}
}

// An interface that is called something else is captured at as before, and so is one that has its name back.
func TestLiveInterfaceIsRenamed(t *testing.T) {
	p := newPair(t)
	r := p.live("--direction", "in", "-f", "udp port 4242")
	for _, name := range [][3]string{{"rx0", "rx9", "rx0 is called rx9 now; capturing goes on, as rx0"}, {"rx9", "rx0", "rx0 has its name back"}} {
		p.ip(p.rx, "link set "+name[0]+" down")
		p.ip(p.rx, "link set "+name[0]+" name "+name[1])
		p.ip(p.rx, "link set "+name[1]+" up")
		p.wait(r, name[2])
		p.settle()
		p.send("10.0.0.2", 100, 100, 0)
		p.settle()
	}
	if last := r.stop(); last.Total.Packets != 200 || len(last.Total.Interfaces) != 1 || last.Total.Interfaces[0].Name != "rx0" {
		t.Errorf("%d packets at %v, want 200 at rx0; %s", last.Total.Packets, last.Total.Interfaces, r.said())
	}
}

func (p *pair) wait(r *running, line string) {
	p.t.Helper()
	until(p.t, "it says "+line, func() bool { return strings.Contains(r.said(), line) })
}

// disk is a directory with a file system of that size.
func (p *pair) disk(t *testing.T, size string) string {
	t.Helper()
	disk := filepath.Join(p.dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size="+size); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { unix.Unmount(disk, unix.MNT_DETACH) })
	return disk
}

func TestLiveFullDisk(t *testing.T) {
	const n = 5000
	for _, ending := range []string{".pcapng", ".pcapng.zst"} {
		t.Run(ending, func(t *testing.T) {
			p := newPair(t)
			disk := p.disk(t, "2m")
			file := filepath.Join(disk, "trace"+ending)
			r := p.live("--direction", "in", "-f", "udp port 4242", "-w", file)
			for range 5 {
				p.send("10.0.0.2", n/5, 1000, time.Millisecond)
				p.settle()
			}
			last := r.stop()
			rec := last.Recording
			if last.Total.Frames.Seen != last.Total.Packets || rec.Frames+rec.Lost != last.Total.Frames.Seen || rec.Frames == 0 || rec.Lost == 0 {
				t.Errorf("%+v, %+v, analysed %d", last.Total.Frames, rec, last.Total.Packets)
			}
			if got := uint64(len(p.packets(file, "frame.number"))); got != rec.Frames {
				t.Errorf("%d packets in the file, %d written", got, rec.Frames)
			}
			if n := strings.Count(r.said(), "no space left on device"); n < 1 || n > 2 {
				t.Errorf("it says %q", r.said())
			}
		})
	}
}

// Where there is no room for another file, the line names it once.
func TestLiveFullDiskBetweenFiles(t *testing.T) {
	p := newPair(t)
	disk := p.disk(t, "512k")
	r := p.live("--direction", "in", "-f", "udp port 4242", "-w", filepath.Join(disk, "trace.pcapng"), "--rotate-size", "512K")
	p.send("10.0.0.2", 1000, 1000, time.Millisecond)
	p.settle()
	last := r.stop()
	if rec := last.Recording; rec.Files != 1 || rec.Frames == 0 || rec.Lost == 0 || rec.Frames+rec.Lost != last.Total.Frames.Seen {
		t.Errorf("%+v, %+v", rec, last.Total.Frames)
	}
	if line := regexp.MustCompile(`(?m)^pktscope: \S+/trace-00002-\w+\.pcapng: no space left on device: frames are not recorded`); !line.MatchString(r.said()) {
		t.Errorf("it says %q", r.said())
	}
}

// Where nothing comes, intervals come all the same, one behind the other.
func TestLiveQuiet(t *testing.T) {
	p := newPair(t)
	r := p.live("--direction", "in", "--interval", "300ms", "--duration", "1500ms")
	var ends []time.Time
	last := r.rest(func(o object) {
		if n := len(ends); n > 0 && !o.From.Equal(ends[n-1]) {
			t.Errorf("interval %d begins at %v, the one before ended at %v", o.Interval, o.From, ends[n-1])
		}
		if d := o.To.Sub(o.From); !o.Last && d != 300*time.Millisecond {
			t.Errorf("interval %d takes %v", o.Interval, d)
		}
		ends = append(ends, o.To)
	})
	if len(ends) < 4 || len(ends) > 6 || last.Total.Frames.Seen != 0 {
		t.Errorf("%d intervals, %+v", len(ends), last.Total.Frames)
	}
}

// A flow that had no packet for long is forgotten, and stays in what is said since the start.
func TestLiveForgets(t *testing.T) {
	p := newPair(t)
	for _, idle := range []string{"1s", "1h"} {
		r := p.live("--report", "flows", "--interval", "300ms", "--max-idle", idle)
		p.sendFrames(3, time.Millisecond, craft.Ethernet{})
		time.Sleep(1500 * time.Millisecond)
		p.sendFrames(2, time.Millisecond, craft.Ethernet{}, craft.VLAN{ID: 7}) // which tells the time
		time.Sleep(700 * time.Millisecond)
		p.sendFrames(4, time.Millisecond, craft.Ethernet{})
		var flows struct {
			Flows struct {
				Rows []struct {
					Packets int `json:"packets_orig"`
				}
				Notes []string
			}
		}
		last := r.stop()
		if err := json.Unmarshal([]byte("{\"flows\":"+string(last.Total.Reports["flows"])+"}"), &flows); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, row := range flows.Flows.Rows {
			got = append(got, row.Packets)
		}
		slices.Sort(got)
		want, notes := "[2 7]", ""
		if idle == "1s" {
			want, notes = "[2 3 4]", "1 flow left because of --max-idle: what came later with the same addresses and ports is another flow"
		}
		if said := strings.Join(flows.Flows.Notes, "\n"); fmt.Sprint(got) != want || said != notes {
			t.Errorf("--max-idle %s: flows of %v packets, want %s; notes %q, want %q", idle, got, want, said, notes)
		}
	}
}

func TestLivePrivileges(t *testing.T) {
	p := newPair(t)
	if err := os.Chmod(p.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		arguments []string
		uid       string
	}{
		{"root", nil, "0"},
		{"another user", []string{"--user", "nobody"}, "65534"},
		{"recording", []string{"-w", "trace.pcapng"}, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			r := p.live(c.arguments...)
			threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", r.Process.Pid))
			if err != nil || len(threads) < 2 {
				t.Fatal(threads, err)
			}
			for _, thread := range threads {
				status, err := os.ReadFile(thread)
				if err != nil {
					continue // it has ended
				}
				for key, want := range map[string]string{"CapPrm": "0000000000000000", "CapEff": "0000000000000000", "CapInh": "0000000000000000", "CapAmb": "0000000000000000", "NoNewPrivs": "1", "Uid": c.uid} {
					m := regexp.MustCompile(`(?m)^` + key + `:\t(\w+)`).FindSubmatch(status)
					if m == nil || string(m[1]) != want {
						t.Errorf("%s: %s is %s, want %s", thread, key, m, want)
					}
				}
			}
			r.stop()
		})
	}
	t.Run("another user's directory", func(t *testing.T) {
		p.t = t
		home := filepath.Join(p.dir, "home")
		if err := errors.Join(os.Mkdir(home, 0o755), os.Chown(home, 65534, 65534)); err != nil {
			t.Fatal(err)
		}
		r := p.live("-w", "home/trace.pcapng")
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.Process.Pid))
		if err != nil || !bytes.Contains(status, []byte("CapPrm:\t0000000000000002\nCapEff:\t0000000000000002\n")) { // CAP_DAC_OVERRIDE
			t.Errorf("%v: %s", err, status)
		}
		r.stop()
		if _, err := os.Stat(filepath.Join(home, "trace.pcapng")); err != nil {
			t.Error(err)
		}
	})
	t.Run("not allowed", func(t *testing.T) {
		cmd := exec.Command(p.program, "live", "-i", "lo")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		want := "pktscope: live capture needs the capability CAP_NET_RAW: run it as root, or once: sudo setcap cap_net_raw+ep " + p.program + "\n"
		if err == nil || string(out) != want {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// --fail-on looks for what it looks for in files, in all since the start and with any number of processors, and the recording is completed all the same.
func TestLiveFailOn(t *testing.T) {
	p := newPair(t)
	const good, flipped = 50, 3
	datagram := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 4241, Dst: 4242}, craft.Payload(strings.Repeat("x", 100)))
	bad := slices.Clone(datagram)
	bad[14+10+1] ^= 1 << 4 // of the checksum of IPv4
	short := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", Protocol: 6}, craft.Payload("no room for TCP"))
	const corruption = "one-bit-corruption: one flipped bit each explains 3 of 3 bad checksums of ip over the link of 02:00:00:00:00:01, from 10.0.0.1; in 3 of them it is bit 4 of a 16-bit word, first in frame 51"
	for _, c := range []struct {
		arguments string
		status    int
		said      []string // behind what it always says
	}{
		{"--fail-on bad-checksum", 3, []string{"bad-checksum in frame 51, and in 2 more"}},
		{"--fail-on bad-checksum,malformed -j 1", 3, []string{"bad-checksum in frame 51, and in 2 more", "malformed in frame 54"}},
		{"--fail-on bad-checksum,malformed -j 4", 3, []string{"bad-checksum in frame 51, and in 2 more", "malformed in frame 54"}},
		{"--fail-on bad-checksum --tables interval", 3, []string{"bad-checksum in frame 51, and in 2 more"}},
		{"--fail-on bad-checksum -Y udp.length<20", 0, nil},
		{"--fail-on truncated", 0, nil},
		{"--fail-on truncated --snaplen 60", 3, []string{"truncated in frame 1, and in 52 more"}},
		{"--fail-on one-bit-corruption", 3, []string{corruption}},
		{"--fail-on warning --tables start -j 1", 3, []string{corruption}},
		{"--fail-on one-bit-corruption --threshold one-bit-corruption=4", 0, nil},
		{"--fail-on storm --threshold storm=1", 0, nil}, // none of these goes to a group
		{"--fail-on critical", 0, nil},
	} {
		t.Run(c.arguments, func(t *testing.T) {
			p.t, p.dir = t, t.TempDir()
			r := p.live(append([]string{"--direction", "in", "--interval", "200ms", "-w", "trace.pcapng"}, strings.Fields(c.arguments)...)...)
			r.status = c.status
			p.sendBytes(good, 0, datagram)
			time.Sleep(250 * time.Millisecond) // in another interval
			p.sendBytes(flipped, 0, bad)
			p.sendBytes(1, 0, short)
			p.settle()
			last := r.stop()
			if n := uint64(len(p.packets("trace.pcapng", "frame.number"))); n != good+flipped+1 || last.Total.Frames.Seen != n {
				t.Errorf("%d packets in the file, %+v", n, last.Total.Frames)
			}
			lines := strings.Split(strings.TrimSuffix(r.said(), "\n"), "\n")
			if want := append([]string{"captured 54 frames"}, c.said...); len(lines) != len(want) {
				t.Errorf("it says %q, want %q", lines, want)
			} else {
				for i, line := range lines {
					if !strings.HasPrefix(line, "pktscope: "+want[i]) {
						t.Errorf("it says %q, want %q", line, want[i])
					}
				}
			}
		})
	}
}

// What offloading leaves in frames is marked: sums that nobody has computed, and segments that nobody has cut or that were put together.
func TestLiveOffload(t *testing.T) {
	p := newPair(t)
	r := p.live("-f", "tcp port 4242", "-w", "trace.pcapng", "--fail-on", "bad-checksum", "--by", "pktscope.offload.gso,pktscope.offload.checksum_owed")
	var listener net.Listener
	p.inside(p.rx, func() (err error) {
		listener, err = net.Listen("tcp4", "10.0.0.2:4242")
		return err
	})
	defer listener.Close()
	received := make(chan int64)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			received <- -1
			return
		}
		n, _ := io.Copy(io.Discard, c)
		c.Close()
		received <- n
	}()
	const size = 1 << 20
	p.inside(p.tx, func() error {
		c, err := net.Dial("tcp4", "10.0.0.2:4242")
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write(make([]byte, size))
		return err
	})
	if n := <-received; n != size {
		t.Fatalf("received %d bytes", n)
	}
	p.settle()
	last := r.stop()
	src, err := pcaps.Open(filepath.Join(p.dir, "trace.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	const in, out, owed, segments = 1, 2, 1 << 9, 1 << 11 // of epb_flags
	var long, marked, ins, outs, sums int
	for f, err := range pcaps.Frames(src) {
		if err != nil {
			t.Fatal(err)
		}
		if f.WireLen > 1514 {
			long++
		}
		for flag, count := range map[uint32]*int{owed: &sums, segments: &marked} {
			if f.Flags&flag != 0 {
				*count++
			}
		}
		switch f.Flags & 3 {
		case in:
			ins++
		case out:
			outs++
		}
	}
	if long == 0 || marked != long || sums == 0 || ins == 0 || outs == 0 {
		t.Errorf("%d frames longer than the MTU, %d marked, %d sums owed, %d came in, %d went out", long, marked, sums, ins, outs)
	}

	// The marks are fields, of what is captured and of what was recorded.
	var by map[string]struct {
		Rows []struct {
			GSO     bool `json:"pktscope.offload.gso"`
			Owed    bool `json:"pktscope.offload.checksum_owed"`
			Packets int
		}
	}
	if err := json.Unmarshal([]byte(fmt.Sprintf(`{"by":%s}`, last.Total.Reports["by"])), &by); err != nil {
		t.Fatal(err)
	}
	var live, recorded [2]int
	for _, row := range by["by"].Rows {
		if row.GSO {
			live[0] += row.Packets
		}
		if row.Owed {
			live[1] += row.Packets
		}
	}
	for _, line := range p.packets("trace.pcapng", "pktscope.offload.gso", "pktscope.offload.checksum_owed") {
		gso, owed, _ := strings.Cut(line, "\t")
		recorded[0] += len(gso)
		recorded[1] += len(owed)
	}
	if want := [2]int{marked, sums}; live != want || recorded != want {
		t.Errorf("segments and sums owed: %v live, %v in the recording, want %v", live, recorded, want)
	}
}

// At all interfaces each has its own name and link type, and those that come later are there, too.
func TestLiveAny(t *testing.T) {
	p := newPair(t)
	r := p.start("live", "-i", "any", "-f", "udp port 4242", "--report", "summary", "-w", "trace.pcapng")
	p.ip(p.rx, "link set lo up")
	p.ip(p.rx, "tuntap add tun0 mode tun")
	p.ip(p.rx, "link set tun0 up")
	p.send("10.0.0.2", 100, 100, 0)
	p.inside(p.rx, func() error {
		c, err := net.Dial("udp", "127.0.0.1:4242")
		if err != nil {
			return err
		}
		defer c.Close()
		c.Write([]byte("pktscope"))

		tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(tun)
		request, err := unix.NewIfreq("tun0")
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(tun, unix.TUNSETIFF, request); err != nil {
			return err
		}
		packet := craft.Packet(craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.UDP{Src: 1, Dst: 4242}, craft.Payload("pktscope"))
		_, err = unix.Write(tun, packet)
		return err
	})
	p.settle()
	last := r.stop()
	lines := map[string]int{}
	for _, line := range p.packets("trace.pcapng", "frame.interface_name", "frame.protocols") {
		lines[line]++
	}
	if lines["rx0\teth:ip:udp:data"] != 100 || lines["lo\teth:ip:udp:data"] != 1 || lines["tun0\traw:ip:udp:data"] != 1 || len(lines) != 3 {
		t.Errorf("%v", lines)
	}
	rows := map[string]counters{}
	for _, row := range last.Total.Interfaces {
		rows[row.Name] = row.Frames
	}
	if rows["any"].Received != 102 || rows["rx0"].Seen != 100 || rows["lo"].Seen != 1 || rows["tun0"].Seen != 1 || last.Total.Frames.Seen != 102 {
		t.Errorf("%v", rows)
	}
}

// Frames of several interfaces come in the order of their times.
func TestLiveOrder(t *testing.T) {
	p := newPair(t)
	p.ip(p.tx, "link add tx1 address 02:00:00:00:00:01 type veth peer name rx1 address 02:00:00:00:00:02 netns "+p.rx)
	p.ip(p.rx, "link set rx1 up")
	p.ip(p.tx, "link set tx1 up")
	p.address("tx1", "rx1", "10.0.1")
	r := p.start("live", "-i", "rx0,rx1", "-f", "udp port 4242", "--report", "summary", "-w", "trace.pcapng")
	for range 50 {
		p.send("10.0.0.2", 20, 100, 0)
		p.send("10.0.1.2", 20, 100, 0)
	}
	p.settle()
	last := r.stop()
	before, switches, at := "", 0, ""
	for _, line := range p.packets("trace.pcapng", "frame.time_epoch", "frame.interface_name") {
		when, name, _ := strings.Cut(line, "\t")
		if when < before {
			t.Fatalf("%s stands behind %s", when, before)
		}
		if name != at {
			switches++
		}
		before, at = when, name
	}
	if last.Total.Packets != 2000 || switches != 100 {
		t.Errorf("%d packets, the interface changes %d times, want 2000 and 100", last.Total.Packets, switches)
	}
}

// When nobody reads any more, the recording is complete all the same.
func TestLiveNobodyReads(t *testing.T) {
	p := newPair(t)
	script := fmt.Sprintf("ip netns exec %s %s live -i rx0 --report summary --interval 100ms -w trace.pcapng | head -1", p.rx, p.program)
	cmd := exec.Command("timeout", "20", "bash", "-o", "pipefail", "-c", script)
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), "\n") != 2 {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "trace.pcapng")); err != nil {
		t.Error(err)
	}
}

// Two signals at once, as timeout(1) sends them, are one: files are completed, and the last interval comes.
func TestLiveTwoSignals(t *testing.T) {
	p := newPair(t)
	r := p.live("-w", "trace.pcapng")
	r.Process.Signal(syscall.SIGTERM)
	time.Sleep(20 * time.Millisecond) // the first was taken
	r.stop()
	if _, err := os.Stat(filepath.Join(p.dir, "trace.pcapng")); err != nil {
		t.Error(err)
	}
}

func TestPacketsLive(t *testing.T) {
	p := newPair(t)
	cmd := exec.Command("ip", "netns", "exec", p.rx, p.program, "packets", "-i", "rx0", "--direction", "in", "-f", "udp port 4242", "-c", "3", "-T", "fields", "-e", "frame.number", "-e", "udp.length")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{Cmd: cmd, t: t}
	p.captures(r)
	p.send("10.0.0.2", 10, 100, 0)
	if err := cmd.Wait(); err != nil || out.String() != "1\t108\n2\t108\n3\t108\n" || !strings.Contains(said.String(), "captured 3 frames") {
		t.Errorf("%v: %s%s", err, &out, &said)
	}
}

// What live says of all since the start is what read says of the recording.
func TestLiveAgreesWithRead(t *testing.T) {
	for _, top := range []string{"0", "2"} {
		t.Run("top "+top, func(t *testing.T) { liveAgreesWithRead(t, top) })
	}
}

func liveAgreesWithRead(t *testing.T, top string) {
	const tables = "protocols,tunnels,vlans,tenants,flows,checksums"
	p := newPair(t)
	p.vxlan()
	r := p.start("live", "-i", "rx0", "--report", tables, "--top", top, "--interval", "300ms", "-w", "trace.pcapng")
	p.send("10.0.0.2", 1000, 100, time.Millisecond)
	p.send("10.0.2.2", 1000, 100, time.Millisecond)
	p.sendFrames(1000, time.Millisecond, craft.Ethernet{}, craft.VLAN{ID: 100})
	p.settle()
	last := r.stop()
	cmd := exec.Command(p.program, "read", "trace.pcapng", "--report", tables, "--top", top, "--format", "json")
	cmd.Dir = p.dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Reports map[string]json.RawMessage }
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Reports) < 6 || len(read.Reports) != len(last.Total.Reports) {
		t.Fatalf("%d tables, %d live", len(read.Reports), len(last.Total.Reports))
	}
	for name, want := range read.Reports {
		var line bytes.Buffer
		if err := json.Compact(&line, want); err != nil {
			t.Fatal(err)
		}
		if got := string(last.Total.Reports[name]); strings.ReplaceAll(got, `trace.pcapng`, "") != strings.ReplaceAll(line.String(), "trace.pcapng", "") {
			t.Errorf("%s:\nlive %s\nread %s", name, got, &line)
		}
	}
}
