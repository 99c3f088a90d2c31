package reports

import (
	"pktscope/dissect/filter"
	"pktscope/flows"
)

// FlowCondition is what --where asks of flows, in the language of -Y.
type FlowCondition = filter.Condition[*flows.Flow]

// CompileFlowCondition compiles a condition. The fields that it may name are those of [flows.Fields]; durations and times are in seconds,
// links are the names of their kinds. An error is a [*filter.Error].
func CompileFlowCondition(text string) (*FlowCondition, error) { return flowRecords.Compile(text) }

var flowRecords = newFlowRecords()

func newFlowRecords() *filter.Records[*flows.Flow] {
	kinds := map[flows.ValueKind]filter.RecordKind{flows.KindNumber: filter.Number, flows.KindNumbers: filter.Number, flows.KindDuration: filter.Seconds,
		flows.KindTime: filter.Seconds, flows.KindBool: filter.Boolean, flows.KindText: filter.Text, flows.KindLinks: filter.Text, flows.KindAddress: filter.Address}
	var fields []filter.RecordField[*flows.Flow]
	for _, f := range flows.Fields() {
		fields = append(fields, filter.RecordField[*flows.Flow]{Name: f.Name, Kind: kinds[f.Kind], Doc: f.Doc, Read: func(flow *flows.Flow, to *filter.Values) {
			readFlowField(f.Value(flow), to)
		}})
	}
	return filter.NewRecords("a field of flows", fields)
}

// readFlowField adds what v has to the values that a condition sees; nothing if it is absent.
func readFlowField(v flows.Value, to *filter.Values) {
	switch v.Kind {
	case flows.KindNumber, flows.KindDuration, flows.KindTime:
		to.Number(uint64(v.Number))
	case flows.KindNumbers:
		for _, n := range v.Numbers {
			to.Number(uint64(n))
		}
	case flows.KindBool:
		to.Boolean(v.Number != 0)
	case flows.KindText:
		to.Text(v.Text)
	case flows.KindAddress:
		to.Address(v.Address)
	case flows.KindLinks:
		for _, l := range v.Links {
			to.Text(l.Kind.String())
		}
	}
}
