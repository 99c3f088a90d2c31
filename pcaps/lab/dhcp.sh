#!/bin/bash
# DHCP and DHCPv6 by dnsmasq, with and without a relay, and a few DNS queries.
#
#	c1 ─┐                                           10.9.0.1
#	c2 ─┴ (bridge) lan ─ relay ─ uplink ──────── srv ─ server ─ direct ──── eth0 ─ c3
#	      10.7.0.1          10.9.0.2                         10.8.0.1
#	      2001:db8:7::1     2001:db8:9::2     2001:db8:9::1  2001:db8:8::1
#
# dnsmasq relays at relay and leases at server: 10.7.0.50-60 and 2001:db8:7::100-1ff by way of the relay, 10.8.0.50-60 to c3, always
# 10.7.0.77 to c2. It answers for the zone example.
. "$(dirname "$0")/lib.sh"

IPV6=1 hosts c1 c2 c3 relay server
ip -n "${ns}relay" link add lan type bridge mcast_snooping 0
on relay ethtool -K lan tx off >"$tmp/ethtool.log" 2>&1
for i in 1 2; do
	wire c$i eth0 relay p$i
	ip -n "${ns}relay" link set p$i master lan
	on relay sysctl -qw net.ipv6.conf.p$i.disable_ipv6=1
done
wire relay uplink server srv
wire server direct c3 eth0
for i in 1 2 3; do address c$i eth0 02:00:00:00:00:1$i; done
address relay lan 02:00:00:00:07:01 10.7.0.1/24
address relay uplink 02:00:00:00:09:02 10.9.0.2/24
address server srv 02:00:00:00:09:01 10.9.0.1/24
address server direct 02:00:00:00:08:01 10.8.0.1/24
ip -n "${ns}relay" address add 2001:db8:7::1/64 dev lan nodad
ip -n "${ns}relay" address add 2001:db8:9::2/64 dev uplink nodad
ip -n "${ns}server" address add 2001:db8:9::1/64 dev srv nodad
ip -n "${ns}server" address add 2001:db8:8::1/64 dev direct nodad
ip -n "${ns}relay" link set lan up
ip -n "${ns}server" route add 10.7.0.0/24 via 10.9.0.2
ip -n "${ns}server" route add 2001:db8:7::/64 via 2001:db8:9::2
for h in relay server; do on $h sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; done
settled() { ! ip -n "$ns$1" -6 address show tentative | grep -q inet6; }
for h in c1 c2 c3 relay server; do within 5 "addresses of $h are settled" settled $h; done

record dhcp relay:lan relay:uplink server:direct
spawn server "$truth/dnsmasq.txt" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file="$tmp/server/pid" --user=root \
	--interface=srv --interface=direct --bind-interfaces --no-resolv --no-hosts --domain=example --local=/example/ \
	--host-record=web.example,10.9.0.80,2001:db8:9::80 --cname=www.example,web.example --txt-record=example,"a lab" \
	--dhcp-range=10.7.0.50,10.7.0.60,255.255.255.0,120 --dhcp-range=10.8.0.50,10.8.0.60,255.255.255.0,120 \
	--dhcp-host=02:00:00:00:00:12,10.7.0.77 --dhcp-option=option:router,10.7.0.1 --dhcp-option=option:dns-server,10.9.0.1 \
	--dhcp-option=option:ntp-server,10.9.0.9 --dhcp-option=option:classless-static-route,10.9.0.0/24,10.7.0.1,0.0.0.0/0,10.7.0.1 \
	--dhcp-range=2001:db8:7::100,2001:db8:7::1ff,64,300 --dhcp-range=2001:db8:8::100,2001:db8:8::1ff,64,300 \
	--dhcp-option=option6:dns-server,[2001:db8:9::1] --enable-ra --dhcp-authoritative --no-ping --dhcp-leasefile="$tmp/server/leases" \
	--log-dhcp --log-queries --log-facility=-
spawn relay "$tmp/relay/dnsmasq.log" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file="$tmp/relay/pid" --user=root --port=0 \
	--log-facility=- 	--interface=lan --interface=uplink --dhcp-relay=10.7.0.1,10.9.0.1 --dhcp-relay=2001:db8:7::1,2001:db8:9::1
within 5 "the server runs" grep -q started "$truth/dnsmasq.txt"
within 5 "the relay runs" grep -q started "$tmp/relay/dnsmasq.log"

# c1: udhcpc by way of the relay, DNS, renewal, release.
cat >"$tmp/udhcpc.sh" <<'SH'
#!/bin/sh
case $1 in bound | renew) ip address replace "$ip/24" dev "$interface"; ip route replace default via "$router" ;; esac
echo "$1 ip=$ip lease=$lease server=$serverid router=$router dns=$dns"
SH
chmod 755 "$tmp/udhcpc.sh"
spawn c1 "$truth/c1.txt" busybox udhcpc -f -i eth0 -p "$tmp/c1/pid" -s "$tmp/udhcpc.sh" -t 5 -T 1 -x hostname:c1 -V lab -O staticroutes -R
within 10 "c1 has a lease" grep -q '^bound ip=10.7.0' "$truth/c1.txt"
for name in web.example www.example c1.example nowhere.example; do
	on c1 busybox nslookup $name 10.9.0.1 || true
done >"$truth/nslookup.txt" 2>&1
kill -USR1 "$(cat "$tmp/c1/pid")"
within 5 "c1 renewed" grep -q '^renew ip=10.7.0' "$truth/c1.txt"

# c2: dhclient by way of the relay, with the address reserved for it, then DHCPv6: an address, information only, release.
cat >"$tmp/dhclient.sh" <<'SH'
#!/bin/sh
case $reason in
BOUND | RENEW | REBIND) ip address replace "$new_ip_address/24" dev "$interface" ;;
BOUND6) ip address replace "$new_ip6_address/128" dev "$interface" nodad ;;
esac
[ -z "$new_routers" ] || ip route replace default via "${new_routers%% *}" || true
SH
chmod 755 "$tmp/dhclient.sh"
for h in c2 c3; do
	cat >"$tmp/$h/dhclient.conf" <<-CONF
		send host-name "$h";
		request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, ntp-servers, dhcp6.name-servers;
	CONF
done
client() {
	on "$1" timeout 15 dhclient -1 -v -cf "$tmp/$1/dhclient.conf" -sf "$tmp/dhclient.sh" \
		-lf "$tmp/$1/leases" -pf "$tmp/$1/dhclient.pid" "${@:2}" eth0
}
{
	client c2 -4
	client c2 -4 -r
	client c2 -6
	client c2 -6 -r
	client c2 -6 -S
	client c2 -6 -x
} >"$truth/c2.txt" 2>&1
# c3: without a relay.
{
	client c3 -4
	client c3 -6
	client c3 -4 -x
} >"$truth/c3.txt" 2>&1

# What no client does: a request for a foreign address (refused), an inform, a decline, a discover nobody can parse to its end.
scapy c3 <<'PY'
def message(xid, *options, more=b""):
    sendp(Ether(src="02:00:00:00:00:23", dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) /
          BOOTP(chaddr=bytes.fromhex("020000000023"), xid=xid) / DHCP(options=list(options)) / more, iface="eth0")
message(1, ("message-type", "request"), ("requested_addr", "192.168.99.99"), "end")
message(2, ("message-type", "inform"), "end")
message(3, ("message-type", "decline"), ("requested_addr", "10.8.0.52"), ("server_id", "10.8.0.1"), "end")
message(4, ("message-type", "discover"), more=b"\x0c\xffshort")
PY
kill "$(cat "$tmp/c1/pid")" # which makes it release its lease
sleep 1
stop
cp "$tmp/server/leases" "$truth/leases.txt"
grep -q DHCPNAK "$truth/dnsmasq.txt" || fail "no DHCPNAK"
for m in DHCPREPLY DHCPADVERTISE DHCPACK DHCPRELEASE; do grep -q $m "$truth/dnsmasq.txt" || fail "no $m"; done
grep -q 'bound to 10.7.0.77' "$truth/c2.txt" || fail "c2 has another address"
