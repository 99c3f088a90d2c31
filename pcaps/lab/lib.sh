# lib.sh: networks in namespaces, and recordings of them. A lab is a script of this directory that begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# and is run as `bash LAB.sh [DIRECTORY]` by root. What it recorded is moved to DIRECTORY (pcaps/testdata) at the end, and only if
# the lab succeeded: NAME.pcapng.zst, and truth/NAME/ with what the systems said themselves.
#
# Everything happens in namespaces whose names begin with the lab's name and process number, so that labs can run side by side, and
# in one temporary directory. Both are gone when the lab ends, however it ends, and so is every process in those namespaces. The
# machine's own interfaces are never touched.

set -euE -o pipefail
export LC_ALL=C TZ=UTC

lab=$(basename "$0" .sh)
labs=$(cd "$(dirname "$0")" && pwd)
out=$(cd "${1:-$labs/../testdata}" && pwd)
ns=$lab.$$.                                 # what the names of this lab's namespaces begin with
tmp=$(mktemp -d -t "$lab.XXXXXX")
chmod 711 "$tmp"                            # FRR's daemons leave root for a user of their own
mkdir -p "$tmp/done/truth"
hosts=()                                    # the namespaces made, without prefix
truth=                                      # the directory for what the systems say about the current recording
capture=                                    # the recording that ended last, not yet compressed
captures=()                                 # process numbers of the dumpcaps that run

cleanup() {
	local status=$? host
	trap - EXIT ERR
	trap '' INT TERM HUP
	set +eE
	for host in "${hosts[@]}"; do kill $(ip netns pids "$ns$host" 2>/dev/null) 2>/dev/null; done
	sleep 0.3
	for host in "${hosts[@]}"; do
		kill -KILL $(ip netns pids "$ns$host" 2>/dev/null) 2>/dev/null
		ip netns del "$ns$host"
	done
	if [ $status = 0 ]; then publish || status=1; fi
	rm -rf "$tmp"
	exit $status
}

# made_by says what made a recording: this lab, and in a line the systems that its script uses, with their versions.
made_by() {
	local word package name version
	echo "$lab"
	{
		version=$(uname -r)
		echo "Linux ${version%%-*}"
		while read -r word package name; do
			[ "$word" = . ] || grep -qE "^[^#]*\b($word)\b" "$labs/$lab.sh" || continue
			version=$(dpkg-query -W -f '${Version}' "$package")
			version=${version#*:}
			echo "$name ${version%%[-+]*}"
		done <<-END
			ovs             openvswitch-switch Open vSwitch
			frr             frr                FRR
			charon          strongswan-charon  strongSwan
			nft             nftables           nftables
			tc              iproute2           tc
			dnsmasq         dnsmasq-base       dnsmasq
			udhcpc|busybox  busybox            busybox
			dhclient        isc-dhcp-client    dhclient
			iperf3          iperf3             iperf3
			scapy           python3-scapy      scapy
			.               wireshark-common   dumpcap
		END
	} | paste -sd, | sed 's/,/, /g'
}

# publish compresses the recordings and moves them, and their truth, to where they belong.
publish() {
	local file name
	for file in "$tmp"/done/*.pcapng; do
		name=$(basename "$file" .pcapng)
		made_by >"$tmp/done/truth/$name/made-by.txt" || return
		zstd -19 -q --rm "$file" || return
		mkdir -p "$out/truth" && rm -rf "${out:?}/truth/$name" || return
		mv "$tmp/done/truth/$name" "$out/truth/$name" && mv "$file.zst" "$out/" || return
	done
}

trap cleanup EXIT
trap 'status=$?; lines=($LINENO "${BASH_LINENO[@]}"); [ $BASHPID != $$ ] || echo "$lab.sh:${lines[-2]}: status $status from $BASH_COMMAND" >&2' ERR
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# fail TEXT ends the lab: what it would have recorded does not show what it is for.
fail() {
	echo "$lab: $*" >&2
	trap - ERR
	exit 1
}

# expect TEXT COMMAND… fails with TEXT unless the command succeeds.
expect() {
	local text=$1
	shift
	"$@" >/dev/null 2>&1 || fail "expected: $text"
}

# within SECONDS TEXT COMMAND… repeats the command until it succeeds, and fails with TEXT if it does not in time.
within() {
	local tries=$(($1 * 10)) text=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "expected in time: $text"
		sleep 0.1
	done
}

# all PROCESS… waits for each of them and fails if one did.
all() {
	local p
	for p; do wait "$p"; done
}

### Hosts and wires

# hosts NAME… makes a namespace for each, with a directory $tmp/NAME for its files. IPv6 is off, since it talks unasked;
# IPV6=1 before the call leaves it on.
hosts() {
	local host
	for host; do
		ip netns add "$ns$host"
		hosts+=("$host")
		mkdir "$tmp/$host"
		on "$host" sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=$((1 - ${IPV6:-0}))
		ip -n "$ns$host" link set lo up
	done
}

# on HOST COMMAND… runs a command there.
on() {
	local host=$1
	shift
	ip netns exec "$ns$host" "$@"
}

# spawn HOST LOG COMMAND… runs a command there in the background, with what it prints in LOG; $! is its process number.
spawn() {
	local host=$1 log=$2
	shift 2
	ip netns exec "$ns$host" "$@" >"$log" 2>&1 &
}

# wire HOST INTERFACE HOST INTERFACE joins two hosts. ARP does not ask again for a neighbour 5 s after it was used: when traffic has
# ended it has, so that counters and recordings end alike. What a host hands to the wire is complete: no checksum is left to a card and
# no segment is larger than the MTU. OFFLOAD=1 before the call leaves both to the card that is not there.
wire() {
	local host name
	ip -n "$ns$1" link add "$2" type veth peer name "$4" netns "$ns$3"
	for host in "$1 $2" "$3 $4"; do
		read -r host name <<<"$host"
		[ "${OFFLOAD:-0}" = 1 ] || on "$host" ethtool -K "$name" tx off rx off tso off gso off gro off >/dev/null 2>&1
		on "$host" sysctl -qw "net.ipv4.neigh.$name.delay_first_probe_time=600"
		ip -n "$ns$host" link set "$name" up
	done
}

# address HOST INTERFACE MAC [ADDRESS/LENGTH…] gives an interface its addresses; - leaves the MAC address alone.
address() {
	local host=$1 interface=$2 mac=$3 a
	shift 3
	[ "$mac" = - ] || ip -n "$ns$host" link set "$interface" address "$mac"
	for a; do ip -n "$ns$host" address add "$a" dev "$interface"; done
}

### Recordings

# record NAME HOST:INTERFACE… begins a recording at several interfaces at once, and returns when all of them are read. The name of an
# interface is the name of the capture point, so no two may be alike. $truth is then the directory for what the systems say.
record() {
	local name=$1 point host
	shift
	[ ${#captures[@]} = 0 ] || fail "two recordings at once"
	[ "$(printf '%s\n' "${@#*:}" | sort | uniq -d)" = "" ] || fail "two capture points of one name in $*"
	recording=$name truth=$tmp/done/truth/$name
	mkdir "$truth" "$tmp/$name.parts"
	for host in $(printf '%s\n' "${@%%:*}" | sort -u); do
		local interfaces=()
		for point; do [ "${point%%:*}" != "$host" ] || interfaces+=(-i "${point#*:}"); done
		spawn "$host" "$tmp/$name.parts/$host.log" \
			dumpcap -q -n -B 16 -N 200000 -C 200000000 "${interfaces[@]}" -w "$tmp/$name.parts/$host.pcapng"
		captures+=($!)
		within 10 "dumpcap reads ${interfaces[*]}" grep -q '^File: ' "$tmp/$name.parts/$host.log"
	done
}

# stop ends the recording: one file in the order of time, $capture, with one interface a capture point and no frame lost.
# LOSSY=1 before the call allows lost frames, for a storm.
stop() {
	local parts=$tmp/$recording.parts part
	sleep 0.6 # a block that is not full is given to dumpcap after a while only
	kill -INT "${captures[@]}"
	all "${captures[@]}" || fail "dumpcap: $(cat "$parts"/*.log)"
	captures=()
	[ "${LOSSY:-0}" = 1 ] || ! grep '^Packets received/dropped' "$parts"/*.log | grep -v '/0 (pcap' || fail "dumpcap lost frames"
	for part in "$parts"/*.pcapng; do reordercap "$part" "$part.ordered" >/dev/null; done
	mergecap -I none -w "$parts/merged" "$parts"/*.ordered
	capture=$tmp/done/$recording.pcapng
	editcap --discard-capture-comment "$parts/merged" "$capture" # mergecap's says which files there were
	rm -r "$parts"
}

# count FILTER [OPTION…] prints how many frames of the recording that ended last match a display filter of tshark.
count() {
	local filter=$1
	shift
	tshark -n -r "$capture" "$@" -Y "$filter" -T fields -e frame.number 2> >(grep -v "^Running as user" >&2) | wc -l
}

### Traffic

# scapy HOST runs Python from standard input there, with scapy's names.
scapy() {
	{ printf 'import logging; logging.disable(logging.WARNING)\nfrom scapy.all import *\nconf.verb = 0\n'; cat; } | on "$1" /usr/bin/python3 -
}

# serve HOST PROTOCOL:PORT… answers there what ask asks: see talk.py.
serve() {
	local host=$1 log
	shift
	log=$(mktemp "$tmp/$host/serve.XXXXXX")
	spawn "$host" "$log" /usr/bin/python3 -u "$labs/talk.py" serve "$@"
	within 5 "$host serves $*" grep -q ready "$log"
}

# ask HOST tcp|udp FROM-PORT ADDRESS:PORT SEND WANT TEXT sends SEND bytes and waits for WANT bytes of TEXT: see talk.py.
ask() {
	local host=$1
	shift
	on "$host" /usr/bin/python3 "$labs/talk.py" ask "$@"
}

### Open vSwitch, in userspace: bridges need datapath_type=netdev, which `bridge` gives them

# ovs HOST… starts a database and a switch there.
ovs() {
	local host dir
	for host; do
		dir=$tmp/$host/ovs
		mkdir "$dir"
		ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
		on "$host" env OVS_RUNDIR="$dir" ovsdb-server "$dir/conf.db" --remote="punix:$dir/db.sock" \
			--pidfile --log-file="$dir/ovsdb-server.log" --detach --no-chdir 2>>"$dir/start.log"
		vsctl "$host" --no-wait init
		on "$host" env OVS_RUNDIR="$dir" ovs-vswitchd "unix:$dir/db.sock" \
			--pidfile --log-file="$dir/ovs-vswitchd.log" --detach --no-chdir 2>>"$dir/start.log"
	done
}

# vsctl, ofctl, appctl HOST ARGUMENT… are ovs-vsctl, ovs-ofctl and ovs-appctl for the switch of that host.
vsctl() {
	local host=$1
	shift
	on "$host" env OVS_RUNDIR="$tmp/$host/ovs" ovs-vsctl --timeout=20 --db="unix:$tmp/$host/ovs/db.sock" "$@"
}
ofctl() {
	local host=$1
	shift
	on "$host" env OVS_RUNDIR="$tmp/$host/ovs" ovs-ofctl --timeout=20 "$@"
}
appctl() {
	local host=$1
	shift
	on "$host" env OVS_RUNDIR="$tmp/$host/ovs" ovs-appctl --timeout=20 -t ovs-vswitchd "$@"
}

# bridge HOST NAME MAC [COLUMN=VALUE…] adds a bridge.
bridge() {
	local host=$1 name=$2 mac=$3
	shift 3
	vsctl "$host" add-br "$name" -- set bridge "$name" datapath_type=netdev "other_config:hwaddr=$mac" "$@"
}

### FRR and strongSwan: configuration and sockets lie in $tmp/HOST

# frr HOST DAEMON… starts FRR's daemons there (zebra first) and then reads the configuration from standard input.
frr() {
	local host=$1 dir=$tmp/$1/frr daemon options
	shift
	mkdir "$dir"
	: >"$dir/empty.conf"
	cat >"$dir/frr.conf"
	chown -R frr:frr "$dir"
	chmod 711 "$tmp/$host"
	for daemon; do
		options=()
		[ "$daemon" != ldpd ] || options=(--ctl_socket "$dir")
		on "$host" unshare -u sh -c 'hostname "$0"; exec "$@"' "$host" "/usr/lib/frr/$daemon" -d -i "$dir/$daemon.pid" \
			-z "$dir/zserv.api" --vty_socket "$dir" -f "$dir/empty.conf" "${options[@]}" >>"$dir/start.log" 2>&1
		within 5 "$host runs $daemon" test -S "$dir/$daemon.vty"
	done
	vtysh --vty_socket "$dir" -f "$dir/frr.conf" >"$dir/load.log" 2>&1 || fail "$host: $(cat "$dir/load.log")"
}

# vty HOST COMMAND… says each command to the daemons of that host.
vty() {
	local host=$1 command arguments=()
	shift
	for command; do arguments+=(-c "$command"); done
	vtysh --vty_socket "$tmp/$host/frr" "${arguments[@]}"
}

# charon HOST starts strongSwan's daemon with $tmp/HOST/strongswan.conf, which must put vici's socket at $tmp/HOST/vici.
# $! is its process number.
charon() {
	local dir=$tmp/$1
	rm -f "$dir/vici"
	spawn "$1" "$dir/charon.out" unshare -m sh -c 'mount -t tmpfs tmpfs /run && STRONGSWAN_CONF=$0 exec /usr/lib/ipsec/charon' "$dir/strongswan.conf"
	within 5 "$1 runs charon" test -S "$dir/vici"
}

# swan HOST ARGUMENT… is swanctl for the daemon of that host.
swan() {
	local host=$1
	shift
	on "$host" env STRONGSWAN_CONF="$tmp/$host/strongswan.conf" swanctl "$@" --uri "unix://$tmp/$host/vici"
}
