#!/bin/sh
# Writes vendors.txt.zst: who has which block of MAC addresses, from the registries of the IEEE as Debian's package ieee-data has them
# (apt-get install ieee-data zstd python3; reports/oui/generate.sh). Docs: docs/decisions/0009-vendors.md.
set -eu
cd "$(dirname "$0")"
python3 - <<'PY' | zstd -q -19 -f -o vendors.txt.zst
import csv
rows = {}
for registry in "oui", "mam", "oui36", "iab":
    with open(f"/usr/share/ieee-data/{registry}.csv", newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            name = " ".join(row["Organization Name"].split())
            if name and name not in ("Private", "IEEE Registration Authority"):
                rows[row["Assignment"].lower()] = name
for prefix in sorted(rows):
    print(f"{prefix} {rows[prefix]}")
PY
