package dissect

// all lists every protocol. A new one is one file and one row here; the order decides only the numbers.
var all = [...]*Protocol{
	&frame,
	&judgement,
	&data,
	&ethernet,
	&vlan,
	&ieee8021ad,
	&ieee8021ah,
	&llc,
	&arp,
	&ipv4,
	&ipv6,
	&ipv6HopByHop,
	&ipv6Destination,
	&ipv6Routing,
	&ipv6Fragment,
	&udp,
	&tcp,
	&vxlan,
}
