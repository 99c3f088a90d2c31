package lab_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/reports"
)

// Around the conversation over each encapsulation is what the switch was told to put there, and inside is the same as at vm1's port.
func TestEncapsulations(t *testing.T) {
	const name = "ovs-encaps"
	set := regexp.MustCompile(`set_field:(\w+)->(\w+)`)
	fields := map[string]string{"nsh_spi": "nsh.spi", "mpls_tc": "mpls.exp"}
	keys := map[string]string{"gre": "gre.key", "vxlan": "vxlan.vni", "geneve": "geneve.vni", "gtpu": "gtp.teid"}
	n := 0
	for _, row := range truthRows(t, name, "encaps.txt") {
		what, port, answered, kind, told := row[0], row[1], row[2], row[3], strings.Join(row[3:], " ")
		point := "phy-a"
		if strings.HasPrefix(what, "mpls") || what == "nsh" {
			point = "mpls-a"
		}
		if answered == "no" { // it has echo requests only, which do not say by what they were carried
			continue
		}
		n++
		inside := fmt.Sprintf("frame.interface_name == %q and (tcp.port == %s or udp.port == %s)", point, port, port)
		at := fmt.Sprintf("frame.interface_name == \"tap-a\" and (tcp.port == %s or udp.port == %s)", port, port)
		want, got := count(t, name, at), count(t, name, inside)
		if want < 8 || want != got {
			t.Errorf("%s: %d packets at tap-a, %d at %s", what, want, got, point)
		}
		var around []string
		for _, m := range set.FindAllStringSubmatch(told, -1) {
			value, field := m[1], fields[m[2]]
			switch {
			case m[2] == "tun_id":
				field = keys[strings.TrimRight(kind, "123")]
				if strings.HasPrefix(what, "erspan") {
					field, value = "erspan.spanid", fmt.Sprint(number(t, value)&0x3ff)
				}
			case m[2] == "vlan_vid":
				field, value = "vlan.id", fmt.Sprint(number(t, value)&0xfff)
			case m[2] == "mpls_label":
				field = "mpls.label"
			}
			if field != "" {
				around = append(around, field+" == "+value)
			}
		}
		if strings.Contains(told, "tos=inherit") {
			around = append(around, "outer.ip.ttl == 7")
		}
		if strings.Contains(told, "ipv6") {
			around = append(around, "outer.ipv6.dst == 2001:db8::/32")
		}
		for _, condition := range around {
			if got := count(t, name, inside+" and "+condition); got != want {
				t.Errorf("%s: of %d packets %d have %s", what, want, got, condition)
			}
		}
		if labels := strings.Count(told, "push_mpls"); labels == 0 && count(t, name, inside+" and pktscope.guessed") > 0 {
			t.Errorf("%s: a layer is a guess", what)
		} else if labels > 0 {
			for _, cells := range rows(t, name, inside, "mpls.label", "mpls.bottom") {
				stack := strings.Split(cells[0], ",")
				bottom := strings.Repeat("0,", labels-1) + "1"
				if len(stack) != labels || cells[1] != bottom {
					t.Fatalf("%s: labels %s, bottom of stack %s", what, cells[0], cells[1])
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d encapsulations have answers", n)
	}
}

// Options of Geneve are there with the values that the switch was told to set, critical where their type says so.
func TestGeneveOptions(t *testing.T) {
	const with = `frame.interface_name == "phy-a" and geneve.vni == 0xabcdef and tcp`
	for _, row := range rows(t, "ovs-encaps", with, "geneve.option.class", "geneve.option.type", "geneve.option.unknown.data") {
		if !strings.Contains(row[2], "1122334455667788") || !strings.Contains(row[2], "99aabbcc") || !strings.Contains(row[0], "0x0104") {
			t.Fatalf("options %v", row)
		}
	}
	if count(t, "ovs-encaps", with) == 0 {
		t.Error("no packet with options")
	}
}

// Two conversations of the same addresses and ports are in the example, each with the bytes that it asked for, under its own identifier.
func TestOverlayTenantsStayApart(t *testing.T) {
	around := map[string]string{
		"vxlan":  "vxlan.vni == %s",
		"geneve": "geneve.vni == %s",
		"gre":    "gre.key in {%s}",
		"qinq":   "ieee8021ad.id == 200 and vlan.id == %s",
		"mpls":   "mpls.label in {%s}",
	}
	for _, row := range truthTable(t, "overlay", "who.tsv") {
		kind, id, source, destination, want, point := row[0], row[1], row[2], row[3], row[4], row[5]
		id = strings.NewReplacer("200.", "", "/0x", ", 0x", "16009/24002, 16005/24017", "16009, 16005").Replace(id)
		means := fmt.Sprintf("frame.interface_name == %q and "+around[kind]+" and inner.ip.src == %s and inner.ip.dst == %s and tcp.srcport == 80 and tcp.dstport == 40000",
			point, id, destination, source)
		bytes := 0
		for _, segment := range rows(t, "overlay", means, "tcp.len") {
			bytes += number(t, segment[0])
		}
		if fmt.Sprint(bytes) != want {
			t.Errorf("%s %s: the answer has %d bytes, %s were asked for", kind, id, bytes, want)
		}
	}
}

// truthTable are the rows of a file with tabs between its cells, without the first one.
func truthTable(t *testing.T, name, file string) (all [][]string) {
	t.Helper()
	for line := range strings.Lines(truth(t, name, file)) {
		if line[0] != '#' {
			all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
	}
	return all
}

// One flipped bit is found at both points, in the same place, and the segment came again.
func TestOverlayFlippedBit(t *testing.T) {
	found := rows(t, "overlay", `pktscope.checksum.verdict == "bad"`, "frame.interface_name", "tcp.seq_raw", "pktscope.checksum.flipped_bit", "ip.id")
	if len(found) != 2 || found[0][1] != found[1][1] || found[0][2] != "4" || found[1][2] != "4" || found[0][0] == found[1][0] {
		t.Fatalf("%v", found)
	}
	again := count(t, "overlay", `frame.interface_name == "tap1" and tcp.seq_raw == `+found[0][1]+` and tcp.len > 0`)
	if again != 2 {
		t.Errorf("the segment is there %d times", again)
	}
}

// The tunnels report has each tunnel of the example once, with the frames that the switches counted where they count them.
func TestOverlayTunnels(t *testing.T) {
	tunnels := map[string]map[string]string{}
	for _, row := range report(t, "overlay", "tunnels") {
		tunnels[row["kind"]+" "+row["id"]] = row
	}
	for _, id := range []string{"vxlan 5001", "vxlan 5002", "geneve 6001", "gre 4242", "gre 1792289", "gre 1792388", "mpls 16009/24002", "mpls 16005/24017"} {
		if tunnels[id] == nil {
			t.Errorf("no %s; there are %v", id, slices.Sorted(maps.Keys(tunnels)))
		}
	}
	nvgre := map[string]string{}
	for _, row := range reportWith(t, "overlay", "tunnels", reports.Options{Dissect: dissect.Options{NVGRE: true}}) {
		if row["kind"] == "nvgre" {
			nvgre[row["id"]] = row["packets"]
		}
	}
	both := number(t, tunnels["gre 1792289"]["packets"]) + number(t, tunnels["gre 1792388"]["packets"])
	if nvgre["7001"] != fmt.Sprint(both) {
		t.Errorf("read as NVGRE: %v, the two keys have %d packets", nvgre, both)
	}
	spi := regexp.MustCompile(`(in|out) +([0-9a-f]{8}), +\d+ bytes, +(\d+) packets`)
	associations := spi.FindAllStringSubmatch(truth(t, "overlay", "ipsec.txt"), -1)
	for _, m := range associations {
		row := tunnels["esp 0x"+m[2]]
		if row == nil || row["packets"] != m[3] {
			t.Errorf("SPI %s: strongSwan counted %s packets, the report has %v", m[2], m[3], row)
		}
	}
	if len(associations) != 2 {
		t.Errorf("%d security associations", len(associations))
	}
}

// Each ESP packet that tshark opened with the keys has the SPI and number that we read.
func TestESP(t *testing.T) {
	for _, name := range []string{"ipsec-cbc", "ipsec-cbc256", "ipsec-gcm", "ipsec-ikev1", "ipsec-nat", "ipsec-null"} {
		var want [][]string
		for _, row := range truthTable(t, name, "esp.tsv")[1:] {
			want = append(want, row[:4])
		}
		got := rows(t, name, "esp", "frame.number", "frame.interface_name", "esp.spi", "esp.sequence")
		if len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d packets of ESP, tshark opened %d", name, len(got), len(want))
		}
		keys := truth(t, name, "esp_sa")
		spis := by(t, name, "esp", "esp.spi", "packets")
		for _, row := range spis {
			if !strings.Contains(keys, `"`+row["esp.spi"]+`"`) {
				t.Errorf("%s: no key for SPI %s", name, row["esp.spi"])
			}
		}
		if len(spis) < 6 { // three pairs, by two rekeyings
			t.Errorf("%s: %d SPIs", name, len(spis))
		}
	}
}

// ESP without encryption is looked into on request, and has what tshark finds with the keys.
func TestESPWithoutEncryption(t *testing.T) {
	var want [][]string
	for _, row := range truthTable(t, "ipsec-null", "esp.tsv")[1:] {
		want = append(want, []string{row[0], row[5], row[6], row[7], row[8]})
	}
	got := rowsWith(t, "ipsec-null", reports.Options{Dissect: dissect.Options{NullESP: true}}, "esp and pktscope.guessed",
		"frame.number", "ip.src", "ip.dst", "ip.proto", "ip.id")
	for _, row := range got {
		for c := range row[1:] {
			row[c+1] = row[c+1][strings.LastIndexByte(row[c+1], ',')+1:]
		}
	}
	if len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d packets opened, tshark opened %d", len(got), len(want))
	}
	if n := len(rowsWith(t, "ipsec-gcm", reports.Options{Dissect: dissect.Options{NullESP: true}}, "esp and pktscope.guessed", "frame.number")); n > 0 {
		t.Errorf("%d packets of AES-GCM were taken for no encryption", n)
	}
}

// VTEPs are where the switches learned them: each inner source address comes from the outer one that its neighbours have for it.
func TestVTEPs(t *testing.T) {
	const name = "vxlan-multicast"
	learned := map[string]string{}
	for _, row := range truthRows(t, name, "fdb.txt") {
		if row[0] != "00:00:00:00:00:00" {
			learned[row[0]] = row[4]
		}
	}
	seen := map[string]bool{}
	for _, row := range by(t, name, "vxlan", "inner.eth.src,vxlan.vni,outer.ip.src,outer.ipv6.src", "packets") {
		from := row["outer.ip.src"]
		if row["vxlan.vni"] == "44" { // over IPv6
			from = row["outer.ipv6.src"]
		}
		mac := row["inner.eth.src"]
		seen[mac] = true
		if want, ok := learned[mac]; ok && want != from {
			t.Errorf("%s comes from %s, was learned at %s", mac, from, want)
		}
	}
	for mac := range learned {
		if !seen[mac] {
			t.Errorf("%s was never seen", mac)
		}
	}
	if len(learned) < 4 {
		t.Errorf("%d addresses were learned", len(learned))
	}
	if n := count(t, name, `vxlan.vni == 43 and frame.interface_name == "u3"`); n > 0 {
		t.Errorf("%d packets of VNI 43 at u3, which is not in its group", n)
	}
	for _, row := range by(t, name, "vxlan and outer.ip.dst == 239.0.0.0/8", "vxlan.vni,outer.ip.dst", "packets") {
		if want := map[string]string{"42": "239.1.1.1", "43": "239.1.1.2"}[row["vxlan.vni"]]; want != row["outer.ip.dst"] {
			t.Errorf("VNI %s goes to %s", row["vxlan.vni"], row["outer.ip.dst"])
		}
	}
}

// Three networks with one set of addresses are three in TRILL, and labels of 24 bits are read whole.
func TestTRILL(t *testing.T) {
	groups := map[string]string{}
	for _, row := range by(t, "trill", "tcp.port == 45100", "vlan.id,fgl.label", "packets") {
		groups[row["vlan.id"]+"/"+row["fgl.label"]] = row["packets"]
	}
	if want := map[string]string{"300/": "9", "/73729": "9", "/73730": "9"}; !maps.Equal(groups, want) {
		t.Errorf("%v", groups)
	}
	if n := count(t, "trill", "trill.op_len == 1 and trill.hop_cnt == 1 and vlan.id == 301 and icmp"); n != 4 {
		t.Errorf("%d packets behind an extended header", n)
	}
	// RBridges 0x0b01 and 0x0b02.
	for _, row := range by(t, "trill", "ip", "trill.ingress_nick,inner.ip.src", "packets") {
		if want := map[string]string{"1": "2817", "2": "2818"}[row["inner.ip.src"][len(row["inner.ip.src"])-1:]]; row["trill.ingress_nick"] != want {
			t.Errorf("%s enters at %s", row["inner.ip.src"], row["trill.ingress_nick"])
		}
	}
}

// Flow IDs part nothing where the user says that it is NVGRE, and everything where not.
func TestNVGRE(t *testing.T) {
	plain := report(t, "nvgre", "tunnels")
	nvgre := reportWith(t, "nvgre", "tunnels", reports.Options{Dissect: dissect.Options{NVGRE: true}})
	if len(plain) != 8 || len(nvgre) != 2 {
		t.Errorf("%d keys, %d virtual subnets", len(plain), len(nvgre))
	}
	for _, row := range nvgre {
		if row["id"] != "5001" && row["id"] != "5002" || row["packets"] != "18" {
			t.Errorf("%v", row)
		}
	}
}
