# shellcheck shell=bash
# What the tests of the program from outside share. Needs MXPULL and MXSIM. Each check says what was expected and what came.
#
# They are also those of mxpull.exe under wine. Then MXPULL is ../windows/mxpull.sh, and DRIVE, "Z:", what paths of this machine begin with there.

if [ -n "${DRIVE:=}" ]; then
    command -v wine >/dev/null || { echo 'SKIPPED: wine is not installed (contrib/packages.sh windows)' && exit 77; }
    [ -x "$MXSIM" ] || { echo 'SKIPPED: MXSIM does not name the mxsim program' && exit 77; }
fi
umask 022 # a configuration that others may write is refused
tmp=$(mktemp -d)
# The same as the program knows it.
# shellcheck disable=SC2034
theirs=$DRIVE$tmp
# The command that makes a file one's own.
# shellcheck disable=SC2034
private=${DRIVE:+icacls}
: "${private:=chmod 600}"
failures=0
processes=() # ended at the end
clean_up() {
    [ ${#processes[@]} -eq 0 ] || kill "${processes[@]}" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$tmp"
}
trap clean_up EXIT

finish() {
    echo "$failures checks failed"
    [ "$failures" -eq 0 ]
}

ok() { printf 'ok: %s\n' "$1"; }

expect() { # WHAT EXPECTED CAME
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        printf 'FAILED: %s: expected "%s", got "%s"\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

expect_in() { # WHAT PART FILE
    if grep -qF -- "$2" "$3"; then
        ok "$1"
    else
        printf 'FAILED: %s: no "%s" in:\n' "$1" "$2"
        cat "$3"
        failures=$((failures + 1))
    fi
}

# expect_soon WHAT EXPECTED COMMAND…: the command comes to print this. A busy machine is waited for, but not once something has failed.
expect_soon() {
    local what=$1 end=$((SECONDS + (failures > 0 ? 5 : 25))) expected=$2
    shift 2
    while [ "$("$@")" != "$expected" ] && [ "$SECONDS" -le "$end" ]; do
        sleep 0.05
    done
    expect "$what" "$expected" "$("$@")"
}

# run STATUS ARGUMENT…: runs mxpull; its streams go to $tmp/out and $tmp/err.
run() {
    local expected=$1
    shift
    timeout 30 "$MXPULL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    expect "exit status of: mxpull $*" "$expected" "$?"
    [ -z "$DRIVE" ] || sed -i 's/\r$//' "$tmp/out" "$tmp/err"
}

# start_sim NAME SCRIPT: runs mxsim until the end, or until stop_sim NAME; its journal is $tmp/journal.NAME.
start_sim() {
    "$MXSIM" --log "$tmp/journal.$1" "$2" >"$tmp/$1.servers" 2>&1 &
    printf '%s\n' $! >"$tmp/$1.pid"
    processes+=($!)
    for _ in $(seq 100); do
        ! grep -q '^ready' "$tmp/$1.servers" || return 0
        sleep 0.05
    done
    cat "$tmp/$1.servers"
    echo "FAILED: mxsim does not start"
    exit 1
}

stop_sim() {
    kill "$(cat "$tmp/$1.pid")"
    wait "$(cat "$tmp/$1.pid")" 2>/dev/null
}

# port SERVER: where it listens.
port() { sed -n "s/^$1 .*:\([0-9]*\)$/\1/p" "$tmp"/*.servers | tail -n 1; }
