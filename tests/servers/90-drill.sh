#!/bin/bash
# 90-drill.sh BACKUP PRIMARY: what `mxpull drill` makes of a backup that holds mail until it is asked, of one that delivers at once, of one that
# cannot reach us, of one that relays nothing for us, and of a refusal of our own server; by its log, and without it.
case "$*" in
'postfix exim') TEST_NUMBER=90 ;;
'exim sendmail') TEST_NUMBER=91 ;;
'sendmail postfix') TEST_NUMBER=92 ;;
*) exit 64 ;;
esac
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"
own_network "$@"
needs "$1" "$2"

new_host mx2 192.0.2.2

# start_holding BACKUP: it delivers nothing before it is asked.
start_holding() {
    case $1 in
    postfix) start_postfix_backup mx2 'defer_transports = smtp' ;;
    exim) start_exim_backup mx2 'queue_smtp_domains = *' ;;
    sendmail)
        start_sendmail_backup mx2
        stop_server mx2
        sed -i 's/^#*O DeliveryMode=.*/O DeliveryMode=queueonly/' "${home[mx2]}/sendmail.cf"
        launch_sendmail mx2
        ;;
    esac
}

# start_delivering: from here on it delivers at once.
start_delivering() {
    stop_server mx2
    case ${kind[mx2]} in
    postfix) sed -i '/^defer_transports/d' "${home[mx2]}/config/main.cf" && launch_postfix mx2 ;;
    exim) # it would not try our server again so soon
        sed -i '/^queue_smtp_domains/d' "${home[mx2]}/exim.conf" && rm -f "${home[mx2]}"/spool/db/retry* && launch_exim mx2
        ;;
    sendmail) sed -i 's/^O DeliveryMode=.*/O DeliveryMode=background/' "${home[mx2]}/sendmail.cf" && launch_sendmail mx2 ;;
    esac
}

# start_ours PRIMARY: our own server, which refuses mail for refused@example.test. sendmail knows no such user.
start_ours() {
    case $1 in
    postfix) start_postfix_primary 'smtpd_recipient_restrictions = check_recipient_access inline:{{refused@example.test = 550 5.7.1 not with us}}' ;;
    exim)
        start_exim_primary
        stop_server primary
        sed -i 's/^check_rcpt:/&\n  deny local_parts = refused\n    message = not with us/' "${home[primary]}/exim.conf"
        launch_exim primary
        ;;
    sendmail) start_sendmail_primary ;;
    esac
}

# drill STATUS MAIL_LOG DOMAIN DRILL_TO WAIT: each with a memory of its own.
drill() {
    drills=$((drills + 1))
    {
        printf 'ehlo_name = "primary.test"\nstate_dir = "%s/state.%s"\ndrill_to = "%s"\n' "$tmp" "$drills" "$4"
        printf 'primary {\n    address = "%s:%d"\n    mail_log = %s\n}\n' "$PRIMARY" "$SMTP_PORT" "$2"
        backup_section mx2 "\"$3\"" "mail_port = $SMTP_PORT"
    } >"$tmp/mxpull.conf"
    chmod 600 "$tmp/mxpull.conf"
    run "$1" drill --json --wait "$5" -c "$tmp/mxpull.conf"
}
drills=0
outcome() { json '.drills[0] | "\(.outcome) \(.evidence) \(.by_itself)"'; }
log() { printf '"file:%s"' "$(mail_log primary)"; }
messages() { grep -c '^Message-I[Dd]: <drill\.' "${home[primary]}/mail/all.mbox" 2>/dev/null; }

node=example.test
[ "$1" != exim ] || node='#example.test'
start_holding "$1"
start_ours "$2"

# --- it holds mail until it is asked ---
drill 0 "$(log)" "$node" '' 60s
expect 'a holding backup' 'ok log false' "$(outcome)"
expect 'it was asked' started "$(json '.drills[0].asked')"
expect_soon 'one message' 1 messages
expect "its subject" 1 "$(grep -c "^Subject: mxpull drill $(json '.drills[0].token')\$" "${home[primary]}/mail/all.mbox")"
expect_in 'its text can be read' 'This is a test message. Nothing is to be done' "${home[primary]}/mail/all.mbox"
expect_in 'no sender' 'Auto-Submitted: auto-generated' "${home[primary]}/mail/all.mbox"
expect_soon 'nothing is left at the backup' 0 queue_count mx2

# --- without a log ---
drill 75 off "$node" '' 5s
expect_match 'without a log' '^unknown (connections|null) false$' "$(outcome)"
expect_soon 'it has come all the same' 2 messages

# --- our own server refuses ---
drill 77 "$(log)" "$node" refused@example.test 60s
expect 'refused by us' 'refused by us log false' "$(outcome)"
expect_match 'the words' '^(550 .*not with us|null rejected RCPT .*not with us|.*User unknown)' "$(json '.drills[0] | "\(.code) \(.text)"')"
# The backup has no sender to tell: no mail comes of it. Exim keeps such a message, frozen.
left=0
[ "$1" != exim ] || left=1
expect_soon 'what is left at the backup' "$left" queue_count mx2
expect 'no bounce' 2 "$(messages)"

# --- it relays nothing for that domain ---
drill 77 "$(log)" unknown.test '' 5s
expect 'not accepted' 'not accepted null false' "$(outcome)"
expect_match 'its words' '^55[0-9] ' "$(json '.drills[0] | "\(.code) \(.text)"')"

# --- it cannot reach us ---
shut_the_way mx2
drill 75 "$(log)" "$node" '' 5s
expect 'the way shut' 'unseen log false' "$(outcome)"
expect_soon 'the message waits at the backup' $((left + 1)) queue_count mx2
open_the_way mx2

# --- it delivers at once: on a busy machine perhaps not the first time before it is asked ---
start_delivering
for _ in 1 2 3 4; do
    drill 0 "$(log)" "$node" '' 60s
    [ "$(json '.drills[0].by_itself')" != true ] || break
    expect 'late: asked, and arrived' 'ok log false' "$(outcome)"
done
expect 'by itself' 'ok log true' "$(outcome)"
expect 'it was not asked' null "$(json '.drills[0].asked')"
finish
