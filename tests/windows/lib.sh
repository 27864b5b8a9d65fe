# shellcheck shell=bash
# What the tests of this folder share: those of ../servers with mxpull.exe, run by wine, in the place of mxpull. A test that is told there
# is run here by a script that holds nothing but its name, for it looks for lib.sh beside the script that was started.
#
#   MXPULL_EXE      the mxpull.exe
#   ENDS_EXE        ends.exe, which ends programs
#   WINEPREFIX      wine's files, which these tests share with others
#   MXPULL_SERVERS  as in ../servers/lib.sh

# shellcheck source=../servers/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../servers/lib.sh"
# No test takes more than 35 s here on a machine with nothing else to do; one that is busy takes ten times as long.
TEST_SECONDS=840
PULL_SECONDS=200

WINDOWS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MXPULL=$WINDOWS/mxpull.sh
export MXPULL_EXE=${MXPULL_EXE:-} MXPULL_BY="" WINEPREFIX=${WINEPREFIX:-}
command -v wine >/dev/null || skip 'wine is not installed (contrib/packages.sh windows)'
[ -f "$MXPULL_EXE" ] || skip 'MXPULL_EXE does not name the mxpull.exe'
[ -n "$WINEPREFIX" ] || skip 'WINEPREFIX does not name the folder for the files of wine'

# wine wants its files to be its user's, so sudo is no help.
become_root() { [ "$(id -u)" -eq 0 ] || skip 'only root can run the servers'; }

# needs_only_sim: nothing but the scripted server.
needs_only_sim() {
    mkdir -p "$SERVERS"
    become_root() { :; }
    needs_sim
}

# windows_path PATH: as mxpull.exe knows it.
windows_path() { printf 'Z:%s' "${1//\//\\}"; }

# Paths as a person would write them in double quotes, where a backslash is not one.
adapt_config() { sed "s|\([\"']\)$tmp/|\1Z:$tmp/|g"; }

printing() { printf 'type %s' "$(windows_path "$1")"; }

# Without a CA wine's Schannel trusts everybody, and where a server speaks in clear it waits for more.
except_wine() { printf 'not tried under wine: %s\n' "$2"; }

# --- The scripted server ----------------------------------------------------------------------------------------------------

# in_wire REGEX: lines of the scripted servers' journal.
in_wire() { grep -cE -- "$1" "$tmp/journal.sim"; }

# has_come REGEX COUNT: has the log come to hold so many such lines?
has_come() { [ "$(in_wire "$1")" -ge "$2" ]; }

# --- The end of a program ---------------------------------------------------------------------------------------------------

# by_ends HOW: from now on mxpull is ended in this way (ctrl-c, kill) as soon as $tmp/end is there; MXPULL_BY='' is the end of that.
# It may begin ten seconds late with ctrl-c, until wine's console is there.
by_ends() {
    rm -f "$tmp/end"
    MXPULL_BY="$ENDS_EXE $1 $(windows_path "$tmp/end")"
}

# As in ../servers/lib.sh.
interrupted() {
    local file=$1 regex=$2
    shift 2
    : >"$file"
    by_ends ctrl-c
    { wait_for 120 grep -qE -- "$regex" "$file" && : >"$tmp/end"; } &
    run_mxpull "$@"
    MXPULL_BY=''
}

# Whoever kills must have wine for itself: what is killed leaves its server in some disorder, so that another one takes its place then.
killed=
leave() { [ -z "$killed" ] || "$WINDOWS/../../contrib/mingw/wine.sh" --start 9>&-; }

# A program that is killed while it is being loaded leaves wine's server in disorder: then sockets of others stay open when they end, and
# others end. So the time counts from the first connection to the server "provider", made by a dry run within $before_us, of which wine's part
# is more than the half.
killed_after() {
    local killed_status us=$1 connections
    shift
    connections=$(in_wire '^provider#[0-9]+ connected')
    killed=yes
    by_ends kill
    "$MXPULL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 9>&- &
    program=$!
    MXPULL_BY=''
    wait_for 120 has_come '^provider#[0-9]+ connected' $((connections + 1))
    # shellcheck disable=SC2154
    sleep_us $(((us - before_us / 2) / 2))
    : >"$tmp/end"
    wait "$program"
    killed_status=$?
    program=
    # With a program end its sockets, but wine's server keeps some of them.
    ss -K dst "$PRIMARY" >/dev/null 2>&1
    [ "$killed_status" -eq 137 ]
}

# expect_quick_end WHAT FILE: the errors of what ran in the console tell that it ended within two seconds.
expect_quick_end() {
    local ms
    ms=$(sed -n 's/^ends: after \([0-9]*\) ms.*/\1/p' "$2")
    if [ -n "$ms" ] && [ "$ms" -lt 2000 ]; then
        ok "$1: ended after $ms ms"
    else
        fail "$1: ended after '$ms' ms: $(tail -n 3 "$2")"
    fi
}
