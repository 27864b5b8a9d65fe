#!/bin/bash
# The script of contrib that NetworkManager calls, against a systemctl that only writes down what it is told.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
contrib=$(cd "$(dirname "$0")/../../contrib" && pwd)

cat >"$tmp/systemctl" <<'END'
#!/bin/sh
echo "$*" >>"$SAID"
[ "$1" != is-active ] || exit "$ACTIVE"
END
chmod 755 "$tmp/systemctl"

# dispatched EXPECTED ACTIVE CONNECTIVITY INTERFACE ACTION: what systemctl is told besides is-active; ACTIVE: 0 where the daemon runs.
dispatched() {
    local said
    : >"$tmp/said"
    SAID=$tmp/said ACTIVE=$2 CONNECTIVITY_STATE=$3 PATH=$tmp:$PATH sh "$contrib/NetworkManager/90-mxpull" "$4" "$5"
    said=$(grep -v '^is-active' "$tmp/said" | paste -sd';')
    expect "$4 $5 (connectivity $3)" "$1" "$said"
}

signal='kill --kill-who=main --signal=USR1 mxpull.service'
once='start --no-block mxpull-pull.service'
dispatched "$signal" 0 '' eth0 up
dispatched "$once" 3 '' eth0 up
dispatched "$once" 3 '' tun0 vpn-up
dispatched '' 0 '' lo up
dispatched '' 0 '' eth0 down
dispatched "$signal" 0 FULL '' connectivity-change
dispatched '' 0 LIMITED '' connectivity-change

finish
