//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// measured is one run of a program.
type measured struct {
	wall   time.Duration
	cpu    time.Duration // user and system
	memory int64         // most that was resident, in bytes
	others time.Duration // processor time that went to others, or was taken from the machine
}

// An undisturbed run left others at most this part of the processors' time, or so many ticks, in which the kernel counts.
const (
	disturbance = 0.03
	tick        = time.Second / 100
	fewTicks    = 4
)

func (m *measured) disturbed(processors int) bool {
	return m.others > max(fewTicks*tick, time.Duration(disturbance*float64(m.wall)*float64(processors)))
}

// measure runs a program once.
func (p *program) measure() (m measured, err error) {
	cmd := exec.Command(p.args[0], p.args[1:]...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	busy, err := busyTime()
	if err != nil {
		return m, err
	}
	start := time.Now()
	err = cmd.Run()
	m.wall = time.Since(start)
	if err != nil {
		return m, fmt.Errorf("%s: %w: %s", p.title, err, bytes.TrimSpace(complaint.Bytes()))
	}
	after, err := busyTime()
	if err != nil {
		return m, err
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.memory = used.Maxrss << 10
	m.others = max(0, after-busy-m.cpu)
	return m, nil
}

// busyTime is how long the processors have not been idle, since the system was started: for whomever.
func busyTime() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	words := bytes.Fields(line)
	const (
		idle    = 4
		waiting = 5
		guest   = 9 // from here on what was counted before
	)
	if len(words) < guest {
		return 0, errors.New("/proc/stat is not as in proc(5)")
	}
	var ticks int64
	for i, word := range words[:guest] {
		if i == 0 || i == idle || i == waiting {
			continue
		}
		n, err := strconv.ParseInt(string(word), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// ownMemory is the peak of this process, which is the least that the kernel says of a child.
func ownMemory() int64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return used.Maxrss << 10
}

// median is that of what the runs say; there is one.
func median[T int64 | time.Duration](runs []measured, of func(*measured) T) T {
	all := make([]T, len(runs))
	for i := range runs {
		all[i] = of(&runs[i])
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
