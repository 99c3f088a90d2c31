package dissect

import (
	"fmt"
	"strconv"
	"strings"
)

// Options are what a user may say about how bytes are to be read.
type Options struct {
	DecodeAs  []DecodeAs
	NVGRE     bool // keyed transparent-Ethernet GRE is NVGRE: its key is VSID and FlowID
	Relative  bool // TCP's sequence numbers count from where a conversation starts, as in tshark; every segment then waits for its turn
	NullESP   bool // ESP is looked into for the NULL cipher (RFC 5879); tshark does not, unless asked to
	Alone     bool // every frame by itself: fragments are not put together
	Fragments FragmentLimits
	Cookie    int // bytes of cookie in L2TPv3 sessions that were not seen being set up: 0, 4, 8, or -1 for not known
}

// DecodeAs names what a number stands for where it is not the standard's: udp.port=8472,vxlan.
type DecodeAs struct {
	Table    Table
	Key      uint32
	Protocol *Protocol
}

// ParseDecodeAs reads "table=number,protocol".
func ParseDecodeAs(s string) (DecodeAs, error) {
	place, name, ok := strings.Cut(s, ",")
	table, number, ok2 := strings.Cut(place, "=")
	if !ok || !ok2 {
		return DecodeAs{}, fmt.Errorf("%q is not of the form udp.port=8472,vxlan", s)
	}
	number = strings.TrimPrefix(number, "=") // Wireshark writes two of them
	var as DecodeAs
	for as.Table = 0; as.Table < numTables; as.Table++ {
		if tables[as.Table].name == table {
			break
		}
	}
	if as.Table == numTables {
		var names []string
		for _, t := range tables {
			names = append(names, t.name)
		}
		return as, fmt.Errorf("%q is not a table; there are %s", table, strings.Join(names, ", "))
	}
	key, err := strconv.ParseUint(number, 0, 32)
	if err != nil || int(key) >= tables[as.Table].size {
		return as, fmt.Errorf("%q is not a number of %s (0 to %d)", number, table, tables[as.Table].size-1)
	}
	as.Key = uint32(key)
	as.Protocol, err = FindProtocol(name)
	return as, err
}

// Config is options made ready: decoders and resolvers of one run share it. It does not change.
type Config struct {
	Options
	tables *dispatch
}

// NewConfig makes options ready.
func NewConfig(o Options) *Config {
	c := &Config{Options: o, tables: newDispatch()}
	for _, as := range o.DecodeAs {
		c.tables[as.Table][as.Key] = as.Protocol.ID
	}
	return c
}
