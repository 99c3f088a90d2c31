#!/bin/bash
# The kernel's VXLAN with a multicast group for each VNI, over a switch that snoops IGMP and MLD.
#
#	v1 ─ u1 ─── p1 ┐
#	v2 ─ u2 ─── p2 ┼ (bridge) br0 ─ querier 192.0.2.254
#	v3 ─ u3 ─── p3 ┘
#	192.0.2.i, 2001:db8:2::i
#
#	VNI 42  group 239.1.1.1   v1 v2 v3   10.42.0.i
#	VNI 43  group 239.1.1.2   v1 v2      10.42.0.i as well: another tenant
#	VNI 44  group ff05::44    v1    v3   10.44.0.i, over IPv6
#
# The interface of VNI 4x at v1 is a4x, at v2 b4x, at v3 c4x. Interfaces of VNI 43 are in a namespace of their own, t1 and t2, since one host has
# no two networks with the same addresses.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts v1 v2 v3 sw
hosts t1 t2
ip -n "${ns}sw" link add br0 type bridge mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 mcast_query_use_ifaddr 1 \
	mcast_query_interval 200 mcast_query_response_interval 50 mcast_startup_query_interval 100 mcast_last_member_interval 30
on sw ethtool -K br0 tx off >"$tmp/ethtool.log" 2>&1
for i in 1 2 3; do
	wire v$i u$i sw p$i
	on sw sysctl -qw net.ipv6.conf.p$i.disable_ipv6=1
	ip -n "${ns}sw" link set p$i master br0
	address v$i u$i 02:00:00:00:00:0$i 192.0.2.$i/24
	ip -n "${ns}v$i" address add 2001:db8:2::$i/64 dev u$i nodad
	ip -n "${ns}v$i" route add 224.0.0.0/4 dev u$i
done
address sw br0 02:00:00:00:00:fe 192.0.2.254/24
ip -n "${ns}sw" link set br0 up
ip -n "${ns}sw" link set br0 type bridge mcast_querier 1 # now that the intervals are set: it floods for one of them first

record vxlan-multicast v1:u1 v2:u2 v3:u3

# overlay HOST INTERFACE VNI UNDERLAY-INTERFACE MAC ADDRESS GROUP OPTION… [NAMESPACE of the tenant]
overlay() {
	local host=$1 name=$2 vni=$3 under=$4 mac=$5 inner=$6 group=$7 in=${8:-$1}
	on "$host" ip link add "$name" address "$mac" type vxlan id "$vni" group "$group" dev "$under" dstport 4789 ttl 4
	on "$host" sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"
	[ "$in" = "$host" ] || ip -n "$ns$host" link set "$name" netns "$ns$in"
	ip -n "$ns$in" address add "$inner" dev "$name"
	ip -n "$ns$in" link set "$name" up
}
letter=([1]=a b c)
for i in 1 2 3; do
	overlay v$i ${letter[i]}42 42 u$i 02:42:00:00:00:0$i 10.42.0.$i/24 239.1.1.1
	[ $i = 3 ] || overlay v$i ${letter[i]}43 43 u$i 02:43:00:00:00:0$i 10.42.0.$i/24 239.1.1.2 t$i
	[ $i = 2 ] || overlay v$i ${letter[i]}44 44 u$i 02:44:00:00:00:0$i 10.44.0.$i/24 ff05::44
done
joined() { command bridge -n "${ns}sw" mdb show | grep -q "port p$1 grp $2"; }
for m in "1 239.1.1.1" "2 239.1.1.1" "3 239.1.1.1" "1 239.1.1.2" "2 239.1.1.2" "1 ff05::44" "3 ff05::44"; do
	within 10 "the switch knows the member ${m#* } at p${m% *}" joined $m
done
sleep 1 # the querier has spoken
command bridge -n "${ns}sw" -d mdb show >"$truth/mdb.txt"

reach() { # HOST ADDRESS OPTION…
	echo "### $1"
	on "$1" ping -n -c 2 -i 0.1 -W 1 "${@:3}" "$2" || echo "status $?"
}
{
	for i in 1 2 3; do
		for j in 1 2 3; do [ $i = $j ] || reach v$i 10.42.0.$j; done
	done
	reach t1 10.42.0.2
	reach t2 10.42.0.1
	reach v1 10.44.0.3
	reach v1 10.42.0.2 -s 1422 -M do # as long as it may be
	reach v1 10.42.0.9               # nobody: ARP to the group only
} >"$truth/pings.txt" 2>&1
serve v2 tcp:6100
serve t2 tcp:6100
ask v1 tcp 40001 10.42.0.2:6100 200 3000 "vni 42" & talking+=($!)
ask t1 tcp 40001 10.42.0.2:6100 200 3000 "vni 43" & talking+=($!)
wait "${talking[@]}"

# Members by IGMPv2, by IGMPv3 from one source only, and a leave of each; data to them, and to a group of nobody.
on v2 sysctl -qw net.ipv4.conf.u2.force_igmp_version=2
cat >"$tmp/member.py" <<'PY'
import socket, sys, time
group, own, source = sys.argv[1:4]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 6109))
inet = socket.inet_aton
if source == "any":
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, inet(group) + inet(own))
else:
    s.setsockopt(socket.IPPROTO_IP, 39, inet(group) + inet(own) + inet(source))  # IP_ADD_SOURCE_MEMBERSHIP
s.settimeout(2)
try:
    while True: print(group, *s.recvfrom(100), flush=True)
except socket.timeout: pass
PY
on v2 /usr/bin/python3 "$tmp/member.py" 239.2.2.2 192.0.2.2 any >"$truth/received-v2.txt" & members+=($!)
on v3 /usr/bin/python3 "$tmp/member.py" 232.3.3.3 192.0.2.3 192.0.2.1 >"$truth/received-v3.txt" & members+=($!)
within 5 "v2 is a member" joined 2 239.2.2.2
within 5 "v3 is a member" joined 3 232.3.3.3
command bridge -n "${ns}sw" -d mdb show >"$truth/mdb-members.txt"
on v1 /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
s.bind(("192.0.2.1", 40002))
for i in range(3):
    for group in "239.2.2.2", "232.3.3.3", "239.9.9.9": s.sendto(b"to %s %d" % (group.encode(), i), (group, 6109))'
wait "${members[@]}"

# A VTEP goes: it leaves its group.
ip -n "${ns}v2" link delete b42
sleep 1.5
for i in 1 2 3; do command bridge -n "${ns}v$i" fdb show | grep ' dst ' || true; done >"$truth/fdb.txt"
command bridge -n "${ns}sw" -d mdb show >"$truth/mdb-end.txt"
stop

[ "$(grep -c ' 0% packet loss' "$truth/pings.txt")" = 10 ] || fail "pings: $(cat "$truth/pings.txt")"
[ "$(cat "$truth"/received-v?.txt | wc -l)" = 6 ] || fail "multicast did not come: $(cat "$truth"/received-v?.txt)"
[ "$(count 'frame.interface_name == u3 && vxlan.vni == 43')" = 0 ] || fail "u3 has packets of VNI 43"
