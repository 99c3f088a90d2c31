package dissect

// What the messages of GTP's user plane say besides the header (3GPP TS 29.281 §7 and §8). An element's type tells its length up to
// 127; from 128 on, a length of two bytes follows, but one byte in the list of extension header types.

const (
	gtpElementRecovery  = 14
	gtpElementTEID      = 16
	gtpElementAddress   = 133
	gtpElementTypes     = 141
	gtpElementExtension = 255
)

var (
	gtpRecovery      = &Field{Name: "gtp.recovery", Bits: 8, Doc: "restarts of the sender; 0 and without a meaning in the user plane", Ref: "3GPP TS 29.281 §8.2"}
	gtpTEIDData      = &Field{Name: "gtp.teid_data", Bits: 32, Kind: Hex, Doc: "tunnel that the receiver of a packet did not know", Ref: "3GPP TS 29.281 §8.3"}
	gtpAddressLength = &Field{Name: "gtp.gsn_address_length", Bits: 16, Doc: "bytes of the address", Ref: "3GPP TS 29.281 §8.4"}
	gtpIPv4          = &Field{Name: "gtp.gsn_ipv4", Kind: IPv4Addr, Doc: "address that the packet was sent to", Ref: "3GPP TS 29.281 §8.4"}
	gtpIPv6          = &Field{Name: "gtp.gsn_ipv6", Kind: IPv6Addr, Doc: "address that the packet was sent to", Ref: "3GPP TS 29.281 §8.4"}
	gtpTypes         = &Field{Name: "gtp.num_ext_hdr_types", Bits: 8, Doc: "extension header types that the sender knows", Ref: "3GPP TS 29.281 §8.5"}
	gtpType          = &Field{Name: "gtp.ext_hdr_type", Bits: 8, Enum: gtpExtensions, Ref: "3GPP TS 29.281 §8.5"}
	gtpPrivateLength = &Field{Name: "gtp.ext_length", Bits: 16, Doc: "bytes of a private extension", Ref: "3GPP TS 29.281 §8.6"}
	gtpPrivateID     = &Field{Name: "gtp.ext_id", Bits: 16, Doc: "enterprise whose extension it is", Ref: "3GPP TS 29.281 §8.6"}
	gtpPrivateValue  = &Field{Name: "gtp.ext_val", Kind: Bytes, Ref: "3GPP TS 29.281 §8.6"}
)

// walkGTPElements yields the information elements of message h from off on, up to one that only the control plane knows.
func walkGTPElements(w *Walker, h GTP, off int) {
	for off+2 <= len(h) && !w.Done() {
		value, n := off+3, 0
		switch kind := h[off]; {
		case kind == gtpElementRecovery:
			value, n = off+1, 1
		case kind == gtpElementTEID:
			value, n = off+1, 4
		case kind == gtpElementTypes:
			value, n = off+2, int(h[off+1])
		case kind >= 128 && off+3 <= len(h):
			n = int(be16(h[off+1:]))
		default:
			return
		}
		if value+n > len(h) {
			return
		}
		walkGTPElement(w, h[off], value, n)
		off = value + n
	}
}

// walkGTPElement yields the element whose value is the n bytes at off.
func walkGTPElement(w *Walker, kind uint8, off, n int) {
	switch kind {
	case gtpElementRecovery:
		w.Add(gtpRecovery, off, n)
	case gtpElementTEID:
		w.Add(gtpTEIDData, off, n)
	case gtpElementAddress:
		w.Add(gtpAddressLength, off-2, 2)
		w.Add(gtpIPv4, off, n) // the one whose length it is
		w.Add(gtpIPv6, off, n)
	case gtpElementTypes:
		w.Add(gtpTypes, off-1, 1)
		for i := range n {
			w.Add(gtpType, off+i, 1)
		}
	case gtpElementExtension:
		w.Add(gtpPrivateLength, off-2, 2)
		if n >= 2 {
			w.Add(gtpPrivateID, off, 2)
			w.Add(gtpPrivateValue, off+2, n-2)
		}
	}
}

var gtpMessages = Names{1: "Echo request", 2: "Echo response", 3: "Version not supported", 4: "Node alive request", 5: "Node alive response", 6: "Redirection request",
	7: "Redirection response", 16: "Create PDP context request", 17: "Create PDP context response", 18: "Update PDP context request", 19: "Update PDP context response",
	20: "Delete PDP context request", 21: "Delete PDP context response", 22: "Initiate PDP context activation request", 23: "Initiate PDP context activation response",
	26: "Error indication", 27: "PDU notification request", 28: "PDU notification response", 29: "PDU notification reject request", 30: "PDU notification reject response",
	31: "Supported extension headers notification", 32: "Send routeing information for GPRS request", 33: "Send routeing information for GPRS response",
	34: "Failure report request", 35: "Failure report response", 36: "Note MS GPRS present request", 37: "Note MS GPRS present response", 48: "Identification request",
	49: "Identification response", 50: "SGSN context request", 51: "SGSN context response", 52: "SGSN context acknowledge", 53: "Forward relocation request",
	54: "Forward relocation response", 55: "Forward relocation complete", 56: "Relocation cancel request", 57: "Relocation cancel response", 58: "Forward SRNS context",
	59: "Forward relocation complete acknowledge", 60: "Forward SRNS context acknowledge", 70: "RAN information relay", 128: "MS info change notification request",
	129: "MS info change notification response", 253: "Tunnel status", 254: "End marker", gtpUserPacket: "G-PDU"}
