#!/bin/bash
# The program as a whole against mxsim: exit statuses, what stands on which stream, the lock, signals, faulty configurations.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

asked() { grep -c '< ETRN' "$tmp/journal.sim"; }

cat >"$tmp/script" <<END
server good 127.0.0.1:0
  reply ETRN "250 OK"
server slow 127.0.0.1:0
  delay ETRN until $tmp/answer
server locked 127.0.0.1:0
  auth PLAIN user secret
  reply ETRN "250 OK"
sink primary 127.0.0.1:0
END
start_sim sim "$tmp/script"

conf=$theirs/mxpull.conf
cat >"$tmp/mxpull.conf" <<END
state_dir = "$theirs/state"
primary { address = "127.0.0.1:$(port primary)" }
backup good { host = "127.0.0.1" port = $(port good) domains = {a.example, b.example} }
backup dead { host = "127.0.0.1" port = 1 domains = a.example }
END

# A command for the password that never ends, alone in its round: its time runs while the rest is tried.
cat >"$tmp/hung.conf" <<END
state_dir = "$theirs/hung"
primary { preflight = off }
backup hung { host = "127.0.0.1" port = 1 domains = a.example user = u tls = off auth_in_clear = true password_command = "sleep 200" }
END
hung=
if [ -z "$DRIVE" ]; then # Windows' shell has no sleep
    timeout "$PULL_SECONDS" "$MXPULL" pull -c "$theirs/hung.conf" >"$tmp/hung.out" 2>/dev/null &
    hung=$!
fi

# What users read calls their mail server by one name.
for words in --help "pull --help" "daemon --help" "status --help" "history --help" "config --help" "config -c $conf"; do
    # shellcheck disable=SC2086
    run 0 $words
    expect "mxpull $words: other names of your mail server" "" "$(grep -E "our own|for us\b|the primary" "$tmp/out")"
done

# --- answers -----------------------------------------------------------------------------------------------------------------
run 0 pull -c "$conf" good
expect_in "a line for each answer" "good  a.example  started         250 OK" "$tmp/out"
expect_in "a summary" "2 asked, 2 ok, 0 failed" "$tmp/out"
expect_in "a log line for each answer" "backup=good domain=b.example verb=ETRN code=250 outcome=started ms=" "$tmp/err"
run 75 pull -c "$conf"
expect_in "the others are asked all the same" "good  b.example  started" "$tmp/out"
run 0 pull -q -c "$conf" good
expect "-q and all well: standard output" "" "$(cat "$tmp/out")"
expect "-q and all well: standard error" "" "$(cat "$tmp/err")"
run 75 pull -q -c "$conf"
expect "-q and a failure: lines of answers" "1" "$(grep -c '^[a-z]' "$tmp/out")"
run 75 pull --json -c "$conf"
expect "JSON" '75 3 "unreachable"' "$(jq -c '.exit_status, (.results | length), .results[2].outcome' "$tmp/out" | paste -sd' ')"
expect "JSON is all there is" "1" "$(jq -s length "$tmp/out")"
before=$(asked)
run 0 pull --dry-run -c "$conf" good
expect "--dry-run asks nothing" "$before" "$(asked)"
MXPULL_CONFIG=$conf run 0 pull good
MXPULL_CONFIG=$theirs/none.conf run 78 check
expect_in "no configuration yet" '"mxpull init DOMAIN" makes a first one; -c names another place' "$tmp/err"
sed 's/^primary .*/primary { address = "127.0.0.1:1" }/' "$tmp/mxpull.conf" >"$tmp/down.conf"
before=$(asked)
run 75 pull -c "$theirs/down.conf" good
expect_in "our own server is down" "your mail server 127.0.0.1:1 does not answer: connection refused; nothing was asked of 1 backup (2 domains)" "$tmp/out"
expect "that is said once, and in the log" "2 1" "$(wc -l <"$tmp/out" | tr -d " ") $(grep -c "domains=2 outcome=held" "$tmp/err")"
expect "then nothing is asked" "$before" "$(asked)"
run 75 pull --dry-run -c "$theirs/down.conf" good
run 0 pull --force -c "$theirs/down.conf" good
expect "but with --force" "$((before + 2))" "$(asked)"
"$MXPULL" pull -c "$conf" good >/dev/full 2>"$tmp/err"
expect "exit status with a full standard output" 75 $?

# --- usage and configuration: nothing is asked ---------------------------------------------------------------------------------
before=$(asked)
run 64 pull -c "$conf" nobody
run 64 pull --nonsense
run 64 nonsense
run 64
run 0 --help
run 0 --version
expect "its TLS library and SQLite are named" 1 "$(grep -cE 'libcurl [0-9.]+, [A-Za-z]+.*, SQLite [0-9.]+$' "$tmp/out")"
run 78 pull -c "$theirs/missing"
run 78 pull -c "$theirs"
expect_in "a directory is called one" "directory" "$tmp/err"
printf 'backup a { domains = {a.example, "b c"} port = 99999 }\nfoo = 1\n' >"$tmp/faulty"
run 78 pull -c "$theirs/faulty"
expect "every fault is reported" 3 "$(wc -l <"$tmp/err")"
expect_in "with its line" "faulty:2: foo: " "$tmp/err"
printf 'backup good { host = "127.0.0.1" port = %s domains = a.example user = u password = p tls = required }\n' "$(port good)" >"$tmp/open"
chmod 644 "$tmp/open"
run 78 pull -c "$theirs/open"
expect_in "a password that others can read" "$private" "$tmp/err"
head -c 10000000 /dev/urandom >"$tmp/rubbish"
run 78 pull -c "$theirs/rubbish"
if [ -z "$DRIVE" ]; then # nobody may read it; root can, so another user tries
    cp "$MXPULL" "$tmp/mxpull"
    chmod 755 "$tmp"
    chmod 000 "$tmp/faulty"
    other=()
    [ "$(id -u)" -ne 0 ] || other=(setpriv --reuid=nobody --clear-groups)
    "${other[@]}" "$tmp/mxpull" pull -c "$tmp/faulty" >"$tmp/out" 2>"$tmp/err" </dev/null
    expect "a configuration that cannot be read: exit status" 78 $?
    expect_in "it is told so" "faulty: cannot be opened: " "$tmp/err"
    chmod 700 "$tmp"
fi
expect "nothing was asked" "$before" "$(asked)"
printf '\357\273\277state_dir = "%s"\r\nprimary { address = "127.0.0.1:%s" }\r\nbackup "M\303\274nchen" { host = "127.0.0.1" port = %s domains = a.example }\r\n' \
    "$theirs/state" "$(port primary)" "$(port good)" >"$tmp/windows"
run 0 pull -c "$theirs/windows"
run 0 config -c "$conf"
cp "$tmp/out" "$tmp/printed"
run 0 config -c "$theirs/printed"
expect "what config prints is read again" "" "$(diff <(tail -n +2 "$tmp/out") <(tail -n +2 "$tmp/printed"))"

printf '%s\n' "backup 'it''s \$x' { host = 127.0.0.1 domains = {a.example, '#q', @b.example} password_file = \"$theirs/missing\" user = u auth_in_clear = true }" |
    sed "s/it''s/it\\\\'s/" >"$tmp/named"
run 0 config --names -c "$theirs/named"
expect "the names in it" "it's \$x a.example #q @b.example " "$(tr '\n' ' ' <"$tmp/out")"
expect "and no word of what is wrong with a password" "" "$(cat "$tmp/err")"

# --- logs -------------------------------------------------------------------------------------------------------------------
{ printf 'log = "file:%s"\nlog_format = json\nmetrics_file = "%s"\n' "$theirs/log" "$theirs/metrics.prom" && cat "$tmp/mxpull.conf"; } >"$tmp/logged"
run 75 pull -q -c "$theirs/logged"
expect "JSON lines in the log" "good dead" "$(jq -r .backup "$tmp/log" | uniq | sort -r | paste -sd' ')"
expect_in "metrics" 'mxpull_poll_success{backup="good",domain="a.example"} 1' "$tmp/metrics.prom"
whole() { sed -n 's/^mxpull_poll_success//p; s/^mxpull_primary_up/up/p' "$tmp/metrics.prom" | paste -sd' '; }
all='up 1 {backup="good",domain="a.example"} 1 {backup="good",domain="b.example"} 1 {backup="dead",domain="a.example"} 0'
run 0 pull -q -c "$theirs/logged" good
expect "the metrics are of all, whatever was asked" "$all" "$(whole)"
rm "$tmp/metrics.prom"
run 0 pull -q -c "$theirs/logged" good
expect "also when the file has gone" "$all" "$(whole)"
: >"$tmp/nowhere"
sed "s|^state_dir.*|state_dir = \"$theirs/nowhere/state\"|" "$tmp/logged" >"$tmp/stateless"
run 0 pull -q -c "$theirs/stateless" good
expect "without a store they are what was asked" \
    '{backup="good",domain="a.example"} 1 {backup="good",domain="b.example"} 1' "$(whole)"

# --- the lock, and signals --------------------------------------------------------------------------------------------------------
cat >"$tmp/slow.conf" <<END
state_dir = "$theirs/state"
primary { address = "127.0.0.1:$(port primary)" }
backup slow { host = "127.0.0.1" port = $(port slow) domains = {a.example, b.example} }
END
start_slow() { # which answers once there is the file "answer"
    rm -f "$tmp/answer"
    : >"$tmp/journal.sim"
    "$MXPULL" pull --json -c "$theirs/slow.conf" >"$tmp/slow.out" 2>&1 &
    slow=$!
    expect_soon "it is asked" yes eval 'grep -q "slow#.* < ETRN" "$tmp/journal.sim" && echo yes'
    run 75 pull -c "$theirs/slow.conf"
    expect_in "the second pull says why" "is asking it" "$tmp/out"
}
if [ -n "$DRIVE" ]; then # what ends it there is tried by ../windows/49-ctrl-c.sh
    start_slow
    touch "$tmp/answer"
    wait $slow
    expect "exit status of the first" 0 $?
    finish
fi
for signal in TERM HUP; do # a shell without job control starts its background jobs with INT ignored
    start_slow
    expect_in "and who" "process $slow is asking it" "$tmp/out"
    run 0 pull -c "$theirs/mxpull.conf" good
    expect "another backup is asked meanwhile" 2 "$(grep -c 'good#.* < ETRN' "$tmp/journal.sim")"
    kill -$signal $slow
    wait $slow
    expect "SIG$signal ends it before the answer comes" 75 $?
    touch "$tmp/answer"
    expect_soon "QUIT is sent" yes eval 'grep -q "slow#.* < QUIT" "$tmp/journal.sim" && echo yes'
done

# --- passwords that commands print ------------------------------------------------------------------------------------------------
# locked NAME COMMAND
locked() {
    printf 'backup %s { host = "127.0.0.1" port = %s domains = a.example user = user auth_in_clear = true password_command = "%s" }\n' \
        "$1" "$(port locked)" "$2"
}
{
    head -n 2 "$tmp/slow.conf"
    # Each waits for the other, who is asked at the same time as nobody's command is waited for.
    locked one "touch $tmp/one; while [ ! -e $tmp/two ]; do sleep 0.01; done; echo secret"
    locked two "touch $tmp/two; while [ ! -e $tmp/one ]; do sleep 0.01; done; echo secret"
    locked failing "exit 3"
} >"$tmp/locked.conf"
run 78 pull -c "$tmp/locked.conf"
expect "commands run side by side" 2 "$(grep -c '^\(one\|two\) *a.example *started' "$tmp/out")"
expect_in "one that fails is told" "locked.conf:5: backup \"failing\": password_command: the command failed with exit status 3" "$tmp/out"
expect_in "and what to do" "run password_command as the user that mxpull runs as" "$tmp/out"
: >"$tmp/locked.password"
chmod 644 "$tmp/locked.password"
{
    head -n 2 "$tmp/slow.conf"
    for file in missing locked; do
        printf 'backup %s { host = "127.0.0.1" port = %s domains = a.example user = user auth_in_clear = true password_file = "%s" }\n' \
            $file "$(port locked)" "$tmp/$file.password"
    done
    printf 'backup good { host = "127.0.0.1" port = %s domains = a.example }\n' "$(port good)"
} >"$tmp/file.conf"
: >"$tmp/journal.sim"
run 78 pull -c "$tmp/file.conf"
expect "of a password_file that cannot be read or is open to all" 2 "$(grep -c '^\(missing\|locked\) *a.example *misconfigured .*: password_file: ' "$tmp/out")"
expect_in "what to do is about the file" "let the user that mxpull runs as, and nobody else, read the file" "$tmp/out"
expect "and not about the server" "" "$(grep 'administrator\|wants to know' "$tmp/out")"
expect "which was not contacted" 0 "$(grep -c '^locked#' "$tmp/journal.sim")"
expect_in "others are asked" "good     a.example  started" "$tmp/out"
run 78 config -c "$tmp/file.conf"
expect "config says the same" 2 "$(grep -c 'file.conf:[0-9]*: backup "\(missing\|locked\)": password_file: ' "$tmp/err")"
{
    head -n 2 "$tmp/slow.conf"
    for ((i = 0; i < 12; i++)); do
        locked "backup$i" "echo >>$tmp/running; sleep 50"
    done
} >"$tmp/locked.conf"
: >"$tmp/running"
"$MXPULL" pull -c "$tmp/locked.conf" >"$tmp/out" 2>&1 &
pull=$!
expect_soon "eight commands at once" 8 grep -c '' "$tmp/running"
kill -TERM $pull
wait $pull
expect "exit status when stopped meanwhile" 75 $?
expect "all are interrupted" 12 "$(grep -c '^backup[0-9]* .*interrupted' "$tmp/out")"
expect "and no more than those commands were run" 8 "$(wc -l <"$tmp/running")"

# --- many at once ----------------------------------------------------------------------------------------------------------------
{ printf 'on_failure = "echo $MXPULL_BACKUP >>%s/alarms"\n' "$tmp" && sed "s|/state\"|/side\"|" "$tmp/mxpull.conf"; } >"$tmp/side.conf"
pulls=()
for number in 1 2 3 4 5 6; do
    "$MXPULL" pull --json -c "$theirs/side.conf" >"$tmp/side.$number" 2>>"$tmp/side.err" &
    pulls+=($!)
done
wait "${pulls[@]}"
expect "six pulls at once say nothing of the store" "" "$(grep -v backup= "$tmp/side.err")"
run 0 history --limit 0 --json -c "$theirs/side.conf"
expect "each answer is written down" "$(jq -s 'map(.results | length) | add' "$tmp"/side.[1-6])" "$(grep -o '"backup"' "$tmp/out" | wc -l)"
expect "a failure is told once" dead "$(cat "$tmp/alarms")"

# --- a store that another process holds --------------------------------------------------------------------------------------------
if command -v sqlite3 >/dev/null; then
    {
        printf 'state_dir = "%s/held"\nprimary { address = "127.0.0.1:%s" }\n' "$tmp" "$(port primary)"
        for ((i = 0; i < 12; i++)); do
            printf 'backup held%s { host = "127.0.0.1" port = %s domains = {a.example, b.example} }\n' "$i" "$(port good)"
        done
    } >"$tmp/held.conf"
    run 0 pull -q -c "$tmp/held.conf" held0
    hold() { # for so many seconds
        printf '.timeout 20000\nBEGIN IMMEDIATE;\n.shell touch %s/holding; sleep %s\n' "$tmp" "$1" | sqlite3 "$tmp/held/mxpull.db" &
        holder=$!
        expect_soon "the store is held" yes eval '[ -e "$tmp/holding" ] && echo yes'
        rm "$tmp/holding"
        : >"$tmp/journal.sim"
    }
    hold 2
    run 0 pull -c "$tmp/held.conf"
    expect "a store that is held: each is asked once" 24 "$(grep -c 'good#.* < ETRN' "$tmp/journal.sim")"
    expect "nothing is said of it" "" "$(grep -v backup= "$tmp/err")"
    wait "$holder"
    run 0 history --limit 0 -c "$tmp/held.conf"
    expect "and all is written down later" 26 "$(wc -l <"$tmp/out")"
    hold 20
    run 0 pull -c "$tmp/held.conf"
    expect "it is waited for once, for 5 s: it is still held" yes "$(kill -0 "$holder" && echo yes)"
    expect "each is asked once all the same" 24 "$(grep -c 'good#.* < ETRN' "$tmp/journal.sim")"
    expect "what is not written down is told once" 1 "$(grep -c "another process holds it; the answers of 12 polls are not written down" "$tmp/err")"
    pkill -P "$holder" 2>/dev/null
    kill "$holder" 2>/dev/null
fi

# --- too few file descriptors ---------------------------------------------------------------------------------------------------
if [ -z "$DRIVE" ]; then
    cat >"$tmp/short" <<END
state_dir = "$tmp/short-state"
primary { address = "127.0.0.1:$(port primary)" }
backup a { host = 127.0.0.1 port = $(port good) domains = a.example }
backup b { host = localhost port = $(port good) domains = a.example ip = 4 }
END
    chmod 600 "$tmp/short"
    limited() { # OPTION LIMIT
        bash -c 'ulimit "$0" "$1" && shift && exec "$@"' "$1" "$2" timeout "$PULL_SECONDS" "$MXPULL" pull -c "$tmp/short" --json \
            >"$tmp/out" 2>"$tmp/err" </dev/null
    }
    short=0
    for limit in 5 6 7 8 9 10 11 12; do
        limited -SHn $limit
        expect "limit $limit: what cannot be asked is not held" "" "$(jq -r '.results[].outcome' "$tmp/out" | grep -vE '^(started|unreachable)$')"
        expect "limit $limit: what is short is said" "" \
            "$(jq -r '.results[] | select(.outcome == "unreachable").text' "$tmp/out" | grep -vF 'too few file descriptors (ulimit -n)')"
        short=$((short + $(grep -c '"outcome":"unreachable"' "$tmp/out")))
    done
    expect "some limits are too low" yes "$([ "$short" -gt 0 ] && echo yes)"
    limited -Sn 6
    expect "a soft limit is raised" 0 $?
fi

if [ -n "$hung" ]; then
    wait "$hung"
    expect "a command for the password that never ends" 78 $?
    expect_in "is given up" "the command took longer than 30 s" "$tmp/hung.out"
fi

finish
