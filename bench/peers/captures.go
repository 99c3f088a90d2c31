//go:build unix

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// allMixes are those of bench/generate, and one of them compressed.
var allMixes = []string{"imix", "small", "large", "elephant", "flows", "tenants", "fragments", "imix.gz", "imix.zst", "imix.lz4"}

// capture is a file to be measured on.
type capture struct {
	path    string
	mix     string
	packets uint64
	size    int64 // bytes
}

// compressed is how the file is: gz, zst, lz4, or empty.
func (c *capture) compressed() string {
	_, ending, _ := strings.Cut(c.mix, ".")
	return ending
}

// capture makes the file, if it is not there from another time.
func (o *options) capture(name string, packets uint64) (*capture, error) {
	mix, ending, compressed := strings.Cut(name, ".")
	c := &capture{mix: name, packets: packets, path: filepath.Join(o.dir, fmt.Sprintf("%s-%d.pcap", mix, packets))}
	if err := whole(c.path, func(to string) error {
		return command(o.generate, "-packets", strconv.FormatUint(packets, 10), "-mix", mix, "-o", to).Run()
	}); err != nil {
		return nil, err
	}
	if compressed {
		plain := c.path
		c.path += "." + ending
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		// Another process does it, because the peak memory of this one is the least that a child seems to have.
		if err := whole(c.path, func(to string) error { return command(self, "compress", plain, to).Run() }); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(c.path)
	if err != nil {
		return nil, err
	}
	c.size = info.Size()
	return c, nil
}

// command is a program whose errors are shown.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// whole lets write make the file, unless it is there. It gets its name when it is complete.
func whole(path string, write func(to string) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	ending := path[strings.LastIndexByte(path, '.'):]
	part := path + ".part" + ending
	if err := write(part); err != nil {
		os.Remove(part)
		return fmt.Errorf("making %s: %w", path, err)
	}
	return os.Rename(part, path)
}

// compress writes a file the way its ending says, as gzip, zstd and lz4 do by themselves: in one stream.
func compress(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	var w io.WriteCloser
	switch filepath.Ext(to) {
	case ".gz":
		w = gzip.NewWriter(out)
	case ".zst":
		w, err = zstd.NewWriter(out)
	case ".lz4":
		w = lz4.NewWriter(out)
	default:
		err = fmt.Errorf("%s: not .gz, .zst or .lz4", to)
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, in); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return out.Close()
}
