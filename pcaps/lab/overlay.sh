#!/bin/bash
# The example: what two servers and two provider edges carry for tenants who have the same addresses.
#
#	vm1 10.0.0.1 ─ tap1 ┐ VXLAN 5001                                              VXLAN 5001 ┌ vm2 10.0.0.2
#	vm3 10.0.0.1 ─ tap3 ┤ VXLAN 5002    server a                    server b      VXLAN 5002 ├ vm4 10.0.0.2
#	vm5 10.0.0.1 ─ tap5 ┤ Geneve 6001   172.16.1.1                172.16.1.2     Geneve 6001 ├ vm6 10.0.0.2
#	vm7 10.0.0.1 ─ tap7 ┤ GRE key    ── uplink ── the underlay ── uplink-b ──        GRE key ├ vm8 10.0.0.2
#	n1  10.3.1.1 ─ tap9 ┘ GRE, IP       VLAN 100: 192.168.100.1 and .2               GRE, IP └ n2  10.3.2.1
#
# The servers have an IPsec tunnel, too, for 10.50.1.1 and 10.50.2.1, which are on themselves. The underlay flips a bit of one frame.
#
#	c1 192.168.1.10 ─ c-vlan 10 ┐        s-vlan 200         ┌ c-vlan 10 ─ c2 192.168.1.20
#	d1 192.168.1.10 ─ c-vlan 20 ┼ pe1 ═ core ═══ core-2 ═ pe2 ┼ c-vlan 20 ─ d2 192.168.1.20
#	v1 10.1.1.10    ─ two labels┘                           └ two labels─ v2 10.1.2.20
#
# Servers and provider edges are Open vSwitch in userspace. What no system here makes, TRILL, is added from the generated recording
# `trill`, as the capture point campus.
. "$(dirname "$0")/lib.sh"

hosts a b underlay pe vm1 vm2 vm3 vm4 n1 n2 c1 c2 d1 d2 v1 v2
IPV6=1 hosts vm5 vm6 vm7 vm8
ovs a b pe

# Servers. NUMBER TYPE OPTIONS of a tunnel; its port has number 10 more than the tap.
wire a uplink underlay u1
wire b uplink-b underlay u2
tunnels=(
	"1 vxlan options:key=5001"
	"3 vxlan options:key=5002"
	"5 geneve options:key=6001 options:tos=inherit"
	"7 gre options:in_key=flow options:out_key=flow"
	"9 gre options:key=4242 options:csum=true options:packet_type=legacy_l3"
)
for s in a b; do
	[ $s = a ] && { me=1 peer=2 uplink=uplink; } || { me=2 peer=1 uplink=uplink-b; }
	bridge $s br-phy 0c:42:a1:00:01:0$me
	bridge $s br-int 0c:42:a1:00:02:0$me fail-mode=secure protocols=OpenFlow10,OpenFlow13,OpenFlow15
	ip -n "$ns$s" link set $uplink arp off # br-phy answers
	vsctl $s add-port br-phy $uplink -- add-port br-phy mgmt tag=100 -- set interface mgmt type=internal
	address $s br-phy - 172.16.1.$me/24
	address $s mgmt 0c:42:a1:00:03:0$me 192.168.100.$me/24
	ip -n "$ns$s" address add 10.50.$me.1/32 dev lo
	for link in br-phy mgmt; do ip -n "$ns$s" link set $link up; done
	ofctl $s add-tlv-map br-int '{class=0x0102,type=0x80,len=4}->tun_metadata0' # OVN's: the logical ports, ingress and egress
	for tunnel in "${tunnels[@]}"; do
		read -r i type options <<<"$tunnel"
		vm=vm$((i + me - 1))
		[ $i != 9 ] || vm=n$me
		tap=tap$((i + me - 1))
		wire $vm eth0 $s $tap
		on $s sysctl -qw net.ipv6.conf.$tap.disable_ipv6=1
		vsctl $s add-port br-int $tap -- set interface $tap ofport_request=$i \
			-- add-port br-int t$i -- set interface t$i type=$type ofport_request=$((10 + i)) \
			options:local_ip=172.16.1.$me options:remote_ip=172.16.1.$peer $options
		ip -n "$ns$vm" link set eth0 mtu 1400 # 1,500 less what tunnels add
	done
done
for i in 1 3 5 7; do
	address vm$i eth0 52:54:00:50:0$i:01 10.0.0.1/24
	address vm$((i + 1)) eth0 52:54:00:50:0$i:02 10.0.0.2/24
done
ip -n "${ns}vm5" address add fd00:50::1/64 dev eth0 nodad
ip -n "${ns}vm6" address add fd00:50::2/64 dev eth0 nodad
for i in 1 2; do
	address n$i eth0 52:54:00:50:09:0$i 10.3.$i.1/24
	ip -n "${ns}n$i" route add default dev eth0
	ip -n "${ns}n$i" neighbour add 10.3.$((3 - i)).1 lladdr 52:54:00:50:09:0$((3 - i)) dev eth0 # the tunnel carries IP and no ARP
done
# forward SERVER FLOW… tells br-int what to do with a frame.
forward() {
	local server=$1 flow
	shift
	for flow; do ofctl "$server" -O OpenFlow15 add-flow br-int "$flow"; done
}
both=('in_port=1 actions=output:11' 'in_port=11 actions=output:1' 'in_port=3 actions=output:13' 'in_port=13 actions=output:3'
	'in_port=15 actions=output:5' 'in_port=17 actions=output:7' 'in_port=9,ip actions=output:19')
# The key of GRE is what NVGRE would read as VSID 7001 and FlowID 0x21 one way, 0x84 the other.
forward a "${both[@]}" 'in_port=5 actions=set_field:0x00030004->tun_metadata0,output:15' \
	'in_port=7 actions=set_field:0x1b5921->tun_id,output:17' 'in_port=19 actions=set_field:52:54:00:50:09:01->eth_dst,output:9'
forward b "${both[@]}" 'in_port=5 actions=set_field:0x00040003->tun_metadata0,output:15' \
	'in_port=7 actions=set_field:0x1b5984->tun_id,output:17' 'in_port=19 actions=set_field:52:54:00:50:09:02->eth_dst,output:9'

# The underlay passes on what comes, but for a bit in the first frame from b with these words.
cat >"$tmp/underlay/relay.py" <<'PYTHON'
import select, socket, struct
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4
ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in range(2)]
for end, name in zip(ends, ("u1", "u2")):
    end.bind((name, 0))
    end.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)  # the kernel gives the VLAN tag apart from the frame
print("ready", flush=True)
flipped = False
while True:
    for end in select.select(ends, [], [])[0]:
        frame, auxiliary, _, (_, _, kind, _, _) = end.recvmsg(65535, 64)
        if kind == socket.PACKET_OUTGOING:
            continue
        status, _, _, _, _, tag, protocol = struct.unpack("IIIHHHH", auxiliary[0][2])
        if status & VLAN_VALID:
            frame = frame[:12] + struct.pack("!HH", protocol, tag) + frame[12:]
        at = frame.find(b"flip a bit")
        if end is ends[1] and at > 0 and not flipped:
            flipped = True
            frame = bytearray(frame)
            frame[at + 5] ^= 0x10
        ends[end is ends[0]].send(frame)
PYTHON
spawn underlay "$tmp/underlay/log" /usr/bin/python3 "$tmp/underlay/relay.py"
for i in 1 2; do ip -n "${ns}underlay" link set u$i promisc on; done
within 5 "the underlay forwards" grep -q ready "$tmp/underlay/log"

# Provider edges: two bridges of one Open vSwitch.
vsctl pe set Open_vSwitch . other_config:vlan-limit=2
wire pe core pe core-2
for i in 1 2; do
	bridge pe pe$i 00:1c:73:0e:00:0$i fail-mode=secure protocols=OpenFlow10,OpenFlow13
	[ $i = 1 ] && core=core || core=core-2
	ip -n "${ns}pe" link set $core mtu 1508
	vsctl pe add-port pe$i $core -- set interface $core ofport_request=30
	port=0
	for h in c$i d$i v$i; do
		port=$((port + 1))
		wire $h eth0 pe $h-port
		vsctl pe add-port pe$i $h-port -- set interface $h-port ofport_request=$port
		ip -n "$ns$h" link set eth0 mtu 1400
	done
	address c$i eth0 00:0c:29:00:10:0$i 192.168.1.${i}0/24
	address d$i eth0 00:0c:29:00:10:0$i 192.168.1.${i}0/24
	address v$i eth0 00:0c:29:00:11:0$i 10.1.$i.${i}0/16
	ip -n "${ns}v$i" neighbour add 10.1.$((3 - i)).$((3 - i))0 lladdr 00:0c:29:00:11:0$((3 - i)) dev eth0
done
# edge BRIDGE VPN TRANSPORT OWN-VPN OWN-TRANSPORT: labels belong to who receives them.
edge() {
	local port customer flow
	for flow in \
		"table=0,in_port=3,ip actions=push_mpls:0x8847,set_field:$2->mpls_label,push_mpls:0x8847,set_field:$3->mpls_label,output:30" \
		"table=0,in_port=30,mpls,mpls_label=$5 actions=pop_mpls:0x8847,goto_table:1" \
		"table=1,mpls,mpls_label=$4 actions=pop_mpls:0x0800,output:3"; do
		ofctl pe -O OpenFlow13 add-flow "$1" "$flow"
	done
	for port in 1 2; do
		customer=$((4096 + 10 * port)) # 4096 says that there is a tag
		ofctl pe -O OpenFlow13 add-flow "$1" "table=0,in_port=$port actions=push_vlan:0x8100,set_field:$customer->vlan_vid,push_vlan:0x88a8,set_field:4296->vlan_vid,set_field:1->vlan_pcp,output:30"
		ofctl pe -O OpenFlow13 add-flow "$1" "table=2,dl_vlan=$((10 * port)) actions=pop_vlan,output:$port"
	done
	ofctl pe -O OpenFlow13 add-flow "$1" 'table=0,in_port=30,dl_vlan=200 actions=pop_vlan,goto_table:2'
}
edge pe1 24002 16009 24017 16005
edge pe2 24017 16005 24002 16009

# IPsec between the servers.
for s in a b; do
	[ $s = a ] && me=1 || me=2
	cat >"$tmp/$s/strongswan.conf" <<-CONF
		charon {
			load = random nonce aes sha1 sha2 hmac kdf openssl gcm pem pkcs1 x509 pubkey kernel-libipsec kernel-netlink socket-default vici
			plugins {
				vici {
					socket = unix://$tmp/$s/vici
				}
				kernel-libipsec {
					load = yes
				}
			}
		}
	CONF
	cat >"$tmp/$s/swanctl.conf" <<-CONF
		connections {
			lab {
				version = 2
				local_addrs = 172.16.1.$me
				remote_addrs = 172.16.1.$((3 - me))
				proposals = aes256gcm16-prfsha256-ecp256
				encap = yes
				local {
					auth = psk
				}
				remote {
					auth = psk
				}
				children {
					net {
						local_ts = 10.50.$me.1/32
						remote_ts = 10.50.$((3 - me)).1/32
						esp_proposals = aes256gcm16
					}
				}
			}
		}
		secrets {
			ike {
				secret = "known to everybody"
			}
		}
	CONF
	charon $s
	swan $s --load-all --noprompt --file "$tmp/$s/swanctl.conf" >"$tmp/$s/load.log" 2>&1 || fail "$s: $(cat "$tmp/$s/load.log")"
done

for h in vm2 vm4 vm6 vm8 n2 c2 d2 v2; do serve $h tcp:80 udp:8080; done
serve b tcp:8443
within 5 "the servers reach each other" on a ping -n -c 1 -W 0.5 172.16.1.2
record overlay a:tap1 a:uplink pe:core

# talk HOST ADDRESS NAME WANT: pings, TCP and UDP from ports that are the same everywhere.
talk() {
	on $1 ping -n -q -c 2 -i 0.1 -W 1 -Q 0x28 $2 >>"$truth/ping.txt" # AF11
	ask $1 tcp 40000 $2:80 120 $4 "$3"
	ask $1 udp 40001 $2:8080 60 300 "$3"
}
talk vm1 10.0.0.2 tenant-5001 2000 & talks=($!)
talk vm3 10.0.0.2 tenant-5002 5000 & talks+=($!)
talk vm5 10.0.0.2 tenant-6001 3000 & talks+=($!)
talk vm7 10.0.0.2 tenant-7001 1000 & talks+=($!)
all "${talks[@]}"
talk n1 10.3.2.1 gre 500
talk c1 192.168.1.20 customer-10 2000 & talks=($!)
talk d1 192.168.1.20 customer-20 4000 & talks+=($!)
talk v1 10.1.2.20 vpn 1500 & talks+=($!)
all "${talks[@]}"

on vm5 ping -n -q -c 2 -i 0.1 -W 1 fd00:50::2 >>"$truth/ping.txt"
on a ping -n -q -c 2 -i 0.1 -W 1 192.168.100.2 >>"$truth/ping.txt"
on vm1 ping -n -q -c 1 -W 1 -s 3000 10.0.0.2 >>"$truth/ping.txt"       # three fragments
on vm1 bash -c 'echo nobody listens >/dev/udp/10.0.0.2/9'               # port unreachable
ask vm1 tcp 40002 10.0.0.2:80 120 400 "flip a bit"
swan a --initiate --child net >"$truth/ipsec.txt" 2>&1
on a ping -n -q -c 3 -i 0.1 -W 1 -I 10.50.1.1 10.50.2.1 >>"$truth/ping.txt"
swan a --list-sas >>"$truth/ipsec.txt" 2>&1
stop

for s in a b; do ofctl $s -O OpenFlow15 dump-flows --no-names br-int >"$truth/flows-$s.txt"; done
for i in 1 2; do ofctl pe -O OpenFlow13 dump-flows --no-names pe$i >"$truth/flows-pe$i.txt"; done
cat >"$truth/who.tsv" <<'F'
# encapsulation	identifier	source	destination	TCP answer in bytes	point
vxlan	5001	10.0.0.1	10.0.0.2	2000	uplink
vxlan	5002	10.0.0.1	10.0.0.2	5000	uplink
geneve	6001	10.0.0.1	10.0.0.2	3000	uplink
gre	0x1b5921/0x1b5984	10.0.0.1	10.0.0.2	1000	uplink
gre	4242	10.3.1.1	10.3.2.1	500	uplink
qinq	200.10	192.168.1.10	192.168.1.20	2000	core
qinq	200.20	192.168.1.10	192.168.1.20	4000	core
mpls	16009/24002, 16005/24017	10.1.1.10	10.1.2.20	1500	core
F

# The generated part, a second after the last frame that was recorded.
last=$(tshark -n -r "$capture" -T fields -e frame.time_epoch 2>/dev/null | tail -1)
first=$(tshark -n -r "$labs/../testdata/trill.pcapng" -c 1 -T fields -e frame.time_epoch 2>/dev/null)
editcap -t "$(/usr/bin/python3 -c "from decimal import Decimal as D; print(D('$last') - D('$first') + 1)")" "$labs/../testdata/trill.pcapng" "$tmp/trill.pcapng"
mergecap -I none -w "$tmp/merged.pcapng" "$capture" "$tmp/trill.pcapng"
editcap --discard-capture-comment "$tmp/merged.pcapng" "$capture"
[ "$(count 'tcp.port == 40000' -d udp.port==4789,vxlan)" -gt 60 ] || fail "conversations are missing in the recording"
