#!/bin/bash
# What a person sees at a terminal: what is waited for, while it is waited for, and each answer once. Needs MXPULL and MXSIM; script(1)
# plays the terminal.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

command -v script >/dev/null || skip 'script (util-linux) is not installed'

# at_terminal TYPE ARGUMENT…: runs mxpull at a terminal of this type; what it shows goes to $tmp/screen.
at_terminal() {
    local type=$1
    shift
    TERM=$type timeout "$PULL_SECONDS" script -qec "stty cols ${columns:-100} rows 24; '$MXPULL' $* --color never -c '$tmp/mxpull.conf'" /dev/null </dev/null >"$tmp/screen"
    sed -i 's/\r//g' "$tmp/screen"
}

cat >"$tmp/script" <<END
server slow 127.0.0.1:0
  delay ETRN 2500ms
server mute 127.0.0.1:0
  delay greeting 2500ms
server moody 127.0.0.1:0
  reply ETRN "458 later"
sink primary 127.0.0.1:0
  delay greeting 2500ms
END
start_sim sim "$tmp/script"
configure() { # PRIMARY BACKUP…
    {
        printf 'state_dir = "%s/state"\nretry = 3s\n%s\n' "$tmp" "$1"
        shift
        for name; do
            printf 'backup %s { host = "127.0.0.1" port = %s domains = {a.example, b.example} }\n' "$name" "$(port "$name")"
        done
    } >"$tmp/mxpull.conf"
}

# --- what is waited for -------------------------------------------------------------------------------------------------------------
configure "primary { address = \"127.0.0.1:$(port primary)\" greeting_timeout = 90s }" slow
at_terminal xterm pull
expect_in "our own server has a line" "your mail server  127.0.0.1:$(port primary)  connected, no greeting yet" "$tmp/screen"
expect_in "how long so far, and when that ends" "no greeting yet, 2s, gives up in 1m28s" "$tmp/screen"
expect_in "then the backup" "slow  a.example  ETRN sent, 2s" "$tmp/screen"
expect_in "its answers" "slow  b.example  started" "$tmp/screen"
expect_in "the sum" "2 asked, 2 ok, 0 failed" "$tmp/screen"
expect "once a second at most" yes "$([ "$(grep -c 'no greeting yet, 1s' "$tmp/screen")" -le 2 ] && echo yes)"

columns=80 at_terminal xterm pull
expect_in "at 80 columns, too" "1m28s" "$tmp/screen"
configure "primary { preflight = off }" slow
sed -i 's/^backup slow/backup a_name_that_is_as_long_as_forty_columns/; s/b\.example/that-is-a-long-name.example/' "$tmp/mxpull.conf"
columns=60 at_terminal xterm pull
expect_in "what is waited for has its place behind long names" "…  ETRN sent, 1s" "$tmp/screen"
expect_in "and so has the outcome" "      started         250 " "$tmp/screen"

configure "primary { preflight = off }" mute
at_terminal xterm pull
expect_in "a backup that does not greet" "connected, no greeting, 2s" "$tmp/screen"

configure "primary { preflight = off }" moody
at_terminal xterm pull --retry
expect_in "a retry" "again in 3s" "$tmp/screen"
# The time that goes by redraws the rows once a second, whenever the wait began: one of these two is left out on a slow machine.
expect "and while it is waited for" yes "$(grep -qE 'again in [12]s' "$tmp/screen" && echo yes)"

# --- no more than can be shown ---------------------------------------------------------------------------------------------------------
at_terminal dumb pull
expect "a dumb terminal: no control sequences" 0 "$(grep -c $'\x1b' "$tmp/screen")"
expect "each answer once" 2 "$(grep -c '458 later' "$tmp/screen")"
expect "what can be done once" 1 "$(grep -c 'pull again later' "$tmp/screen")"
"$MXPULL" pull -c "$tmp/mxpull.conf" >"$tmp/out" 2>&1
expect "standard error where standard output goes: each answer once" 2 "$(grep -c '458 later' "$tmp/out")"
"$MXPULL" pull -c "$tmp/mxpull.conf" >"$tmp/out" 2>"$tmp/err"
expect "standard error elsewhere: as a log" 2 "$(grep -c 'outcome=deferred' "$tmp/err")"

finish
