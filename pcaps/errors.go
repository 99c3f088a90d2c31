package pcaps

import "fmt"

// DamageError says that a capture cannot be read beyond a place: the file is cut short, a length in it cannot be
// true, or its compressed data is corrupt. All frames before that place have been read.
type DamageError struct {
	File     string
	Frame    uint64 // the number that the frame at this place would have had in its file, from 1
	Offset   int64  // of the damage, in bytes from the start of the (decompressed) file
	Found    string // what is there: "captured length 4294967295"
	Expected string // what should be, empty where only Found can be said: "at most 16777216"
	Err      error  // the decompressor's error, if it was its verdict
}

func (e *DamageError) Error() string {
	text := fmt.Sprintf("%s: damaged at frame %d, byte %d: %s", e.File, e.Frame, e.Offset, e.Found)
	if e.Expected != "" {
		text += ", expected " + e.Expected
	}
	return text
}

func (e *DamageError) Unwrap() error { return e.Err }

// FormatError says that a file is no capture that this package reads.
type FormatError struct {
	File  string
	Looks string // what it seems to be: "a PDF document"
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: not a capture file: %s", e.File, e.Looks)
}

// readError is a failure of the operating system, kept apart from what a decompressor finds wrong.
type readError struct {
	file string
	err  error
}

func (e *readError) Error() string { return fmt.Sprintf("%s: %v", e.file, e.err) }
func (e *readError) Unwrap() error { return e.err }
