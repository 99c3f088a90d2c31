package flows

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

var update = flag.Bool("update", false, "write tshark's answers and ours into the golden files instead of comparing with them")

// tsharkFields are tshark's names for events.
var tsharkFields = []struct {
	field string
	event TCPEvents
}{
	{"tcp.analysis.retransmission", TCPRetransmission},
	{"tcp.analysis.fast_retransmission", TCPFastRetransmission},
	{"tcp.analysis.spurious_retransmission", TCPSpuriousRetransmission},
	{"tcp.analysis.out_of_order", TCPOutOfOrder},
	{"tcp.analysis.duplicate_ack", TCPDuplicateACK},
	{"tcp.analysis.lost_segment", TCPLostSegment},
	{"tcp.analysis.ack_lost_segment", TCPACKedUnseen},
	{"tcp.analysis.zero_window", TCPZeroWindow},
	{"tcp.analysis.window_full", TCPWindowFull},
	{"tcp.analysis.window_update", TCPWindowUpdate},
	{"tcp.analysis.keep_alive", TCPKeepAlive},
	{"tcp.analysis.keep_alive_ack", TCPKeepAliveACK},
	{"tcp.analysis.zero_window_probe", TCPZeroWindowProbe},
	{"tcp.analysis.zero_window_probe_ack", TCPZeroWindowProbeACK},
}

// tsharkEvents are the events that tshark has a field for.
var tsharkEvents = func() (all TCPEvents) {
	for _, f := range tsharkFields {
		all |= f.event
	}
	return all
}()

// tshark returns the events of the frames of a capture that have any, by number, as tshark sees them.
func tshark(t *testing.T, file string) map[uint64]TCPEvents {
	t.Helper()
	args := []string{"-r", file, "-n", "-Y", "tcp", "-T", "fields", "-E", "separator=,", "-E", "occurrence=f", "-e", "frame.number"}
	for _, f := range tsharkFields {
		args = append(args, "-e", f.field)
	}
	out, err := exec.Command("tshark", args...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || len(out) == 0 && !bytes.Contains(exit.Stderr, []byte("cut short"))) {
		t.Fatalf("tshark: %v", err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	events := map[uint64]TCPEvents{}
	for _, row := range rows {
		var n uint64
		fmt.Sscan(row[0], &n)
		for i, f := range tsharkFields {
			if row[i+1] != "" {
				events[n] |= f.event
			}
		}
	}
	return events
}

func needTshark(t *testing.T) {
	t.Helper()
	out, err := exec.Command("tshark", "--version").Output()
	if err != nil {
		t.Skip("tshark is not installed")
	}
	if !bytes.Contains(out, []byte("TShark (Wireshark) 4.0.")) {
		t.Skip("tshark is not of version 4.0")
	}
}

// point is one capture point of a capture: its frames as a file of their own, and what we make of them.
type point struct {
	file        string
	connections map[ends]*followed
	order       []*followed
	frames      uint64
	events      map[uint64]TCPEvents // by number in the file
}

// ends are a connection's: the identifiers around it, addresses and ports.
type ends struct {
	path, ip string
	from, to uint16
}

type followed struct {
	TCP
	ends
	start    uint32
	counters [2]TCPCounters
}

// points follows the connections of a capture, each capture point by itself, since the same frames are at several.
func points(t *testing.T, file string) []*point {
	t.Helper()
	r, err := pcaps.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder, resolver := config.NewDecoder(), config.NewResolver()
	var p dissect.Packet
	var all []*point
	files := map[int]*os.File{}
	byInterface := map[int]*point{}
	for f, err := range pcaps.Frames(r) {
		var damage *pcaps.DamageError
		if errors.As(err, &damage) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		i := f.Interface.Index
		if byInterface[i] == nil {
			q := &point{file: filepath.Join(t.TempDir(), "point.pcap"), connections: map[ends]*followed{}, events: map[uint64]TCPEvents{}}
			out, err := os.Create(q.file)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(pcapHeader(uint32(f.Interface.LinkType)))
			byInterface[i], files[i] = q, out
			all = append(all, q)
		}
		q := byInterface[i]
		files[i].Write(pcapRecord(f.Time, f.Data, f.WireLen))
		q.frames++
		decoder.Decode(&p, &dissect.Frame{Data: f.Data, WireLen: f.WireLen, Time: f.Time, Number: q.frames,
			Point: &dissect.Point{Link: uint16(f.Interface.LinkType), FCSLen: f.FCSLen()}})
		resolver.Resolve(&p)
		q.packet(&p)
	}
	for _, f := range files {
		f.Close()
	}
	return all
}

func (q *point) packet(p *dissect.Packet) {
	for i := range p.Layers {
		var s TCPSegment
		l := &p.Layers[i]
		if l.Protocol.String() != "tcp" || l.Flags&dissect.Quoted != 0 || !s.Read(p, i) {
			continue
		}
		h := dissect.TCP(p.Header(l))
		ip := p.Enclosing(i, func(p *dissect.Protocol) bool { return p.Addresses != nil })
		a := dissect.ByID(ip.Protocol).Addresses(p.Header(ip))
		n := len(a) / 2
		var path string
		for j := l.Parent; j >= 0; j = p.Layers[j].Parent {
			if identity := dissect.ByID(p.Layers[j].Protocol).Identity; identity != nil {
				if n, ok := identity(p, &p.Layers[j]); ok {
					path += fmt.Sprint(p.Layers[j].Protocol, n, " ")
				}
			}
		}
		key := ends{path, string(a), h.SourcePort(), h.DestinationPort()}
		dir := Original
		c := q.connections[key]
		if c == nil {
			if c = q.connections[ends{path, string(a[n:]) + string(a[:n]), h.DestinationPort(), h.SourcePort()}]; c != nil {
				dir = Reply
			}
		}
		if c == nil || s.Flags&(SYN|ACK) == SYN && dir == Original && s.Sequence != c.start {
			c = &followed{ends: key, start: s.Sequence}
			q.connections[key] = c
			q.order = append(q.order, c)
			dir = Original
		}
		e := c.Segment(dir, &s)
		c.counters[dir].Count(&c.TCP, &s, e)
		if e &= tsharkEvents; e != 0 {
			q.events[p.Number] |= e
		}
	}
}

func pcapHeader(link uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d) // times in nanoseconds
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	for _, n := range []uint32{0, 0, 262144, link} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func pcapRecord(time int64, data []byte, wireLen int) (b []byte) {
	for _, n := range []int64{time / 1e9, time % 1e9, int64(len(data)), int64(wireLen)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return append(b, data...)
}

// What testdata/tcp_analysis.txt says of tshark is true.
func TestTCPAnalysisTableAgainstTshark(t *testing.T) {
	needTshark(t)
	file := filepath.Join(t.TempDir(), "table.pcap")
	b := pcapHeader(1)
	var rows []row
	for i, c := range dialogues(t) {
		for _, r := range c.rows {
			s := r.moved(100_000, 50_000_000)
			tcp := craft.TCP{Src: 30000 + uint16(i), Dst: 9999, Seq: s.Sequence, Ack: s.Acknowledgment, Flags: uint16(s.Flags), Options: options(s),
				Sum: craft.Zero}
			ip := craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}
			if r.dir == Reply {
				tcp.Src, tcp.Dst, ip.Src, ip.Dst = tcp.Dst, tcp.Src, ip.Dst, ip.Src
			}
			frame := craft.Packet(craft.Ethernet{}, ip, craft.Edit(tcp, func(b []byte) { binary.BigEndian.PutUint16(b[14:], s.Window) }),
				craft.Payload(make([]byte, s.Payload)))
			b = append(b, pcapRecord(s.Time, frame, len(frame))...)
			rows = append(rows, r)
		}
	}
	if err := os.WriteFile(file, b, 0o666); err != nil {
		t.Fatal(err)
	}
	q := points(t, file)[0]
	theirs := tshark(t, file)
	for i, r := range rows {
		n := uint64(i + 1)
		if got := theirs[n]; got != r.tshark&tsharkEvents {
			t.Errorf("testdata/tcp_analysis.txt:%d: tshark says %q, not %q", r.line, got, r.tshark&tsharkEvents)
		}
		if got := q.events[n]; got != r.want&tsharkEvents {
			t.Errorf("testdata/tcp_analysis.txt:%d: read from a packet it is %q, not %q", r.line, got, r.want&tsharkEvents)
		}
	}
}

func options(s *TCPSegment) (b []byte) {
	if s.MSS != 0 {
		b = append(b, 2, 4, byte(s.MSS>>8), byte(s.MSS))
	}
	if s.HasScale {
		b = append(b, 3, 3, s.Scale)
	}
	if s.SACKPermitted {
		b = append(b, 4, 2)
	}
	if s.HasTimestamps {
		b = append(b, 1, 1, 8, 10)
		b = binary.BigEndian.AppendUint32(b, s.TSVal)
		b = binary.BigEndian.AppendUint32(b, s.TSEcr)
	}
	if s.SACKs > 0 {
		b = append(b, 1, 1, 5, 2+8*s.SACKs)
		for _, k := range s.SACK[:s.SACKs] {
			b = binary.BigEndian.AppendUint32(b, k[0])
			b = binary.BigEndian.AppendUint32(b, k[1])
		}
	}
	return b
}

// recordings are captures of the project's own that have TCP in them.
var recordings = []string{"loss", "nat", "offload"}

// recording returns the file of that name.
func recording(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join("..", "pcaps", "testdata", name+".pcapng.zst")
}

// In the recordings every segment is what tshark says it is, or what testdata/tshark says it is instead.
func TestTCPAnalysisOfRecordings(t *testing.T) {
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			all := points(t, recording(t, name))
			golden := filepath.Join("testdata", "tshark", name+".txt")
			if *update {
				needTshark(t)
				file, err := os.ReadFile(recording(t, name))
				if err != nil {
					t.Fatal(err)
				}
				text := fmt.Appendf(nil, "# of the recording %x\n", sha256.Sum256(file))
				if err := os.WriteFile(golden, append(text, answers(all, func(i int) map[uint64]TCPEvents { return tshark(t, all[i].file) })...), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(recording(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if sum := fmt.Sprintf("# of the recording %x\n", sha256.Sum256(file)); !bytes.HasPrefix(want, []byte(sum)) {
				needTshark(t) // it was recorded again: what tshark says of it is not kept, and is what we say
				if got := answers(all, func(i int) map[uint64]TCPEvents { return tshark(t, all[i].file) }); bytes.Contains(got, []byte("\t! ")) {
					t.Errorf("differs from tshark:\n%s", got)
				}
				return
			}
			want = want[bytes.IndexByte(want, '\n')+1:]
			kept := readAnswers(t, want, len(all))
			if got := answers(all, func(i int) map[uint64]TCPEvents { return kept[i] }); !bytes.Equal(got, want) {
				t.Errorf("%s has changed:\n%s", golden, difference(string(got), string(want)))
			}
			if _, err := exec.LookPath("tshark"); err == nil && !testing.Short() {
				needTshark(t)
				if got := answers(all, func(i int) map[uint64]TCPEvents { return tshark(t, all[i].file) }); !bytes.Equal(got, want) {
					t.Errorf("tshark does not say what %s says:\n%s", golden, difference(string(got), string(want)))
				}
			}
		})
	}
}

// answers has a line for each frame that has events in tshark's eyes or ours: the capture point, the frame's number there, tshark's events
// and, where they differ, ours.
func answers(all []*point, theirs func(i int) map[uint64]TCPEvents) (b []byte) {
	for i, q := range all {
		theirs := theirs(i)
		both := maps.Clone(theirs)
		maps.Copy(both, q.events)
		for _, n := range slices.Sorted(maps.Keys(both)) {
			b = fmt.Appendf(b, "%d\t%d\t%s", i, n, theirs[n])
			if ours := q.events[n]; ours != theirs[n] {
				b = fmt.Appendf(b, "\t! %s", ours)
			}
			b = append(b, '\n')
		}
	}
	return b
}

func readAnswers(t *testing.T, text []byte, n int) []map[uint64]TCPEvents {
	t.Helper()
	all := make([]map[uint64]TCPEvents, n)
	for i := range all {
		all[i] = map[uint64]TCPEvents{}
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		var i int
		var frame uint64
		if len(f) < 3 {
			t.Fatalf("%q", line)
		}
		if _, err := fmt.Sscan(f[0]+" "+f[1], &i, &frame); err != nil || i >= n {
			t.Fatalf("%q: %v", line, err)
		}
		for _, name := range strings.Fields(f[2]) {
			all[i][frame] |= 1 << slices.Index(tcpEventNames[:], name)
		}
	}
	return all
}

// difference is the lines that only one has.
func difference(got, want string) string {
	var b strings.Builder
	have := map[string]bool{}
	for line := range strings.Lines(want) {
		have[line] = true
	}
	for line := range strings.Lines(got) {
		if !have[line] {
			b.WriteString("+ " + line)
		}
		delete(have, line)
	}
	for _, line := range slices.Sorted(maps.Keys(have)) {
		b.WriteString("- " + line)
	}
	return b.String()
}

// The counters are those of the sender's own sockets.
func TestTCPRetransmissionsOfSender(t *testing.T) {
	file := recording(t, "loss")
	text, err := os.ReadFile("../pcaps/testdata/truth/loss/tcp-info.txt")
	if err != nil {
		t.Fatal(err)
	}
	sender := points(t, file)[0]
	checked := 0
	for line := range strings.Lines(string(text)) {
		var port uint16
		var retransmissions, bytes, dsacks uint64
		for _, f := range strings.Fields(line) {
			name, value, _ := strings.Cut(f, "=")
			if n := map[string]*uint64{"total_retrans": &retransmissions, "bytes_retrans": &bytes, "dsack_dups": &dsacks}[name]; n != nil {
				fmt.Sscan(value, n)
			} else if name == "port" {
				fmt.Sscan(value, &port)
			}
		}
		for _, c := range sender.order {
			if c.to != port {
				continue
			}
			checked++
			n := &c.counters[Original]
			if got := uint64(n.Of(TCPRetransmission)); got != retransmissions {
				t.Errorf("port %d: %d retransmissions, its sender counts %d", port, got, retransmissions)
			}
			if n.RetransmittedBytes != bytes || n.RepeatedBytes != bytes {
				t.Errorf("port %d: %d bytes retransmitted, %d repeated, its sender counts %d", port, n.RetransmittedBytes, n.RepeatedBytes, bytes)
			}
			if got := uint64(c.counters[Reply].Of(TCPDSACK)); got != dsacks {
				t.Errorf("port %d: %d D-SACKs, its sender counts %d", port, got, dsacks)
			}
		}
	}
	if checked != 8 {
		t.Errorf("%d connections, want 8", checked)
	}
}
