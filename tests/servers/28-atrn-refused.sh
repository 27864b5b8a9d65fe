#!/bin/bash
# Our own server does not take all that a real provider hands over: for a while, and for good. What it refuses for a while stays with the
# provider and comes later; no pull says that all is well meanwhile.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2 's/^PLAIN_IN_CLEAR =.*/PLAIN_IN_CLEAR = yes/'
access='{ busy@example.test = 451 4.7.1 greylisted }, { gone@example.test = 550 5.1.1 gone }'
start_postfix_primary 'virtual_mailbox_maps = static:all/' 'smtpd_relay_restrictions = permit_mynetworks, reject' \
    "smtpd_recipient_restrictions = check_recipient_access inline:{ $access }, permit"
atrn_config '"example.test"' "$(credentials "$SERVER_PASSWORD")" "port = $ODMR_PORT" 'tls = off' 'auth_in_clear = true'

# submit RECIPIENT…: a message for each.
submit() {
    local recipient
    open_submission mx2
    for recipient in "$@"; do
        make_body 1 >"$tmp/body"
        submit_body mx2 "${recipient%@*}-$SECONDS" "$tmp/body" "$recipient" || die 'mx2 does not take the message'
    done
    smtp_say 221 QUIT
    exec 4>&-
}

# await_retry: the provider has written down what it put off, and its retry time, a second, is over.
await_retry() {
    wait_for "$SOON" is_at_rest mx2 || fail 'the provider does not come to rest'
    sleep 2
}

counts() { json '.results[0] | "\(.messages) \(.refused_for_now) \(.refused_for_good)"'; }

# Exim takes its messages in no order, and behind one that is put off it may keep the others for a later call.
submit user@example.test busy@example.test other@example.test
taken=0
for ((pulls = 0; pulls < 10 && $(arrived_count) < 2; pulls++)); do
    [ "$pulls" -eq 0 ] || await_retry
    pull
    expect_pull 'one is greylisted' 75 refused
    expect 'not for now, not for good' '1 0' "$(json '.results[0] | "\(.refused_for_now) \(.refused_for_good)"')"
    expect_match 'what our server said' '[012] messages? taken, 1 not taken by your server for now: 451 4\.7\.1 .*greylisted' \
        "$(json '.results[0].text')"
    taken=$((taken + $(json '.results[0].messages')))
    expect_soon 'as many as were told have come' "$taken" arrived_count
done
expect 'taken in all' 2 "$taken"
expect_soon 'the greylisted one is with the provider' 1 queue_count mx2

# Nor is it returned when it has waited for long.
age_message "$(find "${home[mx2]}/spool/input" -name "*-H")" 60
await_retry
pull
expect_pull 'greylisted after 60 days' 75 refused
expect_soon 'the old one is with the provider' 1 queue_count mx2
expect 'bounces and reports' 0 "$(server_log mx2 | grep -c '<= <>')"

sed -i 's/busy@example.test = [^}]*/busy@example.test = OK /' "${home[primary]}/config/main.cf"
in_root primary postfix -c "$(inside primary)/config" reload 2>/dev/null || die 'the primary does not reload'
await_retry
pull
expect_pull 'our server takes it now' 0 received
expect 'taken, not for now, not for good, later' '1 0 0' "$(counts)"
expect_soon 'all have come' 3 arrived_count
expect_soon 'nothing is with the provider' 0 queue_count mx2

submit gone@example.test
pull
expect_pull 'all is refused for good' 75 refused
expect 'none taken, one for good' '0 0 1' "$(counts)"
expect_match 'the provider returns it' 'none taken: your server refused 1 message for good, which the provider returns' "$(json '.results[0].text')"
submit gone@example.test user@example.test
pull
expect_pull 'one is refused for good, the other comes' 0 received
expect 'one taken, one for good' '1 0 1' "$(counts)"
expect_soon 'it has come' 4 arrived_count
finish
