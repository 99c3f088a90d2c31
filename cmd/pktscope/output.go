package main

import (
	"os"

	"golang.org/x/term"
)

// output collects what is printed and writes it in large pieces, on a terminal packet by packet.
type output struct {
	file     *os.File
	buf      []byte
	terminal bool
	waiting  bool // somebody waits for each packet where this is no terminal, too
	color    bool // ANSI colours are understood and wanted
}

func newOutput(file *os.File) *output {
	o := &output{file: file, terminal: term.IsTerminal(int(file.Fd()))}
	o.color = o.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}

// width is how many characters stand in a line of the terminal, 0 for no limit where there is none.
func (o *output) width() int {
	if !o.terminal {
		return 0
	}
	width, _, err := term.GetSize(int(o.file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

const pieceSize = 64 << 10 // bytes

// done is called when something whole was appended to buf.
func (o *output) done() error {
	if o.terminal || o.waiting || len(o.buf) >= pieceSize {
		return o.flush()
	}
	return nil
}

// add adds something whole that was made elsewhere.
func (o *output) add(b []byte) error {
	if len(b) < pieceSize {
		o.buf = append(o.buf, b...)
		return o.done()
	}
	if err := o.flush(); err != nil {
		return err
	}
	_, err := o.file.Write(b)
	return err
}

func (o *output) flush() error {
	_, err := o.file.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

// ANSI styles.
const (
	faint = "\x1b[2m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

// styled appends text behind a separator, in a style where colours are wanted.
func (o *output) styled(style, separator string, text []byte) {
	if o.color {
		o.buf = append(o.buf, style...)
	}
	o.buf = append(append(o.buf, separator...), text...)
	if o.color {
		o.buf = append(o.buf, plain...)
	}
}
