#!/bin/bash
# contrib's install.cmd, and mxpull.exe as the service and the task that it makes, under wine. Needs WINE, the words that run a program, with MXPULL and
# CONTROL for it, and WINEPREFIX. What wine does not do: other accounts, restarts after a crash, running the task.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
contrib=$(cd "$(dirname "$0")/../../contrib/windows" && pwd)

# shellcheck disable=SC2086 # words
wine() { timeout "$PULL_SECONDS" $WINE "$@" 2>"$tmp/err" </dev/null; }

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
write_config
key='HKLM\System\CurrentControlSet\Services\mxpull'
event_log='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\mxpull'
drive=$WINEPREFIX/drive_c
installed=$drive/ProgramData/mxpull
program="C:\\Program Files\\mxpull\\mxpull.exe"

# install STATUS [WORD]: runs install.cmd as it lies in the zip.
install() {
    local expected=$1
    shift
    # shellcheck disable=SC2086 # no word is none
    wine cmd /c "$(in_windows "$tmp/zip/install.cmd")" "$@" >"$tmp/out"
    expect "exit status of: install.cmd $*" "$expected" "$?"
    sed -i 's/\r$//' "$tmp/out" "$tmp/err"
}
is_there() { wine sc query mxpull >/dev/null && echo yes || echo no; }
has_task() { [ -e "$drive/windows/system32/tasks/mxpull" ] && echo yes || echo no; }
away() { wine cmd /c "$(in_windows "$tmp/zip/install.cmd")" remove >/dev/null; }

mkdir "$tmp/zip"
cp "$MXPULL" "$tmp/zip/mxpull.exe"
cp "$contrib/install.cmd" "$contrib/mxpull-task.xml" "$contrib/README.md" "$tmp/zip/"
mv "$tmp/zip/README.md" "$tmp/zip/README.txt"
cp "$(dirname "$0")/../../etc/mxpull.conf" "$tmp/zip/"
away # of a run that broke off
rm -rf "$drive/Program Files/mxpull" "$installed"
wine net start Schedule >/dev/null # a Windows has it running

# Without a configuration of the user's nothing is made to run.
install 0
expect_in "what is left to do" 'pull --dry-run' "$tmp/out"
[ -s "$drive/Program Files/mxpull/mxpull.exe" ] && cmp -s "$tmp/zip/mxpull.conf" "$installed/mxpull.conf" &&
    cmp -s "$tmp/zip/README.txt" "$drive/Program Files/mxpull/README.txt"
expect "its files" 0 "$?"
expect "no task before the configuration is written" no "$(has_task)"
rm "$installed/mxpull.conf"
install 0 service
expect "nor a service" no "$(is_there)"

# Nor with one that is wrong.
write_config
echo 'garbage' >>"$config"
cp "$config" "$installed/mxpull.conf"
for how in task service; do
    install 78 $how
    expect_in "why" 'mxpull.conf' "$tmp/err"
    expect "no task with a wrong configuration" no "$(has_task)"
    expect "no service with it" no "$(is_there)"
done
install 64 begin
expect_in "its words" 'install.cmd [task | service | remove]' "$tmp/err"

# The task.
write_config
cp "$config" "$installed/mxpull.conf"
install 0
expect_in "it is said" 'The task is installed.' "$tmp/out"
expect "the task" yes "$(has_task)"
expect "and no service" no "$(is_there)"
cmp -s "$config" "$installed/mxpull.conf"
expect "the configuration stays" 0 "$?"
install 0 task
expect "again" yes "$(has_task)"

# The service, in place of the task.
install 0 service
expect "the task is gone" no "$(has_task)"
wine reg query "$key" >"$tmp/key"
expect_in "absolute paths, quoted" "\"$program\" daemon -c \"C:" "$tmp/key"
expect_in "the account" 'NT AUTHORITY\LocalService' "$tmp/key"
expect_in "a description" 'Gets mail back' "$tmp/key"
expect "started with the system" 1 "$(grep -c 'Start  *REG_DWORD  *0x2' "$tmp/key")"
wine reg query "$event_log" >"$tmp/key"
expect_in "the Event Log's message" "$program" "$tmp/key"
expect_soon "the service runs" "RUNNING 0 0" state
expect_soon "it has asked" 1 polls

# Told, stopped, started.
wine "$CONTROL" mxpull 128
expect_soon "it pulls when told to" 2 polls
wine "$CONTROL" mxpull 6
expect_soon "it reads its configuration anew" 1 said 'was read anew'
run_wine 75 daemon -c "$(in_windows "$config")"
wine net stop mxpull >/dev/null
expect_soon "it has stopped" "STOPPED 0 0" state
expect "in order" 1 "$(said 'mxpull ends')"
install 0
expect "an update leaves the service a service" no "$(has_task)"
expect_soon "and starts it" "RUNNING 0 0" state
install 0 service
expect_soon "an update of a service that runs" "RUNNING 0 0" state
wine net stop mxpull >/dev/null
expect_soon "it has stopped again" "STOPPED 0 0" state

# With faults.
echo 'garbage' >>"$installed/mxpull.conf"
wine net start mxpull >/dev/null
expect_soon "a faulty configuration is told to the manager" "STOPPED 1066 78" state
install 78
cp "$config" "$installed/mxpull.conf"

# In place of the service the task, then both away.
install 0 task
expect "the task again" yes "$(has_task)"
expect "the service is gone" no "$(is_there)"
install 0 service
expect_soon "the service again" "RUNNING 0 0" state
install 0 remove
expect_soon "the service is away" no is_there
expect "it has ended in order" 4 "$(said 'mxpull ends')"
install 0 task
install 0 remove
expect "the task is away" no "$(has_task)"
rm -rf "$drive/Program Files/mxpull" "$installed"
finish
