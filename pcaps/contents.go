package pcaps

import (
	"math"
	"sort"
	"sync"
	"sync/atomic"
)

// contents is what a file says besides its frames. It grows while the file is read, and others look at it meanwhile.
type contents struct {
	name    string
	index   int     // of the file
	given   *uint64 // how many frames the source has given that the file belongs to
	kept    int     // bytes
	notKept int     // blocks and comments

	changes atomic.Int64 // of what follows
	telling sync.Mutex   // held for it
	known
	when []knownWith // ascending
}

// known is what of the contents is known at some time.
type known struct {
	interfaces []*Interface
	sections   []Section
	names      []NameRecord
	secrets    []Secrets
}

// knownWith says how much was known when a source gave a frame. Goroutines that read ahead know more, and nothing may depend on how far.
type knownWith struct {
	frame                                uint64 // its number
	interfaces, sections, names, secrets int
}

// told calls add to add to what is known.
func (c *contents) told(add func()) {
	c.telling.Lock()
	defer c.telling.Unlock()
	add()
	c.changes.Add(1)
	with := knownWith{*c.given + 1, len(c.interfaces), len(c.sections), len(c.names), len(c.secrets)}
	if n := len(c.when); n > 0 && c.when[n-1].frame == with.frame {
		c.when[n-1] = with
	} else {
		c.when = append(c.when, with)
	}
}

// now returns what is known by now.
func (c *contents) now() known {
	c.telling.Lock()
	defer c.telling.Unlock()
	return c.known
}

// with returns what is known with a frame of the source, and the number of the frame that more is known with as far as is known now.
func (c *contents) with(frame uint64) (k known, next uint64) {
	c.telling.Lock()
	defer c.telling.Unlock()
	i := sort.Search(len(c.when), func(i int) bool { return c.when[i].frame > frame })
	if next = math.MaxUint64; i < len(c.when) {
		next = c.when[i].frame
	}
	if i > 0 {
		w := &c.when[i-1]
		k = known{c.interfaces[:w.interfaces:w.interfaces], c.sections[:w.sections:w.sections], c.names[:w.names:w.names], c.secrets[:w.secrets:w.secrets]}
	}
	return k, next
}

func (c *contents) addInterface(i *Interface) {
	i.File, i.FileIndex, i.Index = c.name, c.index, len(c.interfaces)
	c.told(func() { c.interfaces = append(c.interfaces, i) })
}

// keep reports whether n more bytes can be kept.
func (c *contents) keep(n int) bool {
	n += keptOverhead
	if c.kept+n > maxKept {
		c.notKept++
		return false
	}
	c.kept += n
	return true
}

// keepText returns the text of an option, none if it cannot be kept.
func (c *contents) keepText(value []byte) string {
	if !c.keep(len(value)) {
		return ""
	}
	return text(value)
}

func (c *contents) keepComment(comments []string, value []byte) []string {
	if !c.keep(len(value)) {
		return comments
	}
	return append(comments, text(value))
}
