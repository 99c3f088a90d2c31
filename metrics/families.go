package metrics

// A family is the series that the rows of a table are: labels out of some columns, and a counter for each of others.
type family struct {
	table  string   // of which report
	prefix string   // of the names
	labels []string // columns
	values []value
}

type value struct {
	column string
	name   string
	help   string
}

// families are all that come from tables. The tables are those of pktscope read, and their columns are documented there.
var families = []family{
	{"tenants", "pktscope_tenant_", []string{"tenant"}, []value{
		{"packets", "packets_total", "Packets of the tenant."},
		{"bytes", "bytes_total", "Bytes of these packets on the wire."},
		{"flows", "flows_total", "Flows of the tenant."},
		{"tcp_packets", "tcp_packets_total", "Segments of TCP."},
		{"retransmissions", "retransmissions_total", "Retransmissions of TCP."},
		{"out_of_order", "out_of_order_total", "Segments of TCP that others overtook."},
		{"resets", "resets_total", "Resets of TCP."},
		{"zero_windows", "zero_windows_total", "Segments of TCP with a zero window."},
	}},
	{"tunnels", "pktscope_tunnel_", []string{"kind", "id", "a", "b", "within"}, []value{
		{"packets_ab", "packets_ab_total", "Packets in the tunnel from a to b."},
		{"packets_ba", "packets_ba_total", "Packets in the tunnel from b to a."},
		{"bytes_ab", "bytes_ab_total", "Bytes of the packets from a to b on the wire."},
		{"bytes_ba", "bytes_ba_total", "Bytes of the packets from b to a on the wire."},
		{"checksum_bad", "bad_checksums_total", "Packets with a bad outer checksum."},
	}},
	{"bands", "pktscope_band_", []string{"point", "band"}, []value{
		{"packets", "packets_total", "Packets that the TOS puts into the band of the queue."},
		{"bytes", "bytes_total", "Bytes of these packets on the wire."},
	}},
	{"checksums", "pktscope_checksum_", []string{"protocol"}, []value{
		{"good", "good_total", "Checksums that are right."},
		{"bad", "bad_total", "Checksums that are wrong."},
	}},
}

// maxSeries bounds the rows of a family that have series of their own.
const maxSeries = 200
