#!/bin/bash
# store.sh [BUILD-FOLDER]: how long status, history and the recording of a poll take when the store holds a million answers. Each
# time is that of one process which opens the store, asks and closes it. Exit status: 0 when everything that is wanted was met, 1 when
# something was missed, 70 when something could not be measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default. MXPULL_BENCH_ROWS: how many answers, 1000000 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
bench_store=$build/tests/bench/bench_store
answers=${MXPULL_BENCH_ROWS:-1000000}

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

if [ ! -x "$bench_store" ]; then
    say "$build does not hold bench_store: cmake -S $here -B $build -DCMAKE_BUILD_TYPE=Release && cmake --build $build --target bench_store"
    exit 69
fi
say "building a store of $answers answers"
clock "$bench_store" build "$tmp/state" "$answers"
row "building a store of $answers answers" "$(seconds "$wall_us")" '' '' '' ''
row '    its file' "$(($(wc -c <"$tmp/state/mxpull.db") / 1024 / 1024)) MB" '' '' '' ''
say 'measuring'
"$bench_store" measure "$tmp/state" "$runs" >"$tmp/out" 2>"$tmp/err" || broken $? "$bench_store"
while read -r number what; do
    case $what in
        *memory*) row "$what" "$number KB" '' '' '' '' ;;
        *recorded) row "$what" "$(milliseconds "$number")" '' '' '<= 20 ms' "$(at_most "$number" 20000)" ;;
        'history without a limit' | *pruned) row "$what" "$(milliseconds "$number")" '' '' '' '' ;;
        *) row "$what" "$(milliseconds "$number")" '' '' '<= 100 ms' "$(at_most "$number" 100000)" ;;
    esac
done <"$tmp/out"
print_table
print_machine
[ "$missed" -eq 0 ]
