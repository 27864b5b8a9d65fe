#!/bin/bash
# contrib/backup-mx/postfix as it stands: Postfix takes mail for our users while our server is down, holds it although our server is back and
# its queue manager looks at it every second, and sends it when we ask, and nobody else.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=recipes.sh
. "$(dirname "$0")/recipes.sh"
needs postfix

make_certificates "127.125.$TEST_NUMBER.2"
new_server mx2 postfix postfix
write_postfix mx2 'mynetworks = 127.255.255.254/32' 'queue_run_delay = 1s' 'minimal_backoff_time = 1s' 'maximal_backoff_time = 1s'
config=${home[mx2]}/config
# $config_directory is Postfix's.
# shellcheck disable=SC2016
fill postfix/main.cf "$tmp/main.cf" \
    'relay_domains = example.com' 'relay_domains = example.test' \
    'relay_transport = held:[192.0.2.1]:25' "relay_transport = held:[$PRIMARY]:$SMTP_PORT" \
    'smtpd_tls_chain_files = /etc/postfix/mx2.pem' 'smtpd_tls_chain_files = $config_directory/good.pem' \
    'message_size_limit = 10240000' 'message_size_limit = 5000000'
fill postfix/master.cf "$tmp/master.cf"
# The test's settings and the recipe's, each once: with warnings of every start Postfix' log stands still.
cat "$config/main.cf" "$tmp/main.cf" | grep -v '^#' | tac | awk -F ' *= *' '!seen[$1]++' | tac >"$tmp/both.cf"
cp "$tmp/both.cf" "$config/main.cf"
cat "$tmp/master.cf" >>"$config/master.cf"
fill postfix/backup-recipients "$config/backup-recipients" \
    'postmaster@example.com  x' 'postmaster@example.test  x' 'user@example.com        x' 'user@example.test  x'
fill postfix/backup-etrn-clients "$config/backup-etrn-clients" '192.0.2.1/32  OK' "$PRIMARY/32  OK"
launch_postfix mx2

expect_recipients mx2
submit_messages mx2 10
expect_within 20 'messages deferred at the backup' 10 deferred_count mx2
start_postfix_primary
submit_messages mx2 1
expect_within 20 'and one more, with our server up' 11 deferred_count mx2
expect_nothing_comes mx2 11

ask_config "$STRANGER" example.test
pull
expect_pull 'a stranger' 77 denied
expect_result mx2 example.test denied 554
ask_config "$PRIMARY" foreign.test
pull
expect_result mx2 foreign.test denied 459
expect_nothing_comes mx2 11

ask_config "$PRIMARY" example.test
pull
expect_pull 'ours' 0 started
expect_match 'TLS' '^TLS' "$(json '.results[0].tls')"
expect_all_arrived
expect_within 20 'messages left at the backup' 0 queue_count mx2
finish
