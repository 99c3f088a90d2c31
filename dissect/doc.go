// Package dissect says what each byte of a frame means.
//
// A [Frame] goes in; a [Packet] comes out: the frame and the list of its [Layer]s. A layer is twenty bytes that say which
// [Protocol] it is, where its header starts and ends, where its payload ends, and what its checksum said. There are no
// structs for headers and nothing is allocated: fields are read from the bytes when somebody asks, either through an accessor
// (VXLAN(h).VNI()) or through the protocol's table of [Field]s, from which the tree, JSON, "-T fields", the filter and the
// documentation are derived as well.
//
// Decoding has two steps. A [Decoder] decodes what the frame alone decides, in any order and on any number of goroutines, and
// marks layers that are pending: a fragment, a payload that only something learned earlier can name. A [Resolver] takes the
// packets in capture order, reassembles and remembers, and goes on where the decoder had to stop.
//
// Decoding never fails and never drops anything. It stops, and a [Stop] says where and why; what is odd but no reason to stop
// is an [Anomaly].
package dissect
