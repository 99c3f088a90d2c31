#!/bin/sh
# Measures whether the memory of pktscope live stays as it is while traffic goes on; bench/soak/main.go says how. As root.
#
#   bench/soak.sh                       half an hour
#   bench/soak.sh -duration 10m -h      the flags
#
# On SIGINT and SIGTERM it ends sooner and says what it has seen.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
trap : INT TERM # the program ends by itself, and then this does
go build -o "$bin" ./cmd/pktscope ./bench/soak
"$bin/soak" -pktscope "$bin/pktscope" "$@"
