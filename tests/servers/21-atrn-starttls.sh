#!/bin/bash
# On-demand mail relay over STARTTLS: 30 messages from a real provider, by AUTH PLAIN and by CRAM-MD5.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
make_bodies "$tmp/bodies" 30
start_exim_provider mx2
start_trusting_primary

starttls=("port = $ODMR_PORT" 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\"")
expect_relayed PLAIN "${starttls[@]}" 'auth = PLAIN'
expect_match 'TLS' '^TLSv1\.[23]$' "$(json '.results[0].tls')"
expect_relayed CRAM-MD5 "${starttls[@]}" 'auth = CRAM-MD5'
finish
