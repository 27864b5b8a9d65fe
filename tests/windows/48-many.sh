#!/bin/bash
# 200 backups at once, which is more than the 64 sockets that Windows waits for unless told otherwise; and a second pull while the first one
# is at work.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs_only_sim

backups=200
start_sim sim <<SCRIPT
server herd 127.125.$TEST_NUMBER.10:$SMTP_PORT
  repeat $backups
  delay ETRN until $tmp/answer
SCRIPT
{
    printf 'primary {\n    preflight = off\n}\n'
    for ((number = 1; number <= backups; number++)); do
        host=$(sed -n "s/^herd$number \(.*\):[0-9]*$/\1/p" "$tmp/sim.servers")
        backup_section "herd$number" '"example.test"' "host = \"$host\""
    done
} | write_bare_config

answers_out() { in_wire '> 250 OK, queuing'; }
all_are_asked() { [ "$(in_wire '< ETRN')" -eq "$backups" ]; }
"$MXPULL" pull --json -c "$tmp/mxpull.conf" >"$tmp/first" 2>"$tmp/first.err" </dev/null 9>&- &
first=$!
# Nobody gets an answer yet, so all are connected at once.
wait_for 120 all_are_asked
expect 'asked while nobody had an answer yet' "$backups 0" "$(in_wire '< ETRN') $(answers_out)"

pull
expect 'a second pull: exit status' 75 "$status"
expect 'a second pull says why, for each' "$backups" "$(json '[.results[] | select(.text | test("^process [0-9]+ is asking it$"))] | length')"

touch "$tmp/answer"
wait "$first"
expect 'exit status' 0 $?
cp "$tmp/first" "$tmp/out"
expect 'results, started' "$backups" "$(json '[.results[] | select(.outcome == "started")] | length')"
expect 'backups in the results' "$backups" "$(json '[.results[].backup] | unique | length')"
expect 'ETRNs and answers in all' "$backups $backups" "$(in_wire '< ETRN') $(answers_out)"
finish
