#!/usr/bin/env bash
# From which rate on programs that record at an interface drop frames: tcpdump -w, dumpcap, pktscope live with the recording alone, and with all reports.
# Each has the same ring, in turn, between two network namespaces. Needs root, tcpdump and dumpcap; takes some minutes. What it says of a busy machine
# are ratios at best.
#
#   bench/live.sh [RATES] [RING_MIB] [BYTES]
#   bench/live.sh "50000 100000 200000" 4 200
set -euo pipefail
cd "$(dirname "$0")/.."
rates=${1:-"50000 100000 200000 400000"}
ring=${2:-4}
size=${3:-200}
seconds=2

work=$(mktemp -d)
tx=bench-tx$$ rx=bench-rx$$
trap 'ip netns delete $tx 2>/dev/null; ip netns delete $rx 2>/dev/null; rm -rf "$work"' EXIT
go build -o "$work/pktscope" ./cmd/pktscope
[ "$(uname)" = Linux ] && go build -o "$work/load" ./bench/load
for ns in $tx $rx; do
  ip netns add $ns
  ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
ip -n $tx link add tx0 type veth peer name rx0 netns $rx
ip -n $rx link set rx0 up
ip -n $tx link set tx0 up

start() { # program
  case $1 in
    tcpdump) set -- tcpdump -i rx0 -B $((ring * 1024)) -w "$work/out" ;;
    dumpcap) set -- dumpcap -i rx0 -B "$ring" -w "$work/out" ;;
    recording) set -- "$work/pktscope" live -i rx0 --ring "${ring}M" --tables none -w "$work/out.pcapng" ;;
    reports) set -- "$work/pktscope" live -i rx0 --ring "${ring}M" -w "$work/out.pcapng" ;;
  esac
  rm -f "$work"/out*
  ip netns exec $rx "$@" >"$work/said.out" 2>"$work/said" &
  pid=$!
}

# lost prints how many frames the program says that it lost: in the kernel, and in its analysis.
lost() { # program
  case $1 in
    tcpdump) sed -n 's/^\([0-9]*\) packets dropped by kernel.*/\1 0/p' "$work/said" ;;
    dumpcap) sed -n "s/^Packets received\/dropped on interface.*: [0-9]*\/\([0-9]*\) .*/\1 0/p" "$work/said" ;;
    *) sed -n 's/.*captured [0-9]* frames.*dropped by the kernel \([0-9]*\), skipped by analysis \([0-9]*\).*/\1 \2/p' "$work/said" ;;
  esac
}

printf '%-10s %10s %10s %10s %10s %10s %8s\n' program rate sent in_file dropped skipped cpu_s
for rate in $rates; do
  for program in tcpdump dumpcap recording reports; do
    start $program
    sleep 1
    read -r sent real < <(ip netns exec $tx "$work/load" -dev tx0 -n $((rate * seconds)) -rate "$rate" -size "$size")
    sleep 1
    cpu=$(awk '{ print ($14 + $15) / 100 }' "/proc/$pid/stat")
    kill -INT $pid
    wait $pid || true
    file=$(ls "$work"/out*)
    read -r dropped skipped < <(lost $program)
    in_file=$(capinfos -Mc "$file" 2>/dev/null | sed -n 's/^Number of packets: *//p')
    printf '%-10s %10s %10s %10s %10s %10s %8s\n' $program "$real" "$sent" "$in_file" "$dropped" "$skipped" "$cpu"
  done
done
