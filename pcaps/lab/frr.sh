#!/bin/bash
# Three FRR routers in a row with OSPF, OSPFv3, IS-IS, LDP, BFD and BGP (VPNv4 and EVPN), two hosts that EVPN joins over VXLAN, and two
# customer sites.
#
#	c1 10.10.0.1 ── ac1 ─ r1 ─ e12 ──── e21 ─ r2 ─ e23 ──── e32 ─ r3 ─ ac3 ── c3 10.10.0.3
#	          VNI 10      │     10.0.12.0/24      10.0.23.0/24    │      VNI 10
#	s1 172.16.1.2 ── ce1 ─┘                                       └─ ce3 ── s3 172.16.3.2
#	198.18.1.0/24         label 100                       label 300         198.18.3.0/24
#
# Router i is 10.255.0.i. BGP is AS 65000 with r2 as route reflector; between r1 and r2 it is signed (TCP MD5), and so are OSPF and IS-IS
# there. r1 and r3 export the site's network with route distinguisher 65000:11 and 65000:13, from their default instance, as this kernel has
# no VRF; nor does it forward MPLS: the labelled packets are scapy's, with the labels that LDP and BGP said.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts r1 r2 r3
hosts c1 c3 s1 s3
wire c1 eth0 r1 ac1
wire r1 e12 r2 e21
wire r2 e23 r3 e32
wire r3 ac3 c3 eth0
wire s1 eth0 r1 ce1
wire r3 ce3 s3 eth0
address r1 e12 02:00:00:00:12:01 10.0.12.1/24
address r2 e21 02:00:00:00:12:02 10.0.12.2/24
address r2 e23 02:00:00:00:23:02 10.0.23.2/24
address r3 e32 02:00:00:00:23:03 10.0.23.3/24
for i in 1 2 3; do
	on r$i sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	address r$i lo - 10.255.0.$i/32
done
for i in 1 3; do
	address s$i eth0 02:00:00:00:05:0$i 172.16.$i.2/24 198.18.$i.1/24
	address r$i ce$i 02:00:00:00:05:1$i 172.16.$i.1/24
	on r$i sysctl -qw net.ipv6.conf.ce$i.disable_ipv6=1
	address c$i eth0 02:00:00:00:0c:0$i 10.10.0.$i/24
	on r$i sysctl -qw net.ipv6.conf.ac$i.disable_ipv6=1
	ip -n "${ns}r$i" link add br10 type bridge mcast_snooping 0
	ip -n "${ns}r$i" link add vx10 type vxlan id 10 local 10.255.0.$i dstport 4789 nolearning
	for p in br10 vx10; do on r$i sysctl -qw net.ipv6.conf.$p.disable_ipv6=1; done
	for p in ac$i vx10; do ip -n "${ns}r$i" link set $p master br10; done
	for p in br10 vx10; do ip -n "${ns}r$i" link set $p up; done
done

configuration() { # of router $1 with the interfaces after it
	local i=$1 interface peer
	shift
	for interface; do
		cat <<-CONF
			interface $interface
			 ip ospf area 0
			 ip ospf network point-to-point
			 ip ospf hello-interval 1
			 ip ospf dead-interval 4
			 ip ospf bfd
			 ipv6 ospf6 area 0
			 ipv6 ospf6 network point-to-point
			 ipv6 ospf6 hello-interval 1
			 ipv6 ospf6 dead-interval 4
			 ip router isis lab
			 isis network point-to-point
			 isis hello-interval 1
			$(case $interface in e12 | e21) printf ' %s\n' "ip ospf message-digest-key 1 md5 lab" "ip ospf authentication message-digest" \
				"isis password md5 lab" ;; esac)
		CONF
	done
	cat <<-CONF
		interface lo
		 ip ospf area 0
		 ip router isis lab
		 isis passive
		router ospf
		 ospf router-id 10.255.0.$i
		router ospf6
		 ospf6 router-id 10.255.0.$i
		router isis lab
		 net 49.0001.0102.5500.000$i.00
		 is-type level-2-only
		 metric-style wide
		router bgp 65000
		 bgp router-id 10.255.0.$i
		 no bgp default ipv4-unicast
		 timers bgp 2 6
	CONF
	for peer in $([ $i = 2 ] && echo 1 3 || echo 2); do
		cat <<-CONF
			 neighbor 10.255.0.$peer remote-as 65000
			 neighbor 10.255.0.$peer update-source lo
			 neighbor 10.255.0.$peer timers connect 1
			 neighbor 10.255.0.$peer advertisement-interval 0
			$([ $((peer + i)) != 3 ] || echo " neighbor 10.255.0.$peer password lab")
		CONF
		for family in "ipv4 vpn" "l2vpn evpn"; do
			cat <<-CONF
				 address-family $family
				  neighbor 10.255.0.$peer activate
				 $([ $i != 2 ] || echo " neighbor 10.255.0.$peer route-reflector-client")
				 exit-address-family
			CONF
		done
	done
	[ $i = 2 ] || cat <<-CONF
		 address-family ipv4 unicast
		  redistribute static
		  label vpn export ${i}00
		  rd vpn export 65000:1$i
		  rt vpn both 65000:1
		  export vpn
		  import vpn
		 exit-address-family
		 address-family l2vpn evpn
		  advertise-all-vni
		 exit-address-family
		ip route 198.18.$i.0/24 172.16.$i.2
	CONF
	cat <<-CONF
		mpls ldp
		 router-id 10.255.0.$i
		 address-family ipv4
		  discovery transport-address 10.255.0.$i
		  discovery hello interval 1
		  $(for interface; do echo "interface $interface"; done)
		 exit-address-family
	CONF
}

record frr r1:ac1 r2:e21 r2:e23 r3:ac3
daemons="zebra staticd bfdd ospfd ospf6d isisd ldpd bgpd"
configuration 1 e12 | tee "$truth/r1.conf" | frr r1 $daemons &
starting+=($!)
configuration 2 e21 e23 | tee "$truth/r2.conf" | frr r2 $daemons &
starting+=($!)
configuration 3 e32 | tee "$truth/r3.conf" | frr r3 $daemons &
starting+=($!)
for p in "${starting[@]}"; do wait $p; done

# shows HOST COMMAND TEXT is true when the output of the command has the text.
shows() { vty "$1" "$2" 2>/dev/null | grep -q "$3"; }
settled() {
	shows r1 "show bgp ipv4 vpn" ">i198.18.3.0/24" && shows r3 "show bgp ipv4 vpn" ">i198.18.1.0/24" &&
		shows r1 "show bgp l2vpn evpn" "\[3\].*10.255.0.3" && shows r3 "show bgp l2vpn evpn" "\[3\].*10.255.0.1" &&
		shows r1 "show mpls ldp binding" "10.255.0.3/32 *10.255.0.2" && shows r3 "show mpls ldp binding" "10.255.0.1/32 *10.255.0.2" &&
		shows r1 "show isis database" "r3.00-00" && shows r1 "show ipv6 ospf6 neighbor" Full
}
within 40 "all protocols are settled" settled
on c1 ping -n -c 5 -i 0.3 10.10.0.3 >"$truth/ping.txt"
within 10 "r1 knows the MAC address of c3" shows r1 "show bgp l2vpn evpn" "02:00:00:00:0c:03"

say() { # what everybody knows, into $1
	local i command
	for i in 1 2 3; do
		for command in "show ip ospf neighbor" "show ip ospf database" "show ipv6 ospf6 neighbor" "show ipv6 ospf6 database" "show isis neighbor" \
			"show isis database detail" "show bfd peers brief" "show mpls ldp neighbor" "show mpls ldp binding" "show bgp summary" \
			"show bgp ipv4 vpn" "show bgp l2vpn evpn" "show evpn mac vni all" "show ip route"; do
			echo "### r$i $command"
			vty r$i "$command"
		done
	done >"$1" 2>&1
}
say "$truth/settled.txt"
for i in 1 2 3; do
	vty r$i "show bgp ipv4 vpn json" >"$truth/vpn-r$i.json"
	vty r$i "show mpls ldp binding json" >"$truth/ldp-r$i.json"
	vty r$i "show bgp l2vpn evpn json" >"$truth/evpn-r$i.json"
done

# Labelled packets from r1 to r3 by way of r2: the label that r2 said for 10.255.0.3 by LDP, and r3's for its VPN routes.
transport=$(vty r1 "show mpls ldp binding" | awk '$2 == "10.255.0.3/32" && $3 == "10.255.0.2" { print $5 }')
scapy r1 <<PY
from scapy.contrib.mpls import MPLS
load_contrib("mpls")
for i in range(5):
    sendp(Ether(src="02:00:00:00:12:01", dst="02:00:00:00:12:02") / MPLS(label=$transport, s=0, ttl=64) / MPLS(label=300, s=1, ttl=64) /
          IP(src="198.18.1.1", dst="198.18.3.1") / UDP(sport=40001, dport=6100) / ("labelled %d" % i), iface="e12")
PY

# Events: routes withdrawn and announced, a session shut and opened, a label changed, a link cut and mended, a cost changed.
event() {
	printf '%s %s\n' "$(date +%s.%N)" "$*" >>"$truth/events.txt"
	case $1 in
	r?) vty "$1" "configure terminal" "${@:2}" ;;
	*) "$@" ;;
	esac
}
event r3 "no ip route 198.18.3.0/24 172.16.3.2"
within 5 "198.18.3.0/24 is withdrawn" eval '! shows r1 "show bgp ipv4 vpn" 198.18.3.0'
event r3 "ip route 198.18.33.0/24 172.16.3.2"
within 5 "198.18.33.0/24 is announced" shows r1 "show bgp ipv4 vpn" 198.18.33.0/24
event r3 "router bgp 65000" "address-family ipv4 unicast" "no export vpn"
within 5 "198.18.33.0/24 is withdrawn" eval '! shows r1 "show bgp ipv4 vpn" 198.18.33.0'
event r3 "router bgp 65000" "address-family ipv4 unicast" "label vpn export 333" "export vpn"
within 5 "the label is 333" shows r1 "show bgp ipv4 vpn 198.18.33.0/24" 333
event r1 "router bgp 65000" "neighbor 10.255.0.2 shutdown"
sleep 1
event r1 "router bgp 65000" "no neighbor 10.255.0.2 shutdown"
within 15 "the session is back" shows r1 "show bgp ipv4 vpn" 198.18.33.0/24
event ip -n "${ns}r3" link set e32 down
within 10 "r2 lost r3 by BFD" eval '! shows r2 "show ip ospf neighbor" 10.255.0.3'
sleep 1
event ip -n "${ns}r3" link set e32 up
within 20 "r3 is back" shows r1 "show bgp ipv4 vpn" 198.18.33.0/24
within 20 "LDP is back" shows r3 "show mpls ldp binding" "10.255.0.1/32 *10.255.0.2"
event r2 "interface e23" "ip ospf cost 77" "isis metric 77"
sleep 1.5
sed -i "s/$ns//" "$truth/events.txt"
say "$truth/end.txt"
stop

for p in ospf isis ldp bgp bfd vxlan mpls; do [ "$(count $p)" -gt 0 ] || fail "no $p in the recording"; done
