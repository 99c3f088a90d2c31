package dissect

import "testing"

// Every protocol's rows fill whole bytes, and the parts of a row fill the row: with offsets that follow from the widths, no bit
// can then have two meanings or none.
func TestRowsTile(t *testing.T) {
	for _, p := range Protocols() {
		for _, rows := range append([]Rows{p.Header}, p.Tables...) {
			if rows.Bits()%8 != 0 {
				t.Errorf("%s: rows starting with %q have %d bits", p.Name, rows[0].Name, rows.Bits())
			}
			checkParts(t, rows)
		}
	}
}

func checkParts(t *testing.T, rows Rows) {
	t.Helper()
	for i := range rows {
		f := &rows[i]
		if f.Bits == 0 {
			t.Errorf("row %q has no width", f.Name)
		}
		if f.Bits > 64 && f.Kind < IPv4Addr {
			t.Errorf("row %q has %d bits, too many for a number", f.Name, f.Bits)
		}
		if f.Kind == MAC && f.Bits != 48 || f.Kind == IPv4Addr && f.Bits != 32 || f.Kind == IPv6Addr && f.Bits != 128 {
			t.Errorf("row %q of kind %s has %d bits", f.Name, f.Kind, f.Bits)
		}
		if f.Kind >= IPv4Addr && f.Kind != Present && f.off%8 != 0 {
			t.Errorf("row %q of kind %s does not start at a byte", f.Name, f.Kind)
		}
		if f.Parts != nil {
			if f.Parts.Bits() != int(f.Bits) {
				t.Errorf("parts of %q have %d bits, the row %d", f.Name, f.Parts.Bits(), f.Bits)
			}
			checkParts(t, f.Parts)
		}
	}
}

// A name is declared once in a protocol, or reading it would give every value twice.
func TestFieldNamesAreUnique(t *testing.T) {
	seen := map[string]*Field{}
	for _, f := range Fields() {
		if old := seen[f.Name]; old != nil && old.owner == f.owner {
			t.Errorf("%s is declared twice in %s", f.Name, f.Owner().Name)
		}
		seen[f.Name] = f
	}
}

// Places are unambiguous: two protocols under one number would hide each other.
func TestPlacesAreUnique(t *testing.T) {
	seen := map[Over]string{}
	for _, p := range Protocols() {
		for _, o := range p.Over {
			if old := seen[o]; old != "" {
				t.Errorf("%s %#x belongs to %s and %s", o.Table, o.Key, old, p.Name)
			}
			if int(o.Key) >= tables[o.Table].size {
				t.Errorf("%s: %s has no key %#x", p.Name, o.Table, o.Key)
			}
			seen[o] = p.Name
		}
	}
}
