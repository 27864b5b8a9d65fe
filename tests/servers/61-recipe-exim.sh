#!/bin/bash
# contrib/backup-mx/exim as it stands: Exim takes mail for our users while our server is down, holds it although our server is back and a queue
# run has passed, and sends it when we ask, and nobody else.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source=recipes.sh
. "$(dirname "$0")/recipes.sh"
needs exim postfix
domains=(example.test example.test.net)

make_certificates "127.125.$TEST_NUMBER.2"
new_server mx2 exim exim
folder=$(inside mx2)
mkdir -p "${home[mx2]}"/{log,spool}
cp "$tmp"/tls/*.pem "${home[mx2]}/"
give mx2 Debian-exim log spool
fill exim/exim.conf "$tmp/exim.conf" \
    'HOST_NAME = mx2.example.net' 'HOST_NAME = mx2.test' \
    'CERTIFICATE = /etc/exim4/mx2.crt' "CERTIFICATE = $folder/good.pem" 'PRIVATE_KEY = /etc/exim4/mx2.key' "PRIVATE_KEY = $folder/good.pem" \
    'DOMAINS = example.com' 'DOMAINS = example.test : example.test.net' 'MAIL_SERVER = 192.0.2.1::25' "MAIL_SERVER = $PRIMARY::$SMTP_PORT" \
    'ASKERS = 192.0.2.1' "ASKERS = $PRIMARY" 'RECIPIENTS = /etc/exim4/backup-recipients' "RECIPIENTS = $folder/backup-recipients" \
    'EXIM = /usr/sbin/exim4' "EXIM = /usr/sbin/exim4 -C $folder/exim.conf" 'message_size_limit = 10M' 'message_size_limit = 5M'
fill exim/backup-recipients "${home[mx2]}/backup-recipients" \
    postmaster@example.com postmaster@example.test user@example.com $'user@example.test\nuser@example.test.net'
# Where it runs here, and that all servers of the test are on this machine.
{
    printf '%s\n' "spool_directory = $folder/spool" "log_file_path = $folder/log/%slog" 'deliver_drop_privilege' 'host_lookup =' \
        'rfc1413_query_timeout = 0s' 'log_selector = +smtp_no_mail +smtp_syntax_error'
    sed -e 's/^  route_list = /  self = send\n&/' -e 's/^  driver = smtp$/&\n  allow_localhost/' "$tmp/exim.conf"
} >"${home[mx2]}/exim.conf"
launch_exim mx2

expect_recipients mx2
expect_checked mx2
expect_fault mx2 'the domain is not in DOMAINS' backup-mail-refused '^fail .* 550 .*Exim: relay_to_domains' exim.conf \
    's/^DOMAINS = .*/DOMAINS = other.test/'
expect_fault mx2 'nobody may ask' backup-method-missing '^fail .*Exim: acl_smtp_etrn' exim.conf '/^acl_smtp_etrn/d'
expect_fault mx2 'an open relay' backup-relay-open '^warn .*Exim: ' exim.conf \
    '/message = relay not permitted/,+1d; s/^  deny    message = unknown recipient/  accept !domains = +backed\n&/'
expect 'sessions with ETRN, ATRN, TURN or DATA at the backup' 0 "$(started_count mx2)"

queue_run() { in_root mx2 exim4 -C "$folder/exim.conf" -q; }
expect_held mx2 queue_run
expect_denied "$STRANGER" example.test deferred 458
expect_denied "$PRIMARY" foreign.test deferred 458
expect_sent mx2

# While the last queue run is under way Exim answers 458.
is_started() { pull && [ "$(json '.results[0].code')" = 250 ]; }
start() { wait_for "$SOON" is_started || fail 'no queue run is started'; }

# One domain at a time, also where the name of another one begins alike.
submit_messages mx2 1
submit_messages mx2 1 example.test.net
start
expect_soon 'messages at the primary' 12 primary_count
ended_count() { server_log mx2 | grep -c 'End queue run: .* -qf'; }
expect_soon 'queue runs that were asked for' 2 ended_count
expect 'messages of the other domain at the backup' 1 "$(queue_count mx2)"

# What has waited for long, and cannot be sent when we ask, is neither returned nor reported to be late.
age_message "${home[mx2]}"/spool/input/*-H 60
expect 'how long it has waited' 60d "$(in_root mx2 exim4 -C "$folder/exim.conf" -bp | awk 'NR == 1 { print $1 }')"
stop_server primary
ask_config "$PRIMARY" example.test.net
start
expect_soon 'queue runs that were asked for' 3 ended_count
expect 'attempts in vain' 1 "$(server_log mx2 | grep -c ' == user@example.test.net .*Connection refused')"
expect 'bounces and reports' 0 "$(server_log mx2 | grep -c '<= <>')"
launch_postfix primary
start
expect_all_arrived
expect_soon 'messages left at the backup' 0 queue_count mx2
finish
