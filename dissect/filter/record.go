package filter

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"pktscope/dissect"
	"pktscope/internal/mistake"
)

// Records are a kind of thing other than packets that conditions in the same language can be about, with R for each of them: a flow.
type Records[R any] struct {
	fields map[string]*RecordField[R]
	names  []string
	words  vocabulary
}

// A RecordField is something that a record has a name for.
type RecordField[R any] struct {
	Name string
	Kind RecordKind
	Doc  string
	Enum dissect.Names // names of numbers
	Read func(r R, to *Values)
}

// RecordKind is what the values of a field are.
type RecordKind uint8

const (
	Number  RecordKind = iota // unsigned
	Seconds                   // how long something took, in nanoseconds; conditions have seconds
	Time                      // when something was, in nanoseconds since the Unix epoch; conditions have seconds
	Boolean                   // its name alone asks whether it is true
	Address                   // IPv4 or IPv6
	Text
)

var recordKinds = [...]struct {
	typ  typ
	kind dissect.Kind
}{{number, dissect.Dec}, {seconds, dissect.Seconds}, {seconds, dissect.Seconds}, {boolean, dissect.Bool}, {address, dissect.Bytes}, {text, dissect.Text}}

// Values are those that a field has in one record; there may be none, or several.
type Values struct {
	list []value
	text []byte
}

// Number adds a number, or a time in nanoseconds.
func (v *Values) Number(n uint64) { v.list = append(v.list, value{num: n}) }

// Boolean adds a yes or no.
func (v *Values) Boolean(yes bool) {
	n := uint64(0)
	if yes {
		n = 1
	}
	v.Number(n)
}

// Text adds a text; none if it is empty.
func (v *Values) Text(s string) {
	if s == "" {
		return
	}
	start := len(v.text)
	v.text = append(v.text, s...)
	v.list = append(v.list, value{raw: v.text[start:len(v.text):len(v.text)]})
}

// Address adds an address; none if a is none.
func (v *Values) Address(a netip.Addr) {
	if !a.IsValid() {
		return
	}
	start := len(v.text)
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		v.text = append(v.text, b[:]...)
	} else {
		b := a.As16()
		v.text = append(v.text, b[:]...)
	}
	v.list = append(v.list, value{num: uint64(a.BitLen()), raw: v.text[start:len(v.text):len(v.text)]})
}

func (v *Values) reset() { v.list, v.text = v.list[:0], v.text[:0] }

// NewRecords returns the records that have these fields. What is how a message calls what is none: "a field of flows".
func NewRecords[R any](what string, fields []RecordField[R]) *Records[R] {
	s := &Records[R]{fields: map[string]*RecordField[R]{}}
	for i := range fields {
		s.fields[fields[i].Name] = &fields[i]
		s.names = append(s.names, fields[i].Name)
	}
	s.words = vocabulary{what: what, names: s.all, find: s.find}
	return s
}

func (s *Records[R]) all() iter.Seq[string] { return slices.Values(s.names) }

func (s *Records[R]) find(r *reference, name string) bool {
	f := s.fields[name]
	if f == nil {
		return false
	}
	k := recordKinds[f.Kind]
	r.typ = k.typ
	r.fields = []*dissect.Field{{Name: f.Name, Kind: k.kind, Enum: f.Enum}}
	return true
}

func (s *Records[R]) source(n *reference) source[R] {
	f, v := s.fields[n.fields[0].Name], new(Values)
	return func(r R) []value {
		v.reset()
		f.Read(r, v)
		return v.list
	}
}

// exists reads what a boolean says: that a flow "has" one would be right of every flow.
func (s *Records[R]) exists(n *reference) test[R] {
	if n.typ != boolean {
		return nil
	}
	values := s.source(n)
	return func(r R) bool {
		return slices.ContainsFunc(values(r), func(v value) bool { return v.num != 0 })
	}
}

func (s *Records[R]) rows(operand) (func([]interval, bool) test[R], bool) { return nil, false }

func (s *Records[R]) slicedRows(operand, int) (func([]interval, bool) test[R], bool) {
	return nil, false
}

// Condition is a compiled condition on records. It has memory to work in, so that it serves one goroutine at a time.
type Condition[R any] struct {
	text  string
	match test[R]
}

// Compile makes a condition of its text. Every record meets that of white space only. An error is an [*Error].
func (s *Records[R]) Compile(text string) (*Condition[R], error) {
	c := &Condition[R]{text: text}
	err := mistake.Catch(text, func() { c.match = (&compiler[R]{s}).condition(parse(text, &s.words)) })
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Match tells whether r meets the condition.
func (c *Condition[R]) Match(r R) bool { return c.match(r) }

// String returns the condition's text.
func (c *Condition[R]) String() string { return c.text }

// Fields yields all fields, in their order.
func (s *Records[R]) Fields() iter.Seq[*RecordField[R]] {
	return func(yield func(*RecordField[R]) bool) {
		for _, name := range s.names {
			if !yield(s.fields[name]) {
				return
			}
		}
	}
}

// Find returns the field of that name, or an error that suggests one.
func (s *Records[R]) Find(name string) (*RecordField[R], error) {
	if f := s.fields[name]; f != nil {
		return f, nil
	}
	if near := s.words.suggest(name); near != "" {
		return nil, fmt.Errorf("%s is not %s; did you mean %s?", mistake.Quote(name), s.words.what, near)
	}
	return nil, fmt.Errorf("%s is not %s; there are %s", mistake.Quote(name), s.words.what, strings.Join(s.names, ", "))
}
