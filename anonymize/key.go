package anonymize

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Key decides what becomes of addresses. Who has it can turn them back.
type Key [32]byte

// NewKey returns a random key.
func NewKey() (k Key) {
	rand.Read(k[:]) // never fails
	return k
}

// KeyFile reads the key in a file, 64 hexadecimal digits. If there is no file, it makes one with a new key, which only its owner can read.
func KeyFile(path string) (k Key, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKeyFile(path)
	}
	if err != nil {
		return k, err
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(k) {
		return k, fmt.Errorf("%s: not a key: that is %d hexadecimal digits", path, 2*len(k))
	}
	return Key(b), nil
}

func createKeyFile(path string) (Key, error) {
	k := NewKey()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return k, err
	}
	_, err = fmt.Fprintf(file, "%x\n", k[:])
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(path)
	}
	return k, err
}
