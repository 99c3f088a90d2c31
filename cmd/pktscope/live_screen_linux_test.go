package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLiveScreen captures at the loopback interface of a network namespace of its own, in a terminal that tmux is.
func TestLiveScreen(t *testing.T) {
	for _, program := range []string{"tmux", "unshare", "ip", "ping"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	switch {
	case os.Geteuid() != 0:
		t.Skip("needs root")
	case testing.Short():
		t.Skip("takes seconds")
	}
	type step struct{ keys, shows string }
	for _, c := range []struct {
		name, environment, flags string
		steps                    []step
		ascii                    bool
	}{
		{"UTF-8", "LC_ALL=C.UTF-8", "", []step{{"", "[1 overview]"}, {"", "127.0.0.1"}, {"7", "ICMP echo request"}, {"p", "PAUSED, capture goes on"}, {"Enter", "Internet Protocol"},
			{"q", "dropped by the kernel 0, skipped by analysis 0"}}, false},
		{"ASCII", "LC_ALL=POSIX", "", []step{{"", "[1 overview]"}, {"7", "ICMP echo request"}, {"2", "untagged"}, {"q", "captured"}}, true},
		{"the end", "LC_ALL=C.UTF-8", "-c 10", []step{{"", "the capture is over"}, {"q", "captured 10 frames"}}, false},
		{"filter", "LC_ALL=C.UTF-8", "-Y icmp.type==8", []step{{"", "-Y icmp.type==8"}, {"7", "echo request"}, {"/", "filter: icmp.type==8"}, {"BSpace", "filter: icmp.type=="},
			{"0", "filter: icmp.type==0"}, {"Enter", "from now on only packets count"}, {"2", "-Y icmp.type==0"}, {"7", "echo reply"}, {"q", "captured"}}, false},
		{"no terminal to draw on", "TERM=dumb", "--duration 1s -r vlans", []step{{"", `"vlans":{"title":"VLANs"`}, {"", "captured"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			tmux := func(arguments ...string) string {
				t.Helper()
				command := exec.Command("tmux", append([]string{"-S", filepath.Join(dir, "tmux"), "-u", "-f", filepath.Join(dir, "tmux.conf")}, arguments...)...)
				command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
				out, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("tmux %s: %v\n%s", strings.Join(arguments, " "), err, out)
				}
				return string(out)
			}
			if err := os.WriteFile(filepath.Join(dir, "tmux.conf"), []byte("set -g status off\nset -sg escape-time 0\nset -g default-terminal screen-256color\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			script := filepath.Join(dir, "script")
			content := "ip link set lo up\nping -q -i 0.05 -c 400 127.0.0.1 >/dev/null &\nenv " + c.environment + " pktscope live -i lo --interval 300ms " + c.flags + "\nsleep 60\n"
			if err := os.WriteFile(script, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			tmux("new-session", "-d", "-x", "120", "-y", "30", "exec unshare -n sh "+script)
			defer tmux("kill-server")
			for _, s := range c.steps {
				if s.keys != "" {
					tmux("send-keys", s.keys)
				}
				screen := ""
				for start := time.Now(); !strings.Contains(screen, s.shows); time.Sleep(50 * time.Millisecond) {
					if time.Since(start) > 10*time.Second {
						t.Fatalf("after %q there is no %q on\n%s", s.keys, s.shows, screen)
					}
					screen = tmux("capture-pane", "-p", "-J", "-S", "-")
				}
				if i := strings.IndexFunc(screen, func(r rune) bool { return r >= 0x80 }); c.ascii && i >= 0 {
					t.Errorf("not ASCII: %q", screen[i:])
				}
			}
		})
	}
}
