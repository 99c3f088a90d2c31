package dissect

// NVGRE (RFC 7637) and a plain GRE tunnel of Ethernet with a key look the same. In NVGRE the key is 24 bits of virtual subnet, which are
// the tenant, and 8 bits that only spread its flows: read as one number, what is one tenant looks like up to 256.

// The virtual subnets that tenants can have (RFC 7637 §3.2): those below are reserved, the last one is vendors'.
const (
	minVSID = 0x001000
	maxVSID = 0xfffffe
)

// maxSubnets bounds the virtual subnets whose FlowIDs are remembered.
const maxSubnets = 65536

// nvgreSubnet is what was seen of keys with the same upper 24 bits.
type nvgreSubnet struct {
	seen, varies bool
	flowID       uint8 // the first one
}

// tenantVSID tells whether key, read as NVGRE's, is of a tenant. Plain keys that number tenants seldom are so large.
func tenantVSID(key uint32) bool { return key>>8 >= minVSID && key>>8 <= maxVSID }

// resolveGRE notes the packet with which the FlowIDs of a virtual subnet begin to vary: a hint that keys are NVGRE's.
func resolveGRE(r *Resolver, p *Packet, i int) {
	key, ok := GRE(p.Header(&p.Layers[i])).Key()
	if !ok {
		return
	}
	r.key = append32(r.key[:0], key>>8)
	s := r.subnets.put(r.key)
	switch flowID := uint8(key); {
	case !s.seen:
		s.seen, s.flowID = true, flowID
	case !s.varies && flowID != s.flowID:
		s.varies = true
		r.at(p, i).note(MayBeNVGRE)
	}
}
