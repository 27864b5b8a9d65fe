#!/bin/bash
# Words that are not ASCII, and lines as Windows' editors end them: the configuration lies in C:\…\Zürich 東京 with CRLF and the mark that
# some editors put before UTF-8, and so do the state and the log; the backup has such a name, and is called by it.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
needs_only_sim

start_sim sim <<SCRIPT
server mx2 $PRIMARY:0
  auth PLAIN $SERVER_USER word
  require auth
SCRIPT
here=$WINEPREFIX/drive_c/mxpull-test-$$
at_end 'rm -rf "$here"'
folder="$here/Zürich 東京"
theirs="C:\\mxpull-test-$$\\Zürich 東京"
mkdir -p "$folder" || die 'the folder cannot be made'

printf 'word\r\n' >"$folder/Paßwort.txt"
{
    printf '\357\273\277'
    sed 's/$/\r/' <<CONF
# Zürich 東京
state_dir    = '$theirs\\Zustand ü'
metrics_file = '$theirs\\Maß.prom'
log          = 'file:$theirs\\Protokoll ä.log'
primary {
    preflight = off
}
backup "Büro 東京" {
    host          = "$PRIMARY"
    port          = $(port mx2)
    domains       = {"example.test",
                     "second.test"}
    tls           = off
    auth_in_clear = true
    user          = "$SERVER_USER"
    password_file = '$theirs\\Paßwort.txt'
}
CONF
} >"$folder/mxpull.conf"
chmod 600 "$folder"/*

# asks ARGUMENT...: a pull with these asks both domains.
asks() {
    local asked
    asked=$(in_wire '< ETRN')
    run_mxpull pull --json "$@"
    expect_pull "${*:-by default}" 0 started
    expect "${*:-by default}: ETRNs" $((asked + 2)) "$(in_wire '< ETRN')"
    expect "${*:-by default}: the backup's name" 'Büro 東京' "$(json '.results[0].backup')"
}
asks -c "$theirs\\mxpull.conf"
asks -c "${theirs//\\//}/mxpull.conf" 'Büro 東京'
cd "$folder" || die 'no such folder'
asks -c mxpull.conf 'Büro 東京'
cd "$tmp" || die 'no such folder'
MXPULL_CONFIG="$theirs\\mxpull.conf" asks

run_mxpull pull -c "$theirs\\Züri.conf"
expect 'a file that is not there: exit status' 78 "$status"
expect_match 'a file that is not there: its name' 'Züri\.conf' "$(cat "$tmp/err")"
run_mxpull history --json -c "$theirs\\mxpull.conf" 'Büro 東京'
expect 'history: answers' 8 "$(json '.answers | length')"
expect 'files' 'Maß.prom Paßwort.txt Protokoll ä.log Zustand ü mxpull.conf' "$(find "$folder" -mindepth 1 -maxdepth 1 -printf '%f\n' |
    LC_ALL=C sort | paste -s -d ' ')"
expect 'lines of the log with its name' 8 "$(grep -c 'backup="*Büro 東京"* .*outcome=started' "$folder/Protokoll ä.log")"
expect 'lines of the metrics with its name' yes "$(grep -q 'backup="Büro 東京"' "$folder/Maß.prom" && echo yes)"
finish
