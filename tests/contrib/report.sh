#!/bin/bash
# The report in a real browser: report_browser.py tells it to look at pages of a past that report_store.py makes. $1 is the program, $2 the folder for
# its pictures.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
program=$1 pictures=$2 here=$(cd "$(dirname "$0")" && pwd)
for needed in chromium python3 xmllint; do
    command -v "$needed" >/dev/null || skip "$needed is not installed (contrib/packages.sh test)"
done
python3 -c 'import sqlite3' 2>/dev/null || skip "python3 has no sqlite3"
begin
export TZ=Europe/Berlin
{
    printf 'state_dir = "%s/state"\nprimary { preflight = off }\n' "$tmp"
    for number in {0..19}; do
        printf 'backup b%s { host = "127.0.0.1" port = 1 domains = {d%s.example} tls = off }\n' "$number" "$number"
    done
} >"$tmp/mxpull.conf"
"$program" pull -q -c "$tmp/mxpull.conf" >/dev/null 2>&1
expect "exit status of a pull of what is not there" 75 $?

python3 "$here/report_store.py" "$tmp/state/mxpull.db" 365 20 || die "no past"
"$program" report -c "$tmp/mxpull.conf" --since 365d --html "$tmp/year.html"
expect "exit status of a report of a year" 0 $?
size=$(stat -c %s "$tmp/year.html")
[ "$size" -le 1000000 ]
expect "a year of 20 backups is less than 1 MB: 0 is yes" 0 $?
expect "what is not well-formed in it" "" "$(xmllint --noout "$tmp/year.html" 2>&1)"

python3 "$here/report_store.py" "$tmp/state/mxpull.db" 40 20 wrong || die "no past"
sed -i '/^backup b[3-9]/d; /^backup b1[0-9]/d' "$tmp/mxpull.conf"
"$program" report -c "$tmp/mxpull.conf" --html "$tmp/month.html"
expect "exit status of a report" 0 $?
expect "what is not well-formed in it" "" "$(xmllint --noout "$tmp/month.html" 2>&1)"

mkdir -p "$pictures"
HOME=$tmp timeout 200 python3 "$here/report_browser.py" "$tmp" "$pictures" || fail "the browser finds faults"
finish
