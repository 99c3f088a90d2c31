package main

import (
	"container/list"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// Limits of splitting.
const (
	maxSplitOpen  = 64     // files that are open at a time
	maxSplitFiles = 65_536 // files in all
	maxSplitName  = 100    // bytes of a value that stand in a file's name
)

// splitter writes packets to a file for each value of a field: OUT-vlan.id-100.pcapng, and OUT-no-vlan.id.pcapng for packets
// without it. Where a packet has several, the innermost counts, and none that an ICMP error quotes.
type splitter struct {
	create       func(path string) (*pcaps.Writer, error)
	field        string
	address      bool // its values are addresses with colons
	stem, ending string

	files map[string]*splitFile // by value
	all   []*splitFile          // in the order of their first packets
	open  *list.List            // of files, the one used last in front

	wants  []bool    // the field
	owners [256]bool // which protocols have it
}

// noValue is what no value prints as.
const noValue = "\x00"

type splitFile struct {
	*pcaps.Writer
	place *list.Element // in the list of open files, nil for one that is closed
}

func newSplitter(path, field string, create func(path string) (*pcaps.Writer, error)) (*splitter, error) {
	stem, format, compression := pcaps.CutEnding(path)
	if path == "-" || format == "" {
		return nil, errors.New("--split-by needs -w FILE with a name that ends in .pcapng or .pcap, and if it is to be compressed in .zst or .gz behind that")
	}
	fields, err := dissect.FindFields(field)
	if err != nil {
		return nil, err
	}
	s := &splitter{create: create, field: field, address: fields[0].Kind == dissect.MAC || fields[0].Kind == dissect.IPv6Addr,
		stem: stem, ending: format + compression, files: map[string]*splitFile{}, open: list.New()}
	s.wants = make([]bool, len(dissect.Fields()))
	for _, f := range fields {
		s.wants[f.Index()] = true
		for _, p := range dissect.Protocols() {
			if f.Owner() == p || f.Everywhere() {
				s.owners[p.ID] = true
			}
		}
	}
	return s, nil
}

// secretive is the error for a field whose values anonymizing takes out of packets, only to write them into the names of files.
func secretive(field string) error {
	fields, err := dissect.FindFields(field)
	if err != nil {
		return err
	}
	switch fields[0].Kind {
	case dissect.IPv4Addr, dissect.IPv6Addr, dissect.MAC, dissect.Bytes, dissect.Text:
		return fmt.Errorf("--split-by %s would write into the names of files what is anonymized in them", field)
	}
	return nil
}

// write writes f to the file for a value.
func (s *splitter) write(value []byte, f *pcaps.Frame) error {
	file, err := s.file(value)
	if err != nil {
		return err
	}
	return file.Write(f)
}

// values implements sink: the value is what the name of the packet's file says.
func (s *splitter) values() func([]byte, *dissect.Packet) []byte {
	var text []byte
	var found bool
	walker := dissect.NewWalker(s.wants, func(v dissect.Value) bool {
		text, found = v.AppendText(text[:0]), true
		return true
	})
	return func(dst []byte, p *dissect.Packet) []byte {
		found = false
		for i := len(p.Layers) - 1; i >= 0 && !found; i-- {
			if l := &p.Layers[i]; s.owners[l.Protocol] && l.Flags&dissect.Quoted == 0 {
				walker.Visit(p, i)
			}
		}
		if !found {
			return append(dst, noValue...)
		}
		return append(dst, text...)
	}
}

// file is the file for a value, open.
func (s *splitter) file(value []byte) (*splitFile, error) {
	file := s.files[string(value)]
	if file == nil {
		if len(s.all) == maxSplitFiles {
			return nil, fmt.Errorf("--split-by %s: more than %d files", s.field, maxSplitFiles)
		}
		w, err := s.create(s.path(string(value)))
		if err != nil {
			return nil, err
		}
		file = &splitFile{Writer: w}
		s.files[string(value)] = file
		s.all = append(s.all, file)
	}
	if file.place != nil {
		s.open.MoveToFront(file.place)
		return file, nil
	}
	file.place = s.open.PushFront(file)
	if s.open.Len() <= maxSplitOpen {
		return file, nil
	}
	idle := s.open.Remove(s.open.Back()).(*splitFile)
	idle.place = nil
	return file, idle.Suspend()
}

func (s *splitter) path(value string) string {
	if value == noValue {
		return s.stem + "-no-" + s.field + s.ending
	}
	return s.stem + "-" + s.field + "-" + fileName(value, s.address) + s.ending
}

// fileName is a value as a part of a file's name that every system takes: letters, digits and "._-" stay, a colon of an
// address becomes a hyphen, all else %XX. Different values have different names.
func fileName(value string, address bool) string {
	var name strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			name.WriteByte(c)
		case c == ':' && address:
			name.WriteByte('-')
		default:
			fmt.Fprintf(&name, "%%%02X", c)
		}
	}
	if name.Len() > maxSplitName {
		return fmt.Sprintf("%s-%x", name.String()[:maxSplitName], sha256.Sum256([]byte(value)))
	}
	return name.String()
}

// Close completes all files. After an error the files that were not complete are not there.
func (s *splitter) Close() (failed error) {
	for _, file := range s.all {
		if failed != nil {
			file.Discard()
		} else {
			failed = file.Close()
		}
	}
	return failed
}

// Discard leaves no files.
func (s *splitter) Discard() {
	for _, file := range s.all {
		file.Discard()
	}
}
