package filter_test

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
)

type visit struct {
	name   string
	count  uint64
	took   int64
	at     int64
	again  bool
	places []string
	kind   uint64
}

var visits = filter.NewRecords("a field of visits", []filter.RecordField[*visit]{
	{Name: "name", Kind: filter.Text, Read: func(v *visit, to *filter.Values) { to.Text(v.name) }},
	{Name: "count", Read: func(v *visit, to *filter.Values) { to.Number(v.count) }},
	{Name: "took", Kind: filter.Seconds, Read: func(v *visit, to *filter.Values) { to.Number(uint64(v.took)) }},
	{Name: "at", Kind: filter.Time, Read: func(v *visit, to *filter.Values) { to.Number(uint64(v.at)) }},
	{Name: "again", Kind: filter.Boolean, Read: func(v *visit, to *filter.Values) { to.Boolean(v.again) }},
	{Name: "kind", Enum: dissect.Names{1: "long", 2: "short"}, Read: func(v *visit, to *filter.Values) { to.Number(v.kind) }},
	{Name: "ip.addr", Kind: filter.Address, Read: func(v *visit, to *filter.Values) {
		for _, a := range v.places {
			to.Address(netip.MustParseAddr(a))
		}
		to.Address(netip.Addr{}) // none
	}},
})

func TestRecords(t *testing.T) {
	a := &visit{name: "red", count: 12, took: 1500e6, at: 100e9, places: []string{"10.0.0.1", "2001:db8::1"}, kind: 1}
	b := &visit{name: "Blue", count: 3, took: -1, at: 200e9, again: true, places: []string{"::ffff:192.0.2.7"}, kind: 2}
	c := &visit{}
	for _, r := range []struct{ text, want string }{
		{``, "abc"},
		{`name == "red"`, "a"},
		{`name == "red" && count > 10`, "a"},
		{`name != "red"`, "b"}, // a visit without a name has none to compare
		{`not name`, "c"},
		{`name`, "ab"},
		{`name in {"red", "Blue"}`, "ab"},
		{`name contains "lu"`, "b"},
		{`name matches "^(RED|BLUE)$"`, "ab"},
		{`lower(name) == "blue"`, "b"},
		{`len(name) == 3`, "a"},
		{`count in {1..5}`, "b"},
		{`count + 1 > 12`, "a"},
		{`count > -1`, "abc"},
		{`0 < count < 10`, "b"},
		{`took > 1`, "a"},
		{`took < 0`, "b"},
		{`at >= 150`, "b"},
		{`again`, "b"},
		{`not again`, "ac"},
		{`again == true`, "b"},
		{`again == 0`, "ac"},
		{`kind == long or kind == 2`, "ab"},
		{`ip.addr == 10.0.0.0/8`, "a"},
		{`ip.addr == 2001:db8::/32`, "a"},
		{`ip.addr == 192.0.2.7`, "b"},
		{`ip.addr == ::ffff:192.0.2.7`, "b"},
		{`ip.addr != 10.0.0.1`, "b"},
		{`ip.addr == 0.0.0.0/0`, "ab"},
		{`ip.addr == ::/0`, "a"},
		{`ip.addr < 11.0.0.0`, "a"},
		{`ip.addr > 255.255.255.255`, "a"}, // IPv6 comes behind
		{`ip.addr in {10.0.0.0/24, 192.0.2.1..192.0.2.9}`, "ab"},
		{`ip.addr & 255.0.0.0 == 10.0.0.0`, "a"},
		{`string(ip.addr) contains "db8"`, "a"},
		{`string(took) == "1.500000000"`, "a"},
		{`count(ip.addr) == 2`, "a"},
		{`ip.addr[0] == 0a`, "a"},
		{`max(count, kind) == 3`, "b"},
		{`all ip.addr == 10.0.0.0/8`, ""},
		{`any ip.addr == 10.0.0.0/8 xor again`, "ab"},
	} {
		condition, err := visits.Compile(r.text)
		if err != nil {
			t.Errorf("%s: %v", r.text, err)
			continue
		}
		got := ""
		for i, v := range []*visit{a, b, c} {
			if condition.Match(v) {
				got += string("abc"[i])
			}
		}
		if got != r.want {
			t.Errorf("%s means %q, want %q", r.text, got, r.want)
		}
	}
}

func TestRecordErrors(t *testing.T) {
	for _, r := range []struct{ text, message, under string }{
		{`coutn > 1`, `"coutn" is not a field of visits; did you mean count?`, `coutn`},
		{`addr == 10.0.0.1`, `"addr" is not a field of visits; did you mean ip.addr?`, `addr`},
		{`ip.src == 10.0.0.1`, `"ip.src" is not a field of visits`, `ip.src`},
		{`inner.count > 1`, `"inner.count" is not a field of visits`, `inner.count`},
		{`count#2 > 1`, `count stands in no layer`, `#2`},
		{`count == "red"`, `"red" is not a number; a number is written without quotes`, `"red"`},
		{`name > 5 and count == x`, `x is not a number`, `x`},
		{`ip.addr == red`, `red is not an IP address; names of hosts are not looked up`, `red`},
		{`ip.addr == 10.0.0.0/33`, `the length of a prefix of an IP address is 0 to 32`, `10.0.0.0/33`},
		{`kind == lnog`, `lnog is neither a number nor a value that kind has a name for; did you mean "long"?`, `lnog`},
		{`name == count`, `name is text and count is a number: they cannot be compared`, `name == count`},
		{`count contains "1"`, `count is a number and cannot be searched; text, bytes, MAC addresses and protocols can be searched, and string() makes text of a field`, `count`},
		{`took == soon`, `soon is not a time; times are seconds, since 1970 or since another packet: 1577836800.25`, `soon`},
		{`count = 1`, `"=" is no operator; did you mean "=="?`, `=`},
		{`count >`, `a field or a value is missing at the end`, ``},
	} {
		_, err := visits.Compile(r.text)
		e, ok := err.(*filter.Error)
		if !ok {
			t.Errorf("%s: %v", r.text, err)
			continue
		}
		message := e.Message
		if e.Hint != "" {
			message += "; " + e.Hint
		}
		if under := r.text[e.Pos:e.End]; message != r.message || under != r.under {
			t.Errorf("%s: %q under %q, want %q under %q", r.text, message, under, r.message, r.under)
		}
	}
}

func TestOrder(t *testing.T) {
	all := []*visit{
		{name: "b", count: 2, took: 5, at: 30, places: []string{"2001:db8::1"}},
		{name: "a\x00", count: 300, took: -5, at: -1, again: true, places: []string{"10.0.0.2"}},
		{name: "a", count: 2, took: 0, at: 20, places: []string{"9.0.0.1", "1.1.1.1"}},
		{count: 1 << 40, took: 7, at: 10},
		{name: "ab", count: 0, took: 1 << 40, at: 40, places: []string{"10.0.0.10"}},
	}
	for _, c := range []struct{ order, want string }{
		{"count", "31024"},
		{"-count", "40213"},
		{"took", "43021"},
		{"at", "13204"},
		{"-at", "40231"},
		{"again,at", "13204"},
		{"name", "21403"},
		{"-name", "04123"},
		{"ip.addr", "21403"},
		{"-ip.addr", "04123"},
		{"count, name", "31204"},
	} {
		o, err := visits.Order(c.order)
		if err != nil {
			t.Fatal(err)
		}
		type placed struct {
			key []byte
			i   int
		}
		var list []placed
		for i, v := range all {
			list = append(list, placed{o.AppendKey(nil, v), i})
		}
		slices.SortFunc(list, func(a, b placed) int { return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.i, b.i)) })
		var got strings.Builder
		for _, p := range list {
			fmt.Fprint(&got, p.i)
		}
		if got.String() != c.want {
			t.Errorf("by %s: %s, want %s", c.order, got.String(), c.want)
		}
	}
	for names, want := range map[string]string{
		"coutn":      `"coutn" is not a field of visits; did you mean count?`,
		"count,":     `"" is not a field of visits; there are name, count, took, at, again, kind, ip.addr`,
		"count,zzzz": `"zzzz" is not a field of visits; there are name, count, took, at, again, kind, ip.addr`,
	} {
		if _, err := visits.Order(names); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", names, err, want)
		}
	}
}

func TestRecordsDoNotAllocate(t *testing.T) {
	v := &visit{name: "red", count: 12, places: []string{"10.0.0.1"}}
	c, err := visits.Compile(`name == "red" and count > 10 and took in {0..5} and not again`)
	if err != nil {
		t.Fatal(err)
	}
	o, err := visits.Order("name,count,took")
	if err != nil {
		t.Fatal(err)
	}
	var key []byte
	if n := testing.AllocsPerRun(100, func() {
		if !c.Match(v) {
			t.Fatal("no match")
		}
		key = o.AppendKey(key[:0], v)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzRecords compiles any text about records.
func FuzzRecords(f *testing.F) {
	for _, text := range []string{`name == "red" && count > 10`, `ip.addr & 255.0.0.0 in {10.0.0.0/8, ::1..::5}`, `string(ip.addr)[0:2] ~ "1" or again xor took > 1.5`,
		`max(count, kind, 5) % 3 == 0`, `ip.addr#2`, `inner.name`, `upper(name) contains "\x41"`} {
		f.Add(text)
	}
	a := &visit{name: "red", count: 12, took: 1500e6, places: []string{"10.0.0.1", "2001:db8::1"}}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := visits.Compile(text)
		if err != nil {
			if s := err.Error(); strings.Count(s, "\n") != 2 {
				t.Errorf("%q: not three lines: %s", text, s)
			}
			return
		}
		if first := c.Match(a); c.Match(a) != first {
			t.Errorf("%q changes its mind", text)
		}
		c.Match(&visit{})
	})
}
