//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// link is a veth pair between two network namespaces: tx0 in one, rx0 in the other. No end has an address and there is no IPv6, so that nobody sends but who
// replays.
type link struct {
	tx, rx string // names of the namespaces
}

func newLink() (*link, error) {
	l := &link{tx: fmt.Sprintf("soak-tx%d", os.Getpid()), rx: fmt.Sprintf("soak-rx%d", os.Getpid())}
	commands := []string{"ip netns add " + l.tx, "ip netns add " + l.rx}
	for _, ns := range []string{l.tx, l.rx} {
		commands = append(commands,
			"ip netns exec "+ns+" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
			"ip -n "+ns+" link set lo up")
	}
	commands = append(commands,
		"ip -n "+l.tx+" link add tx0 mtu 65535 type veth peer name rx0 mtu 65535 netns "+l.rx,
		"ip -n "+l.rx+" link set rx0 up",
		"ip -n "+l.tx+" link set tx0 up")
	for _, c := range commands {
		if err := command(c); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

func command(line string) error {
	words := strings.Fields(line)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", line, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// close removes the namespaces that there are, and with them the pair.
func (l *link) close() (err error) {
	for _, ns := range []string{l.tx, l.rx} {
		if _, no := os.Stat("/run/netns/" + ns); no == nil {
			err = errors.Join(err, command("ip netns delete "+ns))
		}
	}
	return err
}

// inside does something in a namespace.
func inside(name string, do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread is in another namespace, and ends with the goroutine
		ns, err := os.Open("/run/netns/" + name)
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			ns.Close()
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// socket is one that sends frames at tx0.
func (l *link) socket() (fd int, err error) {
	err = inside(l.tx, func() error {
		tx, err := net.InterfaceByName("tx0")
		if err != nil {
			return err
		}
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: tx.Index})
	})
	return fd, err
}

// collector is a socket in the namespace that captures, to which flow records may be sent.
func (l *link) collector() (c net.PacketConn, err error) {
	err = inside(l.rx, func() error {
		c, err = net.ListenPacket("udp", "127.0.0.1:0")
		return err
	})
	return c, err
}

// scrape asks for metrics as Prometheus does, and returns how many bytes they are.
func (l *link) scrape(address string) (n int64, err error) {
	err = inside(l.rx, func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := fmt.Fprintf(c, "GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n", address); err != nil {
			return err
		}
		n, err = io.Copy(io.Discard, c)
		return err
	})
	return n, err
}
