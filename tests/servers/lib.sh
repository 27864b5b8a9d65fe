# shellcheck shell=bash
# What the tests of this folder share; sourced by each NN-name.sh. A test runs real mail servers from the root folders that
# install.sh has made, on loopback addresses of its own (127.125.NN.x), and the mxpull program that $MXPULL names.
#
#   MXPULL_SERVERS  the folder that install.sh filled
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

SERVERS=${MXPULL_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers}
: "${TEST_NUMBER:=$((10#${TEST_NAME%%-*}))}" # a test of several runs gives each its own
SMTP_PORT=24025            # unlikely ones: a server that listens on every address would be in the way
SMTPS_PORT=24465
PRIMARY=127.125.$TEST_NUMBER.1
# The longest that a whole test may take; the test runner's own limit is longer, for a test killed by it cannot clean up.
TEST_SECONDS=570
# And one run of the program.
PULL_SECONDS=150

watchdog=

# shellcheck source=servers.sh
. "$(dirname "${BASH_SOURCE[0]}")/servers.sh"
# shellcheck source=mail.sh
. "$(dirname "${BASH_SOURCE[0]}")/mail.sh"

# --- The end of a test ------------------------------------------------------------------------------------------------------

more_evidence() {
    local name
    for name in "${!home[@]}"; do
        printf -- '--- log of %s:\n' "$name"
        server_log "$name" | tail -n 25
    done
}

stop_all() {
    local name
    for name in "${!pid[@]}"; do
        stop_server "$name"
    done
    for name in "${!home[@]}"; do
        processes "$name" | xargs -r kill -KILL 2>/dev/null # it was just being started
        rm -rf -- "${home[$name]:?}"
    done
    [ -z "$watchdog" ] || kill "$watchdog" 2>/dev/null
}

# --- The beginning ----------------------------------------------------------------------------------------------------------

# needs SERVER...: makes sure that what the test needs is there, then takes the test's addresses for itself.
needs() {
    local name
    [ -x "${MXPULL:-}" ] || skip "MXPULL does not name the mxpull program"
    become_root
    for name in jq openssl flock timeout; do
        command -v "$name" >/dev/null || skip "the program $name is not installed (tests/servers/install.sh)"
    done
    for name in "$@"; do
        [ -d "$SERVERS/$name" ] || skip "the server $name is not installed in $SERVERS (tests/servers/install.sh)"
    done
    begin
    at_end 'leave; stop_all'
    trap 'die "stopped from outside, or after $TEST_SECONDS s"' HUP INT TERM
    chmod 755 "$tmp"
    watch_the_time &
    watchdog=$!
    exec 9>"$SERVERS/test-$TEST_NUMBER.lock" || exit 1
    flock -w 100 9 || skip "the same test is running in another place"
    remove_remains
}

# needs_sim SERVER...: the same, and the scripted server.
needs_sim() {
    [ -x "${MXSIM:-}" ] || skip 'MXSIM does not name the mxsim program'
    needs "$@"
}

# Stops the test when it has taken too long, if it is there still.
watch_the_time() {
    exec >/dev/null 2>&1
    sleep "$TEST_SECONDS" &
    trap 'kill $!; exit' TERM
    wait $!
    ! grep -qx "PPid:[[:space:]]*$$" "/proc/$BASHPID/status" || kill -TERM $$
}

# become_root ARGUMENT...: the servers need root, to change their root folder and their users. The arguments are the test's own.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    sudo -n true 2>/dev/null || skip "only root can run the servers, and sudo asks for a password"
    exec sudo -n env MXPULL="${MXPULL:-}" MXSIM="${MXSIM:-}" SYSLOGD="${SYSLOGD:-}" MXPULL_SERVERS="$SERVERS" bash "$0" "$@"
}

# A run of this test that was killed may have left servers. Their addresses are this test's own and its lock is held, so
# nobody can need them; that a process is one of them is seen by its root folder.
remove_remains() {
    local folder file number
    for folder in "$SERVERS"/*/srv/test-"$TEST_NUMBER".*; do
        for file in "$folder"/*.pid "$folder"/queue/pid/master.pid; do
            [ -s "$file" ] || continue
            number=$(head -n 1 "$file" | tr -cd '0-9')
            [ "$(readlink "/proc/$number/root")" != "${folder%/srv/*}" ] || end_process "$number"
        done
        rm -rf -- "$folder"
    done
}

# --- What ../windows/lib.sh does otherwise ------------------------------------------------------------------------------------

# adapt_config: the last hand at a configuration.
adapt_config() { cat; }

# printing FILE: the shell's command that prints it.
printing() { printf 'cat %s' "$1"; }

# except_wine COMMAND WHAT ARGUMENT...: what cannot be tried under wine.
except_wine() { "$@"; }

# leave: the first thing at the end.
leave() { :; }

# killed_after MICROSECONDS ARGUMENT...: mxpull with these, killed after so long; fails when it has ended before.
killed_after() {
    local killed_status us=$1
    shift
    "$MXPULL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 9>&- &
    program=$!
    sleep_us "$us"
    kill -KILL "$program"
    wait "$program" 2>/dev/null
    killed_status=$?
    program=
    [ "$killed_status" -eq 137 ]
}

# interrupted FILE REGEX ARGUMENT...: mxpull with these, and Ctrl-C as soon as a line like this stands in the FILE that it writes.
interrupted() {
    local file=$1 regex=$2
    shift 2
    : >"$file"
    set -m # else a program in the background hears no SIGINT
    "$MXPULL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 9>&- &
    program=$!
    set +m
    wait_for "$SOON" grep -qE -- "$regex" "$file" || fail "$file: no line like $regex"
    kill -INT "$program"
    wait "$program"
    status=$?
    program=
}

# --- mxpull -----------------------------------------------------------------------------------------------------------------

# write_bare_config: the standard input becomes the configuration; only what no test cares about is put before it.
write_bare_config() {
    {
        printf 'ehlo_name = "primary.test"\nstate_dir = "%s/state"\n' "$tmp"
        cat
    } | adapt_config >"$tmp/mxpull.conf"
    chmod 600 "$tmp/mxpull.conf"
}

# write_config: the same, with our own server where start_postfix_primary puts it, and not looked at where a test has none.
write_config() {
    {
        # A primary that does not greet is told by the program before this test's own limits end it.
        printf 'primary {\n    address = "%s:%d"\n    greeting_timeout = 1m\n' "$PRIMARY" "$SMTP_PORT"
        [ -n "${pid[primary]:-}" ] || printf '    preflight = off\n'
        printf '}\n'
        cat
    } | write_bare_config
}

# backup_section NAME DOMAINS SETTING...: a backup of the configuration, at the server mx2 unless the settings say otherwise.
# DOMAINS is as in the configuration, without the braces.
backup_section() {
    local name=$1 list=$2 settings
    shift 2
    settings=$(printf '    %s\n' "$@")
    printf 'backup "%s" {\n    domains = {%s}\n%s\n' "$name" "$list" "$settings"
    [[ $settings == *'    host ='* ]] || printf '    host = "%s"\n' "${address[mx2]}"
    [[ $settings == *'    port ='* ]] || printf '    port = %d\n' "$SMTP_PORT"
    printf '}\n'
}

# pull [ARGUMENT...]: mxpull pull with JSON.
pull() { run_mxpull pull --json -c "$tmp/mxpull.conf" "$@"; }

# json FILTER: of the last output.
json() { jq -r "$1" "$tmp/out" 2>&1; }

# expect_pull WHAT STATUS OUTCOME: how the last pull ended, and the outcomes of all its results, each named once.
expect_pull() {
    expect "$1: exit status" "$2" "$status"
    expect "$1: exit_status in the JSON" "$2" "$(json .exit_status)"
    expect "$1: outcome" "$3" "$(json '[.results[].outcome] | unique | join(" ")')"
    [ "$2" = "$status" ] || printf 'what it said: %s\n' "$(json '[.results[].text] | unique | join(" | ")')"
}

# expect_result BACKUP DOMAIN OUTCOME CODE
expect_result() {
    expect "$1 $2" "$3 $4" "$(json ".results[] | select(.backup == \"$1\" and .domain == \"$2\") | \"\(.outcome) \(.code)\"")"
}

# expect_every_node_once WHAT COUNT: so many results, and as many different domains in them.
expect_every_node_once() {
    expect "$1: results and different domains" "$2 $2" \
        "$(json '"\(.results | length) \([.results[].domain] | unique | length)"')"
}
