#!/bin/bash
# idle.sh [BUILD-FOLDER]: what the daemon costs while nothing is due: 1,000 backups that have been asked, watch and all else as by
# default. Its processor time is scaled to an hour; a wake-up without a cause is a second in which it ran although no look at the
# primary was due. Exit status: 0 when everything that is wanted was met, 1 when something was missed, 70 when something could not be
# measured at all.
#
# MXPULL_BENCH_IDLE: for how many seconds, 180 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
mxpull=$build/src/cli/mxpull
MXSIM=$build/tests/mxsim/mxsim
length_s=${MXPULL_BENCH_IDLE:-180}
keep_wire=yes

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

[ -r /proc/self/schedstat ] || { say 'this needs Linux'; exit 69; }
serve 'server herd 127.1.0.1:0' '  repeat 1000' 'sink primary 127.2.0.1:0'
address=$(sed -n 's/^primary //p' "$tmp/sim.servers")
configuration "$tmp/idle.conf" "primary { address = \"$address\" }"
backups herd 1 >>"$tmp/idle.conf"

cpu_us() { awk '{ print int($1 / 1000) }' "/proc/$daemon/schedstat"; }
wakes() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$daemon/status"; }
resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status"; }
looks() { grep -c '^primary#.* connected' "$tmp/journal.sim"; }

"$mxpull" daemon -q -c "$tmp/idle.conf" >"$tmp/out" 2>"$tmp/err" </dev/null &
daemon=$!
processes+=("$daemon")
for _ in {1..300}; do
    [ "$(grep -c '^herd.* < ETRN' "$tmp/journal.sim")" -lt 1000 ] || break
    sleep 0.1
done
[ "$(grep -c '^herd.* < ETRN' "$tmp/journal.sim")" -eq 1000 ] || broken 70 "$mxpull" daemon
sleep 65 # what the start has left in libcurl's memory is forgotten after a minute

say "idling for $length_s s"
began_cpu=$(cpu_us) began_looks=$(looks) last=$(wakes) busy=0
for ((second = 0; second < length_s; second++)); do
    sleep 1
    now=$(wakes)
    [ "$now" -eq "$last" ] || busy=$((busy + 1))
    last=$now
done
spent_us=$(($(cpu_us) - began_cpu))
looked=$(($(looks) - began_looks))
[ "$looked" -gt 0 ] || broken 70 'the primary was not looked at'
hour_us=$((spent_us * 3600 / length_s))
# A look at the turn of a second is awake in two of them.
row "idle, 1,000 backups, $length_s s: processor time an hour" "$(milliseconds "$hour_us")" '' '' '<= 100 ms' "$(at_most "$hour_us" 100000)"
row '    seconds in which it was awake' "$busy" "$looked (looks)" '' '<= 2 each' "$(at_most "$busy" $((2 * looked)))"
row '    resident memory' "$(resident_kb) KB" '' '' '<= 12288 KB' "$(at_most "$(resident_kb)" 12288)"
print_table
print_machine
[ "$missed" -eq 0 ]
