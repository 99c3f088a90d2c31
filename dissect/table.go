package dissect

import "strconv"

// Table is a number space in which protocols name what they carry.
type Table uint8

// The number spaces, by Wireshark's names of them.
const (
	LinkType Table = iota
	EtherType
	IPProtocol
	UDPPort
	TCPPort
	LLCSAP
	CiscoPID   // behind a SNAP header with Cisco's OUI
	BridgedPID // behind a SNAP header with the OUI of IEEE 802.1
	PPPProtocol
	NLPID       // RFC 2427 §4
	LinuxType   // below EtherTypes, in cooked captures
	GREProtocol // numbers that are not EtherTypes, or mean something else below GRE
	ChannelType
	NextProtocol // of NSH and VXLAN-GPE, which have the same numbers
	Pseudowire   // IANA's "L2TPv3 Pseudowire Types"
	numTables
)

var tables = [numTables]struct {
	name string
	size int // keys are below
}{
	LinkType:     {"linktype", 1 << 9},
	EtherType:    {"ethertype", 1 << 16},
	IPProtocol:   {"ip.proto", 1 << 8},
	UDPPort:      {"udp.port", 1 << 16},
	TCPPort:      {"tcp.port", 1 << 16},
	LLCSAP:       {"llc.dsap", 1 << 8},
	CiscoPID:     {"llc.cisco_pid", 1 << 16},
	BridgedPID:   {"llc.pid", 1 << 16},
	PPPProtocol:  {"ppp.protocol", 1 << 16},
	NLPID:        {"fr.nlpid", 1 << 8},
	LinuxType:    {"sll.ltype", minEtherType},
	GREProtocol:  {"gre.proto", 1 << 16},
	ChannelType:  {"pwach.channel_type", 1 << 16},
	NextProtocol: {"nsh.next_proto", 1 << 8},
	Pseudowire:   {"l2tp.pw_type", 1 << 15},
}

func (t Table) String() string { return tables[t].name }

// Key is a number of the table as it is usually written: IP protocol 6, EtherType 0x800.
func (t Table) Key(n uint32) string {
	switch t {
	case LinkType, IPProtocol, UDPPort, TCPPort, NextProtocol, Pseudowire:
		return strconv.FormatUint(uint64(n), 10)
	}
	return "0x" + strconv.FormatUint(uint64(n), 16)
}

// dispatch holds what each table says under each key; 0 is nothing.
type dispatch [numTables][]ID

func newDispatch() *dispatch {
	var t dispatch
	for i := range t {
		t[i] = make([]ID, tables[i].size)
	}
	for _, p := range all {
		for _, o := range p.Over {
			t[o.Table][o.Key] = p.ID
		}
	}
	return &t
}
