#!/bin/bash
# Mail that asks for a success report (RFC 3461), with somebody else's address as its sender: it comes, and our own server, which
# writes such reports when the local host asks for them, writes none. First from a real provider, which sees no DSN offered; then from
# one (mxsim) that asks all the same.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs_sim exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2 's/^queue_only$/&\ndsn_advertise_hosts = */'
start_trusting_primary
expect 'the primary offers DSN' 1 "$(primary_offers | grep -c DSN)"

# submit_wanting_report ID: on descriptor 4.
submit_wanting_report() {
    smtp_say 250 'MAIL FROM:<victim@foreign.test> RET=FULL ENVID=x' &&
        smtp_say 250 'RCPT TO:<user@example.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;other@foreign.test' && smtp_say 354 DATA &&
        smtp_say 250 "$(printf 'From: <victim@foreign.test>\r\nX-Test-Id: %s\r\nSubject: test\r\n\r\nhello\r\n.' "$1")"
}

reports() { server_log primary | grep -c 'to=<victim@foreign\.test>'; }

# expect_message WHAT: one message is there, no report left and none is waiting.
expect_message() {
    expect_soon "$1: messages at the primary" 1 arrived_count
    expect_soon "$1: what is still in its queue" 0 queue_count primary
    expect "$1: reports" 0 "$(reports)"
    rm -rf "${home[primary]}/mail/all"
}

open_submission mx2
submit_wanting_report exim || die 'mx2 does not take the message'
smtp_say 221 QUIT
exec 4>&-
atrn_config '"example.test"' "$(credentials "$SERVER_PASSWORD")" "port = $ODMR_PORT" 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\""
pull
expect_pull 'from Exim' 0 received
expect_message 'from Exim'

say() { printf '  turn say "%s"\n  turn expect\n' "$1"; }
mkdir "$tmp/waiting"
{
    printf '%s\n' "server provider 127.125.$TEST_NUMBER.7:$ODMR_PORT" "  auth PLAIN $SERVER_USER word" "  odmr $tmp/waiting" \
        '  reply ATRN "453 none"' '  on-connection 1 reply ATRN "250 go"' '  turn expect'
    say 'EHLO provider.test'
    say 'MAIL FROM:<victim@foreign.test> RET=FULL SIZE=100 ENVID=x'
    say 'RCPT TO:<user@example.test> notify=SUCCESS ORCPT=rfc822;other@foreign.test'
    say DATA
    printf '  turn say "X-Test-Id: mxsim" "" "hello" "."\n  turn expect\n'
    say QUIT
} >"$tmp/script"
start_sim sim "$tmp/script"
atrn_config '"example.test"' "host = \"127.125.$TEST_NUMBER.7\"" "port = $ODMR_PORT" 'tls = off' 'auth_in_clear = true' \
    "user = \"$SERVER_USER\"" 'password = word'
pull
expect_pull 'from one that asks all the same' 0 received
expect_message 'from one that asks all the same'

# The trap is armed: without the guard the report is written.
exec 4<>"/dev/tcp/$PRIMARY/$SMTP_PORT"
if ! smtp_reply 220 || ! smtp_say 250 'EHLO provider.test' || ! submit_wanting_report trap || ! smtp_say 221 QUIT; then
    fail 'the primary takes no message: this test proves nothing'
fi
exec 4>&-
has_report() { [ "$(reports)" -gt 0 ]; }
wait_for "$SOON" has_report || fail 'the primary writes no success report: this test proves nothing'
finish
