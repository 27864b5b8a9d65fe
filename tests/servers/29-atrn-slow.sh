#!/bin/bash
# Four providers that bring 200 octets a second hold all places at our own server. A real one behind them still gets a place, and its mail
# comes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs_sim exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2 's/^PLAIN_IN_CLEAR =.*/PLAIN_IN_CLEAR = yes/'
start_postfix_primary 'virtual_mailbox_maps = static:all/' 'smtpd_relay_restrictions = permit_mynetworks, reject'

mkdir "$tmp/none"
for slow in slow1 slow2 slow3 slow4; do
    cat <<END
server $slow 127.0.0.1:0
  auth PLAIN me secret
  odmr $tmp/none
  on-connection 1 reply ATRN "250 go"
  turn expect
  turn say "EHLO mx"
  turn expect
  turn say "MAIL FROM:<a@far.example>"
  turn expect
  turn say "RCPT TO:<user@example.test>"
  turn expect
  turn say "DATA"
  turn expect
  turn say "more" *100000
  drip 20 100ms
END
done >"$tmp/script"
start_sim sim "$tmp/script"

# Each piece keeps idle_timeout from ending a session; what bounds it is the credit of twice that time, and a tenth where others wait.
turn='method = atrn tls = off auth_in_clear = true idle_timeout = 20s'
{
    for slow in slow1 slow2 slow3 slow4; do
        backup_section "$slow" '"example.test"' 'host = "127.0.0.1"' "port = $(port "$slow")" \
            "$turn" 'user = me' 'password = secret'
    done
    backup_section mx2 '"example.test"' "port = $ODMR_PORT" "$turn" "$(credentials "$SERVER_PASSWORD")"
} | write_config
make_bodies "$tmp/bodies" 3
submit_bodies mx2 "$tmp/bodies"
expect 'messages at the real provider' 3 "$(queue_count mx2)"

pull
expect 'exit status' 75 "$status"
expect_result mx2 example.test received "$(json '.results[] | select(.backup == "mx2") | .code')"
expect 'messages of the real provider' 3 "$(json '.results[] | select(.backup == "mx2") | .messages')"
expect_soon 'they are at the primary' 3 arrived_count
expect_bodies "$tmp/bodies"
for slow in slow1 slow2 slow3 slow4; do
    expect "$slow" interrupted "$(json ".results[] | select(.backup == \"$slow\") | .outcome")"
    expect_match "why $slow was ended" 'the provider was too slow' "$(json ".results[] | select(.backup == \"$slow\") | .text")"
done
finish
