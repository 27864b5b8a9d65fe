#!/bin/bash
# contrib/backup-mx/postfix as it stands: Postfix takes mail for our users while our server is down, holds it although our server is back and
# its queue manager looks at it every second, and sends it when we ask, and nobody else.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
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
expect_checked mx2
expect_fault mx2 'the domain is not in relay_domains' backup-mail-refused '^fail .* 554 .*Postfix: relay_domains' config/main.cf \
    's/^relay_domains = .*/relay_domains = other.test/'
expect_fault mx2 'ETRN is hidden' backup-method-missing '^fail .*Postfix: .*smtpd_discard_ehlo_keywords' config/main.cf \
    '1ismtpd_discard_ehlo_keywords = etrn'
expect_fault mx2 'it trusts us' backup-relay-open '^warn .*Postfix: mynetworks' config/main.cf \
    's|^mynetworks = .*|mynetworks = 127.0.0.0/8|'
expect 'sessions with ETRN, ATRN, TURN or DATA at the backup' 0 "$(started_count mx2)"

# Its queue manager looks every second, and takes each message out of the folder "deferred" meanwhile.
tried_count() { server_log mx2 | awk '/status=deferred/ && !seen[$6]++ { n++ } END { print n + 0 }'; }
queue_run() { expect_soon 'messages deferred at the backup' "$1" tried_count; }
expect_held mx2 queue_run
expect_denied "$STRANGER" example.test denied 554
expect 'a stranger: exit status' 77 "$status"
expect_denied "$PRIMARY" foreign.test denied 459

# A message that is just put off does not come when asked for. So from here on it puts each off for long; what it has in hand at the
# reload goes back to its folder "incoming", at which it looks when it is woken.
sed -i 's/^qmgr unix n - n 300 /qmgr unix n - n 1 /' "$config/master.cf"
sed -i 's/^\(minimal_backoff_time\|maximal_backoff_time\) *=.*/\1 = 1000s/' "$config/main.cf"
in_root mx2 postfix -c "$(inside mx2)/config" reload >"$tmp/reload" 2>&1 || die "Postfix does not reload: $(cat "$tmp/reload")"
put_off_count() { find "${home[mx2]}/queue/deferred" -type f -newermt '+500 seconds' | wc -l; }
expect_soon 'messages put off for long' 11 put_off_count
expect_sent mx2
finish
