package filter

import "strings"

// Names that Wireshark has for values for which pktscope's tables have another one, which is mostly shorter: "Expedited Forwarding" is EF. A
// filter takes both. Of the same name for another value (IEEE 802.1Q has given "Excellent Effort" another priority since) it takes none.
// TestSynonyms compares with tshark.

// synonyms are Wireshark's names by field. Fields share a table where they do in Wireshark.
var synonyms = func() map[string]map[string]uint64 {
	all := map[string]map[string]uint64{}
	for _, s := range []struct {
		fields string
		names  map[string]uint64 // in lower case
	}{
		{"ah.next_header ip.proto ipv6.dstopts.nxt ipv6.fraghdr.nxt ipv6.hopopts.nxt ipv6.nxt ipv6.routing.nxt mip6.proto", map[string]uint64{
			"ipv6 hop-by-hop option": 0, "ipip": 4, "routing header for ipv6": 43, "fragment header for ipv6": 44,
			"reservation protocol": 46, "generic routing encapsulation": 47, "encap security payload": 50, "authentication header": 51,
			"icmpv6": 58, "no next header for ipv6": 59, "destination options for ipv6": 60, "ospf igp": 89, "ether in ip": 97,
			"layer 2 tunneling": 115, "mpls in ip": 137,
		}},
		{"arp.hw.type sll.hatype", map[string]uint64{
			"net/rom pseudo": 0, "atm (rfc 2225)": 19, "ieee 1394.1995": 24, "ip6ip6 tunnel": 769, "sit0 device - ipv6-in-ipv4": 776,
			"ieee 802.11 + prism2 header": 802, "ieee 802.11 + radiotap header": 803, "zero header length": 65534,
			"void type, nothing is known": 65535,
		}},
		{"arp.opcode", map[string]uint64{
			"arp nak": 10,
		}},
		{"arp.proto.type cmd.type eth.type fr.snaptype geneve.proto_type ieee8021ah.etype llc.type nflog.protocol null.type sll.etype vlan.etype", map[string]uint64{
			"802.1qat multiple stream reservation protocol": 8938, "ieee 1722 audio video transport protocol": 8944,
			"transparent interconnection of lots of links": 8947, "intermediate system to intermediate system": 8948,
			"dec dna remote console": 24578, "dec dna routing": 24579, "appletalk llap bridging": 32923, "aarp": 33011,
			"802.1q virtual lan": 33024, "netware ipx/spx": 33079, "mpls label switched packet": 34887,
			"mpls multicast label switched packet": 34888, "jumbo llc": 34928, "802.1x authentication": 34958,
			"realtek layer 2 protocols": 34969, "ethercat frame": 34980, "802.1ad provider bridge (q-in-q)": 34984,
			"local experimental ethertype 1": 34997, "local experimental ethertype 2": 34998, "iec 61850/goose": 35000,
			"iec 61850/sv (sampled value transmission": 35002, "802.1 link layer discovery protocol (lldp)": 35020,
			"link layer topology discovery (lltd)": 35033, "802.1ae (macsec)": 35045,
			"802.1ah provider backbone bridge (mac-in-mac)": 35047, "ethernet local management interface (mef16)": 35054,
			"802.1ak multiple mac registration protocol": 35062, "ptpv2 over ethernet (ieee1588)": 35063,
			"ieee 802.1ag connectivity fault management (cfm) protocol": 35074, "fibre channel over ethernet": 35078,
			"fcoe initialization protocol": 35092, "rdma over converged ethernet": 35093, "802.1br bridge port extension e-tag": 35135,
			"network service header": 35151, "loopback": 36864, "qinq: old non-standard 802.1ad": 37120,
		}},
		{"chdlc.protocol fr.chdlctype", map[string]uint64{
			"ip": 2048, "cisco discovery protocol": 8192, "slarp": 32821, "aarp": 33011, "netware ipx/spx": 33079,
		}},
		{"erspan.bso", map[string]uint64{
			"good or unknown integrity": 0, "short frame": 1, "oversized frame": 2,
		}},
		{"erspan.encap", map[string]uint64{
			"originally without vlan tag": 0, "originally isl encapsulated": 1, "originally 802.1q encapsulated": 2,
			"vlan tag preserved in frame": 3,
		}},
		{"erspan.gra", map[string]uint64{
			"custom granularity": 3,
		}},
		{"fr.nlpid", map[string]uint64{
			"null": 0, "esis": 130, "isis": 131, "data compression protocol": 176, "ip": 204,
		}},
		{"geneve.option.class", map[string]uint64{
			"open virtual networking (ovn)": 258, "in-band network telemetry (int)": 259, "amazon.com, inc.": 261,
			"cisco systems, inc.": 262, "oracle corporation": 263, "infoquick global connection tech ltd.": 310,
		}},
		{"gre.proto", map[string]uint64{
			"possible gre keepalive packet": 0, "osi": 254, "ip": 2048, "cdp (cisco)": 8192, "mpls label switched packet": 34887,
			"erspan": 35006, "network service header": 35151,
		}},
		{"gtp.ext_hdr.next gtp.ext_hdr_type", map[string]uint64{
			"no more extension headers": 0, "udp port number": 64,
		}},
		{"gtp.message", map[string]uint64{
			"supported extension header notification": 31, "send routing information for gprs request": 32,
			"send routing information for gprs response": 33, "sgsn context acknowledgement": 52, "t-pdu": 255,
		}},
		{"icmp.ext.class", map[string]uint64{
			"mpls label stack class": 1, "interface information object": 2, "interface identification object": 3,
		}},
		{"icmp.int_ident.afi", map[string]uint64{
			"802 (includes all 802 media plus ethernet)": 6,
		}},
		{"icmp.int_info.role", map[string]uint64{
			"ip interface upon which datagram arrived": 0, "sub-ip component of an ip interface upon which datagram arrived": 1,
			"ip interface through which datagram would be forwarded": 2, "ip next-hop to which datagram would be forwarded": 3,
		}},
		{"icmpv6.mldr.mar.record_type", map[string]uint64{
			"include": 1, "exclude": 2, "changed to include": 3, "changed to exclude": 4,
		}},
		{"icmpv6.ni.qtype", map[string]uint64{
			"ipv4 node addresses": 4,
		}},
		{"icmpv6.opt.pref64.plc", map[string]uint64{
			"96 bits prefix length": 0, "64 bits prefix length": 1, "56 bits prefix length": 2, "48 bits prefix length": 3,
			"40 bits prefix length": 4, "32 bits prefix length": 5,
		}},
		{"icmpv6.opt.type", map[string]uint64{
			"nbma shortcut limit option": 6, "ip address/prefix option": 17, "mobile node identifier option": 30,
			"dns search list option": 31, "proxy signature (ps)": 32, "address registration option": 33, "6lowpan context option": 34,
			"6lowpan capability indication option": 36, "dhcp captive-portal": 37, "pref64 option": 38,
		}},
		{"icmpv6.type", map[string]uint64{
			"echo (ping) request": 128, "echo (ping) reply": 129, "inverse neighbor discovery solicitation": 141,
			"inverse neighbor discovery advertisement": 142, "multicast listener report message v2": 143,
			"home agent address discovery request": 144, "home agent address discovery reply": 145, "locator update": 156,
			"mpl control message": 159,
		}},
		{"igmp.type", map[string]uint64{
			"membership query": 17, "membership report": 18, "dvmrp protocol": 19, "pim routing message": 20, "leave group": 23,
			"traceroute response": 30, "traceroute query or request": 31,
		}},
		{"ip.cipso.tag_type", map[string]uint64{
			"permissive categories": 6,
		}},
		{"ip.dsfield.dscp ipv6.tclass.dscp", map[string]uint64{
			"default": 0, "lower effort": 1, "class selector 1": 8, "assured forwarding 11": 10, "assured forwarding 12": 12,
			"assured forwarding 13": 14, "class selector 2": 16, "assured forwarding 21": 18, "assured forwarding 22": 20,
			"assured forwarding 23": 22, "class selector 3": 24, "assured forwarding 31": 26, "assured forwarding 32": 28,
			"assured forwarding 33": 30, "class selector 4": 32, "assured forwarding 41": 34, "assured forwarding 42": 36,
			"assured forwarding 43": 38, "class selector 5": 40, "voice admit": 44, "expedited forwarding": 46, "class selector 6": 48,
			"class selector 7": 56,
		}},
		{"ip.dsfield.ecn ipv6.tclass.ecn", map[string]uint64{
			"not ecn-capable transport": 0, "ecn-capable transport codepoint '01'": 1, "ecn-capable transport codepoint '10'": 2,
			"congestion experienced": 3,
		}},
		{"ip.opt.flag", map[string]uint64{
			"time stamps only": 0, "time stamp and address": 1, "time stamps for prespecified addresses": 3,
		}},
		{"ipv6.opt.mpl.flag.s", map[string]uint64{
			"0": 0, "16-bit unsigned integer": 1, "64-bit unsigned integer": 2, "128-bit unsigned integer": 3,
		}},
		{"ipv6.opt.router_alert", map[string]uint64{
			"active network": 2,
		}},
		{"ipv6.opt.smf_dpd.tid_type", map[string]uint64{
			"null": 0,
		}},
		{"ipv6.opt.type", map[string]uint64{
			"path mtu option": 48, "ioam option": 49, "rpl option": 99, "mpl option": 109, "line-identification option": 140,
		}},
		{"ipv6.opt.type.action", map[string]uint64{
			"skip and continue": 0, "discard and send icmp parameter problem": 2, "discard and send icmp if not multicast": 3,
		}},
		{"ipv6.routing.type", map[string]uint64{
			"type 2 routing": 2, "compact routing header 16": 5, "compact routing header 32": 6,
		}},
		{"l2tp.avp.layer2_specific_sublayer", map[string]uint64{
			"no l2-specific sublayer": 0, "default l2-specific sublayer present": 1, "atm-specific sublayer present": 2,
		}},
		{"l2tp.avp.message_type", map[string]uint64{
			"start_control_request": 1, "start_control_reply": 2, "start_control_connected": 3, "stop_control_notification": 4,
			"outgoing_call_request": 7, "outgoing_call_reply": 8, "outgoing_call_connected": 9, "incoming_call_request": 10,
			"incoming_call_reply": 11, "incoming_call_connected": 12, "call_disconnect_notification": 14, "wan_error_notify": 15,
			"set_link_info": 16, "modem_status": 17, "service_relay_request_msg": 18, "service_relay_reply_message": 19,
			"explicit_acknowledgement": 20, "failover_session_query_message": 21, "failover_session_response_message": 22,
			"multicast-session-request": 23, "multicast-session-response": 24, "multicast-session-establishment": 25,
			"multicast-session-information": 26, "multicast-session-end-notify": 27, "connect-speed-update-notification": 28,
			"connect-speed-update-request": 29,
		}},
		{"l2tp.avp.type", map[string]uint64{
			"control message": 0, "result-error code": 1, "assigned session": 14, "call status avps": 34, "rxconnect speed": 38,
			"pseudowire capability list": 62, "layer2 specific sublayer": 69, "tx connect speed version 3": 74,
			"rx connect speed version 3": 75,
		}},
		{"llc.control.ftype", map[string]uint64{
			"information frame": 0, "supervisory frame": 1, "unnumbered frame": 3,
		}},
		{"llc.control.u_modifier_cmd", map[string]uint64{
			"unnumbered information": 0, "set asynchronous response mode": 3, "unnumbered poll": 8, "disconnect": 16,
			"unnumbered acknowledge": 24, "set asynchronous balanced mode extended": 27, "frame reject": 33,
			"exchange identification": 43,
		}},
		{"llc.control.u_modifier_resp", map[string]uint64{
			"unnumbered information": 0, "disconnected mode": 3, "unnumbered poll": 8, "request disconnect": 16,
			"unnumbered acknowledge": 24, "set asynchronous balanced mode extended": 27, "frame reject": 33,
			"exchange identification": 43,
		}},
		{"llc.dsap llc.ssap", map[string]uint64{
			"null lsap": 0, "llc sub-layer management": 2, "tcp/ip": 6, "spanning tree bpdu": 66,
			"eia rs-511 manufacturing message service": 78, "iso 8208 (x.25 over 802.2)": 126, "banyan vines": 186,
			"ibm net management": 244, "hp extended llc": 248, "iso network layer": 254, "global lsap": 255,
		}},
		{"macc.opcode", map[string]uint64{
			"register req": 4, "register ack": 6, "class based flow control [cbfc] pause": 257,
		}},
		{"mip6.mhtype", map[string]uint64{
			"fast binding acknowledgment": 9, "experimental mobility header": 11,
		}},
		{"nflog.family", map[string]uint64{
			"ipv4": 2,
		}},
		{"nflog.hook", map[string]uint64{
			"pre-routing": 0, "local in": 1, "local out": 3, "post-routing": 4,
		}},
		{"nflog.tlv_type", map[string]uint64{
			"nfula_packet_hdr": 1, "nfula_mark": 2, "nfula_timestamp": 3, "nfula_ifindex_indev": 4, "nfula_ifindex_outdev": 5,
			"nfula_ifindex_physindev": 6, "nfula_ifindex_physoutdev": 7, "nfula_hwaddr": 8, "nfula_payload": 9, "nfula_prefix": 10,
			"nfula_uid": 11, "nfula_seq": 12, "nfula_seq_global": 13, "nfula_gid": 14, "nfula_hwtype": 15, "nfula_hwheader": 16,
			"nfula_hwlen": 17,
		}},
		{"null.family", map[string]uint64{
			"netware ipx/spx": 23, "ipv6": 24,
		}},
		{"ppp.protocol", map[string]uint64{
			"internet protocol version 4": 33, "novell ipx": 43, "multi-link": 61, "internet protocol version 6": 87,
			"trill network protocol (tnp)": 93, "rtp iphc full header": 97, "single link compression in multilink": 251,
			"compressed datagram": 253, "802.1d hello packets": 513, "cisco discovery protocol": 519,
			"trill link state protocol (tlsp)": 16477, "internet protocol control protocol": 32801,
			"osi network layer control protocol": 32803, "appletalk control protocol": 32809, "novell ipx control protocol": 32811,
			"bridging ncp": 32817, "encryption control protocol": 32851, "ipv6 control protocol": 32855,
			"single link compression in multilink control": 33019, "compression control protocol": 33021,
			"cisco discovery protocol control protocol": 33287, "mpls control protocol": 33409, "link control protocol": 49185,
			"password authentication protocol": 49187, "link quality report": 49189, "callback control protocol (cbcp)": 49193,
			"bacp bandwidth allocation control protocol": 49195, "bap bandwidth allocation protocol": 49197,
			"challenge handshake authentication protocol": 49699, "extensible authentication protocol": 49703,
		}},
		{"pwach.channel_type", map[string]uint64{
			"management communication channel (mcc)": 1, "signaling communication channel (scc)": 2,
			"bfd control, pw-ach-encapsulated (bfd without ip/udp headers)": 7, "mpls direct loss measurement (dlm)": 10,
			"mpls inferred loss measurement (ilm)": 11, "mpls delay measurement (dm)": 12,
			"mpls direct loss and delay measurement (dlm+dm)": 13, "mpls inferred loss and delay measurement (ilm+dm)": 14,
			"ipv4 packet": 33, "mpls-tp cc message": 34, "mpls-tp cv message": 35, "protection state coordination protocol (psc)": 36,
			"li": 38, "pseudo-wire oam": 39, "mac withdraw oam msg": 40, "ipv6 packet": 87,
		}},
		{"sctp.data_payload_proto_id", map[string]uint64{
			"h.248/megaco": 7, "bicc/q.2150.3": 8, "s1 application protocol (s1ap)": 18, "webrtc control": 50, "f1 ap": 62,
		}},
		{"sctp.parameter_reconfig_response_result", map[string]uint64{
			"error - wrong ssn": 3, "error - request already in progress": 4, "error - bad sequence number": 5,
		}},
		{"shim6.type", map[string]uint64{
			"update acknowledgment": 65,
		}},
		{"sll.gretype", map[string]uint64{
			"ip": 2048, "cdp (cisco)": 8192, "mpls label switched packet": 34887, "erspan": 35006, "network service header": 35151,
		}},
		{"sll.ltype", map[string]uint64{
			"raw 802.3": 1, "ppp (hdlc)": 7,
		}},
		{"tcp.option_kind", map[string]uint64{
			"time stamp option": 8, "trailer checksum option": 18, "md5 signature option": 19, "user timeout option": 28,
			"the tcp authentication option": 29, "tcp fast open cookie": 34, "rfc3692-style experiment 1": 253,
			"rfc3692-style experiment 2": 254,
		}},
		{"tcp.options.mptcp.subtype", map[string]uint64{
			"multipath capable": 0, "join connection": 1, "data sequence signal": 2, "add address": 3, "remove address": 4,
			"change subflow priority": 5, "tcp fallback": 6, "fast close": 7, "tcp reset": 8,
		}},
		{"vlan.priority", map[string]uint64{
			"best effort (default)": 0, "best effort (default), drop eligible": 0, "critical applications, drop eligible": 2, "spare": 2,
			"excellent effort": 3, "controlled load": 4, "voice, < 10ms latency and jitter, drop eligible": 4,
			"video, < 100ms latency and jitter": 5, "voice, < 10ms latency and jitter": 6,
		}},
		{"vxlan.next_proto", map[string]uint64{
			"network service header": 4,
		}},

		// Booleans have words only there; all have true, false, set and not set.
		{"erspan.direction geneve.option.gcp.direction", map[string]uint64{"egress": 1, "ingress": 0}},
		{"fr.ea", map[string]uint64{"last octet": 1, "more follows": 0}},
		{"fr.cr", map[string]uint64{"command": 1, "response": 0}},
		{"fr.dc", map[string]uint64{"dlci address": 1, "control": 0}},
		{"gre.flags.checksum gre.flags.routing gre.flags.key gre.flags.sequence_number gre.flags.strict_source_route gre.flags.ack gtp.flags.e gtp.flags.s gtp.flags.pn ip.opt.type.copy ipv6.opt.type.change ipv6.fraghdr.more", map[string]uint64{"yes": 1, "no": 0}},
		{"gre.wccp.dynamic_service", map[string]uint64{"dynamic service": 1, "well-known service": 0}},
		{"gre.wccp.alternative_bucket_used", map[string]uint64{"alternative bucket used": 1, "primary bucket used": 0}},
		{"gre.wccp.redirect_header_valid", map[string]uint64{"header is present, but ignore contents": 1, "header contents are valid": 0}},
		{"gtp.ext_hdr.pdu_ses_cont.ppp gtp.ext_hdr.pdu_ses_cont.rqi icmp.int_info.ipaddr icmp.int_info.name_present icmp.int_info.mtu_present", map[string]uint64{"present": 1, "not present": 0}},
		{"icmpv6.ni.flag.a", map[string]uint64{"all unicast address": 1, "unicast addresses on the queried interface": 0}},
		{"igmp.s", map[string]uint64{"suppress router side processing": 1, "do not suppress router side processing": 0}},
		{"ip.opt.sec_prot_auth_genser ip.opt.sec_prot_auth_siop_esi ip.opt.sec_prot_auth_sci ip.opt.sec_prot_auth_nsa ip.opt.sec_prot_auth_doe", map[string]uint64{"datagram protected in accordance with its rules": 1, "datagram not protected in accordance with its rules": 0}},
		{"ip.opt.sec_prot_auth_fti", map[string]uint64{"additional octet present": 1, "final octet": 0}},
		{"l2tp.length_bit", map[string]uint64{"length field is present": 1, "length field is not present": 0}},
		{"l2tp.seq_bit", map[string]uint64{"ns and nr fields are present": 1, "ns and nr fields are not present": 0}},
		{"l2tp.offset_bit", map[string]uint64{"offset size field is present": 1, "offset size field is not present": 0}},
		{"l2tp.priority", map[string]uint64{"this data message has priority": 1, "no priority": 0}},
		{"l2tp.cisco.circuit_status l2tp.avp.circuit_status", map[string]uint64{"up": 1, "down": 0}},
		{"l2tp.cisco.circuit_type l2tp.avp.circuit_type", map[string]uint64{"new": 1, "existing": 0}},
		{"llc.dsap.ig", map[string]uint64{"group": 1, "individual": 0}},
		{"llc.ssap.cr", map[string]uint64{"response": 1, "command": 0}},
		{"sctp.chunk_bit_1", map[string]uint64{"skip chunk and continue processing of the packet": 1, "stop processing of the packet": 0}},
		{"sctp.chunk_bit_2 sctp.parameter_bit_2", map[string]uint64{"do report": 1, "do not report": 0}},
		{"sctp.data_e_bit", map[string]uint64{"last segment": 1, "not the last segment": 0}},
		{"sctp.data_b_bit", map[string]uint64{"first segment": 1, "subsequent segment": 0}},
		{"sctp.data_u_bit", map[string]uint64{"unordered delivery": 1, "ordered delivery": 0}},
		{"sctp.data_i_bit", map[string]uint64{"send sack immediately": 1, "possibly delay sack": 0}},
		{"sctp.shutdown_complete_t_bit sctp.abort_t_bit", map[string]uint64{"tag reflected": 1, "tag not reflected": 0}},
		{"sctp.i_forward_tsn_u_bit", map[string]uint64{"unordered messages": 1, "ordered messages": 0}},
		{"sctp.parameter_bit_1", map[string]uint64{"skip parameter and continue processing of the chunk": 1, "stop processing of chunk": 0}},
		{"sctp.pckdrop_m_bit", map[string]uint64{"source is a middlebox": 1, "source is an endhost": 0}},
		{"sctp.pckdrop_b_bit", map[string]uint64{"sctp checksum was incorrect": 1, "sctp checksum was correct": 0}},
		{"sctp.pckdrop_t_bit", map[string]uint64{"packet is truncated": 1, "packet is not truncated": 0}},
		{"tcp.options.user_to_granularity", map[string]uint64{"minutes": 1, "seconds": 0}},
		{"trill.multi_dst", map[string]uint64{"multi-destination trill frame": 1, "known unicast trill frame": 0}},
		{"vlan.dei", map[string]uint64{"eligible": 1, "ineligible": 0}},
		{"vxlan.flag_g", map[string]uint64{"defined": 1, "not defined": 0}},
	} {
		for field := range strings.FieldsSeq(s.fields) {
			all[field] = s.names
		}
	}
	return all
}()
