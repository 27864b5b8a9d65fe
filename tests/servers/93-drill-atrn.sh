#!/bin/bash
# mxpull drill through a provider of on-demand mail relay: the message comes back in the reversed session; and a refusal of our own server.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2 's/^PLAIN_IN_CLEAR =.*/PLAIN_IN_CLEAR = yes/'
start_postfix_primary 'smtpd_recipient_restrictions = check_recipient_access inline:{{refused@example.test = 550 5.7.1 not with us}}'

# drill STATUS DRILL_TO
drill() {
    drills=$((drills + 1))
    {
        printf 'ehlo_name = "primary.test"\nstate_dir = "%s/state.%s"\ndrill_to = "%s"\n' "$tmp" "$drills" "$2"
        printf 'primary {\n    address = "%s:%d"\n    mail_log = off\n}\n' "$PRIMARY" "$SMTP_PORT"
        backup_section mx2 '"example.test"' 'method = atrn' "port = $ODMR_PORT" "mail_port = $SMTP_PORT" 'tls = off' 'auth_in_clear = true' \
            "$(credentials "$SERVER_PASSWORD")"
    } >"$tmp/mxpull.conf"
    chmod 600 "$tmp/mxpull.conf"
    run "$1" drill --json --wait 10s -c "$tmp/mxpull.conf"
}
drills=0
outcome() { json '.drills[0] | "\(.outcome) \(.evidence) \(.by_itself)"'; }
messages() { grep -c '^Message-ID: <drill\.' "${home[primary]}/mail/all.mbox" 2>/dev/null; }

drill 0 ''
expect 'the reversed session' 'ok bridge false' "$(outcome)"
expect_soon 'one message' 1 messages
expect_in 'its text can be read' 'This is a test message. Nothing is to be done' "${home[primary]}/mail/all.mbox"
expect_soon 'nothing is left at the provider' 0 queue_count mx2
drill 77 refused@example.test
expect 'refused by us' 'refused by us bridge false' "$(outcome)"
expect_match 'the words' '^550 .*not with us' "$(json '.drills[0] | "\(.code) \(.text)"')"
expect 'no other message' 1 "$(messages)"
finish
