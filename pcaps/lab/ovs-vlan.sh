#!/bin/bash
# Open vSwitch with access, trunk, native and QinQ ports; a capture point at each port.
#
#	h1 10.0.0.1 ── p1  access 101 ┐                               ┌ p6  access 101 ── h6 10.0.0.6
#	h2 10.0.0.2 ── p2  access 102 │                               │ p7  access 102 ── h7 10.0.0.7
#	h3 10.0.0.3 ── p3  access 103 ├ br1 ─ t1 ═══════════ t2 ─ br2 ┤ p8  access 103 ── h8 10.0.0.8
#	h4 10.0.0.4 ── p4  access 101 │    trunk 101, 102, 200;       │
#	h5 10.0.0.5 ── p5  access 104 │    104 without a tag;         │ p9  access 104 ── h9 10.0.0.9
#	   customer ── pc1 tunnel 200 ┘    103 is missing             └ pc2 tunnel 200 ── customer
#
#	c1 10.7.0.1 ── access 7 ┐                                       ┌ access 7 ── c2 10.7.0.2
#	                        ├ bc1 ─ trunk ── pc1 … pc2 ── trunk bc2 ┤
#	d1 10.7.0.1 ── access 8 ┘                                       └ access 8 ── d2 10.7.0.2
#
# The customer has two sites, VLANs 7 and 8 of his own and the same addresses in both. br1 and br2 carry them in VLAN 200 with an
# outer tag of 802.1ad (QinQ). All switches are bridges of one Open vSwitch in the host sw.
. "$(dirname "$0")/lib.sh"

hosts sw h1 h2 h3 h4 h5 h6 h7 h8 h9 c1 c2 d1 d2
ovs sw
vsctl sw set Open_vSwitch . other_config:vlan-limit=2
for i in 1 2; do
	bridge sw br$i 02:00:00:00:b$i:00
	bridge sw bc$i 02:00:00:00:bc:0$i
done
wire sw t1 sw t2
for i in 1 2; do
	ip -n "${ns}sw" link set t$i mtu 1508 # room for both tags: the kernel leaves room for one of 802.1Q only
	vsctl sw add-port br$i t$i -- set port t$i trunks=101,102,104,200 vlan_mode=native-untagged tag=104
	wire sw pc$i sw up$i
	vsctl sw add-port bc$i up$i trunks=7,8 \
		-- add-port br$i pc$i -- set port pc$i tag=200 vlan_mode=dot1q-tunnel other_config:qinq-ethtype=802.1ad
done
attach() { # HOST PORT BRIDGE VLAN MAC ADDRESS joins a host to an access port
	wire "$1" eth0 sw "$2"
	address "$1" eth0 "$5" "$6/24"
	vsctl sw add-port "$3" "$2" tag="$4"
}
vlan=([1]=101 102 103 101 104 101 102 103 104)
for i in {1..9}; do attach h$i p$i br$((1 + (i > 5))) ${vlan[i]} 02:00:00:00:00:0$i 10.0.0.$i; done
for i in 1 2; do
	attach c$i c$i bc$i 7 02:00:00:00:07:0$i 10.7.0.$i
	attach d$i d$i bc$i 8 02:00:00:00:08:0$i 10.7.0.$i
done

points=(p1 p2 p3 p4 p5 pc1 t1 t2 p6 p7 p8 p9 pc2)
record ovs-vlan "${points[@]/#/sw:}"

# Who reaches whom: everybody asks everybody.
reach() {
	local i=$1 j verdict
	for j in {1..9}; do
		[ $i != $j ] || continue
		verdict=no
		! on h$i ping -n -c 2 -i 0.05 -W 0.3 10.0.0.$j >/dev/null 2>&1 || verdict=yes
		echo "h$i 10.0.0.$i vlan ${vlan[i]} -> h$j 10.0.0.$j vlan ${vlan[j]}: $verdict"
	done
}
for i in {1..9}; do reach $i >"$tmp/reach.$i" & asking+=($!); done
all "${asking[@]}"
sleep 2.5 # ARP asks for the last ones twice more
cat "$tmp"/reach.{1..9} >"$truth/reach.txt"

# The customer's VLANs talk at the same time with the same addresses and ports.
for i in c d; do
	serve ${i}2 tcp:9000 udp:9001
	ask ${i}1 tcp 40000 10.7.0.2:9000 200 6000 "customer vlan $([ $i = c ] && echo 7 || echo 8)" & talking+=($!)
	ask ${i}1 udp 40001 10.7.0.2:9001 100 300 "customer vlan $([ $i = c ] && echo 7 || echo 8)" & talking+=($!)
done
all "${talking[@]}"
serve h6 tcp:9000
ask h1 tcp 40000 10.0.0.6:9000 200 3000 "vlan 101"

# Tags that an access port has to refuse, but for the priority tag; the payload says which it was.
scapy h1 <<'PY'
for tags, name in ((Dot1Q(vlan=101), b"tag 101"), (Dot1Q(vlan=102), b"tag 102"), (Dot1Q(vlan=0, prio=5), b"priority tag 5"),
                   (Dot1Q(vlan=101) / Dot1Q(vlan=7), b"tags 101 7"), (Dot1AD(vlan=101) / Dot1Q(vlan=7), b"802.1ad tags 101 7")):
    sendp(Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / tags / IP(src="10.0.0.1", dst="10.0.0.255") /
          UDP(sport=1000, dport=2000) / name, iface="eth0")
PY
for tags in dl_vlan=101 dl_vlan=102 vlan_tci=0xb000; do
	echo "### br1 in_port=p1,$tags"
	appctl sw ofproto/trace br1 "in_port=p1,$tags,dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff"
done >"$truth/trace.txt"
stop

vsctl sw --format=csv --columns=name,tag,trunks,vlan_mode,other_config list port >"$truth/ports.csv"
for b in br1 br2; do
	appctl sw fdb/show $b >"$truth/fdb-$b.txt"
	ofctl sw dump-ports $b >"$truth/counters-$b.txt"
	ofctl sw show $b >"$truth/show-$b.txt"
done

[ "$(grep -c yes "$truth/reach.txt")" = 10 ] || fail "who reaches whom: $(cat "$truth/reach.txt")"
! grep 'yes$' "$truth/reach.txt" | grep -v 'vlan \(101\|102\|104\) .*vlan \1:' || fail "a VLAN that reaches another one"
for p in "${points[@]}"; do
	b=br1
	case $p in p[6-9] | pc2 | t2) b=br2 ;; esac
	counted=$(ofctl sw dump-ports $b $p | grep -o 'pkts=[0-9]*' | cut -d= -f2 | paste -sd+ | bc)
	captured=$(count "frame.interface_name == \"$p\"")
	[ "$captured" = "$counted" ] || fail "$p counted $counted frames, and the recording has $captured"
done
