#!/bin/bash
# Linux queues under load: what comes to a router, what its queue lets pass and when, and what tc counted.
#
#	source 10.1.0.1 ─── in0 ─ router ─ out0 ─── sink 10.2.0.2
#
# A recording for each queue at out0: TBF, TBF with a peak rate, HTB under a full load, HTB that lends and takes back, HTB with ceilings, and
# pfifo_fast. The load is UDP, a destination port for each stream, a sequence number in front of each payload. Rates of tc and of the load
# count whole frames; kbps is 1,000 bytes a second, as in tc.
. "$(dirname "$0")/lib.sh"

hosts source router sink
wire source eth0 router in0
wire router out0 sink eth0
address source eth0 02:00:00:00:01:01 10.1.0.1/24
address router in0 02:00:00:00:01:02 10.1.0.254/24
address router out0 02:00:00:00:02:01 10.2.0.254/24
address sink eth0 02:00:00:00:02:02 10.2.0.2/24
ip -n "${ns}source" route add default via 10.1.0.254
ip -n "${ns}sink" route add default via 10.2.0.254
on router sysctl -qw net.ipv4.ip_forward=1
# No ARP under load, and no answers.
ip -n "${ns}source" neighbor replace 10.1.0.254 lladdr 02:00:00:00:01:02 dev eth0 nud permanent
ip -n "${ns}router" neighbor replace 10.2.0.2 lladdr 02:00:00:00:02:02 dev out0 nud permanent
on sink nft 'table ip f { chain in { type filter hook input priority 0; udp dport 5000-5099 drop; }; }'

cat >"$tmp/load.py" <<'PY'
# load.py STREAM…: each is PORT:TOS:FRAME-BYTES:BYTES-A-SECOND:FIRST-SECOND:SECONDS[:FRAMES-AT-ONCE]; prints how many were sent
import heapq, socket, sys, time
due, streams = [], {}
for text in sys.argv[1:]:
    f = text.split(":") + ["1"]
    port, tos, size, rate, first, length, burst = int(f[0]), int(f[1], 0), int(f[2]), *map(float, f[3:6]), int(f[6])
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    s.bind(("", port + 40000)); s.connect(("10.2.0.2", port))
    streams[port] = [s, size - 42, 0]
    heapq.heappush(due, (first, port, size * burst / rate, first + length, burst))
begin = time.monotonic()
while due:
    at, port, gap, end, burst = heapq.heappop(due)
    time.sleep(max(0, begin + at - time.monotonic()))
    s = streams[port]
    for _ in range(burst):
        s[0].send(s[2].to_bytes(4, "big") + bytes(s[1] - 4)); s[2] += 1
    if at + gap < end: heapq.heappush(due, (at + gap, port, gap, end, burst))
for port in sorted(streams): print("port=%d sent=%d" % (port, streams[port][2]))
PY
cat >"$tmp/sample.py" <<'PY'
# sample.py: every 50 ms, what tc counts in each queue of out0, until it is stopped
import json, subprocess, time
print("time", "handle", "bytes", "packets", "drops", "backlog", "qlen", sep="\t", flush=True)
while True:
    now = time.time()
    for q in json.loads(subprocess.run(["tc", "-s", "-j", "qdisc", "show", "dev", "out0"], capture_output=True).stdout):
        print("%.6f" % now, q["handle"], q["bytes"], q["packets"], q["drops"], q["backlog"], q["qlen"], sep="\t", flush=True)
    time.sleep(0.05)
PY

# scenario NAME DRAIN STREAM… records the queue that tc's commands on standard input make; DRAIN seconds after the load it is empty.
scenario() {
	local name=$1 drain=$2 sampler
	shift 2
	record "qos-$name" router:in0 router:out0
	cat >"$truth/tc-commands.txt"
	on router tc -batch "$truth/tc-commands.txt"
	spawn router "$truth/samples.tsv" /usr/bin/python3 "$tmp/sample.py"
	sampler=$!
	printf '%s\n' "$@" >"$truth/load.txt"
	on source /usr/bin/python3 "$tmp/load.py" "$@" >"$truth/sent.txt"
	sleep "$drain"
	kill $sampler
	wait $sampler || true
	for what in qdisc class filter; do
		echo "### tc -s -d $what show dev out0"
		on router tc -s -d $what show dev out0
	done >"$truth/tc.txt"
	stop
	on router tc qdisc del dev out0 root
	# All that went in came out or was dropped by the queue, as far as the root counted it.
	local came went sent dropped
	came=$(count 'frame.interface_name == in0 && udp') went=$(count 'frame.interface_name == out0 && udp')
	read -r sent dropped < <(sed -n 's/.* \([0-9]*\) pkt (dropped \([0-9]*\),.*/\1 \2/p' "$truth/tc.txt" | head -1)
	[ "$went" = "$sent" ] || fail "qos-$name: $went packets left, and the queue sent $sent"
	[ $((came - went)) = "$dropped" ] || fail "qos-$name: $((came - went)) packets did not leave, and the queue dropped $dropped"
}

scenario tbf 0.5 5001:0:500:90000:0:2 5002:0:500:20000:2.6:0.5 5003:0:1000:100000:3.2:0.1:8 <<'TC'
qdisc add dev out0 root tbf rate 50kbps burst 5000 limit 15000
TC
scenario tbf-peak 0.5 5001:0:500:60000:0:2:10 5002:0:500:30000:2.3:0.5 <<'TC'
qdisc add dev out0 root tbf rate 50kbps burst 5000 limit 15000 peakrate 80kbps mtu 1600
TC

# The classes of the HTB manual: a link of 100, A has 40 (its web 30, its mail 10), B has 60.
classes="
qdisc add dev out0 root handle 1: htb default 12
class add dev out0 parent 1: classid 1:1 htb rate 100kbps ceil 100kbps
class add dev out0 parent 1:1 classid 1:2 htb rate 40kbps ceil 100kbps
class add dev out0 parent 1:2 classid 1:10 htb rate 30kbps ceil 100kbps prio 0
class add dev out0 parent 1:2 classid 1:11 htb rate 10kbps ceil 100kbps prio 1
class add dev out0 parent 1:1 classid 1:12 htb rate 60kbps ceil 100kbps prio 1
qdisc add dev out0 parent 1:10 handle 10: pfifo limit 25
qdisc add dev out0 parent 1:11 handle 11: pfifo limit 25
qdisc add dev out0 parent 1:12 handle 12: pfifo limit 25
filter add dev out0 parent 1: protocol ip prio 1 u32 match ip dport 5010 0xffff flowid 1:10
filter add dev out0 parent 1: protocol ip prio 1 u32 match ip dport 5011 0xffff flowid 1:11
filter add dev out0 parent 1: protocol ip prio 1 u32 match ip dport 5012 0xffff flowid 1:12"
scenario htb 1.2 5010:0:500:70000:0:3 5011:0:500:70000:0:3 5012:0:500:70000:0:3 <<<"$classes"
scenario htb-lend 1.2 5010:0:1000:90000:0:4.5 5011:0:1000:90000:1.5:3 5012:0:1000:90000:3:1.5 <<<"$classes"
scenario htb-ceil 1.5 5010:0:500:60000:0:2 5011:0:1000:80000:0:2 <<'TC'
qdisc add dev out0 root handle 1: htb default 11
class add dev out0 parent 1: classid 1:10 htb rate 30kbps ceil 30kbps burst 2k cburst 2k
class add dev out0 parent 1: classid 1:11 htb rate 200kbit ceil 400kbit burst 3000 cburst 1600 quantum 3000
qdisc add dev out0 parent 1:10 handle 10: pfifo limit 20
qdisc add dev out0 parent 1:11 handle 11: pfifo limit 20
filter add dev out0 parent 1: protocol ip prio 1 u32 match ip dport 5010 0xffff flowid 1:10
TC

# pfifo_fast behind 50 kbps: the band is of the TOS (0x10 goes first, 0x08 last), a band holds txqueuelen packets.
ip -n "${ns}router" link set out0 txqueuelen 20
scenario pfifo-fast 1.2 5031:0x10:500:15000:0:2 5032:0:500:40000:0:2 5033:0x08:500:40000:0:2 5034:0x02:500:5000:0:2 5035:0xb8:500:5000:0:2 <<'TC'
qdisc add dev out0 root handle 1: htb default 1
class add dev out0 parent 1: classid 1:1 htb rate 50kbps ceil 50kbps burst 2k cburst 2k
qdisc add dev out0 parent 1:1 handle 10: pfifo_fast
TC
