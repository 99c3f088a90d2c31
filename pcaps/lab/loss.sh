#!/bin/bash
# TCP and UDP through a router that drops packets by rule, with a capture point at each interface on the way.
#
#	sender 10.1.0.1 ─ s0 ─── r0 ─ router ─ r1 ─── d0 ─ receiver 10.2.0.2
#
# The router logs each packet that it drops (nflog) and drops no other. Towards the receiver it queues at 20 Mbit/s (TBF), without
# which the round trip would be too short for reordering windows and timers to matter. Nothing leaves segments to a card.
#
#	port  what is lost                                              so the sender
#	5001  every 29th full segment                                   retransmits by SACK
#	5002  every 17th full segment, and no SACK                      retransmits by duplicate ACKs and partial ACKs
#	5003  the last segment of the first write, twice                probes the tail, and then waits for its timer
#	5004  the first SYN                                             sends it again after a second
#	5005  the first 12 ACKs of the receiver                         retransmits what had arrived: spurious
#	5006  the first SYN-ACK                                         (both send again)
#	5007  nothing, but the receiver does not read for a second      sees a zero window and probes it
#	5008  nothing
#	5009  every fifth UDP datagram                                  does not know
. "$(dirname "$0")/lib.sh"

hosts sender router receiver
wire sender s0 router r0
wire router r1 receiver d0
address sender s0 02:00:00:00:01:01 10.1.0.1/24
address router r0 02:00:00:00:01:02 10.1.0.254/24
address router r1 02:00:00:00:02:01 10.2.0.254/24
address receiver d0 02:00:00:00:02:02 10.2.0.2/24
ip -n "${ns}sender" route add default via 10.1.0.254
ip -n "${ns}receiver" route add default via 10.2.0.254
on router sysctl -qw net.ipv4.ip_forward=1
on router tc qdisc add dev r1 root tbf rate 20mbit burst 5000 limit 1000000
on router nft -f - <<'NFT'
table ip loss {
	chain forward {
		type filter hook forward priority filter
		tcp dport 5001 ip length 1500 numgen inc mod 29 == 11 log group 1 queue-threshold 1 counter drop
		tcp dport 5002 ip length 1500 numgen inc mod 17 == 11 log group 1 queue-threshold 1 counter drop
		tcp dport 5003 tcp flags & (fin | psh) == psh limit rate 1/day burst 2 packets log group 1 queue-threshold 1 counter drop
		tcp dport 5004 tcp flags & (syn | ack) == syn limit rate 1/day burst 1 packets log group 1 queue-threshold 1 counter drop
		tcp sport 5005 tcp flags == ack limit rate 1/day burst 12 packets log group 1 queue-threshold 1 counter drop
		tcp sport 5006 tcp flags & (syn | ack) == syn | ack limit rate 1/day burst 1 packets log group 1 queue-threshold 1 counter drop
		udp dport 5009 numgen inc mod 5 == 3 log group 1 queue-threshold 1 counter drop
	}
}
NFT

serve receiver tcp:5001 tcp:5002 tcp:5003 tcp:5004 tcp:5005 tcp:5006 tcp:5008
spawn receiver "$tmp/receiver/slow.log" /usr/bin/python3 -c '
import socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("", 5009))
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
l.bind(("", 5007)); l.listen(1)
c = l.accept()[0]
time.sleep(1)
while c.recv(65536): pass
c.close()
time.sleep(60)'
spawn router "$tmp/router/dropped.log" dumpcap -q -n -i nflog:1 -w "$tmp/dropped.pcapng"
dropped=$!
within 10 "dumpcap reads nflog" grep -q '^File: ' "$tmp/router/dropped.log"

record loss sender:s0 router:r0 router:r1 receiver:d0

# Each connection sends BYTES in one or two writes; what the kernel knows of it at the end (TCP_INFO) is printed.
on sender /usr/bin/python3 - >"$truth/tcp-info.txt" <<'PY'
import socket, struct, time
words = "rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent last_data_recv last_ack_recv pmtu " \
        "rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space total_retrans " \
        "pacing_rate: max_pacing_rate: bytes_acked: bytes_received: segs_out segs_in notsent_bytes min_rtt data_segs_in data_segs_out " \
        "delivery_rate: busy_time: rwnd_limited: sndbuf_limited: delivered delivered_ce bytes_sent: bytes_retrans: dsack_dups reord_seen"
names = [w.rstrip(":") for w in words.split()]
layout = struct.Struct("=8B" + "".join("Q" if w.endswith(":") else "I" for w in words.split()))
shown = "snd_mss rtt total_retrans segs_out segs_in data_segs_in data_segs_out bytes_sent bytes_retrans bytes_acked dsack_dups reord_seen".split()

def converse(port, size, writes=1, pause=0):
    s = socket.socket()
    s.bind(("", 40000 + port)); s.connect(("10.2.0.2", port))
    text = b"10 loss\n" + b"port %d " % port * (size // 10)
    for i in range(writes):
        s.sendall(text[i * size // writes:(i + 1) * size // writes])
        time.sleep(pause)
    s.shutdown(socket.SHUT_WR)
    while s.recv(4096): pass
    info = dict(zip(names, layout.unpack(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, layout.size))[8:]))
    print("port=%d" % port, *("%s=%d" % (name, info[name]) for name in shown), flush=True)
    s.close()

def sack(on): open("/proc/sys/net/ipv4/tcp_sack", "w").write("%d\n" % on)

converse(5001, 400000)
sack(0); converse(5002, 200000); sack(1)
converse(5003, 30000, writes=2, pause=0.5)
converse(5004, 5000)
converse(5005, 60000)
converse(5006, 5000)
converse(5007, 60000)
converse(5008, 30000)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("", 45009)); u.connect(("10.2.0.2", 5009))
for i in range(40): u.send(b"datagram %d" % i); time.sleep(0.005)
PY
stop
kill -INT $dropped
wait $dropped || fail "$(cat "$tmp/router/dropped.log")"

on sender nstat -as 'Tcp*' 'Udp*' >"$truth/nstat-sender.txt"
on receiver nstat -as 'Tcp*' 'Udp*' >"$truth/nstat-receiver.txt"
on router nft list ruleset >"$truth/nft.txt"
on router tc -s qdisc show dev r1 >"$truth/tc-r1.txt"
{
	printf 'time\tsource\tdestination\tip.id\tsource port\tdestination port\tsequence\tacknowledgement\tflags\tlength\n'
	tshark -n -r "$tmp/dropped.pcapng" -T fields -E separator=/t -e frame.time_epoch -e ip.src -e ip.dst -e ip.id -e tcp.srcport \
		-e udp.srcport -e tcp.dstport -e udp.dstport -e tcp.seq_raw -e tcp.ack_raw -e tcp.flags -e ip.len 2>/dev/null |
		awk -F'\t' -v OFS='\t' '{ print $1, $2, $3, $4, $5 $6, $7 $8, $9, $10, $11, $12 }'
} >"$truth/dropped.tsv"

logged=$(($(wc -l <"$truth/dropped.tsv") - 1))
counted=$(grep -o 'packets [0-9]* bytes [0-9]* drop' "$truth/nft.txt" | awk '{ n += $2 } END { print n }')
[ "$logged" = "$counted" ] || fail "nftables dropped $counted packets and logged $logged"
grep -q 'dropped 0,' "$truth/tc-r1.txt" || fail "the queue dropped packets"
towards=$(($(count 'frame.interface_name == r0 && ip.src == 10.1.0.1') - $(count 'frame.interface_name == r1 && ip.src == 10.1.0.1')))
back=$(($(count 'frame.interface_name == r1 && ip.src == 10.2.0.2') - $(count 'frame.interface_name == r0 && ip.src == 10.2.0.2')))
[ $((towards + back)) = "$logged" ] || fail "of the packets that came to the router $towards and $back did not leave; it dropped $logged"
sent=$(awk '/^TcpRetransSegs/ { print $2 }' "$truth/nstat-sender.txt")
known=$(grep -o 'total_retrans=[0-9]*' "$truth/tcp-info.txt" | awk -F= '{ n += $2 } END { print n }')
[ "$sent" = "$known" ] || fail "the sender retransmitted $sent segments, and its connections $known"
