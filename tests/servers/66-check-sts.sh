#!/bin/bash
# mxpull check and MTA-STS: policies from real web servers (openssl s_server), one for each fault, found by a real DNS server.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dns.sh
. "$(dirname "${BASH_SOURCE[0]}")/dns.sh"
needs nsd

mkdir "$tmp/tls"
names=(good testing off unlisted untested moved gone html broken long expired unknown wrong)
alternatives=$(printf ',DNS:mta-sts.%s.check.test' "${names[@]}")
if ! make_ca ca || ! make_ca other || ! make_certificate good ca "${alternatives#,}" 30 ||
    ! make_certificate expired ca "${alternatives#,}" -1 || ! make_certificate unknown other "${alternatives#,}" 30 ||
    ! make_certificate wrong ca DNS:somebody-else.test 30; then
    die 'openssl cannot make the certificates'
fi

# serve NAME CERTIFICATE: the whole answer to a request for NAME's policy is read from standard input.
web=0
serve() {
    web=$((web + 1))
    mkdir -p "$tmp/$1/.well-known"
    cat >"$tmp/$1/.well-known/mta-sts.txt"
    printf 'mta-sts.%s A 127.125.%d.%d\n_mta-sts.%s TXT "v=STSv1; id=2026"\n' "$1" "$TEST_NUMBER" $((10 + web)) "$1" >>"$tmp/zone"
    (cd "$tmp/$1" && exec openssl s_server -accept "127.125.$TEST_NUMBER.$((10 + web)):443" -HTTP -cert "$tmp/tls/$2.crt" \
        -key "$tmp/tls/$2.key" >/dev/null 2>&1 </dev/null 9>&-) &
    processes+=($!)
    wait_for "$SOON" answers "127.125.$TEST_NUMBER.$((10 + web))" 443 || skip "nobody can listen at 127.125.$TEST_NUMBER.$((10 + web)):443"
}

# page [TYPE]: the answer whose document is read from standard input.
page() {
    local document
    document=$(mktemp "$tmp/document.XXXXXX") || exit 1
    cat >"$document"
    printf 'HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n' "${1:-text/plain}" "$(stat -c %s "$document")"
    cat "$document"
}
policy() { printf 'version: STSv1\r\nmode: %s\r\n' "$1"; shift; printf 'mx: %s\r\n' "$@"; printf 'max_age: 604800\r\n'; }

policy enforce mail.check.test '*.back.test' | page >"$tmp/policy"
serve good good <"$tmp/policy"
serve testing good < <(policy testing mail.check.test mx2.back.test | page)
serve off good < <(printf 'version: STSv1\nmode: none\nmax_age: 60\n' | page)
serve unlisted good < <(policy enforce mail.check.test | page)
serve untested good < <(policy testing mail.check.test | page)
serve moved good < <(printf 'HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.good.check.test/.well-known/mta-sts.txt\r\nContent-Length: 0\r\n\r\n')
serve gone good < <(printf 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
serve html good < <(policy enforce mail.check.test mx2.back.test | page text/html)
serve broken good < <(printf 'mode: enforce\n' | page)
serve long good < <({ policy enforce mail.check.test mx2.back.test; head -c 70000 /dev/zero | tr '\0' x; } | page)
serve expired expired <"$tmp/policy"
serve unknown unknown <"$tmp/policy"
serve wrong wrong <"$tmp/policy"

dns_zone back.test <<ZONE
mx2 A 127.125.$TEST_NUMBER.2
ZONE
{
    cat "$tmp/zone" - <<ZONE
mail A $PRIMARY
_mta-sts.twice TXT "v=STSv1; id=1"
_mta-sts.twice TXT "v=STSv1; id=2"
_mta-sts.unnamed TXT "v=STSv1;"
_mta-sts.other TXT "v=STSv2; id=1"
_mta-sts.foreign TXT "v=spf1 -all"
_mta-sts.nowhere TXT "v=STSv1; id=1"
_mta-sts.closed TXT "v=STSv1; id=1"
mta-sts.closed A 127.125.$TEST_NUMBER.250
ZONE
    for name in "${names[@]}" none twice unnamed other foreign nowhere closed; do
        printf '%s MX 10 mail\n%s MX 20 mx2.back.test.\n' "$name" "$name"
    done
} | dns_zone check.test
dns_start

write_bare_config <<CONFIG
dns_server = "$DNS"
primary {
    public_name = mail.check.test
    address = "$PRIMARY:$SMTP_PORT"
}
backup "mx2" {
    host = "mx2.back.test"
    connect_timeout = 1s
    domains = {$(printf '"%s.check.test", ' "${names[@]}") none.check.test, twice.check.test, unnamed.check.test, other.check.test,
        foreign.check.test, nowhere.check.test, closed.check.test}
}
CONFIG

# expect_sts NAME FINDINGS [REGEX]: all that is said about the domain's MTA-STS; and words of the first of them.
expect_sts() {
    local here="[.findings[] | select(.domain == \"$1.check.test\" and .backup == null and .subject == \"MTA-STS\")]"
    expect "$1" "$2" "$(json "$here | map(\"\\(.severity) \\(.id)\") | join(\", \")")"
    [ -z "${3:-}" ] || expect_match "$1: its words" "$3" "$(json "${here}[0] | .text + \" \" + (.advice // \"\")")"
}

SSL_CERT_FILE=$tmp/tls/ca.pem run_mxpull check -c "$tmp/mxpull.conf" --json
expect "exit status" 78 "$status"
expect_sts good 'ok mta-sts' 'mode enforce, kept for 1w'
expect_sts testing 'ok mta-sts' 'mode testing'
expect_sts off 'ok mta-sts' 'none'
expect_sts none 'ok mta-sts' 'no policy'
expect_sts unlisted 'fail mta-sts-missing' 'mx2\.back\.test, the backup mx2.*add "mx: mx2\.back\.test"'
expect_sts untested 'warn mta-sts-missing' 'mode testing'
expect_sts moved 'fail mta-sts-http' 301
expect_sts gone 'fail mta-sts-http' 404
expect_sts html 'warn mta-sts-type, ok mta-sts' text/html
expect_sts broken 'fail mta-sts-policy' 'version: STSv1'
expect_sts long 'fail mta-sts-policy' '65536 bytes'
expect_sts expired 'fail mta-sts-certificate'
expect_sts unknown 'fail mta-sts-certificate'
expect_sts wrong 'fail mta-sts-certificate'
expect_sts twice 'warn mta-sts-records'
expect_sts unnamed 'warn mta-sts-id'
expect_sts other 'warn mta-sts-version' 'v=STSv2'
expect_sts foreign 'ok mta-sts'
expect_sts nowhere 'fail mta-sts-no-host' 'mta-sts\.nowhere\.check\.test has no address'
expect_sts closed 'fail mta-sts-unreachable'

# The authorities of the system do not know the one of this test.
run_mxpull check -c "$tmp/mxpull.conf" --json good.check.test
expect_sts good 'fail mta-sts-certificate'
finish
