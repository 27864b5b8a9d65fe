#!/bin/bash
# What one provider or backup may take of our time, and may have us write, is bounded as a whole.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

cat >"$tmp/script" <<END
server flood 127.0.0.1:0
  auth PLAIN me secret
  odmr $tmp/none
  on-connection 1 reply ATRN "250 go"
  turn expect
  turn say "EHLO mx"
  turn expect
  turn say "MAIL FROM:<a@far.example>"
  turn expect
$(for i in $(seq 300); do printf '  turn say "RCPT TO:<u%d@elsewhere.example>"\n  turn expect\n' "$i"; done)
  turn say "QUIT"
  turn expect
server drip 127.0.0.1:0
  auth PLAIN me secret
  odmr $tmp/none
  on-connection 1 reply ATRN "250 go"
  turn expect
  turn say "EHLO mx"
  turn expect
  turn say "MAIL FROM:<a@far.example>"
  turn expect
  turn say "RCPT TO:<u@a.example>"
  turn expect
  turn say "DATA"
  turn expect
  turn say "more" *500
  drip 20 100ms
server noop 127.0.0.1:0
  auth PLAIN me secret
  odmr $tmp/none
  on-connection 1 reply ATRN "250 go"
  turn expect
$(for i in $(seq 60); do printf '  turn say "NOOP"\n  turn expect\n'; done)
  drip 6 300ms
server slow 127.0.0.1:0
  delay ETRN 2500ms
sink primary 127.0.0.1:0
  keep $tmp/arrived
END
mkdir "$tmp/none" "$tmp/arrived"
start_sim sim "$tmp/script"
turn='user = me password = secret tls = off auth_in_clear = true method = atrn'
cat >"$tmp/mxpull.conf" <<END
state_dir = "$theirs/state"
primary { address = "127.0.0.1:$(port primary)" relay_connections = 1 }
backup flood { host = "127.0.0.1" port = $(port flood) domains = {a.example} $turn idle_timeout = 1m }
backup drip { host = "127.0.0.1" port = $(port drip) domains = {a.example} $turn idle_timeout = 2s }
backup noop { host = "127.0.0.1" port = $(port noop) domains = {a.example} $turn idle_timeout = 2s }
backup slow { host = "127.0.0.1" port = $(port slow) command_timeout = 5s domains = {$(seq -s , -f 'd%g.example' 10)} }
END
$private "$tmp/mxpull.conf" ${DRIVE:+/inheritance:r} >/dev/null 2>&1 || chmod 600 "$tmp/mxpull.conf"
conf=$theirs/mxpull.conf

run 75 pull -c "$conf" flood
expect "refused commands have a hundred lines" 100 "$(grep -c '^backup=flood refused=' "$tmp/err")"
expect_in "the others are counted in one" 'lines_left_out=200' "$tmp/err"
expect_in "all are counted in the answer" '300 recipients refused here' "$tmp/out"

run 75 pull -c "$conf" drip
expect_in "a message that comes too slowly ends" 'the provider was too slow' "$tmp/out"
run 75 pull -c "$conf" noop
expect_in "so do commands that move nothing" 'the provider was too slow' "$tmp/out"
expect "nothing has arrived" 0 "$(find "$tmp/arrived" -type f | wc -l)"

run 75 pull -c "$conf" slow
expect_in "a poll by ETRN ends" 'the backup has taken too long' "$tmp/out"
asked=$(grep -c '< ETRN' "$tmp/journal.sim")
[ "$asked" -ge 3 ] && [ "$asked" -lt 10 ] && ok "after some of the domains ($asked)" || fail "$asked domains were asked"
run 75 pull -c "$conf" slow
expect "the next one begins with the others" "$((asked + 1))" \
    "$(grep -o '< ETRN d[0-9]*' "$tmp/journal.sim" | awk 'seen[$0]++ == 0 { n++ } NR == '"$((asked + 1))"' { print n }')"

# More messages of a backup than a poll may have us write down, as our own server's log tells of them.
printf 'server swift 127.0.0.1:0\n  reply ETRN "250 OK"\nsink taking 127.0.0.1:0\n' >"$tmp/script"
start_sim heard "$tmp/script"
: >"$tmp/mail.log"
cat >"$tmp/heard.conf" <<END
state_dir = "$theirs/heard"
primary { address = "127.0.0.1:$(port taking)" mail_log = "file:$theirs/mail.log" quiet = 3s }
backup swift { host = "127.0.0.1" port = $(port swift) domains = a.example arrives_from = "127.0.0.1" }
END
timeout "$PULL_SECONDS" "$MXPULL" pull --wait 100s -c "$theirs/heard.conf" >"$tmp/waited" 2>&1 &
waiting=$!
expect_soon "it is asked" 1 grep -c "< ETRN" "$tmp/journal.heard"
seq 10050 | sed 's/.*/2026-11-29 10:00:00 1abcde-000000-00 <= a@b.example H=mx2 [127.0.0.1] P=esmtp S=9 id=&@b.example/' >"$tmp/lines"
dd if="$tmp/lines" of="$tmp/mail.log" bs=4M oflag=append conv=notrunc 2>/dev/null # at once: no quiet comes between two
wait $waiting
expect_in "all are counted" "10050 messages" "$tmp/waited"
run 0 history --messages --limit 0 -c "$theirs/heard.conf"
expect "ten thousand are written down" 10000 "$(wc -l <"$tmp/out")"
finish
