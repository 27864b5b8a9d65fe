# shellcheck shell=bash
# What all shell tests share: checks that are counted, the temporary folder, waiting, mxpull and the scripted servers. To be sourced by bash; then
# `begin` makes the folder $tmp, checks follow, and `finish` is the last line. Exit status of a test: 0 passed, 1 failed, 77 skipped because
# something that it needs is not there.
#
#   MXPULL  the mxpull program
#   MXSIM   the scripted server
#   DRIVE   what paths of this machine begin with for mxpull.exe under wine ("Z:", with MXPULL = windows/mxpull.sh); empty elsewhere
set -u
umask 022 # a configuration that others may write is refused

: "${DRIVE:=}"
TEST_NAME=$(basename "$0" .sh)
# The longest that one run of the program may take, and that one event may be waited for: on a busy machine a start takes seconds, under wine ten.
PULL_SECONDS=120
SOON=120
failures=0
tmp='' theirs='' # the temporary folder, and the same as the program knows it
processes=()  # ended at the end
ends=()
program=      # the program that is running
status=       # the exit status of the one that ran last
sim_by=()     # what the scripted servers are started by
sim_is_silent= # not empty: they keep no journal
# The command that makes a file one's own.
# shellcheck disable=SC2034
private=${DRIVE:+icacls}
: "${private:=chmod 600}"

# --- The beginning and the end ------------------------------------------------------------------------------------------------

begin() {
    if [ -n "$DRIVE" ]; then
        command -v wine >/dev/null || skip 'wine is not installed (contrib/packages.sh windows)'
        [ -x "$MXSIM" ] || skip 'MXSIM does not name the mxsim program'
    fi
    tmp=$(mktemp -d) || exit 1
    # shellcheck disable=SC2034
    theirs=$DRIVE$tmp
    trap clean_up EXIT
}

# at_end COMMAND: a shell command for the end of the test, however it ends; the last one comes first.
at_end() { ends=("$1" "${ends[@]}"); }

clean_up() {
    local command
    [ -z "$program" ] || kill "$program" 2>/dev/null
    for command in "${ends[@]}"; do
        eval "$command"
    done
    [ ${#processes[@]} -eq 0 ] || { kill "${processes[@]}"; wait "${processes[@]}"; } 2>/dev/null
    [ -z "$tmp" ] || rm -rf -- "$tmp"
}

skip() {
    printf 'SKIPPED: %s\n' "$*"
    exit 77
}

# die TEXT...: what follows makes no sense without this.
die() {
    fail "$@"
    show_evidence
    exit 1
}

# Must be the last line of a test.
finish() {
    if [ "$failures" -gt 0 ]; then
        show_evidence
        printf '%s: %d failed\n' "$TEST_NAME" "$failures"
        exit 1
    fi
    printf '%s: passed\n' "$TEST_NAME"
    exit 0
}

# What a person needs who has only the test's output.
show_evidence() {
    [ ! -s "$tmp/out" ] || { printf -- '--- last output of mxpull:\n'; head -c 4000 "$tmp/out"; printf '\n'; }
    [ ! -s "$tmp/err" ] || { printf -- '--- last errors of mxpull:\n'; head -c 4000 "$tmp/err"; }
    more_evidence
}

more_evidence() { :; }

# --- Checks: each says what was expected and what came --------------------------------------------------------------------------

ok() { printf 'ok: %s\n' "$*"; }

fail() {
    printf 'FAILED: %s\n' "$*"
    failures=$((failures + 1))
}

# expect WHAT EXPECTED ACTUAL
expect() {
    if [ "$2" = "$3" ]; then
        ok "$1: $3"
    else
        fail "$1: expected '$2', came '$3'"
    fi
}

# expect_match WHAT REGEX ACTUAL
expect_match() {
    if [[ $3 =~ $2 ]]; then
        ok "$1: $3"
    else
        fail "$1: expected to match '$2', came '$3'"
    fi
}

# expect_in WHAT PART FILE
expect_in() {
    if grep -qF -- "$2" "$3"; then
        ok "$1"
    else
        fail "$1: no '$2' in:"
        cat "$3"
    fi
}

# --- Waiting ------------------------------------------------------------------------------------------------------------------

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it has not after so long.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

sleep_us() { sleep "$(($1 / 1000000)).$(printf '%06d' $(($1 % 1000000)))"; }

# stays SECONDS COMMAND...: the command must succeed all the time.
stays() {
    local end=$((SECONDS + $1))
    shift
    while [ "$SECONDS" -le "$end" ]; do
        "$@" || return 1
        sleep 0.1
    done
}

# prints EXPECTED COMMAND...: does the command print just this?
prints() {
    local expected=$1
    shift
    [ "$("$@")" = "$expected" ]
}

# expect_within SECONDS WHAT EXPECTED COMMAND...: the command must come to print EXPECTED. Once something has failed the wait
# is short, so that the test comes to its end.
expect_within() {
    local seconds=$1 what=$2 expected=$3
    shift 3
    [ "$failures" -eq 0 ] || seconds=2
    wait_for "$seconds" prints "$expected" "$@"
    expect "$what" "$expected" "$("$@")"
}

# expect_soon WHAT EXPECTED COMMAND...: the same, waiting for a busy machine.
expect_soon() { expect_within "$SOON" "$@"; }

# --- mxpull -------------------------------------------------------------------------------------------------------------------

# run_mxpull ARGUMENT...: the program, with its output in $tmp/out, its errors in $tmp/err and its exit status in $status.
run_mxpull() {
    # In the background, for a shell that waits can be stopped.
    timeout -k 5 "$PULL_SECONDS" "$MXPULL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 9>&- &
    program=$!
    wait "$program"
    status=$?
    program=
}

# run STATUS ARGUMENT...: the same, which must end so.
run() {
    local expected=$1
    shift
    run_mxpull "$@"
    expect "exit status of: mxpull $*" "$expected" "$status"
    [ -z "$DRIVE" ] || sed -i 's/\r$//' "$tmp/out" "$tmp/err"
}

# --- The scripted servers -----------------------------------------------------------------------------------------------------

# start_sim NAME [SCRIPT]: runs mxsim with the script, by default the standard input, until the end or until stop_sim NAME; its journal is $tmp/journal.NAME.
start_sim() {
    local script=${2:-$tmp/script.$1} journal=(--log "$tmp/journal.$1")
    [ $# -gt 1 ] || cat >"$script"
    [ -z "$sim_is_silent" ] || journal=()
    rm -f "$tmp/$1.servers" # of an earlier one, which was ready
    "${sim_by[@]}" "$MXSIM" "${journal[@]}" "$script" >"$tmp/$1.servers" 2>&1 </dev/null 9>&- &
    printf '%s\n' $! >"$tmp/$1.pid"
    processes+=($!)
    wait_for "$SOON" grep -qs '^ready' "$tmp/$1.servers" || die "mxsim does not start: $(cat "$tmp/$1.servers")"
}

stop_sim() {
    kill "$(cat "$tmp/$1.pid")"
    wait "$(cat "$tmp/$1.pid")" 2>/dev/null
    rm -f "$tmp/$1.pid"
}

# port SERVER: where it listens.
port() { sed -n "s/^$1 .*:\([0-9]*\)$/\1/p" "$tmp"/*.servers | tail -n 1; }
