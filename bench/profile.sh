#!/bin/sh
# Makes cmd/pktscope/default.pgo anew, by which the Go compiler knows the usual paths through pktscope: a profile of reading the mixes of
# bench/generate. It is worth 5 % of the processor time, and need not be made again unless the hot paths change.
#
#   bench/profile.sh
set -eu
cd "$(dirname "$0")/.."
work=${TMPDIR:-/tmp}/pktscope-profile
mkdir "$work"
trap 'rm -rf "$work"' EXIT
go build -trimpath -pgo=off -o "$work" ./bench/generate ./bench/profile
for mix in imix tenants flows small large fragments; do
	"$work/generate" -packets 2000000 -mix "$mix" -o "$work/$mix.pcap"
done
"$work/profile" "$work/default.pgo" "$work/imix.pcap" "$work"/*.pcap # imix twice: it is what networks are like
mv "$work/default.pgo" cmd/pktscope/default.pgo
