package main

import (
	"errors"
	"strconv"

	"pktscope/pcaps"
)

// decap is the value of --decap: which frame inside a packet is written instead of it.
type decap struct {
	given  bool
	n      int // from 1 inwards, 0 for the innermost
	points map[carriedPoint]*pcaps.Interface
}

// carriedPoint is where frames of one link type were carried along.
type carriedPoint struct {
	*pcaps.Interface
	link uint16
}

func (*decap) String() string { return "" }
func (*decap) Type() string   { return "N" }

const innermost = "innermost"

func (d *decap) Set(s string) (err error) {
	d.given = true
	if s == innermost {
		return nil
	}
	if d.n, err = strconv.Atoi(s); err != nil || d.n < 1 {
		return errors.New("frames inside a packet are numbered from 1 inwards; without a number it is the innermost")
	}
	return nil
}

// point is the interface of frames that were carried along i.
func (d *decap) point(i *pcaps.Interface, link uint16) *pcaps.Interface {
	if d.points == nil {
		d.points = map[carriedPoint]*pcaps.Interface{}
	}
	key := carriedPoint{i, link}
	point := d.points[key]
	if point == nil {
		point = derived(i)
		point.Comments = i.Comments
		point.LinkType, point.FCSLen = pcaps.LinkType(link), 0
		d.points[key] = point
	}
	return point
}

// derived is an interface like i for frames that were made of those of i: without its filter and its statistics, which are not theirs.
func derived(i *pcaps.Interface) *pcaps.Interface {
	like := i.Uncounted()
	like.Filter, like.Comments = "", nil
	return like
}
