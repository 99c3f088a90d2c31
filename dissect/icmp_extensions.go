package dissect

// Extensions of ICMP messages (RFC 4884): objects behind the quoted datagram, among them the label stack with which a packet arrived
// (RFC 4950), the interfaces that it met (RFC 5837), and what an extended echo asks for (RFC 8335).

// icmpExtensions are the fields of extensions. ICMP and ICMPv6 each have their own, because a field belongs to one protocol.
type icmpExtensions struct {
	tables []Rows
	fields []*Field

	head, object, label, role                                 Rows
	start, status, data, labelData                            *Field
	index, family, reserved, ipv4, ipv6, address              *Field
	nameLength, name, mtu                                     *Field
	askedName, askedIndex, askedFamily                        *Field
	askedLength, askedReserved, askedIPv4, askedIPv6, askedIP *Field
}

func newICMPExtensions() icmpExtensions {
	var x icmpExtensions
	field := func(f Field) *Field {
		x.fields = append(x.fields, &f)
		return &f
	}
	x.head = Rows{
		{Name: "icmp.ext.version", Bits: 4, Ref: "RFC 4884 §7"},
		{Name: "icmp.ext.res", Bits: 12, Kind: Hex},
		{Name: "icmp.ext.checksum", Bits: 16, Kind: Hex, Doc: "over the extensions; 0: not computed", Ref: "RFC 4884 §7"},
	}
	x.object = Rows{
		{Name: "icmp.ext.length", Bits: 16, Doc: "bytes of the object, its own header included", Ref: "RFC 4884 §8"},
		{Name: "icmp.ext.class", Bits: 8, Enum: extensionClasses},
		{Name: "icmp.ext.ctype", Bits: 8, Doc: "what the object is, within its class"},
	}
	x.label = Rows{
		{Name: "icmp.mpls.label", Bits: 20, Doc: "label with which the packet arrived", Ref: "RFC 4950 §3"},
		{Name: "icmp.mpls.exp", Bits: 3, Doc: "traffic class", Ref: "RFC 5462 §3"},
		{Name: "icmp.mpls.s", Bits: 1, Kind: Bool, Doc: "bottom of stack"},
		{Name: "icmp.mpls.ttl", Bits: 8},
	}
	x.role = Rows{
		{Name: "icmp.int_info.role", Bits: 2, Enum: interfaceRoles, Ref: "RFC 5837 §4.1"},
		{Name: "icmp.int_info.reserved", Bits: 2},
		{Name: "icmp.int_info.ifindex", Bits: 1, Kind: Bool, Doc: "the interface's index is there"},
		{Name: "icmp.int_info.ipaddr", Bits: 1, Kind: Bool, Doc: "its address is there"},
		{Name: "icmp.int_info.name_present", Bits: 1, Kind: Bool, Doc: "its name is there"},
		{Name: "icmp.int_info.mtu_present", Bits: 1, Kind: Bool, Doc: "its MTU is there"},
	}
	x.tables = []Rows{x.head, x.object, x.label, x.role}
	x.start = field(Field{Name: "icmp.ext", Kind: Present, Doc: "extensions start here", Ref: "RFC 4884 §7"})
	x.status = field(Field{Name: "icmp.ext.checksum.status", Bits: 8, Enum: statusNames})
	x.data = field(Field{Name: "icmp.ext.data", Kind: Bytes, Doc: "an object that is not known"})
	x.labelData = field(Field{Name: "icmp.mpls.data", Kind: Bytes, Doc: "bytes behind the label stack that are no entry"})
	x.index = field(Field{Name: "icmp.int_info.index", Bits: 32, Ref: "RFC 5837 §4.1"})
	x.family = field(Field{Name: "icmp.int_info.afi", Bits: 16, Enum: afiNumbers, Ref: "RFC 5837 §4.2"})
	x.reserved = field(Field{Name: "icmp.reserved", Kind: Bytes})
	x.ipv4 = field(Field{Name: "icmp.int_info.ipv4", Kind: IPv4Addr})
	x.ipv6 = field(Field{Name: "icmp.int_info.ipv6", Kind: IPv6Addr})
	x.address = field(Field{Name: "icmp.int_info.ipunknown", Kind: Bytes, Doc: "address of a family that is not known"})
	x.nameLength = field(Field{Name: "icmp.int_info.name_length", Bits: 8, Doc: "bytes of the name, this one included", Ref: "RFC 5837 §4.3"})
	x.name = field(Field{Name: "icmp.int_info.name", Kind: Text})
	x.mtu = field(Field{Name: "icmp.int_info.mtu", Bits: 32, Doc: "in bytes"})
	x.askedName = field(Field{Name: "icmp.int_ident.name", Kind: Text, Doc: "name of the interface that is asked about", Ref: "RFC 8335 §2.1"})
	x.askedIndex = field(Field{Name: "icmp.int_ident.index", Bits: 32, Doc: "its index"})
	x.askedFamily = field(Field{Name: "icmp.int_ident.afi", Bits: 16, Enum: afiNumbers})
	x.askedLength = field(Field{Name: "icmp.int_ident.addr_length", Bits: 8, Doc: "bytes of its address"})
	x.askedReserved = field(Field{Name: "icmp.int_ident.reserved", Kind: Bytes})
	x.askedIPv4 = field(Field{Name: "icmp.int_ident.ipv4", Kind: IPv4Addr})
	x.askedIPv6 = field(Field{Name: "icmp.int_ident.ipv6", Kind: IPv6Addr})
	x.askedIP = field(Field{Name: "icmp.int_ident.address", Kind: Bytes, Doc: "address of a family that is not known"})
	return x
}

// originalDatagram tells how many of the n bytes behind an ICMP error's header are the quoted datagram, and whether extensions follow
// it; b is what was captured of them. length is what the message's length field says, in bytes. Of a sender that knows of extensions
// but not of that field it is 0: then extensions start at byte 128 if what is there has their version and checksum (RFC 4884 §5.5).
func originalDatagram(b []byte, n, length int) (quoted int, extended bool) {
	const least = 128
	switch {
	case length > 0 && length+4 <= n:
		return length, true
	case length == 0 && n > least+4 && n == len(b) && b[least]>>4 == 2 && fold(sum(0, b[least:])) == 0xffff:
		return least, true
	}
	return n, false
}

// quotedIP is the protocol of the datagram that an ICMP error quotes.
func quotedIP(b []byte) ID {
	if len(b) > 0 && b[0]>>4 == 6 {
		return ipv6.ID
	}
	return ipv4.ID
}

// walk yields the extensions that start at off and fill the rest of the message.
func (x *icmpExtensions) walk(w *Walker, off int) {
	b := w.Body[min(off, len(w.Body)):]
	if len(b) < 4 {
		return
	}
	w.Add(x.start, off, len(b))
	w.Part(x.head, off, 4)
	switch {
	case be16(b[2:]) == 0:
		w.Num(x.status, 0, 0, Absent.Status())
	case !w.Packet.Whole(w.Layer):
		w.Num(x.status, 0, 0, Unverifiable.Status())
	default:
		w.Num(x.status, 0, 0, judge(fold(sum(0, b))).Status())
	}
	for off, b = off+4, b[4:]; len(b) >= 4 && !w.done; {
		n := int(be16(b))
		w.Part(x.object, off, 4)
		if n < 4 {
			return
		}
		n = min(n, len(b))
		w.Nest(func() { x.walkObject(w, b[2], b[3], off, b[:n]) })
		off, b = off+n, b[n:]
	}
}

const (
	extensionLabels      = 1
	extensionInterface   = 2
	extensionAskedFor    = 3
	extensionAskedName   = 1
	extensionAskedIndex  = 2
	extensionAskedAddr   = 3
	addressFamilyIPv4    = 1
	addressFamilyIPv6    = 2
	interfaceHasIndex    = 0x08
	interfaceHasAddress  = 0x04
	interfaceHasName     = 0x02
	interfaceHasMTU      = 0x01
	extensionLabelsStack = 1
)

func (x *icmpExtensions) walkObject(w *Walker, class, kind uint8, off int, b []byte) {
	body, end := off+4, off+len(b)
	switch {
	case class == extensionLabels && kind == extensionLabelsStack:
		for ; body+4 <= end; body += 4 {
			w.Part(x.label, body, 4)
		}
		if body < end {
			w.Add(x.labelData, body, end-body)
		}
	case class == extensionInterface:
		w.Part(x.role, off+3, 1)
		x.walkInterface(w, kind, body, end)
	case class == extensionAskedFor && kind == extensionAskedName:
		w.Add(x.askedName, body, textLen(b[4:]))
	case class == extensionAskedFor && kind == extensionAskedIndex:
		w.Add(x.askedIndex, body, 4)
	case class == extensionAskedFor && kind == extensionAskedAddr:
		if body+4 > end {
			return
		}
		w.Add(x.askedFamily, body, 2)
		w.Add(x.askedLength, body+2, 1)
		w.Add(x.askedReserved, body+3, 1)
		w.address(be16(b[4:]), x.askedIPv4, x.askedIPv6, x.askedIP, body+4, min(int(b[6]), end-body-4))
	case body < end:
		w.Add(x.data, body, end-body)
	}
}

// walkInterface yields what the bits of kind say is there of an interface (RFC 5837 §4.1).
func (x *icmpExtensions) walkInterface(w *Walker, kind uint8, off, end int) {
	if kind&interfaceHasIndex != 0 && off+4 <= end {
		w.Add(x.index, off, 4)
		off += 4
	}
	if kind&interfaceHasAddress != 0 && off+4 <= end {
		family := be16(w.Body[off:])
		w.Add(x.family, off, 2)
		w.Add(x.reserved, off+2, 2)
		n := end - off - 4
		switch family {
		case addressFamilyIPv4:
			n = min(n, 4)
		case addressFamilyIPv6:
			n = min(n, 16)
		}
		w.address(family, x.ipv4, x.ipv6, x.address, off+4, n)
		off += 4 + n
	}
	if kind&interfaceHasName != 0 && off < end {
		n := int(w.Body[off])
		if n == 0 || off+n > end {
			return
		}
		w.Add(x.nameLength, off, 1)
		w.Add(x.name, off+1, textLen(w.Body[off+1:off+n]))
		off += n
	}
	if kind&interfaceHasMTU != 0 && off+4 <= end {
		w.Add(x.mtu, off, 4)
	}
}

// address yields the n bytes at off as an address of the given family.
func (w *Walker) address(family uint16, v4, v6, other *Field, off, n int) {
	switch {
	case family == addressFamilyIPv4 && n == 4:
		w.Add(v4, off, n)
	case family == addressFamilyIPv6 && n == 16:
		w.Add(v6, off, n)
	default:
		w.Add(other, off, n)
	}
}

// textLen is the length of the text in b without the NULs that pad it.
func textLen(b []byte) int {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return n
}

var (
	extensionClasses = Names{1: "MPLS Label Stack", 2: "Interface Information", 3: "Interface Identification", 4: "Extended Information"}
	interfaceRoles   = Names{0: "IP interface of arrival", 1: "sub-IP component of arrival", 2: "departure", 3: "next hop"}
	afiNumbers       = Names{1: "IPv4", 2: "IPv6", 6: "802"}
)
