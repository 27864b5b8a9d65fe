#!/bin/bash
# More domains than Exim answers in one session with its default limits (10): every one is answered, and asked just once,
# whether mxpull asks few in one session or goes on until Exim cuts it off.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs exim

mapfile -t domains < <(printf 'd%d.test\n' {1..25})
start_exim_backup mx2

etrns_in_log() { server_log mx2 | grep -c 'ETRN #.* received'; }
nodes=$(printf '"#%s", ' "${domains[@]}")

before=0
for each in 8 200; do
    backup_section mx2 "${nodes%, }" "etrns_per_connection = $each" | write_config
    pull
    expect_pull "$each a session" 0 started
    expect_every_node_once "$each a session" 25
    expect "$each a session: ETRNs in Exim's log" $((before + 25)) "$(etrns_in_log)"
    before=$(etrns_in_log)
done
finish
