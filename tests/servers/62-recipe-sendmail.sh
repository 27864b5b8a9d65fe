#!/bin/bash
# contrib/backup-mx/sendmail as it stands: sendmail takes mail for our users while our server is down, holds it although our server is back, and
# sends it when we ask, and nobody else.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source=recipes.sh
. "$(dirname "$0")/recipes.sh"
needs sendmail postfix

make_certificates "127.125.$TEST_NUMBER.2"
new_server mx2 sendmail sendmail
folder=$(inside mx2)
here=${home[mx2]}
mkdir -p "$here/queue"
chmod 700 "$here/queue"
: >"$here/aliases"
printf 'hosts files\naliases files\n' >"$here/service.switch"
cp "$tmp/tls/ca.pem" "$here/"
install -m 600 "$tmp/tls/good.pem" "$here/mx2.pem"
# The tabs are sendmail's.
fill sendmail/sendmail.mc "$tmp/sendmail.mc" \
    "define(\`confDOMAIN_NAME', \`mx2.example.net')" "define(\`confDOMAIN_NAME', \`mx2.test')" \
    "define(\`confCACERT_PATH', \`/etc/ssl/certs')" "define(\`confCACERT_PATH', \`$folder')" \
    "define(\`confCACERT', \`/etc/ssl/certs/ca-certificates.crt')" "define(\`confCACERT', \`$folder/ca.pem')" \
    "define(\`confSERVER_CERT', \`/etc/mail/tls/mx2.crt')" "define(\`confSERVER_CERT', \`$folder/mx2.pem')" \
    "define(\`confSERVER_KEY', \`/etc/mail/tls/mx2.key')" "define(\`confSERVER_KEY', \`$folder/mx2.pem')" \
    "define(\`confMAX_MESSAGE_SIZE', \`10240000')" "define(\`confMAX_MESSAGE_SIZE', \`5000000')" \
    "DAEMON_OPTIONS(\`Name=MTA, Port=25')" "DAEMON_OPTIONS(\`Name=MTA, Addr=${address[mx2]}, Port=$SMTP_PORT')" \
    "RELAY_DOMAIN(\`example.com')" "RELAY_DOMAIN(\`example.test')" \
    "FEATURE(\`mailertable', \`hash -o /etc/mail/mailertable')" "FEATURE(\`mailertable', \`hash -o $folder/mailertable')" \
    "FEATURE(\`access_db', \`hash -T<TMPF> -o /etc/mail/access')" "FEATURE(\`access_db', \`hash -T<TMPF> -o $folder/access')" \
    $'R192.0.2.1\t$@ ok' "R$PRIMARY"$'\t$@ ok'
fill sendmail/mailertable "$here/mailertable" $'example.com\trelay:[192.0.2.1]' $'example.test\trelay:['"$PRIMARY]"
fill sendmail/access "$here/access" $'To:postmaster@example.com\tOK' $'To:postmaster@example.test\tOK' \
    $'To:user@example.com\tOK' $'To:user@example.test\tOK' \
    $'To:example.com\tERROR:5.1.1:550 unknown recipient' $'To:example.test\tERROR:5.1.1:550 unknown recipient'
# Where it runs here, without DNS, and that all servers of the test listen on ports of their own.
{
    sed '/^OSTYPE/q' "$tmp/sendmail.mc"
    printf '%s\n' "define(\`QUEUE_DIR', \`$folder/queue')" "define(\`confPID_FILE', \`$folder/sendmail.pid')" \
        "define(\`ALIAS_FILE', \`$folder/aliases')" "define(\`STATUS_FILE', \`$folder/statistics')" \
        "define(\`confSERVICE_SWITCH_FILE', \`$folder/service.switch')" "define(\`confTO_IDENT', \`0')" \
        "define(\`confDONT_PROBE_INTERFACES', \`True')" "define(\`RELAY_MAILER_ARGS', \`TCP \$h $SMTP_PORT')" \
        "FEATURE(\`nocanonify')" "FEATURE(\`accept_unresolvable_domains')"
    sed '1,/^OSTYPE/d' "$tmp/sendmail.mc"
} >"$here/sendmail.mc"
in_root mx2 m4 "$folder/sendmail.mc" >"$here/sendmail.cf" || die 'm4 fails'
for map in mailertable access; do
    in_root mx2 sh -c "/usr/libexec/sendmail/makemap -C $folder/sendmail.cf hash $folder/$map <$folder/$map" || die "makemap fails: $map"
done
launch_sendmail mx2

expect_recipients mx2
expect_checked mx2
expect_fault mx2 'no RELAY_DOMAIN' backup-mail-refused '^fail .* 550 .*sendmail: ' sendmail.cf \
    's/^C{R}example.test/C{R}other.test/; s/^CRexample.test/CRother.test/'
expect_fault mx2 'ETRN is hidden' backup-method-missing '^fail .*sendmail: .*noetrn' sendmail.cf \
    's/^O PrivacyOptions=.*/&,noetrn/'
expect 'sessions with ETRN, ATRN, TURN or DATA at the backup' 0 "$(started_count mx2)"

# The line for cron tries what is for others, here a message of its own for a host that does not answer, and nothing else.
cron=$(grep -o -- "sendmail '-q!R[^']*'" "$RECIPES/sendmail/README.md" | cut -d "'" -f 2)
expect 'the line for cron' '-q!Rexample.com' "$cron"
sendmail() { in_root mx2 /usr/libexec/sendmail/sendmail -C "$folder/sendmail.cf" "$@"; }
queue_run() {
    # Nobody listens there.
    sendmail -odq -f postmaster@mx2.test 'user@[127.125.62.98]'
    expect_soon 'messages held at the backup, and one of its own' "$(($1 + 1))" queue_count mx2
    sendmail "${cron/example.com/example.test}"
    expect_soon 'messages tried' 1 deferred_count mx2
    rm -f "$(grep -l '^MDeferred' "$here"/queue/qf*)"
}
expect_held mx2 queue_run
expect_denied "$STRANGER" example.test denied 459
expect 'a stranger: exit status' 77 "$status"
expect_sent mx2
finish
