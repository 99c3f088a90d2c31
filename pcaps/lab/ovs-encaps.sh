#!/bin/bash
# The encapsulations that Open vSwitch knows, one after another, around the same conversation.
#
#	vm1 ── tap-a ── br0 ─┬─ tunnel ─ br-phy ─ phy-a ═══════ phy-b ─ br-phy ─ tunnel ─┬─ br0 ── tap-b ── vm2
#	10.0.0.1             │          192.0.2.1, 2001:db8::1       .2, ::2             │           10.0.0.2
#	                     └─ mpls-a ═════════════════════════════════════════ mpls-b ─┘
#
# The switch has one tunnel at a time: GRE and ERSPAN ports do not get along. Labels, NSH and tags go over mpls-a, without a tunnel.
# Each encapsulation has TCP and UDP ports of its own inside, so that a flow says by what it was carried.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts a b
hosts vm1 vm2
ovs a b
wire a phy-a b phy-b
wire a mpls-a b mpls-b
for n in a b; do
	[ $n = a ] && i=1 || i=2
	bridge $n br-phy 02:aa:00:00:01:0$i
	bridge $n br0 02:aa:00:00:02:0$i fail-mode=secure protocols=OpenFlow10,OpenFlow13,OpenFlow15
	ip -n "$ns$n" link set phy-$n arp off # br-phy answers
	on $n sysctl -qw net.ipv6.conf.{phy-$n,mpls-$n}.disable_ipv6=1
	wire vm$i eth0 $n tap-$n
	vsctl $n add-port br-phy phy-$n \
		-- add-port br0 tap-$n -- set interface tap-$n ofport_request=1 \
		-- add-port br0 mpls-$n -- set interface mpls-$n ofport_request=30
	on $n sysctl -qw net.ipv6.conf.tap-$n.disable_ipv6=1
	ip -n "$ns$n" address add 2001:db8::$i/64 dev br-phy nodad
	address $n br-phy - 192.0.2.$i/24
	ip -n "$ns$n" link set br-phy up
	address vm$i eth0 02:00:00:00:00:0$i 10.0.0.$i/24
	ip -n "${ns}vm$i" link set eth0 mtu 1300
	ip -n "${ns}vm$i" neighbour add 10.0.0.$((3 - i)) lladdr 02:00:00:00:00:0$((3 - i)) dev eth0 # L3 tunnels carry no ARP
	ofctl $n add-tlv-map br0 '{class=0x0104,type=0x42,len=8}->tun_metadata0,{class=0x0104,type=0x80,len=4}->tun_metadata1,{class=0xffff,type=0x1,len=0}->tun_metadata2'
done
serve vm2 tcp:9000 udp:9001

record ovs-encaps a:tap-a a:phy-a a:mpls-a b:tap-b
within 5 "the underlay works" on a ping -n -c 1 -W 0.5 192.0.2.2
within 5 "the underlay works" on a ping -n -c 1 -W 0.5 2001:db8::2
number=0

# converse NAME sends a little of everything from vm1 to vm2 and writes down whether answers came.
converse() {
	local verdict=yes
	number=$((number + 1))
	on vm1 ping -n -q -c 2 -i 0.1 -W 0.5 -Q 0x68 10.0.0.2 >/dev/null || verdict=no
	if [ $verdict = yes ]; then
		ask vm1 tcp $((41000 + number)) 10.0.0.2:9000 100 2500 "$1"
		ask vm1 udp $((41000 + number)) 10.0.0.2:9001 100 200 "$1"
	fi
	printf '%-14s %d  %-3s  %s\n' "$1" $((41000 + number)) $verdict "$2" >>"$truth/encaps.txt"
	for n in a b; do
		appctl $n revalidator/wait
		echo "### $1 on $n"
		ofctl $n -O OpenFlow15 dump-flows --no-names br0 2>/dev/null
	done >>"$truth/flows.txt"
}

# tunnel NAME TYPE OPTIONS ACTIONS [BACK] has one tunnel with TYPE and OPTIONS, into which ACTIONS lead; BACK is done first with what comes out.
tunnel() {
	local n me peer back
	for n in a b; do
		case $n$3 in
			a*ipv6*) me=2001:db8::1 peer=2001:db8::2 ;;
			b*ipv6*) me=2001:db8::2 peer=2001:db8::1 ;;
			a*) me=192.0.2.1 peer=192.0.2.2 ;;
			b*) me=192.0.2.2 peer=192.0.2.1 ;;
		esac
		vsctl $n add-port br0 tunnel -- set interface tunnel type="$2" ofport_request=2 \
			options:local_ip=\"$me\" options:remote_ip=\"$peer\" ${3/ipv6/}
		back=${5:-}
		[ $n = a ] || back=${back/:01->/:02->}
		ofctl $n del-flows br0
		ofctl $n -O OpenFlow15 add-flow br0 "in_port=1 actions=${4:+$4,}output:2"
		ofctl $n -O OpenFlow15 add-flow br0 "in_port=2 actions=${back:+$back,}output:1"
	done
	converse "$1" "$2 $3; $4"
	for n in a b; do vsctl $n del-port br0 tunnel; done
}
ethernet='set_field:02:00:00:00:00:01->eth_dst' # L3 tunnels give frames without addresses

tunnel gre              gre    ''                                              ''
tunnel gre-key          gre    'options:key=flow'                              'set_field:0x1388ab->tun_id' # as NVGRE: VSID 5000, FlowID 0xab
tunnel gre-checksum     gre    'options:key=flow options:csum=true'            'set_field:0x5->tun_id'
tunnel gre-sequence     gre    'options:key=flow options:seq=true'             'set_field:0x6->tun_id'
tunnel gre-l3           gre    'options:key=flow options:packet_type=legacy_l3' 'set_field:0x4321->tun_id' "$ethernet"
tunnel gre-ipv6         gre    'ipv6 options:key=flow'                         'set_field:0x7->tun_id'
tunnel vxlan            vxlan  'options:key=flow options:tos=inherit options:ttl=7' 'set_field:0x19->tun_id'
tunnel vxlan-checksum   vxlan  'options:key=flow options:csum=true'            'set_field:0x1a->tun_id'
tunnel vxlan-ipv6       vxlan  'ipv6 options:key=flow'                         'set_field:0x1b->tun_id'
tunnel vxlan-port       vxlan  'options:key=flow options:dst_port=8472'        'set_field:0x1c->tun_id'
tunnel vxlan-gbp        vxlan  'options:key=flow options:exts=gbp'             'set_field:0x2a->tun_id,set_field:0x123->tun_gbp_id'
tunnel vxlan-gpe        vxlan  'options:key=flow options:exts=gpe options:dst_port=4790 options:packet_type=ptap' 'set_field:0x77->tun_id'
tunnel vxlan-gpe-ip     vxlan  'options:key=flow options:exts=gpe options:dst_port=4790 options:packet_type=legacy_l3' 'set_field:0x78->tun_id' "$ethernet"
tunnel geneve           geneve 'options:key=flow'                              'set_field:0x33->tun_id'
tunnel geneve-options   geneve 'options:key=flow options:csum=true' \
	'set_field:0xabcdef->tun_id,set_field:0x1122334455667788->tun_metadata0,set_field:0x99aabbcc->tun_metadata1'
tunnel geneve-ipv6      geneve 'ipv6 options:key=flow'                         'set_field:0x34->tun_id,set_field:0x5->tun_metadata0'
tunnel erspan1          erspan 'options:key=flow options:erspan_ver=1 options:erspan_idx=flow' 'set_field:0x99->tun_id,set_field:0x3->tun_erspan_idx'
tunnel erspan2          erspan 'options:key=flow options:erspan_ver=2 options:erspan_dir=1 options:erspan_hwid=0x7' 'set_field:0x9a->tun_id'
# Open vSwitch 3.1 sums what it sends before it fills in GTP-U's length, and so receives none of it.
tunnel gtpu             gtpu   'options:key=flow options:packet_type=legacy_l3' 'set_field:0x1234->tun_id' "$ethernet"

# wired NAME PUSH POP… pushes something and sends it over mpls-a; each POP is done in a table of its own.
wired() {
	local n name=$1 push=$2 pop table
	shift 2
	for n in a b; do
		ofctl $n del-flows br0
		ofctl $n -O OpenFlow13 add-flow br0 "in_port=1,ip actions=$push,output:30"
		table=0
		for pop; do
			table=$((table + 1))
			[ $table -lt $# ] && pop+=",goto_table:$table" || pop+=,output:1
			ofctl $n -O OpenFlow13 add-flow br0 "table=$((table - 1)),${pop/ / actions=}"
		done
	done
	converse "$name" "$push"
}
label() { echo "push_mpls:0x8847,set_field:$1->mpls_label"; }
wired mpls1     "$(label 100),set_field:5->mpls_tc"        'in_port=30,mpls,mpls_label=100 pop_mpls:0x0800'
wired mpls2     "$(label 100),$(label 16),set_mpls_ttl(9)" 'in_port=30,mpls,mpls_label=16 pop_mpls:0x8847' 'mpls,mpls_label=100 pop_mpls:0x0800'
wired mpls3     "$(label 100),$(label 200),$(label 18)"    'in_port=30,mpls,mpls_label=18 pop_mpls:0x8847' \
	'mpls,mpls_label=200 pop_mpls:0x8847' 'mpls,mpls_label=100 pop_mpls:0x0800'
wired mpls-vlan "$(label 17),push_vlan:0x8100,set_field:4196->vlan_vid" 'in_port=30,dl_vlan=100 pop_vlan' 'mpls,mpls_label=17 pop_mpls:0x0800'
wired nsh "encap(nsh(md_type=1)),set_field:0x1234->nsh_spi,set_field:0x11223344->nsh_c1,encap(ethernet),set_field:02:00:00:00:00:99->eth_dst" \
	'in_port=30,dl_type=0x894f decap()' 'packet_type=(1,0x894f) decap()'
stop

! grep ' no ' "$truth/encaps.txt" | grep -v '^gtpu ' || fail "no answers over these"
while read -r name port _; do
	[[ $name =~ mpls|nsh ]] && point=mpls-a || point=phy-a
	[ $name = gtpu ] || [ "$(count "tcp.port == $port && frame.interface_name == \"$point\"" -d udp.port==8472,vxlan)" -ge 8 ] ||
		fail "the conversation over $name is not in the recording"
done <"$truth/encaps.txt"
