#!/bin/bash
# mxpull drill against scripted backups: each outcome, what is told and remembered, one message a day, what is asked first, and servers that
# mean no good.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
mkdir "$tmp/kept" "$tmp/held" "$tmp/turned" "$tmp/arrived"
touch "$tmp/answer"

# One message a day and backup: it is noon here, so that no midnight comes between two.
hour=$(date -u +%H)
export TZ="NOON$((10#$hour - 12))"

start_sim servers <<EOF
sink primary 127.0.0.1:0
  keep $tmp/arrived
sink down 127.0.0.1:0
  greeting "421 4.3.2 not now"
sink strict 127.0.0.1:0
  reply RCPT "550 5.1.1 <postmaster@t.example>: Recipient address rejected: no postmaster here"
server holding 127.0.0.1:0
  keep $tmp/held
  deliver $tmp/held primary
server keeping 127.0.0.2:0
  keep $tmp/kept
  reply ETRN "250 2.0.0 Queuing started"
  delay ETRN until $tmp/answer
server swallowing 127.0.0.1:0
  reply ETRN "250 2.0.0 Queuing started"
  delay ETRN until $tmp/answer
server refusing 127.0.0.1:0
  reply RCPT "554 5.7.1 relay access denied"
server greylisting 127.0.0.1:0
  reply RCPT "450 4.2.0 try again in 5 minutes"
server mute 127.0.0.1:0
  reply . stall
server slow 127.0.0.1:0
  delay RCPT until $tmp/never
server denying 127.0.0.1:0
  reply ETRN "459 4.7.1 who are you?"
server silent 127.0.0.1:0
  reply . stall
server cutting 127.0.0.1:0
  reply . close
server hanging-up 127.0.0.1:0
  reply RCPT close
server talking 127.0.0.1:0
  reply MAIL "250 ok" "250 ok"
server endless 127.0.0.1:0
  reply RCPT "250 x" endless
server rubbish 127.0.0.1:0
  greeting "SSH-2.0-x"
server data 127.0.0.1:0
  reply DATA "250 go ahead"
server turning 127.0.0.1:0
  auth PLAIN us secret
  keep $tmp/turned
  odmr $tmp/turned
EOF
more_evidence() { tail -n 60 "$tmp/journal.servers"; }

# The primary's log, as Postfix writes it: what was kept came from 127.0.0.1. What "holding" brings is there once its reply has been read, however
# late a busy client is to read it: when a connection with ETRN ends.
touch "$tmp/mail.log"
mkfifo "$tmp/journal.pipe"
tail -n +1 -f "$tmp/journal.servers" >"$tmp/journal.pipe" &
processes+=($!)
write_log() {
    local server event file id asking='' held=''
    while read -r server event file _; do
        case "$server $event $file" in
        holding#*' < ETRN') asking=$server ;;
        "$asking < QUIT" | "$asking closed"* | "$asking reset"*) asking= ;;
        primary#*' kept '*)
            id=$(sed -n 's/\r$//; s/^Message-ID: //p' "$file" | head -n 1)
            held+=$(printf 'Nov 29 10:00:00 mx1 postfix/%s\n' 'smtpd[7]: 4F2A: client=mx2[127.0.0.1]' "cleanup[8]: 4F2A: message-id=$id" \
                'qmgr[9]: 4F2A: from=<>, size=900, nrcpt=1 (queue active)')$'\n'
            ;;
        *) continue ;;
        esac
        [ -n "$asking" ] || { printf '%s' "$held" >>"$tmp/mail.log" && held=; }
    done
}
write_log <"$tmp/journal.pipe" &
processes+=($!)

# What stands there may be a password. wine has no icacls, and goes by the mode.
protect() { $private "$1" ${DRIVE:+/inheritance:r} >/dev/null 2>&1 || chmod 600 "$1"; }

configured=0
configure() { # LOG PRIMARY OPTIONS BACKUP…
    local name log=$1 primary=$2 options=$3
    shift 3
    configured=$((configured + 1))
    {
        printf 'state_dir = "%s/state.%s"\nehlo_name = mail.t.example\n%s\n' "$theirs" "$configured" "$options"
        printf 'primary { address = "127.0.0.1:%s" mail_log = %s }\n' "$(port "$primary")" "$log"
        for name in "$@"; do
            # The one beside the others sees us come from another address than its own.
            printf 'backup %s { host = "127.0.0.%s" port = %s mail_port = %s domains = {t.example, "%s.example"} arrives_from = {"127.0.0.1"} ' \
                "$name" "$([ "$name" != keeping ] && echo 1 || echo 2)" "$(port "$name")" "$(port "$name")" "$name"
            [ "$name" != turning ] || printf 'method = atrn user = us password = secret auth_in_clear = true tls = off '
            printf '}\n'
        done
    } >"$tmp/mxpull.conf"
    protect "$tmp/mxpull.conf"
}
conf=$theirs/mxpull.conf
logged="\"file:$theirs/mail.log\""
line() { grep "^$1 " "$tmp/out" | tr -d '\r'; }
arrived() { find "$tmp/arrived" -name '*.eml' | wc -l; }
seen() { grep -c -- "$1" "$tmp/journal.servers"; }
dot='·'
accepted="accepted [0-9.]+ s $dot"

# --- a backup that holds mail until it is asked -----------------------------------------------------------------------------------
hook="on_drill = 'env | grep ^MXPULL_ >\"$tmp/hook\"'"
[ -z "$DRIVE" ] || hook= # the shell of Windows has no env
configure "$logged" primary "$hook" holding
run 0 drill -c "$conf"
[ -z "$hook" ] || expect "on_drill" "MXPULL_BACKUP=holding MXPULL_DOMAIN=t.example MXPULL_EVENT=drill MXPULL_EVIDENCE=log MXPULL_OUTCOME=ok" \
    "$(grep -E '_(BACKUP|DOMAIN|EVENT|EVIDENCE|OUTCOME)=' "$tmp/hook" | sort | paste -sd' ')"
expect_in "what is about to be sent" "  postmaster@t.example  by 127.0.0.1, port $(port holding)" "$tmp/out"
expect_match "its line" "^holding  t.example  $accepted asked 250 $dot arrived [0-9.]+ s \(log\)$" "$(line holding)"
expect_in "the sum" "1 of 1 drill ok in " "$tmp/out"
expect "one message arrived" 1 "$(arrived)"
message=$(find "$tmp/arrived" -name '*.eml')
expect_in "its sender" "< MAIL FROM:<>" "$tmp/journal.servers"
expect_in "its recipient" "< RCPT TO:<postmaster@t.example>" "$tmp/journal.servers"
for field in 'From: mxpull <mxpull@mail.t.example>' 'To: <postmaster@t.example>' 'Auto-Submitted: auto-generated'; do
    expect_in "$field" "$field" "$message"
done
expect_in "its text" "Nothing is to be done" "$message"
token=$(sed -n 's/\r$//; s/^Subject: mxpull drill \([0-9a-f]*\)$/\1/p' "$message")
expect "the token's length" 32 ${#token}
expect_in "its Message-ID" "Message-ID: <drill.$token@mail.t.example>" "$message"
run 0 status -c "$conf"
expect_in "status" "drill ok" "$tmp/out"

run 75 drill -c "$conf"
expect_match "a second one that day" "^holding +t.example +not drilled: a message was sent today already, at .*; --force sends another one$" "$(line holding)"
expect "no other message" 1 "$(arrived)"
run 0 drill -c "$conf" --force --json
expect "as JSON" "0 holding t.example postmaster@t.example ok 0 log started 250 false" "$(jq -r '[.exit_status, (.drills[0] | .backup, .domain, .to, .outcome, .exit_status, .evidence, .asked, .asked_code, .by_itself)] | join(" ")' "$tmp/out")"
expect "the JSON's sum" '{"drilled":1,"ok":1,"failed":0}' "$(jq -c .summary "$tmp/out")"
expect "JSON alone" 1 "$(wc -l <"$tmp/out")"
run 0 drill -q -c "$conf" --force holding.example
expect "-q says nothing of what is well" "" "$(cat "$tmp/out" "$tmp/err")"
expect_in "the domain that was named" "RCPT TO:<postmaster@holding.example>" "$tmp/journal.servers"

# --- who gets it ---------------------------------------------------------------------------------------------------------------------
configure "$logged" primary 'drill_to = "drill+x@holding.example"' holding
run 0 drill -c "$conf"
expect_in "drill_to, an address" "RCPT TO:<drill+x@holding.example>" "$tmp/journal.servers"
configure "$logged" primary 'drill_to = hostmaster' holding
run 0 drill -c "$conf" holding.example
expect_in "drill_to, a local part" "RCPT TO:<hostmaster@holding.example>" "$tmp/journal.servers"
sed 's/domains = {[^}]*}/domains = {"#queue"}/' "$tmp/mxpull.conf" >"$tmp/queue.conf" && protect "$tmp/queue.conf"
run 78 drill -c "$theirs/queue.conf"
expect_in "a queue has no domain" "not drilled: it is asked for queues alone" "$tmp/out"
run 64 drill -c "$conf" nobody
expect_in "an unknown name" "nobody" "$tmp/err"
run 64 drill -c "$conf" --wait 0
expect_in "no time to wait" "--wait is a duration of 1s to 1w" "$tmp/err"

# --- what goes wrong, all at once ------------------------------------------------------------------------------------------------------
configure "$logged" primary 'defaults { command_timeout = 15s }' holding swallowing refusing greylisting denying silent cutting hanging-up talking endless rubbish data
# The log is written by others, whom a busy machine may keep waiting.
run 77 drill -c "$conf" --wait 20s
expect_match "one that is well beside them" "arrived [0-9.]+ s \(log\)$" "$(line holding)"
expect_match "it swallows" "$accepted asked 250 $dot unseen for 20s \(log\)$" "$(line swallowing)"
expect_match "it refuses" "t.example +not accepted: RCPT: 554 5.7.1 relay access denied$" "$(line refusing)"
expect_in "what to do about it" "  does the backup relay for this domain (relay_domains)" "$tmp/out"
expect_match "it refuses for now" "not accepted: RCPT: 450 4.2.0 try again in 5 minutes$" "$(line greylisting)"
expect_match "it takes mail, and does not know us" "$accepted asked denied: 459 4.7.1 who are you\? $dot unseen for 20s \(log\)$" "$(line denying)"
expect_match "it does not answer the message" "handed over, and not answered \(.*\) $dot asked 250 $dot unseen for 20s" "$(line silent)"
expect_match "it hangs up behind the message" "handed over, and not answered \(.*\) $dot asked 250 $dot unseen for 20s" "$(line cutting)"
expect_match "it hangs up before" "not accepted: RCPT: " "$(line hanging-up)"
expect_match "two replies for one" "not accepted: MAIL: it said more than one reply to a command$" "$(line talking)"
expect_match "a reply without end" "not accepted: RCPT: " "$(line endless)"
expect_match "no SMTP" "not accepted: " "$(line rubbish)"
expect_match "DATA and 250" "not accepted: DATA: 250 go ahead$" "$(line data)"
expect_in "the sum" "1 of 12 drills ok in " "$tmp/out"
run 1 status --nagios -c "$conf" swallowing
expect_in "the monitor's line" " ago: the backup was handed a message for t.example and was not seen to give it back (and 1 more)|" "$tmp/out"
run 0 status -q -c "$conf" refusing
expect_match "status, with what is wrong alone" "^refusing  drill failed [0-9a-z]+ ago: the backup did not accept a message for t.example: 554 5.7.1 relay access denied$" \
    "$(line refusing)"
run 77 drill -c "$conf" --wait 1s refusing greylisting
expect_in "what was not taken may be sent again that day" "0 of 2 drills ok" "$tmp/out"
run 75 drill -c "$conf" --wait 1s greylisting

# --- by the bridge ---------------------------------------------------------------------------------------------------------------------
configure off primary '' turning
run 0 drill -c "$conf"
expect_match "a reversed session" "$accepted asking $dot arrived [0-9.]+ s \(bridge\)$" "$(line turning)"
configure off strict '' turning
run 77 drill -c "$conf" --wait 2s
expect_match "our own server refuses it" "refused by us: 550 5.1.1 .*no postmaster here \(bridge\)$" "$(line turning)"
rm -f "$tmp"/turned/*

# --- our own server's log says that it refuses -------------------------------------------------------------------------------------------
# The backup answers once the test has written to the log, so its lines are there before the waiting begins.
drill_beside() { # BACKUP ARGUMENT…: until the backup has been asked; `await` lets it answer (a log under wine is looked at each 10 s)
    local backup=$1 etrns
    shift
    etrns=$(seen "$backup.* < ETRN")
    asked() { [ "$(seen "$backup.* < ETRN")" -gt "$etrns" ]; }
    rm "$tmp/answer"
    "$MXPULL" drill -c "$conf" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
    program=$!
    wait_for "$SOON" asked || fail "it was never asked"
}
await() { # WHAT STATUS
    touch "$tmp/answer"
    wait "$program"
    expect "$1" "$2" $?
    program=
}
reject() { # FROM TO
    printf '%s\n' "Nov 29 10:00:01 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from mx2[127.0.0.1]: 554 5.7.1 <postmaster@t.example>: Recipient address rejected: go away; from=<$1> to=<$2> proto=ESMTP helo=<mx2>" >>"$tmp/mail.log"
}
configure "$logged" primary '' swallowing
drill_beside swallowing --wait 15s
reject spammer@evil.example postmaster@t.example
reject '' postmaster@t.example.evil.example
reject '"> to=<postmaster@t.example> proto=x"@evil.example' x@t.example
await "others' mail is refused" 75
expect_match "which is not the drill's" "unseen for 15s \(log\)$" "$(line swallowing)"
expect_in "its words" "; your mail server refused other mail from it: 554 5.7.1" "$tmp/out"
drill_beside swallowing --force --wait 15s
reject '' postmaster@t.example
await "refused by us" 77
expect_match "with the log's words" "refused by us: 554 5.7.1 <postmaster@t.example>: Recipient address rejected: go away.* \(log\)$" "$(line swallowing)"
run 1 status --nagios -c "$conf" t.example
expect_in "the monitor" "drill" "$tmp/out"

drill_beside swallowing --force --wait 15s
printf '%s\n' '2026-11-29 10:00:01 H=(mx2) [127.0.0.1] F=<> rejected after DATA: no' >>"$tmp/mail.log"
await "one refused, and not known which" 75
expect_match "it may be this one" "unknown: your mail server refused a message from it, perhaps this one: rejected after DATA: no$" "$(line swallowing)"

# --- the log of the backup is the same: who handed the message in does not bring it ------------------------------------------------------
drill_kept() { # ADDRESS ARGUMENT…: our server's log has the message from there
    local address=$1 id
    shift
    rm -f "$tmp"/kept/*
    drill_beside keeping --wait 15s "$@"
    id=$(sed -n 's/\r$//; s/^Message-ID: //p' "$tmp"/kept/*.eml | head -n 1)
    printf 'Nov 29 10:00:00 mx1 postfix/%s\n' "smtpd[7]: 4F2B: client=us[$address]" "cleanup[8]: 4F2B: message-id=$id" \
        'qmgr[9]: 4F2B: from=<>, size=900, nrcpt=1 (queue active)' >>"$tmp/mail.log"
}
configure "$logged" primary '' keeping
drill_kept 192.0.2.99
await "from an address that is not the backup's" 75
expect_match "which is told" "unknown: it came from 192.0.2.99, which is not known to be the backup's \(arrives_from\)$" "$(line keeping)"
drill_kept 127.0.0.1 --force
await "from our own, which arrives_from has" 0
expect_match "is from the backup" "arrived .*\(log\)" "$(line keeping)"
sed -i 's/arrives_from = {[^}]*}//' "$tmp/mxpull.conf" && protect "$tmp/mxpull.conf"
drill_kept 127.0.0.1 --force
await "from our own, which it has not" 75
expect_match "may be we" "unknown: it came from 127.0.0.1, which is not known to be the backup's \(arrives_from\)$" "$(line keeping)"

# --- nothing to see by --------------------------------------------------------------------------------------------------------------------
configure off primary '' holding
run 75 drill -c "$conf" --wait 2s
expect_match "without a log nothing is called arrived" "$accepted asked 250 $dot unknown: " "$(line holding)"
expect_in "why, and where to look" "; no log was followed: mail_log = off" "$tmp/out"
! grep -q "arrived [0-9]" "$tmp/out"
expect "not even by a guess: 0 is yes" 0 $?

# --- our own server is down -----------------------------------------------------------------------------------------------------------------
configure "$logged" down '' holding
sent=$(seen 'holding.* < DATA')
run 75 drill -c "$conf"
expect_match "nothing is sent in an outage" "^holding +t.example +not drilled: your mail server is not ready: .*421 4.3.2 not now" "$(line holding)"
expect "nothing" "$sent" "$(seen 'holding.* < DATA')"

# --- at a terminal ----------------------------------------------------------------------------------------------------------------------------
if [ -z "$DRIVE" ] && command -v script >/dev/null; then
    configure "$logged" primary '' holding
    at_terminal() { # ANSWER ARGUMENT…
        local answer=$1
        shift
        printf '%s\n' "$answer" | timeout "$PULL_SECONDS" script -qec "'$MXPULL' drill -c '$conf' $*" /dev/null >"$tmp/out" 2>"$tmp/err"
    }
    at_terminal n
    expect "no" 75 $?
    expect_in "it asks" "Send? [y/N] " "$tmp/out"
    expect_in "and does not send" "nothing was sent" "$tmp/out"
    at_terminal y
    expect "yes" 0 $?
    expect_in "the line" "arrived" "$tmp/out"
    ! grep -q 'event=drill' "$tmp/out"
    expect "which is not logged beside it: 0 is yes" 0 $?
    at_terminal '' -y --force
    expect "-y" 0 $?
    ! grep -qF 'Send?' "$tmp/out"
    expect "does not ask: 0 is yes" 0 $?
fi

# --- killed while its message is handed in, and behind that ------------------------------------------------------------------------------------
kill_when() { # PATTERN BACKUP…: once the backups' journal has one line more of it
    local before pattern=$1
    shift
    before=$(seen "$pattern")
    more() { [ "$(seen "$pattern")" -gt "$before" ]; }
    "$MXPULL" drill -c "$conf" --wait 1h "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
    program=$!
    wait_for "$SOON" more || fail "$*: no $pattern"
    kill -KILL "$program"
    wait "$program" 2>/dev/null
    program=
}
configure "$logged" primary "$hook" mute swallowing slow
rm -f "$tmp/hook"
kill_when 'slow.* < RCPT' slow
kill_when 'mute.* > 354' mute
kill_when 'swallowing.* < QUIT' swallowing
expect "a drill that is not over runs no on_drill" "" "$(cat "$tmp/hook" 2>/dev/null)"
content=$(seen '< DATA')
run 75 drill -c "$conf" --wait 1s mute swallowing
for name in mute swallowing; do
    expect_match "$name: one message was sent" "not drilled: a message was sent today already, at " "$(line $name)"
done
expect "no other message" "$content" "$(seen '< DATA')"
run 0 status -c "$conf"
expect "what has not been finished" 2 "$(grep -c 'drill unknown .*: whether a message for t.example came back could not be seen: not finished: ' "$tmp/out")"
run 0 status --json -c "$conf"
expect "as JSON, and nothing of a message that was not sent" "unknown null null" \
    "$(jq -r '[.. | objects | .drill? // empty | [.outcome, .accepted_ms, .evidence | tostring] | join(" ")] | unique | join("; ")' "$tmp/out")"

# --- nothing can be remembered -----------------------------------------------------------------------------------------------------------------
cannot="not drilled: it could not be remembered that a message was sent today: "
configure "$logged" primary '' holding
: >"$tmp/state.$configured"
run 75 drill -c "$conf"
expect_in "no store" "$cannot" "$tmp/out"
expect_in "how to send one" "; --force sends one all the same" "$tmp/out"
expect "nothing is sent" "$content" "$(seen '< DATA')"
run 0 drill -c "$conf" --force
expect_match "with --force it is" "arrived [0-9.]+ s \(log\)$" "$(line holding)"
if [ -z "$DRIVE" ] && mkdir "$tmp/disk" && unshare -rm mount -t tmpfs tmpfs "$tmp/disk" 2>/dev/null; then
    cat >"$tmp/disk.sh" <<'END'
mount -t tmpfs -o size=1m tmpfs "$tmp/disk" && cd "$tmp" || exit 77
"$MXPULL" pull -q -c "$conf" && dd if=/dev/zero of=disk/rest bs=4k
"$MXPULL" drill -c "$conf" >out 2>err </dev/null
echo $? >full
grep -c 'holding.* < DATA' journal.servers >sent
"$MXPULL" drill -c "$conf" --force >forced 2>err </dev/null
echo $? >>full
END
    sed -i "s|^state_dir = .*|state_dir = \"$tmp/disk/state\"|" "$tmp/mxpull.conf"
    content=$(seen 'holding.* < DATA')
    export tmp conf MXPULL
    unshare -rm bash "$tmp/disk.sh" >"$tmp/disk.out" 2>&1
    expect "a full disk; and with --force" "75 0" "$(paste -sd' ' "$tmp/full")"
    expect_in "it is said" "$cannot" "$tmp/out"
    expect "nothing is sent then" "$content" "$(cat "$tmp/sent")"
else
    echo 'SKIPPED: a full disk'
fi

[ -z "$DRIVE" ] || finish # Windows has no signals
# --- Ctrl-C --------------------------------------------------------------------------------------------------------------------------------------
configure "$logged" primary '' swallowing silent
drill_beside swallowing --wait 1h
touch "$tmp/answer"
"$MXPULL" drill -c "$conf" --force --wait 1s swallowing >"$tmp/second" 2>&1 </dev/null
expect "two at once" 75 $?
expect_in "the second one sends nothing" "not drilled: process $program is drilling it" "$tmp/second"
kill -TERM "$program"
await "stopped" 75
expect_match "what is known by then" "$accepted .*stopped before it was known whether it arrives" "$(line swallowing)"
expect_in "where to look" "look for the subject \"mxpull drill " "$tmp/out"
run 75 drill -c "$conf" --wait 1s swallowing
expect_in "it counts as sent" "a message was sent today already" "$tmp/out"
# --- by the daemon -------------------------------------------------------------------------------------------------------------------------------
configure "$logged" primary 'drill = "* * * * *" jitter = 0s' holding swallowing
kept=$(arrived)
swallowed=$(seen 'swallowing.* < DATA')
"$MXPULL" daemon -v -c "$conf" >"$tmp/out" 2>"$tmp/err" </dev/null &
program=$!
drilled() { grep -c "event=drill backup=holding domain=t.example outcome=ok evidence=log" "$tmp/err"; }
expect_within 120 "the daemon drills by its cron expression" 1 drilled
expect "one message" $((kept + 1)) "$(arrived)"
left_out() { grep -c 'backup=holding decision="no drill" why="a message was sent today already"' "$tmp/err"; }
wait_for 120 grep -q 'backup=holding decision="no drill"' "$tmp/err"
expect_match "a minute later none, for one was sent that day" "^[1-9]" "$(left_out)"
wait_for 120 grep -q 'backup=swallowing decision="no drill" why="its last drill is still under way"' "$tmp/err" ||
    fail "a second drill begins beside the first"
expect "one message to the one that swallows" $((swallowed + 1)) "$(seen 'swallowing.* < DATA')"
kill -TERM "$program"
await "the daemon ends" 0
expect "still one message" $((kept + 1)) "$(arrived)"
run 0 status -c "$conf"
expect_in "status" "drill ok" "$tmp/out"
expect_in "what was under way when it ended" "drill unknown" "$tmp/out"
finish
