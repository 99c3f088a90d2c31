package capturefilter

import (
	"maps"
	"slices"
)

// canonical is the spelling that the parser knows a word by. All link layers are one: "the data link level used on the interface".
func canonical(s string) string {
	switch s {
	case "ether", "ppp", "slip", "fddi", "tr", "wlan":
		return "link"
	case "es-is":
		return "esis"
	case "is-is":
		return "isis"
	case "&&":
		return "and"
	case "||":
		return "or"
	case "not":
		return "!"
	case "==":
		return "="
	case "length":
		return "len"
	case "direction":
		return "dir"
	case "address1":
		return "addr1"
	case "address2":
		return "addr2"
	case "address3":
		return "addr3"
	case "address4":
		return "addr4"
	case "on":
		return "ifname"
	case "lsu":
		return "lssu"
	case "ruleset":
		return "rset"
	case "rulenum":
		return "rnr"
	case "subrulenum":
		return "srnr"
	}
	return s
}

// words are those of the language, in their canonical spelling. A host or protocol of such a name needs a backslash before it.
var words = set(
	"and", "or", "!", "src", "dst", "host", "net", "mask", "port", "portrange", "proto", "protochain", "gateway",
	"less", "greater", "byte", "broadcast", "multicast", "len", "inbound", "outbound", "ifindex",
	"vlan", "mpls", "pppoed", "pppoes", "geneve", "vxlan", "llc",
	"type", "subtype", "dir", "addr1", "addr2", "addr3", "addr4", "ra", "ta", // of 802.11
	"lane", "metac", "bcc", "oam", "oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "vpi", "vci", "connectmsg", "metaconnect", // of ATM
	"ifname", "rset", "rnr", "srnr", "reason", "action", // of pf's log
	"fisu", "lssu", "msu", "hfisu", "hlssu", "hmsu", "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc", "hsls", // of SS7
	"link", "ip", "arp", "rarp", "sctp", "tcp", "udp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp", "atalk", "aarp", "decnet", "lat",
	"sca", "mopdl", "moprc", "ip6", "icmp6", "ah", "esp", "iso", "esis", "isis", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "clnp",
	"stp", "ipx", "netbeui", "radio",
)

// Words are those of the language that somebody can write here, in order, and the names of offsets and values.
func Words() []string {
	var all []string
	for w := range words {
		if w[0] >= 'a' && foreign(w) == "" && w != "gateway" && w != "protochain" && w != "link" {
			all = append(all, w)
		}
	}
	all = slices.AppendSeq(append(all, "ether", "not"), maps.Keys(constants))
	slices.Sort(all)
	return all
}

func set(all ...string) map[string]bool {
	m := make(map[string]bool, len(all))
	for _, s := range all {
		m[s] = true
	}
	return m
}

// foreign says of words whose link layer or system is not supported which one that is.
func foreign(w string) string {
	switch w {
	case "type", "subtype", "dir", "addr1", "addr2", "addr3", "addr4", "ra", "ta", "radio":
		return "802.11"
	case "lane", "metac", "bcc", "oam", "oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "vpi", "vci", "connectmsg", "metaconnect":
		return "ATM"
	case "ifname", "rset", "rnr", "srnr", "reason", "action":
		return "the log of OpenBSD's pf"
	case "fisu", "lssu", "msu", "hfisu", "hlssu", "hmsu", "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc", "hsls":
		return "SS7"
	}
	return ""
}

// constants are numbers with names: offsets of fields, and their values.
var constants = map[string]uint32{
	"icmptype": 0, "icmpcode": 1,
	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8, "icmp-routeradvert": 9,
	"icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12, "icmp-tstamp": 13, "icmp-tstampreply": 14, "icmp-ireq": 15,
	"icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,

	"icmp6type": 0, "icmp6code": 1,
	"icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4, "icmp6-echo": 128,
	"icmp6-echoreply": 129, "icmp6-multicastlistenerquery": 130, "icmp6-multicastlistenerreportv1": 131,
	"icmp6-multicastlistenerdone": 132, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134, "icmp6-neighborsolicit": 135,
	"icmp6-neighboradvert": 136, "icmp6-redirect": 137, "icmp6-routerrenum": 138, "icmp6-nodeinformationquery": 139,
	"icmp6-nodeinformationresponse": 140, "icmp6-ineighbordiscoverysolicit": 141, "icmp6-ineighbordiscoveryadvert": 142,
	"icmp6-multicastlistenerreportv2": 143, "icmp6-homeagentdiscoveryrequest": 144, "icmp6-homeagentdiscoveryreply": 145,
	"icmp6-mobileprefixsolicit": 146, "icmp6-mobileprefixadvert": 147, "icmp6-certpathsolicit": 148, "icmp6-certpathadvert": 149,
	"icmp6-multicastrouteradvert": 151, "icmp6-multicastroutersolicit": 152, "icmp6-multicastrouterterm": 153,

	"tcpflags": 13,
	"tcp-fin":  0x01, "tcp-syn": 0x02, "tcp-rst": 0x04, "tcp-push": 0x08, "tcp-ack": 0x10, "tcp-urg": 0x20, "tcp-ece": 0x40, "tcp-cwr": 0x80,
}
