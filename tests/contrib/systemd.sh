#!/bin/bash
# The units that were made in the build folder $1 are understood, and locked in so far that systemd-analyze says 1.5 or better.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
units=$1/contrib/systemd
program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$units/mxpull.service")
command -v systemd-analyze >/dev/null || skip 'systemd-analyze is not installed'

# The program need not be installed for that.
printf '#!/bin/sh\n' >"$tmp/mxpull"
chmod 755 "$tmp/mxpull"
for unit in "$units"/*.service "$(dirname "$0")"/../../contrib/systemd/*.timer; do
    sed "s|$program|$tmp/mxpull|" "$unit" >"$tmp/$(basename "$unit")"
done
said=$(systemd-analyze verify --man=no "$tmp"/*.service "$tmp"/*.timer 2>&1 | grep -F "$tmp/" )
[ -z "$said" ] || fail "systemd-analyze verify says:"$'\n'"$said"

for unit in "$units"/*.service; do
    if ! systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" >"$tmp/said" 2>&1; then
        fail "$(basename "$unit") is too open:"
        cat "$tmp/said"
    fi
    tail -n 1 "$tmp/said"
done
finish
