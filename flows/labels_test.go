package flows

import (
	"encoding/binary"
	"strings"
	"testing"
)

// clientHello builds a record with a ClientHello of the given extensions.
func clientHello(extensions ...string) string {
	body := "\x03\x03" + strings.Repeat("r", 32) + sized(1, strings.Repeat("s", 32)) + sized(2, "\x13\x01\x13\x02") + sized(1, "\x00")
	if extensions != nil {
		body += sized(2, strings.Join(extensions, ""))
	}
	return "\x16\x03\x01" + sized(2, "\x01"+sized(3, body))
}

func sized(n int, s string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(s)))
	return string(b[4-n:]) + s
}

func serverName(name string) string { return "\x00\x00" + sized(2, sized(2, "\x00"+sized(2, name))) }

func protocolNames(names ...string) string {
	list := ""
	for _, name := range names {
		list += sized(1, name)
	}
	return "\x00\x10" + sized(2, sized(2, list))
}

func TestReadClientHello(t *testing.T) {
	const groups = "\x00\x0a\x00\x04\x00\x02\x00\x1d"
	whole := clientHello(groups, serverName("www.example.com"), protocolNames("h2", "http/1.1"))
	for _, c := range []struct {
		name, b    string
		ok         bool
		host, alpn string
	}{
		{"usual", whole, true, "www.example.com", "h2,http/1.1"},
		{"other case", clientHello(serverName("WWW.Example.COM")), true, "www.example.com", ""},
		{"more behind it", whole + "\x14\x03\x03\x00\x01\x01", true, "www.example.com", "h2,http/1.1"},
		{"cut off behind the name", whole[:len(whole)-10], true, "www.example.com", ""},
		{"cut off in the name", clientHello(serverName("www.example.com"))[:100], true, "", ""},
		{"cut off behind the version", whole[:11], true, "", ""},
		{"cut off before", whole[:10], false, "", ""},
		{"no extensions", clientHello(), true, "", ""},
		{"no host name in the list", clientHello("\x00\x00" + sized(2, sized(2, "\x01"+sized(2, "x")))), true, "", ""},
		{"second name is the host's", clientHello("\x00\x00" + sized(2, sized(2, "\x01"+sized(2, "x")+"\x00"+sized(2, "a.example")))), true, "a.example", ""},
		{"name longer than its extension", clientHello("\x00\x00\x00\x06\x00\x20\x00\x00\x20ab"), true, "", ""},
		{"escapes for a terminal", clientHello(serverName("a\x1b[2J\\\xff")), true, `a\027[2j\\\255`, ""},
		{"comma in a protocol", clientHello(protocolNames("a,b", "c")), true, "", `a\,b,c`},
		{"case of protocols", clientHello(protocolNames("HTTP/1.1")), true, "", "HTTP/1.1"},
		{"GREASE", clientHello(protocolNames("\x8a\x8a", "h2")), true, "", "h2"},
		{"empty protocol name", clientHello(protocolNames("h2", "", "h3")), true, "", "h2"},
		{"ServerHello", whole[:5] + "\x02" + whole[6:], false, "", ""},
		{"application data", "\x17\x03\x03" + sized(2, strings.Repeat("x", 50)), false, "", ""},
		{"HTTP", "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", false, "", ""},
		{"record longer than one may be", "\x16\x03\x01\xff\xff\x01\x00\x00\xff\x03\x03", false, "", ""},
		{"nothing", "", false, "", ""},
	} {
		h, ok := ReadClientHello([]byte(c.b))
		if ok != c.ok || h.ServerName() != c.host || h.ALPN() != c.alpn {
			t.Errorf("%s: %v, %q, %q, want %v, %q, %q", c.name, ok, h.ServerName(), h.ALPN(), c.ok, c.host, c.alpn)
		}
	}
}

func TestReadDNS(t *testing.T) {
	header := func(flags, questions string) string {
		return "\x12\x34" + flags + questions + "\x00\x00\x00\x00\x00\x00"
	}
	const name = "\x03www\x07example\x03com\x00"
	query := header("\x01\x00", "\x00\x01") + name + "\x00\x01\x00\x01"
	x := strings.Repeat("x", 63)
	long := strings.Repeat("\x3f"+x, 4)
	for _, c := range []struct {
		test, b string
		ok      bool
		name    string
		kind    string
		code    uint8
		answer  bool
	}{
		{"query", query, true, "www.example.com", "A", 0, false},
		{"response", header("\x81\x80", "\x00\x01") + name + "\x00\x1c\x00\x01" + "\xc0\x0c\x00\x1c", true, "www.example.com", "AAAA", 0, true},
		{"no such name", header("\x81\x83", "\x00\x01") + name + "\x00\x01\x00\x01", true, "www.example.com", "A", 3, true},
		{"root", header("\x01\x00", "\x00\x01") + "\x00\x00\x02\x00\x01", true, ".", "NS", 0, false},
		{"random case", header("\x01\x00", "\x00\x01") + "\x02wW\x02eX\x00\x00\x41\x00\x01", true, "ww.ex", "HTTPS", 0, false},
		{"unknown type", header("\x01\x00", "\x00\x01") + "\x01x\x00\xff\x01\x00\x01", true, "x", "TYPE65281", 0, false},
		{"dots, spaces and escapes in labels", header("\x01\x00", "\x00\x01") + "\x05a. \x1b\\\x00\x00\x10\x00\x01", true, `a\.\032\027\\`, "TXT", 0, false},
		{"two questions", header("\x01\x00", "\x00\x02") + "\x01x\x00\x00\x01\x00\x01\x01y\x00\x00\x01\x00\x01", true, "x", "A", 0, false},
		{"response without a question", header("\x84\x00", "\x00\x00"), true, "", "TYPE0", 0, true},
		{"query without a question", header("\x01\x00", "\x00\x00"), false, "", "TYPE0", 0, false},
		{"cut off in the name", query[:20], true, "", "TYPE0", 0, false},
		{"cut off in the type", query[:len(query)-3], true, "", "TYPE0", 0, false},
		{"cut off in the header", query[:11], false, "", "TYPE0", 0, false},
		{"name of 255 bytes", header("\x01\x00", "\x00\x01") + long[:192] + "\x3d" + x[:61] + "\x00\x00\x01\x00\x01", true,
			x + "." + x + "." + x + "." + x[:61], "A", 0, false},
		{"name of 256 bytes", header("\x01\x00", "\x00\x01") + long[:192] + "\x3e" + x[:62] + "\x00\x00\x01\x00\x01", false, "", "TYPE0", 0, false},
		{"pointer in the question", header("\x01\x00", "\x00\x01") + "\xc0\x0c\x00\x01\x00\x01", false, "", "TYPE0", 0, false},
		{"unknown operation", header("\x79\x00", "\x00\x01") + name + "\x00\x01\x00\x01", false, "", "TYPE0", 0, false},
		{"nothing", "", false, "", "TYPE0", 0, false},
	} {
		for _, over := range []string{"UDP", "TCP"} {
			m, ok := ReadDNS([]byte(c.b))
			if over == "TCP" {
				m, ok = ReadDNSOverTCP([]byte(sized(2, c.b) + "\x00\x05"))
			}
			if ok != c.ok {
				t.Errorf("%s over %s: %v, want %v", c.test, over, ok, c.ok)
			} else if ok && (m.ID != 0x1234 || m.Name() != c.name || m.Type.String() != c.kind || m.Code != c.code || m.Response != c.answer) {
				t.Errorf("%s over %s: %+v with name %q", c.test, over, m, m.Name())
			}
		}
	}
}

// What is not a label costs no memory, and what is one costs none until its text is asked for.
func TestReadLabelsDoesNotAllocate(t *testing.T) {
	hello := []byte(clientHello(serverName("www.example.com"), protocolNames("h2")))
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01")
	if n := testing.AllocsPerRun(100, func() {
		ReadClientHello(hello)
		ReadDNS(query)
		ReadDNSOverTCP(query)
		h := ClientHello{}
		_ = h.ServerName() + h.ALPN()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Text for a terminal has no byte that could steer one, whatever the payload is.
func FuzzLabels(f *testing.F) {
	f.Add([]byte(clientHello(serverName("www.example.com"), protocolNames("h2", "\x1b"))))
	f.Add([]byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03w\x1bw\x00\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:len(b):len(b)]
		h, _ := ReadClientHello(b)
		m, _ := ReadDNS(b)
		n, _ := ReadDNSOverTCP(b)
		for _, s := range []string{h.ServerName(), h.ALPN(), m.Name(), n.Name()} {
			for _, c := range []byte(s) {
				if c <= ' ' || c > '~' {
					t.Fatalf("%q", s)
				}
			}
			if len(s) > 4*len(b) {
				t.Fatalf("%d bytes of text of %d", len(s), len(b))
			}
		}
	})
}
