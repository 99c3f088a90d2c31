package flows

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"pktscope/dissect"
	"pktscope/internal/golden"
)

var _ Tenancy = (*Tenants)(nil)

// TestTenantsMatch holds the entries of testdata/tenants.yaml, which has every key, against paths.
func TestTenantsMatch(t *testing.T) {
	tenants, err := ReadTenants("testdata/tenants.yaml")
	if err != nil {
		t.Fatal(err)
	}
	point := func(file, name string, index int) *dissect.Point {
		return &dissect.Point{File: file, Name: name, Index: index}
	}
	trunk := point("dir/a.pcap", "eth0", 0)
	ends := func(a, b string) Identifier {
		return Identifier{Kind: Tunnel, Ends: [2]netip.Addr{netip.MustParseAddr(a), netip.MustParseAddr(b)}}
	}
	id := func(kind IdentifierKind, n uint32) Identifier { return Identifier{Kind: kind, Number: n} }
	for _, c := range []struct {
		what   string
		point  *dissect.Point
		path   Path
		tenant string // with the part of the path that is the tenant's own, as reports print it
	}{
		{"a VNI", trunk, Path{id(VXLANVNI, 5001)}, "red"},
		{"a VNI of Geneve", trunk, Path{id(GeneveVNI, 5001)}, "red"},
		{"an underlay's tag does not matter", trunk, Path{id(VLAN, 4000), id(VXLANVNI, 5001)}, "red"},
		{"a tag in a tunnel is the tenant's own", trunk, Path{id(VXLANVNI, 5001), id(VLAN, 10)}, "red / vlan 10"},
		{"the same", trunk, Path{id(VXLANVNI, 5001), id(VLAN, 300)}, "red / vlan 300"},
		{"a list", trunk, Path{id(VXLANVNI, 5002)}, "red"},
		{"the first of a range", trunk, Path{id(VXLANVNI, 6000)}, "red"},
		{"the last of a range", trunk, Path{id(VXLANVNI, 6010)}, "red"},
		{"behind a range", trunk, Path{id(VXLANVNI, 6011)}, ""},
		{"before a range", trunk, Path{id(VXLANVNI, 5999)}, ""},
		{"the innermost decides", trunk, Path{id(VLAN, 300), id(VXLANVNI, 5001)}, "red"},
		{"the innermost that is named decides", trunk, Path{id(VLAN, 300), id(VXLANVNI, 77)}, "green / vxlan 77"},
		{"a tenant in a tenant", trunk, Path{id(VXLANVNI, 5001), id(GeneveVNI, 7001)}, "blue"},
		{"an outer tag", trunk, Path{id(VLAN, 300)}, "green"},
		{"an outer S-tag", trunk, Path{id(ServiceVLAN, 300), id(VLAN, 10)}, "green / vlan 10"},
		{"the outer of two tags", trunk, Path{id(ServiceVLAN, 10), id(VLAN, 300)}, ""},
		{"two tags", trunk, Path{id(ServiceVLAN, 200), id(VLAN, 10)}, "red"},
		{"two tags, another inner one", trunk, Path{id(ServiceVLAN, 200), id(VLAN, 11)}, "green / vlan 11"},
		{"two tags, a range", trunk, Path{id(VLAN, 201), id(VLAN, 19)}, "red"},
		{"a tag at an interface", point("a.pcap", "tap1", 0), Path{id(VLAN, 100)}, "red"},
		{"the tag at another", point("a.pcap", "tap2", 0), Path{id(VLAN, 100)}, ""},
		{"an interface", point("a.pcap", "tap3", 0), nil, "blue"},
		{"all at an interface", point("a.pcap", "tap3", 0), Path{id(VLAN, 10), id(VXLANVNI, 77)}, "blue / vlan 10 / vxlan 77"},
		{"no tags at an interface", point("a.pcap", "tap4", 0), nil, "blue"},
		{"tags at such an interface", point("a.pcap", "tap4", 0), Path{id(VLAN, 10)}, ""},
		{"no tags, but a tunnel", point("a.pcap", "tap4", 0), Path{id(VXLANVNI, 77), id(VLAN, 1)}, "blue / vxlan 77 / vlan 1"},
		{"untagged in a list", point("a.pcap", "tap5", 0), nil, "blue"},
		{"a tag in that list", point("a.pcap", "tap5", 0), Path{id(VLAN, 7)}, "blue"},
		{"no tag of that list", point("a.pcap", "tap5", 0), Path{id(VLAN, 8)}, ""},
		{"an interface in a file", point("b.pcap", "eth1", 0), nil, "blue"},
		{"an interface in a file elsewhere", point("x/b.pcap", "eth1", 0), nil, "blue"},
		{"an interface in another file", point("a.pcap", "eth1", 0), nil, ""},
		{"a file with its folder", point("x/c.pcap", "", -1), nil, "blue"},
		{"a file in another folder", point("y/c.pcap", "", -1), nil, ""},
		{"an interface without a name", point("a.pcap", "", 7), nil, "blue"},
		{"another without a name", point("a.pcap", "", 8), nil, ""},
		{"a numbered interface", point("a.pcap", "any", 0), Path{id(Interface, 3), id(VLAN, 9)}, "blue / vlan 9"},
		{"a tag at a numbered interface", point("a.pcap", "any", 0), Path{id(Interface, 3), id(VLAN, 300)}, "green"},
		{"another number", point("a.pcap", "any", 0), Path{id(Interface, 4)}, ""},
		{"a bottom label", trunk, Path{id(Label, 16009), id(Label, 24002)}, "blue"},
		{"a label alone", trunk, Path{id(Label, 24002)}, "blue"},
		{"a label that is not at the bottom", trunk, Path{id(Label, 24002), id(Label, 24099)}, ""},
		{"a stack", trunk, Path{id(Label, 16009), id(Label, 24003)}, "blue"},
		{"a longer stack", trunk, Path{id(Label, 16001), id(Label, 16009), id(Label, 24003)}, ""},
		{"a shorter stack", trunk, Path{id(Label, 24003)}, ""},
		{"a tag in a pseudowire", trunk, Path{id(Label, 24002), id(VLAN, 300)}, "blue / vlan 300"},
		{"a GRE key", trunk, Path{id(GREKey, 100)}, "blue"},
		{"a VSID", trunk, Path{id(VSID, 0x1000)}, "blue"},
		{"a VSID in a key", trunk, Path{id(GREKey, 0x1000ab)}, "blue"},
		{"another VSID in a key", trunk, Path{id(GREKey, 0x1001ab)}, ""},
		{"an I-SID", trunk, Path{id(ServiceVLAN, 4000), id(ISID, 1000), id(VLAN, 5)}, "blue / vlan 5"},
		{"TRILL's inner VLAN", trunk, Path{id(TRILLVLAN, 5)}, "blue"},
		{"TRILL's fine-grained label", trunk, Path{id(FineLabel, 70000)}, "blue"},
		{"a TEID", trunk, Path{id(TEID, 0x1234)}, "blue"},
		{"an SPI", trunk, Path{id(SPI, 0xc0ffee00)}, "blue"},
		{"a tunnel by its ends", trunk, Path{ends("172.16.1.1", "172.16.1.2")}, "blue"},
		{"a tunnel by its ends the other way", trunk, Path{ends("172.16.1.2", "172.16.1.1")}, "blue"},
		{"a tunnel by its ends, IPv6", trunk, Path{ends("2001:db8::2", "2001:db8::1")}, "blue"},
		{"a second tunnel", trunk, Path{ends("172.16.1.1", "172.16.1.3")}, "blue"},
		{"a tunnel of nobody", trunk, Path{ends("172.16.1.1", "172.16.1.4")}, ""},
		{"two keys", trunk, Path{id(VLAN, 30), id(VXLANVNI, 30)}, "green"},
		{"one of two keys", trunk, Path{id(VLAN, 31), id(VXLANVNI, 30)}, ""},
		{"the other of two keys", trunk, Path{id(VLAN, 30)}, ""},
		{"nothing", trunk, nil, ""},
	} {
		got, steps, ok := tenants.Match(c.point, c.path)
		if rest := c.path[steps:]; ok && len(rest) > 0 {
			got += " / " + rest.String()
		}
		if got != c.tenant || ok != (c.tenant != "") {
			t.Errorf("%s: %s at %s is %q (%v), want %q", c.what, c.path, c.point.Name, got, ok, c.tenant)
		}
	}
}

func TestTenantsByPrefix(t *testing.T) {
	tenants, err := ReadTenants("testdata/tenants.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b, tenant string
		between      bool
	}{
		{"10.1.0.1", "192.0.2.1", "blue", false},
		{"192.0.2.1", "10.1.255.255", "blue", false},
		{"10.1.0.1", "10.1.0.2", "blue", false},
		{"10.2.0.1", "192.0.2.1", "green", false},
		{"10.1.0.1", "10.2.0.1", "", true},
		{"192.0.2.1", "192.0.2.2", "", false},
		{"::ffff:10.1.0.1", "192.0.2.1", "blue", false},
		{"fd00:1::5", "2001:db8::1", "green", false},
		{"fd00:1::6", "2001:db8::1", "", false},
	} {
		got, between := tenants.ByPrefix(netip.MustParseAddr(c.a), netip.MustParseAddr(c.b))
		if got != c.tenant || between != c.between {
			t.Errorf("%s and %s are %q, between tenants %v; want %q, %v", c.a, c.b, got, between, c.tenant, c.between)
		}
	}
	if tenant, between := tenants.ByPrefix(netip.Addr{}, netip.Addr{}); tenant != "" || between {
		t.Error("no address is somebody's")
	}
}

// TestTenantsErrors reads the files of an archive, each of which has a mistake.
func TestTenantsErrors(t *testing.T) {
	a, err := txtar.ParseFile(filepath.Join("testdata", "tenants_errors.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	got := &txtar.Archive{Comment: a.Comment}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".error") {
			continue
		}
		message := "none\n"
		if _, err := ParseTenants(f.Name, f.Data); err != nil {
			message = err.Error() + "\n"
		} else {
			t.Errorf("%s is read", f.Name)
		}
		if strings.Count(message, "\n") > 1 || !strings.HasPrefix(message, f.Name+":") {
			t.Errorf("%s: %q is no line with the place", f.Name, message)
		}
		got.Files = append(got.Files, f, txtar.File{Name: f.Name + ".error", Data: []byte(message)})
	}
	golden.Compare(t, *update, "tenants_errors.txtar", got)
}

// TestTenantsHostile reads texts that are made to cost much, or cannot stand in an archive.
func TestTenantsHostile(t *testing.T) {
	for _, c := range []struct{ what, text, message string }{
		{"too long", strings.Repeat("#", maxTenantsFile+1), "f: longer than 4 MiB"},
		{"control character", "tenants:\n  red:\n    - vni: \x1b[31m\n", "f:3: no text in UTF-8"},
		{"no UTF-8", "tenants:\n  red: \xff\n", "f:2: no text in UTF-8"},
		{"UTF-16", "\xff\xfet\x00e\x00", "f:1: no text in UTF-8"},
		{"deep", "tenants: " + strings.Repeat("[", 100_000), "f:1: exceeded max depth of 10000"},
		{"alias bomb", bomb(), "f:1: a is not a key here; names of tenants stand below tenants:"},
		{"alias bomb below", "tenants:\n  red: [&a {vni: 5}, *a]\n", "f:2: aliases are not followed; write out what *a stands for"},
		{"an alias in itself", "tenants: &a\n  red: [*a]\n", "f:2: aliases are not followed; write out what *a stands for"},
		{"all in all others", overlapping(9_000), "f:1867: too many entries mean the same identifiers as this one to compare them all"},
		{"only a comment", "# nothing\n", "f:1: no tenants are in it"},
		{"only a document's start", "---\n", "f:1: no tenants are in it"},
	} {
		if _, err := ParseTenants("f", []byte(c.text)); err == nil || err.Error() != c.message {
			t.Errorf("%s: %v, want %s", c.what, err, c.message)
		}
	}
	if _, err := ParseTenants("f", []byte("\ufefftenants:\r\n  red:\r\n    - vni: 5\r\n")); err != nil {
		t.Errorf("a file from Windows: %v", err)
	}
}

// overlapping is n tenants whose VNIs are all the same, and something else is not.
func overlapping(n int) string {
	var b strings.Builder
	b.WriteString("tenants:\n")
	for i := range n {
		b.WriteString(" t" + strconv.Itoa(i) + ":\n - {vni: 1-9, isid: " + strconv.Itoa(i) + "}\n")
	}
	return b.String()
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := byte('b'); c < 'z'; c++ {
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ",") + "]\n")
	}
	return b.String()
}

// TestTenantsUnreadable asks for files that cannot be read.
func TestTenantsUnreadable(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none.yaml")
	for file, want := range map[string]string{
		none: none + ": no such file or directory",
		dir:  dir + ": is a directory",
	} {
		if _, err := ReadTenants(file); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}

// TestTenantsLarge reads as many entries as a large site may have, and asks for each.
func TestTenantsLarge(t *testing.T) {
	const n = 60_000
	var b bytes.Buffer
	b.WriteString("tenants:\n")
	for i := range n {
		b.WriteString(" t" + strconv.Itoa(i) + ":\n - {vlan: 1-4094, interface: tap" + strconv.Itoa(i) + "}\n - vni: " + strconv.Itoa(i) + "\n")
	}
	tenants, err := ParseTenants("f", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := &dissect.Point{Name: "tap" + strconv.Itoa(i)}
		if tenant, steps, _ := tenants.Match(at, Path{{Kind: VLAN, Number: 9}}); tenant != "t"+strconv.Itoa(i) || steps != 1 {
			t.Fatalf("%s is tenant %s", at.Name, tenant)
		}
	}
}

func FuzzTenants(f *testing.F) {
	text, err := os.ReadFile("testdata/tenants.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	a, err := txtar.ParseFile(filepath.Join("testdata", "tenants_errors.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range a.Files {
		f.Add(file.Data)
	}
	point := &dissect.Point{Name: "tap1"}
	f.Fuzz(func(t *testing.T, text []byte) {
		tenants, err := ParseTenants("f", text)
		if err != nil {
			if s := err.Error(); strings.Contains(s, "\n") || !strings.HasPrefix(s, "f:") {
				t.Errorf("%q is no line with the place", s)
			}
			return
		}
		for _, path := range []Path{nil, {{Kind: VLAN, Number: 100}}, {{Kind: Interface, Number: 3}, {Kind: VLAN, Number: 200}, {Kind: VLAN, Number: 10},
			{Kind: Label, Number: 16009}, {Kind: Label, Number: 24002}, {Kind: VXLANVNI, Number: 5001}, {Kind: Tunnel}}} {
			if tenant, steps, ok := tenants.Match(point, path); steps > len(path) || ok != (tenant != "") || !ok && steps > 0 {
				t.Errorf("%q, %d of %d", tenant, steps, len(path))
			}
		}
	})
}

// TestTenantsPage reads the example of the page for users, and asks what the page says of it.
func TestTenantsPage(t *testing.T) {
	page, err := os.ReadFile("../docs/tenants.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	tenants, err := ParseTenants("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   string
		path Path
		want string
	}{
		{"eth0", Path{{Kind: VLAN, Number: 4000}, {Kind: VXLANVNI, Number: 5001}}, "red"},
		{"eth0", Path{{Kind: VXLANVNI, Number: 5001}, {Kind: VLAN, Number: 10}}, "red / vlan 10"},
		{"tap3", Path{{Kind: VXLANVNI, Number: 77}}, "blue / vxlan 77"},
		{"tap1", Path{{Kind: VLAN, Number: 100}, {Kind: VXLANVNI, Number: 5001}}, "red"},
	} {
		tenant, steps, _ := tenants.Match(&dissect.Point{Name: c.at}, c.path)
		s := Segment{Tenant: tenant, Path: c.path[steps:]}
		if got := s.Name(); got != c.want || !strings.Contains(string(page), "`"+c.path.String()+"`") || !strings.Contains(string(page), "| "+c.want) {
			t.Errorf("%s at %s is %s, want %s, and the page to say so", c.path, c.at, got, c.want)
		}
	}
}

// A flow whose segment nobody has named is whose its addresses are; one between two tenants is nobody's.
func TestFlowsOfPrefixes(t *testing.T) {
	names, err := ParseTenants("tenants.yaml", []byte("tenants:\n  red:\n    - prefixes: [10.1.0.0/16]\n  blue:\n    - prefixes: [10.2.0.0/16]\n    - vlan: 5\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ segment, src, dst, want string }{
		{"", "10.1.0.1", "192.0.2.1", "red"},
		{"", "192.0.2.1", "10.2.0.1", "blue"},
		{"", "10.1.0.1", "10.2.0.1", ""},
		{"", "192.0.2.1", "192.0.2.2", ""},
		{"blue", "10.1.0.1", "192.0.2.1", "blue"},
	} {
		tracker := NewTracker(Options{Tenants: names})
		tracker.segments.add(&Segment{Tenant: tt.segment}, "")
		n := tracker.records.take()
		tracker.accounts.take()
		tracker.frames.take()
		f := tracker.records.at(n)
		f.segment = 1
		f.Src, f.Dst = netip.MustParseAddr(tt.src).As16(), netip.MustParseAddr(tt.dst).As16()
		var v Flow
		if tracker.view(n, &v); v.Tenant != tt.want {
			t.Errorf("%s > %s in %q: tenant %q, want %q", tt.src, tt.dst, tt.segment, v.Tenant, tt.want)
		}
	}
}
