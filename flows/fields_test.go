package flows_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// Every field has a value of its kind or none, in every flow, and JSON has it under its name.
func TestFieldsInJSON(t *testing.T) {
	s := tenants(encapsulations["vxlan"], 1, differently)
	s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 4000, Dst: 53}, craft.Payload(dns(1, false, 0, "www")))
	s.at("p", craft.IPv4{ID: s.nextID(), Src: "192.0.2.2", Dst: "192.0.2.1"}, craft.UDP{Src: 53, Dst: 4000}, craft.Payload(dns(1, true, 3, "www")))
	s.at("p", craft.IPv4{ID: s.nextID()}, craft.ICMP{Type: 8, Rest: craft.Echo(7, 1)})
	s.at("p", craft.IPv4{ID: s.nextID()}, craft.TCP{Src: 4000, Dst: 443, Seq: 1, Ack: 1, Flags: craft.ACK | craft.RST}, craft.Payload(hello("www.example.com")))
	s.at("p", craft.IPv4{ID: s.nextID()}, craft.PPTP{CallID: 77, Sequence: new(uint32)}, craft.Payload("x"))
	fields := flows.Fields()
	seen := map[string]bool{}
	var all bytes.Buffer
	s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
		line := f.AppendJSON(nil)
		var decoded map[string]any
		if err := json.Unmarshal(line, &decoded); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for i := range fields {
			d := &fields[i]
			v := d.Value(f)
			if v.Kind != 0 && v.Kind != d.Kind {
				t.Errorf("%s is %s, not %s", d.Name, v.Kind, d.Kind)
			}
			seen[d.Name] = seen[d.Name] || v.Kind != 0
			if got, _ := json.Marshal(inside(decoded, d.Name)); v.Kind != flows.KindLinks && string(got) != string(v.AppendJSON(nil)) {
				t.Errorf("%s is %s in JSON, not %s", d.Name, got, v.AppendJSON(nil))
			}
		}
		all.Write(append(line, '\n'))
		return true
	})
	for _, d := range fields {
		if flows.FieldByName(d.Name) == nil || d.Doc == "" {
			t.Errorf("%s is not found, or says nothing", d.Name)
		}
		if !seen[d.Name] && d.Name != "tenant" && d.Name != "file" && !strings.Contains(d.Name, "mss") && !strings.Contains(d.Name, "window_scale") {
			t.Errorf("no flow has %s", d.Name)
		}
	}
	const golden = "testdata/flows.jsonl"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all.Bytes(), want) {
		t.Errorf("JSON differs from %s:\n%s", golden, all.Bytes())
	}
}

func inside(v any, name string) any {
	for part := range strings.SplitSeq(name, ".") {
		object, _ := v.(map[string]any)
		v = object[part]
	}
	return v
}
