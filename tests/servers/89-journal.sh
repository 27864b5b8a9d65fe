#!/bin/bash
# `pull --wait` with the log of our server in systemd's journal. journalctl is one of the test's own, which prints the lines of a real Postfix as
# the real one does.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"
own_network "$@"
needs postfix

new_host mx2 192.0.2.2
start_postfix_backup mx2
start_postfix_primary
backup_section mx2 '"example.test"' | write_bare_config
sed -i "1i primary {\n    address = \"$PRIMARY:$SMTP_PORT\"\n    mail_log = journal\n    quiet = 10s\n}" "$tmp/mxpull.conf"

# journalctl: the standard input is what it does after its head.
mkdir "$tmp/bin"
PATH=$tmp/bin:$PATH
journalctl() {
    { printf '#!/bin/bash\nprintf "%%s\\n" $$ "$@" >%q\nprintf "%%s\\n" "-- Journal begins at Mon 2026-11-23 06:00:01 UTC. --"\nlog=%q\n' "$tmp/journalctl" "$(mail_log primary)" && cat; } >"$tmp/bin/journalctl"
    chmod +x "$tmp/bin/journalctl"
}

# ask: 20 messages wait, and come.
ask() {
    hold mx2 20
    open_the_way mx2
    : >"$(mail_log primary)" # --since this moment
    pull --wait 120s
    expect "$1: exit status and outcome" '0 started' "$status $(json '.results[0].outcome')"
    expect_all_arrived
}

arrival() { json '.results[0].arrival | "\(.state) \(.evidence) \(.messages)"'; }

journalctl <<'SCRIPT'
printf '%s\n' '-- Boot 6f4bf99b8f8433d2f04136c9e1e03d62 --' 'Nov 29 06:59:08 primary systemd[1]: Started Postfix Mail Transport Agent.'
exec tail -n +1 -F "$log"
SCRIPT
ask 'the journal'
expect 'the journal: state, evidence and messages' 'arrived log 20' "$(arrival)"
for word in --follow --output=short SYSLOG_FACILITY=2; do
    expect_in "journalctl's arguments: $word" "$word" "$tmp/journalctl"
done
gone() { is_gone "$(head -n 1 "$tmp/journalctl")" && echo yes; }
expect_soon "journalctl has ended" yes gone

journalctl <<'SCRIPT'
printf '%s\n' 'No journal files were found.' >&2
exec sleep 100
SCRIPT
ask 'no journal'
expect 'no journal: state, evidence and messages' 'unknown connections null' "$(arrival)"
expect_in 'no journal: it is said' 'journal' "$tmp/err"

journalctl <<'SCRIPT'
tail -n +1 -F "$log" | head -n 80
SCRIPT
ask 'a journalctl that ends'
expect_match 'a journalctl that ends: state, evidence and messages' '^unknown log ([1-9]|1[0-9])$' "$(arrival)"
expect_in 'a journalctl that ends: it is said' 'the journal: the command has ended' "$tmp/err"
finish
