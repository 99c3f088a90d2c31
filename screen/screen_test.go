package screen

import (
	"flag"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pktscope/internal/golden"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// A driver presses keys.
type driver struct {
	testing.TB
	Model
}

func newDriver(t testing.TB, f Feed, o Options, width, height int) *driver {
	d := &driver{TB: t, Model: New(f, o)}
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	d.poll()
	return d
}

// poll takes what is new.
func (d *driver) poll() { d.send(d.Model.poll(false)()) }

// send takes a message, and what comes of it.
func (d *driver) send(msg tea.Msg) {
	d.Helper()
	for range 10 {
		next, cmd := d.Update(msg)
		d.Model = next.(Model)
		d.check()
		if cmd == nil {
			return
		}
		if msg = cmd(); msg == nil {
			return
		}
	}
	d.Fatal("messages without end")
}

// check holds what must be true of every screen.
func (d *driver) check() {
	d.Helper()
	lines, cursor := d.Lines()
	if d.width > 0 && d.fits() && len(lines) != d.height || len(lines) > d.height {
		d.Errorf("%d lines on %dx%d", len(lines), d.width, d.height)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w > d.width {
			d.Errorf("%d cells in a line of %d: %q", w, d.width, l)
		}
		if !utf8.ValidString(l) {
			d.Errorf("not UTF-8: %q", l)
		}
		for _, r := range ansi.Strip(l) {
			if !strconv.IsPrint(r) || r >= 0x80 && d.options.ASCII {
				d.Errorf("character %q on the screen: %q", r, l)
			}
		}
	}
	if cursor != nil && (cursor.X >= d.width || cursor.Y >= d.height) {
		d.Errorf("the cursor is at %d, %d", cursor.X, cursor.Y)
	}
}

var keyCodes = map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete}

// press presses keys, one a word. What is no name of a key is typed.
func (d *driver) press(keys string) {
	d.Helper()
	for _, key := range strings.Fields(keys) {
		if code, ok := keyCodes[key]; ok {
			d.send(tea.KeyPressMsg{Code: code})
		} else if letter, ok := strings.CutPrefix(key, "ctrl+"); ok {
			d.send(tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl})
		} else {
			d.typing(key)
		}
	}
}

func (d *driver) typing(text string) {
	d.Helper()
	for _, r := range text {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// screen is what is to be seen.
func (d *driver) screen() string {
	lines, _ := d.Lines()
	for i, l := range lines {
		lines[i] = strings.TrimRight(ansi.Strip(l), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// next goes on by an interval.
func (d *driver) next() {
	d.feed.(*playback).next()
	d.poll()
}

func (d *driver) resize(width, height int) { d.send(tea.WindowSizeMsg{Width: width, Height: height}) }

// A user works with a screen.
type user interface {
	press(keys string)
	typing(text string)
	next()
	resize(width, height int)
}

// tour is what a user does, step by step, and what the screens are called that come of it.
var tour = []struct {
	name string
	do   func(user)
}{
	{"before the first interval is over", func(user) {}},
	{"overview", func(u user) { u.next() }},
	{"overview with drops", func(u user) { u.next(); u.next() }},
	{"overview since the start", func(u user) { u.press("i") }},
	{"tenants", func(u user) { u.press("2") }},
	{"tenants by share", func(u user) { u.press("> > > >") }},
	{"tenants by the last column, reversed", func(u user) { u.press("o < r") }},
	{"flows of the first tenant", func(u user) { u.press("o home enter") }},
	{"packets of a flow", func(u user) { u.press("down down enter") }},
	{"tree of a packet", func(u user) { u.press("home enter") }},
	{"tree with a folded layer", func(u user) { u.press("enter down down") }},
	{"back at the tenants", func(u user) { u.press("esc"); u.press("esc"); u.press("esc") }},
	{"tunnels", func(u user) { u.press("3") }},
	{"tunnels to look at", func(u user) { u.press("t") }},
	{"flows", func(u user) { u.press("4 r") }},
	{"flows, columns to the right", func(u user) { u.press("right right") }},
	{"all of a flow", func(u user) { u.press("d") }},
	{"queues", func(u user) { u.press("5") }},
	{"notes on queues", func(u user) { u.press("n") }},
	{"findings", func(u user) { u.press("6") }},
	{"all of a finding", func(u user) { u.press("d") }},
	{"packets of a finding", func(u user) { u.press("esc"); u.press("enter") }},
	{"packets", func(u user) { u.press("7") }},
	{"more", func(u user) { u.press("8") }},
	{"help", func(u user) { u.press("?") }},
	{"filter with a mistake", func(u user) { u.press("? 4 4 /"); u.typing("ip and vxlan.vnj == 5001") }},
	{"filter", func(u user) {
		u.press("left left left left left left left left backspace")
		u.typing("i")
	}},
	{"filtered", func(u user) { u.press("enter") }},
	{"paused", func(u user) { u.press("p"); u.next() }},
	{"going on", func(u user) { u.press("p") }},
	{"smaller", func(u user) { u.resize(60, 16) }},
	{"too small", func(u user) { u.resize(30, 8) }},
	{"larger", func(u user) { u.resize(120, 30) }},
}

func TestScreens(t *testing.T) {
	for _, size := range []struct {
		name          string
		width, height int
		options       Options
	}{
		{"80x24.txtar", 80, 24, Options{}},
		{"200x60.txtar", 200, 60, Options{}},
		{"80x24-ascii.txtar", 80, 24, Options{ASCII: true}},
		{"200x60-ascii.txtar", 200, 60, Options{ASCII: true}},
	} {
		t.Run(size.name, func(t *testing.T) {
			d := newDriver(t, overlay(t), size.options, size.width, size.height)
			got := &txtar.Archive{}
			for _, step := range tour {
				step.do(d)
				got.Files = append(got.Files, txtar.File{Name: step.name, Data: []byte(d.screen())})
			}
			golden.Compare(t, *update, size.name, got)
		})
	}
}
