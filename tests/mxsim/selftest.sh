#!/bin/bash
# selftest.sh MXSIM: starts it on free ports and checks answers, rules, faults and delivery by bash's /dev/tcp. With DRIVE set it is mxsim.exe
# under wine, as in ../lib.sh.
set -u
[ -z "${DRIVE:=}" ] || command -v wine >/dev/null || { echo 'SKIPPED: wine is not installed (contrib/packages.sh windows)' && exit 77; }
mxsim=$1
folder=$(mktemp -d) || exit 1
failed=0
trap 'kill "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1

mkdir waiting
printf 'From: a@example.org\nTo: Bob <bob@example.test>, c@example.test\n\nhello\n.dot\n' >waiting/one.eml
printf 'To: x@elsewhere.test\n\nstays\n' >waiting/two.eml
cat >script <<'END'
server plain 127.0.0.1:0
  deliver waiting primary say-empty
  reply ETRN denied.test "459 4.7.1 not allowed"
  reply ETRN#4+ "421 too many" close
  on-connection 2 greeting "220-two" "220 lines"
server cut 127.0.0.1:0
  greeting "220 x"
  fault after-bytes 5 close
server silent 127.0.0.1:0
  fault after-commands 1 stall
server slow 127.0.0.1:0
  delay 100ms
  delay QUIT 0
server gated 127.0.0.1:0
  delay NOOP until gate
server locked 127.0.0.1:0
  auth PLAIN,CRAM-MD5 joe secret
  require auth
server full 127.0.0.1:0
  max-connections 0 "421 full"
server turned 127.0.0.1:0
  reply ATRN "250 ok"
  turn say "EHLO too early"
  turn close
sink primary 127.0.0.1:0
  keep kept lf
  reply RCPT "c@*" "550 no"
END
"$mxsim" --log log script >servers &
pid=$!
# until_done COMMAND…: for a minute at most, for the machine may be busy
until_done() {
    local end=$((SECONDS + 60))
    until "$@" || [ "$SECONDS" -ge "$end" ]; do
        sleep 0.1
    done
}
until_done grep -qs '^ready' servers

# talk SERVER COMMANDS [LINES]: what the server says to commands sent at once, up to its close; or so many lines, and what comes in a second behind them
talk() {
    local address
    address=$(sed -n "s/^$1 //p" servers | tr -d '\r')
    timeout 60 bash -c 'exec 3<>"/dev/tcp/${0%:*}/${0##*:}" && printf "%b" "$1" >&3 || exit
        [ -n "$2" ] || exec cat <&3
        for ((line = 0; line < $2; line++)); do read -r said <&3 && printf "%s\n" "$said"; done
        timeout 1 cat <&3' "$address" "$2" "${3:-}" | tr -d '\r'
}

# check NAME EXPECTED SEEN
check() {
    [ "$2" = "$3" ] && return
    failed=1
    printf '%s: expected\n%s\nseen\n%s\n' "$1" "$2" "$3"
}

check session $'220 plain ESMTP mxsim\n250-plain\n250-8BITMIME\n250-ETRN\n250 SIZE 0\n500 5.5.2 unknown command\n221 2.0.0 bye' \
    "$(talk plain 'EHLO x\r\nNONSENSE\r\nQUIT\r\n')"
check rules $'220-two\n220 lines\n459 4.7.1 not allowed\n251 OK, no messages waiting for node none.test\n250 OK, queuing for node @test started\n421 too many' \
    "$(talk plain 'ETRN Denied.Test\r\nETRN none.test\r\nETRN @test\r\nETRN a.b\r\n')"
check cut '220 x' "$(talk cut '')"
check silent $'220 silent ESMTP mxsim\n250 2.0.0 OK' "$(talk silent 'NOOP\r\nNOOP\r\n' 2)"
check full '421 full' "$(talk full '')"
check locked $'220 locked ESMTP mxsim\n530 5.7.0 authentication required\n535 5.7.8 wrong credentials\n235 2.7.0 welcome\n250 OK, queuing for node a.b started\n221 2.0.0 bye' \
    "$(talk locked 'ETRN a.b\r\nAUTH PLAIN AGpvZQB3cm9uZw==\r\nAUTH PLAIN AGpvZQBzZWNyZXQ=\r\nETRN a.b\r\nQUIT\r\n')"
check turned $'220 turned ESMTP mxsim\n250 ok\nEHLO too early' "$(talk turned 'ATRN\r\n')"

began=${EPOCHREALTIME/[.,]/}
check slow $'220 slow ESMTP mxsim\n250 2.0.0 OK\n250 2.0.0 OK\n221 2.0.0 bye' "$(talk slow 'NOOP\r\nNOOP\r\nQUIT\r\n')"
took=$((${EPOCHREALTIME/[.,]/} - began))
[ "$took" -ge 300000 ] || check delay 'at least 300000 us' "$took us"

talk gated 'NOOP\r\nQUIT\r\n' >answers &
talking=$!
until_done grep -qs 'gated#1 < NOOP' log
check 'until there is a file' '220 gated ESMTP mxsim' "$(grep -h '^gated#1 >' log | sed 's/^gated#1 > //; s/\r$//')"
touch gate
wait "$talking"
check 'when there is one' $'220 gated ESMTP mxsim\n250 2.0.0 OK\n221 2.0.0 bye' "$(cat answers)"

until_done [ -e waiting/two.eml.sent ]
check kept $'X-Envelope-From: <a@example.org>\nX-Envelope-To: <bob@example.test>\nFrom: a@example.org\nTo: Bob <bob@example.test>, c@example.test\n\nhello\n.dot' \
    "$(cat kept/0001.eml)"
check sent $'one.eml.sent\ntwo.eml.sent' "$(ls waiting)"
check log $'plain#2/deliver delivered one.eml 250\nplain#2/deliver delivered two.eml 250' "$(grep ' delivered ' log)"

check fault 'script.bad:2: greting: unknown directive, 64' \
    "$(printf 'server a 127.0.0.1:0\n  greting "x"\n' >script.bad; "$mxsim" script.bad 2>&1 | tr -d '\r' | tr '\n' ','; echo " ${PIPESTATUS[0]}")"
check until-eof $'ready' "$(printf 'server a 127.0.0.1:0\nend\n' | timeout 60 "$mxsim" - | tr -d '\r' | tail -n 1)"

kill "$pid"
wait "$pid"
status=$?
[ -n "$DRIVE" ] || check exit 0 $status # wine hands the signal to nobody
exit $failed
