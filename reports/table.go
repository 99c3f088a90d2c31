package reports

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// Kind says what the values of a column are, and so how they print: JSON and CSV keep the exact value in the unit
// given here, text uses human units.
type Kind uint8

const (
	KindText       Kind = iota // anything else, as it is
	KindAddress                // a MAC or IP address; never cut on a narrow terminal
	KindBool                   // yes or no
	KindNumber                 // an identifier: a VLAN, a port; never grouped in thousands
	KindCount                  // how many
	KindDistinct               // how many different ones; past a limit an estimate
	KindMean                   // the mean of some numbers; cells hold thousandths
	KindPercentile             // of some numbers; an estimate where they are large
	KindBytes                  // bytes
	KindSize                   // bytes of one packet: text, too, shows each
	KindBitRate                // bits a second
	KindPacketRate             // packets a second; cells hold thousandths
	KindShare                  // a part of a whole, 0 to 1; cells hold millionths
	KindTime                   // nanoseconds since 1970, UTC
	KindDuration               // nanoseconds
	KindList                   // several texts
	KindNumbers                // several numbers, as decimal texts
	KindPath                   // a place in a tree, as the names from the root down
)

// kinds holds what the renderers have to know of each Kind.
var kinds = [...]struct {
	name, unit string
	right      bool // aligned right in text
	cuttable   bool // may lose its end on a narrow terminal
	estimated  bool // cells may be approximate
}{
	KindText:       {name: "text", cuttable: true},
	KindAddress:    {name: "address"},
	KindBool:       {name: "bool"},
	KindNumber:     {name: "number", right: true},
	KindCount:      {name: "count", right: true},
	KindDistinct:   {name: "distinct", right: true, estimated: true},
	KindMean:       {name: "mean", right: true},
	KindPercentile: {name: "percentile", right: true, estimated: true},
	KindBytes:      {name: "bytes", unit: "B", right: true},
	KindSize:       {name: "size", unit: "B", right: true},
	KindBitRate:    {name: "bit_rate", unit: "bit/s", right: true},
	KindPacketRate: {name: "packet_rate", unit: "1/s", right: true},
	KindShare:      {name: "share", right: true},
	KindTime:       {name: "time"},
	KindDuration:   {name: "duration", unit: "ns", right: true},
	KindList:       {name: "list", cuttable: true},
	KindNumbers:    {name: "numbers", cuttable: true},
	KindPath:       {name: "path", cuttable: true},
}

// String returns the name that JSON gives as a column's type.
func (k Kind) String() string { return kinds[k].name }

// A Column is one column of a [Table]. The names "report" and "approximate" are taken: CSV and JSON have such columns
// and keys of their own.
type Column struct {
	Name  string // stable: the key in JSON and the header in CSV, snake_case or a field's name
	Title string // the header in text; Name where empty
	Kind  Kind

	Detail bool // text leaves it out: it would crowd the screen
	Below  bool // of [Paragraphs]: it has a line of its own
	Once   bool // the same: it is said again only if it differs from that of the row before
}

// A Cell is one value of a table. The zero Cell is absent: "-" in text, null in JSON, empty in CSV.
type Cell struct {
	value       any // nil, int64, bool, string, []string or netip.Addr
	approximate bool
}

// Int returns a cell for every kind that is a number, in the kind's unit. Above 2^63-1 it saturates: a 64-bit
// identifier is a text.
func Int[N ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](n N) Cell {
	if n > 0 && uint64(n) > math.MaxInt64 {
		return Cell{value: int64(math.MaxInt64)}
	}
	return Cell{value: int64(n)}
}

// Estimate returns a cell of [KindDistinct] whose number is not exact: "~1,234" in text.
func Estimate(n uint64) Cell {
	c := Int(n)
	c.approximate = true
	return c
}

// Text returns a cell of [KindText], or of [KindAddress] for an address that is no IP address.
func Text(s string) Cell { return Cell{value: s} }

// Addr returns a cell of [KindAddress]. The zero address is absent.
func Addr(a netip.Addr) Cell {
	if !a.IsValid() {
		return Cell{}
	}
	return Cell{value: a}
}

// Bool returns a cell of [KindBool].
func Bool(b bool) Cell { return Cell{value: b} }

// List returns a cell of [KindList] or [KindNumbers], or of [KindPath] with the names from the root down.
func List(texts ...string) Cell { return Cell{value: texts} }

// Share returns a cell of [KindShare]: part of whole, rounded to a millionth. It is absent when whole is 0.
func Share(part, whole uint64) Cell { return quotient(part, 1e6, whole) }

// BitRate returns a cell of [KindBitRate]: bytes in ns nanoseconds. It is absent when ns is 0.
func BitRate(bytes, ns uint64) Cell { return quotient(bytes, 8e9, ns) }

// PacketRate returns a cell of [KindPacketRate]: packets in ns nanoseconds. It is absent when ns is 0.
func PacketRate(packets, ns uint64) Cell { return quotient(packets, 1e12, ns) }

func quotient(n, scale, by uint64) Cell {
	if by == 0 {
		return Cell{}
	}
	return Int(mulDiv(n, scale, by))
}

// Number returns the value of a cell of a kind that is a number, in its unit; it is not ok if the cell is absent or no number.
func (c Cell) Number() (n int64, ok bool) {
	n, ok = c.value.(int64)
	return n, ok
}

// compare orders present cells before absent ones, and cells of one kind by value.
func (c Cell) compare(d Cell) int {
	if r := cmp.Compare(c.rank(), d.rank()); r != 0 {
		return r
	}
	switch v := c.value.(type) {
	case int64:
		return cmp.Compare(v, d.value.(int64))
	case netip.Addr:
		return v.Compare(d.value.(netip.Addr))
	case string:
		return strings.Compare(v, d.value.(string))
	case []string:
		return slices.Compare(v, d.value.([]string))
	case bool:
		w := d.value.(bool)
		switch {
		case v == w:
			return 0
		case w:
			return -1
		}
		return 1
	}
	return 0
}

func (c Cell) rank() int {
	switch c.value.(type) {
	case int64:
		return 0
	case netip.Addr:
		return 1
	case string:
		return 2
	case []string:
		return 3
	case bool:
		return 4
	}
	return 5
}

// Layout says how a table stands on the screen. It changes nothing in JSON and CSV.
type Layout uint8

const (
	Horizontal Layout = iota // a header and a line for each row
	Vertical                 // a line for each column, name and value: for a summary of one row
	Paragraphs               // some lines for each row: for sentences
)

// A Table is what a report yields.
type Table struct {
	Name    string // stable: the key in JSON
	Title   string // the line above it in text
	Layout  Layout
	Columns []Column
	Rows    [][]Cell // in the order in which they print
	Size    string   // the column of numbers that says which rows are largest; empty where Rows begins with these

	// Quiet says that text leaves the table out while it has nothing to say.
	Quiet bool

	// Within is a column by which the rows are ordered before all else: Top keeps rows for each value in it. Empty for none.
	Within string

	// Other holds what was counted past a limit on the number of groups, in a row whose group columns are absent;
	// nil where nothing was.
	Other []Cell
	// More is the number of rows that Top has cut.
	More int
	// Notes are sentences that qualify the rows.
	Notes []string
}

// Add appends a row. It panics unless there is one cell for each column.
func (t *Table) Add(cells ...Cell) {
	if len(cells) != len(t.Columns) {
		panic(fmt.Sprintf("reports: %d cells for the %d columns of %s", len(cells), len(t.Columns), t.Name))
	}
	t.Rows = append(t.Rows, cells)
}

// Note appends a formatted note.
func (t *Table) Note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// Top keeps the n largest rows in their order and counts the others in More. A negative n keeps all. Of a tree, in which a row
// is as large as all below it together, it keeps a tree.
func (t *Table) Top(n int) {
	if t.Within != "" {
		t.topWithin(n)
		return
	}
	if n < 0 || n >= len(t.Rows) {
		return
	}
	t.More += len(t.Rows) - n
	if t.Size == "" {
		t.Rows = t.Rows[:n:n]
		return
	}
	column := slices.Index(t.names(), t.Size)
	bySize := make([]int, len(t.Rows))
	for i := range bySize {
		bySize[i] = i
	}
	slices.SortStableFunc(bySize, func(i, j int) int {
		return cmp.Compare(t.Rows[j][column].value.(int64), t.Rows[i][column].value.(int64))
	})
	kept := bySize[:n]
	slices.Sort(kept)
	rows := make([][]Cell, n)
	for i, k := range kept {
		rows[i] = t.Rows[k]
	}
	t.Rows = rows
}

// topWithin keeps the first n rows of those that have the same cell in column Within.
func (t *Table) topWithin(n int) {
	column := slices.Index(t.names(), t.Within)
	kept, run := t.Rows[:0], 0
	for i, row := range t.Rows {
		if run++; i == 0 || row[column].compare(t.Rows[i-1][column]) != 0 {
			run = 1
		}
		if n < 0 || run <= n {
			kept = append(kept, row)
		}
	}
	t.More += len(t.Rows) - len(kept)
	t.Rows = kept
}

// Sort orders the rows by the named columns, descending for a name with a "-" before it. Rows that are equal in these
// are ordered by all columns from left to right, so that the order is total and does not depend on the one before.
// Absent cells come last in either direction.
func (t *Table) Sort(by ...string) error {
	type order struct {
		column int
		sign   int
	}
	var orders []order
	for _, name := range by {
		o := order{sign: 1}
		if rest, ok := strings.CutPrefix(name, "-"); ok {
			name, o.sign = rest, -1
		}
		o.column = slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if o.column < 0 {
			return fmt.Errorf("%s has no column %q; it has %s", t.Name, name, strings.Join(t.names(), ", "))
		}
		orders = append(orders, o)
	}
	for i := range t.Columns {
		orders = append(orders, order{i, 1})
	}
	slices.SortFunc(t.Rows, func(a, b []Cell) int {
		for _, o := range orders {
			c, d := a[o.column], b[o.column]
			r := c.compare(d)
			if c.value != nil && d.value != nil {
				r *= o.sign
			}
			if r != 0 {
				return r
			}
		}
		return 0
	})
	return nil
}

// mustSort is Sort by columns that the table is known to have.
func (t *Table) mustSort(by ...string) {
	if err := t.Sort(by...); err != nil {
		panic(err)
	}
}

func (t *Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}
