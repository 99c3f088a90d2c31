package capturefilter

import (
	"golang.org/x/net/bpf"

	"pktscope/internal/mistake"
)

// Expression is a parsed expression.
type Expression struct {
	text string
	root node // nil for all frames
}

// Parse reads an expression. An empty one means all frames. Errors are an [*Error].
func Parse(text string) (*Expression, error) {
	e := &Expression{text: text}
	err := mistake.Catch(text, func() { e.root = parse(text) })
	if err != nil {
		return nil, err
	}
	return e, nil
}

// String is the text of the expression.
func (e *Expression) String() string { return e.text }

// Options say what frames a filter is for.
type Options struct {
	Link    uint16 // their link type, a LINKTYPE_ number
	SnapLen uint32 // what the program returns for a frame that is meant: the bytes to keep of it; 0 is 262,144

	// Live is for a program at a socket of Linux, which keeps the outermost VLAN tag beside the frame. A link type of cooked captures is then that
	// of an interface whose headers are not known: the program looks at what the kernel knows.
	Live bool
}

const defaultSnapLen = 262144

// Filter is an expression compiled for frames of one link type.
type Filter struct{ program []bpf.RawInstruction }

// Compile makes a filter of the expression. Errors are an [*Error]: not every link type has what every expression asks for.
func (e *Expression) Compile(o Options) (*Filter, error) {
	if o.SnapLen == 0 {
		o.SnapLen = defaultSnapLen
	}
	f := &Filter{}
	err := mistake.Catch(e.text, func() { f.program = e.compile(o) })
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Compile parses an expression and compiles it: the program is what SO_ATTACH_FILTER takes.
func Compile(text string, o Options) (*Filter, error) {
	e, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return e.Compile(o)
}

// Program is the filter's instructions. They may not be changed.
func (f *Filter) Program() []bpf.RawInstruction { return f.program }

func (e *Expression) compile(o Options) []bpf.RawInstruction {
	g := newGraph()
	if e.root == nil {
		return g.program(g.accept, nil, o.SnapLen)
	}
	c := &compiler{layers: linkLayers(o.Link, o.Live), live: o.Live}
	start := g.simplify(g.add(e.root.block(c), g.accept, g.reject))
	program := g.program(start, c.prologue(), o.SnapLen)
	if o.Live && len(program) > kernelInstructions {
		span{0, len(e.text)}.fail("it takes %d instructions, and a kernel runs at most %d", len(program), kernelInstructions)
	}
	return program
}

// compiler makes conditions of the tree, from left to right.
type compiler struct {
	layers
	span            // of the primitive that is being compiled
	live     bool   // for a socket of Linux
	kept     uint32 // words of scratch memory that hold offsets: the first ones
	borrowed uint32 // those that hold intermediate values: the last ones
}

// prologue sets the words that hold offsets to 0: not on every way through the program something else is stored in them, and a kernel takes no
// program that may load what was never stored.
func (c *compiler) prologue() (code []bpf.RawInstruction) {
	if c.kept > 0 {
		code = append(code, instruction(loadConstant, 0))
	}
	for word := range c.kept {
		code = append(code, instruction(store, word))
	}
	return code
}

// keep takes a word of scratch memory for an offset.
func (c *compiler) keep() uint32 {
	if c.kept == scratchWords/2 {
		c.fail("too many tunnels in each other for the scratch memory that filters have")
	}
	c.kept++
	return c.kept - 1
}

// ipHeader is where the network header is.
func (c *compiler) ipHeader() place { return c.carried.plus(c.network) }

// load is instructions that put size bytes of the frame into A.
func (c *compiler) load(at place, size uint32) []bpf.RawInstruction {
	op := uint16(loadWord)
	switch size {
	case 1:
		op = loadByte
	case 2:
		op = loadHalf
	}
	if at.variable {
		return []bpf.RawInstruction{instruction(loadXMemory, at.word), instruction(op+loadWordX-loadWord, at.constant)}
	}
	return []bpf.RawInstruction{instruction(op, at.constant)}
}

// loadTransport is instructions that put size bytes into A that are so many bytes behind the start of what an IPv4 header carries.
func (c *compiler) loadTransport(offset, size uint32) []bpf.RawInstruction {
	code := c.transportToX()
	op := c.load(place{}, size)[0].Op + loadWordX - loadWord
	return append(code, instruction(op, c.ipHeader().constant+offset))
}

// transportToX is instructions that put the length of the IPv4 header into X, with the part of the offset in front of it that varies.
func (c *compiler) transportToX() []bpf.RawInstruction {
	ip := c.ipHeader()
	if !ip.variable {
		return []bpf.RawInstruction{instruction(loadXIPv4, ip.constant)}
	}
	return append(c.load(ip, 1), instruction(and, 0xf), instruction(shiftLeft, 2), instruction(add|withX, 0), instruction(aToX, 0))
}

func (c *compiler) equal(at place, size, value uint32) *block {
	return (&test{code: c.load(at, size), jump: jumpEqual, k: value}).block()
}

func (c *compiler) greater(at place, size, value uint32) *block {
	return (&test{code: c.load(at, size), jump: jumpGreater, k: value}).block()
}

func (c *compiler) anyBit(at place, size, mask uint32) *block {
	return (&test{code: c.load(at, size), jump: jumpAnyBit, k: mask}).block()
}

// masked is true if the bits of mask are those of value.
func (c *compiler) masked(at place, size, value, mask uint32) *block {
	code := c.load(at, size)
	if size == 4 && mask != 1<<32-1 || size < 4 && mask != 1<<(8*size)-1 {
		code = append(code, instruction(and, mask))
	}
	return (&test{code: code, jump: jumpEqual, k: value}).block()
}
