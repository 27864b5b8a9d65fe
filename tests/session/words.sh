#!/bin/bash
# What remotes say, and how we tell it: nothing that nobody would see gets through to any output, and what is too long is cut, not lost.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

# expect_none WHAT PATTERN FILE
expect_none() {
    expect "$1" "" "$(LC_ALL=C.UTF-8 grep -aP -- "$2" "$3" | head -c 300)"
}

# --- what nobody would see ------------------------------------------------------------------------------------------------------
cat >"$tmp/script" <<END
server hidden 127.0.0.1:0
  reply ETRN "459 so\xc2\xadft\xe2\x80\x8b\xe2\x80\xaegnp.exe \xe2\x81\xa6x\xe2\x81\xa9 \xef\xbb\xbf\xf3\xa0\x81\x81 \x1b[2J |a=1;=cmd"
server formula 127.0.0.1:0
  reply ETRN "459 =1+1"
server long 127.0.0.1:0
  reply ETRN "459-$(printf 'x%.0s' {1..300})" *60 "459 end"
sink primary 127.0.0.1:0
END
start_sim sim "$tmp/script"
conf=$theirs/mxpull.conf
cat >"$tmp/mxpull.conf" <<END
state_dir = "$theirs/state"
primary { address = "127.0.0.1:$(port primary)" }
backup hidden { host = "127.0.0.1" port = $(port hidden) domains = {"@exam$(printf '\302\255')ple.com"} }
backup "=cmd|' /C calc'!A0" { host = "127.0.0.1" port = $(port formula) domains = {"@example.com"} }
END
seen='[\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{e0000}-\x{e007f}\x1b\x7f]'
{ printf 'log = "file:%s"\nmetrics_file = "%s"\n' "$theirs/log" "$theirs/metrics.prom" && cat "$tmp/mxpull.conf"; } >"$tmp/logged"
[ -n "$DRIVE" ] && show=set || show=env # all variables
{ printf 'log = "file:%s"\nlog_format = json\non_failure = "%s >>%s"\n' "$theirs/log.json" "$show" "$theirs/variables" && cat "$tmp/mxpull.conf"; } >"$tmp/json"

check() { # STATUS ARGUMENT…
    run "$@"
    shift
    expect_none "mxpull $*: standard output" "$seen" "$tmp/out"
    expect_none "mxpull $*: standard error" "$seen" "$tmp/err"
}
check 77 pull -c "$theirs/json"
check 77 pull -vv -c "$conf"
check 77 pull -c "$theirs/logged"
check 77 pull --json -c "$conf"
expect "domains stay what they are in JSON" "@exam$(printf '\302\255')ple.com" "$(jq -r '.results[0].domain' "$tmp/out")"
check 0 status -c "$conf"
check 0 status --json -c "$conf"
check 2 status --nagios -c "$conf"
expect "one bar" 1 "$(tr -cd '|' <"$tmp/out" | wc -c)"
check 0 history -c "$conf"
check 0 history --json -c "$conf"
check 0 history --csv -c "$conf"
expect "cells that begin a formula" 0 "$(grep -cE "(^|[,;])[ \"]*[-=+@]" "$tmp/out")"
check 0 config -c "$conf"
check 0 config --json -c "$conf"
check 64 pull -c "$conf" "no$(printf '\342\200\256')body"
check 78 pull -c "$theirs/no$(printf '\342\200\256\033')file"
HOME=/$(printf '\342\200\256') check 0 --help
check 64 "pu$(printf '\342\200\256')ll"
for file in log metrics.prom log.json variables; do
    [ -s "$tmp/$file" ]
    expect "there is something in $file" 0 $?
    expect_none "$file" "$seen" "$tmp/$file"
done

# --- what is too long ----------------------------------------------------------------------------------------------------------------
sed "s/= $(port hidden) /= $(port long) /" "$tmp/mxpull.conf" >"$tmp/long.conf"
{ printf 'log = "file:%s"\n' "$theirs/long" && cat "$tmp/long.conf"; } >"$tmp/logged"
{ printf 'log = "file:%s"\nlog_format = json\n' "$theirs/long.json" && cat "$tmp/long.conf"; } >"$tmp/json"
run 77 pull -c "$theirs/logged"
expect_in "a reply of 18 KB in pull" " 459 xxxxx" "$tmp/out"
expect_in "is cut with a mark" "x…" "$tmp/out"
run 77 pull -c "$theirs/json"
expect "in the log, as a line" 1 "$(grep -c '^.* warning backup=hidden .* code=459 outcome=denied ms=.* text="\?x*.*xxx…"\?$' "$tmp/long")"
expect "and as JSON" "hidden 459 …" "$(jq -r 'select(.backup == "hidden" and .code) | "\(.backup) \(.code) \(.text[-1:])"' "$tmp/long.json")"
run 0 history -c "$theirs/long.conf" hidden
expect_in "in history" "459 xxxxx" "$tmp/out"
expect_in "cut with a mark" "x…" "$tmp/out"
run 0 history --json -c "$theirs/long.conf" --limit 1 hidden
expect "in history's JSON" "…" "$(jq -r '.answers[0].text[-1:]' "$tmp/out")"
run 0 status -c "$theirs/long.conf"
expect_in "in status" "459 xxxxx" "$tmp/out"
expect_in "cut there too" "x…" "$tmp/out"
run 2 status --nagios -c "$theirs/long.conf"
expect_in "in Nagios' line" "x… (and" "$tmp/out"

# Our own server answers a message with 18 KB of bytes that are no text.
mkdir "$tmp/waiting"
printf 'X-Mxsim-To: u@a.example\nX-Mxsim-From: s@x.example\n\nhello\n' >"$tmp/waiting/1.eml"
cat >"$tmp/script" <<END
server provider 127.0.0.1:0
  auth PLAIN joe secret
  odmr $tmp/waiting
sink talkative 127.0.0.1:0
  reply . "450-$(printf '\\xff%.0s' {1..300})" *60 "450 end"
END
start_sim messages "$tmp/script"
for format in text json; do
    cat >"$tmp/messages.conf" <<END
state_dir = "$theirs/messages"
log = "file:$theirs/messages.$format"
log_format = $format
primary { address = "127.0.0.1:$(port talkative)" }
backup provider { host = "127.0.0.1" port = $(port provider) method = atrn domains = a.example user = joe password = secret auth_in_clear = true }
END
    chmod 600 "$tmp/messages.conf"
    timeout "$PULL_SECONDS" "$MXPULL" pull -c "$theirs/messages.conf" >/dev/null 2>&1
done
# It is offered three times, and the third time put off at its recipient.
expect "its lines in the log are whole" 2 "$(grep -c ' warning backup=provider from=s@x.example to=u@a.example bytes=[0-9]* code=450 text=\\xff.*…$' "$tmp/messages.text")"
expect "and as JSON" "450 … 450 …" "$(jq -r 'select(.from) | "\(.code) \(.text[-1:])"' "$tmp/messages.json" | paste -sd' ')"
expect "no line of the log is empty" 0 "$(cat "$tmp/messages.text" "$tmp/messages.json" | grep -cE '^$|(warning|info) $')"

# --- what can be done --------------------------------------------------------------------------------------------------------------
cat >"$tmp/script" <<END
server plain 127.0.0.1:0
  reply ETRN 530.example "530 5.7.0 Must issue a STARTTLS command first"
  reply ETRN 458.example "458 Administrative prohibition"
  reply ETRN 459.example "459 no"
  reply ETRN "501 no"
server shut 127.0.0.1:0
  greeting "554 no" close
server nameless 127.0.0.1:0
  reply EHLO "504 need fully-qualified hostname"
  reply HELO "504 need fully-qualified hostname"
sink primary 127.0.0.1:0
END
start_sim advice "$tmp/script"
plain="host = 127.0.0.1 port = $(port plain)"
cat >"$tmp/advice.conf" <<END
state_dir = "$theirs/advice"
primary { address = "127.0.0.1:$(port primary)" }
backup plain { $plain domains = {a.example, "#b.example", "#queue", 530.example, 458.example, 459.example} }
backup required { $plain domains = a.example tls = required }
backup implicit { $plain domains = a.example tls = implicit connect_timeout = 5s }
backup shut { host = 127.0.0.1 port = $(port shut) domains = a.example }
backup nameless { host = 127.0.0.1 port = $(port nameless) domains = a.example }
backup nowhere { host = "no-such-host.invalid" domains = a.example connect_timeout = 5s }
END
advises() { # BACKUP DOMAIN ADVICE: what stands so many lines below its name
    grep -A "$below" "^$1 *$2 " "$tmp/out" >"$tmp/told"
    expect_in "advice of $1 $2, in $command" "$3" "$tmp/told"
}
for command in pull status; do
    [ $command = pull ] && below=1 || below=3
    run "$([ $command = pull ] && echo 78 || echo 0)" $command -c "$theirs/advice.conf"
    advises plain a.example 'write "#a.example" in domains, as Exim wants it, or "@a.example"'
    advises plain '#b.example' 'write "b.example" in domains, without the #'
    advises plain '#queue' 'what the queue is called'
    advises plain 530.example 'offers neither here'
    advises plain 458.example 'Exim says 458 for what it never allows, too'
    advises plain 459.example 'to allow your address to ask for this domain'
    advises required a.example 'set tls = may to go without TLS'
    # Under wine a server that speaks in clear is waited for until the time is over.
    [ -n "$DRIVE" ] || advises implicit a.example 'on a port that begins in clear set tls = required'
    advises shut a.example 'to let your address in'
    advises nameless a.example 'set ehlo_name'
    advises nowhere a.example 'check the name in host'
    expect "no word about certificates, in $command" 0 "$(grep -c certificate "$tmp/out")"
done

finish
