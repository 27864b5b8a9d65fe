#!/bin/bash
# Each way in which Exim says no to ETRN, among others a queue run for the same domain that is not finished yet.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs exim postfix

domains=(example.test denied.test later.test)
# $smtp_command_argument is Exim's.
# shellcheck disable=SC2016
exim_etrn_acl='deny condition = ${if match{$smtp_command_argument}{denied}}
  message = not a customer
  defer condition = ${if match{$smtp_command_argument}{later}}
  accept'
start_exim_backup mx2

backup_section mx2 '"#denied.test", "#later.test", "#example.test", "example.test", "@example.test"' | write_config
pull
expect "a mixed list: exit status" 78 "$status"
expect_result mx2 '#denied.test' deferred 458
expect "#denied.test: text" 'not a customer' "$(json '.results[0].text')"
expect_result mx2 '#later.test' deferred 451
expect_result mx2 '#example.test' started 250
expect_result mx2 'example.test' misunderstood 501
expect_result mx2 '@example.test' misunderstood 501

# The fourth mistake of a session makes Exim close it; what comes behind must be asked all the same.
backup_section mx2 '"a.test", "b.test", "c.test", "d.test", "e.test", "#example.test"' | write_config
pull
expect "five mistakes: exit status" 78 "$status"
for domain in a b c d e; do
    expect_result mx2 "$domain.test" misunderstood 501
done
expect_result mx2 '#example.test' started 250

mx2_is_at_work() { [ "$(server_log mx2 | grep -c 'Start queue run')" -gt "$(server_log mx2 | grep -c 'End queue run')" ]; }

# Exim is still at work: our server takes connections but does not greet, so that its queue run hangs.
submit_messages mx2 2
expect_soon "messages deferred at the backup" 2 deferred_count mx2
start_postfix_primary
kill -STOP -- "-${pid[primary]}"
{
    printf 'primary {\n    preflight = off\n}\n'
    backup_section mx2 '"#example.test"'
} | write_bare_config
pull
expect_pull "first" 0 started
wait_for "$SOON" mx2_is_at_work || fail "the queue run does not begin"
pull
expect_pull "second, while the first is at work" 0 started
expect_result mx2 '#example.test' started 458
expect_match "second: text" 'still at what it began .*Already processing' "$(json '.results[0].text')"
kill -CONT -- "-${pid[primary]}"
expect_all_arrived
finish
