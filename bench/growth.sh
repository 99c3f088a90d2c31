#!/bin/sh
# Measures how the time of pktscope read grows with packets, flows, tenants and workers, and prints docs/performance.md's tables of that in
# Markdown: the least processor time and wall time of several runs, and the most that was resident. All default reports are on.
#
#   bench/growth.sh                  two million packets; take a quiet machine, ten minutes and 5 GB in $TMPDIR
#   ROUNDS=1 PACKETS=100000 bench/growth.sh
#
# It needs GNU time (Debian: time).
set -eu
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-3} packets=${PACKETS:-2000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work" ./cmd/pktscope ./bench/generate

# row TITLE PACKETS ARGUMENT... measures pktscope read with the arguments, and prints a row.
row() {
	title=$1 count=$2
	shift 2
	: >"$work/runs"
	for _ in $(seq "$rounds"); do
		/usr/bin/time -a -o "$work/runs" -f '%e %U %S %M' "$work/pktscope" read --quiet "$@" >/dev/null
	done
	awk -v title="$title" -v n="$count" '
		NR == 1 || $1 < wall { wall = $1 }
		NR == 1 || $2 + $3 < cpu { cpu = $2 + $3 }
		$4 > memory { memory = $4 }
		END { printf "| %s | %.2f s | %.0f ns | %.2f s | %.0f MiB |\n", title, wall, cpu * 1e9 / n, cpu, memory / 1024 }' "$work/runs"
}

# head WORD begins a table.
head() { printf '\n| %s | wall time | processor time a packet | in all | resident |\n|---|---|---|---|---|\n' "$1"; }

# make MIX PACKETS FLAG... makes the capture.
make() {
	mix=$1 count=$2
	shift 2
	"$work/generate" -mix "$mix" -packets "$count" -o "$work/capture.pcap" "$@"
}

head 'packets (`-mix imix -j 1`)'
for times in 1 2 4; do
	make imix $((packets * times))
	row $((packets * times)) $((packets * times)) -j 1 "$work/capture.pcap"
done
rm "$work/capture.pcap"
all=$rounds rounds=1 # a pipe is read once
"$work/generate" -mix imix -packets $((packets * 6)) | row "$((packets * 6)), from a pipe" $((packets * 6)) -j 1 -
rounds=$all

head "flows (\`-mix flows -j 1\`, $((2 * packets)) packets)"
for n in 1000 10000 100000 1000000; do
	make flows $((2 * packets)) -flows $n
	row $n $((2 * packets)) -j 1 "$work/capture.pcap"
done

head "tenants (\`-mix tenants -j 1\`, $packets packets)"
for n in 10 1000 10000; do
	make tenants "$packets" -tenants $n
	row $n "$packets" -j 1 "$work/capture.pcap"
done

head "workers (\`-mix imix\`, $packets packets, $(nproc) cores)"
make imix "$packets"
for j in 1 2 3 4 5 6 7 8; do
	row "\`-j $j\`" "$packets" -j $j "$work/capture.pcap"
done
