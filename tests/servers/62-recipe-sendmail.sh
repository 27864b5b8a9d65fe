#!/bin/bash
# contrib/backup-mx/sendmail as it stands: sendmail takes mail for our users while our server is down, holds it although our server is back, and
# sends it when we ask, and nobody else.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
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
submit_messages mx2 10
expect_within 20 'messages held at the backup' 10 queue_count mx2
start_postfix_primary
submit_messages mx2 1
expect_nothing_comes mx2 11

ask_config "$STRANGER" example.test
pull
expect_pull 'a stranger' 77 denied
expect_result mx2 example.test denied 459
expect_nothing_comes mx2 11

ask_config "$PRIMARY" example.test
pull
expect_pull 'ours' 0 started
expect_match 'TLS' '^TLS' "$(json '.results[0].tls')"
expect_all_arrived
expect_within 20 'messages left at the backup' 0 queue_count mx2
finish
