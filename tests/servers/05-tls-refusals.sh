#!/bin/bash
# Certificates and servers that must be refused where TLS is required: outcome tls, exit status 76, one line that says why,
# and nothing asked.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

make_certificates "127.125.$TEST_NUMBER.2"
name_port=$((24500 + TEST_NUMBER))
# $config_directory is Postfix's.
# shellcheck disable=SC2016
certificate() { printf -- '-o smtpd_tls_security_level=may -o smtpd_tls_chain_files=$config_directory/%s.pem' "$1"; }
listeners=("24101 $(certificate expired)" "24102 $(certificate wrong)" "24103 $(certificate unknown)" "24104 $(certificate good)"
    "127.0.0.1:$name_port $(certificate wrong)" "24106 $(certificate expired) -o smtpd_tls_wrappermode=yes"
    "24107 $(certificate unknown) -o smtpd_tls_wrappermode=yes")
start_postfix_backup mx2 'smtpd_tls_security_level = none'

ca="tls_ca_file = \"$tmp/tls/ca.pem\""
other_pin="tls_fingerprint = \"$(fingerprint unknown)\""

# refused WHAT SETTING...: pulls with these settings, which must come to nothing.
refused() {
    local what=$1 before
    shift
    before=$(server_log mx2 | grep -c '^')
    backup_section mx2 '"example.test"' "$@" | write_config
    pull
    expect_pull "$what" 76 tls
    expect "$what: code" null "$(json '.results[0].code')"
    expect_match "$what: text" '.{10}' "$(json '.results[0].text')"
    expect "$what: log lines" 1 "$(grep -c . "$tmp/err")"
    wait_for "$SOON" mx2_has_disconnected "$before" || fail "$what: the backup saw no connection end"
    expect "$what: ETRNs and AUTHs at the backup" 0 "$(server_log mx2 | tail -n "+$((before + 1))" | grep -cE 'etrn=|auth=')"
}

etrns_in_log() { server_log mx2 | grep -c 'etrn=1'; }
mx2_has_disconnected() { server_log mx2 | tail -n "+$(($1 + 1))" | grep -q 'disconnect from'; }

refused 'expired' 'port = 24101' 'tls = required' "$ca"
refused 'wrong name' 'port = 24102' 'tls = required' "$ca"
expect_match 'wrong name: it is told' 'certificate .*(is not for|matches) .*host' "$(json '.results[0].text')"
refused 'unknown CA' 'port = 24103' 'tls = required' "$ca"
except_wine refused 'unknown to the CAs of the system' 'port = 24104' 'tls = required'
refused 'pinned key differs' 'port = 24104' 'tls = required' "$ca" "$other_pin"
refused 'pinned key differs, unverified' 'port = 24104' 'tls = required' 'tls_verify = false' "$other_pin"
refused 'wrong name, asked by name' "port = $name_port" 'host = "mx2.localhost"' 'tls = required' "$ca"
refused 'STARTTLS not offered' 'tls = required' "$ca"
refused 'implicit, expired' 'port = 24106' 'tls = implicit' "$ca"
refused 'implicit, unknown CA' 'port = 24107' 'tls = implicit' "$ca"
except_wine refused 'implicit, but the server speaks in clear' 'tls = implicit' "$ca"
refused 'credentials, but a wrong certificate' 'port = 24103' 'tls = required' "$ca" 'user = "customer"' 'password = "secret"'

# Nothing but the certificate was wrong: unverified it works.
backup_section mx2 '"example.test"' 'port = 24101' 'tls = required' 'tls_verify = false' | write_config
pull
expect_pull 'expired, unverified' 0 started
expect_soon "expired, unverified: ETRNs in the backup's log" 1 etrns_in_log
finish
