//go:build unix

package screen

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// playbackName is the variable that makes the test's program a screen of the file that it names. A signal makes it go on by an interval.
const playbackName = "PKTSCOPE_TEST_PLAYBACK"

func TestMain(m *testing.M) {
	file := os.Getenv(playbackName)
	if file == "" {
		os.Exit(m.Run())
	}
	f, err := newPlayback(file, overlaySlower)
	if err == nil {
		s := &signalled{playback: f, signals: make(chan os.Signal, 10)}
		signal.Notify(s.signals, syscall.SIGUSR1)
		err = Run(context.Background(), s, Options{ASCII: ASCIIOnly()})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// signalled is a playback that goes on when a signal comes.
type signalled struct {
	*playback
	signals chan os.Signal
}

func (s *signalled) State() *State {
	select {
	case <-s.signals:
		s.playback.next()
	default:
	}
	return s.playback.State()
}

// terminal is a user of a screen in tmux.
type terminal struct {
	*testing.T
	socket string
	step   string // that is taken
}

// newTerminal starts the screen in a terminal of so many cells, with more of an environment.
func newTerminal(t *testing.T, width, height int, environment ...string) *terminal {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	configuration := filepath.Join(dir, "tmux.conf")
	if err := os.WriteFile(configuration, []byte("set -g status off\nset -sg escape-time 0\nset -g default-terminal screen-256color\nset -g remain-on-exit on\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &terminal{T: t, socket: filepath.Join(dir, "tmux")}
	command := append([]string{"exec", "env", playbackName + "=" + overlayFile}, environment...)
	s.tmux("-u", "-f", configuration, "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), strings.Join(append(command, program), " "))
	t.Cleanup(func() { exec.Command("tmux", "-S", s.socket, "kill-server").Run() })
	return s
}

func (s *terminal) tmux(arguments ...string) string {
	s.Helper()
	c := exec.Command("tmux", append([]string{"-S", s.socket}, arguments...)...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := c.CombinedOutput()
	if err != nil {
		s.Fatalf("%s: tmux %s: %v\n%s", s.step, strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

var tmuxKeys = map[string]string{"enter": "Enter", "esc": "Escape", "up": "Up", "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
	"pgup": "PPage", "pgdown": "NPage", "tab": "Tab", "backspace": "BSpace", "delete": "DC"}

func (s *terminal) press(keys string) {
	s.Helper()
	for _, key := range strings.Fields(keys) {
		if name, ok := tmuxKeys[key]; ok {
			s.tmux("send-keys", name)
			if key == "enter" || key == "esc" { // an Escape and a key after it are another key, and what Enter opens must be there for the next key
				time.Sleep(200 * time.Millisecond)
			}
			continue
		}
		s.typing(key)
	}
}

func (s *terminal) typing(text string) {
	s.Helper()
	s.tmux("send-keys", "-l", text)
}

func (s *terminal) next() {
	s.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(s.tmux("list-panes", "-F", "#{pane_pid}")))
	if err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		s.Fatal(err)
	}
	time.Sleep(2 * pollEvery) // signals that come together are one
}

func (s *terminal) resize(width, height int) {
	s.Helper()
	s.tmux("resize-window", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height))
}

// shows waits for a screen.
func (s *terminal) shows(name, want string) {
	s.Helper()
	var got string
	for range 50 {
		if got = s.tmux("capture-pane", "-p"); strings.TrimRight(got, "\n") == strings.TrimRight(want, "\n") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.Errorf("%s (-want +got):\n%s", name, cmp.Diff(want, got))
}

// both are two users who do the same.
type both struct{ a, b user }

func (u both) press(keys string)        { u.a.press(keys); u.b.press(keys) }
func (u both) typing(text string)       { u.a.typing(text); u.b.typing(text) }
func (u both) next()                    { u.a.next(); u.b.next() }
func (u both) resize(width, height int) { u.a.resize(width, height); u.b.resize(width, height) }

// TestTerminal takes the tour in tmux: the terminal shows what the model draws.
func TestTerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	for _, c := range []struct {
		name          string
		width, height int
		ascii         bool
		environment   []string
	}{
		{"80x24", 80, 24, false, []string{"LC_ALL=C.UTF-8"}},
		{"200x60", 200, 60, false, []string{"LC_ALL=C.UTF-8"}},
		{"80x24 in ASCII", 80, 24, true, []string{"LC_ALL=C"}},
		{"80x24 in Latin 1, monochrome", 80, 24, true, []string{"LC_ALL=de_DE.ISO-8859-1", "TERM=vt100", "NO_COLOR=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDriver(t, overlay(t), Options{ASCII: c.ascii}, c.width, c.height)
			s := newTerminal(t, c.width, c.height, c.environment...)
			for _, step := range tour {
				s.step = step.name
				step.do(both{d, s})
				s.shows(step.name, d.screen())
				if t.Failed() {
					return
				}
			}
		})
	}
}
