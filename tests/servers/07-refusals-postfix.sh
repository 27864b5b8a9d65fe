#!/bin/bash
# Each way in which Postfix says no to ETRN: the outcome, the code as it was received, and the exit status.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

make_certificates "127.125.$TEST_NUMBER.2"
name_port=$((24500 + TEST_NUMBER))
listeners=('24101 -o smtpd_etrn_restrictions=reject'
    '24102 -o smtpd_etrn_restrictions=defer'
    '24103 -o smtpd_tls_security_level=encrypt'
    '24104 -o flush_service_name=nobody'
    '24105 -o smtpd_discard_ehlo_keywords=etrn'
    '24107 -o smtpd_client_connection_count_limit=1 -o smtpd_client_event_limit_exceptions='
    '24108 -o smtpd_delay_reject=no -o smtpd_client_restrictions=reject'
    '24109 -o smtpd_helo_restrictions=reject -o smtpd_delay_reject=yes')
if [ -e /proc/net/if_inet6 ]; then
    listeners+=("[::1]:$name_port" "127.0.0.1:$name_port")
fi
# $config_directory is Postfix's.
# shellcheck disable=SC2016
start_postfix_backup mx2 'smtpd_tls_security_level = none' 'smtpd_tls_chain_files = $config_directory/good.pem'

# answer WHAT STATUS OUTCOME CODE SETTING...: how a pull of example.test ends with these settings.
answer() {
    local what=$1 expected=$2 outcome=$3 code=$4
    shift 4
    backup_section mx2 '"example.test"' "$@" | write_config
    pull
    expect_pull "$what" "$expected" "$outcome"
    expect "$what: code" "$code" "$(json '.results[0].code')"
}

# form STATUS OUTCOME CODE NODE: another way to name what is asked for.
form() {
    backup_section mx2 "\"$4\"" | write_config
    pull
    expect_pull "$4" "$1" "$2"
    expect_result mx2 "$4" "$2" "$3"
}

form 0 started 250 '@example.test'
form 0 started 250 '#example.test'
form 0 started 250 'Example.TEST'
form 77 denied 459 'elsewhere.test'
form 77 denied 459 '#queue1'
form 78 misunderstood 501 '#queue..1'

if [ -e /proc/net/if_inet6 ]; then
    answer 'over IPv6' 0 started 250 'host = "::1"' "port = $name_port"
    expect 'over IPv6: address' '::1' "$(json '.results[0].address')"
    answer 'by name, IPv4 only' 0 started 250 'host = "localhost"' "port = $name_port" 'ip = 4'
    expect 'by name, IPv4 only: address' '127.0.0.1' "$(json '.results[0].address')"
    answer 'by name, IPv6 only' 0 started 250 'host = "localhost"' "port = $name_port" 'ip = 6'
    expect 'by name, IPv6 only: address' '::1' "$(json '.results[0].address')"
fi
answer 'ETRN rejected' 77 denied 554 'port = 24101'
answer 'ETRN deferred' 75 deferred 450 'port = 24102'
answer 'STARTTLS demanded' 77 authentication 530 'port = 24103' 'tls = off'
answer 'STARTTLS demanded and spoken' 0 started 250 'port = 24103' 'tls = may'
answer 'no flush service, behind our own start' 0 started 458 'port = 24104'
expect_match 'no flush service, behind our own start: text' 'still at what it began .*Unable to queue messages' "$(json '.results[0].text')"
rm -rf -- "$tmp/state"
answer 'no flush service' 75 deferred 458 'port = 24104'
expect 'no flush service: text' 'Unable to queue messages' "$(json '.results[0].text')"
answer 'ETRN hidden' 69 unsupported null 'port = 24105'
answer 'ETRN hidden, asked all the same' 0 started 250 'port = 24105' 'force = true'
answer 'client rejected at once' 77 denied 554 'port = 24108'
answer 'HELO rejected at ETRN' 77 denied 554 'port = 24109'

exec 5<>"/dev/tcp/${address[mx2]}/24107"
IFS= read -r -t 60 _ <&5 || fail 'the first of too many connections is not greeted'
answer 'too many connections' 75 deferred 421 'port = 24107'
exec 5>&-

# One refusal among others: every one is asked, and the worst gives the exit status.
backup_section mx2 '"elsewhere.test", "example.test", "#queue..1", "@example.test"' | write_config
pull
expect "a mixed list: exit status" 78 "$status"
expect_result mx2 elsewhere.test denied 459
expect_result mx2 example.test started 250
expect_result mx2 '#queue..1' misunderstood 501
expect_result mx2 '@example.test' started 250
expect "a mixed list: summary" '{"asked":4,"ok":2,"failed":2,"held":0}' "$(json '.summary | tostring')"
finish
