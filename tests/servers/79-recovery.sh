#!/bin/bash
# The daemon tells what an outage was: an Exim and a sendmail hold mail while our server, a Postfix, is down; when it is back the daemon asks both,
# watches what comes, and tells the sum. Then status and history know it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"
own_network "$@"
needs postfix exim sendmail

new_host mx2 192.0.2.2
new_host mx3 192.0.2.3
start_exim_backup mx2
start_sendmail_backup mx3
start_postfix_primary

write_bare_config <<CONF
interval = 1h
primary {
    address  = "$PRIMARY:$SMTP_PORT"
    mail_log = "file:$(mail_log primary)"
    quiet    = 10s
    watch    = 1s
    recovery = {0s}
}
$(backup_section mx2 '"#example.test"')
$(backup_section mx3 '"example.test"' "host = ${address[mx3]}")
CONF
logged() { grep -cF -- "$1" "$tmp/daemon.log"; }

"$MXPULL" daemon -c "$tmp/mxpull.conf" >"$tmp/daemon.log" 2>&1 </dev/null 9>&- &
daemon=$!
processes+=("$daemon")
# shellcheck disable=SC2016
at_end '[ "$failures" -eq 0 ] || cat "$tmp/daemon.log"'
expect_soon 'both were asked' 2 logged 'outcome=started'

stop_server primary
expect_soon 'the outage is seen' 1 logged 'event=outage '
submit_messages mx2 12
submit_messages mx3 8
expect_soon 'messages deferred at mx2' 12 deferred_count mx2
expect_soon 'messages deferred at mx3' 8 deferred_count mx3
start_postfix_primary
expect_soon 'the recovery is over' 1 logged 'event=recovered'
expect_match 'its sum' 'backups=2 messages=20 .*text="outage of [0-9a-z]+ over: 2 backups asked, 20 messages came back in [0-9a-z]+"' \
    "$(grep -F event=recovered "$tmp/daemon.log")"
expect_all_arrived

run 0 status --json -c "$tmp/mxpull.conf"
expect 'status: the last arrivals' 'mx2 arrived log 12,mx3 arrived log 8' \
    "$(json '[.domains[] | "\(.backup) \(.arrival.state) \(.arrival.evidence) \(.arrival.messages)"] | sort | join(",")')"
run 0 history --messages --json -c "$tmp/mxpull.conf"
expect 'history: messages of each' '12 8' "$(json '[[.messages[] | select(.client == "192.0.2.2")], [.messages[] | select(.client == "192.0.2.3")]] | map(length) | join(" ")')"
finish
