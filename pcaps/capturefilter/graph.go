package capturefilter

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"golang.org/x/net/bpf"
)

// block is a condition: a test, a constant, or blocks joined.
type block struct {
	joint       joint
	left, right *block // of a negation there is only left
	test        *test
	constant    bool
}

type joint uint8

const (
	isTest joint = iota
	isAnd
	isOr
	isNot
	isConstant
)

func (b *block) and(other *block) *block { return &block{joint: isAnd, left: b, right: other} }
func (b *block) or(other *block) *block  { return &block{joint: isOr, left: b, right: other} }
func (b *block) not() *block             { return &block{joint: isNot, left: b} }

// oneOf is true if one of the blocks is; they are tried in order.
func oneOf(first *block, others ...*block) *block {
	for _, b := range others {
		first = first.or(b)
	}
	return first
}

func always(value bool) *block { return &block{joint: isConstant, constant: value} }

// test is instructions that load something into A, and a conditional jump on it.
type test struct {
	code []bpf.RawInstruction
	jump uint16 // 0 if it is never asked: code is there for what it stores
	k    uint32

	loads, does string // what is equal for tests with the same code, and for those that do the same; empty until asked for
}

func (t *test) block() *block { return &block{test: t} }

// load is equal for tests with the same code.
func (t *test) load() string {
	if t.loads == "" {
		b := make([]byte, 0, 8*len(t.code)+1)
		for _, i := range t.code {
			b = binary.BigEndian.AppendUint16(b, i.Op)
			b = append(b, i.Jt, i.Jf)
			b = binary.BigEndian.AppendUint32(b, i.K)
		}
		t.loads = string(append(b, 0))
	}
	return t.loads
}

// key is equal for tests that do the same.
func (t *test) key() string {
	if t.does == "" {
		b := binary.BigEndian.AppendUint16([]byte(t.load()), t.jump)
		t.does = string(binary.BigEndian.AppendUint32(b, t.k))
	}
	return t.does
}

// vertex is a test of the graph, and where it goes on. The two ends have no test.
type vertex struct {
	test    *test
	success *vertex
	failure *vertex
	number  int // in the order of making, which has what follows first

	tracked  int // number of its fact, -1 for none
	reached  bool
	holds    uint64 // facts that are known to hold whenever it is reached
	fails    uint64 // facts that are known not to
	loaded   bool   // whatever leads to it has loaded the same
	position int    // in the assembled program, counted from its end; -1 as long as it is not there
}

// graph is tests without anything twice that is alike and goes on alike.
type graph struct {
	vertices       []*vertex
	known          map[vertexKey]*vertex
	accept, reject *vertex
}

type vertexKey struct {
	test             string
	success, failure *vertex
}

func newGraph() *graph {
	g := &graph{known: map[vertexKey]*vertex{}}
	g.accept, g.reject = &vertex{tracked: -1}, &vertex{tracked: -1}
	return g
}

// add adds b, which goes on to one of two vertices, and returns where it starts.
func (g *graph) add(b *block, success, failure *vertex) *vertex {
	switch b.joint {
	case isAnd:
		return g.add(b.left, g.add(b.right, success, failure), failure)
	case isOr:
		return g.add(b.left, success, g.add(b.right, success, failure))
	case isNot:
		return g.add(b.left, failure, success)
	case isConstant:
		if b.constant {
			return success
		}
		return failure
	}
	key := vertexKey{b.test.key(), success, failure}
	v := g.known[key]
	if v == nil {
		v = &vertex{test: b.test, success: success, failure: failure, number: len(g.vertices), tracked: -1}
		g.vertices = append(g.vertices, v)
		g.known[key] = v
	}
	return v
}

// facts are the tests that occur most: at most 64, so that what is known of them is two words.
type facts struct {
	tests   []*test
	exclude []uint64 // for each fact, those that cannot hold if it does: the same load is compared with something else
}

// simplify leads past tests whose outcome is known from those before. It returns where the program starts.
//
// A program for a hundred hosts asks a hundred times whether a frame is IPv4; asking once keeps it small enough for a kernel. Only tests that
// were made before on every way are left out, so a load that would reject a short frame has rejected it by then.
func (g *graph) simplify(start *vertex) *vertex {
	f := g.facts()
	if len(f.tests) == 0 {
		return start
	}
	for range 8 { // each pass finds what the one before uncovered; mostly two are enough
		changed := false
		for _, v := range g.vertices {
			v.reached = false
		}
		start.reached, start.holds, start.fails = true, 0, 0
		for _, v := range slices.Backward(g.vertices) { // what leads to a vertex was made after it
			if !v.reached {
				continue
			}
			holds, fails := f.learn(v, true)
			if s := follow(v.success, holds, fails); s != v.success {
				v.success, changed = s, true
			}
			v.success.reach(holds, fails)
			holds, fails = f.learn(v, false)
			if s := follow(v.failure, holds, fails); s != v.failure {
				v.failure, changed = s, true
			}
			v.failure.reach(holds, fails)
		}
		if !changed {
			break
		}
	}
	return start
}

// reach notes what is known on one more way to v.
func (v *vertex) reach(holds, fails uint64) {
	if !v.reached {
		v.reached, v.holds, v.fails = true, holds, fails
		return
	}
	v.holds &= holds
	v.fails &= fails
}

// follow goes on from v as long as the outcome is known.
func follow(v *vertex, holds, fails uint64) *vertex {
	for v.tracked >= 0 {
		switch bit := uint64(1) << v.tracked; {
		case holds&bit != 0:
			v = v.success
		case fails&bit != 0:
			v = v.failure
		default:
			return v
		}
	}
	return v
}

// learn is what is known after v.
func (f *facts) learn(v *vertex, outcome bool) (holds, fails uint64) {
	holds, fails = v.holds, v.fails
	if v.tracked < 0 {
		return holds, fails
	}
	if outcome {
		return holds | 1<<v.tracked, fails | f.exclude[v.tracked]
	}
	return holds, fails | 1<<v.tracked
}

// facts numbers the tests that are worth it: those whose load is made more than once.
func (g *graph) facts() *facts {
	type tally struct {
		test     *test
		vertices []*vertex
	}
	loads := map[string]int{}
	tallies := map[string]*tally{}
	var order []*tally // not the map's
	for _, v := range g.vertices {
		if v.test.jump == 0 {
			continue
		}
		loads[v.test.load()]++
		key := v.test.key()
		if tallies[key] == nil {
			tallies[key] = &tally{test: v.test}
			order = append(order, tallies[key])
		}
		tallies[key].vertices = append(tallies[key].vertices, v)
	}
	order = slices.DeleteFunc(order, func(t *tally) bool { return loads[t.test.load()] < 2 })
	slices.SortStableFunc(order, func(a, b *tally) int { return len(b.vertices) - len(a.vertices) })
	f := &facts{}
	for i, t := range order[:min(len(order), bits.UintSize)] {
		f.tests = append(f.tests, t.test)
		for _, v := range t.vertices {
			v.tracked = i
		}
	}
	for _, t := range f.tests {
		var exclude uint64
		for i, other := range f.tests {
			if other != t && t.jump == jumpEqual && other.jump == jumpEqual && t.load() == other.load() {
				exclude |= 1 << i
			}
		}
		f.exclude = append(f.exclude, exclude)
	}
	return f
}

// assembler writes a program from its end: then the place of everything that is jumped to is known, as jumps only go forward.
type assembler struct {
	reversed []bpf.RawInstruction
	relays   map[*vertex]int // the place of the last jump to a vertex that conditional jumps go to which cannot reach it themselves
}

func (a *assembler) emit(i bpf.RawInstruction) { a.reversed = append(a.reversed, i) }

// program is the instructions of the graph from start on. What is accepted returns keep, the bytes to keep of a frame.
func (g *graph) program(start *vertex, prologue []bpf.RawInstruction, keep uint32) []bpf.RawInstruction {
	a := &assembler{relays: map[*vertex]int{}}
	for _, v := range g.vertices {
		v.position = -1
	}
	a.emit(instruction(returnConstant, 0))
	g.reject.position = 0
	a.emit(instruction(returnConstant, keep))
	g.accept.position = 1
	reachable := map[*vertex]bool{g.accept: true, g.reject: true}
	pending := []*vertex{start}
	for len(pending) > 0 {
		v := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if !reachable[v] {
			reachable[v] = true
			pending = append(pending, v.success, v.failure)
		}
	}
	g.findLoaded(start, reachable)
	for _, v := range g.vertices { // what follows first
		if reachable[v] {
			a.vertex(v)
		}
	}
	a.jump(start)
	for _, i := range slices.Backward(prologue) {
		a.emit(i)
	}
	slices.Reverse(a.reversed)
	return a.reversed
}

// findLoaded finds the tests that need not load what they look at.
func (g *graph) findLoaded(start *vertex, reachable map[*vertex]bool) {
	leading := map[*vertex]string{} // what is loaded on all ways to a vertex so far
	arrive := func(v *vertex, code string) {
		if v.test == nil {
			return
		}
		before, ok := leading[v]
		v.loaded = (!ok || v.loaded && before == code) && code == v.test.load()
		leading[v] = code
	}
	arrive(start, "")
	for _, v := range slices.Backward(g.vertices) {
		if reachable[v] {
			code := v.test.load()
			arrive(v.success, code)
			arrive(v.failure, code)
		}
	}
}

// distance is the number of instructions that a jump written now leaves out.
func (a *assembler) distance(to *vertex) int { return len(a.reversed) - 1 - to.position }

// jump goes to a vertex, wherever it is.
func (a *assembler) jump(to *vertex) {
	if d := a.distance(to); d > 0 {
		a.emit(instruction(jump, uint32(d)))
	}
}

// near returns the distance to a vertex as a conditional jump has it, in a byte: if it is too far, to a jump of its own.
func (a *assembler) near(to *vertex, room int) uint8 {
	d := a.distance(to)
	if relay, ok := a.relays[to]; ok && d > 255-room {
		d = len(a.reversed) - 1 - relay
	}
	if d > 255-room {
		a.jump(to)
		a.relays[to] = len(a.reversed) - 1
		d = 0
	}
	return uint8(d)
}

func (a *assembler) vertex(v *vertex) {
	switch {
	case v.test.jump == 0:
		a.jump(v.success)
	case v.success == v.failure: // asked only because its load may reject
		a.jump(v.success)
	default:
		failure := a.near(v.failure, 1) // room for the jump that success may need
		middle := len(a.reversed)
		success := a.near(v.success, 0)
		failure += uint8(len(a.reversed) - middle)
		a.emit(bpf.RawInstruction{Op: v.test.jump, Jt: success, Jf: failure, K: v.test.k})
	}
	if !v.loaded || v.test.jump == 0 {
		for _, i := range slices.Backward(v.test.code) {
			a.emit(i)
		}
	}
	v.position = len(a.reversed) - 1
}
