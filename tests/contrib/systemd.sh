#!/bin/bash
# What contrib/systemd gives away: the units are understood, and locked in so far that systemd-analyze says 1.5 or better.
set -u
units=$(cd "$(dirname "$0")/../../contrib/systemd" && pwd)
command -v systemd-analyze >/dev/null || { echo "SKIPPED: systemd-analyze is not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# The program need not be installed for that.
printf '#!/bin/sh\n' >"$folder/mxpull"
chmod 755 "$folder/mxpull"
for unit in "$units"/*.service "$units"/*.timer; do
    sed "s|/usr/local/bin/mxpull|$folder/mxpull|" "$unit" >"$folder/$(basename "$unit")"
done
said=$(systemd-analyze verify --man=no "$folder"/*.service "$folder"/*.timer 2>&1 | grep -F "$folder/" )
[ -z "$said" ] || { printf 'FAILED: systemd-analyze verify says:\n%s\n' "$said"; failures=$((failures + 1)); }

for unit in "$units"/*.service; do
    if ! systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" >"$folder/said" 2>&1; then
        printf 'FAILED: %s is too open:\n' "$(basename "$unit")"
        cat "$folder/said"
        failures=$((failures + 1))
    fi
    tail -n 1 "$folder/said"
done
[ "$failures" -eq 0 ]
