// Package flows tells who talks to whom: it turns packets into flows, as a kernel's connection tracking does, and keeps apart what only
// looks alike.
//
// A [Segment] says whose addresses a packet has: where it was captured, and the path of identifiers around it, outermost first (VLANs,
// labels, VNIs, keys). A [Tuple] is two addresses, two ports and a protocol. A flow is what has the same segment and the same tuple in
// either direction, as a kernel's is what has the same zone and tuple: two tenants with the same addresses, ports and protocol are two
// flows. One packet feeds one flow for each IP header in it, and an inner flow knows the tunnel's as its parent.
//
// Keys are exact. What belongs together in spite of different keys (a reply under another label, the same frame at two capture points)
// is linked, with its evidence; a link never changes a key, and what is ambiguous stays unlinked.
//
// Time is the packets' time. What is here never reads a clock.
package flows
