# shellcheck shell=bash
# The daemon of ../session/daemon.sh as a service of Windows: what replaces the words there. It has no standard error, so its configuration
# names the log. Needs CONTROL, which tells a service something, and kills it; and wine's server kept running (wine.sh --start), which else ends
# its services with the last program.
# shellcheck disable=SC2154 # tmp and theirs are ../lib.sh's

wine() { timeout "$PULL_SECONDS" "$(dirname "$0")/../../contrib/mingw/wine.sh" "$@" </dev/null; }
state() { wine sc query mxpull 2>&1 | tr -d '\r' | awk '/STATE/ { print $4 }'; }

# wait_in STATE: until it is in that no more.
is_out_of() { [ "$(state)" != "$1" ]; }
wait_in() { wait_for "$SOON" is_out_of "$1" || fail "the service stays $1"; }
control() { MXPULL_EXE=$CONTROL "$MXPULL" mxpull "$1" </dev/null; }

start_daemon() {
    : >"$tmp/log"
    wine sc start mxpull >"$tmp/said" 2>&1 || cat "$tmp/said"
    wait_in START_PENDING
}
is_up() { [ "$(state)" = RUNNING ] && echo yes || echo no; }
pull_now() { control 128; }
reload() { control 6; }
kill_daemon() { control kill; }
stop_daemon() {
    wine sc stop mxpull >"$tmp/said" 2>&1 || cat "$tmp/said"
    wait_in RUNNING
    wait_in STOP_PENDING
    expect "it has ended in order" 1 "$(logged 'mxpull ends')"
}

tell() { printf 'echo %s>>"%s/alarms.%%MXPULL_BACKUP%%"' "$(printf ' %%MXPULL_%s%%' "$@" | cut -c 2-)" "$theirs"; }

# What is killed leaves wine's server in some disorder, so that another one takes its place.
at_end '{ wine sc stop mxpull; wine sc delete mxpull; } >/dev/null 2>&1; wine --start'
configure "$(backup good)"
wine sc create mxpull binPath= "\"Z:${MXPULL_EXE//\//\\}\" daemon -c \"$theirs/mxpull.conf\"" obj= 'NT AUTHORITY\LocalService' >"$tmp/said" 2>&1 || cat "$tmp/said"
