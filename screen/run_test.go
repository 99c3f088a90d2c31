package screen

import "testing"

func TestTerminals(t *testing.T) {
	for _, c := range []struct {
		term, all, ctype, lang string
		drawable, ascii        bool
	}{
		{"xterm-256color", "", "", "en_US.UTF-8", true, false},
		{"xterm", "", "de_DE.utf8", "C", true, false},
		{"xterm", "C", "de_DE.utf8", "en_US.UTF-8", true, true},
		{"xterm", "", "", "de_DE.ISO-8859-1", true, true},
		{"xterm", "", "", "", true, true},
		{"linux", "C.UTF-8", "", "", true, true},
		{"dumb", "C.UTF-8", "", "", false, false},
		{"", "C.UTF-8", "", "", false, false},
	} {
		t.Setenv("TERM", c.term)
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_CTYPE", c.ctype)
		t.Setenv("LANG", c.lang)
		if Drawable() != c.drawable || ASCIIOnly() != c.ascii {
			t.Errorf("%+v: drawable %v, in ASCII only %v", c, Drawable(), ASCIIOnly())
		}
	}
}
