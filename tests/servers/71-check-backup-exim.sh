#!/bin/bash
# mxpull check of an Exim backup.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
needs exim

make_certificates "127.125.$TEST_NUMBER.2"
# $config_dir is Exim's.
# shellcheck disable=SC2016
start_exim_backup mx2 'tls_advertise_hosts = *' 'tls_certificate = $config_dir/good.pem' \
    'log_selector = +smtp_connection +smtp_no_mail +tls_cipher'
check_config '"#example.test"' 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\""
check 'in order'
expect_finding 'in order' backup-greeting '^ok .*220 mx2.test ESMTP Exim'
expect_finding 'in order' backup-method '^ok .* offers ETRN'
expect_finding 'in order' backup-certificate '^ok'
expect_finding 'in order' backup-software '^ok .* perhaps Exim; if so, without smtp_etrn_command .*"#example.com"'
expect_finding 'in order' backup-mail '^ok .* 1 of 1 domains'
expect_finding 'in order' backup-relay '^ok'

check_config '"elsewhere.test"' 'tls = required' "tls_ca_file = \"$tmp/tls/other.pem\""
check 'faults'
expect_finding 'faults' backup-certificate-invalid '^fail .*Exim: tls_advertise_hosts'
expect_finding 'faults' backup-mail-refused '^fail .* 550 .*Exim: relay_to_domains'
expect_finding 'faults' backup-relay '^skip .*cannot be told'

check_config '"example.test"' 'method = atrn' 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\"" 'user = u' 'password = p'
check 'no ATRN'
expect_finding 'no ATRN' backup-method-missing '^fail .*acl_smtp_atrn'
expect_finding 'no ATRN' backup-auth-missing '^fail'
expect 'ETRN, ATRN, TURN or DATA in the log of mx2' 0 "$(started_count mx2)"
expect 'commands in the log of mx2' true "$([ "$(server_log mx2 | grep -c 'C=EHLO')" -gt 3 ] && echo true)"
expect 'messages in the queue of mx2' 0 "$(queue_count mx2)"
finish
