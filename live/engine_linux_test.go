package live

import (
	"context"
	"encoding/json"
	"net"
	"testing"
	"time"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/internal/netns"
	"pktscope/pcaps"
	"pktscope/reports"
)

// sender sends datagrams over the loopback interface, to ports that somebody listens at.
type sender struct{ a, b net.PacketConn }

func newSender(t *testing.T) sender {
	var s sender
	var err error
	if s.a, err = net.ListenPacket("udp4", "127.0.0.1:4242"); err != nil {
		t.Error(err)
	}
	if s.b, err = net.ListenPacket("udp4", "127.0.0.1:4243"); err != nil {
		t.Error(err)
	}
	return s
}

// send sends n to each port.
func (s sender) send(n int) {
	for range n {
		s.a.WriteTo(make([]byte, 100), s.b.LocalAddr())
		s.b.WriteTo(make([]byte, 100), s.a.LocalAddr())
	}
}

func (s sender) close() {
	s.a.Close()
	s.b.Close()
}

// numbers notes the numbers of packets.
type numbers []uint64

func (n *numbers) Packet(p *dissect.Packet) error {
	*n = append(*n, p.Number)
	return nil
}

// With another filter totals start over, and intervals go on one behind the other. The last frames are there to be looked at, whatever the
// filter means.
func TestEngine(t *testing.T) {
	netns.Alone(t, func() {
		e, err := Open(Options{
			Capture:    pcaps.LiveOptions{Interfaces: []string{"lo"}, Recent: 1 << 20},
			Interval:   300 * time.Millisecond,
			Reports:    []string{"protocols"},
			Read:       reports.Options{Workers: 2},
			privileged: true,
		})
		if err != nil {
			t.Error(err)
			return
		}
		defer e.Close()
		intervals := make(chan *Interval, 100)
		e.Subscribe(func(i *Interval) { intervals <- i })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		s := newSender(t)
		defer s.close()
		time.Sleep(50 * time.Millisecond)

		s.send(50)
		first := collect(intervals, 100)
		one, err := filter.Compile("udp.dstport == 4243")
		if err != nil {
			t.Error(err)
		}
		e.SetFilter(one)
		var second []*Interval
		for i := range intervals { // until it is in force: at the end of an interval that it ended, or that had just ended
			if i.Filter != "" {
				second = append(second, i)
				break
			}
			first = append(first, i)
		}
		s.send(50)
		second = append(second, collect(intervals, 50)...)
		recent := e.Recent()
		var all, some numbers
		if err := reports.Read(recent, reports.Options{Filter: one}, &some); err != nil {
			t.Error(err)
		}
		recent.Close()
		recent = e.Recent()
		if err := reports.Read(recent, reports.Options{}, &all); err != nil {
			t.Error(err)
		}
		recent.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		close(intervals)
		for i := range intervals {
			second = append(second, i)
		}

		if last := first[len(first)-1]; last.Total.Packets != 100 || last.Filter != "" {
			t.Errorf("%d packets before the filter changed", last.Total.Packets)
		}
		last := second[len(second)-1]
		if !last.Last || last.Total.Packets != 50 || last.Filter != "udp.dstport == 4243" || last.Since != first[len(first)-1].To || last.Total.Counters.Seen != 100 {
			t.Errorf("%+v", last)
		}
		if len(all) != 200 || len(some) != 100 || all[199] != 200 {
			t.Errorf("%d recent packets, %d with the filter", len(all), len(some))
		}
		if c := e.Status().Counters(); c.Seen != 200 || c.Dropped != 0 || c.Skipped != 0 {
			t.Errorf("%+v", c)
		}
		every := append(first, second...)
		for n, i := range every {
			if i.Number != n+1 || n > 0 && i.From != every[n-1].To || i.To < i.From {
				t.Errorf("interval %d is %d, from %d to %d", n+1, i.Number, i.From, i.To)
			}
			var o map[string]any
			if err := json.Unmarshal(i.AppendJSON(nil, "1"), &o); err != nil {
				t.Error(err)
			}
		}
	})
}

// collect takes intervals until there were so many packets in them.
func collect(from <-chan *Interval, packets uint64) (all []*Interval) {
	for end := time.After(20 * time.Second); packets > 0; {
		select {
		case i := <-from:
			all = append(all, i)
			packets -= min(packets, i.Now.Packets)
		case <-end:
			return all
		}
	}
	return all
}
