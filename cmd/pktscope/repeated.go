package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// A file that is named twice is two capture points, which everything was seen at: mostly a slip, of a pattern that a name is given beside, or of a link.

// repetition says which of the files were named before, in a line; it is empty if none was. Files that are no regular ones are not compared: each may be
// something else when it is read.
func repetition(files []string) string {
	if len(files) < 2 {
		return ""
	}
	type alike struct {
		size int64
		when time.Time
	}
	type seen struct {
		name string
		info os.FileInfo
	}
	recordings := map[string]bool{}
	known := map[alike][]seen{} // among which it has to be
	again, first, more := "", "", 0
	found := func(name, before string) {
		if again != "" {
			more++
			return
		}
		again, first = name, before
	}
next:
	for _, name := range files {
		if strings.HasPrefix(name, "corpus:") {
			if recordings[name] {
				found(name, name)
			}
			recordings[name] = true
			continue
		}
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		key := alike{info.Size(), info.ModTime()}
		for _, s := range known[key] {
			if os.SameFile(s.info, info) {
				found(name, s.name)
				continue next
			}
		}
		known[key] = append(known[key], seen{name, info})
	}
	if again == "" {
		return ""
	}
	line := again + " is named twice"
	if again != first {
		line = again + " is the same file as " + first
	}
	line += ": its packets count twice, as of two capture points"
	if more > 0 {
		line += fmt.Sprintf(" (and those of %d more)", more)
	}
	return line
}
