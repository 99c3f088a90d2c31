package pcaps

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// target is the file that a [Writer] writes: under another name in the same directory until it is complete. What is no regular file
// is written in place.
type target struct {
	path        string // as the user wrote it
	final       string // what is replaced in the end: path, or where it links to
	temporary   string // what is written until then; empty for what is written in place
	compression string // ".zst", ".gz" or empty

	file *os.File // nil while it is suspended
	out  io.Writer
}

// openTarget prepares to write path, unless that would be a file that src reads.
func openTarget(path string, src Source, compression string) (*target, error) {
	t := &target{path: path, final: path, compression: compression}
	var err error
	if path == "-" {
		t.path = "standard output"
		err = t.inPlace(os.Stdout, src)
	} else {
		err = t.create(src)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, bare(err))
	}
	return t, nil
}

func (t *target) create(src Source) error {
	old, err := os.Stat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return t.createTemporary()
	case err != nil:
		return err
	case old.IsDir():
		return errors.New("a directory")
	}
	file, err := os.OpenFile(t.path, os.O_WRONLY, 0) // a file that is write-protected stays
	if err != nil {
		return err
	}
	if !old.Mode().IsRegular() {
		return t.inPlace(file, src)
	}
	file.Close()
	if reads(src, old) {
		return errInput
	}
	if t.final, err = filepath.EvalSymlinks(t.path); err != nil {
		return err
	}
	if err := t.createTemporary(); err != nil {
		return err
	}
	return t.file.Chmod(old.Mode().Perm())
}

var errInput = errors.New("this file is being read; write to another one")

// reads tells whether one of the files that src reads is the given one, by whatever name.
func reads(src Source, file os.FileInfo) bool {
	for _, r := range src.Readers() {
		if r.stat != nil && r.stat.Mode().IsRegular() && os.SameFile(r.stat, file) {
			return true
		}
	}
	return false
}

func (t *target) inPlace(file *os.File, src Source) error {
	if info, err := file.Stat(); err != nil {
		return err
	} else if reads(src, info) {
		return errInput
	}
	return t.use(file)
}

// createTemporary creates the file beside the final one, on the same file system, with the permissions that a new file gets.
func (t *target) createTemporary() error {
	const attempts = 1000 // leftovers of processes that were killed and had this one's number
	dir, base := filepath.Split(t.final)
	for i := range attempts {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%d-%d", base, os.Getpid(), i))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			t.temporary = name
			return t.use(file)
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return errors.New("no temporary file can be created beside it")
}

func (t *target) use(file *os.File) (err error) {
	t.file, t.out = file, file
	switch t.compression {
	case ".gz":
		t.out = gzip.NewWriter(file)
	case ".zst":
		t.out, err = zstd.NewWriter(file, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
	}
	return err
}

// zstdWindow bounds what each of many open files takes.
const zstdWindow = 1 << 20

func (t *target) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if t.file == nil {
		file, err := os.OpenFile(t.temporary, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			err = t.use(file)
		}
		if err != nil {
			return bare(err)
		}
	}
	_, err := t.out.Write(b)
	return bare(err)
}

// suspend closes the file; what is written next is appended. All decompressors read on when one compressed file follows another.
func (t *target) suspend() error {
	if t.file == nil {
		return nil
	}
	var err error
	if c, ok := t.out.(io.Closer); ok && t.out != t.file {
		err = c.Close()
	}
	err = errors.Join(err, t.file.Close())
	t.file, t.out = nil, nil
	return bare(err)
}

// complete gives the file its name.
func (t *target) complete() error {
	err := t.suspend()
	if err == nil && t.temporary != "" {
		err = bare(os.Rename(t.temporary, t.final))
	}
	if err != nil {
		t.discard()
	}
	return err
}

// discard leaves no file.
func (t *target) discard() {
	if t.file != nil {
		t.file.Close()
		t.file, t.out = nil, nil
	}
	if t.temporary != "" {
		os.Remove(t.temporary)
	}
}

// bare is what the operating system says, without the name of the file, which is none that the user knows.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
