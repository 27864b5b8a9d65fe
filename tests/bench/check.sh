#!/bin/bash
# check.sh [BUILD-FOLDER]: how long `mxpull check` looks at 100 domains and 50 backups of which one is silent, beside how long it
# looks at the silent one alone. The DNS server is the NSD of tests/servers/install.sh. Exit status: 0 when what is wanted was met, 1 when it
# was missed, 69 when something that is needed is not there, 70 when something could not be measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
mxpull=$build/src/cli/mxpull
MXSIM=$build/tests/mxsim/mxsim
root=${MXPULL_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers}/nsd
dns=127.3.0.1 dns_port=24053

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

[ -x "$root/usr/sbin/nsd" ] || { say "NSD is not in $root (tests/servers/install.sh)"; exit 69; }

# It runs by the loader and the libraries of its own release, as nobody in particular.
start_dns() {
    local loader=("$root"/usr/lib*/ld-linux*) libraries=("$root"/usr/lib/*-linux-*)
    printf 'server:\n  ip-address: %s@%d\n  username: ""\n  database: ""\n  zonesdir: "%s"\n  pidfile: "%s/nsd.pid"\n' \
        "$dns" "$dns_port" "$tmp" "$tmp" >"$tmp/nsd.conf"
    printf '  zonelistfile: "%s/zone.list"\n  xfrdfile: "%s/xfrd.state"\n  xfrdir: "%s"\n  rrl-ratelimit: 0\n' \
        "$tmp" "$tmp" "$tmp" >>"$tmp/nsd.conf"
    printf 'remote-control:\n  control-enable: no\nzone:\n  name: "test"\n  zonefile: "zone"\n' >>"$tmp/nsd.conf"
    "${loader[0]}" --library-path "${libraries[0]}" "$root/usr/sbin/nsd" -d -c "$tmp/nsd.conf" >"$tmp/nsd.log" 2>&1 </dev/null &
    processes+=($!)
    wait_for 20 port_answers || { head -n 5 "$tmp/nsd.log" >&2; exit 70; }
}
port_answers() { (exec 3<>"/dev/tcp/$dns/$dns_port") 2>/dev/null; }

# The zone: domain1.test to domain100.test, each with our own server and one of the backups.
make_zone() {
    local name address i=0
    # shellcheck disable=SC2016 # the zone's
    printf '$ORIGIN test.\n$TTL 60\n@ SOA ns.invalid. root.invalid. 1 60 60 60 60\n@ NS ns.invalid.\nmail A 127.0.0.1\n'
    while read -r name address; do
        printf '%s A %s\n' "$name" "${address%:*}"
        for _ in 1 2; do
            i=$((i + 1))
            printf 'domain%d MX 10 mail\ndomain%d MX 20 %s\n' "$i" "$i" "$name"
        done
    done <"$tmp/hosts"
}

make_configuration() {
    local name address i=0
    printf 'dns_server = "%s:%d"\nprimary { public_name = mail.test address = "%s" }\n' "$dns" "$dns_port" \
        "$(sed -n 's/^primary //p' "$tmp/sim.servers")"
    printf 'state_dir = "%s"\ndefaults { connect_timeout = 2s command_timeout = 2s }\n' "$tmp"
    while read -r name address; do
        printf 'backup "%s" { host = "%s.test" port = %d mail_port = %d domains = {domain%d.test, domain%d.test} }\n' "$name" "$name" \
            "${address##*:}" "${address##*:}" $((i + 1)) $((i + 2))
        i=$((i + 2))
    done <"$tmp/hosts"
}

# look NAME…: whatever is found, as long as it is found of all of them.
look() { "$mxpull" check -c "$tmp/check.conf" --json "$@" || [ $? -ge 69 ]; }

serve 'server good 127.1.0.1:0' '  repeat 49' '  delay 20ms' 'server silent 127.2.0.1:0' '  greeting stall' \
    'sink primary 127.2.0.2:0'
grep -E '^(good|silent)' "$tmp/sim.servers" >"$tmp/hosts"
make_zone >"$tmp/zone"
make_configuration >"$tmp/check.conf"
start_dns

all=() alone=()
for ((run = 0; run < runs; run++)); do
    clock look
    all+=("$wall_us")
    [ "$(jq '[.findings[].domain | select(. != null)] | unique | length' "$tmp/out")" -eq 100 ] || broken 70 "$mxpull check"
    clock look silent
    alone+=("$wall_us")
    jq -e '[.findings[] | select(.backup == "silent" and .severity == "fail")] | length > 0' "$tmp/out" >"$tmp/err" || broken 70 "$mxpull check silent"
done
all_us=$(median "${all[@]}")
alone_us=$(median "${alone[@]}")
ratio=$((all_us * 100 / alone_us))
row 'check: 100 domains, 50 backups, one of them silent' "$(milliseconds "$all_us")" "$(milliseconds "$alone_us") (alone)" \
    "$(hundredths $ratio)" '<= 1.30' "$(at_most $ratio 130)"
print_table
print_machine
[ "$missed" -eq 0 ]
