#!/bin/bash
# The daemon as a whole against mxsim: the schedule's first poll, retries, an outage, held domains, signals, hooks, what is
# remembered over a restart and a kill, and a pull beside it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

# --- the servers ------------------------------------------------------------------------------------------------------------
cat >"$tmp/backups" <<END
server good 127.0.0.1:0
  reply ETRN "250 OK"
server moody 127.0.0.1:0
  on-connection 1 reply ETRN "458 not now"
  reply ETRN "250 OK"
server slow 127.0.0.1:0
  delay ETRN until $tmp/answer
server bad 127.0.0.1:0
  reply ETRN "459 no"
server mute 127.0.0.1:0
  reply ETRN stall
END
start_sim backups "$tmp/backups"
printf 'sink primary 127.0.0.1:0\n' >"$tmp/primary"
start_sim primary "$tmp/primary"
primary=$(port primary)
printf 'sink primary 127.0.0.1:%s\n' "$primary" >"$tmp/primary" # from now on the same place

# asked SERVER: how often it was asked.
asked() { grep -c "^$1#.* < ETRN" "$tmp/journal.backups"; }
alarms() { sort "$tmp"/alarms.* | tr -d '\r'; }
logged() { grep -cF -- "$1" "$tmp/log"; }

# configure LINE…: what all have, and these lines.
configure() {
    {
        printf 'state_dir = "%s/state"\ninterval = 1h\njitter = 0\nretry = {1s, 2s}\n' "$theirs"
        [ -z "$DRIVE" ] || printf 'log = "file:%s/log"\n' "$theirs"
        printf 'primary { address = "127.0.0.1:%s" watch = 1s recovery = {0s, 3s} }\n' "$primary"
        printf '%s\n' "$@"
    } >"$tmp/mxpull.conf"
}

# backup NAME [DOMAIN…]
backup() {
    local name=$1
    shift
    printf 'backup %s { host = "127.0.0.1" port = %s domains = {%s} }\n' "$name" "$(port "$name")" "$(IFS=, && printf '%s' "${*:-a.example}")"
}

# --- the daemon: in the background here, and a service on Windows ---------------------------------------------------------------------
start_daemon() {
    : >"$tmp/log" # here and not by the program's start: nothing that the one before has said is to be found
    "$MXPULL" daemon -v -c "$tmp/mxpull.conf" >>"$tmp/log" 2>&1 </dev/null 5>&- &
    daemon=$!
    processes+=("$daemon")
}
is_up() { kill -0 "$daemon" 2>/dev/null && echo yes || echo no; }
pull_now() { kill -USR1 "$daemon"; }
reload() { kill -HUP "$daemon"; }
kill_daemon() {
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
}

# stop_daemon [COMMAND]: by SIGTERM, and runs the command then. One that waits for what is under way, by its timeouts of five minutes, is killed: 137.
stop_daemon() {
    local watchdog status
    (sleep "$SOON" && kill -KILL "$daemon") 2>/dev/null &
    watchdog=$!
    kill -TERM "$daemon"
    eval "${1:-}"
    wait "$daemon"
    status=$?
    pkill -P "$watchdog" 2>/dev/null
    kill "$watchdog" 2>/dev/null
    wait "$watchdog" 2>/dev/null
    expect "exit status after SIGTERM" 0 "$status"
}

# A command that writes these of its variables, the words behind MXPULL_, to the end of a file.
tell() { printf 'echo "%s" >>%s/alarms.$MXPULL_BACKUP' "$(printf ' $MXPULL_%s' "$@" | cut -c 2-)" "$tmp"; }

# shellcheck source=../windows/daemon-service.sh
[ -z "$DRIVE" ] || . "$(dirname "$0")/../windows/daemon-service.sh"

# --- the first poll, a retry, and alarms that are raised once -------------------------------------------------------------------
configure "on_failure = '$(tell EVENT BACKUP OUTCOME CODE TEXT)'" "on_recovery = '$(tell EVENT BACKUP)'" "$(backup good a.example b.example)" "$(backup moody)" "$(backup bad)"
start_daemon
expect_soon "all domains are asked at the first start" 2 asked good
expect_soon "what was deferred is asked again after the first time of retry" 2 asked moody
expect_soon "the alarms" "failure bad denied 459 no
failure moody deferred 458 not now
recovery moody" alarms
sleep 2.5
expect "what was denied is not asked again" 1 "$(asked bad)"
expect "what went well is not asked again" "2 2" "$(asked good) $(asked moody)"

expect "standard error is a file: each line has its time" 0 "$(grep -vcE '^20[0-9-]{8}T[0-9:]{8}Z (debug|info|warning|error) ' "$tmp/log")"

# --- a second daemon, a pull beside it, pull now --------------------------------------------------------------------------------
run 75 daemon -c "$theirs/mxpull.conf"
expect_in "a second daemon says who is there" "process ${daemon:-}" "$tmp/err"
run 0 pull -q -c "$theirs/mxpull.conf" good
expect "a pull beside the daemon asks" 4 "$(asked good)"
pull_now
expect_soon "a daemon that is told to pulls everything now" "6 3 2" eval 'echo $(asked good) $(asked moody) $(asked bad)'

# --- an outage -------------------------------------------------------------------------------------------------------------------
stop_sim primary
expect_soon "the outage is seen" 1 logged "event=outage "
pull_now
expect_soon "nothing is asked meanwhile: held, which is one line for all" 1 logged "backups=3 domains=4 outcome=held"
pull_now
expect_soon "and said again to those who ask again" 2 logged "backups=3 domains=4 outcome=held"
expect "and the backup hears nothing" 6 "$(asked good)"
start_sim primary "$tmp/primary"
expect_soon "when our own server is back all are asked at once" yes \
    eval '[ "$(asked good)" -ge 8 ] && [ "$(asked moody)" -ge 4 ] && [ "$(asked bad)" -ge 3 ] && echo yes'
expect_in "which is logged" "event=outage-ended" "$tmp/log"
run 0 status -c "$theirs/mxpull.conf"
expect_in "status tells that the daemon lives" "daemon   alive" "$tmp/out"
expect_soon "and again at the second time of recovery" 10 asked good
expect "a failure that goes on raises no second alarm" 1 "$(alarms | grep -c 'failure bad')"
stop_daemon
run 0 status -c "$theirs/mxpull.conf"
expect_in "status tells that it has ended" "daemon   not running: ended" "$tmp/out"

# --- a restart remembers -----------------------------------------------------------------------------------------------------------
sed -i 's/watch = 1s/watch = 20s/' "$tmp/mxpull.conf" # however slow this machine is, that is no time in which nobody watched
start_daemon
expect_soon "the primary was looked at" yes eval 'grep -q "watches your mail server" "$tmp/log" && echo yes'
sleep 1.5
expect "after a short restart nothing is due" 10 "$(asked good)"

# --- a new configuration --------------------------------------------------------------------------------------------------------
echo 'interval = nonsense' >>"$tmp/mxpull.conf"
reload
expect_soon "a faulty configuration is reported" 1 logged "stays in force"
expect "and the daemon goes on" yes "$(is_up)"
configure "$(backup slow)" "$(backup good a.example b.example)"
reload
expect_soon "a good one is taken: the new backup is asked" 1 asked slow
run 75 pull -c "$theirs/mxpull.conf" slow
expect_in "what is being asked at this moment is not asked twice" "is asking it" "$tmp/out"
expect "so it hears one ETRN" 1 "$(asked slow)"
configure "$(backup good a.example b.example)"
reload
touch "$tmp/answer"
expect_soon "a session in flight finishes by the old one" 1 logged "backup=slow domain=a.example verb=ETRN code=250 outcome=started"
expect "the old backup's time has not come" 10 "$(asked good)"

# --- ended in the middle of a session, and killed -----------------------------------------------------------------------------------
rm "$tmp/answer" # from now on it never answers
configure "$(backup slow)"
reload
pull_now
expect_soon "asked again" 2 asked slow
stop_daemon
start_daemon
expect_soon "what was interrupted is asked at the next start" 3 asked slow
kill_daemon
start_daemon
expect_soon "so it is after a kill" 4 asked slow
kill_daemon

# --- off for more than two periods: an outage that nobody saw ------------------------------------------------------------------------
configure "$(backup good a.example b.example)"
sleep 2.5
start_daemon
expect_soon "after a time in which nobody watched all are asked" 12 asked good
expect_in "as after an outage" "event=outage-ended" "$tmp/log"
stop_daemon

# --- our own server refuses recipients ------------------------------------------------------------------------------------------------
stop_sim primary
printf 'sink primary 127.0.0.1:%s\n  reply RCPT "450 4.3.0 later"\n' "$primary" >"$tmp/refusing"
printf 'sink primary 127.0.0.1:%s\n  reply RCPT postmaster@b.example "550 no such"\n' "$primary" >"$tmp/partly"
configure "$(backup good a.example b.example)"
sed -i 's/watch = 1s/watch = 1s preflight = recipients/' "$tmp/mxpull.conf"
rm -rf "$tmp/state"
start_sim primary "$tmp/refusing"
start_daemon
expect_soon "a primary that refuses everybody holds" 1 logged "backups=1 domains=2 outcome=held text=\"your mail server 127.0.0.1:$primary refuses postmaster@…: 450 4.3.0 later\""
expect_soon "that is an outage" 1 logged "event=outage "
sleep 1.5
expect "nothing is asked" 12 "$(asked good)"
stop_sim primary
start_sim primary "$tmp/partly"
expect_soon "a domain that it accepts is asked for" 13 asked good
expect_soon "the other one is held" yes eval 'grep -q "domain=b.example.*550 no such" "$tmp/log" && echo yes'
sleep 3.5 # the second time of recovery
stop_sim primary
count=$(asked good)
start_sim primary "$tmp/primary"
expect_soon "until it is accepted as well" yes eval '[ "$(asked good)" -ge $((count + 2)) ] && echo yes'
stop_daemon

# --- our own server is slow to greet ---------------------------------------------------------------------------------------------------
stop_sim primary
printf 'sink primary 127.0.0.1:%s\n  on-connection 2+ delay greeting until %s/never\n' "$primary" "$tmp" >"$tmp/slow"
count=$(grep -c "primary#[0-9]* connected" "$tmp/journal.primary")
start_sim primary "$tmp/slow"
start_daemon
expect_soon "it is waited for" yes eval 'run 0 status -c "$theirs/mxpull.conf" >/dev/null; grep -q "up for .*now: connected, no greeting yet, since 20" "$tmp/out" && echo yes'
expect_in "by a daemon that lives" "daemon   alive" "$tmp/out"
sleep 2
expect "one look at a time" "$((count + 2))" "$(grep -c "primary#[0-9]* connected" "$tmp/journal.primary")"
expect "no outage" 0 "$(logged "event=outage ")"
stop_daemon

# --- nobody watches while the process is stopped ----------------------------------------------------------------------------------------
if [ -z "$DRIVE" ]; then
    stop_sim primary
    start_sim primary "$tmp/primary"
    start_daemon
    expect_soon "it watches" yes eval 'run 0 status -c "$theirs/mxpull.conf" >/dev/null; grep -q " up for" "$tmp/out" && echo yes'
    sleep 3.5 # the times of recovery
    count=$(asked good)
    outages=$(logged "event=outage-ended ")
    kill -STOP "$daemon"
    sleep 3.5
    kill -CONT "$daemon"
    expect_soon "that it stood still is noticed" 1 logged "mxpull has stood still for "
    expect_soon "our own server may have been down meanwhile" $((outages + 1)) logged "event=outage-ended "
    expect_soon "everything is asked at once" yes eval '[ "$(asked good)" -ge $((count + 2)) ] && echo yes'
    stop_daemon
fi

# --- held over a reload ----------------------------------------------------------------------------------------------------------------
stop_sim primary
start_sim primary "$tmp/partly"
start_daemon
expect_soon "it starts" 1 logged "watches your mail server"
pull_now
expect_soon "the domain that is not accepted is held" yes eval 'grep -q "domain=b.example.*550 no such" "$tmp/log" && echo yes'
reload
expect_soon "a new configuration" 1 logged "was read anew"
sleep 3.5 # the times of recovery
count=$(asked good)
stop_sim primary
start_sim primary "$tmp/primary"
expect_soon "what was held before is asked when it is accepted" yes eval '[ "$(asked good)" -ge $((count + 2)) ] && echo yes'
stop_daemon

# --- an outage over a reload ------------------------------------------------------------------------------------------------------------
start_daemon
expect_soon "it starts" 1 logged "watches your mail server"
sleep 3.5 # the times of recovery, if any are to come
stop_sim primary
expect_soon "an outage" 1 logged "event=outage "
reload
expect_soon "a new configuration is in force" 2 logged "watches your mail server"
sleep 1.5
expect "the outage is the same" 1 "$(logged "event=outage ")"
count=$(asked good)
outages=$(logged "event=outage-ended ") # one if it took long to start
start_sim primary "$tmp/primary"
expect_soon "its end is seen" $((outages + 1)) logged "event=outage-ended "
expect_soon "and everything is asked" yes eval '[ "$(asked good)" -ge $((count + 2)) ] && echo yes'
reload
expect_soon "a new configuration in a recovery" 3 logged "watches your mail server"
expect_soon "the second time of recovery still comes" $((count + 4)) asked good
stop_daemon

# --- a reload waits for what is under way, and not for ever -----------------------------------------------------------------------------
configure "$(backup mute)"
sed -i 's/^backup mute {/& command_timeout = 20s/' "$tmp/mxpull.conf"
start_daemon
expect_soon "one that never answers is asked" 1 asked mute
configure "$(backup mute)" "$(backup good)"
count=$(asked good)
reload
expect_soon "the new configuration is read" 1 logged "was read anew"
pull_now
sleep 0.5
expect "nothing new is asked meanwhile" "$count" "$(asked good)"
expect_soon "then the new configuration is in force" 2 logged "watches your mail server"
expect_soon "what was wished for meanwhile is done" $((count + 1)) asked good
stop_daemon

# --- a backup that was gone for a while -------------------------------------------------------------------------------------------------
rm -rf "$tmp/state"
configure "$(backup slow)"
count=$(asked slow)
start_daemon
expect_soon "it is asked" $((count + 1)) asked slow
configure "$(backup good)"
reload
expect_soon "it is gone" 1 logged "was read anew"
configure "$(backup slow)"
reload
expect_soon "it is back" 2 logged "was read anew"
sleep 0.5
expect "while it is being asked it is not asked again" $((count + 1)) "$(asked slow)"
kill_daemon

# --- an outage without a pull at once ------------------------------------------------------------------------------------------------------
configure "$(backup slow)"
sed -i 's/recovery = {0s, 3s}/recovery = {1h}/' "$tmp/mxpull.conf"
sleep 2.5
start_daemon
expect_soon "what was due is asked although recovery has no 0s" $((count + 2)) asked slow
expect "after a time in which nobody watched" 1 "$(logged "event=outage-ended")"
stop_daemon

# --- a primary that is not done with its greeting ------------------------------------------------------------------------------------------
printf 'server primary 127.0.0.1:%s\n  greeting stall\n' "$primary" >"$tmp/mute"
stop_sim primary
start_sim primary "$tmp/mute"
start_daemon
expect_soon "it starts" 1 logged "watches your mail server"
run 0 status -c "$theirs/mxpull.conf"
expect_in "it lives, although its first look has not ended" "daemon   alive" "$tmp/out"
stop_daemon
stop_sim primary
start_sim primary "$tmp/primary"

# --- without a memory ---------------------------------------------------------------------------------------------------------------
configure "$(backup moody)"
sed -i "s|^state_dir = .*|state_dir = \"$theirs/backups/state\"|" "$tmp/mxpull.conf"
before=$(asked moody)
start_daemon
expect_soon "without a state directory it asks all the same" $((before + 1)) asked moody
expect "and says so once" 1 "$(grep -c 'without its memory' "$tmp/log")"
configure "$(backup bad)"
reload
expect_soon "and raises the alarm" 1 logged "event=failure backup=bad"
pull_now
expect_soon "asked again" 2 logged "backup=bad domain=a.example verb=ETRN"
expect "once" 1 "$(logged "event=failure backup=bad")"
stop_daemon

# --- a store that somebody holds ---------------------------------------------------------------------------------------------------------
if command -v sqlite3 >/dev/null; then
    rm -rf "$tmp/state"
    configure "$(backup good)"
    before=$(asked good)
    start_daemon
    expect_soon "it asks" $((before + 1)) asked good
    mkfifo "$tmp/hold"
    sqlite3 "$tmp/state/mxpull.db" <"$tmp/hold" >"$tmp/held" 2>&1 &
    holder=$!
    processes+=("$holder")
    exec 5<>"$tmp/hold" # also for reading: it must not wait for a reader
    printf '.timeout 20000\nBEGIN EXCLUSIVE;\nSELECT 1;\n' >&5
    expect_soon "the store is held" 1 cat "$tmp/held"
    pull_now
    expect_soon "it goes on asking" $((before + 2)) asked good
    stop_daemon
    start_daemon
    expect_soon "it starts" 1 logged "watches your mail server"
    pull_now
    expect_soon "and so it does when it is started now" $((before + 3)) asked good
    kill "$holder"
    exec 5>&-
    pull_now
    expect_soon "what is answered then is written down" 1 logged "can be written down again"
    stop_daemon

    # What is answered, and an outage, while the store is held: all of it is in the history afterwards.
    rm -rf "$tmp/state"
    before=$(asked good)
    start_daemon
    expect_soon "it asks" $((before + 1)) asked good
    sleep 1.5 # it is written, and the primary looked at
    sqlite3 "$tmp/state/mxpull.db" <"$tmp/hold" >"$tmp/held" 2>&1 &
    holder=$!
    processes+=("$holder")
    exec 5<>"$tmp/hold"
    printf '.timeout 20000\nBEGIN EXCLUSIVE;\nSELECT 1;\n' >&5
    expect_soon "the store is held" 1 cat "$tmp/held"
    for n in 2 3 4; do
        pull_now
        expect_soon "it goes on asking ($n)" $((before + n)) asked good
    done
    stop_sim primary
    expect_soon "an outage begins" 1 logged "event=outage "
    start_sim primary "$tmp/primary"
    expect_soon "and ends" 1 logged "event=outage-ended "
    expect_soon "it asks as after an outage" $((before + 5)) asked good
    kill "$holder"
    exec 5>&-
    count_of() { sqlite3 -cmd '.timeout 2000' "$tmp/state/mxpull.db" "SELECT count(*) FROM $1"; }
    expect_soon "every poll is in the history" yes eval '[ "$(count_of answers)" -ge 5 ] && echo yes'
    expect "and the outage, which is over" 1 "$(count_of 'outages WHERE ended_ms > 0')"
    expect "the store that is held is told once" 1 "$(logged "when it is free")"
    stop_daemon
else
    echo "SKIPPED: a store that somebody holds: sqlite3 is not installed"
fi

# --- signals from the first moment on, and commands that bring passwords when it ends ---------------------------------------------------------
if [ -z "$DRIVE" ]; then
    configure
    for ((i = 0; i < 20; i++)); do
        printf 'backup b%s { host = "127.0.0.1" port = %s domains = a.example user = u auth_in_clear = true password_command = "echo >>%s/running; sleep 50" }\n' \
            "$i" "$(port good)" "$tmp" >>"$tmp/mxpull.conf"
    done
    rm -rf "$tmp/state"
    mkfifo "$tmp/pipe"
    : >"$tmp/log"
    : >"$tmp/running"
    "$MXPULL" daemon -v -c - <"$tmp/pipe" >>"$tmp/log" 2>&1 5>&- 6>&- &
    daemon=$!
    processes+=("$daemon")
    exec 6>"$tmp/pipe"
    takes_signals() { # as soon as it is the program and no more the shell, SIGHUP and SIGUSR1
        grep -qs '^mxpull$' "/proc/$daemon/comm" && grep -qs '^SigCgt:.*[2367abef].[13579bdf]$' "/proc/$daemon/status" && echo yes
    }
    if [ -r /proc/self/status ]; then
        expect_soon "it waits for its configuration, and takes signals" yes takes_signals
    else
        sleep 2
    fi
    reload
    pull_now
    sleep 0.3
    cat "$tmp/mxpull.conf" >&6
    exec 6>&-
    expect_soon "signals do no harm before it has its configuration" 1 logged "watches your mail server"
    expect_soon "eight commands at once" 8 grep -c '' "$tmp/running"
    stop_daemon
    expect "none is begun when it ends" 8 "$(wc -l <"$tmp/running")"
fi

# --- an alarm's command while the daemon ends ----------------------------------------------------------------------------------------
if [ -z "$DRIVE" ]; then # cmd.exe has no sleep that is short enough
    configure "on_failure = 'echo >>$tmp/begun; read line <$tmp/go; echo told >>$tmp/told'" "$(backup bad)"
    rm -rf "$tmp/state"
    mkfifo "$tmp/go"
    exec 5<>"$tmp/go"
    start_daemon
    expect_soon "the failure is seen, and its command begun" yes eval '[ "$(logged "event=failure")" -eq 1 ] && [ -e "$tmp/begun" ] && echo yes'
    stop_daemon 'sleep 0.1; echo >&5'
    exec 5>&-
    expect "its command comes to its end" told "$(cat "$tmp/told")"
fi

# --- a log that was moved away, and a faulty configuration --------------------------------------------------------------------------------
if [ -z "$DRIVE" ]; then # there the log is a file already
    configure "log = \"file:$tmp/own.log\"" "$(backup good)"
    start_daemon
    own() { grep -c "$1" "$tmp/own.log" 2>/dev/null; }
    expect_soon "it writes its log" 1 own "watches your mail server"
    mv "$tmp/own.log" "$tmp/own.log.1"
    echo 'nonsense = 1' >>"$tmp/mxpull.conf"
    reload
    expect_soon "the log is opened anew although the configuration is faulty" 1 own "stays in force"
    expect "the one before has nothing of it" 0 "$(grep -c "stays in force" "$tmp/own.log.1")"
    stop_daemon
fi

# --- a full disk ----------------------------------------------------------------------------------------------------------------------
if mkdir "$tmp/small" && mount -t tmpfs -o size=512k none "$tmp/small" 2>/dev/null; then
    configure "$(backup good)"
    sed -i "s|^state_dir = .*|state_dir = \"$theirs/small/state\"|" "$tmp/mxpull.conf"
    before=$(asked good)
    start_daemon
    expect_soon "it asks" $((before + 1)) asked good
    cat /dev/zero >"$tmp/small/filler" 2>/dev/null
    sed -i 's/^interval = .*/&\nsilence = 4s/' "$tmp/mxpull.conf"
    reload
    expect_soon "its configuration is read anew" 1 logged "was read anew"
    for n in 2 3 4; do
        pull_now
        expect_soon "with a full disk it goes on asking ($n)" $((before + n)) asked good
        sleep 0.2
    done
    expect "and says once that nothing is written down" 1 "$(logged "without writing down")"
    expect_soon "a silence is told all the same" 1 logged "event=silence"
    rm "$tmp/small/filler"
    pull_now
    expect_soon "and once that it is again" 1 logged "can be written down again"
    expect_soon "and that the silence is over" 1 logged "event=answer"
    stop_daemon
    umount "$tmp/small"
else
    echo "SKIPPED: a full disk: a small file system cannot be mounted here"
fi

# --- a damaged memory -----------------------------------------------------------------------------------------------------------------
configure "$(backup good)"
rm -rf "$tmp/state"
mkdir -m 700 "$tmp/state"
head -c 100000 /dev/urandom >"$tmp/state/mxpull.db"
before=$(asked good)
start_daemon
expect_soon "with a damaged store it asks" $((before + 1)) asked good
expect "the damaged one was set aside" 1 "$(find "$tmp/state" -name 'mxpull.db.damaged*' | wc -l)"
expect "which is logged with its name" 1 "$(grep -c "mxpull.db.damaged" "$tmp/log")"
stop_daemon

# --- metrics ------------------------------------------------------------------------------------------------------------------------------
configure "metrics_file = \"$theirs/metrics.prom\"" "$(backup good a.example b.example)" "$(backup bad)" "$(backup moody)"
rm -rf "$tmp/state"
count=$(asked good)
start_daemon
measured() { grep -c "^mxpull_poll_success" "$tmp/metrics.prom" 2>/dev/null; }
primary_up() { sed -n 's/^mxpull_primary_up //p' "$tmp/metrics.prom" 2>/dev/null; }
expect_soon "the metrics of all" "4 1" eval 'echo $(measured) $(primary_up)'
rm "$tmp/metrics.prom"
run 0 pull -q -c "$theirs/mxpull.conf" good
expect "a pull beside the daemon writes them whole" "4 1" "$(measured) $(primary_up)"
reload
expect_soon "a reload" 1 logged "was read anew"
stop_sim primary
expect_soon "an outage shows, and nothing is lost by the reload" "4 0" eval 'echo $(measured) $(primary_up)'
start_sim primary "$tmp/primary"
expect_soon "and its end" "4 1" eval 'echo $(measured) $(primary_up)'
expect_soon "the pulls after it" $((count + 8)) asked good
stop_daemon

# Mail that arrives after a round is told at once, and is no round.
configure "metrics_file = \"$theirs/metrics.prom\"" "$(backup good | sed 's/}$/arrives_from = "127.0.0.1" }/')"
sed -i "s|^primary { |&quiet = 1s mail_log = \"file:$theirs/mail.log\" |" "$tmp/mxpull.conf"
: >"$tmp/mail.log"
rm -rf "$tmp/state" "$tmp/metrics.prom"
start_daemon
metric() { sed -n "s/^mxpull_$1 //p" "$tmp/metrics.prom" 2>/dev/null; }
expect_soon "after a round there is no arrival" "1 " eval 'echo "$(measured) $(metric "arrival_messages.*")"'
round="$(metric last_round_timestamp_seconds) $(metric round_seconds)"
# In one go, or the quiet may come between them.
printf '2026-11-29 10:00:00 1abcde-000000-00 <= a@b.example H=mx2 [127.0.0.1] P=esmtp S=9 id=%s@b.example\n' 1 2 3 >"$tmp/lines"
cat "$tmp/lines" >>"$tmp/mail.log"
expect_soon "an arrival" 3 metric 'arrival_messages{backup="good"}'
expect "is no round" "$round" "$(metric last_round_timestamp_seconds) $(metric round_seconds)"
stop_daemon

finish
