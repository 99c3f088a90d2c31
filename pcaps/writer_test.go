package pcaps

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket/pcapgo"
)

// everything is a pcapng file with all that is kept of one.
func everything(o writerOrder) []byte {
	var (
		u64     = func(n uint64) []byte { return o.AppendUint64(nil, n) }
		comment = func(s string) []byte { return ngOption(o, optComment, []byte(s)) }
	)
	return slices.Concat(
		ngSection(o, ngOption(o, sectionHardware, []byte("router")), ngOption(o, sectionOS, []byte("Linux")),
			ngOption(o, sectionApplication, []byte("dumpcap")), comment("first"), comment("second")),
		ngInterface(o, 1, 96, ngOption(o, interfaceName, []byte("eth0")), ngOption(o, interfaceDescription, []byte("uplink")),
			ngOption(o, interfaceHardware, []byte("NIC")), ngOption(o, interfaceOS, []byte("kernel")), ngOption(o, interfaceSpeed, u64(1e10)),
			ngOption(o, interfaceResolution, []byte{9}), ngOption(o, interfaceFilter, []byte("\x00ip")), ngOption(o, interfaceFCSLen, []byte{4}),
			ngOption(o, interfaceTimeOffset, u64(1000)), comment("port 7")),
		ngInterface(o, 276, 0, ngOption(o, interfaceResolution, []byte{0x80 | 32})),
		ngBlock(o, blockNames, slices.Concat(ngOption(o, recordIPv4, []byte("\x0a\x00\x00\x01one\x00uno\x00")),
			ngOption(o, recordIPv6, append(make([]byte, 15), "\x01localhost\x00"...)), make([]byte, 4))),
		ngEnhanced(o, 0, 5, 100, []byte("frame"), comment("odd"), ngOption(o, packetFlags, o.AppendUint32(nil, 0x81))),
		ngBlock(o, blockSecrets, append(o.AppendUint32(o.AppendUint32(nil, 0x544c534b), 5), "KEYS\n"...)),
		ngEnhanced(o, 1, 7<<32+1<<31, 4, []byte("last")),
		ngSimple(o, 6, []byte("simple")),
		ngBlock(o, blockStatistics, slices.Concat(o.AppendUint32(nil, 0), make([]byte, 8)), ngOption(o, statisticsReceived, u64(9)),
			ngOption(o, statisticsDropped, u64(2)), ngOption(o, statisticsOSDropped, u64(1)), comment("counted")),
		ngSection(o), // another section, with interfaces of its own
		ngInterface(o, 101, 0),
		ngObsolete(o, 0, 1_000_000, 3, []byte("raw")),
	)
}

func TestWriterKeepsEverything(t *testing.T) {
	for _, o := range orders {
		r, err := NewReader(bytes.NewReader(everything(o)), "test")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "out.pcapng")
		want := copyTo(t, r, path, WriteOptions{})
		again, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		got, err := readAll(again)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) != 4 || !want[2].Timeless || len(r.Interfaces()) != 3 || len(r.Sections()) != 2 || len(r.Names()) != 2 || len(r.Secrets()) != 1 {
			t.Fatal("the test's capture is not what it should be")
		}
		options := []cmp.Option{cmpopts.IgnoreFields(Interface{}, "File"), cmpopts.IgnoreFields(Frame{}, "Offset"), cmpopts.IgnoreUnexported(Interface{}),
			cmpopts.EquateComparable(NameRecord{}.Addr)}
		for _, pair := range [][2]any{{want, got}, {r.Interfaces(), again.Interfaces()}, {statisticsOf(r.Interfaces()), statisticsOf(again.Interfaces())},
			{r.Sections(), again.Sections()},
			{r.Names(), again.Names()}, {r.Secrets(), again.Secrets()}} {
			if diff := cmp.Diff(pair[0], pair[1], options...); diff != "" {
				t.Errorf("%v (-read +read again):\n%s", o, diff)
			}
		}
	}
}

// FramesOnly writes nothing that the frames do not name.
func TestFramesOnly(t *testing.T) {
	r, err := NewReader(bytes.NewReader(everything(binary.LittleEndian)), "test")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.pcapng")
	w, err := Create(path, r, WriteOptions{FramesOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	own := &Interface{Name: "own", LinkType: LinkTypeRaw, FCSLen: -1, TicksPerSecond: nsPerSecond}
	if _, err := readAll(r); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(&Frame{Time: 1, Data: []byte("x"), WireLen: 1, Interface: own}), w.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := readAll(again); err != nil {
		t.Fatal(err)
	}
	if i := again.Interfaces(); len(i) != 1 || i[0].Name != "own" || len(again.Names())+len(again.Secrets()) > 0 {
		t.Errorf("interfaces %v, names %v, secrets %v", i, again.Names(), again.Secrets())
	}
}

// A frame check sequence, a fine clock and a snap length stay in pcap; another library reads the file.
func TestWritePcap(t *testing.T) {
	const link = 1 | 1<<26 | 2<<28
	file := slices.Concat(pcapHeader(binary.BigEndian, magicNano, 4096, link), pcapRecordOf(binary.BigEndian, 1_700_000_000, 123_456_789, 9, []byte("frame")))
	r, err := NewReader(bytes.NewReader(file), "test")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.pcap")
	copyTo(t, r, path, WriteOptions{})
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(pcapHeader(binary.LittleEndian, magicNano, 4096, link), pcapRecordOf(binary.LittleEndian, 1_700_000_000, 123_456_789, 9, []byte("frame")))
	if !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	other, err := pcapgo.NewReader(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	data, info, err := other.ReadPacketData()
	if err != nil || string(data) != "frame" || info.Length != 9 || info.Timestamp.UnixNano() != 1_700_000_000_123_456_789 {
		t.Errorf("pcapgo reads %q, %+v, %v", data, info, err)
	}
}

func TestWhatPcapCannotHold(t *testing.T) {
	micros := &Interface{LinkType: LinkTypeEthernet, FCSLen: -1, TicksPerSecond: 1_000_000}
	raw, fcs := *micros, *micros
	raw.LinkType, fcs.FCSLen = LinkTypeRaw, 4
	for _, c := range []struct {
		frame Frame
		want  string
	}{
		{Frame{Interface: &raw, Number: 2}, "it has ETHERNET, frame 2 is RAW"},
		{Frame{Interface: &fcs, Number: 2}, "frame 2 has another one"},
		{Frame{Interface: micros, Number: 2, Time: -1}, "the time of frame 2 cannot be written"},
		{Frame{Interface: micros, Number: 2, Time: 5_000_000_000 * nsPerSecond}, "the time of frame 2 cannot be written"},
		{Frame{Interface: micros, Number: 2, Time: 1}, "the time of frame 2 is finer"},
	} {
		r, err := NewReader(bytes.NewReader(pcapHeader(binary.LittleEndian, magicMicro, 0, 1)), "test")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "out.pcap")
		w, err := Create(path, r, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&Frame{Interface: micros, Number: 1, Time: 1000}); err != nil {
			t.Fatal(err)
		}
		err = w.Write(&c.frame)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if again := w.Close(); again == nil || again.Error() != err.Error() {
			t.Errorf("Close says %v after %v", again, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
}

// A file that is closed in between goes on where it was, compressed or not.
func TestSuspend(t *testing.T) {
	for _, name := range []string{"out.pcap", "out.pcapng", "out.pcap.gz", "out.pcapng.zst"} {
		r, err := NewReader(bytes.NewReader(everything(binary.LittleEndian)), "test")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		w, err := Create(path, r, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var b Block
		if !r.Fill(&b, 1, func() {}) {
			t.Fatal(b.Damage)
		}
		f := b.Frames[0]
		const frames = 5
		for i := range frames {
			f.WireLen = 100 + i
			if err := errors.Join(w.Write(&f), w.Suspend(), w.Suspend()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		got, err := readAll(again)
		if err != nil || len(got) != frames || got[frames-1].WireLen != 100+frames-1 {
			t.Errorf("%s: %d frames, %v", name, len(got), err)
		}
	}
}

// Each time that a clock can tell comes back from its stamp.
func TestTicks(t *testing.T) {
	for _, perSecond := range []uint64{1, 3, 1000, 1_000_000, nsPerSecond, 1 << 20, 1 << 32, 1 << 62, 1e12, 1e19} {
		for _, offset := range []int64{0, 1_700_000_000, -5} {
			c := newClock(perSecond, offset)
			for _, ticks := range []uint64{0, 1, 2, 999, 1e6 + 1, 1e9 - 1, 1e15 + 7, math.MaxUint64 / 3} {
				ns := c.ns(ticks)
				if ns == math.MaxInt64 || ns == math.MinInt64 {
					continue // farther than 64 bits of ns
				}
				if got := c.ns(c.ticks(ns)); got != ns {
					t.Errorf("%d ticks a second, offset %d: %d ticks are %d ns, and those are %d", perSecond, offset, ticks, ns, got)
				}
			}
		}
	}
}

// copyTo writes what r has, and returns it.
func copyTo(t *testing.T, r *Reader, path string, o WriteOptions) []Frame {
	t.Helper()
	w, err := Create(path, r, o)
	if err != nil {
		t.Fatal(err)
	}
	var frames []Frame
	for f, err := range Frames(r) {
		if err != nil {
			break
		}
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, *f)
		frames[len(frames)-1].Data = bytes.Clone(f.Data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return frames
}

func BenchmarkWrite(b *testing.B) {
	for _, name := range []string{"pcap", "pcapng", "pcapng.zst"} {
		b.Run(name, func(b *testing.B) {
			r, err := NewReader(bytes.NewReader(pcapHeader(binary.LittleEndian, magicMicro, 0, 1)), "test")
			if err != nil {
				b.Fatal(err)
			}
			w, err := Create(filepath.Join(b.TempDir(), "out."+name), r, WriteOptions{})
			if err != nil {
				b.Fatal(err)
			}
			f := Frame{Data: []byte(strings.Repeat("payload", 72)), WireLen: 504, Interface: r.Interfaces()[0]}
			b.SetBytes(int64(len(f.Data)))
			b.ReportAllocs()
			for b.Loop() {
				f.Time += 1000
				if err := w.Write(&f); err != nil {
					b.Fatal(err)
				}
			}
			w.Discard()
		})
	}
}

// A frame is written through memory that was there before.
func TestWriterDoesNotAllocate(t *testing.T) {
	for _, name := range []string{"out.pcap", "out.pcapng"} {
		r, err := NewReader(bytes.NewReader(everything(orders[0])), "test")
		if err != nil {
			t.Fatal(err)
		}
		w, err := Create(filepath.Join(t.TempDir(), name), r, WriteOptions{FramesOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		f := Frame{Number: 1, Time: 1e18, Data: make([]byte, 100), WireLen: 100, Interface: newInterface(LinkTypeEthernet, 0)}
		write := func() {
			if err := w.Write(&f); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 * pieceSize / 100 { // the buffer is as large as it becomes
			write()
		}
		if n := testing.AllocsPerRun(1000, write); n > 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
	}
}
