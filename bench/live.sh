#!/usr/bin/env bash
# From which rate on programs that record at an interface drop frames: tcpdump -w, dumpcap, pktscope live with the recording alone, and with all reports.
# Each has the same ring, in turn, between two network namespaces, in as many rounds. Needs root, tcpdump, dumpcap and ethtool; takes some minutes. At the end
# it prints for each rate the medians of what was lost, with the least and the most. What it says of a busy machine are ratios at best.
#
#   bench/live.sh [RATES] [RING_MIB] [BYTES] [ROUNDS]
#   bench/live.sh "100000 200000 400000 800000 0" 4 200 7
#
# A rate of 0 is as fast as the sender can. Files are written below TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/.."
rates=${1:-"100000 200000 400000 800000 0"}
ring=${2:-4}
size=${3:-200}
rounds=${4:-1}
programs=${PROGRAMS:-"tcpdump dumpcap recording reports"}
seconds=2 fastest=1000000 # frames a second where the rate is 0

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
ip netns exec $tx ethtool -K tx0 tx-udp-segmentation off
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

printf '%-6s %-10s %10s %10s %10s %10s %10s %8s\n' round program rate sent in_file dropped skipped cpu_s
for round in $(seq "$rounds"); do
  for rate in $rates; do
    for program in $programs; do
      start "$program"
      sleep 1
      read -r sent real < <(ip netns exec $tx "$work/load" -dev tx0 -n $(((rate > 0 ? rate : fastest) * seconds)) -rate "$rate" -size "$size")
      sleep 1
      cpu=$(awk '{ print ($14 + $15) / 100 }' "/proc/$pid/stat")
      kill -INT $pid
      wait $pid || true
      file=$(ls "$work"/out*)
      read -r dropped skipped < <(lost "$program")
      in_file=$(capinfos -Mc "$file" 2>/dev/null | sed -n 's/^Number of packets: *//p')
      printf '%-6s %-10s %10s %10s %10s %10s %10s %8s\n' "$round" "$program" "$real" "$sent" "$in_file" "$dropped" "$skipped" "$cpu"
      rm -f "$work"/out*
      echo "$rate $program $real $dropped $skipped $cpu" >>"$work/runs"
    done
  done
done

# median prints the median, the least and the most of the numbers on its input.
median() { sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)], n[1], n[NR] }'; }

runs() { awk -v rate="$1" -v program="$2" -v column="$3" '$1 == rate && $2 == program { print $column }' "$work/runs" | median; }

printf '\nmedians of %s rounds, %s s each, %s bytes, a ring of %s MiB\n%-10s %-10s %10s %10s %21s %10s %8s\n' \
  "$rounds" "$seconds" "$size" "$ring" rate program real dropped 'least-most' skipped cpu_s
for rate in $rates; do
  for program in $programs; do
    read -r real _ < <(runs "$rate" "$program" 3)
    read -r dropped least most < <(runs "$rate" "$program" 4)
    read -r skipped _ < <(runs "$rate" "$program" 5)
    read -r cpu _ < <(runs "$rate" "$program" 6)
    printf '%-10s %-10s %10s %10s %21s %10s %8s\n' "$rate" "$program" "$real" "$dropped" "$least-$most" "$skipped" "$cpu"
  done
done
