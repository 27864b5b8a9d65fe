#!/bin/bash
# The daemon in a console, with no command at all: our server, a Postfix, goes down; mail waits at the backup, a Postfix; our server comes
# back, and the mail is there within watch and five seconds. Meanwhile a second daemon is turned away, a pull works beside it, and status and
# history tell of both, for all share one state_dir. Ctrl-C ends it within two seconds; it starts again with its memory, after a kill, too.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

WATCH=2
start_postfix_primary
start_postfix_backup mx2
write_bare_config <<CONF
interval = 1h
primary {
    address   = "$PRIMARY:$SMTP_PORT"
    preflight = recipients
    watch     = ${WATCH}s
    recovery  = {0s, 10m}
}
$(backup_section mx2 '"example.test"')
CONF
etrns_in_log() { server_log mx2 | grep -c 'etrn='; }
logged() { grep -cF -- "$1" "$tmp/daemon.log"; }

daemon=
at_end '[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null'

# start_daemon HOW: its log is new; HOW it ends.
start_daemon() {
    by_ends "$1"
    "$MXPULL" daemon -v -c "$tmp/mxpull.conf" >"$tmp/daemon.log" 2>&1 </dev/null 9>&- &
    daemon=$!
    MXPULL_BY=''
}

start_daemon ctrl-c
expect_soon "the first poll: ETRNs in the backup's log" 1 etrns_in_log

# --- an outage ---
stop_server primary
submit_messages mx2 10
expect_soon 'messages deferred at the backup' 10 deferred_count mx2
expect_soon 'the outage is seen' 1 logged 'event=outage '
start_postfix_primary
expect_within $((WATCH + 5)) 'our server is back: messages at the primary within watch and 5 s' 10 primary_count
expect_all_arrived
expect 'the outage is over' 1 "$(logged 'event=outage-ended')"

# --- others beside it ---
run_mxpull daemon -c "$tmp/mxpull.conf"
expect 'a second daemon: exit status' 75 "$status"
expect_match 'a second daemon says why' 'another run holds the lock \(process [0-9]+\)' "$(cat "$tmp/err")"
asked=$(etrns_in_log)
pull
expect_pull 'a pull beside it' 0 started
expect_soon "a pull beside it: ETRNs in the backup's log" $((asked + 1)) etrns_in_log

run_mxpull status --json -c "$tmp/mxpull.conf"
expect 'status: exit status' 0 "$status"
expect 'status: daemon, primary, answer' 'true up started' "$(json '"\(.daemon.alive) \(.primary.state) \(.domains[0].outcome)"')"
expect 'status: seconds of the outage' number "$(json '.primary.last_outage.seconds | type')"
run_mxpull history --json -c "$tmp/mxpull.conf"
expect 'history' 'schedule recovery pull' "$(json '[.answers[] | select(.outcome == "started") | .cause] | join(" ")')"

# --- ended, killed, and started again ---
: >"$tmp/end"
wait "$daemon"
expect 'the exit status after Ctrl-C' 0 $?
expect_quick_end 'Ctrl-C' "$tmp/daemon.log"
asked=$(etrns_in_log)
for end in Ctrl-C 'a kill'; do
    start_daemon kill
    wait_for "$SOON" grep -q 'watches your mail server' "$tmp/daemon.log" || fail "after $end it does not start again: $(cat "$tmp/daemon.log")"
    stays 2 prints "$asked" etrns_in_log
    expect "after $end it remembers that nothing is due" "$asked" "$(etrns_in_log)"
    killed=yes
    : >"$tmp/end"
    wait "$daemon"
    expect 'the exit status after a kill' 137 $?
done
daemon=
finish
