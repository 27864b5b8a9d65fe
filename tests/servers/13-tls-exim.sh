#!/bin/bash
# The outage with an Exim backup over TLS, which there is GnuTLS: verified, pinned, and refused.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs exim postfix

make_certificates "127.125.$TEST_NUMBER.2"
# $config_dir is Exim's.
# shellcheck disable=SC2016
start_exim_backup mx2 'tls_advertise_hosts = *' 'tls_certificate = $config_dir/good.pem'
submit_messages mx2 2
expect_soon "messages deferred at the backup" 2 deferred_count mx2
start_postfix_primary
expect_nothing_comes mx2 2

ca="tls_ca_file = \"$tmp/tls/ca.pem\""
backup_section mx2 '"#example.test"' 'tls = required' "tls_ca_file = \"$tmp/tls/other.pem\"" | write_config
pull
expect_pull "unknown CA" 76 tls
expect "unknown CA: ETRNs in the backup's log" 0 "$(server_log mx2 | grep -c 'ETRN #')"

backup_section mx2 '"#example.test"' 'tls = required' "$ca" "tls_fingerprint = \"$(fingerprint good)\"" | write_config
pull
expect_pull "verified and pinned" 0 started
expect_match "verified and pinned: TLS" '^TLSv1\.[23]$' "$(json '.results[0].tls')"
expect "verified and pinned: ETRNs in the backup's log" 1 "$(server_log mx2 | grep -c 'ETRN #')"
expect_all_arrived
finish
