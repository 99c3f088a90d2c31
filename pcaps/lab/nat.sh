#!/bin/bash
# A Linux router that translates addresses, with a capture point at each side, and its connection tracking.
#
#	c1  192.168.1.10 ─┐                              203.0.113.1, .2
#	c2  192.168.1.11 ─┼─ (bridge) lan ─ router ─ wan ─────────────── eth0 ─ s  203.0.113.100, .101
#	web 192.168.1.12 ─┘  192.168.1.1
#
# IPv6: 2001:db8:1::10 to ::12 in the LAN, the router ::1; outside 2001:db8:203::1 (router) and ::100 (s).
#
#	what                                   becomes
#	c1, c2 tcp, icmp, udp                  masquerade to 203.0.113.1
#	c1, c2 udp to port 6053                203.0.113.2, ports 40000-40004 only: a sixth flow to one place finds none
#	c1, c2 tcp to port 81                  203.0.113.2, ports 41000-41001 only; s drops these SYNs
#	s to 203.0.113.1 tcp 8080, udp 6000    web tcp 80, udp 6053 (and from the LAN by way of 192.168.1.1: hairpin)
#	s to 203.0.113.2 tcp 2222              the router's own tcp 2022
#	web to the outside                     nothing: the rules forgot it, and its private address is seen outside
#	c1 over IPv6                           masquerade to 2001:db8:203::1
#	c2 over IPv6                           prefix 2001:db8:1::/64 to 2001:db8:9::/64
#
# A second recording, nat-any, has a few of the same flows at the router's interface `any`: both sides at one point, and the ports
# of the bridge as well, so that a frame of the LAN is there twice.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts c1 c2 web router s
ip -n "${ns}router" link add lan type bridge mcast_snooping 0
on router ethtool -K lan tx off >"$tmp/ethtool.log" 2>&1
on router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
on router sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 || true # what is bridged is not routed
on router sysctl -qw net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1
i=9
for h in c1 c2 web; do
	i=$((i + 1))
	wire $h eth0 router p-$h
	ip -n "${ns}router" link set p-$h master lan
	address $h eth0 02:00:00:00:01:$i 192.168.1.$i/24
	ip -n "$ns$h" address add 2001:db8:1::$i/64 dev eth0 nodad
done
wire router wan s eth0
address router lan 02:00:00:00:01:01 192.168.1.1/24
address router wan 02:00:00:00:02:01 203.0.113.1/24 203.0.113.2/24
address s eth0 02:00:00:00:02:02 203.0.113.100/24 203.0.113.101/24
ip -n "${ns}router" link set lan up
ip -n "${ns}router" address add 2001:db8:1::1/64 dev lan nodad
ip -n "${ns}router" address add 2001:db8:203::1/64 dev wan nodad
ip -n "${ns}s" address add 2001:db8:203::100/64 dev eth0 nodad
for h in c1 c2 web; do
	ip -n "$ns$h" route add default via 192.168.1.1
	ip -n "$ns$h" route add default via 2001:db8:1::1
done
ip -n "${ns}s" route add 192.168.1.0/24 via 203.0.113.1
ip -n "${ns}s" route add default via 2001:db8:203::1

on router nft -f - <<'NFT'
table ip nat {
	chain pre {
		type nat hook prerouting priority dstnat
		ip daddr 203.0.113.1 tcp dport 8080 counter dnat to 192.168.1.12:80
		ip daddr 203.0.113.1 udp dport 6000 counter dnat to 192.168.1.12:6053
		ip daddr 203.0.113.2 tcp dport 2222 counter redirect to :2022
	}
	chain post {
		type nat hook postrouting priority srcnat
		oifname "lan" ip saddr 192.168.1.0/24 ip daddr 192.168.1.12 counter snat to 192.168.1.1
		oifname "wan" ip saddr 192.168.1.10-192.168.1.11 udp dport 6053 counter snat to 203.0.113.2:40000-40004
		oifname "wan" ip saddr 192.168.1.10-192.168.1.11 tcp dport 81 counter snat to 203.0.113.2:41000-41001
		oifname "wan" ip saddr 192.168.1.10-192.168.1.11 counter masquerade
	}
}
table ip6 nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname "wan" ip6 saddr 2001:db8:1::10 counter masquerade
		oifname "wan" ip6 saddr 2001:db8:1::11 counter snat ip6 prefix to ip6 saddr map { 2001:db8:1::/64 : 2001:db8:9::/64 }
	}
}
table inet filter {
	chain forward {
		type filter hook forward priority filter
		ct state established,related counter accept
		tcp dport 9999 counter reject with tcp reset
		udp dport 9999 counter reject
		iifname "wan" ct status dnat counter accept
		iifname "wan" meta nfproto ipv4 counter drop
		counter accept
	}
}
NFT
on s nft 'table ip f { chain in { type filter hook input priority 0; tcp dport 81 drop; }; }'
on c1 nft 'table ip f { chain in { type filter hook input priority 0; tcp sport 80 tcp dport 45300 drop; }; }'

serve s tcp:80 tcp:8443 udp:6053 udp:6054
serve web tcp:80 udp:6053
serve router tcp:2022

# Connections that are held open. `reached` says that one of the two programs below came to a step, `reach` lets them go on.
reach() { touch "$tmp/step.$1"; }
reached() { within 10 "step $1" test -e "$tmp/step.$1"; }
steps="
import os, socket, sys, threading, time
def reach(step): open('$tmp/step.' + step, 'w').close()
def reached(step):
    while not os.path.exists('$tmp/step.' + step): time.sleep(0.02)
"
# The server of port 90 answers each piece and closes only when the flows are listed.
cat >"$tmp/s/held.py" <<PY
$steps
def hold(c):
    while piece := c.recv(1000): c.send(b"heard: " + piece)
    reached("listed")
    c.close()
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
l.bind(("", 90)); l.listen(9); reach("held")
while True: threading.Thread(target=hold, args=(l.accept()[0],), daemon=True).start()
PY
spawn s "$tmp/s/held.log" /usr/bin/python3 "$tmp/s/held.py"
reached held
cat >"$tmp/c1/held.py" <<PY
$steps
def connect(port):
    c = socket.socket()
    c.bind(("", port)); c.connect(("203.0.113.100", 90))
    return c
def say(c, text): c.send(text); c.recv(1000)
early = connect(44000); say(early, b"before the recording"); reach("early")
reached("recording")
say(early, b"in the recording")
half = connect(44001); say(half, b"closed by one side only"); half.shutdown(socket.SHUT_WR)
lost = connect(44002); say(lost, b"tracked"); reach("lost"); reached("forgotten"); say(lost, b"picked up again"); reach("found")
reached("listed")
for c in early, half, lost: c.close()
PY
spawn c1 "$tmp/c1/held.log" /usr/bin/python3 "$tmp/c1/held.py"
holder=$!
reached early

record nat router:lan router:wan
spawn router "$truth/conntrack-E.txt" stdbuf -oL conntrack -E -o timestamp,extended,id
events=$!
sleep 0.3
reach recording

# More than two seconds of UDP both ways, in the background: ASSURED. And one way only: UNREPLIED.
cat >"$tmp/stream.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.3)
s.bind(("", int(sys.argv[1]))); s.connect(("203.0.113.100", int(sys.argv[2])))
for i in range(8):
    try: s.send(b"40 piece %d\n" % i); s.recv(100)
    except OSError: pass
    time.sleep(0.4)
PY
on s nft add rule ip f in udp dport 6055 drop
for h in c1 c2; do on $h /usr/bin/python3 "$tmp/stream.py" 31200 6054 & streams+=($!); done
on c1 /usr/bin/python3 "$tmp/stream.py" 31201 6055 & streams+=($!)

# The router forgets a connection and picks it up in its middle.
reached lost
on router conntrack -D -p tcp --orig-port-src 44002 >"$tmp/deleted.txt" 2>&1
reach forgotten
reached found

# The same source ports at both clients: the second one gets another.
for port in 50000 50001 50002 50003; do
	ask c1 tcp $port 203.0.113.100:80 60 $((port - 49000)) "c1 $port"
	ask c2 tcp $port 203.0.113.100:80 60 $((port - 49000)) "c2 $port"
done
for h in c1 c2; do
	ask $h tcp 50004 203.0.113.101:8443 60 3000 "$h 50004"
	ask $h udp 30100 203.0.113.100:6054 60 100 "$h 30100"
	on $h ping -n -c 3 -i 0.1 -e 77 203.0.113.100 >"$truth/ping-$h.txt"
	ask $h tcp 50006 '[2001:db8:203::100]:80' 60 500 "$h 50006"
	ask $h udp 30106 '[2001:db8:203::100]:6053' 60 100 "$h 30106"
	on $h ping -n -c 2 -i 0.1 2001:db8:203::100 >"$truth/ping6-$h.txt"
done

# Exhaustion: five ports, eight flows; two ports, three connections that nobody answers.
no() { ! "$@" >/dev/null 2>&1 || fail "answered: $*"; }
for port in 30000 30001 30002; do ask c1 udp $port 203.0.113.100:6053 60 100 "c1 $port"; done
for port in 30000 30001; do ask c2 udp $port 203.0.113.100:6053 60 100 "c2 $port"; done
datagram() { on "$1" /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5); s.bind(("", int(sys.argv[1]))); s.connect((sys.argv[2], int(sys.argv[3])))
s.send(b"20 nobody answers\n"); s.recv(100)' "${@:2}"; }
for port in 30002 30003 30004; do no datagram c2 $port 203.0.113.100 6053; done
attempt() { on "$1" /usr/bin/python3 -c '
import socket, sys
s = socket.socket()
s.settimeout(1.3); s.bind(("", int(sys.argv[1]))); s.connect((sys.argv[2], int(sys.argv[3])))' "${@:2}"; }
for port in 46000 46001 46002; do no attempt c1 $port 203.0.113.100 81 & attempts+=($!); sleep 0.1; done
wait "${attempts[@]}"

# From the outside, and from the inside to the outside address.
ask s tcp 51000 203.0.113.1:8080 60 700 "dnat"
ask s udp 51000 203.0.113.1:6000 60 100 "dnat"
ask s tcp 51001 203.0.113.2:2222 60 70 "redirect"
ask c1 tcp 51002 203.0.113.1:8080 60 700 "hairpin c1"
ask c2 tcp 51002 203.0.113.1:8080 60 700 "hairpin c2"
ask c2 udp 51002 203.0.113.1:6000 60 100 "hairpin c2"
no attempt s 51003 192.168.1.10 80          # dropped by the router
ask web tcp 51004 203.0.113.100:80 60 200 "web without translation"

# Refused by the router and by s; answered from another address; a translation that changes, since another client came between.
no attempt c1 52000 203.0.113.100 9999
no datagram c1 52000 203.0.113.100 9999
no attempt c1 52001 203.0.113.100 83
no datagram c1 52001 203.0.113.100 777
no datagram c2 52002 203.0.113.101 6054
ask c1 udp 52003 203.0.113.100:6054 60 100 "c1 first"
on router conntrack -D -p udp --orig-port-src 52003 >>"$tmp/deleted.txt" 2>&1
ask c2 udp 52003 203.0.113.100:6054 60 100 "c2 between"
ask c1 udp 52003 203.0.113.100:6054 60 100 "c1 again"

# Resets, and the same tuple again at once; the end in TIME_WAIT, and the same tuple again later; a SYN that is never acknowledged.
on c1 /usr/bin/python3 - <<'PY'
import socket, struct
for i in range(2):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.bind(("", 53000)); s.connect(("203.0.113.100", 90)); s.send(b"reset %d" % i); s.recv(100); s.close()
PY
on c1 sysctl -qw net.ipv4.tcp_tw_reuse=1
ask c1 tcp 53001 203.0.113.100:80 60 200 "first use"
sleep 1.2
ask c1 tcp 53001 203.0.113.100:80 60 200 "second use"
scapy c1 <<<'send(IP(dst="203.0.113.100") / TCP(sport=45300, dport=80, seq=1000, options=[("MSS", 1460)]))'

# ICMP errors of the router, and fragments.
on c1 traceroute -n -w 0.5 -q 1 -m 3 203.0.113.100 >"$truth/traceroute.txt"
no on c2 ping -n -c 1 -W 0.5 -t 1 203.0.113.100
on c2 ping -n -c 2 -i 0.1 -s 3000 203.0.113.100 >"$truth/ping-fragments.txt"

wait "${streams[@]}"
on router conntrack -L -o extended >"$truth/conntrack-alive.txt" 2>"$tmp/conntrack.err"
reach listed
wait $holder
sleep 0.3
stop
on router conntrack -L -o extended >"$truth/conntrack-end.txt" 2>"$tmp/conntrack.err"
on router conntrack -S >"$truth/conntrack-S.txt"
on router nft list ruleset >"$truth/nft.txt"
kill -INT $events
wait $events || true
sed -i '/^conntrack v/d' "$truth/conntrack-E.txt"

# Eight flows wanted five ports; three SYNs, each sent twice, two ports.
dropped=$(grep -o ' drop=[0-9]*' "$truth/conntrack-S.txt" | awk -F= '{ n += $2 } END { print n }')
[ "$dropped" -ge 4 ] || fail "the router dropped $dropped packets that found no port"
[ "$(count 'frame.interface_name == lan && udp.dstport == 6053 && ip.src == 192.168.1.0/24 && ip.dst == 203.0.113.100')" = 8 ] ||
	fail "flows to port 6053"
[ "$(count 'frame.interface_name == wan && udp.dstport == 6053 && ip.src == 203.0.113.2')" = 5 ] || fail "flows to port 6053 outside"
grep -q 'udp .*sport=31200.*ASSURED' "$truth/conntrack-alive.txt" || fail "no ASSURED UDP"
grep -q 'udp .*sport=31201.*UNREPLIED' "$truth/conntrack-alive.txt" || fail "no UNREPLIED UDP"
grep -q 'SYN_RECV .*sport=45300' "$truth/conntrack-alive.txt" || fail "no SYN_RECV"
grep -q 'CLOSE_WAIT .*sport=44001' "$truth/conntrack-alive.txt" || fail "no CLOSE_WAIT"

record nat-any router:any
ask c1 tcp 54000 203.0.113.100:80 60 500 "c1 any"
ask c2 tcp 54000 203.0.113.100:80 60 500 "c2 any"
ask c1 udp 54001 203.0.113.100:6054 60 100 "c1 any"
ask s tcp 54002 203.0.113.1:8080 60 500 "dnat any"
ask c1 tcp 54003 203.0.113.1:8080 60 500 "hairpin any"
on c2 ping -n -c 2 -i 0.1 -e 78 203.0.113.100 >"$truth/ping-c2.txt"
stop
on router conntrack -L -o extended 2>"$tmp/conntrack.err" | grep -E 'port=5400[0-3]|id=78' >"$truth/conntrack-end.txt"
