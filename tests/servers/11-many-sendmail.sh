#!/bin/bash
# sendmail answers ever more slowly from the 9th ETRN of a session on: every domain is answered, and quickly where mxpull
# keeps to its own limit.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs sendmail

mapfile -t domains < <(printf 'd%d.test\n' {1..12})
start_sendmail_backup mx2
nodes=$(printf '"%s", ' "${domains[@]}")

etrns_in_log() { server_log mx2 | grep -c '<<< ETRN '; }

backup_section mx2 "${nodes%, }" | write_config
pull
expect_pull "the default" 0 started
expect_every_node_once "the default" 12
expect "the default: ETRNs in the backup's log" 12 "$(etrns_in_log)"
expect "the default: quick" true "$(json '.seconds < 2')"

backup_section mx2 "${nodes%, }" 'etrns_per_connection = 200' | write_config
pull
expect_pull "all in one session" 0 started
expect_every_node_once "all in one session" 12
expect "all in one session: ETRNs in the backup's log" 24 "$(etrns_in_log)"
expect "all in one session: slowed down by sendmail" true "$(json '.seconds > 10')"
finish
