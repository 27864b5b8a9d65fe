#!/bin/bash
# The XML of the scheduled task, as contrib/windows gives it away, against the rules of the Task Scheduler (task.xsd), and for what
# mxpull wants of it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
here=$(cd "$(dirname "$0")" && pwd)
contrib=$here/../../contrib/windows
command -v xmllint >/dev/null || skip 'xmllint (libxml2-utils) is not installed'
# valid WHAT FILE
valid() {
    if xmllint --noout --nonet --schema "$here/task.xsd" "$2" >"$tmp/said" 2>&1; then
        ok "$1"
    else
        fail "$1 is not by the rules:"
        cat "$tmp/said"
    fi
}

plain() {
    iconv -f UTF-16 -t UTF-8 "$contrib/mxpull-task.xml" | sed -e 's/ encoding="UTF-16"//' -e 's/\r$//' >"$tmp/plain.xml"
}

# invalid WHAT SED-COMMAND: the file of contrib, changed by it, must be refused: the rules see what they should.
invalid() {
    plain
    sed -E "$2" "$tmp/plain.xml" >"$tmp/changed.xml"
    if cmp -s "$tmp/plain.xml" "$tmp/changed.xml"; then
        fail "$1: nothing was changed"
    elif xmllint --noout --nonet --schema "$here/task.xsd" "$tmp/changed.xml" >"$tmp/said" 2>&1; then
        fail "$1 is taken for right"
    else
        printf 'ok: refused: %s\n' "$1"
    fi
}

# holds VALUE PATH: what stands at the path of element names.
holds() {
    local path='' name value
    for name in ${2//\// }; do
        path="$path/*[local-name()='$name']"
    done
    value=$(xmllint --xpath "string($path)" "$contrib/mxpull-task.xml")
    [ "$value" = "$1" ] || fail "$2 is \"$value\", not \"$1\""
}

[ "$(head -c 2 "$contrib/mxpull-task.xml" | od -An -tx1 | tr -d ' ')" = fffe ] || fail "contrib's file has no mark of UTF-16LE"
[ $(($(wc -c <"$contrib/mxpull-task.xml") % 2)) -eq 0 ] || fail "contrib's file ends within a character"

valid "contrib's file" "$contrib/mxpull-task.xml"
# What users may write in place of PT4H, which the README of contrib names.
for interval in PT1M PT30M PT1H30M P1D P31D; do
    plain
    sed "s/PT4H/$interval/" "$tmp/plain.xml" >"$tmp/changed.xml"
    valid "one of every $interval" "$tmp/changed.xml"
done
iconv -f UTF-16 -t UTF-8 "$contrib/mxpull-task.xml" | grep -vq $'\r$' && fail "contrib's file has lines that do not end in CR LF"

invalid "another namespace" 's|2004/02/mit/task|2004/02/mit/tasks|'
invalid "an unknown version" 's/version="1.2"/version="2.0"/'
invalid "an interval of seconds" 's/PT4H/PT30S/'
invalid "an interval of more than 31 days" 's/PT4H/P32D/'
invalid "an interval in our own words" 's/PT4H/4h/'
invalid "an unknown policy" 's/IgnoreNew/Ignore/'
invalid "a trigger whose children stand in another order" '/StartBoundary/d; s|(.*)</Repetition>|&<StartBoundary>2026-01-01T00:00:00</StartBoundary>|'
invalid "an account that is not there" 's/Context="LocalService"/Context="Author"/'
invalid "no command" '/<Command>/d'
invalid "something unknown" 's|<Enabled>.*|&<Colour>blue</Colour>|'
invalid "a truth that is none" 's|<Enabled>true|<Enabled>yes|'

holds S-1-5-19 Task/Principals/Principal/UserId
holds LeastPrivilege Task/Principals/Principal/RunLevel
holds IgnoreNew Task/Settings/MultipleInstancesPolicy
holds true Task/Settings/StartWhenAvailable
holds false Task/Settings/DisallowStartIfOnBatteries
holds PT1H Task/Settings/ExecutionTimeLimit
holds PT4H Task/Triggers/TimeTrigger/Repetition/Interval
holds '' Task/Triggers/TimeTrigger/Repetition/Duration
holds '%ProgramFiles%\mxpull\mxpull.exe' Task/Actions/Exec/Command
holds 'pull -q -c "%ProgramData%\mxpull\mxpull.conf"' Task/Actions/Exec/Arguments

finish
