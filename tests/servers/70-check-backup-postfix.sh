#!/bin/bash
# mxpull check of a Postfix backup and a Postfix primary: each of their faults is found, and is not where it is not.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
needs postfix

make_certificates "127.125.$TEST_NUMBER.2"
# shellcheck disable=SC2034
listeners=('24101 -o smtpd_discard_ehlo_keywords=etrn'
    '24102 -o smtpd_relay_restrictions=permit_mynetworks,reject'
    '24103 -o smtpd_recipient_restrictions=defer'
    '24104 -o smtpd_delay_reject=no -o smtpd_client_restrictions=reject'
    '24105 -o smtpd_tls_security_level=encrypt'
    '24106 -o smtpd_tls_security_level=none'
    '24107 -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes')
# $config_directory is Postfix's.
# shellcheck disable=SC2016
start_postfix_backup mx2 'smtpd_tls_security_level = may' 'smtpd_tls_chain_files = $config_directory/good.pem'
start_postfix_primary
ca="tls_ca_file = \"$tmp/tls/ca.pem\""

check_config '"example.test"' 'tls = required' "$ca"
check 'in order'
expect_finding 'in order' backup-greeting "^ok ${address[mx2]}:$SMTP_PORT greets after [0-9]+ ms: 220 mx2.test ESMTP Postfix"
expect_finding 'in order' backup-esmtp '^ok'
expect_finding 'in order' backup-method '^ok .* offers ETRN'
expect_finding 'in order' backup-tls '^ok .* speaks TLSv1'
expect_finding 'in order' backup-certificate "^ok .*IP Address:${address[mx2]}.*until 20"
expect_finding 'in order' backup-software '^ok .* perhaps Postfix'
expect_finding 'in order' backup-mail '^ok .* takes mail for postmaster of 1 of 1 domains'
expect_finding 'in order' backup-relay '^ok .* refuses mail for postmaster@example.org'
expect_finding 'in order' primary-greeting '^ok .*220 primary.test ESMTP Postfix'
expect_finding 'in order' primary-mail '^ok'
expect_finding 'in order' primary-tls-missing '^warn'
expect_finding 'in order' primary-client '^skip'
expect 'in order: failures of the backup' 0 "$(json '[.findings[] | select(.severity == "fail" and .backup == "mx2")] | length')"

# fault WHAT DOMAINS ID PATTERN SETTING...: it is found with these settings.
fault() {
    local what=$1 list=$2 id=$3 pattern=$4
    shift 4
    check_config "$list" "$@"
    check "$what"
    expect_finding "$what" "$id" "$pattern"
}
fault 'ETRN hidden' '"example.test"' backup-method-missing '^fail .*Postfix: fast_flush_domains' 'port = 24101'
fault 'ETRN hidden, asked all the same' '"example.test"' backup-method-hidden '^warn' 'port = 24101' 'force = true'
fault 'another domain' '"elsewhere.test"' backup-mail-refused '^fail .*(Relay access denied|Access denied).*Postfix: relay_domains' 'tls = may'
fault 'a relay for us' '"example.test"' backup-relay-open '^warn .*postmaster@example.org.*Postfix: mynetworks' 'mail_port = 24102'
fault 'mail put off' '"example.test"' backup-mail-deferred '^warn .* 450 ' 'mail_port = 24103'
fault 'nobody let in' '"example.test"' backup-greeting-missing '^fail .* 554 ' 'port = 24104'
fault 'TLS demanded, and spoken' '"example.test"' backup-mail '^ok' 'port = 24105' 'mail_port = 24105'
fault 'no TLS' '"example.test"' backup-tls-missing '^fail' 'port = 24106' 'tls = required' "$ca"
fault 'no TLS, and none demanded' '"example.test"' backup-tls-missing '^warn' 'port = 24106'
fault 'unknown authority' '"example.test"' backup-certificate-invalid '^fail' 'tls = required' "tls_ca_file = \"$tmp/tls/other.pem\""
fault 'unknown authority, not verified' '"example.test"' backup-certificate-invalid '^warn' 'tls = may'
fault 'the login works' '"example.test"' backup-login "^ok .* lets $SERVER_USER in" 'port = 24107' 'tls = required' "$ca" \
    "user = \"$SERVER_USER\"" "password = '$SERVER_PASSWORD'"
fault 'the login is refused' '"example.test"' backup-login-refused '^fail .* 535 ' 'port = 24107' 'tls = required' "$ca" \
    "user = \"$SERVER_USER\"" "password = 'wrong'"
fault 'no login' '"example.test"' backup-auth-missing '^fail .* does not offer AUTH' 'tls = required' "$ca" \
    "user = \"$SERVER_USER\"" "password = '$SERVER_PASSWORD'"
fault 'nobody listens' '"example.test"' backup-greeting-missing '^fail .*Connection refused' 'port = 24199' 'mail_port = 24199'

expect 'ETRN, ATRN, TURN or DATA in the log of mx2' 0 "$(started_count mx2)"
expect 'sessions in the log of mx2' true "$([ "$(server_log mx2 | grep -c 'disconnect.* quit=1')" -gt 10 ] && echo true)"
expect 'ETRN or DATA in the log of the primary' 0 "$(started_count primary)"
expect 'messages in the queue of mx2' 0 "$(queue_count mx2)"
finish
