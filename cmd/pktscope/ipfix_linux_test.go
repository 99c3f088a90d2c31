package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/pcaps"
)

// export sends the flows of a recording to a collector, and returns the packets and bytes that they have.
func export(t *testing.T, address string, recording string) (packets, bytes uint64) {
	t.Helper()
	cmd := flowsCommand()
	cmd.SetArgs([]string{recording, "--ipfix", address, "--quiet"})
	cmd.SilenceUsage = true
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	src, err := open([]string{recording})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	follower := newFollower(flows.Options{}, func(*flows.Flow) error { return nil })
	options, err := (&input{}).options(true)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&input{quiet: true}).consume(src, options, follower, false); err != nil {
		t.Fatal(err)
	}
	follower.Tracker.Flows(func(f *flows.Flow) bool {
		packets += f.Packets()
		bytes += f.Bytes()
		return true
	})
	return packets, bytes
}

// freePort is a port of UDP that nobody uses.
func freePort(t *testing.T) int {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// start starts a collector, and waits until it listens.
func start(t *testing.T, port int, command ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(command[0])
	if err != nil {
		path = filepath.Join("/usr/sbin", command[0])
		if _, err := os.Stat(path); err != nil {
			t.Skipf("%s is not installed", command[0])
		}
	}
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir = t.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with its plugins, which it does not always end
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	listening := fmt.Sprintf(":%04X ", port)
	for range 100 {
		if table, _ := os.ReadFile("/proc/net/udp"); strings.Contains(string(table), listening) {
			return cmd
		}
		if table, _ := os.ReadFile("/proc/net/udp6"); strings.Contains(string(table), listening) {
			return cmd
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not listen at port %d", command[0], port)
	return nil
}

// nfcapd takes all records, with the packets and bytes that pktscope counted.
func TestIPFIXWithNfcapd(t *testing.T) {
	port, dir := freePort(t), t.TempDir()
	collector := start(t, port, "nfcapd", "-b", "127.0.0.1", "-p", fmt.Sprint(port), "-w", dir)
	var packets, bytes uint64
	for _, recording := range []string{"corpus:nat", "corpus:overlay"} {
		p, b := export(t, fmt.Sprintf("127.0.0.1:%d", port), recording)
		packets, bytes = packets+p, bytes+b
	}
	time.Sleep(time.Second) // for what is in its socket
	collector.Process.Signal(os.Interrupt)
	collector.Wait()
	got, err := exec.Command("nfdump", "-R", dir, "-o", "csv", "-q").Output()
	if err != nil {
		t.Fatal(err)
	}
	summary, err := exec.Command("nfdump", "-R", dir, "-I").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{fmt.Sprintf("Packets: %d", packets), fmt.Sprintf("Bytes: %d", bytes)} {
		if !strings.Contains(string(summary), line+"\n") {
			t.Errorf("nfdump lacks %q:\n%s", line, summary)
		}
	}
	if !strings.Contains(string(got), "192.168.1.10,203.0.113.100") {
		t.Errorf("nfdump has no connection of the client:\n%.500s", got)
	}

	// The flags that it shows of all connections from one address to another are those that the packets have.
	shown, err := exec.Command("nfdump", "-R", dir, "-o", "fmt:%sa %da %flg", "-q", "proto tcp").Output()
	if err != nil {
		t.Fatal(err)
	}
	flagged, want := map[string]uint64{}, flagsSent(t, "corpus:nat")
	for line := range strings.Lines(string(shown)) {
		columns := strings.Fields(line)
		if pair := columns[0] + " " + columns[1]; want[pair] != 0 { // else it is of the other recording
			flagged[pair] |= nfdumpFlags(columns[2])
		}
	}
	if diff := cmp.Diff(want, flagged); diff != "" || len(want) < 4 {
		t.Errorf("%d pairs of addresses; flags (- want, + nfdump):\n%s", len(want), diff)
	}
}

// nfdumpFlags reads flags as nfdump prints them: "...AP.SF", the highest first.
func nfdumpFlags(s string) (flags uint64) {
	for i, c := range s {
		if c != '.' {
			flags |= 1 << (len(s) - 1 - i)
		}
	}
	return flags
}

// flagsSent is which flags segments of TCP have from one address to another.
func flagsSent(t *testing.T, recording string) map[string]uint64 {
	t.Helper()
	src, err := open([]string{recording})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	x, err := dissect.NewExtractor([]string{"ip.src", "ip.dst", "tcp.flags"})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]uint64{}
	decoder := dissect.NewConfig(dissect.Options{Cookie: -1}).NewDecoder()
	for f, err := range pcaps.Frames(src) {
		if err != nil {
			t.Fatal(err)
		}
		var p dissect.Packet
		decoder.Decode(&p, &dissect.Frame{Data: f.Data, WireLen: f.WireLen, Number: f.Number, Time: f.Time, Point: &dissect.Point{Link: uint16(f.Interface.LinkType)}})
		cells := x.Extract(&p)
		if flags, err := strconv.ParseUint(string(cells[2]), 0, 16); err == nil && len(cells[0]) > 0 && !bytes.ContainsRune(cells[0], ',') { // IPv4, and no ICMP error
			all[string(cells[0])+" "+string(cells[1])] |= flags
		}
	}
	return all
}

// nfacctd takes the same, and sees who became whom.
func TestIPFIXWithNfacctd(t *testing.T) {
	port, dir := freePort(t), t.TempDir()
	config := filepath.Join(dir, "nfacctd.conf")
	out := filepath.Join(dir, "out")
	if err := os.WriteFile(config, fmt.Appendf(nil, `plugins: print
nfacctd_ip: 127.0.0.1
nfacctd_port: %d
aggregate: src_host,dst_host,src_port,dst_port,proto,vlan,post_nat_src_host,post_nat_src_port
print_refresh_time: 1
print_output: json
print_output_file: %s
print_output_file_append: true
`, port, out), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, port, "nfacctd", "-f", config)
	// What comes before its plugin, a process of its own, is ready goes nowhere. So others than those that count tell when it is.
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for tries := 0; ; tries++ {
		if lines, _ := os.ReadFile(out); len(lines) > 0 {
			break
		}
		if tries == 20 {
			t.Fatal("nfacctd prints nothing")
		}
		export(t, address, "corpus:nvgre")
		time.Sleep(1500 * time.Millisecond)
	}
	time.Sleep(1500 * time.Millisecond)
	before, _ := os.ReadFile(out)
	packets, bytes := export(t, address, "corpus:nat")
	var gotPackets, gotBytes uint64
	translated := false
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		lines, _ := os.ReadFile(out)
		gotPackets, gotBytes = 0, 0
		for line := range strings.Lines(string(lines[min(len(before), len(lines)):])) {
			var r struct {
				Packets, Bytes uint64
				Source         string `json:"ip_src"`
				Behind         string `json:"post_nat_ip_src"`
			}
			if json.Unmarshal([]byte(line), &r) != nil {
				continue
			}
			gotPackets, gotBytes = gotPackets+r.Packets, gotBytes+r.Bytes
			translated = translated || r.Source == "192.168.1.10" && r.Behind == "203.0.113.1"
		}
		if gotPackets >= packets {
			break
		}
	}
	if gotPackets != packets || gotBytes != bytes {
		t.Errorf("nfacctd has %d packets and %d bytes, want %d and %d", gotPackets, gotBytes, packets, bytes)
	}
	if !translated {
		t.Error("nfacctd does not know that 192.168.1.10 became 203.0.113.1")
	}
}

// tshark, which reads messages as Wireshark does, finds nothing wrong with one and has a name for each element.
func TestIPFIXWithTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadBuffer(1 << 20)
	export(t, conn.LocalAddr().String(), "corpus:overlay")
	file := filepath.Join(t.TempDir(), "ipfix.pcap")
	var frames [][]byte
	for {
		b := make([]byte, 65536)
		conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := conn.Read(b)
		if err != nil {
			break
		}
		datagram := binary.BigEndian.AppendUint16(nil, 4739)
		datagram = binary.BigEndian.AppendUint16(datagram, 4739)
		datagram = binary.BigEndian.AppendUint16(datagram, uint16(8+n))
		datagram = append(append(datagram, 0, 0), b[:n]...)
		ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1}
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(datagram)))
		frames = append(frames, append(append(make([]byte, 12), 8, 0), append(ip, datagram...)...))
	}
	if len(frames) == 0 {
		t.Fatal("no message came")
	}
	if err := os.WriteFile(file, captureFrom(0, frames...), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("tshark", "-r", file, "-V").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"Malformed", "Unknown Field Type", "No template found"} {
		if at := strings.Index(string(out), wrong); at >= 0 {
			t.Errorf("tshark says %q: …%s", wrong, out[max(0, at-300):at+100])
		}
	}
	for _, right := range []string{"VRFname: vxlan 5002", "Dot1q Vlan Id: 200", "Dot1q Customer Vlan Id: 20"} {
		if !strings.Contains(string(out), right) {
			t.Errorf("tshark does not say %q", right)
		}
	}
}
