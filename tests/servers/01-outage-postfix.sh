#!/bin/bash
# The outage: a Postfix backup has taken ten messages while our server was down. Our server is back, and no mail comes by
# itself; mxpull asks, and all of it comes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

start_postfix_backup mx2
submit_messages mx2 10
expect_soon "messages deferred at the backup" 10 deferred_count mx2
start_postfix_primary
expect_nothing_comes mx2 10

write_config <<CONF
backup "mx2" {
    host    = "${address[mx2]}"
    port    = $SMTP_PORT
    domains = {"example.test"}
}
CONF

etrns_in_log() { server_log mx2 | grep -c 'etrn='; }

run_mxpull pull --dry-run -c "$tmp/mxpull.conf"
expect "dry run: exit status" 0 "$status"
expect_match "dry run: the command that would be sent" 'ETRN example\.test' "$(cat "$tmp/out")"
expect "dry run: ETRNs in the backup's log" 0 "$(etrns_in_log)"
expect_nothing_comes mx2 10

pull
expect_pull "pull" 0 started
expect_result mx2 example.test started 250
expect_soon "ETRNs in the backup's log" 1 etrns_in_log
expect "host and port" "${address[mx2]} $SMTP_PORT" "$(json '.results[0] | "\(.host) \(.port)"')"
expect "address" "${address[mx2]}" "$(json '.results[0].address')"
expect "summary" '{"asked":1,"ok":1,"failed":0,"held":0}' "$(json '.summary | tostring')"
expect_all_arrived
expect_soon "messages left at the backup" 0 queue_count mx2

run_mxpull pull -q -c "$tmp/mxpull.conf"
expect "quiet, nothing wrong: exit status" 0 "$status"
expect "quiet, nothing wrong: output" '' "$(cat "$tmp/out" "$tmp/err")"
finish
