package flows_test

import (
	"testing"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/pcaps"
)

// track plays captures, merged by time, into a tracker.
func track(t testing.TB, o flows.Options, files ...string) *flows.Tracker {
	t.Helper()
	return trackIn(t, flows.NewTracker(o), files...)
}

// trackIn is track with a tracker that remembers nothing yet.
func trackIn(t testing.TB, tracker *flows.Tracker, files ...string) *flows.Tracker {
	t.Helper()
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder, resolver := config.NewDecoder(), config.NewResolver()
	points := map[*pcaps.Interface]*dissect.Point{}
	reader := flows.NewReader()
	var p dissect.Packet
	var b flows.Batch
	for f, err := range pcaps.Frames(src) {
		if err != nil {
			t.Fatal(err)
		}
		point := points[f.Interface]
		if point == nil {
			i := f.Interface
			point = &dissect.Point{ID: len(points), File: i.File, Index: i.ID, Name: i.Name, Link: uint16(i.LinkType), FCSLen: f.FCSLen()}
			points[i] = point
		}
		decoder.Decode(&p, &dissect.Frame{Data: f.Data, WireLen: f.WireLen, Time: f.Time, Number: f.Number, Point: point})
		p.Verify()
		resolver.Resolve(&p)
		p.Verify()
		b.Reset()
		reader.Read(&p, &b)
		tracker.Play(reader, &b)
	}
	return tracker
}
