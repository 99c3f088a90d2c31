// Package filter is Wireshark's display-filter language, as of version 4.0: which packets are meant by
//
//	ip.src == 10.0.0.0/8 and tcp.port in {80, 443} and not tcp.flags.reset == 1
//
// A filter is compiled once and then asked about packets, without allocation:
//
//	text --lex--> tokens --parse--> tree of conditions and operands --compile--> closures
//
// A condition becomes a function that says yes or no of a packet. An operand becomes a function that lists the values that it
// has in the packet, because a field may occur any number of times: both addresses are an ip.addr, and a packet in a tunnel has
// two of each. A comparison says which of the pairs of values have to be right, one or all of them.
//
// The same language serves for records of other kinds, [Records]: flows are some. Everything but what names mean and how values are
// read is shared.
//
// Types are checked while compiling. A mistake is an [*Error], which knows the place and often what was meant.
//
// What differs from Wireshark is described in docs/filter.md.
package filter
