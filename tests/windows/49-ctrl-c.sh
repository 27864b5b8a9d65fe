#!/bin/bash
# A person presses Ctrl-C while a pull waits for an answer, and while mail comes in: the pull ends within two seconds, and says QUIT where
# the line is free for it; what was acknowledged is safe, and the rest is still with the provider.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs_only_sim

messages=20
mkdir "$tmp/waiting" "$tmp/arrived"
for ((number = 1; number <= messages; number++)); do
    printf 'From: a@sender.test\nTo: user@example.test\nX-Test-Id: message-%d\n\nhello\n' "$number" >"$tmp/waiting/$number.eml"
done
start_sim sim <<SCRIPT
server slow $PRIMARY:0
  delay ETRN until $tmp/never
server provider $PRIMARY:0
  auth PLAIN $SERVER_USER word
  odmr $tmp/waiting
sink primary $PRIMARY:0
  delay 100ms
  keep $tmp/arrived lf
SCRIPT
{
    printf 'primary {\n    address = "%s:%d"\n}\n' "$PRIMARY" "$(port primary)"
    backup_section slow '"example.test"' "host = \"$PRIMARY\"" "port = $(port slow)"
    backup_section provider '"example.test"' "host = \"$PRIMARY\"" "port = $(port provider)" 'method = atrn' 'tls = off' \
        'auth_in_clear = true' "user = \"$SERVER_USER\"" 'password = word'
} | write_bare_config

# press_after REGEX COUNT: presses the key when the log has come to hold so many such lines.
press_after() { wait_for 120 has_come "$1" "$2" && : >"$tmp/end"; }

press_after '^slow#.* < ETRN' 1 &
by_ends ctrl-c
pull -vv slow
expect_pull 'waiting for an answer' 75 interrupted
expect_quick_end 'waiting for an answer' "$tmp/err"
expect 'waiting for an answer: QUITs' 1 "$(grep -c '> QUIT' "$tmp/err")"

press_after '^primary#.* kept ' 5 &
by_ends ctrl-c
pull provider
expect_pull 'mail coming in' 75 interrupted
expect_quick_end 'mail coming in' "$tmp/err"

MXPULL_BY=''
left=$(find "$tmp/waiting" -name '*.eml' | wc -l)
[ "$left" -gt 0 ] || fail 'all the mail had come before the key: this test proves little'
pull provider
expect_pull 'the next pull' 0 received
expect 'the next pull: messages' "$left" "$(json '.results[0].messages')"
expect 'different messages at our own server' "$messages" "$(cat "$tmp"/arrived/*.eml | grep '^X-Test-Id' | sort -u | wc -l)"
finish
