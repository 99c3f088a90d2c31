package pcaps

import (
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"pktscope/internal/netns"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// datagrams sends n of them over the loopback interface.
func datagrams(t testing.TB, n, size int) {
	to, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return
	}
	defer to.Close()
	from, err := net.Dial("udp4", to.LocalAddr().String())
	if err != nil {
		t.Error(err)
		return
	}
	defer from.Close()
	for range n {
		if _, err := from.Write(make([]byte, size)); err != nil {
			t.Error(err)
		}
	}
}

// When nobody analyses, frames are skipped, and recorded all the same.
func TestLiveRecordsFirst(t *testing.T) {
	netns.Alone(t, func() {
		const n = 5000
		var said []string
		l, err := OpenLive(LiveOptions{Interfaces: []string{"lo"}, Queue: 1, Log: func(line string) { said = append(said, line) }})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		file := filepath.Join(t.TempDir(), "trace.pcapng")
		if err := l.Record(RecordOptions{Path: file}); err != nil {
			t.Error(err)
			return
		}
		l.start()
		time.Sleep(20 * time.Millisecond)
		for range 5 {
			datagrams(t, n/5, 1000)
			time.Sleep(3 * retireAfter)
		}
		l.Stop()
		analysed := 0
		for range Frames(l) {
			analysed++
		}
		s := l.State()
		c := s.Counters()
		recorded, _, _, _ := framesIn(t, file)
		if c.Seen != n || c.Received != n || c.Skipped == 0 || int(c.Skipped)+analysed != n || recorded != n || s.Recording.Written != n {
			t.Errorf("%d analysed, %d recorded; %+v, %+v", analysed, recorded, c, s.Recording)
		}
		if len(said) != 1 || said[0] != "analysis is behind: it skips frames; recording goes on" {
			t.Errorf("it says %q", said)
		}
	})
}

func TestLiveCount(t *testing.T) {
	netns.Alone(t, func() {
		l, err := OpenLive(LiveOptions{Interfaces: []string{"lo"}, Count: 7, SnapLen: 60})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		l.start()
		time.Sleep(20 * time.Millisecond)
		datagrams(t, 100, 1000)
		n := uint64(0)
		for f, err := range Frames(l) {
			if n++; err != nil || f.Number != n || len(f.Data) != 60 || f.WireLen != 14+20+8+1000 || f.Interface.Name != "lo" {
				t.Errorf("%v, %+v", err, f)
			}
		}
		state := l.State()
		if c := state.Counters(); n != 7 || c.Seen != 7 || c.Received != 7 || c.Dropped != 0 {
			t.Errorf("%d frames, %+v", n, c)
		}
	})
}

// At the loopback interface each frame is seen once, whichever way is asked for.
func TestLiveDirectionAtLoopback(t *testing.T) {
	netns.Alone(t, func() {
		for _, d := range []Direction{BothWays, Inbound, Outbound} {
			for _, name := range []string{"lo", AnyInterface} {
				l, err := OpenLive(LiveOptions{Interfaces: []string{name}, Direction: d})
				if err != nil {
					t.Error(err)
					return
				}
				l.start()
				time.Sleep(20 * time.Millisecond)
				datagrams(t, 10, 100)
				l.Stop()
				n, flags := 0, uint32(flagInbound)
				if d == Outbound {
					flags = flagOutbound
				}
				for f := range Frames(l) {
					if n++; f.Flags&3 != flags || f.Interface.Name != "lo" || f.Interface.LinkType != LinkTypeEthernet {
						t.Errorf("%v at %s: %+v", d, name, f)
					}
				}
				if n != 10 {
					t.Errorf("%v at %s: %d frames", d, name, n)
				}
				l.Close()
			}
		}
	})
}

// The program that asks the kernel at all interfaces asks about each frame as what its interface is.
func TestAnyProgram(t *testing.T) {
	c := &capture{Live: newLive(LiveOptions{FilterText: "x", Filter: func(link LinkType) ([]bpf.RawInstruction, error) {
		return bpf.Assemble([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: 0}, bpf.LoadConstant{Dst: bpf.RegX, Val: 0}, bpf.RetConstant{Val: uint32(link)}})
	}})}
	raw, err := c.program(true, 0)
	if err != nil {
		t.Fatal(err)
	}
	program, all := bpf.Disassemble(raw)
	if !all {
		t.Fatal("not all instructions are known")
	}
	for _, p := range []struct {
		hardware, kind uint32
		want           uint32
	}{
		{unix.ARPHRD_ETHER, unix.PACKET_OUTGOING, uint32(LinkTypeEthernet)},
		{unix.ARPHRD_LOOPBACK, unix.PACKET_HOST, uint32(LinkTypeEthernet)},
		{unix.ARPHRD_LOOPBACK, unix.PACKET_OUTGOING, 0},
		{unix.ARPHRD_NONE, unix.PACKET_HOST, uint32(LinkTypeRaw)},
		{unix.ARPHRD_TUNNEL, unix.PACKET_HOST, uint32(LinkTypeRaw)},
		{unix.ARPHRD_TUNNEL6, unix.PACKET_OUTGOING, uint32(LinkTypeRaw)},
		{unix.ARPHRD_SIT, unix.PACKET_HOST, uint32(LinkTypeRaw)},
		{arphrdRawIP, unix.PACKET_HOST, uint32(LinkTypeRaw)},
		{unix.ARPHRD_IPGRE, unix.PACKET_HOST, 0},
	} {
		// The kernel's extensions are no part of the virtual machine: they are what p says.
		concrete := make([]bpf.Instruction, len(program))
		for i, in := range program {
			if e, ok := in.(bpf.LoadExtension); ok {
				value := p.kind
				if e.Num == bpf.ExtLinkLayerType {
					value = p.hardware
				}
				in = bpf.LoadConstant{Dst: bpf.RegA, Val: value}
			}
			concrete[i] = in
		}
		vm, err := bpf.NewVM(concrete)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := vm.Run(make([]byte, 100)); err != nil || got != int(p.want) {
			t.Errorf("hardware %d, kind %d: %d (%v), want %d", p.hardware, p.kind, got, err, p.want)
		}
	}
}

// The thread that captures has short turns where the kernel has them, and is as nice as it was.
func TestRunSoon(t *testing.T) {
	niceness := make(chan *unix.SchedAttr)
	go func() {
		runtime.LockOSThread() // and it ends with its thread
		unix.Setpriority(unix.PRIO_PROCESS, 0, 7)
		runSoon()
		a, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Error(err)
		}
		niceness <- a
	}()
	if a := <-niceness; a == nil || a.Policy != unix.SCHED_NORMAL || a.Nice != 7 || a.Runtime != 0 && a.Runtime != 500_000 {
		t.Errorf("%+v", a)
	}
}
