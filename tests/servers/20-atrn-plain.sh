#!/bin/bash
# On-demand mail relay without TLS: 30 messages from a real provider, by AUTH PLAIN and by CRAM-MD5.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
make_bodies "$tmp/bodies" 30
start_exim_provider mx2 's/^PLAIN_IN_CLEAR =.*/PLAIN_IN_CLEAR = yes/'
start_trusting_primary

in_clear=("port = $ODMR_PORT" 'tls = off' 'auth_in_clear = true')
expect_relayed PLAIN "${in_clear[@]}" 'auth = PLAIN'
expect_relayed CRAM-MD5 "${in_clear[@]}" 'auth = CRAM-MD5'
expect 'TLS' null "$(json '.results[0].tls')"
finish
