package flows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"pktscope/dissect"
)

// ParseTenants reads the text of a file; see [ReadTenants].
func ParseTenants(file string, text []byte) (*Tenants, error) {
	p := tenantsParser{file: file, tenants: &Tenants{ends: map[[2]netip.Addr]uint32{}}, prefixLines: map[netip.Prefix]int{}}
	root, err := p.document(text)
	if err == nil {
		err = p.root(root)
	}
	if err == nil {
		p.tenants.index = newPointIndex(p.tenants.rules)
		err = p.conflicts()
	}
	if err != nil {
		return nil, err
	}
	p.tenants.prefixes.sort()
	return p.tenants, nil
}

// tenantsParser turns the nodes of a YAML document into rules. YAML's own types of values are not asked for: 200.10 is two tags, and no
// number.
type tenantsParser struct {
	file        string
	tenants     *Tenants
	prefixLines map[netip.Prefix]int
}

// fail makes an error with its place.
func (p *tenantsParser) fail(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, max(1, line), fmt.Sprintf(format, args...))
}

// document returns the node of the document's content.
func (p *tenantsParser) document(text []byte) (*yaml.Node, error) {
	if len(text) > maxTenantsFile {
		return nil, fmt.Errorf("%s: longer than %d MiB", p.file, maxTenantsFile>>20)
	}
	if i := noText(text); i >= 0 {
		return nil, p.fail(1+bytes.Count(text[:i], []byte{'\n'}), "no text in UTF-8")
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var doc, second yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF):
		return nil, p.fail(1, "no tenants are in it")
	case err != nil:
		return nil, p.syntax(err)
	case len(doc.Content) == 0 || isNull(doc.Content[0]):
		return nil, p.fail(1, "no tenants are in it")
	}
	if err := loader.Load(&second); err == nil {
		return nil, p.fail(second.Line, "a second document begins; there can be one in a file")
	} else if !errors.Is(err, io.EOF) {
		return nil, p.syntax(err)
	}
	return doc.Content[0], nil
}

// noText returns where something stands that can be in no text, -1 if nothing does.
func noText(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return i
		}
		i += n
	}
	return -1
}

// syntax makes one line of what the library says about a text that is no YAML. Of quotes that are not closed it says where the text ends;
// where they open is more use.
func (p *tenantsParser) syntax(err error) error {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return p.fail(1, "%s", strings.Join(strings.Fields(err.Error()), " "))
	}
	line := e.Mark.Line
	if e.ContextMark.Line > 0 && strings.Contains(e.Message, "end of stream") {
		line = e.ContextMark.Line
	}
	return p.fail(line, "%s", strings.Join(strings.Fields(e.Message), " "))
}

// kindOf says in a message what a node is.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case isNull(n):
		return "nothing"
	}
	return show(n.Value)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// wrong is the error for a node of another kind than should stand there.
func (p *tenantsParser) wrong(n *yaml.Node, wanted string) error {
	if n.Kind == yaml.AliasNode {
		return p.fail(n.Line, "aliases are not followed; write out what *%s stands for", show(n.Value))
	}
	return p.fail(n.Line, "%s should stand here, not %s", wanted, kindOf(n))
}

// pairs calls f for the keys and values of a mapping. No key may stand twice: what is one of what the keys are.
func (p *tenantsParser) pairs(n *yaml.Node, what string, f func(key, value *yaml.Node) error) error {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || isNull(key) {
			return p.wrong(key, what)
		}
		if line := lines[key.Value]; line != 0 {
			return p.fail(key.Line, "%s stands on line %d already", show(key.Value), line)
		}
		lines[key.Value] = key.Line
		if err := f(key, value); err != nil {
			return err
		}
	}
	return nil
}

// unknown is the error for a key that there is not.
func (p *tenantsParser) unknown(key *yaml.Node, names ...string) error {
	if near := dissect.Nearest(key.Value, slices.Values(names)); near != "" {
		return p.fail(key.Line, "%s is not a key; did you mean %s?", show(key.Value), near)
	}
	return p.fail(key.Line, "%s is not a key here; there are %s", show(key.Value), strings.Join(names, ", "))
}

func (p *tenantsParser) root(n *yaml.Node) error {
	const tenants = "tenants"
	if n.Kind != yaml.MappingNode {
		return p.wrong(n, "tenants:")
	}
	err := p.pairs(n, "tenants:", func(key, value *yaml.Node) error {
		if key.Value != tenants {
			if near := dissect.Nearest(key.Value, slices.Values([]string{tenants})); near == "" {
				return p.fail(key.Line, "%s is not a key here; names of tenants stand below %s:", show(key.Value), tenants)
			}
			return p.unknown(key, tenants)
		}
		if value.Kind != yaml.MappingNode {
			return p.wrong(value, "names of tenants")
		}
		return p.pairs(value, "the name of a tenant", p.tenant)
	})
	if err == nil && len(p.tenants.names) == 0 {
		return p.fail(n.Line, "no tenants are in it")
	}
	return err
}

// tenant reads the entries of one.
func (p *tenantsParser) tenant(key, value *yaml.Node) error {
	name := key.Value
	if name == "" || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return p.fail(key.Line, "%s is no name for a tenant", show(name))
	}
	if strings.Contains(name, " / ") {
		return p.fail(key.Line, "%s is no name for a tenant: a slash between spaces is what separates segments", show(name))
	}
	p.tenants.names = append(p.tenants.names, name)
	switch {
	case value.Kind != yaml.SequenceNode && !isNull(value):
		return p.wrong(value, "a list of entries, each with a hyphen,")
	case len(value.Content) == 0:
		return p.fail(value.Line, "tenant %s has no entries", show(name))
	}
	for _, entry := range value.Content {
		if err := p.entry(entry); err != nil {
			return err
		}
	}
	return nil
}

// entry reads one entry of the last tenant.
func (p *tenantsParser) entry(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return p.wrong(n, "a key and its value, as vni: 5001,")
	}
	r := &rule{tenant: tenantID(len(p.tenants.names)), line: n.Line}
	var prefixes []*yaml.Node
	var numbered []pattern // of interfaces
	err := p.pairs(n, "a key", func(key, value *yaml.Node) (err error) {
		switch key.Value {
		case prefixesName:
			if len(n.Content) > 2 {
				return p.fail(key.Line, "prefixes name what no identifier names, and stand in an entry of their own")
			}
			prefixes, err = p.scalars(key, value)
			return err
		case fileName:
			return p.each(key, value, func(text string) error {
				r.files = append(r.files, text)
				return checkFile(text)
			})
		case interfaceKey.name:
			return p.each(key, value, func(text string) error {
				if n, ok := interfacePattern(text); ok {
					numbered = append(numbered, n.at(value.Line))
				} else if r.interfaces = append(r.interfaces, text); text == "" {
					return fmt.Errorf("an interface without a name is told by its number in the capture: \"#0\"")
				}
				return nil
			})
		case endpointsKey.name:
			c, err := p.endpoints(key, value)
			r.conditions = append(r.conditions, c)
			return err
		}
		i := slices.IndexFunc(numberedKeys, func(k *tenantKey) bool { return k.name == key.Value })
		if i < 0 {
			return p.unknown(key, tenantKeys...)
		}
		c := condition{key: numberedKeys[i]}
		values, err := p.scalars(key, value)
		for _, v := range values {
			n, err := c.key.pattern(v.Value)
			if err != nil {
				return p.fail(v.Line, "%v", err)
			}
			c.patterns = append(c.patterns, n.at(v.Line))
		}
		r.conditions = append(r.conditions, c)
		return err
	})
	switch {
	case err != nil:
		return err
	case prefixes != nil:
		return p.prefixes(r.tenant, prefixes)
	}
	for _, r := range r.split(numbered) {
		r.order = len(p.tenants.rules)
		p.tenants.rules = append(p.tenants.rules, r)
	}
	return nil
}

// at is the pattern with its place.
func (n pattern) at(line int) pattern {
	n.line = line
	return n
}

// split returns the rules that an entry comes to. Interfaces that are numbered are identifiers, those with names are not; and where there is
// no tag, there is nothing in the path to be the innermost.
func (r *rule) split(numbered []pattern) []*rule {
	rules := []*rule{r}
	if numbered != nil {
		byNumber := *r
		byNumber.interfaces = nil
		byNumber.conditions = append([]condition{{interfaceKey, numbered}}, r.conditions...)
		if r.interfaces == nil {
			rules = nil
		}
		rules = append(rules, &byNumber)
	}
	for _, r := range rules {
		i := slices.IndexFunc(r.conditions, func(c condition) bool { return c.key.shape == tagStack })
		if i < 0 {
			continue
		}
		c := &r.conditions[i]
		without := slices.IndexFunc(c.patterns, func(n pattern) bool { return len(n.steps) == 0 })
		if without < 0 || len(c.patterns) == 1 {
			continue
		}
		untagged := *r
		untagged.conditions = slices.Clone(r.conditions)
		untagged.conditions[i].patterns = c.patterns[without : without+1]
		r.conditions = slices.Clone(r.conditions)
		r.conditions[i].patterns = slices.DeleteFunc(slices.Clone(c.patterns), func(n pattern) bool { return len(n.steps) == 0 })
		rules = append(rules, &untagged)
	}
	return rules
}

// scalars returns the values of a key: one, or those of a list.
func (p *tenantsParser) scalars(key, value *yaml.Node) ([]*yaml.Node, error) {
	values := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		values = value.Content
	}
	if len(values) == 0 || isNull(value) {
		hint := ""
		if key.Value == interfaceKey.name {
			hint = "; one that begins with # needs quotes"
		}
		return nil, p.fail(value.Line, "%s has no value%s", key.Value, hint)
	}
	for _, v := range values {
		if v.Kind != yaml.ScalarNode || isNull(v) {
			return nil, p.wrong(v, "a value of "+key.Value)
		}
	}
	return values, nil
}

// each calls f with the texts of the values of a key.
func (p *tenantsParser) each(key, value *yaml.Node, f func(text string) error) error {
	values, err := p.scalars(key, value)
	for _, v := range values {
		if err := f(v.Value); err != nil {
			return p.fail(v.Line, "%v", err)
		}
	}
	return err
}

// endpoints reads one pair of ends, or a list of pairs, and gives each pair its number.
func (p *tenantsParser) endpoints(key, value *yaml.Node) (c condition, err error) {
	if value.Kind != yaml.SequenceNode {
		return c, p.wrong(value, "a list of a tunnel's two ends")
	}
	pairs := []*yaml.Node{value}
	if len(value.Content) > 0 && value.Content[0].Kind == yaml.SequenceNode {
		pairs = value.Content
	}
	c.key = endpointsKey
	for _, pair := range pairs {
		if pair.Kind != yaml.SequenceNode {
			return c, p.wrong(pair, "a list of a tunnel's two ends")
		}
		nodes, err := p.scalars(key, pair)
		if err != nil {
			return c, err
		}
		var texts []string
		for _, n := range nodes {
			texts = append(texts, n.Value)
		}
		ends, err := parseEnds(texts)
		if err != nil {
			return c, p.fail(pair.Line, "%v", err)
		}
		number := p.tenants.ends[ends]
		if number == 0 {
			number = uint32(len(p.tenants.ends) + 1)
			p.tenants.ends[ends] = number
		}
		text := ends[0].String() + "~" + ends[1].String()
		c.patterns = append(c.patterns, pattern{line: pair.Line, text: text, steps: []step{endpointsKey.step(number, number)}})
	}
	return c, nil
}

// prefixes reads those of a tenant. Of prefixes that lie in each other the longest decides, so that only the same prefix is two tenants'.
func (p *tenantsParser) prefixes(tenant tenantID, nodes []*yaml.Node) error {
	for _, n := range nodes {
		prefix, err := parsePrefix(n.Value)
		if err != nil {
			return p.fail(n.Line, "%v", err)
		}
		if other := p.tenants.prefixes.all[prefix]; other != 0 && other != tenant {
			return p.twoTenants(n.Line, "prefix "+prefix.String(), other, p.prefixLines[prefix], tenant, "")
		}
		p.tenants.prefixes.add(prefix, tenant)
		p.prefixLines[prefix] = n.Line
	}
	return nil
}

// twoTenants is the error for something that is named twice.
func (p *tenantsParser) twoTenants(line int, what string, other tenantID, otherLine int, tenant tenantID, hint string) error {
	t := p.tenants
	return p.fail(line, "%s is in two tenants, %s (line %d) and %s%s", what, show(t.name(other)), otherLine, show(t.name(tenant)), hint)
}
