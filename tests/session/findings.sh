#!/bin/bash
# mxpull check from outside: what stands on which stream, exit statuses, names, a terminal, an interruption; and that no backup is told ETRN,
# ATRN or DATA, and nothing is written. Nobody answers as the DNS here.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

cat >"$tmp/script" <<END
server good 127.0.0.1:0
  reply RCPT postmaster@example.org "550 not here"
server mute 127.0.0.1:0
  delay greeting 1s
server plain 127.0.0.1:0
  ehlo "250 plain"
sink primary 127.0.0.1:0
END
start_sim sim "$tmp/script"
conf=$theirs/mxpull.conf

configure() { # BACKUP…
    {
        printf 'dns_server = "127.0.0.1:1"\nstate_dir = "%s/state"\nprimary { address = "127.0.0.1:%s" }\n' "$theirs" "$(port primary)"
        for name; do
            printf 'backup %s { host = "127.0.0.1" port = %s mail_port = %s domains = {a.example, "#queue"} }\n' "$name" "$(port "$name")" "$(port "$name")"
        done
    } >"$tmp/mxpull.conf"
    chmod 600 "$tmp/mxpull.conf"
}

# findings SEVERITY: the ids of those, each once.
findings() { jq -r "[.findings[] | select(.severity == \"$1\") | .id] | unique | join(\" \")" "$tmp/out"; }

# --- text ---------------------------------------------------------------------------------------------------------------------
configure good mute plain
run 69 check -c "$conf"
expect 'standard error' '' "$(cat "$tmp/err")"
for heading in 'configuration ' 'your mail server 127.0.0.1:' 'backup good' 'backup mute' 'backup plain' 'domain a.example'; do
    expect "the group $heading" 1 "$(grep -c "^$heading" "$tmp/out")"
done
expect 'each line is of one kind' '' "$(grep -vE "^(configuration|your mail server|backup|domain) |^(OK   |WARN |FAIL |SKIP ) [^ ]|^      [^ ]|^\$|^[0-9]+ ok, " "$tmp/out")"
expect 'an advice below each of what is wrong' "$(grep -cE '^(WARN|FAIL) ' "$tmp/out")" "$(grep -A1 -E '^(WARN|FAIL) ' "$tmp/out" | grep -cE '^      [^ ]')"
expect 'the sum' "$(grep -c '^OK ' "$tmp/out") ok, $(grep -c '^WARN ' "$tmp/out") warnings, $(grep -c '^FAIL ' "$tmp/out") failed, $(grep -c '^SKIP ' "$tmp/out") skipped" \
    "$(sed -n 's/ in [0-9.]* s$//p' "$tmp/out" | tail -n 1)"
expect 'a slow backup keeps no line of another' yes \
    "$(awk '/^backup good/ { good = NR } /^backup mute/ { mute = NR } END { print good < mute ? "yes" : "no" }' "$tmp/out")"
expect_in 'a backup without ETRN' 'FAIL  ETRN' "$tmp/out"
expect_in 'no records without the DNS' 'FAIL  MX        no answer from 127.0.0.1:1' "$tmp/out"
expect_in 'a queue' 'SKIP  domains' "$tmp/out"

run 69 check -q -c "$conf"
expect 'quiet: what is wrong alone' 0 "$(grep -cE '^(OK|SKIP) |failed' "$tmp/out")"
expect 'quiet: what is wrong' yes "$(grep -q '^FAIL ' "$tmp/out" && echo yes)"
run 75 check --color always -c "$conf" good
expect 'in colours the words are the same' "$(sed 's/\x1b\[[0-9]*m//g' "$tmp/out" | grep -c '^WARN  ')" "$(grep -c $'^\x1b\\[33mWARN\x1b\\[0m  ' "$tmp/out")"

# --- JSON ---------------------------------------------------------------------------------------------------------------------
run 69 check --json -c "$conf"
expect 'one line' 1 "$(wc -l <"$tmp/out")"
expect 'its keys' 'checked exit_status findings summary' "$(jq -r 'keys | join(" ")' "$tmp/out")"
expect 'those of a finding' 'advice backup domain id severity subject text' "$(jq -r '[.findings[] | keys | join(" ")] | unique | join(" | ")' "$tmp/out")"
expect 'severities' 'fail ok skip warn' "$(jq -r '[.findings[].severity] | unique | join(" ")' "$tmp/out")"
expect 'the summary' true "$(jq '[.summary.ok, .summary.warn, .summary.fail, .summary.skip] == [(["ok", "warn", "fail", "skip"][] as $s | [.findings[] | select(.severity == $s)] | length)]' "$tmp/out")"
expect 'the exit status in it' 69 "$(jq .exit_status "$tmp/out")"
expect 'advice with what is wrong alone' true "$(jq 'all(.findings[]; (.advice != null) == (.severity == "warn" or .severity == "fail"))' "$tmp/out")"
expect 'a backup has its name' 'good mute plain' "$(jq -r '[.findings[] | select(.id | startswith("backup-")) | .backup] | unique | join(" ")' "$tmp/out")"

# --- names and the exit status --------------------------------------------------------------------------------------------------
run 64 check -c "$conf" god
expect_in 'an unknown name' 'did you mean "good"?' "$tmp/err"
expect 'an unknown name: nothing is said' '' "$(cat "$tmp/out")"
run 69 check --json -c "$conf" '#queue'
expect 'a queue alone: no domain' 0 "$(jq '[.findings[] | select(.domain != null)] | length' "$tmp/out")"
sed -i 's/a.example, //' "$tmp/mxpull.conf"
run 0 check -c "$conf" good
run 1 check --strict -c "$conf" good
run 69 check --strict -c "$conf" plain
run 69 check --json -q -c "$conf"
expect 'the worst counts' 69 "$(jq .exit_status "$tmp/out")"
run 78 check -c "$theirs/none.conf"
sed -i 's/^dns_server.*/dns_server = "127.0.0.1:x"/' "$tmp/mxpull.conf"
run 78 check -c "$conf"

# --- nothing is asked, sent or written ------------------------------------------------------------------------------------------------
expect 'what the servers were told' 0 "$(grep -cE '< (ETRN|ATRN|TURN|DATA)' "$tmp/journal.sim")"
expect 'what was begun is reset' yes "$([ "$(grep -c '< MAIL' "$tmp/journal.sim")" -gt 0 ] && echo yes)"
expect 'no state' no "$([ -e "$tmp/state" ] && echo yes || echo no)"

# --- the wire, a terminal, the end ---------------------------------------------------------------------------------------------------
configure good mute
run 75 check -vv -c "$conf" good
expect_in 'the wire of a backup' 'backup=good wire="> EHLO' "$tmp/err"
expect_in 'the wire of the primary' "primary=127.0.0.1:$(port primary) wire=" "$tmp/err"
expect 'the wire is not on standard output' 0 "$(grep -c 'wire=' "$tmp/out")"

if [ -z "$DRIVE" ]; then
    : >"$tmp/stopped" # not what a run before has left
    "$MXPULL" check -c "$conf" >"$tmp/stopped" 2>"$tmp/err" </dev/null &
    program=$!
    expect_soon 'something is known' 1 grep -c '^configuration' "$tmp/stopped"
    kill -TERM "$program"
    wait "$program"
    expect 'stopped: exit status' 75 "$?"
    program=
    expect_in 'stopped: is told' '; stopped: ' "$tmp/stopped"
fi

if [ -z "$DRIVE" ] && command -v script >/dev/null; then
    TERM=xterm timeout "$PULL_SECONDS" script -qec "stty cols 80 rows 24; '$MXPULL' check -c '$conf'" /dev/null </dev/null >"$tmp/screen"
    expect_in 'at a terminal: how much is open' 'of 5 still open' "$tmp/screen"
    expect 'at a terminal: no line is longer' 0 "$(sed 's/.*\r\x1b\[K//; s/\r//g; s/\x1b\[[0-9]*m//g' "$tmp/screen" | awk 'length > 80' | wc -l)"
    TERM=dumb timeout "$PULL_SECONDS" script -qec "'$MXPULL' check --color never -c '$conf'" /dev/null </dev/null >"$tmp/screen"
    expect 'at a dumb terminal: no control sequences' 0 "$(grep -c $'\x1b' "$tmp/screen")"
fi
finish
