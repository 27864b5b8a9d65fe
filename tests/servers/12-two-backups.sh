#!/bin/bash
# Two backups hold our mail, Postfix and Exim, and one of them is down: the other is asked, its mail comes, and the exit
# status says that not all is well. When it is up again the rest comes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs exim postfix

start_postfix_backup mx2
start_exim_backup mx3
submit_messages mx2 5
submit_messages mx3 5
expect_soon "messages deferred at mx2" 5 deferred_count mx2
expect_soon "messages deferred at mx3" 5 deferred_count mx3
start_postfix_primary
expect_nothing_comes mx2 5

{
    backup_section mx2 '"example.test"'
    backup_section mx3 '"#example.test"' "host = \"${address[mx3]}\""
} | write_config

stop_server mx3
pull
expect "mx3 is down: exit status" 75 "$status"
expect_result mx2 example.test started 250
expect_result mx3 '#example.test' unreachable null
expect_soon "mx3 is down: messages at the primary" 5 primary_count
expect "mx3 is down: messages that it holds" 5 "$(queue_count mx3)"

launch_exim mx3
stop_server mx2
pull mx3
expect_pull "only mx3, by name" 0 started
expect "only mx3, by name: results" 1 "$(json '.results | length')"
expect_all_arrived

launch_postfix mx2
pull
expect_pull "both" 0 started
expect "both: results" 2 "$(json '.results | length')"

run_mxpull pull -c "$tmp/mxpull.conf"
expect "as text: exit status" 0 "$status"
expect_match "as text: the output" 'mx2 +example\.test +started.*mx3 +#example\.test +started' "$(sort "$tmp/out" | tr '\n' ' ')"
expect_match "as text: the log" 'backup=mx2 domain=example\.test verb=ETRN code=250 outcome=started ms=[0-9]+ text="Queuing started"' \
    "$(grep backup=mx2 "$tmp/err")"

pull example.test
expect "by domain" 'mx2 example.test' "$(json '.results[] | "\(.backup) \(.domain)"')"

pull mx4
expect "an unknown name: exit status" 64 "$status"
finish
