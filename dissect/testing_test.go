package dissect

import (
	"strings"
	"testing"
)

var (
	ethernetPoint = &Point{Link: 1}
	defaultConfig *Config
)

// The protocols are laid out by an init function: variables are too early.
func init() { defaultConfig = NewConfig(Options{Cookie: -1}) }

// decode dissects a whole Ethernet frame.
func decode(t testing.TB, b []byte) *Packet {
	t.Helper()
	return decodeFrame(Frame{Data: b, WireLen: len(b), Number: 1, Point: ethernetPoint})
}

func decodeFrame(f Frame) *Packet {
	p := new(Packet)
	defaultConfig.NewDecoder().Decode(p, &f)
	p.Verify()
	return p
}

// layers fails the test unless p has the named layers behind the frame, in order.
func layers(t testing.TB, p *Packet, want string) {
	t.Helper()
	if got := layerNames(p); got != want {
		t.Errorf("layers %q, want %q; stop: %s", got, want, p.Stop)
	}
}

func layerNames(p *Packet) string {
	var names []string
	for _, l := range p.Layers[1:] {
		names = append(names, l.Protocol.String())
	}
	return strings.Join(names, " ")
}

// want fails the test unless the field has these values in p, as -T fields prints them.
func want(t testing.TB, p *Packet, name, values string) {
	t.Helper()
	x, err := NewExtractor([]string{name})
	if err != nil {
		t.Error(err)
		return
	}
	if got := string(x.Extract(p)[0]); got != values {
		t.Errorf("%s is %q, want %q", name, got, values)
	}
}
