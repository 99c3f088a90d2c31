package flows

// A gap is a range of sequence numbers that lies before what was captured and was not captured itself. A segment that fills one is new
// here, whatever it was to its sender.
type gap struct {
	left, right uint32 // of the first byte, and behind the last; equal in an empty one
	opened      ticks  // when what lies behind it was captured; 0 in one of which some bytes were captured, for want of room for more gaps
}

func (g gap) empty() bool { return g.left == g.right }

// ticks are time modulo 2^32, in units of 1,024 ns: for what lies less than an hour back.
type ticks uint32

// ticksOf is the time in ticks, which is never 0.
func ticksOf(time int64) ticks { return max(1, ticks(time>>10)) }

// gaps are the last ones of a direction, in order, the empty ones behind the others. Where there are more, the last two become one: what
// lies between them counts as not captured when somebody sends it.
type gaps [2]gap

// farBehind is the distance at which a gap is forgotten: nobody fills it any more, and numbers come around.
const farBehind = 1 << 26

// open adds a gap behind all others. What was acknowledged is the first to give way.
func (g *gaps) open(left, right uint32, now ticks, acknowledged uint32, known bool) {
	switch {
	case g[0].empty():
		g[0] = gap{left, right, now}
	case g[1].empty():
		g[1] = gap{left, right, now}
	case known && !before(acknowledged, g[0].right):
		g[0], g[1] = g[1], gap{left, right, now}
	default:
		g[1] = gap{g[1].left, right, 0}
	}
}

// fill takes the range out of the gaps. It returns how many of its bytes lay in them, and when the first of these was opened.
func (g *gaps) fill(left, right uint32) (bytes uint32, opened ticks) {
	for i := 0; i < len(g); {
		h := &g[i]
		l, r := later(left, h.left), earlier(right, h.right)
		if h.empty() || !before(l, r) {
			i++
			continue
		}
		if bytes == 0 {
			opened = h.opened
		}
		bytes += r - l
		switch {
		case l == h.left && r == h.right:
			g.remove(i)
			continue
		case l == h.left:
			h.left = r
		case r == h.right:
			h.right = l
		case i == 0 && g[1].empty():
			g[1] = gap{r, h.right, h.opened}
			h.right = l
			return bytes, opened
		default: // there is no room for both parts
			h.opened = 0
		}
		i++
	}
	return bytes, opened
}

// has tells whether some byte of the range was surely not captured.
func (g *gaps) has(left, right uint32) bool {
	for _, h := range g {
		if h.opened != 0 && !h.empty() && before(later(left, h.left), earlier(right, h.right)) {
			return true
		}
	}
	return false
}

func (g *gaps) remove(i int) {
	copy(g[i:], g[i+1:])
	g[len(g)-1] = gap{}
}

// age forgets what lies far behind next, and tells whether any gap is left.
func (g *gaps) age(next uint32) bool {
	for !g[0].empty() && next-g[0].right > farBehind {
		g.remove(0)
	}
	return !g[0].empty()
}

// before compares sequence numbers, which come around (RFC 9293 §3.4).
func before(a, b uint32) bool { return int32(a-b) < 0 }

func later(a, b uint32) uint32 {
	if before(a, b) {
		return b
	}
	return a
}

func earlier(a, b uint32) uint32 {
	if before(a, b) {
		return a
	}
	return b
}
