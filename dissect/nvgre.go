package dissect

import "slices"

// NVGRE (RFC 7637) and a plain GRE tunnel of Ethernet with a key look the same. In NVGRE the key is 24 bits of virtual subnet, which are
// the tenant, and 8 bits that only spread its flows: what is one tenant then looks like up to 256.

// The virtual subnets that tenants can have (RFC 7637 §3.2): those below are reserved, the last one is vendors'.
const (
	minVSID = 0x001000
	maxVSID = 0xfffffe
)

// VaryingFlowIDs returns how many virtual subnets have several FlowIDs if keys are read as NVGRE's: a hint that they are, for plain keys
// that number tenants seldom are so large. It wants the keys of headers for which [GRE.MayBeNVGRE] says yes, each any number of times
// and in any order, and sorts them.
func VaryingFlowIDs(keys []uint32) int {
	slices.Sort(keys)
	n, varying := 0, false // whether the subnet of the key before was counted
	for i := 1; i < len(keys); i++ {
		vsid := keys[i] >> 8
		if vsid != keys[i-1]>>8 {
			varying = false
		} else if !varying && keys[i] != keys[i-1] && vsid >= minVSID && vsid <= maxVSID {
			n, varying = n+1, true
		}
	}
	return n
}
