#!/bin/bash
# A backup that answers ETRN only after AUTH: by each mechanism, over TLS and, where that is allowed, in clear; and what
# happens with a wrong password, without one, and with one that must not go out in clear.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

make_certificates "127.125.$TEST_NUMBER.2"
domains=(first.test cram.test plain.test login.test implicit.test clear.test clear-cram.test)
listeners=('24101 -o smtpd_tls_auth_only=no')
# $config_directory is Postfix's.
# shellcheck disable=SC2016
start_postfix_backup mx2 'smtpd_tls_security_level = may' 'smtpd_tls_chain_files = $config_directory/good.pem' \
    'smtpd_sasl_auth_enable = yes' 'smtpd_tls_auth_only = yes' 'smtpd_etrn_restrictions = permit_sasl_authenticated, reject'
for domain in "${domains[@]}"; do
    submit_messages mx2 1 "$domain"
done
expect_soon "messages deferred at the backup" 7 deferred_count mx2
start_postfix_primary
expect_nothing_comes mx2 7

printf '%s\n' "$SERVER_PASSWORD" >"$tmp/password"
chmod 600 "$tmp/password"
ca="tls_ca_file = \"$tmp/tls/ca.pem\""
required=('tls = required' "$ca")
user="user = \"$SERVER_USER\""
password="password = '$SERVER_PASSWORD'"

# ask DOMAIN SETTING...: one pull of the domain with these settings.
ask() {
    local domain=$1
    shift
    backup_section mx2 "\"$domain\"" "$@" | write_config
    pull -vv
    if grep -qF -e "$SERVER_PASSWORD" -e "$(printf '\0%s\0%s' "$SERVER_USER" "$SERVER_PASSWORD" | base64)" "$tmp/out" "$tmp/err"; then
        fail "$domain: the password can be seen in the output"
    fi
}

arrived=0
# succeeds DOMAIN SETTING...
succeeds() {
    ask "$@"
    expect_pull "$1" 0 started
    expect "$1: authenticated" true "$(json '.results[0].authenticated')"
    arrived=$((arrived + 1))
    expect_soon "$1: messages at the primary" "$arrived" primary_count
}

# is_refused WHAT OUTCOME SETTING...
is_refused() {
    local what=$1 outcome=$2
    shift 2
    ask first.test "$@"
    expect_pull "$what" 77 "$outcome"
    expect "$what: authenticated" false "$(json '.results[0].authenticated')"
}

is_refused 'wrong password' authentication "${required[@]}" "$user" "password = 'wrong'"
expect 'wrong password: code' 535 "$(json '.results[0].code')"
is_refused 'wrong password, CRAM-MD5' authentication "${required[@]}" "$user" "password = 'wrong'" 'auth = CRAM-MD5'
is_refused 'no such user' authentication "${required[@]}" 'user = "nobody"' "$password"
is_refused 'mechanism not offered' authentication "${required[@]}" "$user" "$password" 'auth = XOAUTH2'
is_refused 'no credentials' denied "${required[@]}"
is_refused 'AUTH not offered in clear' authentication 'tls = off' "$user" "$password" 'auth_in_clear = true'
expect 'messages at the primary' 0 "$(primary_count)"

succeeds first.test "${required[@]}" "$user" "$password"
succeeds cram.test "${required[@]}" "$user" "$password" 'auth = CRAM-MD5'
succeeds plain.test "${required[@]}" "$user" "password_file = \"$tmp/password\"" 'auth = PLAIN'
succeeds login.test "${required[@]}" "$user" "password_command = '$(printing "$tmp/password")'" 'auth = LOGIN'
succeeds implicit.test 'tls = implicit' "$ca" "port = $SMTPS_PORT" "$user" "$password"
succeeds clear.test 'tls = off' 'port = 24101' 'auth_in_clear = true' "$user" "$password" 'auth = PLAIN'
succeeds clear-cram.test 'tls = off' 'port = 24101' 'auth_in_clear = true' "$user" "$password" 'auth = CRAM-MD5'
expect_all_arrived

ask first.test 'tls = off' 'port = 24101' "$user" "$password"
expect 'credentials, but neither TLS nor auth_in_clear: exit status' 78 "$status"
finish
