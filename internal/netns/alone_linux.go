// Package netns gives tests a network of their own. It is for tests.
package netns

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Alone does something in a network namespace that has nothing but a loopback interface. It skips the test where there can be none.
func Alone(t testing.TB, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	made := make(chan error, 1)
	go func() { // its thread is in another namespace and ends with it
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = exec.Command("ip", "link", "set", "lo", "up").Run()
		}
		if err == nil {
			do()
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Skip("there are no network namespaces: ", err)
	}
}
