package dissect

// fragment decides what becomes of an IPv4 fragment whose header is h. One that can take part in reassembly waits for the
// resolver; of the others the first is decoded as far as it goes, because its ports may be all there is.
func (d *Decoder) fragment(h IPv4) ID {
	switch l := d.layer(); {
	case d.p.Whole(l) && d.flags&Quoted == 0:
		d.pend()
	case h.FragmentOffset() == 0:
		return d.next(IPProtocol, uint32(h.Protocol()))
	}
	return d.halt(StopFragment)
}
