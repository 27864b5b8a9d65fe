#!/bin/bash
# arrivals.sh [BUILD-FOLDER]: what it costs to watch who is connected to our own server while mail is waited for, beside 1,000
# connections: the processor time of the looks of ten minutes, one a second, against `cat /proc/net/tcp` as often. Exit status: 0 when
# everything that is wanted was met, 1 when something was missed, 69 where the system has no such list, 70 when something could not be
# measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
bench_peers=$build/tests/bench/bench_peers
connections=1000 looks=600

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

[ -r /proc/net/tcp ] || { say 'this needs Linux'; exit 69; }
if [ ! -x "$bench_peers" ]; then
    say "$build does not hold bench_peers: cmake -S $here -B $build -DCMAKE_BUILD_TYPE=Release && cmake --build $build --target bench_peers"
    exit 69
fi
choose_cores
say 'measuring'
"$bench_peers" "$connections" "$looks" "$runs" >"$tmp/out" 2>"$tmp/err" || broken $? "$bench_peers"
us_of() { awk -v what="$1" '$2 == what { print $1 }' "$tmp/out"; }
cat_us=$(us_of cat)
theirs="$(milliseconds "$cat_us") (cat)"
compare() { # WHAT US WANTED-HUNDREDTHS
    local ratio=$(($2 * 100 / cat_us))
    row "$1" "$(milliseconds "$2")" "$theirs" "$(hundredths "$ratio")" "<= $(hundredths "$3")" "$(at_most "$ratio" "$3")"
}
compare "$looks looks at $connections connections, processor time" "$(us_of looks)" 50
compare '    the same without netlink, from /proc' "$(us_of files)" 150
print_table
print_machine
[ "$missed" -eq 0 ]
