// Package capturefilter is libpcap's filter language, as pcap-filter(7) of version 1.10 describes it: which frames are to be captured, as in
//
//	vlan 100 and tcp port 443 and tcp[tcpflags] & tcp-syn != 0
//
// An expression is parsed once, and compiled for each link type that frames of it come from:
//
//	text --lex--> tokens --parse--> tree --compile--> tests joined by and, or, not --graph--> a graph of tests --assemble--> instructions
//
// The instructions are those of classic BPF (S. McCanne and V. Jacobson, "The BSD Packet Filter", 1993). Linux runs them at a socket, so that what
// is not wanted is never copied; [Filter.Match] runs them on the frames of files.
//
// A frame means here what it means to libpcap. In particular vlan, mpls, pppoes and geneve move where everything to the right of them
// looks, whatever stands between; a load past the end of the captured bytes rejects the frame, also under a not; and transport headers are
// those that follow an IPv4 header, unless said otherwise.
//
// What is wrong with an expression is an [*Error], which knows the place. What differs from libpcap is described in docs/capture-filters.md.
package capturefilter
