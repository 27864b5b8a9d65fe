#!/bin/bash
# Our own server (a real Postfix) closes the connection at a message, at its recipient or at its end. The messages behind it come, and
# the one that did the harm stays with the provider.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2 's/^PLAIN_IN_CLEAR =.*/PLAIN_IN_CLEAR = yes/;s/F,[0-9a-z]*,1s/F,1h,5m/'
recipient='inline:{ { recipient@example.test = 421 4.3.2 fatal at its recipient } }'
end='inline:{ { end@example.test = 421 4.3.2 fatal at its end } }'
start_postfix_primary 'virtual_mailbox_maps = static:all/' 'smtpd_relay_restrictions = permit_mynetworks, reject' \
    "smtpd_recipient_restrictions = check_recipient_access $recipient, permit" \
    "smtpd_end_of_data_restrictions = check_recipient_access $end"
atrn_config '"example.test"' "$(credentials "$SERVER_PASSWORD")" "port = $ODMR_PORT" 'tls = off' 'auth_in_clear = true'

open_submission mx2
for name in recipient end one two three; do
    make_body 1 >"$tmp/body"
    submit_body mx2 "$name" "$tmp/body" "$name@example.test" || die 'mx2 does not take the message'
done
smtp_say 221 QUIT
exec 4>&-

# Exim ends a session behind a message of which nothing was taken, and begins the next one with the message that failed at its end.
pull
expect_pull 'the pull is not told as a success' 75 refused
expect_match 'what our server said' 'not taken by your server for now: 451 4\.3\.0 .* 421 4\.3\.2 .*fatal' "$(json '.results[0].text')"
expect_soon 'the others have come' 3 arrived_count
expect_soon 'the fatal ones are with the provider' 2 queue_count mx2
finish
