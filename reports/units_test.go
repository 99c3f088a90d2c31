package reports

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestScaled(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		want string
	}{
		{0, "0 B"}, {1, "1 B"}, {999, "999 B"}, {1000, "1.00 kB"}, {1004, "1.00 kB"}, {1005, "1.01 kB"},
		{9994, "9.99 kB"}, {9995, "10.0 kB"}, {9999, "10.0 kB"}, {99_949, "99.9 kB"}, {99_950, "100 kB"},
		{999_499, "999 kB"}, {999_500, "1.00 MB"}, {999_999, "1.00 MB"}, {1_234_567_890, "1.23 GB"},
		{-1_500, "-1.50 kB"}, {math.MaxInt64, "9.22 EB"}, {math.MinInt64, "-9.22 EB"},
	} {
		if got := scaled(tt.n, byteUnits); got != tt.want {
			t.Errorf("%d is %q, want %q", tt.n, got, tt.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		want string
	}{
		{0, "0 ns"}, {999, "999 ns"}, {12_345, "12.3 µs"}, {12_345_678, "12.3 ms"}, {999_999_999, "1.00 s"},
		{1_234_567_890, "1.234 s"}, {59_999_999_999, "59.999 s"}, {60e9, "1m00s"}, {3599e9, "59m59s"}, {3600e9, "1h00m00s"},
		{86399e9, "23h59m59s"}, {86400e9, "1d00h00m"}, {-1_500_000_000, "-1.500 s"}, {math.MaxInt64, "106751d23h47m"},
	} {
		if got := Duration(tt.n); got != tt.want {
			t.Errorf("%d ns is %q, want %q", tt.n, got, tt.want)
		}
	}
}

func TestPerSecond(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		want string
	}{
		{0, "0/s"}, {1, "0.001/s"}, {250, "0.25/s"}, {12_345, "12.3/s"}, {99_960, "100/s"}, {100_499, "100/s"}, {1_234_567_890, "1,234,568/s"},
	} {
		if got := perSecond(tt.n); got != tt.want {
			t.Errorf("%d thousandths are %q, want %q", tt.n, got, tt.want)
		}
	}
}

func TestMulDiv(t *testing.T) {
	for range 10_000 {
		a, b, c := rand.Uint64()>>rand.IntN(64), rand.Uint64()>>rand.IntN(64), rand.Uint64()>>rand.IntN(64)|1
		want := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
		want.Add(want, new(big.Int).SetUint64(c/2)).Div(want, new(big.Int).SetUint64(c))
		if !want.IsUint64() {
			want.SetUint64(math.MaxUint64)
		}
		if got := mulDiv(a, b, c); got != want.Uint64() {
			t.Fatalf("%d*%d/%d is %d, want %d", a, b, c, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"plain", "日本語", "\x1b[2J", "a\xffb", "\u202egnp", "�", "a\nb", `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Printable(s)
		if again := Printable(got); again != got {
			t.Errorf("%q became %q, which is not printable", s, got)
		}
		if len(got) < len(s) {
			t.Errorf("%q lost something: %q", s, got)
		}
	})
}
