package pcaps

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// otherFormats are files that get mistaken for captures, and captures in formats that are not read, by their first
// bytes.
var otherFormats = []struct{ magic, what string }{
	{"\x7fELF", "an ELF program or library"},
	{"MZ", "a Windows program"},
	{"%PDF-", "a PDF document"},
	{"\x89PNG", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"GIF8", "a GIF image"},
	{"PK\x03\x04", "a zip archive"},
	{"PK\x05\x06", "an empty zip archive"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"Rar!", "a RAR archive"},
	{"!<arch>", "an ar archive"},
	{"\x1f\x9d", "data compressed by compress"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"GMBU", "a Microsoft Network Monitor 2 capture, which is not read"},
	{"RTSS", "a Microsoft Network Monitor 1 capture, which is not read"},
	{"TRSNIFF data    \x1a", "an NG Sniffer capture, which is not read"},
	{"XCP\x00", "a NetXray capture, which is not read"},
	{"\x00\x11\xac\x1c", "an IXIA hardware capture, which is not read"},
	{"\xa1\xb2\xc3\xcd", "a pcap file of a patched libpcap, which is not read"},
	{"\xa5\x0c\xa5\x0c", "an nfdump file: flows, not frames"},
	{"\x0c\xa5\x0c\xa5", "an nfdump file: flows, not frames"},
}

// looks says what a file that is no capture seems to be, by its first bytes.
func looks(head []byte) string {
	if len(head) == 0 {
		return "an empty file"
	}
	if c, ok := compressionOf(head); ok {
		return c.name + " data"
	}
	for _, f := range otherFormats {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f.what
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return "a tar archive"
	}
	if start := head[:min(len(head), 512)]; isText(start) {
		return looksText(start)
	}
	if looksERF(head) {
		return "an Endace ERF capture, which is not read"
	}
	return fmt.Sprintf("it starts with the bytes % x", head[:min(len(head), 8)])
}

// isText reports whether all of head is printable UTF-8; its last character may be cut.
func isText(head []byte) bool {
	for len(head) > 0 {
		c, n := utf8.DecodeRune(head)
		if c == utf8.RuneError && n == 1 {
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		}
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			return false
		}
		head = head[n:]
	}
	return true
}

func looksText(head []byte) string {
	start := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))))
	switch {
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")):
		return "an HTML page"
	case bytes.HasPrefix(start, []byte("<?xml")):
		return "an XML document"
	case bytes.HasPrefix(start, []byte("{")), bytes.HasPrefix(start, []byte("[")):
		return "JSON"
	case bytes.HasPrefix(start, []byte("#!")):
		return "a script"
	}
	return "text"
}
