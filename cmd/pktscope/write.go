package main

import (
	"errors"

	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// writing is where packets go that are written and not printed.
type writing struct {
	path string
}

// flags adds the flags to those of a command.
func (w *writing) flags(set *pflag.FlagSet) {
	set.StringVarP(&w.path, "write", "w", "", "write packets to `FILE`: .pcapng or .pcap, and .zst or .gz behind that; - is standard output")
}

// write writes the packets of the files. Of a damaged capture it writes what could be read.
func (in *input) write(files []string, to *writing) error {
	options, err := in.options(false)
	if err != nil {
		return err
	}
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		return err
	}
	defer src.Close()
	w, err := pcaps.Create(to.path, src, pcaps.WriteOptions{})
	if err != nil {
		return err
	}
	err = reports.Read(src, options, &recorder{write: w.Write})
	var incomplete *reports.IncompleteError
	if err != nil && !errors.As(err, &incomplete) {
		w.Discard()
		return err
	}
	if failed := w.Close(); failed != nil {
		return failed
	}
	return err
}

// recorder writes packets as the capture has them.
type recorder struct {
	write func(*pcaps.Frame) error
	frame pcaps.Frame
}

// Packet implements [reports.Consumer].
func (r *recorder) Packet(p *dissect.Packet) error {
	r.frame = pcaps.Frame{
		Number:    p.Number,
		Time:      p.Time,
		Timeless:  p.Timeless,
		Data:      p.Data,
		WireLen:   p.WireLen,
		Interface: p.Point.Origin.(*pcaps.Interface),
		Flags:     p.Flags,
		Comments:  p.Comments,
	}
	return r.write(&r.frame)
}
