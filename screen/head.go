package screen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"pktscope/reports"
)

// headLines is how many lines say what is captured, and which pages there are.
const headLines = 3

// head is what is captured, how much it is, what was lost, and the pages.
func (m *Model) head() []string {
	o, s := &m.options, m.state
	left := strong.Render("pktscope live")
	for i, p := range s.Points {
		left += [...]string{"  ", ", "}[min(i, 1)] + o.text(p.Name)
	}
	if f := m.newest.Filter; f != "" {
		left += "  -Y " + o.text(f)
	}
	var right string
	v := m.view()
	if s.Time != 0 {
		right = v.clock(s.Time)
		if v.zone() == time.UTC {
			right += "Z"
		}
	}
	switch {
	case m.paused:
		right = notable.Render("PAUSED, capture goes on") + " " + right
	case s.Over:
		right = notable.Render("the capture is over") + " " + right
	}
	var packets, bytes uint64
	for _, p := range s.Points {
		packets, bytes = packets+p.Packets, bytes+p.Bytes
	}
	amounts := []string{o.count(packets) + " packets", o.number(reports.Int(bytes), reports.KindBytes)}
	if n := len(s.Seconds); n > 0 {
		p, b := o.rates(s.Seconds[n-1])
		amounts = append(amounts, p, b)
	}
	drops := m.drops(m.width)
	amount := amounts[0]
	for _, a := range amounts[1:] { // whole or not at all
		if ansi.StringWidth(amount)+ansi.StringWidth(a)+ansi.StringWidth(drops)+2*len(gap) <= m.width {
			amount += gap + a
		}
	}
	return []string{o.sides(left, " "+right, m.width), o.sides(amount, gap+drops, m.width), m.tabs()}
}

// drops is what was lost until now, also while the screen is paused. It is never cut: where there is no room for the reasons the number is there.
func (m *Model) drops(width int) string {
	o := &m.options
	reasons, total := m.newest.dropped()
	lost := o.drops(m.newest.Lost)
	if total == 0 && lost == nil {
		return "dropped 0"
	}
	short := append([]string{"DROPPED " + o.count(total)}, lost...)
	long := slices.Clone(short)
	if total > 0 {
		long[0] += ": " + strings.Join(o.drops(reasons), ", ")
	}
	if text := strings.Join(long, "; "); ansi.StringWidth(text) <= width*2/3 {
		return bad.Render(text)
	}
	return bad.Render(strings.Join(short, "; "))
}

// drops are those reasons for which there was something lost.
func (o *Options) drops(all []Drop) (some []string) {
	for _, d := range all {
		if d.Packets > 0 {
			some = append(some, o.text(d.Reason)+" "+o.count(d.Packets))
		}
	}
	return some
}

// tabs is the pages, the one that is shown in brackets. Where there is no room others have numbers alone.
func (m *Model) tabs() string {
	long := m.tabNames(true)
	if ansi.StringWidth(long) > m.width {
		return m.options.cut(m.tabNames(false), m.width)
	}
	return long
}

func (m *Model) tabNames(all bool) string {
	var b strings.Builder
	for i, p := range pages {
		name := strconv.Itoa(i + 1)
		if all || i == m.page {
			name += " " + p.name
		}
		switch {
		case i == m.page:
			b.WriteString(chosen.Render("[" + name + "]"))
		case i > 0 && i-1 == m.page:
			b.WriteString(name)
		default:
			b.WriteString(" " + name)
		}
	}
	return b.String()
}

// foot is what there is to say, or the keys.
func (m *Model) foot() string {
	o := &m.options
	if m.say != "" {
		return notable.Render(o.cut(o.text(m.say), m.width))
	}
	var b strings.Builder
	keys := general
	if m.page != 0 {
		keys = slices.Concat(general, forRows)
	}
	for _, k := range keys {
		if k.short == "" {
			continue
		}
		key := strong.Render(k.shown) + " " + k.short
		if b.Len() > 0 {
			key = gap + key
		}
		if ansi.StringWidth(b.String())+ansi.StringWidth(key) > m.width {
			break
		}
		b.WriteString(key)
	}
	return b.String()
}

// helpLines is all keys. Where the screen is too low for them there are two columns.
func (m *Model) helpLines(v *view) []string {
	lines := []string{strong.Render("Keys")}
	keys := slices.Concat(general, forRows)
	rows, column := v.height-1, v.width
	if rows < len(keys) {
		column = v.width / 2
	}
	for i := range min(rows, len(keys)) {
		line := ""
		for k := i; k < len(keys) && ansi.StringWidth(line)+column <= v.width; k += rows {
			line += v.fill(" "+v.fill(strong.Render(keys[k].shown), 7)+keys[k].doc, column)
		}
		lines = append(lines, line)
	}
	return lines
}

// tooSmall says that there is no room. What was lost is said all the same.
func (m *Model) tooSmall() []string {
	text := fmt.Sprintf("%dx%d is too small; pktscope live needs %dx%d. q: quit", m.width, m.height, leastWidth, leastHeight)
	lines := strings.Split(ansi.Wrap(m.drops(m.width)+"\n"+text, m.width, " "), "\n")
	return lines[:min(len(lines), m.height)]
}
