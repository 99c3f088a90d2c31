package dissect

import (
	"maps"
	"slices"
)

// The attribute value pairs of L2TP's control messages (RFC 2661 §4, RFC 3931 §5; Cisco's own, which its L2TPv3 of before the RFC
// used and still uses). An AVP is a length with two flags, a vendor, a type and a value.

// l2tpAVP says how a value is read: the fixed part, and what there is behind it.
type l2tpAVP struct {
	rows Rows
	rest *Field
	list bool // the rows come as often as they fit
}

var (
	l2tpAVPHeader = Rows{
		{Name: "l2tp.avp.mandatory", Bits: 1, Kind: Bool, Doc: "a receiver that does not know the type ends the session or the tunnel"},
		{Name: "l2tp.avp.hidden", Bits: 1, Kind: Bool, Doc: "the value is encrypted", Ref: "RFC 3931 §5.3"},
		{Bits: 4},
		{Name: "l2tp.avp.length", Bits: 10, Doc: "bytes of the AVP, its header included"},
		{Name: "l2tp.avp.vendor_id", Bits: 16, Enum: l2tpVendors, Doc: "who defined the type; 0 is the IETF"},
	}
	l2tpAVPType       = &Field{Name: "l2tp.avp.type", Bits: 16, Enum: l2tpAVPTypes}
	l2tpCiscoType     = &Field{Name: "l2tp.avp.ciscotype", Bits: 16, Enum: l2tpCiscoTypes}
	l2tpVendorTypes   = map[uint16]*Field{9: l2tpCiscoType, 193: l2tpEricssonType, 3561: l2tpBroadbandType, 4491: l2tpCableLabsType}
	l2tpEricssonType  = &Field{Name: "l2tp.avp.ericssontype", Bits: 16}
	l2tpBroadbandType = &Field{Name: "l2tp.avp.broadbandtype", Bits: 16}
	l2tpCableLabsType = &Field{Name: "l2tp.avp.cablelabstype", Bits: 16}
	l2tpAVPData       = &Field{Name: "l2tp.vendor_specific_avp_data", Kind: Present, Doc: "a value of unknown type"}
	l2tpAVPBad        = &Field{Name: "l2tp.avp_length.bad", Kind: Present, Doc: "an AVP's length is below 6, or beyond the message"}
)

// avpNumber is a value that is one number.
func avpNumber(f Field) l2tpAVP { return l2tpAVP{rows: Rows{f}} }

// avpText is a value that is all text.
func avpText(name string) l2tpAVP { return l2tpAVP{rest: &Field{Name: name, Kind: Text}} }

// avpBytes is a value that is all bytes.
func avpBytes(name string) l2tpAVP { return l2tpAVP{rest: &Field{Name: name, Kind: Bytes}} }

// avpFlags is a value of two flags in the last bits of a word.
func avpFlags(bits uint16, second, first string) l2tpAVP {
	return l2tpAVP{rows: Rows{{Bits: bits - 2}, {Name: second, Bits: 1, Kind: Bool}, {Name: first, Bits: 1, Kind: Bool}}}
}

// The types of the IETF (vendor 0).
const (
	avpMessageType = 0
	avpLocalID     = 63
	avpRemoteID    = 64
	avpCookie      = 65
	avpPseudowire  = 68
	avpSublayer    = 69
)

// Cisco's types (vendor 9).
const (
	ciscoVendor     = 9
	ciscoLocalID    = 3
	ciscoRemoteID   = 4
	ciscoCookie     = 5
	ciscoPseudowire = 7
)

// l2tpAVPs are the types of the IETF, from RFC 2661 §4.4 and RFC 3931 §5.4.
var l2tpAVPs = map[uint16]l2tpAVP{
	0:  avpNumber(Field{Name: "l2tp.avp.message_type", Bits: 16, Enum: l2tpMessages}),
	1:  {rows: Rows{{Name: "l2tp.result_code", Bits: 16}, {Name: "l2tp.avp.error_code", Bits: 16}}, rest: &Field{Name: "l2tp.avp.error_message", Kind: Text}},
	2:  {rows: Rows{{Name: "l2tp.avp.protocol_version", Bits: 8}, {Name: "l2tp.avp.protocol_revision", Bits: 8}}},
	3:  avpFlags(32, "l2tp.avp.async_framing_supported", "l2tp.avp.sync_framing_supported"),
	4:  avpFlags(32, "l2tp.avp.analog_access_supported", "l2tp.avp.digital_access_supported"),
	5:  avpNumber(Field{Name: "l2tp.tie_breaker", Bits: 64, Kind: Hex}),
	6:  avpNumber(Field{Name: "l2tp.avp.firmware_revision", Bits: 16}),
	7:  avpText("l2tp.avp.host_name"),
	8:  avpText("l2tp.avp.vendor_name"),
	9:  avpNumber(Field{Name: "l2tp.avp.assigned_tunnel_id", Bits: 16}),
	10: avpNumber(Field{Name: "l2tp.avp.receive_window_size", Bits: 16}),
	11: avpBytes("l2tp.avp.chap_challenge"),
	12: {rows: Rows{{Name: "l2tp.avp.cause_code", Bits: 16}, {Name: "l2tp.avp.cause_msg", Bits: 8}}, rest: &Field{Name: "l2tp.avp.advisory_msg", Kind: Text}},
	13: avpBytes("l2tp.avp.chap_challenge_response"),
	14: avpNumber(Field{Name: "l2tp.avp.assigned_session_id", Bits: 16}),
	15: avpNumber(Field{Name: "l2tp.avp.call_serial_number", Bits: 32}),
	16: avpNumber(Field{Name: "l2tp.avp.minimum_bps", Bits: 32}),
	17: avpNumber(Field{Name: "l2tp.avp.maximum_bps", Bits: 32}),
	18: avpFlags(32, "l2tp.avp.analog_bearer_type", "l2tp.avp.digital_bearer_type"),
	19: avpFlags(32, "l2tp.avp.async_framing_type", "l2tp.avp.sync_framing_type"),
	21: avpText("l2tp.avp.called_number"),
	22: avpText("l2tp.avp.calling_number"),
	23: avpText("l2tp.avp.sub_address"),
	24: avpNumber(Field{Name: "l2tp.avp.connect_speed", Bits: 32, Doc: "transmit speed in bits a second"}),
	25: avpNumber(Field{Name: "l2tp.avp.physical_channel", Bits: 32}),
	26: avpBytes("l2tp.avp.initial_received_lcp_confreq"),
	27: avpBytes("l2tp.avp.last_sent_lcp_confreq"),
	28: avpBytes("l2tp.avp.last_received_lcp_confreq"),
	29: avpNumber(Field{Name: "l2tp.avp.proxy_authen_type", Bits: 16}),
	30: avpText("l2tp.avp.proxy_authen_name"),
	31: avpBytes("l2tp.avp.proxy_authen_challenge"),
	32: {rows: Rows{{Bits: 8}, {Name: "l2tp.avp.proxy_authen_id", Bits: 8}}},
	33: avpBytes("l2tp.avp.proxy_authen_response"),
	34: {rows: Rows{{Bits: 16}, {Name: "l2tp.avp.crc_errors", Bits: 32}, {Name: "l2tp.avp.framing_errors", Bits: 32}, {Name: "l2tp.avp.hardware_overruns", Bits: 32},
		{Name: "l2tp.avp.buffer_overruns", Bits: 32}, {Name: "l2tp.avp.time_out_errors", Bits: 32}, {Name: "l2tp.avp.alignment_errors", Bits: 32}}},
	35: {rows: Rows{{Bits: 16}, {Name: "l2tp.avp.send_accm", Bits: 32}, {Name: "l2tp.avp.receive_accm", Bits: 32}}},
	36: avpBytes("l2tp.avp.random_vector"),
	37: avpBytes("l2tp.avp.private_group_id"),
	38: avpNumber(Field{Name: "l2tp.avp.rx_connect_speed", Bits: 32, Doc: "receive speed in bits a second"}),
	39: {},
	46: {rows: Rows{{Name: "l2tp.avp.disconnect_code", Bits: 16}, {Name: "l2tp.avp.control_protocol_number", Bits: 16},
		{Name: "l2tp.avp.cause_code_direction", Bits: 8}}, rest: &Field{Name: "l2tp.avp.cause_code_message", Kind: Text}},
	59: avpBytes("l2tp.avp.message_digest"),
	60: avpNumber(Field{Name: "l2tp.avp.router_id", Bits: 32}),
	61: avpNumber(Field{Name: "l2tp.avp.assigned_control_conn_id", Bits: 32}),
	62: {rows: Rows{{Name: "l2tp.avp.pw_type", Bits: 16, Enum: l2tpPseudowires, Doc: "a pseudowire that is supported"}}, list: true},
	63: avpNumber(Field{Name: "l2tp.avp.local_session_id", Bits: 32}),
	64: avpNumber(Field{Name: "l2tp.avp.remote_session_id", Bits: 32}),
	65: avpBytes("l2tp.avp.assigned_cookie"),
	66: avpText("l2tp.avp.remote_end_id"),
	68: avpNumber(Field{Name: "l2tp.avp.pseudowire_type", Bits: 16, Enum: l2tpPseudowires}),
	69: avpNumber(Field{Name: "l2tp.avp.layer2_specific_sublayer", Bits: 16, Enum: l2tpSublayers}),
	70: avpNumber(Field{Name: "l2tp.avp.data_sequencing", Bits: 16}),
	71: avpFlags(16, "l2tp.avp.circuit_type", "l2tp.avp.circuit_status"),
	72: avpText("l2tp.avp.preferred_language"),
	73: avpBytes("l2tp.avp.nonce"),
	74: avpNumber(Field{Name: "l2tp.avp.tx_connect_speed_v3", Bits: 64, Kind: Dec, Doc: "transmit speed in bits a second"}),
	75: avpNumber(Field{Name: "l2tp.avp.rx_connect_speed_v3", Bits: 64, Kind: Dec, Doc: "receive speed in bits a second"}),
}

// l2tpCiscoAVPs are Cisco's types.
var l2tpCiscoAVPs = map[uint16]l2tpAVP{
	0:  {},
	1:  avpNumber(Field{Name: "l2tp.cisco.assigned_control_connection_id", Bits: 32}),
	2:  {rows: Rows{{Name: "l2tp.cisco.pw_type", Bits: 16, Enum: l2tpPseudowires}}, list: true},
	3:  avpNumber(Field{Name: "l2tp.cisco.local_session_id", Bits: 32}),
	4:  avpNumber(Field{Name: "l2tp.cisco.remote_session_id", Bits: 32}),
	5:  avpBytes("l2tp.cisco.assigned_cookie"),
	6:  avpText("l2tp.cisco.remote_end_id"),
	7:  avpNumber(Field{Name: "l2tp.cisco.pseudowire_type", Bits: 16, Enum: l2tpPseudowires}),
	8:  avpFlags(16, "l2tp.cisco.circuit_type", "l2tp.cisco.circuit_status"),
	9:  avpNumber(Field{Name: "l2tp.cisco.tie_breaker", Bits: 64, Kind: Hex}),
	10: avpNumber(Field{Name: "l2tp.cisco.draft_avp_version", Bits: 16}),
	12: avpBytes("l2tp.cisco.message_digest"),
	13: avpBytes("l2tp.cisco.nonce"),
	14: avpNumber(Field{Name: "l2tp.cisco.interface_mtu", Bits: 16}),
}

var l2tpTables, l2tpFields = declareL2TP()

// declareL2TP collects what all AVPs declare, in the order of their types.
func declareL2TP() (tables []Rows, fields []*Field) {
	tables = []Rows{l2tpFlags, l2tpFlags2, l2tpAVPHeader, l2tpSublayer, l2tpATMFlags}
	fields = []*Field{l2tpReserved, l2tpLength, l2tpTunnel, l2tpSession, l2tpCCID, l2tpSID, l2tpNs, l2tpNr, l2tpOffset, l2tpPadding, l2tpZLB, l2tpCookie,
		l2tpDefault, l2tpATM, l2tpAVPType, l2tpCiscoType, l2tpEricssonType, l2tpBroadbandType, l2tpCableLabsType, l2tpAVPData, l2tpAVPBad}
	for _, avps := range []map[uint16]l2tpAVP{l2tpAVPs, l2tpCiscoAVPs} {
		for _, t := range slices.Sorted(maps.Keys(avps)) {
			if a := avps[t]; a.rows != nil {
				tables = append(tables, a.rows)
			}
			if f := avps[t].rest; f != nil {
				fields = append(fields, f)
			}
		}
	}
	return tables, fields
}

// nextAVP takes the AVP at the start of b apart. It is not ok when none is there, or its length is wrong.
func nextAVP(b []byte) (vendor, kind uint16, value []byte, hidden, ok bool) {
	if len(b) < avpHeader {
		return 0, 0, nil, false, false
	}
	n := int(be16(b) & 0x3ff)
	if n < avpHeader || n > len(b) {
		return 0, 0, nil, false, false
	}
	return be16(b[2:]), be16(b[4:]), b[avpHeader:n], b[0]&0x40 != 0, true
}

const avpHeader = 6

// l2tpAVPs yields the AVPs from off to the end of the header.
func (w *Walker) l2tpAVPs(off int) {
	end := w.Layer.HeaderLen()
	if w.Layer.Flags&Partial == 0 && off == end {
		w.Add(l2tpZLB, off, 0)
	}
	for off < end && !w.Done() {
		b := w.Body[off:end]
		vendor, kind, value, hidden, ok := nextAVP(b)
		if !ok {
			if w.Layer.Flags&Partial == 0 {
				w.Add(l2tpAVPBad, off, min(2, len(b)))
			}
			return
		}
		w.Rows(l2tpAVPHeader, off)
		types, avps := l2tpAVPType, l2tpAVPs
		if vendor != 0 {
			avps = nil
			if f := l2tpVendorTypes[vendor]; f != nil {
				types = f
			}
			if vendor == ciscoVendor {
				avps = l2tpCiscoAVPs
			}
		}
		w.Add(types, off+4, 2)
		if !hidden {
			w.l2tpValue(avps, kind, off+avpHeader, len(value))
		}
		off += avpHeader + len(value)
	}
}

// l2tpValue yields the n bytes of a value at off.
func (w *Walker) l2tpValue(avps map[uint16]l2tpAVP, kind uint16, off, n int) {
	avp, known := avps[kind]
	if !known {
		w.Add(l2tpAVPData, off, n)
		return
	}
	size := avp.rows.Bits() / 8
	w.record(avp.rows, off, n)
	for avp.list && n >= 2*size && !w.Done() {
		off, n = off+size, n-size
		w.Rows(avp.rows, off)
	}
	if avp.rest != nil && n > size {
		w.Add(avp.rest, off+size, n-size)
	}
}

// l2tpMessage is what a control message says about a session. Numbers are 0 where it says nothing.
type l2tpMessage struct {
	kind                   uint16
	local, remote          uint32
	pseudowire, sublayer   uint16
	cookie                 uint8
	hasCookie, hasSublayer bool
}

// Control messages that set a session up (RFC 3931 §6).
const (
	outgoingCallRequest   = 7
	outgoingCallReply     = 8
	outgoingCallConnected = 9
	incomingCallRequest   = 10
	incomingCallReply     = 11
	incomingCallConnected = 12
)

// setsUp tells whether the message is one of those that set a session up.
func (m *l2tpMessage) setsUp() bool {
	return m.kind >= outgoingCallRequest && m.kind <= incomingCallConnected
}

// first tells whether the message is its sender's first one about the session.
func (m *l2tpMessage) first() bool {
	return m.setsUp() && m.kind != outgoingCallConnected && m.kind != incomingCallConnected
}

// readL2TPMessage reads AVPs. Hidden ones cannot be read.
func readL2TPMessage(b []byte) (m l2tpMessage) {
	for {
		vendor, kind, value, hidden, ok := nextAVP(b)
		if !ok {
			return m
		}
		b = b[avpHeader+len(value):]
		if hidden {
			continue
		}
		switch {
		case vendor == 0 && kind == avpMessageType && len(value) == 2:
			m.kind = be16(value)
		case (vendor == 0 && kind == avpLocalID || vendor == ciscoVendor && kind == ciscoLocalID) && len(value) == 4:
			m.local = be32(value)
		case (vendor == 0 && kind == avpRemoteID || vendor == ciscoVendor && kind == ciscoRemoteID) && len(value) == 4:
			m.remote = be32(value)
		case (vendor == 0 && kind == avpCookie || vendor == ciscoVendor && kind == ciscoCookie) && (len(value) == 4 || len(value) == 8):
			m.cookie, m.hasCookie = uint8(len(value)), true
		case (vendor == 0 && kind == avpPseudowire || vendor == ciscoVendor && kind == ciscoPseudowire) && len(value) == 2:
			m.pseudowire = be16(value)
		case vendor == 0 && kind == avpSublayer && len(value) == 2:
			m.sublayer, m.hasSublayer = be16(value), true
		}
	}
}

// l2tpMessageName is the name of the control message of version 2 or 3 in h, whose flags stand at off.
func l2tpMessageName(h []byte, off int) string {
	if len(h) < off+l2tpControl3 {
		return "control"
	}
	if len(h) == off+l2tpControl3 {
		return "ZLB"
	}
	m := readL2TPMessage(h[off+l2tpControl3:])
	if name := l2tpMessages[uint64(m.kind)]; name != "" {
		return name
	}
	return "control"
}

var (
	l2tpVendors  = Names{0: "IETF", 9: "Cisco", 193: "Ericsson", 311: "Microsoft", 2636: "Juniper", 3561: "Broadband Forum", 4491: "CableLabs"}
	l2tpMessages = Names{0: "ACK", 1: "SCCRQ", 2: "SCCRP", 3: "SCCCN", 4: "StopCCN", 6: "HELLO", 7: "OCRQ", 8: "OCRP", 9: "OCCN", 10: "ICRQ", 11: "ICRP",
		12: "ICCN", 14: "CDN", 15: "WEN", 16: "SLI", 17: "MDMST", 18: "SRRQ", 19: "SRRP", 20: "ACK", 21: "FSQ", 22: "FSR", 23: "MSRQ", 24: "MSRP",
		25: "MSE", 26: "MSI", 27: "MSEN", 28: "CSUN", 29: "CSURQ"}
	l2tpPseudowires = Names{1: "Frame Relay DLCI", 2: "ATM AAL5 SDU VCC transport", 3: "ATM Cell transparent port mode", 4: "Ethernet VLAN", 5: "Ethernet",
		6: "HDLC", 7: "PPP", 9: "ATM Cell transport VCC mode", 10: "ATM Cell transport VPC mode", 11: "IP transport"}
	l2tpSublayers = Names{0: "none", 1: "default", 2: "ATM-specific"}
	l2tpAVPTypes  = Names{0: "Message Type", 1: "Result Code", 2: "Protocol Version", 3: "Framing Capabilities", 4: "Bearer Capabilities", 5: "Tie Breaker",
		6: "Firmware Revision", 7: "Host Name", 8: "Vendor Name", 9: "Assigned Tunnel ID", 10: "Receive Window Size", 11: "Challenge", 12: "Cause Code",
		13: "Challenge Response", 14: "Assigned Session ID", 15: "Call Serial Number", 16: "Minimum BPS", 17: "Maximum BPS", 18: "Bearer Type", 19: "Framing Type",
		21: "Called Number", 22: "Calling Number", 23: "Sub-Address", 24: "Connect Speed", 25: "Physical Channel", 26: "Initial Received LCP CONFREQ",
		27: "Last Sent LCP CONFREQ", 28: "Last Received LCP CONFREQ", 29: "Proxy Authen Type", 30: "Proxy Authen Name", 31: "Proxy Authen Challenge",
		32: "Proxy Authen ID", 33: "Proxy Authen Response", 34: "Circuit Errors", 35: "ACCM", 36: "Random Vector", 37: "Private Group ID",
		38: "Rx Connect Speed", 39: "Sequencing Required", 46: "PPP Disconnect Cause Code", 58: "Extended Vendor ID", 59: "Message Digest", 60: "Router ID",
		61: "Assigned Control Connection ID", 62: "Pseudowire Capabilities List", 63: "Local Session ID", 64: "Remote Session ID", 65: "Assigned Cookie",
		66: "Remote End ID", 68: "Pseudowire Type", 69: "L2-Specific Sublayer", 70: "Data Sequencing", 71: "Circuit Status", 72: "Preferred Language",
		73: "Control Message Authentication Nonce", 74: "Tx Connect Speed", 75: "Rx Connect Speed"}
	l2tpCiscoTypes = Names{0: "Cisco ACK", 1: "Assigned Connection ID", 2: "Pseudowire Capabilities List", 3: "Local Session ID", 4: "Remote Session ID",
		5: "Assigned Cookie", 6: "Remote End ID", 7: "Pseudowire Type", 8: "Circuit Status", 9: "Session Tie Breaker", 10: "Draft AVP Version",
		12: "Message Digest", 13: "Control Message Authentication Nonce", 14: "Interface MTU"}
)
