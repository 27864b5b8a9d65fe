#!/bin/bash
# The outage with Exim as the backup, whose form of ETRN is "#domain" when it is not told otherwise.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs exim postfix

start_exim_backup mx2
submit_messages mx2 10
expect_soon "messages deferred at the backup" 10 deferred_count mx2
start_postfix_primary
expect_nothing_comes mx2 10

write_config <<CONF
backup "mx2" {
    host    = "${address[mx2]}"
    port    = $SMTP_PORT
    domains = {"#example.test"}
}
CONF
pull
expect_pull "pull" 0 started
expect_result mx2 '#example.test' started 250
expect_all_arrived
expect_soon "messages left at the backup" 0 queue_count mx2
finish
