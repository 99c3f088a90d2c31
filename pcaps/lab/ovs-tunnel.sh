#!/bin/bash
# OpenStack's tunnel bridge: two hosts, three tenants with the same addresses, VXLAN and GRE between the hosts.
#
#	             host a                                                  host b
#	vm1 ── tap1 ┐ vlan 1                                          vlan 5 ┌ tap2 ── vm2   tenant red, VNI 100
#	vm3 ── tap3 ┼ vlan 2 ─ br-int ─ int-a = tun-a ─ br-tun … br-int ─────┼ tap4 ── vm4   tenant blue, GRE key 100
#	vm5 ── tap5 ┘ vlan 5                 vxlan, gre │             vlan 1 └ tap6 ── vm6   tenant green, VNI 300
#	                                           br-phy               vlan 6 is blue on b
#	10.1.0.1 each                   192.0.2.1 phy-a ══════ phy-b 192.0.2.2               10.1.0.2 each
#
# The tenants have the same addresses and talk with the same ports. A local VLAN means something on its host only: 1 and 5 are red
# and green on a, green and red on b; a VNI is not a GRE key of the same number. br-int and br-tun are joined by veths where
# OpenStack has a patch port, so that there is something to read. br-tun's tables are OpenStack's: 0 where a frame came from,
# 1 whether it is for one or for many, 2 and 3 the local VLAN from GRE key and VNI, 10 learn, 20 unicast as learned, 21 flood.
. "$(dirname "$0")/lib.sh"

hosts a b vm1 vm2 vm3 vm4 vm5 vm6
ovs a b
wire a phy-a b phy-b
for n in a b; do
	[ $n = a ] && { me=192.0.2.1 peer=192.0.2.2 h=0a; } || { me=192.0.2.2 peer=192.0.2.1 h=0b; }
	bridge $n br-phy 02:aa:00:00:01:$h
	bridge $n br-int 02:aa:00:00:02:$h
	bridge $n br-tun 02:aa:00:00:03:$h fail-mode=secure
	address $n phy-$n 02:aa:00:00:00:$h
	ip -n "$ns$n" link set phy-$n arp off # br-phy has the address and answers
	vsctl $n add-port br-phy phy-$n
	address $n br-phy - $me/24
	ip -n "$ns$n" link set br-phy up
	wire $n int-$n $n tun-$n
	options="options:in_key=flow options:out_key=flow options:local_ip=$me options:remote_ip=$peer"
	vsctl $n add-port br-int int-$n -- set interface int-$n ofport_request=100 \
		-- add-port br-tun tun-$n -- set interface tun-$n ofport_request=1 \
		-- add-port br-tun vxlan-$n -- set interface vxlan-$n type=vxlan ofport_request=2 $options \
		-- add-port br-tun gre-$n -- set interface gre-$n type=gre ofport_request=3 $options
done

#      NUMBER HOST VLAN TENANT
taps=("1 a 1 red" "2 b 5 red" "3 a 2 blue" "4 b 6 blue" "5 a 5 green" "6 b 1 green")
for tap in "${taps[@]}"; do
	read -r i host vlan _ <<<"$tap"
	wire vm$i eth0 "$host" tap$i
	address vm$i eth0 fa:16:3e:00:00:0$i 10.1.0.$((2 - i % 2))/24
	ip -n "${ns}vm$i" link set eth0 mtu 1400 # 1,500 less what the tunnels add
	vsctl "$host" add-port br-int tap$i tag="$vlan" -- set interface tap$i ofport_request=$i
done

tunnel_flows() { # RED-VLAN BLUE-VLAN GREEN-VLAN
	cat <<-F
		table=0,priority=1,in_port=1 actions=resubmit(,1)
		table=0,priority=1,in_port=2 actions=resubmit(,3)
		table=0,priority=1,in_port=3 actions=resubmit(,2)
		table=0,priority=0 actions=drop
		table=1,priority=0,dl_dst=00:00:00:00:00:00/01:00:00:00:00:00 actions=resubmit(,20)
		table=1,priority=0,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00 actions=resubmit(,21)
		table=2,priority=1,tun_id=0x64 actions=mod_vlan_vid:$2,resubmit(,10)
		table=2,priority=0 actions=drop
		table=3,priority=1,tun_id=0x64 actions=mod_vlan_vid:$1,resubmit(,10)
		table=3,priority=1,tun_id=0x12c actions=mod_vlan_vid:$3,resubmit(,10)
		table=3,priority=0 actions=drop
		table=10,priority=1 actions=learn(table=20,hard_timeout=300,priority=1,NXM_OF_VLAN_TCI[0..11],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],load:0->NXM_OF_VLAN_TCI[],load:NXM_NX_TUN_ID[]->NXM_NX_TUN_ID[],output:NXM_OF_IN_PORT[]),output:1
		table=20,priority=0 actions=resubmit(,21)
		table=21,priority=1,dl_vlan=$1 actions=strip_vlan,set_tunnel:0x64,output:2
		table=21,priority=1,dl_vlan=$2 actions=strip_vlan,set_tunnel:0x64,output:3
		table=21,priority=1,dl_vlan=$3 actions=strip_vlan,set_tunnel:0x12c,output:2
		table=21,priority=0 actions=drop
	F
}
tunnel_flows 1 2 5 >"$tmp/br-tun-a.flows"
tunnel_flows 5 6 1 >"$tmp/br-tun-b.flows"
for n in a b; do ofctl $n add-flows br-tun "$tmp/br-tun-$n.flows"; done

record ovs-tunnel a:tap1 b:tap2 a:tap3 b:tap4 a:tap5 b:tap6 a:tun-a b:tun-b a:phy-a b:phy-b
cp "$tmp"/*.flows "$truth"
cat >"$truth/translations.txt" <<'F'
# tenant  host  tap   local VLAN  tunnel  identifier
red       a     tap1  1           vxlan   100
red       b     tap2  5           vxlan   100
blue      a     tap3  2           gre     100
blue      b     tap4  6           gre     100
green     a     tap5  5           vxlan   300
green     b     tap6  1           vxlan   300
F

tenants() { # COMMAND HOST HOST… runs for red, blue and green at the same time
	local p=()
	"$@" vm1 vm2 "tenant red" & p+=($!)
	"$@" vm3 vm4 "tenant blue" & p+=($!)
	"$@" vm5 vm6 "tenant green" & p+=($!)
	all "${p[@]}"
}
pings() { on $1 ping -n -c 5 -i 0.2 10.1.0.2 >"$truth/ping-${3#* }.txt"; }
nobody() { ! on $1 ping -n -c 1 -W 0.3 10.1.0.99 >>"$truth/ping-${3#* }.txt"; }
large() { on $1 ping -n -c 2 -i 0.2 -s 1372 -M do 10.1.0.2 >>"$truth/ping-${3#* }.txt"; }
downloads() { ask $1 tcp 40000 10.1.0.2:9000 300 20000 "$3"; }
uploads() { ask $1 tcp 40001 10.1.0.2:9000 20000 50 "$3"; }
names() { ask $1 udp 40002 10.1.0.2:9001 60 300 "$3"; }
for vm in vm2 vm4 vm6; do serve $vm tcp:9000 udp:9001; done
tenants pings
tenants nobody # ARP goes to everybody
sleep 2.5
tenants large
tenants downloads
tenants uploads
tenants names

# What br-tun has to drop: a local VLAN that nobody has, and a VNI that nobody has, which b sends.
ofctl b add-flow br-tun 'table=0,priority=9,in_port=1,dl_vlan=77 actions=strip_vlan,set_tunnel:0x999,output:2'
for n in a b; do
	scapy $n <<-PY
		for v in (77, 78):
		    sendp(Ether(src="fa:16:3e:00:00:77", dst="ff:ff:ff:ff:ff:ff") / Dot1Q(vlan=v) / IP(src="10.7.7.7", dst="10.7.7.255") /
		          UDP(sport=7, dport=7) / b"nobody's VLAN on $n", iface="int-$n")
	PY
done
stop

for n in a b; do
	appctl $n revalidator/wait
	for b in br-tun br-int br-phy; do
		ofctl $n dump-flows --no-names $b >"$truth/flows-$b-$n.txt"
		ofctl $n dump-ports $b >"$truth/counters-$b-$n.txt"
		ofctl $n show $b >"$truth/show-$b-$n.txt"
	done
	appctl $n fdb/show br-int >"$truth/fdb-br-int-$n.txt"
	appctl $n tnl/neigh/show >"$truth/tunnel-neighbours-$n.txt"
done
trace() { # HOST FLOW
	echo "### $1 br-tun $2"
	appctl "$1" ofproto/trace br-tun "$2"
}
for mac in fa:16:3e:00:00:02 fa:16:3e:00:00:04 fa:16:3e:00:00:06 fa:16:3e:00:00:99 ff:ff:ff:ff:ff:ff 01:00:5e:00:00:05; do
	for vlan in 1 2 5 9; do trace a in_port=1,dl_vlan=$vlan,dl_src=fa:16:3e:00:00:01,dl_dst=$mac; done
done >"$truth/trace-out-a.txt"
for id in 0x64 0x12c 0x999; do
	for port in 2 3; do
		trace a in_port=$port,tun_id=$id,tun_src=192.0.2.2,tun_dst=192.0.2.1,dl_src=fa:16:3e:00:00:02,dl_dst=fa:16:3e:00:00:01
	done
done >"$truth/trace-in-a.txt"

for tenant in red blue green; do
	expect "$tenant's pings are answered" grep -q '5 packets transmitted, 5 received' "$truth/ping-$tenant.txt"
	expect "$tenant's large pings are answered" grep -q '2 packets transmitted, 2 received' "$truth/ping-$tenant.txt"
done
[ "$(count 'vxlan.vni == 100 && tcp.flags.syn == 1 && tcp.flags.ack == 0')" = 4 ] || fail "red's connections are not in VNI 100"
[ "$(count 'gre.key == 100 && tcp.flags.syn == 1 && tcp.flags.ack == 0')" = 4 ] || fail "blue's connections do not have key 100"
expect "a learned where vm2 is" grep -q 'table=20,.*vlan_tci=0x0001/0x0fff,dl_dst=fa:16:3e:00:00:02' "$truth/flows-br-tun-a.txt"
for p in tap1 tap3 tap5 tun-a; do
	[ $p = tun-a ] && b=br-tun || b=br-int
	counted=$(ofctl a dump-ports $b $p | grep -o 'pkts=[0-9]*' | cut -d= -f2 | paste -sd+ | bc)
	captured=$(count "frame.interface_name == \"$p\"")
	[ "$captured" = "$counted" ] || fail "$p counted $counted frames, and the recording has $captured"
done
