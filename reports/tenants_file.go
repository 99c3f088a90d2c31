package reports

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// A TenantsFile collects what a first tenants file can say of some packets. It is [Sharded].
type TenantsFile struct {
	tracking *tracking
	own      tenantsShard // of Packet
}

// NewTenantsFile returns one that tells segments apart exactly, whatever o says of policies and tenants.
func NewTenantsFile(o flows.Options) *TenantsFile {
	o.Policy, o.OneSite, o.Tenants = flows.Exact, false, nil
	f := &TenantsFile{tracking: newTracking(o)}
	f.own = f.newShard()
	return f
}

// Packet implements [Consumer].
func (f *TenantsFile) Packet(p *dissect.Packet) error {
	f.own.Packet(p)
	return f.own.Play()
}

// NewShard implements [Sharded].
func (f *TenantsFile) NewShard() Shard {
	s := f.newShard()
	return &s
}

func (f *TenantsFile) newShard() tenantsShard {
	return tenantsShard{f.tracking, flows.NewReader(), flows.Batch{}}
}

// tenantsShard reads packets for a tenants file.
type tenantsShard struct {
	tracking *tracking
	reader   *flows.Reader
	batch    flows.Batch
}

// Begin implements [Shard].
func (s *tenantsShard) Begin(uint64) {}

// Packet implements [Shard].
func (s *tenantsShard) Packet(p *dissect.Packet) { s.reader.Read(p, &s.batch) }

// Play implements [Shard].
func (s *tenantsShard) Play() error {
	s.tracking.Play(s.reader, &s.batch)
	s.batch.Reset()
	return nil
}

// Flush implements [Shard].
func (s *tenantsShard) Flush() error { return nil }

// Text returns the file. Whatever is proven to be one is one tenant; where nothing is proven each segment is one. A file that was read
// with it groups the same packets in the same way.
func (f *TenantsFile) Text() []byte {
	w := tenantsWriter{realms: newRealms(f.tracking)}
	w.collect(f.tracking)
	w.entries()
	text := w.text()
	if _, err := flows.ParseTenants("", text); err != nil {
		w.leaveOut()
		text = w.text()
	}
	return text
}

// tenantsWriter writes a tenants file.
type tenantsWriter struct {
	realms  *realms
	points  []*dissect.Point
	tenants []tenantDraft // the largest first
	users   map[flows.Identifier]map[int]bool
}

// tenantDraft is what is known of a realm.
type tenantDraft struct {
	realm     int
	packets   uint64
	flows     uint64
	addresses []netip.Addr // the first few
	more      bool
	prefixes  prefixSet
	entries   []entryDraft
}

// entryDraft is a line of the file. One that is no entry says why, as a comment.
type entryDraft struct {
	text    string
	comment string // where it was seen
	left    bool   // out
}

// maxListed bounds the addresses in a comment.
const maxListed = 4

func (w *tenantsWriter) collect(t *tracking) {
	w.tenants = make([]tenantDraft, len(w.realms.Realms))
	w.users = map[flows.Identifier]map[int]bool{}
	for i := range w.tenants {
		w.tenants[i].realm = i
	}
	for _, n := range w.realms.All {
		for _, s := range n.Segments {
			w.tenants[n.Realm].packets += s.Packets
			if !slices.ContainsFunc(w.points, func(p *dissect.Point) bool { return p.ID == s.Point.ID }) {
				w.points = append(w.points, s.Point)
			}
			for _, id := range s.Path {
				if w.users[key(id)] == nil {
					w.users[key(id)] = map[int]bool{}
				}
				w.users[key(id)][n.Realm] = true
			}
		}
	}
	t.Flows(func(f *flows.Flow) bool {
		i := w.realms.RealmOf(f.Segment.ID)
		if i < 0 || !firstCapture(f) {
			return true
		}
		d := &w.tenants[i]
		if f.Connection == f.ID {
			d.flows++
		}
		for _, a := range [...]netip.Addr{f.Source(), f.Destination()} {
			switch {
			case !ownAddress(a):
				continue
			case slices.Contains(d.addresses, a):
			case len(d.addresses) < maxListed:
				d.addresses = append(d.addresses, a)
			default:
				d.more = true
			}
			d.prefixes.add(a)
		}
		return true
	})
	w.tenants = slices.DeleteFunc(w.tenants, func(d tenantDraft) bool { return d.packets == 0 })
	slices.SortStableFunc(w.tenants, func(a, b tenantDraft) int { return cmp.Compare(b.packets, a.packets) })
}

// key is an identifier as the keys of a tenants file see it: VXLAN and Geneve have VNIs alike.
func key(id flows.Identifier) flows.Identifier {
	if id.Kind == flows.GeneveVNI {
		id.Kind = flows.VXLANVNI
	}
	return id
}

// entries drafts an entry for each segment. Realms that differ only in tags inside the last identifier that the file can name are one
// tenant in it, with segments of its own. Those that differ only in the EtherType of a tag the file cannot keep apart, and says so.
func (w *tenantsWriter) entries() {
	owner := map[string]int{} // of an entry: the index of the tenant that has it
	whole := map[string]int{} // of an entry that names all of a path: the realm
	for i := range w.tenants {
		d := &w.tenants[i]
		for _, n := range w.realms.Realms[d.realm].Networks {
			for _, s := range w.realms.All[n].Segments {
				text, ok := w.entry(s, d.realm)
				if !ok {
					d.entries = append(d.entries, entryDraft{fmt.Sprintf("%s has no key", s.Name()), "", true})
					continue
				}
				to := i
				if o, ok := owner[text]; ok {
					to = o
				}
				owner[text] = to
				where := w.where(s)
				if keys, all := named(s.Path); all && len(keys) > 0 {
					if r, there := whole[text]; there && r != d.realm {
						where = "also " + w.realms.segment(s) + ", which a file cannot keep apart"
					}
					whole[text] = d.realm
				}
				w.tenants[to].add(text, where)
			}
		}
	}
}

func (d *tenantDraft) add(text, where string) {
	for i := range d.entries {
		if e := &d.entries[i]; e.text == text {
			if where != "" && !slices.Contains(strings.Split(e.comment, ", "), where) {
				e.comment += ", " + where
			}
			return
		}
	}
	d.entries = append(d.entries, entryDraft{text: text, comment: where})
}

func (w *tenantsWriter) where(s *flows.Segment) string { return w.realms.places[s.Point] }

// entry returns what names a segment: the innermost of its identifiers that has a key, and where one number is not one tenant's, all the
// others and the place.
func (w *tenantsWriter) entry(s *flows.Segment, realm int) (text string, ok bool) {
	path := s.Path
	for len(path) > 0 {
		if keys, ok := named(path); ok {
			id := path[len(path)-1]
			if len(w.users[key(id)]) == 1 && id.Kind != flows.VLAN && id.Kind != flows.ServiceVLAN && id.Kind != flows.Interface {
				return keys[len(keys)-1], true
			}
			return braced(append(w.place(s.Point), keys...)), true
		}
		path = path[:len(path)-1]
		if len(path) == 0 {
			return "", false
		}
	}
	return braced(append(w.place(s.Point), "vlan: untagged")), true
}

// named returns the keys that mean the identifiers of a path, outermost first. It is not ok if the innermost one has none.
func named(path flows.Path) (keys []string, ok bool) {
	var tags []string
	tunnel := false
	for i := 0; i < len(path); i++ {
		id := path[i]
		last := i == len(path)-1
		number := strconv.FormatUint(uint64(id.Number), 10)
		text := ""
		switch id.Kind {
		case flows.Interface:
			text = "interface: " + number
		case flows.VLAN, flows.ServiceVLAN:
			if tunnel || len(tags) == 2 || id.Number == 0 {
				break
			}
			tags = append(tags, number)
			if !last && (path[i+1].Kind == flows.VLAN || path[i+1].Kind == flows.ServiceVLAN) && len(tags) < 2 {
				continue
			}
			text = "vlan: " + strings.Join(tags, ".")
		case flows.Label:
			labels := []string{number}
			for ; i+1 < len(path) && path[i+1].Kind == flows.Label; i++ {
				labels = append(labels, strconv.FormatUint(uint64(path[i+1].Number), 10))
			}
			last = i == len(path)-1
			text = "mpls: " + strings.Join(labels, "/")
		case flows.ISID:
			text = "isid: " + number
		case flows.VXLANVNI, flows.GeneveVNI:
			text = "vni: " + number
		case flows.VSID:
			text = "vsid: " + number
		case flows.GREKey:
			text = fmt.Sprintf("gre.key: 0x%08x", id.Number)
		case flows.TRILLVLAN, flows.FineLabel:
			text = "trill.vlan: " + number
		case flows.TEID:
			text = "gtp: " + number
		case flows.SPI:
			text = fmt.Sprintf("spi: 0x%08x", id.Number)
		case flows.Tunnel:
			text = fmt.Sprintf("endpoints: [%q, %q]", id.Ends[0], id.Ends[1])
		}
		if text == "" && last {
			return nil, false
		}
		if text != "" {
			keys = append(keys, text)
		}
		tunnel = tunnel || id.Kind != flows.VLAN && id.Kind != flows.ServiceVLAN && id.Kind != flows.Interface
	}
	return keys, len(keys) > 0
}

// place returns the keys that mean a capture point, none if it is the only one.
func (w *tenantsWriter) place(p *dissect.Point) (keys []string) {
	if len(w.points) == 1 {
		return nil
	}
	name := interfaceName(p)
	if name != "" {
		keys = append(keys, "interface: "+yamlText(name))
	}
	if slices.ContainsFunc(w.points, func(o *dissect.Point) bool { return o.ID != p.ID && interfaceName(o) == name || interfaceName(o) == "" }) {
		file := filepath.Base(p.File)
		if slices.ContainsFunc(w.points, func(o *dissect.Point) bool { return o.File != p.File && filepath.Base(o.File) == file }) {
			file = p.File
		}
		keys = append(keys, "file: "+yamlText(file))
	}
	return keys
}

func braced(keys []string) string {
	if len(keys) == 1 {
		return keys[0]
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

// plainYAML is text that YAML reads as itself.
var plainYAML = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func yamlText(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n", "untagged":
		return strconv.Quote(s)
	}
	if plainYAML.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// leaveOut leaves out what the file cannot say beside the entries before it: one label of a stack is the whole stack of somebody else.
func (w *tenantsWriter) leaveOut() {
	var all []*entryDraft
	for i := range w.tenants {
		for j := range w.tenants[i].entries {
			if e := &w.tenants[i].entries[j]; !e.left {
				all = append(all, e)
				e.left = true
			}
		}
	}
	for _, e := range all {
		e.left = false
		if _, err := flows.ParseTenants("", w.text()); err != nil {
			e.left = true
			e.comment = "another entry means it, too"
		}
	}
}

func (w *tenantsWriter) text() []byte {
	var b bytes.Buffer
	b.WriteString("# Whose identifiers are whose, as far as the capture shows it. What is proven to be one network is one tenant.\n")
	b.WriteString("# Give tenants their names, and join those that are one. See pktscope help tenants.\n")
	b.WriteString("tenants:\n")
	n := 0
	for i := range w.tenants {
		d := &w.tenants[i]
		if !slices.ContainsFunc(d.entries, func(e entryDraft) bool { return !e.left }) {
			for _, e := range d.entries {
				fmt.Fprintf(&b, "  # %s\n", strings.TrimRight(e.text+"  "+e.comment, " "))
			}
			continue
		}
		n++
		fmt.Fprintf(&b, "  # %s\n  tenant-%d:\n", d.comment(), n)
		for _, e := range d.entries {
			line := "    - " + e.text
			if e.left {
				line = "    # " + e.text
			}
			if e.comment != "" {
				line += "  # " + e.comment
			}
			b.WriteString(line + "\n")
		}
	}
	if n == 0 {
		b.WriteString("  # There are none.\n")
	}
	return b.Bytes()
}

func (d *tenantDraft) comment() string {
	text := thousands(int64(d.packets)) + " packets"
	if d.flows > 0 {
		text += ", " + thousands(int64(d.flows)) + " flows"
	}
	var addresses []string
	for _, a := range d.addresses {
		addresses = append(addresses, a.String())
	}
	switch {
	case len(addresses) == 0:
		return text
	case d.more:
		return text + ": " + strings.Join(addresses, ", ") + " … in " + strings.Join(d.prefixes.few(), ", ")
	}
	return text + ": " + strings.Join(addresses, ", ")
}
