#!/bin/bash
# mxpull check of a sendmail backup.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
needs sendmail

start_sendmail_backup mx2
check_config '"example.test"'
check 'in order'
expect_finding 'in order' backup-greeting '^ok .*220 mx2.test ESMTP Sendmail'
expect_finding 'in order' backup-method '^ok .* offers ETRN'
expect_finding 'in order' backup-tls-missing '^warn .*sendmail: confSERVER_CERT'
expect_finding 'in order' backup-software '^ok .* perhaps sendmail'
expect_finding 'in order' backup-mail '^ok .* 1 of 1 domains'
expect_finding 'in order' backup-mail-refused ''

check_config '"example.test", "elsewhere.test"' 'tls = required'
check 'faults'
expect_finding 'faults' backup-tls-missing '^fail'
# It relays for this machine, which is its own, so that it takes everything.
expect_finding 'faults' backup-mail '^ok .* 2 of 2 domains'
expect_finding 'faults' backup-relay-open '^warn .* not told what it takes from others.*sendmail: access'
# -X: the whole of what is said.
expect 'ETRN, ATRN, TURN or DATA in the log of mx2' 0 "$(started_count mx2)"
expect 'RCPT in the log of mx2' true "$([ "$(server_log mx2 | grep -c '<<< RCPT TO:<postmaster@example.test>')" -ge 2 ] && echo true)"
expect 'messages in the queue of mx2' 0 "$(queue_count mx2)"
finish
