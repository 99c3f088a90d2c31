package flows

import (
	"pktscope/dissect"
)

// An Owner says of packets alone whose they are, without following anything: the segment of the innermost header, and its tenant. It reads
// paths as a [Reader] does, so that both always say the same.
type Owner struct {
	tenants Tenancy
	reader  *Reader
	batch   Batch
	names   []ownerNames // by the reader's numbers of paths
}

type ownerNames struct{ segment, tenant string }

// NewOwner returns one that asks a tenants file, or nil for none.
func NewOwner(tenants Tenancy) *Owner { return &Owner{tenants: tenants, reader: NewReader()} }

// Set sets the packet's Segment and Tenant.
func (o *Owner) Set(p *dissect.Packet) {
	o.batch.Reset()
	o.reader.Read(p, &o.batch)
	if o.batch.forgot {
		o.names = o.names[:0]
	}
	for _, path := range o.batch.fresh {
		s := Segment{Path: path.steps}
		names := ownerNames{segment: s.Name()}
		if o.tenants != nil {
			if tenant, steps, ok := o.tenants.Match(path.point, path.steps); ok {
				s = Segment{Path: path.steps[steps:], Tenant: tenant}
				names.tenant = s.Name()
			}
		}
		o.names = append(o.names, names)
	}
	n := &o.names[o.batch.packets[0].path]
	p.Segment, p.Tenant = n.segment, n.tenant
}
