#!/bin/bash
# From nothing to a working setup: mxpull init, mxpull check, and then a pull, against a real DNS server, a real backup and a real primary; and what
# check says when one of them is wrong or down. No check tells a backup ETRN or DATA.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dns.sh
. "$(dirname "$0")/dns.sh"
needs nsd postfix

domains=(ok.test lower.test)
listeners=(25 "24101 -o smtpd_discard_ehlo_keywords=etrn" "24102 -o smtpd_recipient_restrictions=reject")
start_postfix_backup mx2
start_postfix_primary
dns_zone ok.test <<ZONE
@ MX 10 mail
@ MX 20 mx2.back.test.
mail A $PRIMARY
ZONE
dns_zone lower.test <<ZONE
@ MX 20 mail.ok.test.
@ MX 10 mx2.back.test.
ZONE
dns_zone other.test <<ZONE
@ MX 10 mail.ok.test.
@ MX 20 mx2.back.test.
ZONE
dns_zone back.test <<ZONE
mx2 A ${address[mx2]}
ZONE
dns_zone "$TEST_NUMBER.125.127.in-addr.arpa" <<ZONE
${address[mx2]##*.} PTR mx2.back.test.
ZONE
dns_lame_zone lame.test
dns_start

# As a newcomer: a draft, in which the one thing is put right that init cannot know, where the primary listens.
dns_config mail.ok.test >"$tmp/dns.conf"
run_mxpull init -c "$tmp/dns.conf" -o "$tmp/draft.conf" ok.test
expect 'init: exit status' 0 "$status"
{
    printf 'ehlo_name = "mail.ok.test"\nstate_dir = "%s/state"\n' "$tmp"
    sed "s/#address = .*/address = \"$PRIMARY:$SMTP_PORT\"/" "$tmp/draft.conf"
} | adapt_config >"$tmp/ok.conf"
chmod 600 "$tmp/ok.conf"

# checks STATUS WHAT CONFIGURATION ARGUMENT...
checks() {
    local expected=$1 what=$2 conf=$3
    shift 3
    run_mxpull check --json -c "$conf" "$@"
    expect "$what: exit status" "$expected" "$status"
}
# finds WHAT SEVERITY ID...: these findings are there.
finds() {
    local id severity=$2 what=$1
    shift 2
    for id; do
        expect "$what: $id" true "$(jq "any(.findings[]; .id == \"$id\" and .severity == \"$severity\")" "$tmp/out")"
    done
}

checks 0 'all is right' "$tmp/ok.conf"
finds 'all is right' ok mx mx-primary mx-backup backup-address backup-greeting backup-esmtp backup-method backup-mail backup-relay backup-reverse \
    primary-greeting primary-mail configuration state
expect 'all is right: nothing failed' '' "$(jq -r '.findings[] | select(.severity == "fail") | .id' "$tmp/out")"
run_mxpull check -c "$tmp/ok.conf"
expect_in 'all is right, for a person' 'OK    MX        mx2.back.test (preference 20) is the backup mx2' "$tmp/out"

with() { sed "$1" "$tmp/ok.conf" >"$tmp/other.conf" && chmod 600 "$tmp/other.conf"; }

with 's/{"ok.test"}/{"lower.test"}/'
checks 78 'a wrong number' "$tmp/other.conf"
finds 'a wrong number' fail mx-backup-lower
with 's/{"ok.test"}/{"#lower.test"}/'
checks 78 'a wrong number, asked for as a queue' "$tmp/other.conf"
finds 'a wrong number, asked for as a queue' fail mx-backup-lower
with 's/{"ok.test"}/{"lame.test"}/'
checks 77 'a lame zone, and a backup that does not relay it' "$tmp/other.conf"
finds 'a lame zone' fail mx-failed backup-mail-refused
with 's/{"ok.test"}/{"ok.test", "other.test"}/'
checks 77 'a backup that does not relay one domain' "$tmp/other.conf"
finds 'a backup that does not relay one domain' fail backup-mail-refused
checks 0 'the same without that domain' "$tmp/other.conf" ok.test
with 's/host = .*/host = "mx2.back.test" port = 24101/'
checks 69 'a backup that hides ETRN' "$tmp/other.conf"
finds 'a backup that hides ETRN' fail backup-method-missing
with 's/host = .*/host = "mx2.back.test" mail_port = 24102/'
checks 77 'a backup that refuses all' "$tmp/other.conf"

# Ctrl-C while the backup is silent.
silent_while mx2 interrupted "$tmp/out" '^configuration' check -c "$tmp/ok.conf"
expect 'interrupted: exit status' 75 "$status"
expect_in 'interrupted: what is known' 'OK    file' "$tmp/out"
expect_in 'interrupted: is told' '; stopped: ' "$tmp/out"

stop_server primary
checks 75 'the primary is down' "$tmp/ok.conf"
finds 'the primary is down' fail primary-not-ready
launch_postfix primary
stop_server mx2
checks 75 'the backup is down' "$tmp/ok.conf"
finds 'the backup is down' fail backup-greeting-missing
launch_postfix mx2
silent_while dns checks 75 'the DNS is silent' "$tmp/ok.conf"
finds 'the DNS is silent' fail mx-silent

expect 'what the backup was told' 0 "$(server_log mx2 | grep 'disconnect from' | grep -cE 'etrn=|data=|bdat=')"
expect 'what the primary was told' 0 "$(server_log primary | grep 'disconnect from' | grep -cE 'data=|bdat=')"
expect 'no state' no "$([ -e "$tmp/state" ] && echo yes || echo no)"
with "s/host = .*/host = \"${address[mx2]}\"/" # a pull goes by the system's DNS
run_mxpull pull --json -c "$tmp/other.conf"
expect_pull 'then a pull' 0 started
finish
