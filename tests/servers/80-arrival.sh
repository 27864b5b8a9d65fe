#!/bin/bash
# 80-arrival.sh BACKUP PRIMARY: what `pull --wait` says of a backup with mail and without, of one that cannot reach us, and of a slow one, as each of
# Postfix, Exim and sendmail, with each of them as our server: by its log, and by its connections alone.
case "$*" in
'postfix postfix') TEST_NUMBER=80 ;;
'postfix exim') TEST_NUMBER=81 ;;
'postfix sendmail') TEST_NUMBER=82 ;;
'exim postfix') TEST_NUMBER=83 ;;
'exim exim') TEST_NUMBER=84 ;;
'exim sendmail') TEST_NUMBER=85 ;;
'sendmail postfix') TEST_NUMBER=86 ;;
'sendmail exim') TEST_NUMBER=87 ;;
'sendmail sendmail') TEST_NUMBER=88 ;;
*) exit 64 ;;
esac
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=network.sh
. "$(dirname "$0")/network.sh"
own_network "$@"
needs "$1" "$2"

declare -A watching=() # processes
declare -A ended=()    # their exit statuses

new_host mx2 192.0.2.2
new_host third 192.0.2.3

# slow: from here on the backup sends one message each three seconds.
slow() {
    case ${kind[mx2]} in
    postfix)
        printf 'smtp_destination_rate_delay = 3s\n' >>"${home[mx2]}/config/main.cf"
        in_root mx2 postfix -c "$(inside mx2)/config" reload >"$tmp/reload" 2>&1 || die "Postfix does not reload: $(cat "$tmp/reload")"
        ;;
    exim) # each queue run reads it anew
        sed -i "0,/^to_primary:/s//&\n  condition = \${run{\/usr\/bin\/perl -e 'sleep 3'}{yes}{yes}}/" "${home[mx2]}/exim.conf"
        ;;
    sendmail)
        stop_server mx2
        printf 'sleep 1.5\n' >"${home[mx2]}/slow" # it looks at each address twice
        # The $ are sendmail's.
        # shellcheck disable=SC2016
        printf 'LOCAL_CONFIG\nKslow program /bin/sh %s/slow\nLOCAL_RULE_0\nR$*\t$: $1 $(slow $1 $: $)\n' "$(inside mx2)" >>"${home[mx2]}/sendmail.mc"
        in_root mx2 m4 "$(inside mx2)/sendmail.mc" >"${home[mx2]}/sendmail.cf" || die 'm4 fails'
        launch_sendmail mx2
        ;;
    esac
}

# reconfigure SED-SCRIPT: our server starts anew with its configuration so changed.
reconfigure() {
    local file=${home[primary]}
    case ${kind[primary]} in
    postfix) file+=/config/main.cf ;;
    exim) file+=/exim.conf ;;
    sendmail) file+=/sendmail.cf ;;
    esac
    sed -i "$1" "$file"
    stop_server primary
    "start_${kind[primary]}_primary"
}

# refuse: from here on our server puts off what comes from the backup; take: no more.
# The $ are of sed, Postfix and sendmail.
# shellcheck disable=SC2016
refuse() {
    case ${kind[primary]} in
    postfix) reconfigure '$a smtpd_client_restrictions = inline:{{192.0.2.2 = 450 4.7.1 greylisted}}' ;;
    exim) reconfigure 's/^check_rcpt:/&\n  defer hosts = 192.0.2.2\n    message = greylisted/' ;;
    sendmail) reconfigure '$a SLocal_check_rcpt\nR$*\t$: $\&{client_addr}\nR192.0.2.2\t$#error $@ 4.7.1 $: "451 greylisted"' ;;
    esac
}

take() { reconfigure '/^smtpd_client_restrictions/d; /^  defer hosts/,+1d; /^SLocal_check_rcpt/,+2d'; }

# put_aside FILE: as logrotate does; whose server keeps the file open is told.
put_aside() {
    mv "$1" "$1.1"
    [ "${kind[primary]}" != postfix ] || in_root primary postfix -c "$(inside primary)/config" reload >"$tmp/reload" 2>&1
}

# watch NAME MAIL_LOG QUIET DURATION: mxpull pull --wait in the background, whose JSON becomes $tmp/NAME.
watch() {
    {
        printf 'ehlo_name = "primary.test"\nstate_dir = "%s/state.%s"\n' "$tmp" "$1"
        printf 'primary {\n    address = "%s:%d"\n    mail_log = %s\n    quiet = %s\n}\n' "$PRIMARY" "$SMTP_PORT" "$2" "$3"
        backup_section mx2 "\"$node\""
    } >"$tmp/conf.$1"
    chmod 600 "$tmp/conf.$1"
    timeout -k 5 "$PULL_SECONDS" "$MXPULL" pull --json --wait "$4" -c "$tmp/conf.$1" >"$tmp/$1" 2>"$tmp/$1.err" </dev/null 9>&- &
    watching[$1]=$!
}

# expect_arrival WHAT NAME STATE EVIDENCE MESSAGES: what it has said, once the last ones have ended.
expect_arrival() {
    expect "$1: exit status and outcome" '0 0 started' "${ended[$2]} $(jq -r '"\(.exit_status) \(.results[0].outcome)"' "$tmp/$2")"
    expect "$1: state, evidence and messages" "$3 $4 $5" "$(jq -r '.results[0].arrival | "\(.state) \(.evidence) \(.messages)"' "$tmp/$2")"
    [ "$failures" -eq 0 ] || { cat "$tmp/$2.err" && jq -c '.results[0].arrival' "$tmp/$2"; }
}

watch_log() { watch log "\"file:$(mail_log primary)\"" "$@"; }

# watch_both QUIET DURATION: two mxpulls at the same time; one reads the log, the other sees the connections alone. Both are at it before the
# backup, which stands still meanwhile, hears of either.
watch_both() {
    kill -STOP -- "-${pid[mx2]}"
    watch_log "$@"
    watch off off "$@"
    wait_for "$SOON" prints 2 calls || fail 'two mxpulls do not connect'
    kill -CONT -- "-${pid[mx2]}"
}

# calls: established connections to the backup.
calls() { grep -c " 020200C0:$(printf '%X' "$SMTP_PORT") 01 " /proc/net/tcp; }

# watched: waits for their ends.
watched() {
    local name
    for name in "${!watching[@]}"; do
        wait "${watching[$name]}"
        ended[$name]=$?
    done
    watching=()
}

# other_mail: a third machine brings one message.
# shellcheck disable=SC2016
other_mail() {
    local id=other-$RANDOM$RANDOM
    on_host third bash -c "$(declare -f smtp_reply smtp_say submit_message)"'
        exec 4<>"/dev/tcp/$1/$2" && smtp_reply 220 && smtp_say 250 "EHLO third.test" && submit_message user@example.test "$3" && smtp_say 221 QUIT
        ' other "$PRIMARY" "$SMTP_PORT" "$id" 9>&- || fail "our server takes no other's mail"
    printf '%s\n' "$id" >>"$tmp/ids"
}

# came: how many messages from the backup have come.
came() { primary_ids | grep -c '^mx2-'; }

has_come() { [ "$(came)" -ge "$1" ]; }

node=example.test
[ "$1" != exim ] || node='#example.test'
case $1 in
exim) start_exim_backup mx2 'smtp_etrn_serialize = false' ;; # two ask at the same time
*) "start_$1_backup" mx2 ;;
esac
"start_$2_primary"

# --- nothing waits ---
watch_both 2s 2s
other_mail
watched
expect_arrival 'an empty queue, by the log' log unseen null 0
expect_arrival 'an empty queue, by connections' off unseen null null

# --- it cannot reach us; asked twice, one behind the other, for a Postfix that is asked while it puts a message off leaves it out from then on ---
hold mx2 20
watch_log 2s 3s
other_mail
watched
expect_soon 'the way shut: messages deferred at the backup' 20 deferred_count mx2
watch off off 2s 3s
other_mail
watched
expect_arrival 'the way shut, by the log' log unseen null 0
expect_arrival 'the way shut, by connections' off unseen null null
expect 'the way shut: messages at the backup' 20 "$(queue_count mx2)"
expect_soon 'the way shut: messages deferred at the backup' 20 deferred_count mx2

# --- it can, and our server refuses ---
open_the_way mx2
if [ "$1" = "$2" ]; then
    refuse
    watch_log 10s 120s
    other_mail
    watched
    expect_arrival 'refused' log unseen log 0
    expect_match "refused: our server's words" 'greylisted$' "$(jq -r '.results[0].arrival.refusal' "$tmp/log")"
    expect_soon 'refused: messages deferred at the backup' 20 deferred_count mx2
    take
fi

# --- our server takes it ---
watch_both 10s 120s
other_mail
watched
expect_arrival '20 messages, by the log' log arrived log 20
expect_arrival '20 messages, by connections' off unknown connections null
expect_match "20 messages: bytes, times" "^[0-9]{4,} 20.*Z 20.*Z$" "$(jq -r ".results[0].arrival | \"\(.bytes) \(.first) \(.last)\"" "$tmp/log")"
expect_match '20 messages: connections' '^[1-9]' "$(jq -r '.results[0].arrival.connections' "$tmp/off")"
expect_all_arrived

# --- slowly, among others' mail, while the log is rotated ---
rm "${home[primary]}/mail/all.mbox"
: >"$tmp/ids"
hold mx2 3
slow
open_the_way mx2
watch_log 20s 120s
other_mail
wait_for "$SOON" has_come 1 || fail 'nothing comes'
put_aside "$(mail_log primary)"
other_mail
wait_for "$SOON" has_come 2 || fail 'no second message comes'
mapfile -t standing < <(processes mx2) # the third one comes behind the rotation
kill -STOP "${standing[@]}"
sleep 5 # what has not been read yet is lost
cp "$(mail_log primary)" "$(mail_log primary).2"
: >"$(mail_log primary)"
kill -CONT "${standing[@]}"
other_mail
watched
expect_arrival 'slowly, by the log' log arrived log 3
expect_all_arrived
finish
