package main

import (
	"pktscope/anonymize"
	"pktscope/dissect"
	"pktscope/pcaps"
)

// anonymous makes frames anonymous.
type anonymous struct {
	key     anonymize.Key
	options dissect.Options
	inTurn  *anonymize.Anonymizer // of frames that tell what is in others
	inside  dissect.Frame         // that it is given
	points  map[*pcaps.Interface]*pcaps.Interface
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
	return &anonymous{key: key, options: o, inTurn: anonymize.New(key, o), inside: dissect.Frame{Point: new(dissect.Point)},
		points: map[*pcaps.Interface]*pcaps.Interface{}}, nil
}

// anonymizer returns one for frames in any order, see [anonymize.Anonymizer.Alone].
func (a *anonymous) anonymizer() *anonymize.Anonymizer { return anonymize.New(a.key, a.options) }

// point is the interface of frames that were captured at i: without what somebody wrote by hand.
func (a *anonymous) point(i *pcaps.Interface) *pcaps.Interface {
	point := a.points[i]
	if point == nil {
		point = derived(i)
		point.Description, point.Hardware, point.OS = "", "", ""
		a.points[i] = point
	}
	return point
}
