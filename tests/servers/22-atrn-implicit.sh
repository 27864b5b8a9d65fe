#!/bin/bash
# On-demand mail relay over TLS from the first byte: 30 messages from a real provider, by AUTH PLAIN and by CRAM-MD5.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
make_bodies "$tmp/bodies" 30
start_exim_provider mx2
start_trusting_primary

implicit=("port = $SMTPS_PORT" 'tls = implicit' "tls_ca_file = \"$tmp/tls/ca.pem\"")
expect_relayed PLAIN "${implicit[@]}" 'auth = PLAIN'
expect_match 'TLS' '^TLSv1\.[23]$' "$(json '.results[0].tls')"
expect_relayed CRAM-MD5 "${implicit[@]}" 'auth = CRAM-MD5' "tls_fingerprint = \"$(fingerprint good)\""
finish
