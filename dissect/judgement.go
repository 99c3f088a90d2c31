package dissect

// What pktscope itself thinks of a layer. These fields belong to no protocol on the wire; every layer may have them.
var judgement = Protocol{
	Name:    "pktscope",
	Title:   "pktscope's own judgement",
	Fields:  []*Field{fieldVerdict, fieldFlippedBit, fieldAnomaly, fieldGuessed, fieldPartial, fieldStop, fieldSegment, fieldTenant},
	Dissect: func(*Decoder, []byte) ID { return none },
}

var (
	fieldVerdict = &Field{Name: "pktscope.checksum.verdict", Kind: Text,
		Doc: "good, bad, absent, illegal, offload (only the pseudo-header is summed) or unverifiable (cut off, or a fragment)"}
	fieldFlippedBit = &Field{Name: "pktscope.checksum.flipped_bit", Bits: 8,
		Doc: "one flipped bit explains the bad sum: its place in the 16-bit word in network order, 0 is the least significant"}
	fieldAnomaly = &Field{Name: "pktscope.anomaly", Kind: Text, Doc: "what is odd about the layer; pktscope fields lists the names"}
	fieldGuessed = &Field{Name: "pktscope.guessed", Bits: 1, Kind: Bool, Doc: "no field named this protocol; its bytes looked like it"}
	fieldPartial = &Field{Name: "pktscope.partial", Bits: 1, Kind: Bool, Doc: "the header is cut short"}
	fieldStop    = &Field{Name: "pktscope.stop", Kind: Text, Doc: "where and why decoding ended before every byte had a meaning"}

	fieldSegment = &Field{Name: "pktscope.segment", Kind: Text, Doc: "identifiers around the innermost header, as vlan 100 / vxlan 5001, or untagged"}
	fieldTenant  = &Field{Name: "pktscope.tenant", Kind: Text, Doc: "whose the packet is: its tenant in the file of --tenants, and behind it a segment of the tenant's own"}
)

// judgements yields what every layer may have.
func (w *Walker) judgements() {
	l := w.Layer
	if l.Verdict != VerdictNone {
		if status := protocols[l.Protocol].Status; status != nil {
			w.Num(status, 0, 0, l.Verdict.Status())
		}
		w.Text(fieldVerdict, l.Verdict.String())
		if l.Verdict == Bad && w.Wants(fieldFlippedBit) {
			if bit, ok := protocols[l.Protocol].Verify(w.Packet, w.Index).FlippedBit(); ok {
				w.Num(fieldFlippedBit, 0, 0, uint64(bit))
			}
		}
	}
	for _, a := range w.Packet.Anomalies {
		if int(a.Layer) == w.Index {
			w.Text(fieldAnomaly, a.Kind.String())
		}
	}
	if l.Flags&Guessed != 0 {
		w.Num(fieldGuessed, 0, 0, 1)
	}
	if l.Flags&Partial != 0 {
		w.Num(fieldPartial, 0, 0, 1)
	}
	if p := w.Packet; p.Segment != "" && w.Index == len(p.Layers)-1 {
		w.Text(fieldSegment, p.Segment)
		if p.Tenant != "" {
			w.Text(fieldTenant, p.Tenant)
		}
	}
	if s := &w.Packet.Stop; s.Reason != StopNone && w.Index == len(w.Packet.Layers)-1 && w.Wants(fieldStop) {
		w.Text(fieldStop, s.String())
	}
}
