# shellcheck shell=bash
# The daemon of ../session/daemon.sh as a service of Windows: what replaces the words there. It has no standard error, so its configuration
# names the log. Needs CONTROL, which tells a service something, and kills it; and wine's server kept running (wine.sh --start), which else ends
# its services with the last program.
# shellcheck disable=SC2154 # tmp and theirs are ../session/lib.sh's

# service WORD…
service() { timeout 60 "$MXPULL" service "$@" -q >"$tmp/said" 2>&1 </dev/null || cat "$tmp/said"; }
control() { MXPULL_EXE=$CONTROL "$MXPULL" mxpull "$1" </dev/null; }

start_daemon() {
    : >"$tmp/log"
    service start
}
is_up() { "$(dirname "$0")/../../contrib/mingw/wine.sh" sc query mxpull 2>&1 </dev/null | grep -q RUNNING && echo yes || echo no; }
pull_now() { control 128; }
reload() { control 6; }
kill_daemon() { control kill; }
stop_daemon() {
    run 0 service stop
    expect "it has ended in order" 1 "$(logged 'mxpull ends')"
}

tell() { printf 'echo %s>>"%s/alarms.%%MXPULL_BACKUP%%"' "$(printf ' %%MXPULL_%s%%' "$@" | cut -c 2-)" "$theirs"; }

# What is killed leaves wine's server in some disorder, so that another one takes its place.
clean_up_service() {
    service remove
    "$(dirname "$0")/../../contrib/mingw/wine.sh" --start
    clean_up
}
trap clean_up_service EXIT
configure "$(backup good)"
service install -c "$theirs/mxpull.conf"
