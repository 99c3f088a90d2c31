package pcaps

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	google "github.com/google/gopacket/pcapgo"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// All that a pcapng file says besides its frames.
func TestPcapngContents(t *testing.T) {
	for _, o := range orders {
		u64 := func(n uint64) []byte { return o.AppendUint64(nil, n) }
		text := func(code uint16, s string) []byte { return ngOption(o, code, []byte(s)) }
		statistics := func(id uint32, options ...[]byte) []byte {
			return ngBlock(o, blockStatistics, append(o.AppendUint32(nil, id), make([]byte, 8)...), options...)
		}
		v6 := netip.MustParseAddr("2001:db8::1")
		r, frames, err := readBytes(t, slices.Concat(
			ngSection(o, text(optComment, "one"), text(optComment, "two"), text(sectionHardware, "a switch"),
				text(sectionOS, "Linux 6.1"), text(sectionApplication, "dumpcap")),
			ngInterface(o, 1, 262144, text(interfaceName, "swp1\x00"), text(interfaceDescription, "uplink"), text(interfaceFilter, "\x00not port 22"),
				text(interfaceOS, "Linux"), text(interfaceHardware, "mlx5"), text(optComment, "mirrored"),
				ngOption(o, interfaceSpeed, u64(100e9)), ngOption(o, interfaceFCSLen, []byte{4}), ngOption(o, interfaceResolution, []byte{9}),
				ngOption(o, 4, make([]byte, 8)), ngOption(o, 0x8bad, []byte("custom"))),
			ngInterface(o, 1, 0),
			ngBlock(o, blockNames, ngOption(o, 1, append([]byte{10, 0, 0, 1}, "gw\x00gw.example\x00"...)),
				ngOption(o, 9, []byte("unknown")), ngOption(o, 2, append(v6.AsSlice(), "six\x00"...)),
				[]byte{0, 0, 0, 0}, text(2, "the name server")),
			ngBlock(o, blockSecrets, append(o.AppendUint32(o.AppendUint32(nil, 0x544c534b), 9), "CLIENT_RA"...)),
			ngEnhanced(o, 0, 5, 20, short, ngOption(o, packetFlags, o.AppendUint32(nil, 2|6<<5)), text(optComment, "first"), text(optComment, "second")),
			ngEnhanced(o, 1, 5, 20, short),
			statistics(0, ngOption(o, statisticsReceived, u64(1000)), ngOption(o, statisticsDropped, u64(7)), ngOption(o, statisticsOSDropped, u64(3))),
			statistics(1, ngOption(o, statisticsReceived, u64(math.MaxUint64))),
			ngSection(o), ngInterface(o, 113, 0),
			ngEnhanced(o, 0, 5, 20, short),
		))
		if err != nil {
			t.Fatal(err)
		}
		want := []*Interface{
			{File: "test", Name: "swp1", Description: "uplink", Hardware: "mlx5", OS: "Linux", Filter: "not port 22", Comments: []string{"mirrored"},
				LinkType: LinkTypeEthernet, SnapLen: 262144, FCSLen: 4, Speed: 100e9, TicksPerSecond: 1e9},
			{File: "test", Index: 1, ID: 1, LinkType: LinkTypeEthernet, FCSLen: -1, TicksPerSecond: 1e6},
			{File: "test", Section: 1, Index: 2, LinkType: LinkTypeLinuxSLL, FCSLen: -1, TicksPerSecond: 1e6},
		}
		if diff := cmp.Diff(want, r.Interfaces(), cmpopts.IgnoreUnexported(Interface{})); diff != "" {
			t.Errorf("%v: interfaces (-want +got)\n%s", o, diff)
		}
		counted := []Statistics{{1000, 7, 3, nil}, {math.MaxInt64, -1, -1, nil}, {-1, -1, -1, nil}}
		if diff := cmp.Diff(counted, statisticsOf(r.Interfaces())); diff != "" {
			t.Errorf("%v: statistics (-want +got)\n%s", o, diff)
		}
		if diff := cmp.Diff([]Section{{"a switch", "Linux 6.1", "dumpcap", []string{"one", "two"}}, {}}, r.Sections()); diff != "" {
			t.Errorf("%v: sections (-want +got)\n%s", o, diff)
		}
		names := []NameRecord{{netip.MustParseAddr("10.0.0.1"), []string{"gw", "gw.example"}}, {v6, []string{"six"}}}
		if diff := cmp.Diff(names, r.Names(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%v: names (-want +got)\n%s", o, diff)
		}
		if diff := cmp.Diff([]Secrets{{0x544c534b, []byte("CLIENT_RA")}}, r.Secrets()); diff != "" {
			t.Errorf("%v: secrets (-want +got)\n%s", o, diff)
		}
		if f := frames[0]; !slices.Equal(f.Comments, []string{"first", "second"}) || f.Flags&3 != 2 || f.FCSLen() != 6 || f.Interface != r.Interfaces()[0] {
			t.Errorf("%v: first frame %+v", o, f)
		}
		if f := frames[1]; f.Comments != nil || f.Flags != 0 || f.FCSLen() != -1 || f.Interface != r.Interfaces()[1] {
			t.Errorf("%v: second frame %+v", o, f)
		}
		if f := frames[2]; f.Interface != r.Interfaces()[2] {
			t.Errorf("%v: third frame %+v", o, f)
		}
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		resolution byte
		offset     int64
		ticks      uint64
		want       int64
	}{
		{6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000},
		{9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789},
		{0, 0, 1_700_000_000, 1_700_000_000_000_000_000},
		{3, 0, 1_700_000_000_001, 1_700_000_000_001_000_000},
		{12, 0, 1_700_000_000_123_999, 1_700_000_000_123},
		{19, 0, 19_999_999_999, 1},
		{0x80, 0, 7, 7e9},
		{0x80 | 10, 0, 1<<10 + 1, 1_000_976_562},
		{0x80 | 32, 0, 1_700_000_000<<32 | 1<<31, 1_700_000_000_500_000_000},
		{0x80 | 63, 0, 1<<63 + 1<<62, 1_500_000_000},
		{6, 1_700_000_000, 5, 1_700_000_000_000_005_000},
		{6, -1, 5, -999_995_000},
		{0, 0, math.MaxUint64, math.MaxInt64},
		{6, 0, math.MaxUint64, math.MaxInt64},
		{9, 0, math.MaxUint64, math.MaxInt64},
		{9, math.MinInt64, 0, math.MinInt64},
		{9, math.MaxInt64, 0, math.MaxInt64},
	} {
		clock := newClock(ticksPerSecond(c.resolution), c.offset)
		if got := clock.ns(c.ticks); got != c.want {
			t.Errorf("resolution %#x, offset %d: %d ticks are %d ns, want %d", c.resolution, c.offset, c.ticks, got, c.want)
		}
	}
	for _, unfit := range []byte{20, 127, 0x80 | 64, 0xff} {
		if got := ticksPerSecond(unfit); got != 0 {
			t.Errorf("resolution %#x: %d", unfit, got)
		}
	}
}

// A file full of comments does not fill the memory.
func TestKeepsWithinLimit(t *testing.T) {
	le := binary.LittleEndian
	secret := ngBlock(le, blockSecrets, append(le.AppendUint32(le.AppendUint32(nil, 1), 1<<20), make([]byte, 1<<20)...))
	readers := []io.Reader{bytes.NewReader(ngSection(le)), bytes.NewReader(ngInterface(le, 1, 0))}
	for range 70 {
		readers = append(readers, bytes.NewReader(secret))
	}
	readers = append(readers, bytes.NewReader(ngEnhanced(le, 0, 1, 20, short)))
	r, err := NewReader(io.MultiReader(readers...), "test")
	if err != nil {
		t.Fatal(err)
	}
	frames, err := readAll(r)
	if err != nil || len(frames) != 1 || len(r.Secrets()) != 63 || r.NotKept() != 7 {
		t.Errorf("%d frames, %d secrets, %d not kept, %v", len(frames), len(r.Secrets()), r.NotKept(), err)
	}
}

// Neither do texts of interfaces, names without letters, or sections.
func statisticsOf(interfaces []*Interface) (all []Statistics) {
	for _, i := range interfaces {
		all = append(all, i.Statistics())
	}
	return all
}

func TestKeepsLittle(t *testing.T) {
	le := binary.LittleEndian
	text := bytes.Repeat([]byte("x"), 0xffff)
	iface := ngInterface(le, 1, 0, ngOption(le, interfaceName, text), ngOption(le, interfaceDescription, text))
	r, _, err := readPiped(slices.Concat(ngSection(le), bytes.Repeat(iface, 600)))
	if err != nil || r.NotKept() == 0 {
		t.Errorf("interfaces: %d texts not kept, %v", r.NotKept(), err)
	}
	if last := r.Interfaces()[599]; last.Name != "" || last.LinkType != 1 {
		t.Errorf("the last interface is %v with a name of %d bytes", last.LinkType, len(last.Name))
	}

	names := ngBlock(le, blockNames, bytes.Repeat(ngOption(le, 1, []byte{10, 0, 0, 1}), 1<<20))
	r, _, err = readPiped(slices.Concat(ngSection(le), names))
	if got := len(r.Names()); err != nil || got == 0 || got == 1<<20 {
		t.Errorf("names: %d kept, %v", got, err)
	}

	_, _, err = readPiped(bytes.Repeat(ngSection(le), maxSections+1))
	if want := "test: damaged at frame 1, byte 1835008: one more section header, expected at most 65536"; err == nil || err.Error() != want {
		t.Errorf("sections: %v, want %s", err, want)
	}
}

// What gopacket writes, and what it reads of what we read.
func TestAgreesWithGopacket(t *testing.T) {
	base := time.Unix(1_700_000_000, 123_456_789)
	for name, write := range map[string]func(io.Writer, func(func(gopacket.CaptureInfo, []byte) error) error) error{
		"pcap": func(w io.Writer, frames func(func(gopacket.CaptureInfo, []byte) error) error) error {
			p := pcapgo.NewWriter(w)
			if err := p.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
				return err
			}
			return frames(p.WritePacket)
		},
		"pcap ns": func(w io.Writer, frames func(func(gopacket.CaptureInfo, []byte) error) error) error {
			p := pcapgo.NewWriterNanos(w)
			if err := p.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
				return err
			}
			return frames(p.WritePacket)
		},
		"pcapng": func(w io.Writer, frames func(func(gopacket.CaptureInfo, []byte) error) error) error {
			p, err := pcapgo.NewNgWriter(w, layers.LinkTypeEthernet)
			if err != nil {
				return err
			}
			if err := frames(p.WritePacket); err != nil {
				return err
			}
			return p.Flush()
		},
	} {
		var file bytes.Buffer
		if err := write(&file, func(packet func(gopacket.CaptureInfo, []byte) error) error {
			for i := range 2000 { // longer than a block of the reader
				data := bytes.Repeat([]byte{byte(i)}, 1+i*37%1500)
				info := gopacket.CaptureInfo{Timestamp: base.Add(time.Duration(i) * 1_000_003), CaptureLength: len(data), Length: len(data) + i%3}
				if err := packet(info, data); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		_, frames, err := readBytes(t, file.Bytes())
		if err != nil || len(frames) != 2000 {
			t.Fatalf("%s: %d frames, %v", name, len(frames), err)
		}

		type packetReader interface {
			ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
		}
		var theirs packetReader
		if name == "pcapng" {
			theirs, err = pcapgo.NewNgReader(bytes.NewReader(file.Bytes()), pcapgo.DefaultNgReaderOptions)
		} else {
			theirs, err = pcapgo.NewReader(bytes.NewReader(file.Bytes()))
		}
		if err != nil {
			t.Fatal(err)
		}
		old, err := google.NewNgReader(bytes.NewReader(file.Bytes()), google.DefaultNgReaderOptions)
		if name == "pcapng" && err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			data, info, err := theirs.ReadPacketData()
			if err != nil || !bytes.Equal(data, f.Data) || info.Length != f.WireLen || info.Timestamp.UnixNano() != f.Time {
				t.Fatalf("%s, frame %d: %d bytes of %d at %d, gopacket %d of %d at %d, %v",
					name, f.Number, len(f.Data), f.WireLen, f.Time, len(data), info.Length, info.Timestamp.UnixNano(), err)
			}
			if name == "pcapng" {
				data, info, err := old.ReadPacketData()
				if err != nil || !bytes.Equal(data, f.Data) || info.Length != f.WireLen || info.Timestamp.UnixNano() != f.Time {
					t.Fatalf("%s, frame %d: differs from google/gopacket: %v", name, f.Number, err)
				}
			}
		}
	}
}
