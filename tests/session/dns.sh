#!/bin/bash
# mxpull check and mxpull init with a DNS server that fails, is silent, lies or talks rubbish: each fault of a domain is one finding of its own, no
# domain spoils another, each run ends, also when it is stopped meanwhile, and says so.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

mkfifo "$tmp/fifo"
${DRIVE:+"$(dirname "$0")/../../contrib/mingw/wine.sh"} "$FAULTY_DNS" <"$tmp/fifo" >"$tmp/dns" 2>&1 9>&- &
exec 8>"$tmp/fifo"
at_end 'exec 8>&-'
wait_for "$SOON" grep -qs '^ready' "$tmp/dns" || die "the DNS server does not start: $(cat "$tmp/dns")"

start_sim sim <<END
server mx2 127.0.0.2:0
  reply RCPT postmaster@example.org "550 not here"
  reply RCPT postmaster@[192.0.2.1] "550 not here"
sink primary 127.0.0.1:0
END

bad='servfail.test refused.test refers.test silent.test hangs-up.test cut.test loop.test round.test wrong-count.test rubbish.test'
good='good.test slow.test forged.test begins-empty.test old.test tcp.test truncated.test'
# c-ares 1.18 closes its socket at an empty datagram, with the questions of others (CVE-2023-32067, which Debian has mended).
[ -z "$DRIVE" ] || good=${good/begins-empty.test /}
hosts='lame-host.test silent-host.test loop-host.test gone-host.test'
many='100.mx.many.test'
none='no.test empty.test'
conf=$theirs/mxpull.conf
# Lists are many words on purpose.
# shellcheck disable=SC2086
{
    printf 'dns_server = "%s"\nehlo_name = mail.test\nstate_dir = "%s/state"\n' "$(sed -n 's/^ready \([0-9.:]*\).*/\1/p' "$tmp/dns")" "$theirs"
    printf 'primary { address = "127.0.0.1:%s" }\n' "$(port primary)"
    printf 'backup mx2 { host = mx2.test port = %s mail_port = %s domains = {%s} }\n' "$(port mx2)" "$(port mx2)" \
        "$(printf '%s ' $bad $good $hosts $many $none | sed 's/ /, /g; s/, $//')"
} >"$tmp/mxpull.conf"
chmod 600 "$tmp/mxpull.conf"

# --- check ------------------------------------------------------------------------------------------------------------------------
# found: "DOMAIN ID" of what failed at each domain, in the order of the configuration; and what was well, where nothing failed.
found() {
    jq -r '[.findings[] | select(.domain)] | group_by(.domain)[] |
        (map(select(.severity == "fail")) | if . == [] then [{id: "ok"}] else . end | map(.id) | unique | join(" ")) as $ids |
        "\(.[0].domain) \($ids)"' "$tmp/out"
}
run 78 check --json -c "$conf"
expect 'what fails' "$(sed "${DRIVE:+/^begins-empty/d}" <<'END' | sort
100.mx.many.test mx-primary-missing mx-target-missing
begins-empty.test ok
cut.test mx-rubbish
empty.test mx-none
forged.test ok
gone-host.test mx-backup-missing mx-target-missing
good.test ok
hangs-up.test mx-silent
lame-host.test mx-target-failed
loop-host.test mx-target-failed
loop.test mx-rubbish
no.test mx-no-domain
old.test ok
refers.test mx-refused
refused.test mx-refused
round.test mx-rubbish
rubbish.test mx-rubbish
servfail.test mx-failed
silent-host.test mx-target-failed
silent.test mx-silent
slow.test ok
tcp.test ok
truncated.test ok
wrong-count.test mx-rubbish
END
)" "$(found | sort)"
expect_match 'a hundred records' ' and 92 more$' "$(jq -r '.findings[] | select(.domain == "100.mx.many.test" and .id == "mx").text' "$tmp/out")"
expect 'the hosts of a hundred records' 99 "$(jq '[.findings[] | select(.domain == "100.mx.many.test" and .id == "mx-target-missing")] | length' "$tmp/out")"
expect 'what is wrong with the backup' '' "$(jq -r '.findings[] | select(.backup and .severity == "fail") | .id' "$tmp/out")"
# ends STATUS DOMAIN…: so ends a check of each of them alone.
ends() {
    local domain
    for domain in "${@:2}"; do
        run "$1" check -q -c "$conf" "$domain"
    done
}
ends 0 good.test forged.test truncated.test
ends 75 servfail.test hangs-up.test lame-host.test
ends 76 loop.test rubbish.test loop-host.test
ends 77 refused.test refers.test
ends 78 gone-host.test 100.mx.many.test no.test empty.test
sed 's/mx2.test/loop.test/' "$tmp/mxpull.conf" >"$tmp/other.conf"
chmod 600 "$tmp/other.conf"
run 75 check --json -c "$theirs/other.conf" good.test
expect 'the host of the backup' fail "$(jq -r '.findings[] | select(.id == "backup-address-unknown").severity' "$tmp/out")"

# --- init ----------------------------------------------------------------------------------------------------------------------------
# drafts STATUS DOMAIN…: init ends so, and makes a configuration that is understood, which goes to $tmp/json.
drafts() {
    run "$1" init -c "$conf" "${@:2}"
    cp "$tmp/out" "$tmp/draft.conf"
    cp "$tmp/err" "$tmp/said"
    chmod 600 "$tmp/draft.conf"
    run 0 config --json -c "$theirs/draft.conf"
    cp "$tmp/out" "$tmp/json"
}
# shellcheck disable=SC2086
drafts 75 $bad $good
expect 'what could not be found out' 1 "$(grep -c 'domains whose MX records could not be found out: 10;' "$tmp/said")"
expect 'domains of the backup' "$good" "$(jq -r '.backups[] | select(.host == "mx2.test").domains | join(" ")' "$tmp/json")"
# shellcheck disable=SC2086
drafts 0 $hosts $many $none
expect 'hosts without an address' 'servfail silent loop no' "$(jq -r '.backups[:4] | map(.name) | join(" ")' "$tmp/json")"
expect 'why there is none' 4 "$(grep -c 'It could not be looked at: ' <(grep -v 'mx[0-9]*.test' "$tmp/draft.conf"))"
expect 'a hundred hosts' 99 "$(jq '[.backups[] | select(.domains == ["100.mx.many.test"])] | length' "$tmp/json")"
expect 'domains without a backup' 1 "$(grep -c 'domains without a backup MX: 2;' "$tmp/said")"

# --- a standard output that takes nothing, and a file that cannot be written -----------------------------------------------------------
if [ -z "$DRIVE" ]; then
    # unheard STATUS ARGUMENT…
    unheard() {
        timeout "$PULL_SECONDS" "$MXPULL" "${@:2}" >/dev/full 2>"$tmp/err" </dev/null
        expect "exit status with a full standard output: mxpull ${*:2}" "$1" $?
        expect_in 'it is told' 'standard output: No space left on device' "$tmp/err"
        timeout "$PULL_SECONDS" "$MXPULL" "${@:2}" 2>"$tmp/err" </dev/null >&-
        expect "exit status without standard output: mxpull ${*:2}" "$1" $?
        expect_in 'it is told' 'standard output: Bad file descriptor' "$tmp/err"
    }
    unheard 75 check -c "$conf" good.test
    unheard 75 check --json --strict -c "$conf" good.test
    unheard 78 check -q -c "$conf" no.test
    unheard 75 init -c "$conf" good.test
    (ulimit -f 1 && timeout "$PULL_SECONDS" "$MXPULL" init -c "$conf" -o "$tmp/new.conf" "$many" 2>"$tmp/err" </dev/null)
    expect 'exit status with a full disk' 73 $?
    expect 'a file that could not be written whole' no "$([ -e "$tmp/new.conf" ] && echo yes || echo no)"
fi

# --- stopped while the DNS server is silent ---------------------------------------------------------------------------------------------
# stopped SIGNAL ARGUMENT…: the program gets the signal when it has asked.
is_asked() { [ "$(grep -c '^asked silent.test' "$tmp/dns")" -gt "$before" ]; }
stopped() {
    before=$(grep -c '^asked silent.test' "$tmp/dns")
    set -m # else a program in the background hears no SIGINT
    "$MXPULL" "${@:2}" >"$tmp/out" 2>"$tmp/err" </dev/null &
    program=$!
    set +m
    wait_for "$SOON" is_asked || fail 'nothing is asked'
    kill -"$1" "$program"
    wait "$program"
    expect "exit status after $1: mxpull ${*:2}" 75 $?
    program=
}
if [ -z "$DRIVE" ]; then
    for signal in INT TERM; do
        stopped $signal check -c "$conf" silent.test
        expect_in 'what is known is told' 'OK    file' "$tmp/out"
        expect_in 'and that it was stopped' '; stopped: ' "$tmp/out"
        stopped $signal check -q -c "$conf" silent.test
        expect_in 'quiet: and that it was stopped' 'stopped: ' "$tmp/err"
        stopped $signal check --json -c "$conf" silent.test
        expect 'JSON: what is known' '75 true' "$(jq -r '"\(.exit_status) \(any(.findings[]; .id == "configuration"))"' "$tmp/out")"
        expect_in 'JSON: and that it was stopped' 'stopped: ' "$tmp/err"
        stopped $signal init -c "$conf" good.test silent.test
        expect_in 'a draft' 'stopped: nothing is written' "$tmp/err"
        expect 'a draft: standard output' '' "$(cat "$tmp/out")"
        stopped $signal init -c "$conf" -o "$tmp/new.conf" good.test silent.test
        expect 'a file' no "$(ls "$tmp"/new.conf* >/dev/null 2>&1 && echo yes || echo no)"
    done
fi
finish
