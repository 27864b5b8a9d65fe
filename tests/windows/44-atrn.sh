#!/bin/bash
# On-demand mail relay over TLS, agreed on and from the first byte, by Schannel: 30 messages from a real provider each time.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
make_bodies "$tmp/bodies" 30
start_exim_provider mx2
start_trusting_primary

ca="tls_ca_file = \"$tmp/tls/ca.pem\""
expect_relayed 'STARTTLS, PLAIN' "port = $ODMR_PORT" 'tls = required' "$ca" 'auth = PLAIN'
expect_match 'STARTTLS: TLS' '^TLSv1\.[23]$' "$(json '.results[0].tls')"
expect_relayed 'implicit, CRAM-MD5' "port = $SMTPS_PORT" 'tls = implicit' "$ca" 'auth = CRAM-MD5' "tls_fingerprint = \"$(fingerprint good)\""
expect_match 'implicit: TLS' '^TLSv1\.[23]$' "$(json '.results[0].tls')"
# Then Windows' own certificates decide; under wine any is good.
atrn_config '"example.test"' "$(credentials "$SERVER_PASSWORD")" "port = $SMTPS_PORT" 'tls = implicit'
pull
expect_pull 'without tls_ca_file' 0 empty
run_mxpull status --json -c "$tmp/mxpull.conf"
expect 'days until the certificate ends' 29 "$(json '.domains[0].certificate_days')"
finish
