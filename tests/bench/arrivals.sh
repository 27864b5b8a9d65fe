#!/bin/bash
# arrivals.sh [BUILD-FOLDER]: what it costs to watch what comes in, beside 1,000 connections to our own server: the processor time of one
# look a second for ten minutes, against `cat /proc/net/tcp` as often, and that of a `pull --wait`; and how soon a message is told that its
# log tells of. Exit status: 0 when everything that is wanted was met, 1 when something was missed, 69 where the system has no list of
# connections, 70 when something could not be measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default. MXPULL_BENCH_WATCH: for how many seconds a pull waits, 600 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
mxpull=$build/src/cli/mxpull
MXSIM=$build/tests/mxsim/mxsim
bench_peers=$build/tests/bench/bench_peers
length_s=${MXPULL_BENCH_WATCH:-600}
connections=1000 looks=600
keep_wire=yes

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

[ -r /proc/net/tcp ] || { say 'this needs Linux'; exit 69; }
if [ ! -x "$bench_peers" ]; then
    say "$build does not hold bench_peers: cmake -S $here -B $build -DCMAKE_BUILD_TYPE=Release && cmake --build $build --target bench_peers"
    exit 69
fi
choose_cores

# --- looks ---
say "looking at $connections connections"
"$bench_peers" "$connections" "$looks" "$runs" >"$tmp/out" 2>"$tmp/err" || broken $? "$bench_peers"
us_of() { awk -v what="$1" '$2 == what { print $1 }' "$tmp/out"; }
cat_us=$(us_of cat)
compare() { # WHAT US WANTED-HUNDREDTHS
    local ratio=$(($2 * 100 / cat_us))
    row "$1" "$(milliseconds "$2")" "$(milliseconds "$cat_us") (cat)" "$(hundredths "$ratio")" "<= $(hundredths "$3")" "$(at_most "$ratio" "$3")"
}
compare "$looks looks at $connections connections, processor time" "$(us_of looks)" 50
compare '    the same without netlink, from /proc' "$(us_of files)" 200

# --- a pull that waits ---
serve 'server mute 127.0.0.1:0' '  reply ETRN "250 OK"'
coproc held { "$bench_peers" "$connections"; }
read -r port <&"${held[0]}" || broken 70 "$bench_peers"
: >"$tmp/log"

# configure FOLDER ARRIVES-FROM: whose mail is looked for, in a folder of its own.
configure() {
    local log=$tmp/log
    mkdir "$1"
    (tmp=$1 && configuration "$1/mxpull.conf" "primary { address = \"127.0.0.1:$port\" preflight = off quiet = 1s mail_log = \"file:$log\" }")
    backups mute 1 | sed "s/domains =/arrives_from = $2 &/" >>"$1/mxpull.conf"
    chmod 600 "$1/mxpull.conf"
}

# watch FOLDER: the processor time of a pull that waits, less that of one that does not.
watch() {
    local tmp=$1
    measure "$mxpull" pull -q -c "$tmp/mxpull.conf"
    local without_us=$cpu_us
    measure "$mxpull" pull -q -c "$tmp/mxpull.conf" --wait "${length_s}s"
    echo $((cpu_us - without_us)) >"$tmp/us"
}
tell_watch() { # FOLDER WHAT
    [ -s "$1/us" ] || broken 70 "$mxpull" pull --wait
    row "$2" "$(milliseconds "$(cat "$1/us")")" '' '' "<= $((length_s * 10)) ms" "$(at_most "$(cat "$1/us")" $((length_s * 10000)))"
}
say "waiting for $length_s s"
configure "$tmp/others" 192.0.2.7
configure "$tmp/backup" 127.0.0.1
watch "$tmp/others" &
watch "$tmp/backup"
wait $!
tell_watch "$tmp/others" "a wait of $length_s s, beside as many of others"
tell_watch "$tmp/backup" '    beside as many of the backup'

# --- how soon ---
say 'waiting for a message'
asked() { grep -c '^mute#.* < ETRN' "$tmp/journal.sim"; }
delays=()
for ((run = 0; run < runs; run++)); do
    before=$(asked)
    "$mxpull" pull -c "$tmp/others/mxpull.conf" --wait 60s >"$tmp/out" 2>"$tmp/err" </dev/null &
    pull=$!
    for _ in {1..300}; do
        [ "$(asked)" -eq "$before" ] || break
        sleep 0.1
    done
    sleep 1
    began=$(now_us)
    printf '2026-11-29 10:00:00 1abcde-000000-00 <= a@b.example H=mx2 [192.0.2.7] P=esmtp S=1000 id=1@b.example\n' >>"$tmp/log"
    wait "$pull" || broken $? "$mxpull" pull --wait
    grep -q ' arrived ' "$tmp/out" || broken 70 'no arrival was told'
    delays+=($(($(now_us) - began - 1000000)))
done
delay=$(median "${delays[@]}")
row 'a message in the log, to its arrival told, less quiet' "$(milliseconds "$delay")" '' '' '<= 1100 ms' "$(at_most "$delay" 1100000)"
print_table
print_machine
[ "$missed" -eq 0 ]
