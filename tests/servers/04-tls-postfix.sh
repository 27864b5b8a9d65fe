#!/bin/bash
# The outage over TLS in all its forms: each domain's mail is asked for in another way, and each time just that mail comes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

domains=(ca.test pin.test implicit.test implicit-pin.test name.test may.test encrypt.test)
name_port=$((24500 + TEST_NUMBER))
listeners=("127.0.0.1:$name_port" "24101 -o smtpd_tls_security_level=encrypt")
make_certificates "127.125.$TEST_NUMBER.2"
# $config_directory is Postfix's.
# shellcheck disable=SC2016
start_postfix_backup mx2 'smtpd_tls_security_level = may' 'smtpd_tls_chain_files = $config_directory/good.pem'
for domain in "${domains[@]}"; do
    submit_messages mx2 2 "$domain"
done
expect_soon "messages deferred at the backup" 14 deferred_count mx2
start_postfix_primary
expect_nothing_comes mx2 14

ca="tls_ca_file = \"$tmp/tls/ca.pem\""
pin="tls_fingerprint = \"$(fingerprint good)\""
{
    backup_section ca '"ca.test"' 'tls = required' "$ca"
    backup_section pin '"pin.test"' 'tls = required' 'tls_verify = false' "$pin"
    backup_section implicit '"implicit.test"' 'tls = implicit' "port = $SMTPS_PORT" "$ca"
    backup_section implicit-pin '"implicit-pin.test"' 'tls = implicit' "port = $SMTPS_PORT" "$ca" "$pin"
    backup_section name '"name.test"' 'tls = required' 'host = "mx2.localhost"' "port = $name_port" "$ca"
    backup_section may '"may.test"' 'tls = may'
    backup_section encrypt '"encrypt.test"' 'tls = may' 'port = 24101'
} | write_config

arrived=0
for way in ca pin implicit implicit-pin name may encrypt; do
    pull "$way"
    expect_pull "$way" 0 started
    expect_match "$way: TLS" '^TLSv1\.[23]$' "$(json '.results[0].tls')"
    expect "$way: authenticated" false "$(json '.results[0].authenticated')"
    arrived=$((arrived + 2))
    expect_soon "$way: messages at the primary" "$arrived" primary_count
    expect_soon "$way: messages for the other domains stay" $((14 - arrived)) queue_count mx2
done
expect_all_arrived
finish
