#!/bin/bash
# The daemon's whole story, with no command at all: our server, a Postfix, is stopped; mail waits at the backup, a Postfix; our
# server is started, and the mail is there by the first question, long before any other. Then our server is up and refuses recipients, for a
# while by 4xx, then by 5xx: nothing is asked until it accepts, then all arrives, and nothing is bounced.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

WATCH=2
start_postfix_primary
start_postfix_backup mx2

write_bare_config <<CONF
interval = 1h
primary {
    address   = "$PRIMARY:$SMTP_PORT"
    preflight = recipients
    watch     = ${WATCH}s
    recovery  = {0s, 10m}
}
$(backup_section mx2 '"example.test"')
CONF
etrns_in_log() { server_log mx2 | grep -c 'etrn='; }
logged() { grep -cF -- "$1" "$tmp/daemon.log"; }

"$MXPULL" daemon -v -c "$tmp/mxpull.conf" >"$tmp/daemon.log" 2>&1 </dev/null 9>&- &
daemon=$!
processes+=("$daemon")
expect_soon "the first poll: ETRNs in the backup's log" 1 etrns_in_log

# --- our own server is down ---
stop_server primary
submit_messages mx2 10
expect_soon "messages deferred at the backup" 10 deferred_count mx2
expect_soon "the outage is seen" 1 logged 'event=outage '
start_postfix_primary
expect_soon "our server is back: messages at the primary by the first question" 10 primary_count
expect_all_arrived
expect "the outage is over" 1 "$(logged 'event=outage-ended')"
expect_soon "messages left at the backup" 0 queue_count mx2

# --- our own server refuses recipients ---
for code in 450 550; do
    asked=$(etrns_in_log)
    stop_server primary
    submit_messages mx2 10
    expect_soon "$code: messages deferred at the backup" 10 deferred_count mx2
    in_root primary postconf -c "$(inside primary)/config" \
        "smtpd_recipient_restrictions = check_recipient_access inline:{{example.test = $code 4.3.0 not yet}}, reject" \
        "smtpd_relay_restrictions = " >>"$tmp/postconf" 2>&1 || die "postconf fails"
    start_postfix_primary
    kill -USR1 "$daemon" # even pulled by hand: it is held
    wait_for "$SOON" grep -q "outcome=held .*refuses postmaster@example.test: $code" "$tmp/daemon.log" ||
        fail "$code: the refusal is not seen"
    stays $((2 * WATCH + 1)) prints "$asked" etrns_in_log || fail "$code: the backup was asked although our server refuses"
    ok "$code: nothing is asked while our server refuses"
    expect "$code: messages at the backup" 10 "$(queue_count mx2)"
    in_root primary postconf -c "$(inside primary)/config" 'smtpd_recipient_restrictions =' \
        'smtpd_relay_restrictions = permit_auth_destination, reject' >>"$tmp/postconf" 2>&1 || die "postconf fails"
    in_root primary postfix -c "$(inside primary)/config" reload >>"$tmp/postconf" 2>&1
    expect_soon "$code: our server accepts: messages at the primary" "$(wc -l <"$tmp/ids")" primary_count
    expect_all_arrived
done
expect "bounces" 0 "$(server_log mx2 | grep -c 'status=bounced')"
expect_soon "messages left at the backup" 0 queue_count mx2

# Nothing but the signal wakes it now before its end would be waited for in vain.
begins=$(logged 'watches your mail server')
sed -i 's/^    watch .*/    watch = 1h/' "$tmp/mxpull.conf"
kill -HUP "$daemon"
expect_soon 'it has taken the new configuration' $((begins + 1)) logged 'watches your mail server'
kill -TERM "$daemon"
wait_for "$SOON" is_gone "$daemon" || fail 'it does not end at once'
wait "$daemon"
expect "the daemon's exit status" 0 $?
finish
