package pcaps

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// What the first header of a frame is follows from the kind of its interface, ARPHRD_ in include/uapi/linux/if_arp.h.

const arphrdRawIP = 519 // ARPHRD_RAWIP, which x/sys has under this name for no platform

// linkTypeOf is the link type of frames of an interface of that kind. LINUX_SLL2 stands for those that have none of their own: their frames
// get a header that says what the kernel knows of them.
func linkTypeOf(hardware uint16) LinkType {
	switch {
	case hardware == unix.ARPHRD_ETHER || hardware == unix.ARPHRD_LOOPBACK:
		return LinkTypeEthernet
	case slices.Contains(rawKinds[:], hardware):
		return LinkTypeRaw
	}
	return LinkTypeLinuxSLL2
}

// rawKinds are the kinds of interfaces whose frames begin with an IP header: tun, WireGuard, IP in IP.
var rawKinds = [...]uint16{unix.ARPHRD_NONE, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT, arphrdRawIP}

// sll2Len is how long the header of LINUX_SLL2 is: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
const sll2Len = 20

// putSLL2 writes the header for a frame to dst.
func putSLL2(dst []byte, f *ringFrame) {
	be := binary.BigEndian
	be.PutUint16(dst, f.protocol)
	be.PutUint16(dst[2:], 0)
	be.PutUint32(dst[4:], uint32(f.index))
	be.PutUint16(dst[8:], f.hardware)
	copy(dst[10:sll2Len], f.link[10:]) // packet type, length of the address, address
}

// tagLen is that of a VLAN tag: TPID and TCI, behind the two MAC addresses.
const tagLen, macsLen = 4, 12

// tagged tells whether the kernel has taken a tag off. A tag of VLAN 0 and priority 0 is one, too: its TCI of zeros says nothing.
func (f *ringFrame) tagged() bool {
	return f.status&unix.TP_STATUS_VLAN_VALID != 0 && len(f.data) >= macsLen
}

// putTag writes the tag to dst.
func (f *ringFrame) putTag(dst []byte) {
	tpid := uint16(unix.ETH_P_8021Q)
	if f.status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = f.tpid
	}
	binary.BigEndian.PutUint16(dst, tpid)
	binary.BigEndian.PutUint16(dst[2:], f.tci)
}

// flags are what epb_flags say of the frame.
func (f *ringFrame) flags() (flags uint32) {
	switch f.kind {
	case unix.PACKET_OUTGOING:
		flags = flagOutbound
	case unix.PACKET_HOST:
		flags = flagInbound | flagUnicast
	case unix.PACKET_MULTICAST:
		flags = flagInbound | flagMulticast
	case unix.PACKET_BROADCAST:
		flags = flagInbound | flagBroadcast
	case unix.PACKET_OTHERHOST:
		flags = flagInbound | flagPromiscuous
	}
	for _, s := range [...]struct{ status, flag uint32 }{
		{unix.TP_STATUS_CSUMNOTREADY, flagChecksumOwed},
		{unix.TP_STATUS_CSUM_VALID, flagChecksumValid},
		{unix.TP_STATUS_GSO_TCP, flagSegments},
	} {
		if f.status&s.status != 0 {
			flags |= s.flag
		}
	}
	return flags
}

// appendTo appends the frame to the batch: with the tag that was taken off, or a header where its link type has none, and at most snap
// bytes of it.
func (f *ringFrame) appendTo(b *batch, point *Interface, snap int) (wire uint32) {
	entry := batchFrame{time: f.time, wire: f.wire, flags: f.flags(), point: point}
	switch {
	case point.LinkType == LinkTypeLinuxSLL2:
		payload := f.data[f.network:]
		entry.wire += sll2Len - uint32(f.network)
		n := min(sll2Len+len(payload), max(snap, sll2Len))
		entry.len = uint32(n)
		dst := b.extend(entry)
		putSLL2(dst, f)
		copy(dst[sll2Len:], payload)
	case f.tagged():
		entry.wire += tagLen
		entry.len = uint32(min(len(f.data)+tagLen, max(snap, macsLen+tagLen)))
		dst := b.extend(entry)
		copy(dst, f.data[:macsLen])
		f.putTag(dst[macsLen:])
		copy(dst[macsLen+tagLen:], f.data[macsLen:])
	default:
		entry.len = uint32(min(len(f.data), snap))
		copy(b.extend(entry), f.data)
	}
	return entry.wire
}
