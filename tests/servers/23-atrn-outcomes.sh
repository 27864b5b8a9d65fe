#!/bin/bash
# What a real provider can say besides "here it comes": no mail, not yours, wrong password; our own server down; and a message for
# two domains of ours.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

domains=(example.test second.test)
make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2 "$log_calls"
start_trusting_primary
good=$(credentials "$SERVER_PASSWORD")
starttls=("port = $ODMR_PORT" 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\"")

# expect_outcome WHAT STATUS OUTCOME CODE
expect_outcome() {
    expect_pull "$1" "$2" "$3"
    expect "$1: code" "$4" "$(json '[.results[].code] | unique | join(" ")')"
    expect "$1: messages at the primary" 0 "$(arrived_count)"
}

atrn_config '"example.test", "second.test"' "$good" "${starttls[@]}"
pull
expect_outcome 'nothing queued' 0 empty 453
atrn_config '"example.test"' "$good" "${starttls[@]}" 'name_domains = false'
pull
expect_outcome 'nothing queued, no domains named' 0 empty 453
atrn_config '' "$good" "${starttls[@]}"
pull
expect 'no domains: exit status' 78 "$status"
expect_match 'no domains: the fault' 'mxpull\.conf:[0-9]+: backup "mx2": domains: .*atrn and turn need domains' "$(cat "$tmp/err")"

# From here on there is mail, which must not come.
make_body 1 >"$tmp/body"
open_submission mx2
submit_body mx2 both "$tmp/body" user@example.test user@second.test || die 'mx2 does not take the message'
submit_body mx2 foreign "$tmp/body" user@other.test || die 'mx2 does not take the message'
smtp_say 221 QUIT
exec 4>&-

atrn_config '"other.test"' "$good" "${starttls[@]}"
pull
expect_outcome "another customer's domain" 77 denied 450
atrn_config '"example.test", "other.test"' "$good" "${starttls[@]}"
pull
expect_outcome "another customer's domain beside our own" 77 denied 450
atrn_config '"example.test"' "$(credentials 'wrong word')" "${starttls[@]}"
pull
expect_outcome 'wrong password' 77 authentication 535
expect 'wrong password: authenticated' false "$(json '.results[0].authenticated')"
atrn_config '"example.test"' "$good" "${starttls[@]}" 'auth = CRAM-MD5'
sed -i "s/$SERVER_PASSWORD/another/" "$tmp/mxpull.conf"
pull
expect_outcome 'wrong password, CRAM-MD5' 77 authentication 535

calls=$(provider_calls mx2)
expect_match 'calls in the log of the provider' '^[1-9]' "$calls"
stop_server primary
for preflight in off greeting; do
    atrn_config '"example.test", "second.test"' "$good" "${starttls[@]}"
    sed -i "s/    preflight = off/    preflight = $preflight/" "$tmp/mxpull.conf"
    pull
    expect_outcome "our own server is down, preflight $preflight" 75 held ''
done
expect 'our own server is down: calls in the log of the provider' "$calls" "$(provider_calls mx2)"
expect 'messages at the provider' 2 "$(queue_count mx2)"

# A queue run without a call changes nothing, and leaves nothing behind that would be in the way of the next call.
in_root mx2 exim4 -C "$(inside mx2)/exim.conf" -q
expect 'after a queue run: messages at the provider' 2 "$(queue_count mx2)"
start_trusting_primary
atrn_config '"example.test", "second.test"' "$good" "${starttls[@]}"
pull
expect_pull 'a message for two domains' 0 received
expect_match 'further calls in the log of the provider' '^[1-9]' "$(($(provider_calls mx2) - calls))"
expect_soon 'a message for two domains: copies at the primary' 2 arrived_count
expect 'a message for two domains: recipients' 'user@example.test user@second.test' "$(arrived_files | xargs -r -d '\n' sed -n \
    's/^X-Original-To: //p' | sort | tr '\n' ' ' | sed 's/ $//')"
expect "another customer's message is still at the provider" 1 "$(queue_count mx2)"
finish
