package flows_test

import (
	"cmp"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// The identifiers that the specification's own baseline gives (https://github.com/corelight/community-id-spec/tree/master/baseline), and what
// it leaves open.
func TestCommunityID(t *testing.T) {
	for _, test := range []struct {
		name   string
		layers []craft.Layer
		want   string
	}{
		{"tcp", []craft.Layer{craft.IPv4{Src: "128.232.110.120", Dst: "66.35.250.204"}, craft.TCP{Src: 34855, Dst: 80, Flags: craft.SYN}},
			"1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"udp", []craft.Layer{craft.IPv4{Src: "192.168.1.52", Dst: "8.8.8.8"}, craft.UDP{Src: 54585, Dst: 53}}, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
	} {
		s := new(scene)
		s.at("p", test.layers...)
		s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
			if got := f.CommunityID(); got != test.want {
				t.Errorf("%s: %s, want %s", test.name, got, test.want)
			}
			return true
		})
	}
}

// They are tshark's, whatever the protocol is.
func TestCommunityIDsOfTshark(t *testing.T) {
	file := cmp.Or(os.Getenv("PKTSCOPE_SHARED"), "../../shared") + "/corpus/wireshark-4.0.17-debian__communityid.pcap.gz"
	if _, err := os.Stat(file); err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command("tshark", "-r", file, "-n", "--enable-protocol", "communityid", "-Y", "ip or ipv6", "-T", "fields", "-e", "communityid").Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(out)) {
		theirs[strings.TrimSpace(line)] = true
	}
	track(t, flows.Options{}, file).Flows(func(f *flows.Flow) bool {
		ours[f.CommunityID()] = true
		return true
	})
	t.Logf("%d of tshark, %d of ours", len(theirs), len(ours))
	for _, id := range slices.Sorted(maps.Keys(ours)) {
		if !theirs[id] {
			t.Errorf("tshark has no %s", id)
		}
	}
}

// A tenant's flow has an identifier of its own, in both directions the same, wherever it was captured.
func TestSegmentID(t *testing.T) {
	ids := func(point string, path around) (found []string) {
		s := tenants(path, 2, differently)
		for i := range s.frames {
			s.frames[i].Point.Name = point
		}
		s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
			if f.Protocol == 6 {
				found = append(found, f.SegmentID())
			}
			return true
		})
		return found
	}
	a, b := ids("here", encapsulations["vlan"]), ids("there", encapsulations["vlan"])
	if len(a) != 2 || a[0] == a[1] || !slices.Equal(a, b) {
		t.Errorf("%q here, %q there", a, b)
	}
	if c := ids("here", encapsulations["vxlan"]); c[0] == a[0] {
		t.Errorf("%q in other segments", c)
	}
	if want := "s1:wBJKAElm/zgkc2JHYv/wu+5e/qo="; a[0] != want { // they are kept in other people's databases
		t.Errorf("%s, want %s", a[0], want)
	}
}
