#!/bin/bash
# A host with several addresses: what is wrong with one machine leads to the next one, and a slow one is waited for. The names stand
# in an /etc/hosts of this test's own, in a mount namespace.
if [ -z "${IN_NAMESPACE:-}" ]; then
    if ! unshare -rm true 2>/dev/null; then
        echo "SKIPPED: no mount namespace can be had (unshare -rm)"
        exit 77
    fi
    IN_NAMESPACE=yes exec unshare -rm bash "$0" "$@"
fi
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

printf '127.0.0.%s two.test\n' 2 3 >"$tmp/hosts"
printf '127.0.0.%s three.test\n' 2 3 4 >>"$tmp/hosts"
echo '127.0.0.2 one.test' >>"$tmp/hosts"
mount --make-rprivate /
mount --bind "$tmp/hosts" /etc/hosts || skip '/etc/hosts cannot be replaced'
[ "$(getent ahosts three.test | awk '$2 == "STREAM" { printf "%s ", $1 }')" = "127.0.0.2 127.0.0.3 127.0.0.4 " ] ||
    skip 'the system puts addresses in an order of its own'

# try WHAT HOST OPTIONS STATUS ADDRESS OUTCOME CODE ANSWERS...: what the servers at 127.0.0.2, .3 … answer, - for none there.
try() {
    local what=$1 host=$2 options=$3 status=$4 address=$5 outcome=$6 code=$7 number=2 port=0
    shift 7
    rm -f "$tmp"/*.servers "$tmp"/journal.*
    for answer in "$@"; do
        if [ "$answer" != - ]; then
            printf 'server mx%s 127.0.0.%s:%s\n%b' $number $number "$port" "$answer" >"$tmp/script"
            : >"$tmp/mx$number.servers"
            start_sim "mx$number" "$tmp/script"
            [ "$port" != 0 ] || port=$(port "mx$number")
        fi
        number=$((number + 1))
    done
    cat >"$tmp/conf" <<END
state_dir = "$tmp/state"
primary { preflight = off }
backup mx { host = $host port = $port domains = a.example $options }
END
    run "$status" pull -c "$tmp/conf" --json
    expect "$what" "$address $outcome $code" "$(jq -r '.results[0] | "\(.address) \(.outcome) \(.code)"' "$tmp/out")"
    for server in "$tmp"/mx*.pid; do
        kill "$(cat "$server")"
        rm -f "$server"
    done
    wait 2>/dev/null
    processes=()
}
connections() { grep -c ' connected ' "$tmp/journal.$1"; } # SERVER

good='reply ETRN "250 OK"\n'
fast='connect_timeout = 4s command_timeout = 20s'

try "the first is busy" two.test "$fast" 0 127.0.0.3 started 250 'greeting "421 busy"\n' "$good"
try "and closes" two.test "$fast" 0 127.0.0.3 started 250 'greeting "421 busy" close\n' "$good"
try "the first refuses" two.test "$fast" 0 127.0.0.3 started 250 'greeting "554-no" "554 mail"\n' "$good"
try "the first closes before a greeting" two.test "$fast" 0 127.0.0.3 started 250 'greeting close\n' "$good"
try "the first resets" two.test "$fast" 0 127.0.0.3 started 250 'greeting reset\n' "$good"
try "the first speaks no SMTP" two.test "$fast" 0 127.0.0.3 started 250 'greeting "SSH-2.0-OpenSSH_9.2"\n' "$good"
try "the first is busy after EHLO" two.test "$fast" 0 127.0.0.3 started 250 'reply EHLO "421 busy" close\n' "$good"
try "the first closes at EHLO" two.test "$fast" 0 127.0.0.3 started 250 'reply EHLO close\n' "$good"
try "the first is silent" two.test "$fast" 0 127.0.0.3 started 250 'greeting stall\n' "$good"
try "the first begins a greeting" two.test "$fast" 0 127.0.0.3 started 250 'greeting "220-wait\\r\\n" stall-after 10\n' "$good"
try "two are silent" three.test "$fast" 0 127.0.0.4 started 250 'greeting stall\n' 'greeting stall\n' "$good"
try "one is busy, one silent" three.test "$fast" 0 127.0.0.4 started 250 'greeting "421 a"\n' 'greeting stall\n' "$good"
try "the first takes no connection, the second is busy" three.test "$fast" 0 127.0.0.4 started 250 - 'greeting "421 a"\n' "$good"
try "all are busy" three.test "$fast" 75 127.0.0.4 deferred 421 'greeting "421 a"\n' 'greeting "421 b"\n' 'greeting "421 c"\n'
expect "each was asked once" "1 1 1" "$(connections mx2) $(connections mx3) $(connections mx4)"
try "a refusal for now is told before one for good" two.test "$fast" 75 127.0.0.3 deferred 421 'greeting "554 no"\n' 'greeting "421 b"\n'
try "a refusal is told before a failure" two.test "$fast" 75 127.0.0.2 deferred 421 'greeting "421 a"\n' -
try "the other is silent" two.test "$fast" 75 127.0.0.2 deferred 421 'greeting "421 a"\n' 'greeting stall\n'
try "the first closes, the other is silent" two.test "$fast" 75 127.0.0.3 timeout null 'greeting close\n' 'greeting stall\n'
expect_in "for as long as it was waited for" "no greeting within 4s" "$tmp/out"
try "what is refused for our sake is not asked elsewhere" two.test "$fast" 77 127.0.0.2 denied 550 'reply EHLO "550 no"\nreply HELO "550 no"\n' "$good"
expect "the second is left alone" 0 "$(connections mx3)"

slow='connect_timeout = 2s command_timeout = 20s'
try "one address that greets slowly" one.test "$slow" 0 127.0.0.2 started 250 'delay GREETING 3500ms\n'
expect "one connection" 1 "$(connections mx2)"
try "the first greets slowly, the second takes no connection" two.test "$slow" 0 127.0.0.2 started 250 'delay GREETING 3500ms\n' -
try "the first greets slowly, the second is busy" two.test "$slow" 0 127.0.0.2 started 250 'delay GREETING 3500ms\n' 'greeting "421 b"\n'
try "the first greets slowly, the second never" two.test "$slow" 0 127.0.0.2 started 250 'delay GREETING 3500ms\n' 'greeting stall\n'
expect "asked once" 1 "$(cat "$tmp"/journal.* | grep -c '< ETRN')"
try "none greets" two.test 'connect_timeout = 1s command_timeout = 2s' 75 127.0.0.3 timeout null 'greeting stall\n' 'greeting stall\n'

# The address has changed between a poll and its retry.
printf 'server mx2 127.0.0.2:0\n  greeting "421 busy"\n' >"$tmp/script"
start_sim mx2 "$tmp/script"
port=$(port mx2)
printf 'server mx3 127.0.0.3:%s\n%b' "$port" "$good" >"$tmp/script"
start_sim mx3 "$tmp/script"
cat >"$tmp/conf" <<END
state_dir = "$tmp/state"
primary { preflight = off }
backup mx { host = one.test port = $port domains = a.example retry = {5s} }
END
: >"$tmp/err"
{
    wait_for "$SOON" grep -q '^backup=mx .*outcome=deferred' "$tmp/err" && echo '127.0.0.3 one.test' >"$tmp/hosts"
} &
run 0 pull -c "$tmp/conf" --retry --json
expect "a retry looks the name up anew" "127.0.0.3 started" "$(jq -r '.results[0] | "\(.address) \(.outcome)"' "$tmp/out")"

finish
