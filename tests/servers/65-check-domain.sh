#!/bin/bash
# mxpull check against a real DNS server: a domain for each fault of its MX records, and what is said about it is that fault and no
# other.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dns.sh
. "$(dirname "${BASH_SOURCE[0]}")/dns.sh"
# Nobody listens at any of these addresses: domains are looked at by the DNS alone. No way leads to them out of a network of the test's own, and
# none to multicast (RFC 5771) at all, which wine takes, whose server has its sockets elsewhere. That it is no public address is said then.
far=198.51.100 far6=2001:db8::2 untold='^(primary-address|tlsa$)' private='warn mx-target-private'
if [ -n "${WINEPREFIX:-}" ]; then
    far=233.252.0 far6=ff0e::db8:2 untold='^(primary-address|mx-target-private|tlsa$)' private=
else
    here=$PRIMARY
    # shellcheck source=network.sh
    . "$(dirname "${BASH_SOURCE[0]}")/network.sh"
    own_network "$@"
    PRIMARY=$here
fi
needs nsd
command -v pgrep >/dev/null || skip 'pgrep is not installed'

dns_zone back.test <<ZONE
mx2 A $far.2
mx2 AAAA $far6
mx3 A $far.3
also-mx2 A $far.2
private A 10.1.2.3
alias CNAME mx2
_25._tcp.mx2 TLSA 3 1 1 1111111111111111111111111111111111111111111111111111111111111111
bare TXT "no address"
ZONE
many() {
    local i
    for ((i = 1; i <= 98; i++)); do
        printf 'many MX %d mx%d.a-name-that-makes-the-answer-too-long-for-udp.back.test.\n' $((100 + i)) "$i"
        printf 'mx%d.a-name-that-makes-the-answer-too-long-for-udp.back.test. A %s.9\n' "$i" "$far" >>"$tmp/many"
    done
}
{
    cat <<ZONE
mail A $far.1
here-mail A $PRIMARY
none A $far.1
null MX 0 .
null-too MX 0 .
single MX 10 mail
no-primary MX 10 other
no-primary MX 20 mx2.back.test.
other A $far.9
by-address MX 10 mail-too
by-address MX 20 also-mx2.back.test.
mail-too A $far.1
lowest MX 5 other
lower MX 20 mail
lower MX 10 mx2.back.test.
equal MX 10 mail
equal MX 10 mx2.back.test.
also MX 10 other
no-backup MX 10 mail
no-backup MX 30 mx3.back.test.
unasked MX 30 mx3.back.test.
double MX 30 mx2.back.test.
address MX 30 $far.2.
alias MX 30 alias.back.test.
bare MX 30 bare.back.test.
gone MX 30 gone.back.test.
lame-target MX 30 mx.lame.test.
foreign-target MX 30 mx.refused.example.
private MX 30 private.back.test.
odd MX 30 a\ b\"\125.back.test.
UPPER MX 10 MAIL
UPPER MX 20 Mx2.Back.TEST.
here MX 10 here-mail
here MX 20 mx2.back.test.
xn--bcher-kva MX 10 mail
xn--bcher-kva MX 20 mx2.back.test.
spf TXT "v=spf1 a:mail.check.test " "-all"
spf-good TXT "v=spf1 mx -all"
_dmarc.dmarc TXT "v=DMARC1; p=reject"
ZONE
    for name in good null-too lowest also unasked double address alias bare gone lame-target foreign-target private odd many spf \
        spf-good dmarc; do
        printf '%s MX 10 mail\n%s MX 20 mx2.back.test.\n' "$name" "$name"
    done
    many
} | dns_zone check.test
cat "$tmp/many" >>"${home[dns]}/zones/back.test"
dns_lame_zone lame.test
dns_start

domains=(good none null null-too single no-primary by-address lowest lower equal also no-backup unasked double address alias bare gone
    lame-target foreign-target private odd many Upper here bücher nx spf spf-good dmarc)
write_bare_config <<CONFIG
dns_server = "$DNS"
primary {
    public_name = mail.check.test
    address = "$PRIMARY:$SMTP_PORT"
}
defaults {
    connect_timeout = 1s
}
backup "mx2" {
    host = "mx2.back.test"
    domains = {$(printf '"%s.check.test", ' "${domains[@]}") "domain.refused.example", "domain.lame.test"}
}
backup "mx3" {
    host = "mx3.back.test"
    domains = {"no-backup.check.test"}
}
CONFIG

# wrong DOMAIN: all that is not well with it, but for what is not there (TLSA) and whether its primary is this machine, which may differ.
wrong() {
    json "[.findings[] | select(.domain == \"$1\" and .backup == null and .severity != \"ok\" and (.id | test(\"$untold\") | not)) |
        \"\(.severity) \(.id)\"] | unique | join(\", \")"
}

# expect_wrong DOMAIN FINDINGS
expect_wrong() { expect "$1" "$2" "$(wrong "$1.check.test")"; }

# said DOMAIN ID FIELD
said() { json ".findings[] | select(.domain == \"$1.check.test\" and .id == \"$2\") | .$3" | head -n 1; }

run_mxpull check -c "$tmp/mxpull.conf" --json
expect "exit status" 78 "$status"
expect_wrong good ''
expect "the backup's TLSA record" "mx2.back.test: 3 1 1 $(printf '1%.0s' {1..64})" "$(said good tlsa text)"
expect_wrong none 'fail mx-none'
expect_wrong nx 'fail mx-no-domain'
expect 'SERVFAIL' 'fail mx-failed' "$(wrong domain.lame.test)"
expect 'REFUSED' 'fail mx-refused' "$(wrong domain.refused.example)"
expect_wrong null 'fail mx-null'
expect_wrong null-too 'fail mx-null'
expect_wrong single 'fail mx-backup-missing, fail mx-single'
expect_wrong no-primary 'fail mx-primary-missing, warn mx-unknown'
expect_wrong by-address ''
expect_match "a backup by its address" "^also-mx2\\.back\\.test .* by its address $far.2\$" "$(said by-address mx-backup text)"
expect_wrong lowest 'fail mx-primary-not-lowest, warn mx-unknown'
expect_wrong lower 'fail mx-backup-lower'
expect_wrong equal 'fail mx-backup-equal'
expect_wrong also 'warn mx-primary-equal, warn mx-unknown'
expect_wrong no-backup 'fail mx-backup-missing'
expect_wrong unasked 'warn mx-unasked'
expect_wrong double 'warn mx-double'
expect_wrong address 'fail mx-address'
expect_wrong alias 'fail mx-alias'
expect_wrong bare 'fail mx-target-missing, warn mx-unknown'
expect_wrong gone 'fail mx-target-missing, warn mx-unknown'
expect_wrong lame-target 'fail mx-target-failed, warn mx-unknown'
expect_wrong foreign-target 'fail mx-target-failed, warn mx-unknown'
expect_wrong private "${private:+$private, }warn mx-unknown"
expect_wrong odd 'fail mx-target-missing, warn mx-unknown'
expect_wrong many 'warn mx-unknown'
expect "a hundred MX: those that are not known" 98 "$(json '[.findings[] | select(.domain == "many.check.test" and .id == "mx-unknown")] | length')"
expect_wrong Upper ''
expect_wrong bücher ''
expect_wrong here "$private"
expect "our own address" "here-mail.check.test is $PRIMARY, an address of this machine" \
    "$(json '.findings[] | select(.domain == "here.check.test" and .id == "primary-address") | .text')"
expect_wrong spf 'skip spf'
expect_match "a backup that SPF does not know" "trust $far.2 " "$(said spf spf advice)"
expect_wrong spf-good ''
expect_wrong dmarc 'skip dmarc'

# The sections that are proposed can be taken over as they stand.
run_mxpull check -c "$tmp/mxpull.conf" private.check.test lower.check.test
expect_match "as text" 'WARN +MX +private\.back\.test \(preference 30\).*backup "private.back.test" \{.*domains = \{"private.check.test"\}' \
    "$(tr '\n' ' ' <"$tmp/out")"
expect_match "as text: numbers are told" 'FAIL +MX +mx2\.back\.test.* preference 10.* 20: the lower number is preferred' "$(cat "$tmp/out")"

silent_while dns run_mxpull check -c "$tmp/mxpull.conf" --json good.check.test nx.check.test
expect "a silent server: exit status" 75 "$status"
expect_wrong good 'fail mx-silent'
expect_wrong nx 'fail mx-silent'
finish
