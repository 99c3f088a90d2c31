package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pktscope/internal/craft"
)

// hostile is a text as a stranger may send it: control sequences for terminals in 7 and 8 bits, what is no UTF-8, what turns the direction of
// a line, ends of lines, and a formula for spreadsheets.
const hostile = "=cmd|'x'!A1\x1b[31m\x1b]0;title\x07\u009b2J\x7f\x9b\xff\u202eltr\u2066\u2028 \x00\r\n,\""

// hostileCapture has it wherever a name can be: the section, the interface, comments, and what packets carry.
func hostileCapture() []byte {
	le := binary.LittleEndian
	pad := func(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
	block := func(kind uint32, body []byte) (b []byte) {
		n := uint32(len(body) + 12)
		return le.AppendUint32(append(le.AppendUint32(le.AppendUint32(b, kind), n), body...), n)
	}
	option := func(code uint16) []byte {
		return append(le.AppendUint16(le.AppendUint16(nil, code), uint16(len(hostile))), pad([]byte(hostile))...)
	}
	section := append([]byte("\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"), append(append(option(1), option(2)...), option(4)...)...)
	capture := append(block(0x0a0d0d0a, section), block(1, append(make([]byte, 8), append(append(option(2), option(3)...), option(1)...)...))...)
	le.PutUint16(capture[len(block(0x0a0d0d0a, section))+8:], 1)

	label := string([]byte{byte(len(hostile))}) + hostile
	list := func(text string) string { return string([]byte{0, byte(len(text))}) + text }
	name := list(string([]byte{0, 0, byte(len(hostile))}) + hostile)
	extensions := list("\x00\x00" + list(name) + "\x00\x10" + list(list(label)))
	hello := "\x03\x03" + strings.Repeat("r", 32) + "\x00\x00\x02\x13\x01\x01\x00" + extensions
	at := craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}
	for i, layers := range [][]craft.Layer{
		{at, craft.UDP{Src: 1000, Dst: 53}, craft.Payload("\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + label + "\x00\x00\x01\x00\x01")},
		{at, craft.TCP{Src: 1001, Dst: 443, Flags: craft.ACK}, craft.Payload("\x16\x03\x01" + list("\x01\x00"+list(hello)))},
		{at, craft.UDP{Src: 68, Dst: 67}, craft.Payload("\x01\x01\x06\x00" + strings.Repeat("\x00", 232) + "\x63\x82\x53\x63\x0c" + label + "\xff")},
		{at, craft.UDP{Src: 1002, Dst: 514}, craft.Payload(hostile)},
	} {
		frame := craft.Packet(append([]craft.Layer{craft.Ethernet{}}, layers...)...)
		var b []byte
		for _, n := range []uint32{0, 0, uint32(i), uint32(len(frame)), uint32(len(frame))} {
			b = le.AppendUint32(b, n)
		}
		capture = append(capture, block(6, append(append(b, pad(frame)...), option(1)...))...)
	}
	return capture
}

// TestHostileTexts holds that nothing of what a stranger sent reaches a terminal, or a spreadsheet, as anything but a text.
func TestHostileTexts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hostile.pcapng")
	if err := os.WriteFile(file, hostileCapture(), 0o644); err != nil {
		t.Fatal(err)
	}
	all := "findings,summary,tenants,overlaps,segments,protocols,vlans,tunnels,checksums,anomalies,flows,nat,macs,directions,vips"
	for _, command := range []string{"read", "read --report " + all, "read --report " + all + " --format json", "read --report " + all + " --format csv",
		"read --format sarif", "flows", "flows -T json", "flows -T csv", "flows -T conntrack --legend", "packets", "packets -V", "packets -V -x",
		"packets -T json", "packets -T fields -e frame.interface_name -e data.data", "tenants init"} {
		out := printed(t, append(strings.Fields(command), file))
		if !strings.Contains(out, "cmd|") && strings.Contains(command, "-T ") && !strings.Contains(command, "conntrack") {
			t.Errorf("%s: the name is missing", command)
		}
		for i, r := range out {
			_, size := utf8.DecodeRuneInString(out[i:])
			if r != '\n' && r != '\t' && !strconv.IsPrint(r) || r == utf8.RuneError && size == 1 {
				t.Errorf("%s: %q", command, out[max(0, i-20):min(len(out), i+10)])
				break
			}
		}
		if strings.Contains(command, "csv") && (strings.Contains(out, ",=") || strings.Contains(out, `,"=`) || strings.Contains(out, "\n=")) {
			t.Errorf("%s: a formula in\n%s", command, out)
		}
	}
}

// printed is what a command line prints on standard output.
func printed(t *testing.T, args []string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = file
	status := run(args)
	os.Stdout = stdout
	out, err := os.ReadFile(file.Name())
	if err != nil || status != 0 {
		t.Fatal(args, status, err)
	}
	return string(out)
}
