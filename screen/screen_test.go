package screen

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares got with the archive of that name in testdata.
func golden(t *testing.T, name string, got *txtar.Archive) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(bytes.TrimSpace(txtar.Format(got)))); diff != "" {
		t.Errorf("%s (-want +got; -update accepts what is new):\n%s", path, diff)
	}
}

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
		for _, r := range ansi.Strip(l) {
			if r < ' ' || r == 0x7f || r == utf8.RuneError || r >= 0x80 && d.options.ASCII {
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
func (d *driver) press(keys string) *driver {
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
	return d
}

func (d *driver) typing(text string) *driver {
	d.Helper()
	for _, r := range text {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return d
}

// screen is what is to be seen.
func (d *driver) screen() string {
	lines, _ := d.Lines()
	for i, l := range lines {
		lines[i] = strings.TrimRight(ansi.Strip(l), " ")
	}
	return strings.Join(lines, "\n") + "\n"
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
			f := overlay(t)
			d := newDriver(t, f, size.options, size.width, size.height)
			got := &txtar.Archive{}
			shot := func(name string) {
				got.Files = append(got.Files, txtar.File{Name: name, Data: []byte(d.screen())})
			}
			shot("before the first interval is over")
			f.next()
			d.poll()
			shot("overview")
			f.next()
			f.next()
			d.poll()
			shot("overview with drops")
			d.press("i")
			shot("overview since the start")
			d.press("2")
			shot("tenants")
			d.press("> > >")
			shot("tenants by share")
			d.press("o home enter")
			shot("flows of the first tenant")
			d.press("down down enter")
			shot("packets of a flow")
			d.press("home enter")
			shot("tree of a packet")
			d.press("down enter down down")
			shot("tree with a folded layer")
			d.press("esc esc esc")
			shot("back at the tenants")
			d.press("3")
			shot("tunnels")
			d.press("t")
			shot("tunnels to look at")
			d.press("4 r")
			shot("flows")
			d.press("right right")
			shot("flows, columns to the right")
			d.press("d")
			shot("all of a flow")
			d.press("5")
			shot("queues")
			d.press("6")
			shot("findings")
			d.press("d")
			shot("all of a finding")
			d.press("esc enter")
			shot("packets of a finding")
			d.press("7")
			shot("packets")
			d.press("8")
			shot("more")
			d.press("?")
			shot("help")
			d.press("? 4 /").typing("vxlan.vnj == 5001")
			shot("filter with a mistake")
			d.press("backspace backspace backspace backspace backspace backspace backspace backspace backspace").typing("i == 5001")
			shot("filter")
			d.press("enter")
			shot("filtered")
			d.press("p")
			f.next()
			d.poll()
			shot("held")
			d.press("p")
			shot("going on")
			golden(t, size.name, got)
		})
	}
}
