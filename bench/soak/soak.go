//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const metrics = "127.0.0.1:9464"

// program is pktscope live, while it runs.
type program struct {
	*exec.Cmd
	said   bytes.Buffer // standard error
	last   []byte       // the last line of JSON
	ended  error        // how it ended, once waited is closed
	waited chan struct{}
}

// interval is what is read of an object of JSON.
type interval struct {
	Last  bool
	Total struct {
		Packets uint64
		Frames  struct{ Received, Seen, Dropped, Freezes, Skipped uint64 }
	}
	Recording struct{ Files, Frames, Lost, Removed uint64 }
}

func (o *options) start(l *link, dir, collector string) (*program, error) {
	p := &program{waited: make(chan struct{})}
	arguments := []string{"netns", "exec", l.rx, o.pktscope, "live", "-i", "rx0", "--interval", "5s",
		"-w", filepath.Join(dir, "soak.pcapng.zst"), "--rotate-size", "16M", "--keep", "4", "--metrics", metrics, "--ipfix", collector}
	p.Cmd = exec.Command("ip", append(arguments, o.more...)...) // which executes the program: the process is the program's
	p.Stderr, p.SysProcAttr = &p.said, &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // whose end would be the program's: it is told when its parent ends, which to the kernel is a thread
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() {
		for in := bufio.NewReader(out); ; {
			line, err := in.ReadBytes('\n')
			if err != nil {
				p.ended = p.Wait()
				close(p.waited)
				return
			}
			p.last = line
		}
	}()
	capturing := regexp.MustCompile(`(?m)^\S+ +\d+ +3 +0003 +\S+ +1`) // as packet(7)'s socket is listed that is bound to all protocols, and runs
	for range 1000 {
		if sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/packet", p.Process.Pid)); capturing.Match(sockets) {
			return p, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.Process.Kill()
	<-p.waited
	return nil, fmt.Errorf("live does not capture: %s", p.said.String())
}

// memory is what is resident, and what of it is no file's and no socket's, in bytes.
func (p *program) memory() (resident, anonymous int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	row := func(name string) int64 {
		m := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB$`).FindSubmatch(status)
		if m == nil {
			err = fmt.Errorf("there is no %s in /proc/%d/status: has it ended?", name, p.Process.Pid)
			return 0
		}
		n, _ := strconv.ParseInt(string(m[1]), 10, 64)
		return n << 10
	}
	return row("VmRSS"), row("RssAnon"), err
}

// replayer sends frames.
type replayer struct {
	frames []frame
	fd     int
	pass   int
	next   int
	sent   uint64
}

// send sends n frames.
func (r *replayer) send(n int) error {
	for ; n > 0; n-- {
		if r.next == len(r.frames) {
			r.next = 0
			r.pass++
		}
		f := &r.frames[r.next]
		f.pass(r.pass)
		for {
			err := unix.Send(r.fd, f.data, 0)
			if err == nil {
				break
			}
			if !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("frame %d of %d bytes: %w", r.next+1, len(f.data), err)
			}
			time.Sleep(time.Millisecond)
		}
		r.next++
		r.sent++
	}
	return nil
}

// soak replays for as long as it shall, and says what that came to.
func (o *options) soak(ctx context.Context, l *link, frames []frame, w io.Writer) error {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := l.collector()
	if err != nil {
		return err
	}
	defer c.Close()
	go func() {
		for b := make([]byte, 1<<16); ; {
			if _, _, err := c.ReadFrom(b); err != nil {
				return
			}
		}
	}()
	fd, err := l.socket()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	p, err := o.start(l, dir, c.LocalAddr().String())
	if err != nil {
		return err
	}
	r := &replayer{frames: frames, fd: fd}
	fmt.Fprintf(w, "%d frames a pass, %d a second, for %v\n", len(frames), o.rate, o.duration)
	var m measured
	failed := o.replay(ctx, l, p, r, &m, w)
	p.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.waited:
		err = p.ended
	case <-time.After(time.Minute):
		p.Process.Kill()
		<-p.waited
		err = errors.Join(errors.New("it does not end"), p.ended)
	}
	w.Write(p.said.Bytes())
	if err = errors.Join(failed, err); err != nil {
		return err
	}
	var last interval
	if err := json.Unmarshal(p.last, &last); err != nil {
		return err
	}
	return o.judge(&m, &last, r, p, w)
}

// replay sends, with sleeping, and reads memory meanwhile.
func (o *options) replay(ctx context.Context, l *link, p *program, r *replayer, m *measured, w io.Writer) error {
	start := time.Now()
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for sampled := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-p.waited:
			return errors.New("live ended before it was told to")
		case <-ticks.C:
		}
		past := time.Since(start)
		if past > o.duration {
			return nil
		}
		due := uint64(past.Seconds() * float64(o.rate))
		if n := int(due - r.sent); n > 0 {
			// What this machine could not send in time is sent little by little, and not in a burst.
			if err := r.send(min(n, o.rate/25+1)); err != nil {
				return err
			}
		}
		if past < sampled+o.every {
			continue
		}
		sampled += o.every
		if _, err := l.scrape(metrics); err != nil {
			return err
		}
		s := sample{after: sampled, sent: r.sent, passes: r.pass}
		var err error
		if s.resident, s.anonymous, err = p.memory(); err != nil {
			return err
		}
		m.samples = append(m.samples, s)
		if sampled%time.Minute == 0 {
			s.print(w)
		}
	}
}
