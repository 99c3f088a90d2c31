#!/bin/bash
# Fragments, path MTU discovery, ICMP errors and neighbor discovery, along a way with a small MTU in its middle.
#
#	host 10.1.0.1 ─ h0 ─── a0 ─ near ─ a1 ── MTU 1300 ── b0 ─ far ─ b1 ─── d0 ─ peer 10.2.0.2
#	2001:db8:1::1             .254     10.3.0.1      10.3.0.2     .254          2001:db8:2::2
#
# 10.2.0.99 and 2001:db8:2::99 do not exist, nor do networks other than these. Nobody answers UDP port 6009; near's rules refuse ports
# 6001 to 6004, with an ICMP code each.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts host near far peer
wire host h0 near a0
wire near a1 far b0
wire far b1 peer d0
address host h0 02:00:00:00:01:01 10.1.0.1/24
address near a0 02:00:00:00:01:02 10.1.0.254/24
address near a1 02:00:00:00:03:01 10.3.0.1/24
address far b0 02:00:00:00:03:02 10.3.0.2/24
address far b1 02:00:00:00:02:01 10.2.0.254/24
address peer d0 02:00:00:00:02:02 10.2.0.2/24
ip -n "${ns}near" link set a1 mtu 1300
ip -n "${ns}far" link set b0 mtu 1300
for r in near far; do
	on $r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
done
ip -n "${ns}host" route add default via 10.1.0.254
ip -n "${ns}near" route add 10.2.0.0/24 via 10.3.0.2
ip -n "${ns}far" route add 10.1.0.0/24 via 10.3.0.1
ip -n "${ns}peer" route add default via 10.2.0.254
on near nft -f - <<'NFT'
table inet filter {
	chain forward {
		type filter hook forward priority filter
		udp dport 6001 counter reject with icmpx type admin-prohibited
		udp dport 6002 counter reject with icmpx type host-unreachable
		meta nfproto ipv4 udp dport 6003 counter reject with icmp type net-prohibited
		tcp dport 6004 counter reject with tcp reset
	}
}
NFT
serve peer tcp:6100 udp:6100

record fragments host:h0 near:a0 near:a1 far:b1 peer:d0

# IPv6 addresses now, so that the recording has their duplicate address detection.
ip -n "${ns}host" address add 2001:db8:1::1/64 dev h0
ip -n "${ns}near" address add 2001:db8:1::fe/64 dev a0
ip -n "${ns}near" address add 2001:db8:3::1/64 dev a1
ip -n "${ns}far" address add 2001:db8:3::2/64 dev b0
ip -n "${ns}far" address add 2001:db8:2::fe/64 dev b1
ip -n "${ns}peer" address add 2001:db8:2::2/64 dev d0
settled() { ! ip -n "$ns$1" -6 address show tentative | grep -q inet6; }
for h in host near far peer; do within 5 "addresses of $h are settled" settled $h; done
ip -n "${ns}host" route add default via 2001:db8:1::fe
ip -n "${ns}near" route add 2001:db8:2::/64 via 2001:db8:3::2
ip -n "${ns}far" route add 2001:db8:1::/64 via 2001:db8:3::1
ip -n "${ns}peer" route add default via 2001:db8:2::fe

# TCP both ways, whose segments are too long for the way until a router says so; what the ends have learned then; and forget it.
ask host tcp 40001 10.2.0.2:6100 20000 20000 "path mtu v4"
ask host tcp 40001 '[2001:db8:2::2]:6100' 20000 20000 "path mtu v6"
for a in 10.2.0.2 2001:db8:2::2; do ip -n "${ns}host" route get $a; done >"$truth/path-mtu-host.txt"
for a in 10.1.0.1 2001:db8:1::1; do ip -n "${ns}peer" route get $a; done >"$truth/path-mtu-peer.txt"
for h in host peer; do
	ip -n "$ns$h" route flush cache
	ip -n "$ns$h" -6 route flush cache
done

# What the host sees of each probe.
probe() {
	echo "### $*"
	on host "$@" 2>&1 || echo "status $?"
}
{
	probe ping -n -c 2 -i 0.2 -s 4000 10.2.0.2                      # fragmented by host for 1500, again by near for 1300
	probe ping -n -c 2 -i 0.2 -s 1400 -M dont 10.2.0.2              # fragmented by near
	probe ping -n -c 2 -i 0.2 -W 1 -s 1400 -M do 10.2.0.2           # fragmentation needed
	probe ping -n -c 1 -s 0 10.2.0.2
	probe ping -n -c 1 -W 1 -t 1 10.2.0.2                           # time exceeded
	probe ping -n -c 1 -W 4 10.2.0.99                               # host unreachable, after ARP gave up
	probe ping -n -c 1 -W 1 10.9.0.1                                # net unreachable
	probe ping -n -c 3 -i 0.2 -W 1 -s 3000 2001:db8:2::2            # too big for a1, then the reply for b0, then neither
	probe ping -n -c 2 -i 0.2 -W 1 -s 1200 -M do 2001:db8:2::2
	probe ping -n -c 1 -W 1 -t 1 2001:db8:2::2
	probe ping -n -c 1 -W 4 2001:db8:2::99                          # address unreachable, after ND gave up
	probe ping -n -c 1 -W 1 2001:db8:9::1                           # no route
	probe traceroute -n -q 1 -w 1 -m 3 10.2.0.2
	probe traceroute -6 -n -q 1 -w 1 -m 3 2001:db8:2::2
} >"$truth/probes.txt"

on host /usr/bin/python3 - >"$truth/refused.txt" <<'PY'
import errno, socket
for family, address in (socket.AF_INET, "10.2.0.2"), (socket.AF_INET6, "2001:db8:2::2"):
    for kind, ports in (socket.SOCK_DGRAM, (6001, 6002, 6003, 6009)), (socket.SOCK_STREAM, (6004, 6009)):
        for port in ports:
            s = socket.socket(family, kind)
            s.settimeout(0.3)
            try:
                s.connect((address, port))
                s.send(b"for port %d" % port)
                s.recv(100)
                print(address, port, "answered")
            except socket.timeout:
                print(address, port, "silence")
            except OSError as e:
                print(address, port, errno.errorcode[e.errno])
PY

# UDP in fragments both ways.
ask host udp 40000 10.2.0.2:6100 3000 5000 "fragments v4"
ask host udp 40000 '[2001:db8:2::2]:6100' 3000 5000 "fragments v6"

# Fragments that no host makes: out of order, twice, overlapping, with a hole, and without any data.
scapy host <<'PY'
def pieces(identification, *parts):
    whole = bytes(UDP(sport=40002, dport=6009) / (b"fragment %04x " % identification * 8)[:112])  # 120 bytes
    for first, last, more in parts:
        send(IP(dst="10.2.0.2", id=identification, flags="MF" if more else 0, frag=first // 8, proto=17) / whole[first:last])
pieces(0x1001, (80, 120, False), (40, 80, True), (0, 40, True))                 # the last first
pieces(0x1002, (0, 40, True), (40, 80, True), (40, 80, True), (80, 120, False)) # one twice
pieces(0x1003, (0, 48, True), (40, 120, False))                                 # overlapping by 8 bytes
pieces(0x1004, (0, 40, True), (80, 120, False))                                 # never whole
h = IPv6(dst="2001:db8:2::2")
send(h / IPv6ExtHdrFragment(id=0x2001, m=0, offset=0) / UDP(sport=40002, dport=6009) / b"atomic fragment")
PY
sleep 0.3
stop

for h in host near far peer; do
	on $h nstat -as 'Ip*' 'Icmp*' >"$truth/nstat-$h.txt"
	{ ip -n "$ns$h" neighbor show; ip -n "$ns$h" -6 neighbor show; } | sort -u >"$truth/neighbors-$h.txt"
done
on near nft list ruleset >"$truth/nft.txt"
for h in host peer; do
	[ "$(grep -c 'mtu 1300' "$truth/path-mtu-$h.txt")" = 2 ] || fail "path MTU of $h: $(cat "$truth/path-mtu-$h.txt")"
done
