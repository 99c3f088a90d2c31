package filter

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"pktscope/dissect"
)

// A value can be named as pktscope names it and as Wireshark does.
func TestNames(t *testing.T) {
	for _, c := range []struct{ pktscope, wireshark string }{
		{`ip.dsfield.dscp == EF`, `ip.dsfield.dscp == "Expedited Forwarding"`},
		{`ip.dsfield.dscp == cs0`, `ip.dsfield.dscp == "default"`},
		{`ipv6.tclass.ecn == CE`, `ipv6.tclass.ecn == "Congestion Experienced"`},
		{`ip.proto in {ESP, GRE}`, `ip.proto in {"Encap Security Payload", "Generic Routing Encapsulation"}`},
		{`vlan.etype == "MPLS unicast"`, `vlan.etype == "MPLS label switched packet"`},
	} {
		for _, text := range []string{c.pktscope, c.wireshark} {
			if _, err := Compile(text); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := Compile(`vlan.priority == "Excellent Effort"`)
	if want := `"Excellent Effort" is 2 in the specification of vlan.priority and 3 in Wireshark`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestSynonyms takes every name that Wireshark has for a value which pktscope has a name for, too. Where Wireshark has a name twice in a field,
// it is the first that its filters mean.
func TestSynonyms(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	list, err := exec.Command("tshark", "-G", "values").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen, n := map[string]bool{}, 0
	for s := bufio.NewScanner(bytes.NewReader(list)); s.Scan(); {
		kind, rest, _ := strings.Cut(s.Text(), "\t")
		var field, at, name string
		if c := strings.Split(rest, "\t"); kind == "T" && len(c) == 3 && len(dissect.FieldsNamed(c[0])) > 0 && dissect.FieldsNamed(c[0])[0].Kind == dissect.Bool {
			for i, name := range c[1:] {
				n++
				named := fmt.Sprintf("%s == %q", c[0], name)
				if _, err := Compile(named); err != nil {
					t.Error(err)
				} else if got := parse(named, &packetWords).(*relation).b.(*literal).boolean(parse(named, &packetWords).(*relation).a.(*reference)); got != uint64(1-i) {
					t.Errorf("%s: %d", named, got)
				}
			}
		}
		switch c := strings.Split(rest, "\t"); {
		case kind == "V" && len(c) == 3:
			field, at, name = c[0], c[1], c[2]
		case kind == "R" && len(c) == 4 && c[1] == c[2]:
			field, at, name = c[0], c[1], c[3]
		}
		if field == "" || len(dissect.FieldsNamed(field)) == 0 || seen[field+" "+strings.ToLower(name)] {
			continue
		}
		seen[field+" "+strings.ToLower(name)] = true
		value, err := strconv.ParseUint(at, 0, 64)
		if err != nil || dissect.FieldsNamed(field)[0].Enum[value] == "" {
			continue
		}
		n++
		named := fmt.Sprintf("%s == %q", field, name)
		if _, err := Compile(named); err != nil {
			if !strings.Contains(err.Error(), "in Wireshark") {
				t.Error(err)
			}
			continue
		}
		relation := parse(named, &packetWords).(*relation)
		if got := relation.b.(*literal).value(number, relation.a.(*reference)).num; got != value {
			t.Errorf("%s: %d, Wireshark has %d", named, got, value)
		}
	}
	if n < 1000 {
		t.Errorf("only %d names were compared", n)
	}
}
