#!/bin/bash
# Spanning tree, rapid spanning tree, and the storm without either, on three switches in a triangle.
#
#	        h1 10.0.0.1
#	         │
#	        b1
#	  x12 ╱    ╲ x13          a capture point at each end of each link, and at the hosts' ports
#	  x21 ╱      ╲ x31
#	    b2 ══════ b3 ── h3 10.0.0.3
#	       x23 x32
#
# b1 has the best priority, b3 the worst. The switches are bridges of one Open vSwitch in the host sw.
. "$(dirname "$0")/lib.sh"

hosts sw h1 h3
ovs sw
for i in 1 2 3; do bridge sw b$i 02:00:00:00:b$i:00; done
wire sw x12 sw x21
wire sw x23 sw x32
wire sw x31 sw x13
for p in x12 x21 x23 x32 x31 x13; do address sw $p 02:00:00:00:${p#x}:99; done
for i in 1 3; do
	wire h$i eth0 sw p$i
	address h$i eth0 02:00:00:00:00:0$i 10.0.0.$i/24
done
points=(sw:x12 sw:x21 sw:x23 sw:x32 sw:x31 sw:x13 sw:p1 sw:p3)

plug() {
	vsctl sw add-port b1 x12 -- add-port b2 x21 -- add-port b2 x23 -- add-port b3 x32 -- add-port b3 x31 -- add-port b1 x13 \
		-- add-port b1 p1 -- add-port b3 p3
}
unplug() { for p in x12 x21 x23 x32 x31 x13 p1 p3; do vsctl sw del-port $p; done; }
event() { # COMMAND… does something and writes down when
	echo "$(date +%s.%N) $*" >>"$truth/events.txt"
	"$@"
}
link() { ip -n "${ns}sw" link set "$1" "$2"; }
priority() { vsctl sw set bridge "$1" "other_config:$2-priority=$3"; }
show() { # stp|rstp WHEN
	local i
	for i in 1 2 3; do
		echo "### b$i $2"
		appctl sw "$1/show" b$i
	done >>"$truth/$1.txt"
}
state() { appctl sw "$1/show" b$2 | grep -qE "^ *$3 +$4"; } # stp|rstp BRIDGE PORT 'ROLE STATE'
pings() { on h1 ping -n -D -c $(($2 * 10)) -i 0.1 -W 0.2 10.0.0.3 >"$truth/$1.txt" || true; }
answered() { grep -o '[0-9]* received' "$truth/$1.txt" | grep -o '^[0-9]*'; }

# 802.1D with the shortest timers that it knows. x13 is the root port of b3, and one end of b2-b3 blocks.
for i in 1 2 3; do
	vsctl sw set bridge b$i stp_enable=true other_config:stp-priority=$((0x1000 * i)) \
		other_config:stp-hello-time=1 other_config:stp-max-age=6 other_config:stp-forward-delay=4
done
record stp "${points[@]}"
event plug
within 20 "b3's port to b1 forwards" state stp 3 x31 'root +forwarding'
within 20 "h1 reaches h3" on h1 ping -n -c 1 -W 0.2 10.0.0.3
show stp converged
pings before 1
event link x31 down
pings cut 12
show stp "x31 down"
event link x31 up
sleep 9
event priority b3 stp 0
sleep 6
show stp "b3 is root"
pings after 1
stop
[ "$(answered before)" = 10 ] || fail "stp: no answers"
[ "$(answered cut)" -ge 10 ] || fail "stp: does not survive the cut"
expect "b3 becomes the root" grep -A99 '### b3 b3 is root' "$truth/stp.txt"
[ "$(count 'stp.flags.tc == 1')" -gt 0 ] || fail "stp: no change of topology"
unplug
for i in 1 2 3; do vsctl sw set bridge b$i stp_enable=false; done

# The same with RSTP.
for i in 1 2 3; do vsctl sw set bridge b$i rstp_enable=true other_config:rstp-priority=$((0x1000 * i)); done
record rstp "${points[@]}"
event plug
within 10 "b3's port to b1 forwards" state rstp 3 x31 'Root +Forwarding'
within 20 "h1 reaches h3" on h1 ping -n -c 1 -W 0.2 10.0.0.3
show rstp converged
pings before 1
event link x31 down
pings cut 3
show rstp "x31 down"
event link x31 up
sleep 3
event priority b3 rstp 0
sleep 3
show rstp "b3 is root"
pings after 1
stop
[ "$(answered before)" = 10 ] || fail "rstp: no answers"
[ "$(answered cut)" -ge 10 ] || fail "rstp: does not survive the cut"
unplug
for i in 1 2 3; do vsctl sw set bridge b$i rstp_enable=false; done

# Nobody speaks a spanning tree, and a link is plugged in that closes the loop. The links have 300 kbit/s, so that the storm that
# one broadcast starts is slow enough to record; it is over when the link is pulled.
record storm "${points[@]}"
link x31 down
plug
for p in x12 x21 x23 x32 x31 x13; do
	vsctl sw set port $p qos=@slow -- --id=@slow create qos type=linux-htb other-config:max-rate=300000 >/dev/null
done
ports() { # WHEN writes down what each port has counted, and each MAC table
	for b in b1 b2 b3; do
		echo "### $b"
		ofctl sw --names dump-ports $b
		appctl sw fdb/show $b
	done >"$truth/ports-$1.txt"
}
ports before
within 5 "h1 reaches h3" on h1 ping -n -c 1 -W 0.2 10.0.0.3
pings before 1
event link x31 up
scapy h1 <<'PY'
sendp(Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc="02:00:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.99"), iface="eth0")
PY
sleep 0.25
event link x31 down
sleep 0.5
pings after 1
LOSSY=1 stop
ports after
[ "$(answered before)" = 10 ] || fail "storm: no answers before"
[ "$(answered after)" -ge 1 ] || fail "storm: no answers after"
[ "$(count arp)" -gt 1000 ] || fail "storm: there was none"
for p in "${points[@]#sw:}"; do
	counted() { grep -hA1 "port  *\"\?$p\"\?:" "$truth/ports-$1.txt" | grep -o 'pkts=[0-9]*' | cut -d= -f2 | paste -sd+ | bc; }
	captured=$(count "frame.interface_name == \"$p\"")
	[ "$captured" = $(($(counted after) - $(counted before))) ] || fail "storm: $p has $captured frames in the recording, and counted others"
done
