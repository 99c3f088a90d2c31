package main

import (
	"errors"
	"runtime"
	"strconv"

	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/reports"
)

// input is how captures are read: the flags that all commands have which read some.
type input struct {
	dissect dissect.Options
	at      capturing // interfaces to capture at, for commands that can; else packets come from files
	writes  string    // the file that packets go to; empty for none
	capture string    // a capture filter
	filter  string
	count   uint64
	slice   slice
	quiet   bool
	jobs    int
	owner   bool                 // packets say whose they are
	tenants flows.Tenancy        // with these names; nil for none
	see     func(*dissect.Frame) // is shown every frame, in order; nil for nobody
}

// flags adds the flags to those of a command.
func (in *input) flags(set *pflag.FlagSet) {
	in.dissect.Cookie = -1
	set.StringVarP(&in.capture, "capture-filter", "f", "", "only packets that this capture filter `EXPRESSION` means, as tcpdump takes it, as in 'vlan 100 and tcp port 443'; the\nothers are as if they had not been captured; pktscope help capture-filters says more")
	set.StringVarP(&in.filter, "filter", "Y", "", "only packets that this display `FILTER` means, as in 'vxlan.vni == 5001 and tcp'")
	set.Uint64VarP(&in.count, "count", "c", 0, "end after `N` packets, whether the filter means them or not")
	in.slice.flags(set)
	set.IntVarP(&in.jobs, "jobs", "j", 0, "work on `N` processors, 0 for all that there are; the output is the same")
	set.BoolVar(&in.quiet, "quiet", false, "say nothing on standard error but what is wrong")
	set.Var(decodeAs{&in.dissect.DecodeAs}, "decode-as",
		"take a number for another protocol, as in udp.port=9999,vxlan; may be repeated")
	set.Var(greKey{&in.dissect.NVGRE}, "gre-key",
		"read the key of GRE that carries Ethernet as `KIND`: nvgre (VSID and FlowID), or plain")
	set.BoolVar(&in.dissect.NullESP, "esp-null", false,
		"look into ESP whose cipher is NULL, told by what it holds (RFC 5879); what is found is marked as a guess")
	set.Var(cookie{&in.dissect.Cookie}, "l2tp-cookie",
		"L2TPv3 sessions whose setup was not captured have a cookie of `BYTES`: 0, 4 or 8")
}

// read takes the packets of the files to c, which prints what depends on checksums, and on what is in packets, or does not.
func (in *input) read(files []string, checksums, layers bool, c reports.Consumer) error {
	options, err := in.options(checksums)
	if err != nil {
		return err
	}
	options.Undissected = !layers && options.Filter == nil && !options.Owner
	src, err := in.open(files)
	if err != nil {
		return err
	}
	defer src.Close()
	return in.consume(src, options, c, true)
}

func (in *input) options(checksums bool) (reports.Options, error) {
	if err := in.slice.check(); err != nil {
		return reports.Options{}, err
	}
	if in.jobs < 0 {
		return reports.Options{}, errors.New("--jobs takes a number of processors, 0 for all")
	}
	if in.jobs > 0 {
		runtime.GOMAXPROCS(in.jobs)
	}
	o := reports.Options{Dissect: in.dissect, NoChecksums: !checksums, MaximumCount: in.count, Workers: runtime.GOMAXPROCS(0), Owner: in.owner}
	o.Flows.Tenants = in.tenants
	if in.slice.given() || in.see != nil {
		o.Select = in.takes
	}
	if last := in.slice.last(); last != 0 && (in.count == 0 || last < in.count) {
		o.MaximumCount = last
	}
	if in.filter == "" {
		return o, nil
	}
	var err error
	o.Filter, err = filter.Compile(in.filter)
	return o, err
}

// takes tells whether frame f is in the slice, after it was seen.
func (in *input) takes(f *dissect.Frame) bool {
	if in.see != nil {
		in.see(f)
	}
	return in.slice.takes(f)
}

// decodeAs is the value of --decode-as.
type decodeAs struct{ all *[]dissect.DecodeAs }

func (decodeAs) String() string { return "" }
func (decodeAs) Type() string   { return "TABLE=N,PROTOCOL" }

func (v decodeAs) Set(s string) error {
	as, err := dissect.ParseDecodeAs(s)
	if err == nil {
		*v.all = append(*v.all, as)
	}
	return err
}

// greKey is the value of --gre-key.
type greKey struct{ nvgre *bool }

func (greKey) String() string { return "" }
func (greKey) Type() string   { return "string" }

func (v greKey) Set(s string) error {
	if s != "nvgre" && s != "plain" {
		return errors.New("there are nvgre and plain")
	}
	*v.nvgre = s == "nvgre"
	return nil
}

// cookie is the value of --l2tp-cookie.
type cookie struct{ bytes *int }

func (cookie) String() string { return "" }
func (cookie) Type() string   { return "int" }

func (v cookie) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n != 0 && n != 4 && n != 8 {
		return errors.New("a cookie has 0, 4 or 8 bytes (RFC 3931 §4.1.1)")
	}
	*v.bytes = n
	return nil
}
