#!/bin/bash
# mxpull init against a real DNS server and real backups: the configuration that it makes is understood whatever the DNS says, names
# each backup once with all its domains, and knows what they offer. They are told nothing but EHLO, STARTTLS and QUIT.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dns.sh
. "$(dirname "$0")/dns.sh"
needs nsd exim postfix

domains=(a.test b.test)
listeners=(25)
start_postfix_backup mx2
start_exim_backup mx3
folder=$(inside mx3)
# Where MX hosts listen.
in_root mx3 exim4 -C "$folder/exim.conf" -bd -oP "$folder/exim-25.pid" -oX "<; [${address[mx3]}]:25" || die 'no second Exim'
at_end 'end_process "$(cat "${home[mx3]}/exim-25.pid")"'
wait_for "$SOON" answers "${address[mx3]}" 25 || die 'the second Exim does not start'

dns_zone a.test <<ZONE
@ MX 10 mail
@ MX 20 mx2.back.test.
@ MX 30 mx3.back.test.
mail A 192.0.2.1
none A 192.0.2.2
null MX 0 .
lower MX 5 mx2.back.test.
lower MX 10 mail
alone MX 10 mail
odd MX 10 mail
odd MX 20 127.0.2.7.
odd MX 30 a\ b\"\125.back.test.
odd MX 40 gone.back.test.
odd MX 50 closed.back.test.
ZONE
dns_zone b.test <<ZONE
@ MX 10 mail.a.test.
@ MX 20 MX2.back.test.
ZONE
dns_zone back.test <<ZONE
mx2 A ${address[mx2]}
mx3 A ${address[mx3]}
closed A $PRIMARY
ZONE
dns_zone many.test < <(for i in $(seq 100); do
    printf '@ MX %d mx%d\nmx%d A %s\n' "$i" "$i" "$i" "$PRIMARY"
done)
dns_lame_zone lame.test
dns_start

dns_config mail.a.test >"$tmp/mxpull.conf"

# drafts STATUS WHAT ARGUMENT...: init with these ends so, and prints what mxpull config understands, which goes to $tmp/json.
drafts() {
    local expected=$1 what=$2
    shift 2
    run_mxpull init -c "$tmp/mxpull.conf" "$@"
    expect "$what: exit status" "$expected" "$status"
    cp "$tmp/out" "$tmp/draft.conf"
    cp "$tmp/err" "$tmp/said"
    chmod 600 "$tmp/draft.conf"
    run_mxpull config --json -c "$tmp/draft.conf"
    expect "$what: is understood" 0 "$status"
    cp "$tmp/out" "$tmp/json"
}

# sections: "NAME HOST DOMAIN,... TLS" of each backup.
sections() {
    jq -r '[.backups[] | "\(.name) \(.host) \(.domains | join(",")) \(.tls)"] | join("; ")' "$tmp/json"
}

drafts 0 'two domains' a.test B.test b.test
expect 'two domains: backups' 'mx2 mx2.back.test a.test,B.test may; mx3 mx3.back.test #a.test may' "$(sections)"
expect 'two domains: the primary' mail.a.test "$(jq -r .primary.public_name "$tmp/json")"
expect 'two domains: the DNS server' "$DNS" "$(jq -r .dns_server "$tmp/json")"
expect 'two domains: said' '' "$(cat "$tmp/said")"
for part in "mail.a.test (preference 10) is taken for your mail server: it has this machine's name" \
    'mx2.back.test (preference 20) is taken for a backup' 'perhaps Postfix' 'perhaps Exim' 'It offers ETRN.' 'It offers no STARTTLS.'; do
    expect_in "two domains: $part" "$part" "$tmp/draft.conf"
done

drafts 0 'no backup' alone.a.test
expect 'no backup: backups' 'backup backup.invalid alone.a.test may' "$(sections)"
expect_in 'no backup: is told' 'domains without a backup MX: 1' "$tmp/said"
drafts 0 'no records' none.a.test null.a.test nx.a.test
for part in 'has no MX record' 'takes no mail' 'is not in the DNS'; do
    expect_in "no records: $part" "  $part" "$tmp/draft.conf"
done
drafts 0 'a wrong number' lower.a.test
expect 'a wrong number: backups' 'mx2 mx2.back.test lower.a.test may' "$(sections)"
expect_in 'a wrong number: is told' 'is preferred to your mail server' "$tmp/draft.conf"
drafts 0 'odd names' odd.a.test
expect 'odd names: backups' '127.0.2.7 127.0.2.7 odd.a.test may; gone gone.back.test odd.a.test may; closed closed.back.test odd.a.test may' "$(sections)"
expect_in 'odd names: no name' 'is no name that a host can have' "$tmp/draft.conf"
expect_in 'odd names: no address' 'It could not be looked at: ' "$tmp/draft.conf"
expect_in 'odd names: closed' 'What it offers could not be found out: ' "$tmp/draft.conf"
drafts 0 'a hundred' many.test
expect 'a hundred: backups' 99 "$(jq '.backups | length' "$tmp/json")"

drafts 75 'a lame zone' lame.test a.test
expect 'a lame zone: backups' 'mx2 mx2.back.test a.test may; mx3 mx3.back.test #a.test may' "$(sections)"
expect_in 'a lame zone: is told' 'domains whose MX records could not be found out: 1' "$tmp/said"
drafts 75 'a foreign zone' example.com
silent_while dns drafts 75 'a silent server' a.test
expect_in 'a silent server: is told' 'could not be found out' "$tmp/draft.conf"

run_mxpull init -c "$tmp/mxpull.conf" -o "$tmp/new.conf" a.test
expect 'a file: exit status' 0 "$status"
expect 'a file: standard output' '' "$(cat "$tmp/out")"
except_wine expect 'a file: mode' 600 "$(stat -c %a "$tmp/new.conf")"
sum=$(cksum <"$tmp/new.conf")
run_mxpull init -c "$tmp/mxpull.conf" -o "$tmp/new.conf" b.test
expect 'a file that is there: exit status' 73 "$status"
expect 'a file that is there: stays' "$sum" "$(cksum <"$tmp/new.conf")"
run_mxpull init -c "$tmp/mxpull.conf" -o "$tmp/no/new.conf" b.test
expect 'a folder that is not there: exit status' 73 "$status"

run_mxpull init -vv -c "$tmp/mxpull.conf" a.test
expect_in 'the wire' 'host=mx2.back.test wire="> EHLO mail.a.test"' "$tmp/err"
expect 'the wire: standard output' 0 "$(grep -c 'wire=' "$tmp/out")"

for arguments in '' 'a..test' '@a.test' 'x@a.test' '#a.test' '--json a.test'; do
    # shellcheck disable=SC2086
    run_mxpull init $arguments
    expect "init $arguments: exit status" 64 "$status"
    expect "init $arguments: standard output" '' "$(cat "$tmp/out")"
done

# Ctrl-C while Postfix is silent, when Exim has answered.
for arguments in a.test "-o $tmp/stopped.conf a.test"; do
    # shellcheck disable=SC2086
    silent_while mx2 interrupted "$tmp/err" 'host=mx3.back.test wire="> QUIT' init -vv -c "$tmp/mxpull.conf" $arguments
    expect "interrupted, $arguments: exit status" 75 "$status"
    expect_in 'interrupted: is told' 'stopped: nothing is written' "$tmp/err"
    expect 'interrupted: standard output' '' "$(cat "$tmp/out")"
done
expect 'interrupted: a file' no "$(find "$tmp" -name 'stopped.conf*' | grep -q . && echo yes || echo no)"

expect 'what Postfix was told' 0 "$(server_log mx2 | grep 'disconnect from' | grep -cE 'etrn=|mail=|rcpt=|data=')"
expect 'what Postfix was told at all' yes "$(server_log mx2 | grep -q 'disconnect from .* ehlo=1 quit=1' && echo yes)"
expect 'what Exim was told' 0 "$(server_log mx3 | grep -cE 'ETRN|<=')"
finish
