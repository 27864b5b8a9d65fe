#!/bin/bash
# The provider, by mistake or on purpose, sends a message for a foreign domain down the line to a primary that relays for whoever comes
# from loopback, as mxpull does: the guard does not let it through, and says so in the log. What is ours comes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
# The provider makes of trap@ a recipient abroad, and sends everything down the line. The $ are Exim's.
# shellcheck disable=SC2016
start_exim_provider mx2 '/^begin routers/,/^begin transports/s/^  domains = +held/  domains = */
s/^begin routers/&\
\
abroad:\
  driver = redirect\
  local_parts = trap\
  data = victim@foreign.test, user@$domain/'
start_trusting_primary

# The trap is armed: the primary would take it.
exec 4<>"/dev/tcp/$PRIMARY/$SMTP_PORT"
if ! smtp_reply 220 || ! smtp_say 250 'EHLO provider.test' || ! smtp_say 250 'MAIL FROM:<sender@sender.test>' ||
    ! smtp_say 250 'RCPT TO:<victim@foreign.test>'; then
    fail 'the primary does not relay for loopback: this test proves nothing'
fi
smtp_say 221 QUIT
exec 4>&-

make_body 1 >"$tmp/body"
open_submission mx2
submit_body mx2 trap "$tmp/body" trap@example.test || die 'mx2 does not take the message'
submit_body mx2 ours "$tmp/body" user@example.test || die 'mx2 does not take the message'
smtp_say 221 QUIT
exec 4>&-

atrn_config '"example.test"' "$(credentials "$SERVER_PASSWORD")" "port = $ODMR_PORT" 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\""
pull
expect_pull 'with a foreign recipient' 0 received
expect_soon 'messages at the primary' 2 arrived_count
expect 'recipients at the primary' 'user@example.test' "$(arrived_files | xargs -r -d '\n' sed -n 's/^X-Original-To: //p' | sort -u)"
expect 'the foreign recipient in the log of the primary' 0 "$(server_log primary | grep -c 'to=<victim@foreign\.test>')"
answered() { server_log mx2 | grep -m 1 '\*\* victim@foreign\.test'; }
wait_for "$SOON" answered >"$tmp/answered"
expect_match 'the answer in the log of the provider' '550 5\.7\.1' "$(answered)"
expect_match 'the warning' 'backup=mx2 .*refused="?RCPT TO:<victim@foreign\.test>.*550 5\.7\.1' "$(grep -m 1 refused= "$tmp/err")"
expect 'recipients refused' 1 "$(sed -n 's/.* recipients_refused=\([0-9]*\) .*/\1/p' "$tmp/err")"
finish
