#!/bin/bash
# A switch by its rules, and what controllers and managers say to a switch.
#
#	               ┌── s1 ── p1 ┐
#	ctl ═══ mgmt ─ sw ── s2 ── p2 ├ p     recording ovs-rules: 300 frames in at s1, s2 and s3, by 35 rules out at s1 to s4
#	192.0.2.2  .1  ├── s3 ── p3 ┤
#	               ├── s4 ── p4 ┘         recording openflow: what ovs-ofctl and a controller on ctl say to br0, in OpenFlow 1.0 to 1.5
#	               ├── sx ── x 10.5.0.1
#	               └── sy ── y 10.5.0.2   recording ovsdb: what ovs-vsctl and ovsdb-client on ctl say to the database
. "$(dirname "$0")/lib.sh"

hosts sw p ctl x y
ovs sw
wire sw mgmt ctl eth0
address sw mgmt 02:00:00:00:aa:01 192.0.2.1/24
address ctl eth0 02:00:00:00:aa:02 192.0.2.2/24
bridge sw br0 02:00:00:00:b0:00 fail-mode=secure \
	protocols=OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15
for i in 1 2 3 4; do
	wire p p$i sw s$i
	vsctl sw add-port br0 s$i -- set interface s$i ofport_request=$i
done

### ovs-rules

cat >"$tmp/rules.txt" <<'F'
table=0,priority=100,dl_dst=01:80:c2:00:00:00/ff:ff:ff:ff:ff:f0 actions=drop
table=0,priority=95,arp,arp_spa=10.0.0.66 actions=drop
table=0,priority=90,arp,arp_op=1,arp_tpa=10.0.0.254 actions=output:4
table=0,priority=80,arp actions=FLOOD
table=0,priority=70,in_port=1,dl_vlan=10,dl_vlan_pcp=5 actions=strip_vlan,output:2
table=0,priority=65,in_port=1,dl_vlan=10 actions=strip_vlan,resubmit(,1)
table=0,priority=65,in_port=1,vlan_tci=0x0000/0x1fff actions=resubmit(,1)
table=0,priority=60,in_port=1,vlan_tci=0x1014/0x1ffe actions=mod_vlan_vid:300,mod_vlan_pcp:3,output:3
table=0,priority=50,in_port=2,ip actions=mod_dl_src:02:00:00:00:00:fe,mod_dl_dst:02:00:00:00:00:01,output:1
table=0,priority=45,in_port=2 actions=output:1,output:4
table=0,priority=40,in_port=3,ipv6 actions=output:1,output:2
table=0,priority=35,in_port=3,dl_src=02:00:00:00:00:00/ff:ff:ff:ff:ff:00 actions=NORMAL
table=0,priority=0 actions=drop
table=1,priority=100,tcp,tp_dst=22 actions=output:2
table=1,priority=95,tcp,tcp_flags=+syn-ack actions=output:3
table=1,priority=90,tcp,tp_dst=0x50/0xfff0 actions=mod_nw_dst:10.9.9.9,mod_tp_dst:8080,dec_ttl,output:2
table=1,priority=85,tcp,nw_src=10.1.0.0/16,nw_dst=10.0.0.0/255.0.0.254 actions=resubmit(,2)
table=1,priority=80,udp,tp_dst=53 actions=mod_nw_tos:184,output:3
table=1,priority=75,udp,tp_src=68,tp_dst=67 actions=IN_PORT
table=1,priority=70,icmp,icmp_type=8,icmp_code=0 actions=push_vlan:0x8100,set_field:4197->vlan_vid,output:4
table=1,priority=65,ip,nw_frag=yes actions=output:4
table=1,priority=60,ip,nw_proto=47 actions=output:2,output:3,output:4
table=1,priority=55,ip,nw_ttl=1 actions=drop
table=1,priority=50,ip,nw_tos=184 actions=load:0x7->NXM_NX_REG0[],resubmit(,3)
table=1,priority=40,ip,nw_dst=224.0.0.0/4 actions=FLOOD
table=1,priority=30,ip actions=resubmit(,2)
table=1,priority=20,ipv6,ipv6_dst=2001:db8::/32 actions=output:3
table=1,priority=10,dl_type=0x8847 actions=output:4
table=1,priority=0 actions=drop
table=2,priority=20,ip,nw_src=10.1.0.0/16 actions=learn(table=4,priority=7,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),output:2
table=2,priority=10,ip,nw_dst=10.3.0.0/16 actions=mod_nw_src:192.0.2.1,resubmit(,3)
table=2,priority=0 actions=resubmit(,4)
table=3,priority=10,reg0=0x7 actions=output:3
table=3,priority=0 actions=output:2
table=4,priority=0 actions=output:4
F
ofctl sw -O OpenFlow13 add-flows br0 "$tmp/rules.txt"

# The frames are the same each time. A line is the port and the bytes.
scapy p >"$tmp/frames.txt" <<'PY'
import random
r = random.Random(11)

def address():
    return "10.%d.%d.%d" % (r.randint(1, 3), r.randint(0, 2), r.choice([0, 1, 5, 9]))

def mac():
    return "02:00:00:00:00:%02x" % r.randint(1, 4)

def packet(i):
    ip = IP(src=address(), dst=address(), ttl=r.choice([64, 64, 1, 2]), tos=r.choice([0, 0, 184, 8]), id=i)
    tcp = lambda: ip / TCP(sport=r.randint(1024, 65000), dport=r.choice([22, 80, 81, 95, 96, 443, 443]), flags=r.choice(["S", "SA", "A", "PA"]), seq=i)
    udp = lambda: ip / UDP(sport=r.choice([68, 5000]), dport=r.choice([53, 67, 4000]))
    ping = lambda: ip / ICMP(type=r.choice([8, 0]), id=i) / b"ping"
    gre = lambda: ip / GRE(proto=0x800) / IP(src="10.8.0.1", dst="10.8.0.2") / UDP(sport=1000, dport=2000)
    arp = lambda: ARP(op=r.choice([1, 2]), psrc=r.choice(["10.0.0.66", address(), address()]), pdst=r.choice(["10.0.0.254", address()]))
    six = lambda: IPv6(src="2001:db8::1", dst=r.choice(["2001:db8::2", "2001:dead::1"])) / UDP(sport=1000, dport=2000)
    fragment = lambda: IP(src=ip.src, dst=ip.dst, id=i, flags="MF", frag=r.choice([0, 100]), proto=17) / bytes(64)
    many = lambda: IP(src=ip.src, dst="224.0.0.5", id=i) / UDP(sport=9000, dport=9000) / b"many"
    label = lambda: MPLS(label=20, ttl=64) / ip / UDP(sport=1000, dport=2000)
    return r.choice([tcp, tcp, tcp, tcp, tcp, udp, udp, udp, udp, ping, ping, gre, arp, six, fragment, many, label])()

load_contrib("mpls")
for i in range(300):
    port = r.choice([1, 1, 1, 1, 1, 2, 3])
    frame = Ether(src=mac(), dst="01:80:c2:00:00:0e" if i % 40 == 0 else r.choice([mac(), mac(), "ff:ff:ff:ff:ff:ff"]))
    if port == 1 and r.random() < 0.35:
        frame /= Dot1Q(vlan=r.choice([10, 10, 20, 21, 30]), prio=r.choice([0, 5, 2]))
    print(port, bytes(frame / packet(i)).hex())
PY
record ovs-rules sw:s1 sw:s2 sw:s3 sw:s4
cp "$tmp/rules.txt" "$tmp/frames.txt" "$truth"

n=0
while read -r port frame; do # what each would do alone: nothing is learned by a trace
	n=$((n + 1))
	[ $n -le 60 ] || continue
	echo "### frame $n in_port=$port"
	appctl sw ofproto/trace br0 in_port=$port $frame
done <"$tmp/frames.txt" >"$truth/trace.txt"
on p /usr/bin/python3 - "$tmp/frames.txt" <<'PY'
import socket
import sys
import time
out = {port: socket.socket(socket.AF_PACKET, socket.SOCK_RAW) for port in "123"}
for port, s in out.items():
    s.bind(("p" + port, 0))
for line in open(sys.argv[1]):
    port, frame = line.split()
    out[port].send(bytes.fromhex(frame))
    time.sleep(0.005)
PY
stop
appctl sw revalidator/wait
ofctl sw -O OpenFlow13 dump-flows --no-names br0 >"$truth/flows.txt"
ofctl sw -O OpenFlow13 dump-tables br0 | sed '/^  table 5/,$d' >"$truth/tables.txt"
ofctl sw -O OpenFlow13 dump-ports br0 >"$truth/counters.txt"
appctl sw fdb/show br0 >"$truth/fdb.txt"
[ "$(grep -c . "$truth/frames.txt")" = 300 ] || fail "not 300 frames"
[ "$(grep 'table=0,' "$truth/flows.txt" | grep -o 'n_packets=[0-9]*' | cut -d= -f2 | paste -sd+ | bc)" = 300 ] || fail "table 0 did not see 300 frames"
! grep 'n_packets=0,' "$truth/flows.txt" | grep -v 'table=4,.*priority=7' || fail "nothing matches these rules"
expect "a learned rule is used" grep 'table=4,.*n_packets=[1-9].*priority=7' "$truth/flows.txt"
for i in 1 2 3 4; do
	counted=$(ofctl sw dump-ports br0 s$i | grep -o 'pkts=[0-9]*' | cut -d= -f2 | paste -sd+ | bc)
	captured=$(count "frame.interface_name == \"s$i\"")
	[ "$captured" = "$counted" ] || fail "s$i counted $counted frames, and the recording has $captured"
done

### openflow

ofctl sw del-flows br0
vsctl sw set-controller br0 ptcp:6653:192.0.2.1
within 5 "br0 listens" on ctl ovs-ofctl -O OpenFlow13 show tcp:192.0.2.1:6653
record openflow sw:mgmt
to=tcp:192.0.2.1:6653
say() { # VERSION ARGUMENT… says something to the switch, and writes down what was said and what came back, also if that is an error
	local version=$1
	shift
	echo "### OpenFlow$version $*"
	# With names it would ask for the names of the tables first, in a megabyte of features.
	on ctl ovs-ofctl --timeout=10 --no-names -O "OpenFlow$version" "$@" 2>&1 || true
}
inject() { # a frame to UDP port 99 at s4, which the switch gives to whoever monitors
	on p /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("p4", 0))
s.send(bytes.fromhex("ffffffffffff02000000000408004500002800010000401166c20a0000010a0000020064006300140000") + b"packet-in   ")'
}
for v in 10 11 12 13 14 15; do
	for what in show dump-desc dump-tables dump-ports dump-ports-desc dump-aggregate get-frags queue-stats queue-get-config probe; do
		case $what in
			queue-get-config) say $v $what $to 1 ;;
			*) say $v $what $to ;;
		esac
	done
	say $v add-flow $to "cookie=0x$v,priority=10$v,in_port=4,tcp,tp_dst=$v,idle_timeout=60,hard_timeout=90,send_flow_rem,actions=output:1"
	say $v add-flow $to "priority=3000,in_port=4,udp,tp_dst=99,actions=controller:128"
	say $v mod-flows $to "in_port=4,tcp,tp_dst=$v,actions=mod_nw_tos:32,output:2"
	say $v dump-flows $to
	say $v mod-port $to 4 no-flood
	say $v mod-port $to 4 flood
	say $v packet-out $to "in_port=controller packet=ffffffffffff02000000000108060001080006040001020000000001c0a80001000000000000c0a80002 actions=output:2"
	if [ $v -ge 11 ]; then
		say $v add-group $to "group_id=$v,type=select,bucket=weight:10,actions=output:1,bucket=weight:20,actions=output:2"
		say $v dump-groups $to
		say $v dump-group-stats $to
		say $v dump-group-features $to
		say $v del-groups $to "group_id=$v"
	fi
	if [ $v -ge 13 ]; then
		say $v add-meter $to "meter=$v,kbps,burst,band=type=drop,rate=1000,burst_size=100"
		say $v dump-meters $to
		say $v meter-stats $to
		say $v meter-features $to
		say $v del-meter $to "meter=$v"
	fi
	[ $v -lt 14 ] || say $v --bundle add-flow $to "table=5,priority=3,udp,tp_dst=$v,actions=drop"
	say $v add-flow $to "check_overlap,priority=3000,in_port=4,udp,actions=output:2" # an error: it overlaps with the one for port 99
	spawn ctl "$truth/monitor-$v.txt" timeout 5 ovs-ofctl -O OpenFlow$v --unixctl="$tmp/ctl/monitor.$v" --detach --no-chdir --pidfile="$tmp/ctl/monitor.$v.pid" monitor $to 128
	wait $!
	sleep 0.2
	inject
	say $v --strict del-flows $to "priority=10$v,in_port=4,tcp,tp_dst=$v" # the monitor hears that it was removed
	if [ $v = 13 ]; then # who is the master: OFPT_ROLE_REQUEST and OFPT_GET_ASYNC_REQUEST
		on ctl ovs-appctl -t "$tmp/ctl/monitor.$v" ofctl/send 041800180000000500000002000000000000000000000001 041a000800000006
	fi
	on ctl ovs-appctl -t "$tmp/ctl/monitor.$v" ofctl/barrier
	on ctl ovs-appctl -t "$tmp/ctl/monitor.$v" exit
done >"$truth/openflow.txt"
say 13 dump-table-features $to >"$truth/table-features.txt"
vsctl sw set bridge br0 protocols=OpenFlow10
say 15 show $to >>"$truth/openflow.txt" # no common version
ofctl sw del-flows br0

# A learning switch that asks its controller what to do.
spawn ctl "$tmp/controller" env OVS_RUNDIR="$tmp/ctl" ovs-testcontroller --max-idle=2 ptcp:6633:192.0.2.2
listens() { on ctl ss -Hlnt 'sport = :6633' | grep -q .; }
within 5 "the controller listens" listens
vsctl sw set bridge br0 protocols=OpenFlow10,OpenFlow13 -- set-controller br0 tcp:192.0.2.2:6633 -- set controller br0 inactivity_probe=2000
for h in x y; do
	wire $h eth0 sw s$h
	vsctl sw add-port br0 s$h
done
address x eth0 02:00:00:00:05:01 10.5.0.1/24
address y eth0 02:00:00:00:05:02 10.5.0.2/24
connected() { [ "$(vsctl sw get controller br0 is_connected)" = true ]; }
within 5 "the controller is connected" connected
sleep 1
on x ping -n -c 3 -i 0.2 10.5.0.2 >"$truth/ping.txt"
sleep 4 # its rules expire
ip -n "${ns}y" link set eth0 down
sleep 0.3
ip -n "${ns}y" link set eth0 up
sleep 0.5
stop
expect "x reaches y" grep -q '3 received' "$truth/ping.txt"
for v in 1 2 3 4 5 6; do
	[ "$(count "tcp.payload[0] == 0$v" --disable-protocol openflow)" -gt 20 ] || fail "OpenFlow 1.$((v - 1)) is missing"
done

### ovsdb

on sw env OVS_RUNDIR="$tmp/sw/ovs" ovs-appctl -t ovsdb-server ovsdb-server/add-remote ptcp:6640:192.0.2.1
record ovsdb sw:mgmt
db=tcp:192.0.2.1:6640
spawn ctl "$truth/monitor.txt" timeout 4 ovsdb-client monitor $db Open_vSwitch Bridge name,ports
sleep 0.3
{
	on ctl ovsdb-client list-dbs $db
	on ctl ovsdb-client dump $db Open_vSwitch Bridge name datapath_type
	on ctl ovs-vsctl --db=$db show
	on ctl ovs-vsctl --db=$db add-br br9 -- set bridge br9 datapath_type=netdev
	on ctl ovs-vsctl --db=$db add-port br9 in9 tag=42 -- set interface in9 type=internal
	on ctl ovs-vsctl --db=$db add-port br9 tr9 trunks=100,200 -- set interface tr9 type=internal
	on ctl ovs-vsctl --db=$db add-port br9 vx9 -- set interface vx9 type=vxlan options:remote_ip=192.0.2.9 options:key=5001
	on ctl ovs-vsctl --db=$db del-br br9
	on ctl ovsdb-client transact $db '["Open_vSwitch",{"op":"select","table":"Port","where":[["name","==","s1"]],"columns":["name","trunks","tag"]}]'
	on ctl ovsdb-client transact $db '["Open_vSwitch",{"op":"select","table":"NoSuch","where":[]}]' || true # an error
} >"$truth/ovsdb.txt" 2>&1
sleep 0.5
stop
expect "the monitor saw br9" grep -q br9 "$truth/monitor.txt"
[ "$(count 'tcp.port == 6640 && tcp.len > 0')" -gt 30 ] || fail "no OVSDB"
