package flows_test

import (
	"fmt"
	"slices"
	"testing"

	"pktscope/flows"
)

// Of many flows the first in the order are kept, whatever order they come in; those without a field come last in both directions.
func TestTop(t *testing.T) {
	var all []flows.Flow
	for i := range 20 {
		f := flows.Flow{ID: uint32(i + 1), Segment: &flows.Segment{}}
		f.Directions[0].Bytes = uint64(i * 7 % 10)
		if i%3 == 0 {
			f.DNS = &flows.DNSLabel{Queries: uint32(i)}
		}
		all = append(all, f)
	}
	for _, test := range []struct {
		order string
		limit int
		want  string
	}{
		{"bytes", 3, "[8 18 5]"},
		{"-bytes", 3, "[1 11 4]"},
		{"bytes,id", 3, "[18 8 15]"},
		{"dns.queries", 8, "[19 16 13 10 7 4 1 2]"},
		{"-dns.queries", 8, "[1 4 7 10 13 16 19 2]"},
		{"", 4, "[1 2 3 4]"},
		{"-id", 100, "[1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20]"},
	} {
		for _, backwards := range []bool{false, true} {
			top := flows.Top[uint32]{Limit: test.limit}
			if test.order != "" {
				order, err := flows.Records.Order(test.order)
				if err != nil {
					t.Fatal(err)
				}
				top.Order = order
			}
			input := slices.Clone(all)
			if backwards {
				slices.Reverse(input)
			}
			for i := range input {
				top.Add(&input[i], func() uint32 { return input[i].ID })
			}
			if got := fmt.Sprint(top.Sorted()); got != test.want || top.More != uint64(max(0, 20-test.limit)) {
				t.Errorf("%s: got %s and %d more, want %s", test.order, got, top.More, test.want)
			}
		}
	}
}
