package screen

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"pktscope/dissect/filter"
)

// prompt is the line in which a display filter is typed. Each change is compiled, and a mistake is shown below it, where it is.
type prompt struct {
	text    []rune
	at      int      // cursor
	earlier []string // filters, newest last
	back    int      // how many filters before the newest the line is
	mistake *filter.Error
}

// promptLines is how high it is: the filter, the place of a mistake, and what is wrong.
const promptLines = 3

const promptName = "filter: "

func newPrompt(text string, earlier []string) *prompt {
	return prompt{earlier: earlier}.insert(text)
}

func (p *prompt) String() string { return string(p.text) }

// check compiles the filter, and keeps what is wrong with it.
func (p *prompt) check() (f *filter.Filter) {
	p.mistake = nil
	if strings.TrimSpace(string(p.text)) == "" {
		return nil
	}
	f, err := filter.Compile(string(p.text))
	errors.As(err, &p.mistake)
	return f
}

// longest bounds what can be typed, in characters.
const longest = 4096

// insert is the prompt with what was typed or pasted at the cursor.
func (p prompt) insert(s string) *prompt {
	var typed []rune
	for _, r := range s {
		switch {
		case len(p.text)+len(typed) >= longest:
		case r == '\n' || r == '\t':
			typed = append(typed, ' ')
		case unicode.IsPrint(r) && r != utf8.RuneError:
			typed = append(typed, r)
		}
	}
	p.text = append(append(append([]rune(nil), p.text[:p.at]...), typed...), p.text[p.at:]...)
	p.at += len(typed)
	p.check()
	return &p
}

// edit is the prompt after a key that is no text. It is not done if the key means nothing here.
func (p prompt) edit(key string) (_ *prompt, done bool) {
	cut := func(from, to int) {
		p.text = append(append([]rune(nil), p.text[:from]...), p.text[to:]...)
		p.at = from
	}
	switch key {
	case "left", "ctrl+b":
		p.at = max(0, p.at-1)
	case "right", "ctrl+f":
		p.at = min(len(p.text), p.at+1)
	case "home", "ctrl+a":
		p.at = 0
	case "end", "ctrl+e":
		p.at = len(p.text)
	case "backspace":
		cut(max(0, p.at-1), p.at)
	case "delete", "ctrl+d":
		cut(p.at, min(len(p.text), p.at+1))
	case "ctrl+u":
		cut(0, p.at)
	case "ctrl+k":
		cut(p.at, len(p.text))
	case "ctrl+w":
		from := p.at
		for from > 0 && p.text[from-1] == ' ' {
			from--
		}
		for from > 0 && p.text[from-1] != ' ' {
			from--
		}
		cut(from, p.at)
	case "up", "down":
		back := p.back + map[string]int{"up": 1, "down": -1}[key]
		if back < 0 || back > len(p.earlier) {
			return &p, true
		}
		p.back, p.text = back, nil
		if back > 0 {
			p.text = []rune(p.earlier[len(p.earlier)-back])
		}
		p.at = len(p.text)
	default:
		return &p, false
	}
	p.check()
	return &p, true
}

// lines is what the prompt looks like, and where the cursor is in its first line. Of a filter that is too long it is the part around the cursor.
func (p *prompt) lines(o *Options, width int) (lines []string, cursor int) {
	name := promptName
	room := max(1, width-len(name)-1)
	cells := func(i, j int) int { return ansi.StringWidth(o.chars(string(p.text[i:j]))) }
	from, to := p.at, p.at
	for from > 0 && room >= cells(from-1, from) {
		from--
		room -= cells(from, from+1)
	}
	for to < len(p.text) && room >= cells(to, to+1) {
		room -= cells(to, to+1)
		to++
	}
	line := strong.Render(name) + o.chars(string(p.text[from:to]))
	cursor = len(name) + cells(from, p.at)
	if p.mistake == nil {
		hint := "Enter: apply it   Esc: leave it as it was"
		if len(p.text) == 0 {
			hint = "Enter: all packets   Esc: leave it as it was   for example: vxlan.vni == 5001 and tcp"
		}
		return []string{line, "", weak.Render(o.cut(hint, width))}, cursor
	}
	m := p.mistake
	pos, end := len([]rune(m.Text[:m.Pos])), len([]rune(m.Text[:m.End]))
	pos, end = min(max(pos, from), to), min(max(end, from), to)
	caret := strings.Repeat(" ", len(name)+cells(from, pos)) + "^" + strings.Repeat("~", max(0, cells(pos, end)-1))
	message := m.Message
	if m.Hint != "" {
		message += "; " + m.Hint
	}
	return []string{line, bad.Render(o.cut(caret, width)), bad.Render(o.cut(o.text(message), width))}, cursor
}
