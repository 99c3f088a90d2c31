#!/bin/bash
# Segmentation and checksum offload as captures show it: frames of up to 64 KiB, and checksums that the card still owes.
#
#	sender 10.1.0.1 ──── s0 ─── r0 ─ router ─ r1 ──── d0 ─ receiver 10.2.0.2
#	2001:db8:1::1      TSO, checksums    GRO, but complete     2001:db8:2::2
#
# A veth pair passes frames on as they are. So r0 has those that s0 left to its card: on the far side of a link, but unfinished. What leaves
# at r1 and d0 is segmented and complete; what comes in at r1 is merged (GRO) before it is captured there, and goes on so to the sender.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts sender router receiver
OFFLOAD=1 wire sender s0 router r0
wire router r1 receiver d0
on router ethtool -K r1 gro on
address sender s0 02:00:00:00:01:01 10.1.0.1/24
address router r0 02:00:00:00:01:02 10.1.0.254/24
address router r1 02:00:00:00:02:01 10.2.0.254/24
address receiver d0 02:00:00:00:02:02 10.2.0.2/24
ip -n "${ns}sender" address add 2001:db8:1::1/64 dev s0 nodad
ip -n "${ns}router" address add 2001:db8:1::fe/64 dev r0 nodad
ip -n "${ns}router" address add 2001:db8:2::fe/64 dev r1 nodad
ip -n "${ns}receiver" address add 2001:db8:2::2/64 dev d0 nodad
ip -n "${ns}sender" route add default via 10.1.0.254
ip -n "${ns}receiver" route add default via 10.2.0.254
ip -n "${ns}sender" route add default via 2001:db8:1::fe
ip -n "${ns}receiver" route add default via 2001:db8:2::fe
on router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
serve receiver tcp:6100 udp:6100
serve sender tcp:6100

record offload sender:s0 router:r0 router:r1 receiver:d0
# With offload, towards the receiver and back; UDP, whose checksum the card owes as well.
ask sender tcp 40001 10.2.0.2:6100 300000 2000 "tso v4"
ask sender tcp 40001 '[2001:db8:2::2]:6100' 200000 2000 "tso v6"
ask receiver tcp 40002 10.1.0.1:6100 2000 200000 "tso back"
ask sender udp 40003 10.2.0.2:6100 1000 1000 "udp"
ask sender udp 40003 '[2001:db8:2::2]:6100' 1000 1000 "udp v6"
ask sender udp 40004 10.2.0.2:6100 4000 4000 "udp in fragments"
on sender ping -n -c 2 -i 0.2 10.2.0.2 >"$truth/ping.txt"

# UDP segmentation (UDP_SEGMENT): one send is eight datagrams, which are one frame at the sender.
on sender /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 40005)); s.connect(("10.2.0.2", 6109))
s.setsockopt(socket.SOL_UDP, 103, 1000)
s.send(b"".join(b"datagram %d " % i * 90 for i in range(8))[:7500])'

# The same without offload.
on sender ethtool -K s0 tx off tso off gso off >"$tmp/ethtool.log" 2>&1
ask sender tcp 40006 10.2.0.2:6100 100000 2000 "segments"
stop
for at in sender:s0 router:r0 router:r1 receiver:d0; do
	echo "### ${at#*:}"
	on ${at%:*} ethtool -k ${at#*:} | grep -E '^(tcp-seg|tx-check|generic-|rx-check|tx-udp-seg)'
done >"$truth/ethtool.txt"
for h in sender router receiver; do on $h nstat -as 'Ip*' 'Tcp*' 'Udp*' >"$truth/nstat-$h.txt"; done

[ "$(count 'frame.interface_name == s0 && frame.len > 1514')" -gt 5 ] || fail "the sender left no segments to its card"
[ "$(count 'frame.interface_name == r1 && eth.src == 02:00:00:00:02:01 && frame.len > 1514')" = 0 ] || fail "r1 sent frames longer than its MTU"
[ "$(count 'frame.interface_name == r1 && eth.dst == 02:00:00:00:02:01 && frame.len > 1514')" -gt 0 ] || fail "r1 merged nothing"
[ "$(count 'frame.interface_name == d0 && frame.len > 1514')" = 0 ] || fail "d0 has frames longer than its MTU"
