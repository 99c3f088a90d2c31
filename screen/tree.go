package screen

import (
	"maps"
	"strconv"
	"strings"
)

// treePane is every field of a packet. Lines that others are below of can be folded.
type treePane struct {
	number        uint64
	text          []string
	folded        map[int]bool // by line
	selected, top int          // line; first on the screen, among those that show
}

func newTreePane(number uint64, tree string) treePane {
	return treePane{number: number, text: strings.Split(strings.TrimRight(tree, "\n"), "\n")}
}

func (p treePane) name() string { return "packet " + strconv.FormatUint(p.number, 10) }

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// holds tells whether other lines are below line i.
func (p *treePane) holds(i int) bool {
	return i+1 < len(p.text) && indent(p.text[i+1]) > indent(p.text[i])
}

// visible is the lines that no folded one is above of.
func (p *treePane) visible() (all []int) {
	for i := 0; i < len(p.text); i++ {
		all = append(all, i)
		if p.folded[i] {
			deep := indent(p.text[i])
			for i+1 < len(p.text) && indent(p.text[i+1]) > deep {
				i++
			}
		}
	}
	return all
}

// at is the place of the selected line among those that show.
func (p *treePane) at(visible []int) int {
	for k, i := range visible {
		if i == p.selected {
			return k
		}
	}
	return 0
}

func (p treePane) in(v *view) pane {
	visible := p.visible()
	at, room := p.at(visible), max(1, v.height-1)
	p.top = max(0, min(p.top, at, len(visible)-room))
	if at >= p.top+room {
		p.top = at - room + 1
	}
	return p
}

func (p treePane) press(a action, v *view) (pane, step) {
	visible := p.visible()
	switch a {
	case back:
		return p, step{back: true}
	case open, columnsLeft, columnsRight:
		if a == columnsLeft && (!p.holds(p.selected) || p.folded[p.selected]) { // to what it is in
			for i := p.selected; i > 0; {
				if i--; indent(p.text[i]) < indent(p.text[p.selected]) {
					p.selected = i
					break
				}
			}
			return p.in(v), step{}
		}
		if p.holds(p.selected) {
			p.folded = maps.Clone(p.folded)
			if p.folded == nil {
				p.folded = map[int]bool{}
			}
			p.folded[p.selected] = a == columnsLeft || a == open && !p.folded[p.selected]
		}
		return p.in(v), step{}
	}
	p.selected = visible[scrolled(a, p.at(visible), max(1, v.height-1), len(visible))]
	return p.in(v), step{}
}

func (p treePane) lines(v *view) []string {
	visible, room := p.visible(), max(1, v.height-1)
	all := []string{v.head(p.name(), part(p.top, room, len(visible)))}
	for _, i := range visible[p.top:min(len(visible), p.top+room)] {
		mark := "  "
		switch {
		case p.folded[i]:
			mark = "+ "
		case p.holds(i):
			mark = "- "
		}
		deep := indent(p.text[i])
		line := strings.Repeat(" ", deep) + mark + v.text(p.text[i][deep:])
		switch {
		case i == p.selected:
			line = chosen.Render(v.fill("> "+line, v.width))
		case deep == 0:
			line = strong.Render(v.cut("  "+line, v.width))
		default:
			line = v.cut("  "+line, v.width)
		}
		all = append(all, line)
	}
	return all
}

// precise is the time of day to the microsecond.
func (v *view) precise(ns int64) string {
	micros := ns % 1e9 / 1e3
	if micros < 0 {
		micros += 1e6
	}
	return v.clock(ns) + "." + strconv.FormatInt(1e6+micros, 10)[1:]
}
