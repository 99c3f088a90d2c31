package main

import (
	"pktscope/anonymize"
	"pktscope/dissect"
	"pktscope/pcaps"
)

// anonymous makes frames anonymous.
type anonymous struct {
	anonymizer *anonymize.Anonymizer
	points     map[*pcaps.Interface]*pcaps.Interface
}

// newAnonymous takes the key from a file, a random one if there is none.
func newAnonymous(keyFile string, o dissect.Options) (*anonymous, error) {
	key := anonymize.NewKey()
	if keyFile != "" {
		var err error
		if key, err = anonymize.KeyFile(keyFile); err != nil {
			return nil, err
		}
	}
	return &anonymous{anonymize.New(key, o), map[*pcaps.Interface]*pcaps.Interface{}}, nil
}

// frame makes f anonymous, and what it says beside its bytes: comments, and all of its interface that somebody wrote by hand.
func (a *anonymous) frame(f *pcaps.Frame) {
	point := a.points[f.Interface]
	if point == nil {
		point = derived(f.Interface)
		point.Description, point.Hardware, point.OS = "", "", ""
		a.points[f.Interface] = point
	}
	f.Data = a.anonymizer.Frame(&dissect.Frame{
		Data:    f.Data,
		WireLen: f.WireLen,
		Time:    f.Time,
		Number:  f.Number,
		Point:   &dissect.Point{Link: uint16(f.Interface.LinkType), FCSLen: f.FCSLen()},
	})
	f.Interface, f.Comments = point, nil
}
