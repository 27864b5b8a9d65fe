#!/bin/bash
# mxpull check of an ATRN provider and of the primary that its mail goes to: as this machine is treated there, and behind a PROXY line as
# the provider is.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
needs exim-atrn postfix

make_certificates "127.125.$TEST_NUMBER.2"
start_exim_provider mx2
start_trusting_primary

# provider PASSWORD PRIMARY-SETTING...: the configuration.
provider() {
    local password=$1
    shift
    {
        printf 'dns_server = "127.0.0.1:1"\nprimary {\n    address = "%s:%d"\n' "$PRIMARY" "$SMTP_PORT"
        printf '    %s\n' "$@"
        printf '}\n'
        backup_section mx2 '"example.test"' 'method = atrn' "$(credentials "$password")" "port = $ODMR_PORT" "mail_port = $SMTP_PORT" \
            'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\""
    } | write_bare_config
}

provider "$SERVER_PASSWORD"
check 'in order'
expect_finding 'in order' backup-method '^ok .* offers ATRN'
expect_finding 'in order' backup-auth '^ok .* offers .*CRAM-MD5'
expect_finding 'in order' backup-login "^ok .* lets $SERVER_USER in"
expect_finding 'in order' backup-certificate '^ok'
expect_finding 'in order' primary-mail '^ok'
expect_finding 'in order' primary-tls '^ok'
expect_finding 'in order' primary-relay-open '^warn .* from this machine .*set relay_address'
provider wrong
check 'a wrong password'
expect_finding 'a wrong password' backup-login-refused '^fail .* 535 '

# The same primary behind a proxy, where it knows the provider by its address.
stop_server primary
main=${home[primary]}/config/main.cf
printf '%s\n' 'smtpd_upstream_proxy_protocol = haproxy' 'smtpd_relay_restrictions = reject_unauth_destination' >>"$main"
launch_postfix primary
provider "$SERVER_PASSWORD" 'proxy_protocol = true'
check 'a PROXY line'
expect_finding 'a PROXY line' primary-greeting '^ok'
expect_finding 'a PROXY line' primary-client "^ok .* takes mail from ${address[mx2]} \(mx2\)"
expect_finding 'a PROXY line' primary-relay "^ok .* refuses mail from ${address[mx2]}"
provider "$SERVER_PASSWORD"
check 'a PROXY line is missing'
expect_finding 'a PROXY line is missing' primary-not-ready '^fail'
stop_server primary
printf 'smtpd_client_restrictions = check_client_access inline:{%s=REJECT}\n' "${address[mx2]}" >>"$main"
launch_postfix primary
provider "$SERVER_PASSWORD" 'proxy_protocol = true'
check 'the provider is listed'
expect_finding 'the provider is listed' primary-mail '^ok'
expect_finding 'the provider is listed' primary-client-refused '^fail .* 554 .*Postfix: check_client_access'

expect 'ATRN or DATA in the log of mx2' 0 "$(server_log mx2 | grep -cE 'ATRN|DATA')"
expect 'DATA in the log of the primary' 0 "$(server_log primary | grep -cE 'disconnect.* data=')"
finish
