#!/bin/bash
# Bonds between two switches in three modes, with failures; a capture point at each end of each member.
#
#	h1 101 ─┐                        m (media converter)                        ┌─ s1 101
#	h2 102 ─┤         ┌ a-l1 ═══════ m-a ─ br-m ─ m-b ═══════ b-l1 ┐            ├─ s2 102
#	h3 101 ─┤ br-a ─ bond                                        bond ─ br-b ───┤─ s3 101
#	h4 102 ─┘         └ a-l2 ═════════════════════════════════ b-l2 ┘            └─ s4 102
#
# The first member goes through a converter that passes everything on. It can be cut, so that both ends lose the carrier; or it
# can fail silently: both ends have a carrier, and no frame arrives.
# bond-active-backup, bond-slb and bond-lacp (balance-tcp) work, and survive; in bond-mismatch the ends do not agree.
. "$(dirname "$0")/lib.sh"

hosts a b m h1 h2 h3 h4 s1 s2 s3 s4
ovs a b m
bridge m br-m 02:00:00:0c:00:00 fail-mode=secure
wire a a-l1 m m-a
wire m m-b b b-l1
wire a a-l2 b b-l2
vsctl m add-port br-m m-a -- set interface m-a ofport_request=1 -- add-port br-m m-b -- set interface m-b ofport_request=2
for n in a b; do
	bridge $n br-$n 02:00:00:0$n:00:00
	for l in 1 2; do address $n $n-l$l 02:00:00:0$n:00:0$l; done
done
attach() { # HOST BRIDGE-HOST VLAN MAC ADDRESS
	wire "$1" eth0 "$2" "$1"
	address "$1" eth0 "$4" "$5/24"
	vsctl "$2" add-port br-"$2" "$1" tag="$3"
}
for i in 1 2 3 4; do
	attach h$i a $((102 - i % 2)) 02:00:00:01:00:0$i 10.0.0.$i
	attach s$i b $((102 - i % 2)) 02:00:00:02:00:0$i 10.0.0.10$i
	serve s$i tcp:9000 udp:9001
done

mend() {
	ofctl m del-flows br-m
	ofctl m add-flow br-m in_port=1,actions=output:2
	ofctl m add-flow br-m in_port=2,actions=output:1
	for i in m-a m-b; do ip -n "${ns}m" link set $i up; done
}
cut() { for i in m-a m-b; do ip -n "${ns}m" link set $i down; done; }
silence() { ofctl m del-flows br-m; }
event() { # COMMAND… does something to the first member and writes down when
	echo "$(date +%s.%N) $*" >>"$truth/events.txt"
	"$@"
}
show() { # WHEN writes down what both ends say of their bonds
	for n in a b; do
		echo "### $n $1"
		appctl $n bond/show bond
		appctl $n lacp/show bond 2>/dev/null || true
	done >>"$truth/bonds.txt"
}

# begin NAME A-COLUMNS B-COLUMNS begins a recording, and only then sets up the bonds.
begin() {
	mend
	record "$1" a:a-l1 a:a-l2 b:b-l1 b:b-l2
	vsctl a add-bond br-a bond a-l1 a-l2 -- set port bond $2
	vsctl b add-bond br-b bond b-l1 b-l2 -- set port bond $3
}
# talk has everybody say something: pings, and several flows between the same two hosts.
talk() {
	local i k p=()
	for i in 1 2 3 4; do on h$i ping -n -q -c 3 -i 0.1 -W 1 10.0.0.10$i >>"$truth/pings.txt" & p+=($!); done
	all "${p[@]}"
	for k in {1..8}; do
		ask h1 udp $((41000 + k)) 10.0.0.101:9001 50 200 "h1 to s1"
		ask h2 tcp $((42000 + k)) 10.0.0.102:9000 50 1500 "h2 to s2"
	done
}
# watch NAME SECONDS [COMMAND…] pings from h1 to s1 ten times a second while the command is done.
watch() {
	local p name=$1 seconds=$2
	shift 2
	on h1 ping -n -D -c $((seconds * 10)) -i 0.1 -W 0.2 10.0.0.101 >"$truth/$name.txt" & p=$!
	sleep 1
	[ $# = 0 ] || event "$@"
	wait $p || true
}
answered() { grep -o '[0-9]* received' "$truth/$1.txt" | grep -o '^[0-9]*'; }
end() {
	show "at the end"
	appctl a fdb/show br-a >"$truth/fdb-a.txt"
	appctl b fdb/show br-b >"$truth/fdb-b.txt"
	stop
	vsctl a del-port bond
	vsctl b del-port bond
}

# One member is active; the other takes over when the carrier is lost, and hands back.
mode='bond_mode=active-backup lacp=off other_config:bond-primary'
begin bond-active-backup "$mode=a-l1" "$mode=b-l1"
sleep 1
show start
talk
watch cut 4 cut
show cut
watch mend 3 mend
end
[ "$(answered cut)" -ge 30 ] || fail "active-backup: the second member does not take over"
[ "$(count 'frame.interface_name == "a-l2" && icmp')" -gt 20 ] || fail "active-backup: nothing on the second member"

# Each end has the other member active, so that nothing arrives, until the cut leaves them one. Then one end speaks LACP and the
# other does not: no member of a may send.
begin bond-mismatch "$mode=a-l1" "$mode=b-l2"
sleep 1
show "primaries differ"
watch differ 2
watch cut 3 cut
show "primaries differ, cut"
event mend
echo "$(date +%s.%N) lacp at a" >>"$truth/events.txt"
vsctl a set port bond lacp=active other_config:lacp-time=fast other_config:lacp-system-id=02:00:00:0a:00:00
sleep 4
show "LACP at a only"
watch lacp-at-a 2
end
[ "$(answered differ)" = 0 ] || fail "mismatch: something arrives"
[ "$(answered cut)" -ge 15 ] || fail "mismatch: nothing arrives when one member is left"
[ "$(answered lacp-at-a)" = 0 ] || fail "mismatch: something arrives though LACP is one-sided"

# Members by source MAC address and VLAN.
mode='bond_mode=balance-slb lacp=off other_config:bond-rebalance-interval=2000'
begin bond-slb "$mode" "$mode"
sleep 1
show start
talk
show "after talk"
watch cut 3 cut
watch mend 3 mend
talk
end
[ "$(answered cut)" -ge 20 ] || fail "balance-slb: does not survive"

# Members by flow, agreed by LACP with short timeouts; the member that fails silently leaves after three missing LACPDUs.
mode='bond_mode=balance-tcp lacp=active other_config:lacp-time=fast other_config:lacp-system-id'
begin bond-lacp "$mode=02:00:00:0a:00:00" "$mode=02:00:00:0b:00:00"
negotiated() { [ "$(appctl "$1" lacp/show bond | grep -c 'current attached')" = 2 ]; }
for n in a b; do within 10 "LACP at $n" negotiated $n; done
for n in a b; do vsctl $n set port bond other_config:bond-hash-basis=1; done # spread over both members: at first there was one only
sleep 2
show start
talk
show "after talk"
watch silence 6 silence
show silence
watch mend 5 mend
watch cut 3 cut
end
for l in 1 2; do
	[ "$(count "frame.interface_name == \"a-l$l\" && (tcp.dstport == 9000 || udp.dstport == 9001)")" -gt 0 ] || fail "LACP: no flow on a-l$l"
done
[ "$(answered silence)" -ge 15 ] || fail "LACP: does not survive silence"
[ "$(answered mend)" -ge 40 ] || fail "LACP: does not come back"
[ "$(count 'lacp')" -gt 50 ] || fail "LACP: no LACPDUs"
