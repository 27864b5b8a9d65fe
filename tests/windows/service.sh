#!/bin/bash
# mxpull.exe as a service, its task, and contrib's install.cmd, under wine. Needs WINE, the words that run a program, with MXPULL and
# CONTROL for it, and WINEPREFIX. What wine does not do: other accounts, restarts after a crash, running the task.
set -u
# shellcheck source=tests/session/lib.sh
. "$(dirname "$0")/../session/lib.sh"
contrib=$(cd "$(dirname "$0")/../../contrib/windows" && pwd)

# shellcheck disable=SC2086 # words
wine() { timeout 60 $WINE "$@" 2>"$tmp/err" </dev/null; }

# run_wine STATUS ARGUMENT…: like run of lib.sh.
run_wine() {
    local expected=$1
    shift
    wine "$MXPULL" "$@" >"$tmp/out"
    expect "exit status of: mxpull $*" "$expected" "$?"
    sed -i 's/\r$//' "$tmp/out"
    sed -i 's/\r$//' "$tmp/err"
}

# The state as the manager tells it: "RUNNING 0 0".
state() { wine sc query mxpull | tr -d '\r' | awk '/STATE/ { s = $4 } /EXIT_CODE/ { s = s " " $3 } END { print s }'; }
polls() { grep -c 'backup=mx2 .*outcome=held' "$tmp/log.txt"; }
said() { grep -c "$1" "$tmp/log.txt"; }
in_windows() { printf 'Z:%s' "$1" | tr / '\\'; }

folder="$tmp/mit Leerzeichen & ü"
mkdir "$folder"
config=$folder/mxpull.conf
write_config() {
    cat >"$config" <<END
state_dir = '$(in_windows "$tmp/state")'
log = 'file:$(in_windows "$tmp/log.txt")'
primary { address = "127.0.0.1:1" }
backup "mx2" { host = "127.0.0.1" port = 1 domains = {example.com} }
END
}
key='HKLM\System\CurrentControlSet\Services\mxpull'
write_config
wine "$MXPULL" service remove -q >/dev/null # of a run that broke off

# Without anything there.
run_wine 69 service start
expect_in "no service" "it is not installed; run: mxpull service install" "$tmp/err"
run_wine 69 service remove
run_wine 64 service
run_wine 64 service begin
expect_in "its words" '"service" wants one word: install, remove, start or stop' "$tmp/err"
run_wine 64 service install -c -
run_wine 78 service install -c "$(in_windows "$tmp/none.conf")"
run_wine 69 service start

# Installed, and changed.
run_wine 0 service install -c "$(in_windows "$config")"
expect_in "what comes next" "mxpull service start" "$tmp/out"
run_wine 0 service install -q -c "$(in_windows "$config")"
expect "-q" "" "$(cat "$tmp/out")"
wine reg query "$key" >"$tmp/key"
expect_in "absolute paths, quoted" "\"$(in_windows "$MXPULL")\" daemon -c \"Z:" "$tmp/key"
expect_in "the account" 'NT AUTHORITY\LocalService' "$tmp/key"
expect_in "a description" 'Gets mail back' "$tmp/key"
expect "started with the system" 1 "$(grep -c 'Start  *REG_DWORD  *0x2' "$tmp/key")"

# Started, told, stopped.
run_wine 0 service start
expect "it runs" "RUNNING 0 0" "$(state)"
expect_soon "it has asked" 10 1 polls
run_wine 0 service start
expect_in "started twice" "The service runs." "$tmp/out"
wine "$CONTROL" mxpull 128
expect_soon "it pulls when told to" 10 2 polls
wine "$CONTROL" mxpull 6
expect_soon "it reads its configuration anew" 10 1 said 'was read anew'
run_wine 75 daemon -c "$(in_windows "$config")"
run_wine 0 service stop
expect "it has stopped" "STOPPED 0 0" "$(state)"
expect "in order" 1 "$(said 'mxpull ends')"
run_wine 0 service stop

# With faults.
echo 'garbage' >>"$config"
run_wine 69 service start
expect_in "a faulty configuration" "exit status 78; the Event Log says why" "$tmp/err"
expect "is told to the manager" "STOPPED 1066 78" "$(state)"
run_wine 78 service install -c "$(in_windows "$config")"
write_config

# Away.
run_wine 0 service start
run_wine 0 service remove
run_wine 69 service start
expect "it has ended" 2 "$(said 'mxpull ends')"

# The task.
wine net start Schedule >/dev/null # a Windows has it running
run_wine 64 task install --every 10s
run_wine 64 task start
run_wine 78 task install -c "$(in_windows "$tmp/none.conf")"
run_wine 0 task install --every 1h30m -c "$(in_windows "$config")"
run_wine 0 task install -c "$(in_windows "$config")"
run_wine 0 task remove
run_wine 69 task remove

# install.cmd, into wine's own folders.
drive=$WINEPREFIX/drive_c
rm -rf "$drive/Program Files/mxpull" "$drive/ProgramData/mxpull"
mkdir "$tmp/zip"
cp "$MXPULL" "$tmp/zip/mxpull.exe"
cp "$contrib/install.cmd" "$tmp/zip/"
cp "$(dirname "$0")/../../etc/mxpull.conf" "$tmp/zip/"
wine cmd /c "$(in_windows "$tmp/zip/install.cmd")" >"$tmp/out"
expect "install.cmd" 0 "$?"
expect_in "what is left to do" 'pull --dry-run' "$tmp/out"
[ -s "$drive/Program Files/mxpull/mxpull.exe" ] && cmp -s "$tmp/zip/mxpull.conf" "$drive/ProgramData/mxpull/mxpull.conf"
expect "its files" 0 "$?"
echo '# mine' >>"$drive/ProgramData/mxpull/mxpull.conf"
wine cmd /c "$(in_windows "$tmp/zip/install.cmd")" service >"$tmp/out"
expect "install.cmd service" 0 "$?"
expect "the configuration stays" 1 "$(grep -c '# mine' "$drive/ProgramData/mxpull/mxpull.conf")"
expect "the service runs" "RUNNING 0 0" "$(state)"
run_wine 69 task remove
wine cmd /c "$(in_windows "$tmp/zip/install.cmd")" service >"$tmp/out"
expect "install.cmd over a service that runs" 0 "$?"
run_wine 0 service remove
rm -rf "$drive/Program Files/mxpull" "$drive/ProgramData/mxpull"
finish
