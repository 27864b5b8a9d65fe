#!/bin/bash
# sendmail answers ever more slowly from the 9th ETRN of a session on: every domain is answered, and sooner where mxpull
# keeps to its own limit, eight on a connection.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs sendmail

mapfile -t domains < <(printf 'd%d.test\n' {1..12})
start_sendmail_backup mx2
nodes=$(printf '"%s", ' "${domains[@]}")

etrns_in_log() { server_log mx2 | grep -c '<<< ETRN '; }

# sessions: how many ETRNs each session had, of which each is a process.
sessions() { server_log mx2 | awk '/<<< ETRN / { if ($1 != last) { n++; last = $1 } count[n]++ } END { for (i = 1; i <= n; i++) print count[i] }' | paste -sd' '; }

backup_section mx2 "${nodes%, }" | write_config
pull
expect_pull "the default" 0 started
expect_every_node_once "the default" 12
expect "the default: ETRNs in the backup's log" 12 "$(etrns_in_log)"
expect "the default: ETRNs of each session" '8 4' "$(sessions)"
quick=$(json .seconds)

backup_section mx2 "${nodes%, }" 'etrns_per_connection = 200' | write_config
pull
expect_pull "all in one session" 0 started
expect_every_node_once "all in one session" 12
expect "all in one session: ETRNs in the backup's log" 24 "$(etrns_in_log)"
expect "all in one session: ETRNs of each session" '8 4 12' "$(sessions)"
expect "the default is quicker, for sendmail slows down" true "$(json ".seconds > $quick")"
finish
