package dissect

// Anomaly is something odd in a packet that is no reason to stop decoding it. Its names are stable: reports count by them and
// filters ask for them (pktscope.anomaly == "length-exceeds-frame").
type Anomaly uint8

// AnomalyAt is an anomaly and the layer that has it.
type AnomalyAt struct {
	Kind  Anomaly
	Layer int16
}

const (
	LengthExceedsFrame Anomaly = iota // a length field reaches beyond what encloses it
	TooDeep                           // more than MaxDepth layers
	TooManyMessages                   // more than MaxMessages siblings
	InvalidVNI                        // the flag that makes a VNI valid is not set
	InvalidCoverage                   // a checksum covers what it cannot
	FragmentOverlap                   // a fragment overlaps another one of its datagram
	FragmentTooLong                   // a fragment reaches beyond 65,535 bytes
	MayBeNVGRE                        // keys of GRE vary in their last eight bits only
	numAnomalies
	noAnomaly = numAnomalies
)

var anomalies = [numAnomalies]struct{ name, doc string }{
	LengthExceedsFrame: {"length-exceeds-frame", "a length field reaches beyond the layer that encloses it"},
	TooDeep:            {"too-deep", "more than 32 layers"},
	InvalidVNI:         {"invalid-vni", "a VXLAN header whose I flag is not set: its VNI means nothing"},
	InvalidCoverage:    {"invalid-coverage", "a UDP-Lite checksum covers less than the header, or more than there is: receivers discard the packet"},
	FragmentOverlap:    {"fragment-overlap", "a fragment overlaps another one of its datagram with other bytes or bounds, or the two disagree on the datagram's length"},
	FragmentTooLong:    {"fragment-too-long", "a fragment reaches beyond 65,535 bytes of its datagram"},
	MayBeNVGRE:         {"may-be-nvgre", "keys of GRE differ in their last 8 bits only, as if they were VSID and FlowID of NVGRE (--gre-key nvgre); once a VSID"},
	TooManyMessages:    {"too-many-messages", "more than 256 messages in one packet"},
}

// String returns the stable name.
func (a Anomaly) String() string { return anomalies[a].name }

// Doc says what the anomaly means.
func (a Anomaly) Doc() string { return anomalies[a].doc }

// Anomalies returns every kind there is.
func Anomalies() []Anomaly {
	all := make([]Anomaly, numAnomalies)
	for i := range all {
		all[i] = Anomaly(i)
	}
	return all
}
