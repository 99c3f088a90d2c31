//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// patience is how many rounds are begun for each that is to be counted.
const patience = 5

// table measures the programs on a capture in turn, round by round, and returns the table.
func (o *options) table(c *capture, programs []program) (string, error) {
	var missing []string
	var there []program
	for _, p := range programs {
		if p.installed() {
			there = append(there, p)
		} else {
			missing = append(missing, p.title)
		}
	}
	if err := os.MkdirAll(o.dir+"/nfpcapd", 0o755); err != nil {
		return "", err
	}
	if _, err := there[0].measure(); err != nil { // from now on the file is in memory
		return "", err
	}
	runs := make([][]measured, len(there))
	counted, begun := 0, 0
	for counted < o.rounds && begun < patience*o.rounds {
		begun++
		round, err := o.round(there)
		if err != nil {
			return "", err
		}
		if round == nil {
			continue
		}
		counted++
		for i := range round {
			runs[i] = append(runs[i], round[i])
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "\n%s, %d packets, %.1f MB: medians of %d rounds", c.mix, c.packets, float64(c.size)/1e6, counted)
	if dropped := begun - counted; dropped > 0 {
		fmt.Fprintf(&s, "; %d more were disturbed and do not count", dropped)
	}
	if o.noisy {
		s.WriteString("; disturbed ones count, so this is no measurement")
	}
	s.WriteString(".\n")
	if len(missing) > 0 {
		fmt.Fprintf(&s, "Not installed: %s.\n", strings.Join(missing, ", "))
	}
	if counted == 0 {
		s.WriteString("Others were busy all the time.\n")
		return s.String(), nil
	}
	s.WriteString("\n| | | wall time | packets/s | × cat | × pktscope | processor time | peak memory |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	wall := func(i int) time.Duration { return median(runs[i], func(m *measured) time.Duration { return m.wall }) }
	least := ownMemory()
	for i, p := range there {
		cpu := median(runs[i], func(m *measured) time.Duration { return m.cpu })
		memory := median(runs[i], func(m *measured) int64 { return m.memory })
		below := ""
		if memory <= least {
			memory, below = least, "< "
		}
		fmt.Fprintf(&s, "| %s | %s | %.3f s | %s | %.1f | %.2f | %.3f s | %s%.0f MiB |\n", code(p.title), p.note, wall(i).Seconds(),
			rate(float64(c.packets)/wall(i).Seconds()), ratio(wall(i), wall(0)), ratio(wall(i), wall(1)), cpu.Seconds(), below, float64(memory)/(1<<20))
	}
	return s.String(), nil
}

// round runs each program once. It returns nil if others disturbed it.
func (o *options) round(programs []program) ([]measured, error) {
	round := make([]measured, len(programs))
	for i := range programs {
		m, err := programs[i].measure()
		if err != nil {
			return nil, err
		}
		if !o.noisy && m.disturbed(runtime.NumCPU()) {
			fmt.Fprintf(os.Stderr, "%s: others took %v of processor time; again\n", programs[i].title, m.others)
			return nil, nil
		}
		round[i] = m
	}
	return round, nil
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func code(title string) string { return "`" + title + "`" }

// rate is packets a second with two significant digits or more.
func rate(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.2f million", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0f,000", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}

// about says when and where this is measured.
func about() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d processors, %s, Linux %s, %s.", time.Now().UTC().Format(time.DateOnly), first("/proc/cpuinfo", `(?m)^model name\s*: (.*)$`),
		runtime.NumCPU(), first("/proc/meminfo", `(?m)^MemTotal:\s*(.*)$`), first("/proc/sys/kernel/osrelease", `(.*)`), runtime.Version())
	for _, name := range []string{"tshark", "tcpdump", "nfpcapd"} {
		flag := "--version"
		if name == "nfpcapd" {
			flag = "-V"
		}
		said, _ := exec.Command(name, flag).CombinedOutput()
		if version := regexp.MustCompile(`\d+\.\d+[.\d]*`).Find(said); version != nil {
			fmt.Fprintf(&b, " %s %s.", name, strings.TrimRight(string(version), "."))
		}
	}
	return b.String()
}

// first is what the pattern finds first in a file of the system.
func first(path, pattern string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	if found := regexp.MustCompile(pattern).FindSubmatch(content); found != nil {
		return string(found[1])
	}
	return "unknown"
}
