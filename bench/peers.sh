#!/bin/sh
# Measures pktscope beside cat, capinfos, nfpcapd, gopacket, tcpdump and tshark, in turn; bench/peers/main.go says how.
#
#   bench/peers.sh                      all mixes, two million packets; take a quiet machine, and an hour
#   bench/peers.sh -mixes imix -h       the flags
#
# Debian has the others as tshark, tcpdump, nfdump, zstd and lz4.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -o "$bin" ./cmd/pktscope ./bench/generate ./bench/peers
"$bin/peers" -pktscope "$bin/pktscope" -generate "$bin/generate" "$@"
