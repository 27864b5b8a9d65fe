#!/bin/bash
# pull --wait of mxpull.exe sees what comes in: by the connections that Windows tells of, and by the log of the mail server.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

# configure PRIMARY-SETTING BACKUP-SETTING
configure() {
    {
        printf 'primary {\n    address = "%s:%d"\n    greeting_timeout = 1m\n    quiet = 10s\n    %s\n}\n' "$PRIMARY" "$SMTP_PORT" "$1"
        backup_section mx2 '"example.test"' "$2"
    } | write_bare_config
}
arrival() { json '.results[0].arrival | "\(.state) \(.evidence) \(.messages)"'; }

start_postfix_backup mx2
submit_messages mx2 10
expect_soon 'messages deferred at the backup' 10 deferred_count mx2
start_postfix_primary

configure 'mail_log = off' "arrives_from = 127.0.0.1"
pull --wait 100s
expect_pull 'by connections' 0 started
expect 'by connections: state, evidence and messages' 'unknown connections null' "$(arrival)"
expect_match 'by connections: how many' '^[1-9]' "$(json '.results[0].arrival.connections')"
expect_all_arrived
expect_soon 'messages left at the backup' 0 queue_count mx2

pull --wait 4s
expect_pull 'nothing waits' 0 started
expect 'nothing waits: state, evidence and messages' 'unseen null null' "$(arrival)"

stop_server primary
submit_messages mx2 5
expect_soon 'messages deferred at the backup' 5 deferred_count mx2
start_postfix_primary
configure "mail_log = \"file:$(windows_path "$(mail_log primary)" | tr '\\' /)\"" "arrives_from = 127.0.0.1"
pull --wait 100s
expect_pull 'by the log' 0 started
expect 'by the log: state, evidence and messages' 'arrived log 5' "$(arrival)"
expect_all_arrived
finish
