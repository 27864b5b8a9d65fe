#!/bin/bash
# report.sh [BUILD-FOLDER]: how long `mxpull report` takes for a year of 20 backups, each asked every 4 hours, and how large its page is. Exit status: 0
# when what is wanted was met, 1 when it was missed, 69 when python3 is not there, 70 when something could not be measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
mxpull=$build/src/cli/mxpull

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

there python3 || { say "python3 is not there"; exit 69; }
lines=()
for number in {0..19}; do
    lines+=("backup b$number { host = \"127.0.0.1\" port = 1 domains = {d$number.example} tls = off }")
done
configuration "$tmp/report.conf" "${lines[@]}"
"$mxpull" pull -q -c "$tmp/report.conf" >"$tmp/out" 2>"$tmp/err"
[ -e "$tmp/mxpull.db" ] || broken $? "$mxpull pull"
python3 "$here/tests/contrib/report_store.py" "$tmp/mxpull.db" 365 20 || broken $? report_store.py

all=()
for ((run = 0; run < runs; run++)); do
    clock "$mxpull" report -c "$tmp/report.conf" --since 365d --html "$tmp/report.html"
    all+=("$wall_us")
done
size=$(stat -c %s "$tmp/report.html")
row 'report: a year of 20 backups' "$(milliseconds "$(median "${all[@]}")")" '' '' '<= 1 s' "$(at_most "$(median "${all[@]}")" 1000000)"
row 'report: its page' "$(kilobytes "$size")" '' '' '<= 1 MB' "$(at_most "$size" 1000000)"
print_table
print_machine
[ "$missed" -eq 0 ]
