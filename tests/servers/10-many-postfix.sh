#!/bin/bash
# More domains than Postfix answers at full speed in one session with its default limits (100 are free, each further one
# counts as an error, 20 errors end the session): every one is answered, however many mxpull asks in one session.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs postfix

mapfile -t domains < <(printf 'd%d.test\n' {1..130})
start_postfix_backup mx2
nodes=$(printf '"%s", ' "${domains[@]}")

# Postfix counts a session's ETRNs when it ends, as etrn=GOOD or etrn=GOOD/ALL.
etrns_in_log() { server_log mx2 | sed -n 's/.* etrn=\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }

before=0
for each in 8 200; do
    backup_section mx2 "${nodes%, }" "etrns_per_connection = $each" | write_config
    pull
    expect_pull "$each a session" 0 started
    expect_every_node_once "$each a session" 130
    expect_soon "$each a session: ETRNs in the backup's log" $((before + 130)) etrns_in_log
    before=$((before + 130))
    expect "$each a session: all in good time" true "$(json '.seconds < 60')"
done
finish
