#!/bin/bash
# Records the labs again: bash run.sh [-o DIRECTORY] [LAB…], as root, on Debian 12. Without names, all of them.
# The recordings go to DIRECTORY (pcaps/testdata, whose manifest is written anew if Go is there), each when its lab has succeeded. Ends with
# status 1 if a lab failed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../testdata manifest=yes
if [ "${1:-}" = -o ]; then
	out=$2 manifest=no
	shift 2
fi
if [ $# = 0 ]; then
	for file in "$here"/*.sh; do
		case $(basename "$file") in install.sh | lib.sh | run.sh) ;; *) set -- "$@" "$(basename "$file" .sh)" ;; esac
	done
fi
[ "$(id -u)" = 0 ] || { echo "run.sh: namespaces need root" >&2; exit 1; }

bash "$here/install.sh"
mkdir -p "$out"
failed=()
for lab; do
	begin=$SECONDS
	if timeout --foreground 300 bash "$here/${lab%.sh}.sh" "$out"; then verdict=recorded; else verdict="FAILED with status $?" failed+=("$lab"); fi
	printf '%-16s %4d s  %s\n' "$lab" $((SECONDS - begin)) "$verdict"
done
if [ $manifest = yes ] && command -v go >/dev/null; then (cd "$here/../.." && go generate ./pcaps); fi
printf '%-16s %4d s\n' "all" $SECONDS
[ ${#failed[@]} = 0 ] || { echo "run.sh: failed: ${failed[*]}" >&2; exit 1; }
