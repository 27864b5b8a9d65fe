#!/bin/bash
# mxpull pull --wait, and the daemon's watch after its polls, against mxsim: backups that deliver, slowly, something else or nothing, to a
# primary whose log is written beside it; what is told, and the exit status.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
more_evidence() { [ ! -s "$tmp/log" ] || { printf -- '--- the daemon:\n'; cat "$tmp/log"; }; }
# shellcheck disable=SC2034
PULL_SECONDS=120
command -v jq >/dev/null || skip 'jq is not installed'

# --- the servers ------------------------------------------------------------------------------------------------------------
cd "$tmp" || exit 1
mkdir full many slow sold queue kept

# fill DIRECTORY COUNT: messages that wait there.
fill() {
    rm -f "$1"/*.eml "$1"/*.sent
    for ((i = 1; i <= $2; i++)); do
        printf 'From: <a@b.example>\nTo: <x@a.example>\nMessage-ID: <%s@b.example>\n\nhello\n' "$i" >"$1/$i.eml"
    done
}

cat >"$tmp/script" <<END
server full 127.0.0.1:0
  deliver full primary
server many 127.0.0.1:0
  deliver many primary count say-empty
server slow 127.0.0.1:0
  deliver slow lazy
server mute 127.0.0.1:0
  reply ETRN "250 OK"
server stuck 127.0.0.1:0
  reply ETRN "253 5 pending messages for node a.example started"
server gone 127.0.0.1:0
  on-connection 1 reply ETRN "253 5 pending messages for node a.example started"
  on-connection 2+ reply ETRN "251 none"
server empty 127.0.0.1:0
  reply ETRN "251 none"
server bad 127.0.0.1:0
  reply ETRN "459 no"
server moody 127.0.0.1:0
  on-connection 1 reply ETRN "458 later"
  deliver queue primary
server sold 127.0.0.1:0
  auth PLAIN user secret
  odmr sold
sink primary 127.0.0.1:0
  keep kept
sink lazy 127.0.0.1:0
  keep kept
  delay DATA 1s
END
start_sim sim "$tmp/script"

# The log of the primary, as Exim writes it: a line for each message that it takes.
log=$tmp/mail.log number=0
exim() { printf '2026-11-29 10:00:00 %s\n' "$*" >>"$log"; }
exim '1abcde-000000-00 <= old@b.example H=mx2 [127.0.0.1] P=esmtp S=999 id=old@b.example'
tail --pid=$$ -n +1 -s 0.1 -f "$tmp/journal.sim" | while IFS= read -r line; do
    [[ $line != *" kept "* ]] || exim "1abcde-000000-00 <= a@b.example H=mx2 [127.0.0.1] P=esmtp S=${line##*bytes=} id=$((++number))@b.example"
done &

# when_asked NAME LINE: writes the line into the log as soon as the backup is asked.
when_asked() {
    local before
    before=$(asked "$1")
    { wait_for "$SOON" prints $((before + 1)) asked "$1" && exim "$2"; } &
}

# configure LINE…: the primary's options beside its address (PRIMARY: another one), and a section for each backup.
configure() {
    local name
    {
        printf 'state_dir = "%s/state"\nretry = 1s\n' "$tmp"
        printf 'primary { address = "%s" %s }\n' "${PRIMARY:-127.0.0.1:$(port primary)}" "$1"
        for name in full many slow mute stuck gone empty bad moody; do
            printf 'backup %s { host = "127.0.0.1" port = %s domains = a.example arrives_from = "%s" }\n' "$name" "$(port "$name")" "${FROM:-127.0.0.1}"
        done
        printf 'backup sold { host = "127.0.0.1" port = %s domains = a.example method = atrn user = user password = secret auth_in_clear = true }\n' "$(port sold)"
    } >"$tmp/mxpull.conf"
    chmod 600 "$tmp/mxpull.conf"
}
seen="mail_log = \"file:$log\" quiet = 2s"
pull() { run "$1" pull -c "$tmp/mxpull.conf" "${@:2}"; }
arrival() { jq -r ".results[${1:-0}].arrival | if . == null then . else \"\(.state) \(.evidence) \(.messages) \(.connections)\" end" "$tmp/out"; }
asked() { grep -c "^$1#.* < ETRN" "$tmp/journal.sim"; }

# --- arrived ------------------------------------------------------------------------------------------------------------------
configure "$seen"
sed -i "1i on_mail = 'env | grep ^MXPULL_ >>\"$tmp/mail\"'" "$tmp/mxpull.conf"
# on_mail EVIDENCE…: the runs of on_mail since the last time, each by its backup, how much came, and by what that was seen.
on_mail() { sed -n 's/^MXPULL_EVENT=mail$/|/p; s/^MXPULL_\(BACKUP\|OUTCOME\|MESSAGES\|EVIDENCE\)=/\1=/p' "$tmp/mail" 2>/dev/null | sort | paste -sd' '; rm -f "$tmp/mail"; }
fill full 3
pull 0 --wait 60s full
expect "on_mail" "BACKUP=full EVIDENCE=log MESSAGES=3 OUTCOME=arrived |" "$(on_mail)"
expect_match "messages that the log tells of" $'\nfull  arrived  3 messages, [0-9]+ B from 127\\.0\\.0\\.1 in [0-9.]+ s \\(log\\)\n' "$(cat "$tmp/out")"
expect_in "the answer stands before" "full  a.example  started" "$tmp/out"
expect_in "and the sum behind" "1 asked, 1 ok, 0 failed" "$tmp/out"
expect_in "a log line" "backup=full arrival=arrived evidence=log messages=3 bytes=" "$tmp/err"
fill full 2
pull 0 --wait 60s --json full
expect "as JSON; our own connections are not counted" "arrived log 2 1" "$(arrival)"
expect "with its times" true "$(jq '.results[0].arrival | (.first | type) == "string" and .first <= .last and .address == "127.0.0.1" and .bytes > 100' "$tmp/out")"
pull 0 --json full
expect "without --wait" null "$(jq -c '.results[0].arrival' "$tmp/out")"
fill full 1
pull 0 --wait 60s -q full
expect "-q and all well" "" "$(cat "$tmp/out" "$tmp/err")"

# 253 with a number, then 251: no waiting for the quiet.
fill many 4
configure "mail_log = \"file:$log\" quiet = 1h"
pull 0 --wait 100s many
expect_match "what was announced, and is settled by asking again" '253 OK, 4 pending.* many  arrived  4 messages' "$(tr '\n' ' ' <"$tmp/out")"
expect "it was asked again, and that is remembered" "pull wait" "$(run_mxpull history -c "$tmp/mxpull.conf" --json many && jq -r '[.answers[].cause] | join(" ")' "$tmp/out")"

# A slow one: it comes, and the time is over.
configure "$seen"
PRIMARY=127.0.0.1:$(port lazy) configure "mail_log = \"file:$log\" quiet = 5s"
fill slow 12
pull 0 --wait 6s slow
expect_match "mail that still comes" 'slow  coming   ([1-9]|1[01]) messages?, [0-9]+ B from 127.0.0.1 so far \(log\)' "$(cat "$tmp/out")"
sent() { find slow -name '*.sent' | wc -l; }
expect_soon "the slow backup delivers the rest" 12 sent
fill slow 3
pull 0 --wait 90s slow
expect_in "slow mail is waited for" "slow  arrived  3 messages" "$tmp/out"

# --- nothing ------------------------------------------------------------------------------------------------------------------
configure "$seen"
pull 0 --wait 2s mute
expect_in "after 250" "mute  unseen   nothing came in 2s" "$tmp/out"
expect_in "is either of two" 'either nothing was waiting, or it cannot reach your mail server: "mxpull drill mute" tells which' "$tmp/out"
pull 75 --wait 2s stuck
expect_in "after 253" "stuck  unseen   mail waits there, but nothing came in 2s" "$tmp/out"
expect_in "there is something to do" "firewall and NAT must let it in, to TCP port 25, from 127.0.0.1" "$tmp/out"
expect_in "and it is a warning" "backup=stuck arrival=unseen" "$tmp/err"
"$MXPULL" status -q -c "$tmp/mxpull.conf" >"$tmp/out"
expect_in "and the status tells it" "stuck  mail announced " "$tmp/out"
expect_in "in words" " ago was not seen to come" "$tmp/out"
pull 75 --wait 2s -q stuck
expect_in "-q tells it" "stuck  unseen " "$tmp/out"
pull 75 --wait 2s --json stuck mute
expect "as JSON" "unseen null 0 0 unseen null 0 0 75" "$(arrival 0) $(arrival 1) $(jq .exit_status "$tmp/out")"
pull 0 --wait 60s empty
expect_in "251 is no reason to wait" "empty  empty    nothing waits there" "$tmp/out"
pull 0 --wait 60s gone
expect_in "251 after 253" "gone  empty    nothing waits there any more (re-asked)" "$tmp/out"
expect_in "is not called arrived" "what it had was not seen to come from its addresses" "$tmp/out"
pull 77 --wait 60s --json bad
expect "a backup that refuses is not waited for" null "$(arrival)"

# Mail from elsewhere meanwhile; mail that the primary refuses.
FROM=192.0.2.7 configure "$seen"
when_asked mute '1abcde-000000-00 <= a@b.example H=other [192.0.2.99] P=esmtp S=340 id=z@b.example'
pull 0 --wait 4s --json mute
expect "mail of others is not counted" "unseen null 0 0" "$(arrival)"

when_asked stuck 'H=mx2 [192.0.2.7] F=<a@b.example> rejected RCPT <x@a.example>: relay not permitted'
pull 75 --wait 60s stuck
expect_match "mail that our own server refuses" 'stuck  unseen   your mail server has refused it: .*relay not permitted.* \(log\)' "$(cat "$tmp/out")"

# --- what cannot be seen ------------------------------------------------------------------------------------------------------
configure "mail_log = off quiet = 2s"
fill full 1
pull 0 --wait 60s full
expect_in "connections tell of no messages" "full  unknown  1 connection from 127.0.0.1; whether they brought mail cannot be seen (connections)" "$tmp/out"
expect_in "a log would" "messages are seen in your mail server's log alone, which primary { mail_log } names: mail_log = off" "$tmp/out"
PRIMARY=192.0.2.1:25 configure "preflight = off mail_log = off"
pull 0 --wait 60s mute full
expect_in "a primary that is elsewhere" "mute  unknown  whether mail came cannot be seen" "$tmp/out"
expect "is told once" 1 "$(grep -c "no log: mail_log = off; no connections: your mail server is on another machine (192.0.2.1:25)" "$tmp/out")"
PRIMARY=unix:$tmp/none configure "preflight = off mail_log = \"file:$tmp/none.log\""
pull 0 --wait 60s --json mute
expect "a log that is not there, and a primary without a port" "unknown null null null" "$(arrival)"
pull 0 --wait 60s mute
expect_match "and why" "no log: .*none\\.log.*; no connections: mxpull reaches your mail server by a socket without a port" "$(tr -s '\n ' ' ' <"$tmp/out")"

# --- ATRN ---------------------------------------------------------------------------------------------------------------------
configure "mail_log = off"
sed -i "1i on_mail = 'env | grep ^MXPULL_ >>\"$tmp/mail\"'" "$tmp/mxpull.conf"
rm -f "$tmp/mail"
fill sold 2
pull 0 --wait 60s sold
expect "on_mail by the bridge, once" "BACKUP=sold EVIDENCE=bridge MESSAGES=2 OUTCOME=arrived |" "$(on_mail)"
fill sold 1
pull 0 sold
expect "on_mail without --wait" "BACKUP=sold EVIDENCE=bridge MESSAGES=1 OUTCOME=arrived |" "$(on_mail)"
fill sold 2
pull 0 --wait 60s sold
expect_match "what the bridge has counted" 'sold  arrived  2 messages, [0-9]+ B from 127.0.0.1 in [0-9.]+ s \(bridge\)' "$(cat "$tmp/out")"
rm -f "$tmp/mail"
fill sold 0
pull 0 --wait 60s --json sold
expect "no on_mail without mail" "" "$(on_mail)"
expect "nothing there" "empty null" "$(arrival | cut -d' ' -f1,2)"

# --- together with others -----------------------------------------------------------------------------------------------------
configure "$seen"
fill queue 2
pull 0 --wait 60s --retry moody
expect_in "--retry: the mail of the answer that came at last" "moody  arrived  2 messages" "$tmp/out"
before=$(asked mute)
pull 64 --wait 60s --dry-run mute
expect_in "--dry-run asks for no mail" "--wait cannot be used with --dry-run" "$tmp/err"
for wait in 0 0s 1 soon 2w ''; do
    pull 64 "--wait=$wait" mute
    expect_in "what --wait takes" "--wait is a duration of 1s to 1w, such as 60s or 5m" "$tmp/err"
done
run 64 status --wait 60s
expect "nothing was asked" "$before" "$(asked mute)"

# Ctrl-C ends the watch, and tells what was seen.
FROM=192.0.2.7 configure "$seen"
"$MXPULL" pull -c "$tmp/mxpull.conf" --wait 1h mute stuck >"$tmp/out" 2>"$tmp/err" </dev/null &
program=$!
wait_for "$SOON" grep -q '^stuck  a.example' "$tmp/out"
exim '1abcde-000000-00 <= a@b.example H=mx2 [192.0.2.7] P=esmtp S=340 id=c@b.example'
came() { "$MXPULL" status -c "$tmp/mxpull.conf" --json | jq '[.domains[] | select(.backup == "mute") | .arrival.messages] | max'; }
expect_soon "what is seen is remembered at once" 1 came
kill -INT "$program"
wait "$program"
expect "stopped in the watch" 0 $?
program=
expect_match "it tells what was seen" "mute +(coming|arrived)  *1 message, 340 B from 192.0.2.7" "$(cat "$tmp/out")"
expect_in "and the sum" "2 asked, 2 ok, 0 failed" "$tmp/out"

# --- the daemon ---------------------------------------------------------------------------------------------------------------
printf 'sink other 127.0.0.1:0\n  keep kept\n' >"$tmp/other"
start_sim other "$tmp/other"
other=$(port other)
printf 'sink other 127.0.0.1:%s\n  keep kept\n' "$other" >"$tmp/other"
{
    printf "on_mail = 'echo \$MXPULL_MESSAGES >>\"%s\"'\n" "$tmp/told"
    printf 'state_dir = "%s/daemon"\njitter = 0\nprimary { address = "127.0.0.1:%s" watch = 1s recovery = {0s, 1s} mail_log = "file:%s" quiet = 2s }\n' "$tmp" "$other" "$log"
    printf 'backup empty { host = "127.0.0.1" port = %s domains = a.example }\n' "$(port empty)"
    printf 'backup full { host = "127.0.0.1" port = %s domains = a.example arrives_from = "127.0.0.1" }\n' "$(port full)"
} >"$tmp/daemon.conf"
logged() { grep -cF -- "$1" "$tmp/log"; }
fill full 2
"$MXPULL" daemon -c "$tmp/daemon.conf" >"$tmp/log" 2>&1 </dev/null &
daemon=$!
processes+=("$daemon")
expect_soon "the daemon sees mail" 1 logged "backup=full arrival=arrived evidence=log messages=2"
remembered() { "$MXPULL" status -c "$tmp/daemon.conf" --json | jq '[.domains[] | select(.backup == "full") | .arrival.messages] | max'; }
expect_soon "it remembers it" 2 remembered
told() { "$MXPULL" history -c "$tmp/daemon.conf" --messages --json 2>/dev/null | jq -r '[.messages[] | "\(.backup) \(.evidence)"] | join(",")'; }
expect_soon "and the messages" "full log,full log" told

# An outage: what came back is told as a sum.
stop_sim other
expect_soon "an outage" 1 logged "event=outage "
fill full 3
start_sim other "$tmp/other"
expect_soon "what the recovery has brought" 1 logged "event=recovered "
expect_match "its sum" 'event=recovered .*backups=2 messages=3 text="outage of [0-9a-z]+ over: 2 backups asked, 3 messages came back in [0-9]+s"' "$(grep event=recovered "$tmp/log")"

# Mail that comes later in the ten minutes; and while nothing is watched no log is open.
exim '1abcde-000000-00 <= a@b.example H=mx2 [127.0.0.1] P=esmtp S=340 id=late@b.example'
expect_soon "mail that comes late is seen, too" 1 logged "backup=full arrival=arrived evidence=log messages=4"
expect_soon "on_mail tells of each message once" '2 3 1' paste -sd' ' "$tmp/told"
# shellcheck disable=SC2329
opened() { find "/proc/$daemon/fd" -lname "$log" | wc -l; }
[ ! -d "/proc/$daemon/fd" ] || expect "the log is open" 1 "$(opened)"
kill -HUP "$daemon"
[ ! -d "/proc/$daemon/fd" ] || expect_soon "a reload ends the watch" 0 opened
kill "$daemon"
wait "$daemon"
expect "the daemon ends" 0 $?

finish
