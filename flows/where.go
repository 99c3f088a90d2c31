package flows

import "pktscope/dissect/filter"

// Records compiles conditions on flows and orders of them, in the language of filters. They know all [Fields]; durations and times are
// in seconds there, and links are the names of their kinds.
var Records = filter.NewRecords("a field of flows", records())

var recordKinds = [...]filter.RecordKind{KindNumber: filter.Number, KindDuration: filter.Seconds, KindTime: filter.Time, KindBool: filter.Boolean,
	KindText: filter.Text, KindName: filter.Number, KindAddress: filter.Address, KindNumbers: filter.Number, KindLinks: filter.Text}

func records() (all []filter.RecordField[*Flow]) {
	for i := range fields {
		d := &fields[i]
		all = append(all, filter.RecordField[*Flow]{Name: d.Name, Kind: recordKinds[d.Kind], Doc: d.Doc, Enum: d.Enum(), Read: func(f *Flow, to *filter.Values) {
			v := d.value(f)
			v.read(to)
		}})
	}
	return append(all, shortFields...)
}

// read adds what v has to the values that a condition sees; nothing if it is absent.
func (v *Value) read(to *filter.Values) {
	switch v.Kind {
	case KindNumber, KindName, KindDuration, KindTime:
		to.Number(uint64(v.Number))
	case KindNumbers:
		for _, n := range v.Numbers {
			to.Number(uint64(n))
		}
	case KindBool:
		to.Boolean(v.Number != 0)
	case KindText:
		to.Text(v.Text)
	case KindAddress:
		to.Address(v.Address)
	case KindLinks:
		for i := range v.Links {
			to.Text(v.Links[i].Kind.String())
		}
	}
}

// shortFields are for conditions only: they have the names that display filters have for addresses and ports of packets, or say in a word
// what other fields say.
var shortFields = []filter.RecordField[*Flow]{
	{Name: "ip.addr", Kind: filter.Address, Doc: "either address", Read: func(f *Flow, v *filter.Values) {
		v.Address(f.Source())
		v.Address(f.Destination())
	}},
	{Name: "ip.src", Kind: filter.Address, Doc: "orig.src", Read: func(f *Flow, v *filter.Values) { v.Address(f.Source()) }},
	{Name: "ip.dst", Kind: filter.Address, Doc: "orig.dst", Read: func(f *Flow, v *filter.Values) { v.Address(f.Destination()) }},
	{Name: "port", Doc: "either port", Read: func(f *Flow, v *filter.Values) { f.ports(v) }},
	{Name: "tcp.port", Doc: "either port, of TCP", Read: portsOf(protocolTCP)},
	{Name: "udp.port", Doc: "either port, of UDP", Read: portsOf(protocolUDP)},
	{Name: "sctp.port", Doc: "either port, of SCTP", Read: portsOf(protocolSCTP)},
	{Name: "label", Kind: filter.Text, Doc: "server name of TLS, or name in the first question to DNS", Read: func(f *Flow, v *filter.Values) {
		if f.TLS != nil && f.TLS.ServerName != "" {
			v.Text(f.TLS.ServerName)
		}
		if f.DNS != nil && f.DNS.Name != "" {
			v.Text(f.DNS.Name)
		}
	}},
}

func (f *Flow) ports(v *filter.Values) {
	if f.HasPorts() {
		v.Number(uint64(f.Sport))
		v.Number(uint64(f.Dport))
	}
}

func portsOf(protocol uint8) func(*Flow, *filter.Values) {
	return func(f *Flow, v *filter.Values) {
		if f.Protocol == protocol {
			f.ports(v)
		}
	}
}
