package main

import (
	"fmt"
	"math"

	"pktscope/pcaps"
	"pktscope/pcaps/capturefilter"
)

// open opens the interfaces, or the files. With a capture filter the source has only those frames that it means: the others are as if they
// had not been captured, and are not dissected. A mistake in the filter is found before any file is opened. That a file is named twice is said.
func (in *input) open(files []string) (pcaps.Source, error) {
	if len(in.at.interfaces) > 0 {
		return in.openInterfaces()
	}
	src, err := in.openFiles(files)
	if line := repetition(files); err == nil && line != "" && !in.quiet {
		notice(line)
	}
	return src, err
}

func (in *input) openFiles(files []string) (pcaps.Source, error) {
	if in.capture == "" {
		return open(files)
	}
	expression, err := capturefilter.Parse(in.capture)
	if err != nil {
		return nil, err
	}
	src, err := open(files)
	if err != nil {
		return nil, err
	}
	c := &captured{Source: src, expression: expression, filters: map[framesOf]*capturefilter.Filter{}}
	for _, i := range src.Interfaces() { // others are met later, in files that describe interfaces between frames
		if _, err := c.filter(i); err != nil {
			src.Close()
			return nil, err
		}
	}
	return c, nil
}

// framesOf is frames of a file that have one link type. A filter is compiled for them.
type framesOf struct {
	file int
	link pcaps.LinkType
}

// captured is a source with the frames that a capture filter means.
type captured struct {
	pcaps.Source
	expression *capturefilter.Expression
	filters    map[framesOf]*capturefilter.Filter // nil for those that it cannot be compiled for
	last       *pcaps.Interface
	current    *capturefilter.Filter // that of last
	count      uint64                // frames that it meant
}

// Fill implements [pcaps.Source]; last counts the frames that the filter means. Where it cannot be compiled for frames of a file, that is
// said once, and they are left out.
func (c *captured) Fill(b *pcaps.Block, last uint64, inOrder func()) bool {
	for {
		empty, ended := false, false
		more := c.Source.Fill(b, math.MaxUint64, func() {
			c.choose(b, last)
			if empty = len(b.Frames) == 0 && b.Damage == nil; empty {
				ended = c.count >= last
				return
			}
			inOrder()
		})
		if !more || ended {
			return false
		}
		if !empty {
			return true
		}
	}
}

// choose leaves in the block the frames that the filter means.
func (c *captured) choose(b *pcaps.Block, last uint64) {
	kept := b.Frames[:0]
	for i := range b.Frames {
		f := &b.Frames[i]
		if c.count >= last {
			break
		}
		if f.Interface != c.last {
			filter, err := c.filter(f.Interface)
			if err != nil && b.Damage == nil {
				b.Damage = err
			}
			c.last, c.current = f.Interface, filter
		}
		if c.current != nil && c.current.Match(f.Data, f.WireLen) {
			c.count++
			kept = append(kept, *f)
		}
	}
	b.Frames = kept
}

// filter is that for the frames of an interface. It fails once for all that are alike.
func (c *captured) filter(i *pcaps.Interface) (*capturefilter.Filter, error) {
	alike := framesOf{i.FileIndex, i.LinkType}
	filter, known := c.filters[alike]
	if known {
		return filter, nil
	}
	filter, err := c.expression.Compile(capturefilter.Options{Link: uint16(i.LinkType)})
	c.filters[alike] = filter
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.File, err)
	}
	return filter, nil
}
