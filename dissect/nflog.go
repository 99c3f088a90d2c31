package dissect

import "encoding/binary"

// Linux netfilter log (LINKTYPE_NFLOG): a header of four bytes, then TLVs whose lengths and types are in the byte order of the
// host that captured; one of them holds the packet. The order shows in the first TLV, whose length is small.
var nflog = Protocol{
	Name:  "nflog",
	Title: "Linux netfilter log",
	Ref:   "LINKTYPE_NFLOG",
	Over:  []Over{{LinkType, 239}},
	Header: Rows{
		{Name: "nflog.family", Bits: 8, Enum: Names{0: "unspecified", 2: "IP", 7: "bridge", 10: "IPv6"}, Doc: "address family of the table that logged"},
		{Name: "nflog.version", Bits: 8},
		{Name: "nflog.res_id", Bits: 16, Doc: "group of the log"},
	},
	Fields:  []*Field{nflogLength, nflogType, nflogProtocol, nflogHook, nflogIn, nflogOut, nflogPhysIn, nflogPhysOut, nflogPrefix, nflogUID, nflogGID, nflogValue},
	Dissect: dissectNFLOG,
	Walk:    walkNFLOG,
}

var (
	nflogLength = &Field{Name: "nflog.tlv_length", Bits: 16, Doc: "bytes of the TLV, its own four included"}
	nflogType   = &Field{Name: "nflog.tlv_type", Bits: 16, Enum: Names{1: "PACKET_HDR", 2: "MARK", 3: "TIMESTAMP", 4: "IFINDEX_INDEV", 5: "IFINDEX_OUTDEV",
		6: "IFINDEX_PHYSINDEV", 7: "IFINDEX_PHYSOUTDEV", 8: "HWADDR", 9: "PAYLOAD", 10: "PREFIX", 11: "UID", 12: "SEQ", 13: "SEQ_GLOBAL", 14: "GID", 15: "HWTYPE", 16: "HWHEADER", 17: "HWLEN"}}
	nflogProtocol = &Field{Name: "nflog.protocol", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "EtherType of the packet"}
	nflogHook     = &Field{Name: "nflog.hook", Bits: 8, Enum: Names{0: "PREROUTING", 1: "INPUT", 2: "FORWARD", 3: "OUTPUT", 4: "POSTROUTING"}}
	nflogIn       = &Field{Name: "nflog.ifindex_indev", Bits: 32, Doc: "interface that the packet came in by"}
	nflogOut      = &Field{Name: "nflog.ifindex_outdev", Bits: 32, Doc: "interface that it leaves by"}
	nflogPhysIn   = &Field{Name: "nflog.ifindex_physindev", Bits: 32, Doc: "bridge port that it came in by"}
	nflogPhysOut  = &Field{Name: "nflog.ifindex_physoutdev", Bits: 32, Doc: "bridge port that it leaves by"}
	nflogPrefix   = &Field{Name: "nflog.prefix", Kind: Text, Doc: "text of the rule that logged"}
	nflogUID      = &Field{Name: "nflog.uid", Bits: 32, Doc: "user who owns the socket"}
	nflogGID      = &Field{Name: "nflog.gid", Bits: 32, Doc: "group who owns the socket"}
	nflogValue    = &Field{Name: "nflog.tlv_value", Kind: Bytes, Doc: "value of any other TLV"}

	nflogNumbers = map[uint16]*Field{4: nflogIn, 5: nflogOut, 6: nflogPhysIn, 7: nflogPhysOut, 11: nflogUID, 14: nflogGID}
)

const nflogPayload = 9

// nflogOrder is the byte order of the TLVs in b, which starts with the header.
func nflogOrder(b []byte) binary.ByteOrder {
	if len(b) >= 6 && binary.LittleEndian.Uint16(b[4:]) > binary.BigEndian.Uint16(b[4:]) {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func dissectNFLOG(d *Decoder, b []byte) ID {
	order := nflogOrder(b)
	for off := 4; ; {
		if !d.header(off + 4) {
			return done
		}
		n, kind := int(order.Uint16(b[off:])), order.Uint16(b[off+2:])&0x7fff
		if n < 4 {
			return d.badLength("nflog.tlv_length", 4, n)
		}
		if kind == nflogPayload {
			d.extent(off+n, "nflog.tlv_length")
			switch b[0] {
			case 2:
				return ipv4.ID
			case 10:
				return ipv6.ID
			}
			return d.halt(StopUnknown)
		}
		if off+n > d.layer().Len() {
			d.exceeds()
		}
		off += (n + 3) &^ 3
		if off >= d.layer().Len() {
			d.header(min(off, len(b)))
			return done // no packet in this record
		}
	}
}

func walkNFLOG(w *Walker) {
	order := nflogOrder(w.Body)
	for off := 4; off+4 <= len(w.Body) && !w.Done(); {
		n, kind := int(order.Uint16(w.Body[off:])), order.Uint16(w.Body[off+2:])&0x7fff
		w.Num(nflogLength, off, 2, uint64(n))
		w.Num(nflogType, off+2, 2, uint64(kind))
		value, size := off+4, n-4
		if size < 0 || kind == nflogPayload {
			return
		}
		number := nflogNumbers[kind]
		switch {
		case kind == 1:
			w.Add(nflogProtocol, value, 2) // network order, whatever the host's
			w.Add(nflogHook, value+2, 1)
		case kind == 10:
			w.Add(nflogPrefix, value, max(0, size-1)) // without the NUL at its end
		case number != nil && size == 4:
			w.Add(number, value, 4)
		default:
			w.Add(nflogValue, value, size)
		}
		off += (n + 3) &^ 3
	}
}
