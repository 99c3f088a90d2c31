package main

import (
	"errors"

	"github.com/spf13/pflag"

	"pktscope/reports"
)

// queueFlags are the flags of the report on queues.
type queueFlags struct{ reports.QueueOptions }

func (o *queueFlags) flags(flags *pflag.FlagSet) {
	flags.Var(whichHeader{&o.Inner}, "tos", "report queues by `WHICH` IP header: outer (the default), or inner")
	flags.Var(numberMap[reports.Priomap]{&o.Priomap, reports.ParsePriomap}, "priomap", "report queues by this `MAP` of 16 priorities to bands")
	flags.Var(numberMap[reports.PCPMap]{&o.PCPMap, reports.ParsePCPMap}, "pcp-map",
		"report queues of frames that are not IPv4 by this `MAP` of 8 PCPs to priorities")
	flags.BoolVar(&o.TrafficClass, "ipv6-tclass", false, "report queues of IPv6 by its traffic class as of IPv4 by its TOS; Linux alone gives it no priority")
	flags.BoolVar(&o.Bridged, "bridged", false, "report queues of frames that are bridged: their TOS gives no priority")
}

// whichHeader is the value of --tos.
type whichHeader struct{ inner *bool }

func (whichHeader) String() string { return "" }
func (whichHeader) Type() string   { return "string" }

func (v whichHeader) Set(s string) error {
	if s != "inner" && s != "outer" {
		return errors.New("there are outer and inner")
	}
	*v.inner = s == "inner"
	return nil
}

// numberMap is the value of a flag that is a list of numbers.
type numberMap[M any] struct {
	to    **M
	parse func(string) (*M, error)
}

func (numberMap[M]) String() string { return "" }
func (numberMap[M]) Type() string   { return "string" }

func (v numberMap[M]) Set(s string) (err error) {
	m, err := v.parse(s)
	if err == nil {
		*v.to = m
	}
	return err
}
