package screen

import (
	"sync"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/pcaps"
	"pktscope/reports"
)

// playback is a feed that plays a capture file by packet time. It goes on by an interval when it is told to, and so always has the same states.
type playback struct {
	file   string
	slower int64 // times, so that there are some seconds to see
	states []*State
	at     int
	filter *filter.Filter
	mutex  sync.Mutex // of those above that change
}

const playbackInterval = 10e9 // ns

func newPlayback(file string, slower int64) (*playback, error) {
	f := &playback{file: file, slower: slower}
	return f, f.play()
}

func (f *playback) options() reports.Options {
	return reports.Options{Filter: f.filter, Owner: true, Workers: 1, Dissect: dissect.Options{Cookie: -1, Relative: true}}
}

// slowed is the file in slow motion.
type slowed struct {
	pcaps.Source
	by    int64
	first int64
}

func (s *slowed) Fill(b *pcaps.Block, last uint64, inOrder func()) bool {
	if !s.Source.Fill(b, last, inOrder) {
		return false
	}
	for i := range b.Frames {
		f := &b.Frames[i]
		if s.first == 0 {
			s.first = f.Time
		}
		f.Time = s.first + (f.Time-s.first)*s.by
	}
	return true
}

func (f *playback) open() (pcaps.Source, error) {
	src, err := pcaps.Open(f.file)
	return &slowed{Source: src, by: f.slower}, err
}

// play finds all states.
func (f *playback) play() error {
	src, err := f.open()
	if err != nil {
		return err
	}
	defer src.Close()
	p := player{playback: f, src: src}
	f.states = []*State{{Points: []Point{}}}
	o := f.options()
	o.Filter = nil // points count all packets
	if err := reports.Read(src, o, &p); err != nil {
		return err
	}
	p.cut()
	f.states[len(f.states)-1].Over = true
	return nil
}

// player makes a state at the end of each interval.
type player struct {
	*playback
	src             pcaps.Source
	interval, total *reports.Set
	from            int64
	points          []Point
	seconds         []Second
	first, last     int64
}

func (p *player) Packet(k *dissect.Packet) error {
	if p.interval == nil {
		names := []string{"findings", "summary", "tenants", "tunnels", "flows", "queues", "vlans"}
		var err error
		if p.interval, err = reports.NewSet(names, p.src, p.options()); err != nil {
			return err
		}
		if p.total, err = reports.NewSet(names, p.src, p.options()); err != nil {
			return err
		}
		p.from, p.first = k.Time, k.Time
	}
	for k.Time >= p.from+playbackInterval {
		p.cut()
	}
	p.last = k.Time
	for int64(len(p.seconds)) <= (k.Time-p.first)/1e9 {
		p.seconds = append(p.seconds, Second{})
	}
	s := &p.seconds[len(p.seconds)-1]
	s.Packets++
	s.Bytes += uint64(k.WireLen)
	i := 0
	for i < len(p.points) && p.points[i].Name != k.Point.Name {
		i++
	}
	if i == len(p.points) {
		p.points = append(p.points, Point{Name: k.Point.Name})
	}
	p.points[i].Packets++
	p.points[i].Bytes += uint64(k.WireLen)
	if p.filter != nil && !p.filter.Match(k) {
		return nil
	}
	p.interval.Packet(k)
	return p.total.Packet(k)
}

// cut ends an interval. In the third one packets are lost.
func (p *player) cut() {
	s := &State{Points: append([]Point(nil), p.points...), Seconds: append([]Second(nil), p.seconds...), Time: p.last}
	if p.interval != nil {
		s.Interval, s.Total = p.interval.Snapshot(), p.total.Snapshot()
		p.interval.Reset()
		s.From, s.To, s.Since = p.from, p.from+playbackInterval, p.first
	}
	p.from += playbackInterval
	if p.filter != nil {
		s.Filter = p.filter.String()
	}
	for i := range s.Points {
		kernel, skipped := uint64(0), uint64(0)
		if len(p.states) >= 3 && i == 1 {
			kernel, skipped = 1200, 34
		}
		s.Points[i].Drops = []Drop{{"kernel", kernel}, {"not analysed", skipped}}
	}
	if len(p.states) >= 3 {
		s.Seconds[12].Dropped = 1234
		s.Notices = []string{"tap1: the interface went down", "tap1: the interface is up again"}
	}
	p.states = append(p.states, s)
}

func (f *playback) State() *State {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.states[f.at]
}

// next goes on by an interval.
func (f *playback) next() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.at = min(f.at+1, len(f.states)-1)
}

func (f *playback) SetFilter(to *filter.Filter) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.filter = to
	if err := f.play(); err != nil {
		panic(err)
	}
}

// until is the packets up to now.
func (f *playback) until(o reports.Options) reports.Options {
	end := f.states[f.at].Time
	o.Select = func(k *dissect.Frame) bool { return k.Time <= end }
	return o
}

func (f *playback) Packets(of *filter.Filter, most int) []Packet {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	src, err := f.open()
	if err != nil {
		panic(err)
	}
	defer src.Close()
	o := f.until(f.options())
	if of != nil {
		o.Filter = of
	}
	all, err := ReadPackets(src, o, most)
	if err != nil {
		panic(err)
	}
	return all
}

func (f *playback) Tree(number uint64) (string, bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	src, err := f.open()
	if err != nil {
		panic(err)
	}
	defer src.Close()
	return ReadTree(src, f.until(f.options()), number)
}

const (
	overlayFile   = "../pcaps/testdata/overlay.pcapng.zst"
	overlaySlower = 20
)

func overlay(t testing.TB) *playback {
	t.Helper()
	f, err := newPlayback(overlayFile, overlaySlower)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
