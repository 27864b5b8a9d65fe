#!/bin/bash
# Recipients that say one domain and mean another, handed over by a hostile provider (mxsim) to a Postfix, an Exim and a sendmail that
# relay for whoever comes from loopback, as mxpull does. What is ours goes from each of them to the sink "ours", all else to the sink
# "abroad": nothing may get there, whatever the guard has let through, and what is ours must come.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=atrn.sh
. "$(dirname "$0")/atrn.sh"
needs_sim postfix exim sendmail

OURS=127.125.$TEST_NUMBER.8
ABROAD=127.125.$TEST_NUMBER.9
PROVIDER_PORT=24366
IDN=$'m\xc3\xbcller.test'

# --- What the provider says ---------------------------------------------------------------------------------------------------

# In mxsim's words: \" and \\ are a quote and a backslash, \xNN a byte. The first ones are for us.
ours=('user@example.test' 'u@mx.below.test' 'u=evil.test@example.test' 'a/b|c@example.test' '\"quoted, u\"@example.test'
    'u@evil.test.below.test' 'evil.test^u@example.test')
ours_utf8=('\xc3\xbc@example.test' 'u@m\xc3\xbcller.test' 'u@M\xc3\xbcLLER.test')
tricks=('u@evil.test' 'u%evil.test@example.test' 'evil.test!u@example.test' 'evil.test!u%evil.test@example.test'
    '@evil.test:u@example.test' '@example.test:u@evil.test' '@example.test,@evil.test:u@example.test' 'evil.test::u@example.test'
    'u:evil.test@example.test' '\"u@evil.test\"@example.test' '\"u%evil.test\"@example.test'
    '\"evil.test!u\"@example.test' '\"u\\@evil.test\"@example.test' '\"u\"@evil.test' '\"u\\\"@evil.test\"@example.test'
    'u\\@evil.test@example.test' 'u@evil.test@example.test' 'u@example.test@evil.test' 'u@evil.test%example.test'
    'u@evil.test,v@example.test' 'v@example.test,u@evil.test' 'u@evil.test;@example.test' 'u@evil.test(c)@example.test'
    '(c)u@evil.test' 'u@example.test(@evil.test)' 'u@evil.test <v@example.test>' '<u@evil.test' 'u@[127.0.0.1]' 'u@[evil.test]'
    'u@[example.test]' 'u@127.0.0.1' 'u@example.test.' 'u@example.test:24025' 'u@example.test/evil.test' 'u@example..test'
    'u@evil.test..below.test' 'u@.below.test' 'u@below.test.evil.test' 'u@xbelow.test' 'u@sub.example.test' 'u' '\"u\"' '\"\"@evil.test'
    'u@xn--999999999.below.test' 'u@xn--xample-hy68a.below.test' 'u@XN--EVILTEST-RM3G.below.test' '#u@evil.test' '/x=y/@evil.test')
tricks_utf8=('u@\xef\xbd\x85xample.test' 'u@example\xe3\x80\x82test' 'u@example\xef\xbc\x8etest' 'u@example\xef\xbd\xa1test'
    'u@exam\xc2\xadple.test' 'u@example.test\xe2\x80\x8b' 'u@\xe2\x80\xaeexample.test' 'u@evil.test\xe3\x80\x82below.test'
    'u@evil.test\xef\xbc\x8ebelow.test' 'u@evil.test\xef\xbd\xa1below.test' 'u@evil\xe3\x80\x82test.below.test' 'u@\xc3\x9c.below.test'
    'u@u\xcc\x88.below.test' 'u@a\xc2\xadb.below.test' 'u@M\xc3\x9cller.test' 'u@mu\xcc\x88ller.test' 'u@\xc3\xbcvil.test'
    'u\xef\xbc\xa0evil.test@example.test' 'u\xef\xb9\xabevil.test@example.test' 'u\xef\xbc\x85evil.test@example.test'
    'evil.test\xef\xbc\x81u@example.test' 'evil.test\xe2\x80\xbcu@example.test' '\xef\xbc\x82u@evil.test\xef\xbc\x82@example.test'
    'u@evil.test\xef\xbc\xa0example.test' 'u@example.test\xef\xbc\xa0evil.test' '\xc3\xbc%evil.test@example.test'
    'u@evil.test\xc0\xaebelow.test' 'u\xc1\x80evil.test@example.test')

# say LINE: one line of the provider, and the wait for its reply.
say() { printf '  turn say "%s"\n  turn expect\n' "$1"; }

# say_message PARAMETERS RECIPIENT...: one message for all of them at once.
say_message() {
    local recipient
    say "MAIL FROM:<sender@sender.test>$1"
    shift
    for recipient in "$@"; do
        say "RCPT TO:<$recipient>"
    done
    say DATA
    printf '  turn say "From: <sender@sender.test>" "Subject: test" "" "hello" "."\n  turn expect\n'
}

# The provider refuses to be asked a second time. The sinks offer what makes the primary send them everything.
write_script() {
    printf '%s\n' "server provider ${address[mx2]}:$PROVIDER_PORT" "  auth PLAIN $SERVER_USER word" "  odmr $tmp/waiting" \
        '  reply ATRN "453 none"' '  on-connection 1 reply ATRN "250 go"' '  turn expect'
    say 'EHLO provider.test'
    say_message '' "${ours[@]}" "${tricks[@]}"
    say RSET
    say_message ' SMTPUTF8' "${ours_utf8[@]}" "${tricks_utf8[@]}"
    say QUIT
    printf 'sink %s %s:%d\n  ehlo "250-sink" "250-8BITMIME" "250 SMTPUTF8"\n' ours "$OURS" "$SMTP_PORT" abroad "$ABROAD" "$SMTP_PORT"
}

# --- The primaries ------------------------------------------------------------------------------------------------------------

all_domains=(example.test below.test .below.test "$IDN" xn--mller-kva.test)

start_postfix_relay() {
    new_server "$1" postfix postfix
    write_postfix "$1" "relay_domains = ${all_domains[*]}" "relay_transport = smtp:[$OURS]:$SMTP_PORT" \
        "default_transport = smtp:[$ABROAD]:$SMTP_PORT" 'smtpd_relay_restrictions = permit_mynetworks, reject' 'smtputf8_enable = yes' \
        'smtputf8_autodetect_classes = all' 'smtpd_discard_ehlo_keywords =' 'relay_recipient_maps =' 'allow_untrusted_routing = yes'
    launch_postfix "$1"
}

start_exim_relay() {
    local folder list
    new_server "$1" exim exim
    folder=$(inside "$1")
    mkdir -p "${home[$1]}"/{log,spool}
    give "$1" Debian-exim log spool
    list=$(IFS=:; printf '%s' "${all_domains[*]/#.below/*.below}")
    {
        printf '%s\n' "primary_hostname = $1.test" "spool_directory = $folder/spool" "log_file_path = $folder/log/%slog" \
            'deliver_drop_privilege' 'host_lookup =' 'rfc1413_query_timeout = 0s' 'keep_environment =' 'tls_advertise_hosts =' \
            "domainlist ours = $list" 'acl_smtp_rcpt = accept' 'smtputf8_advertise_hosts = *' 'smtp_accept_max_nonmail = 200' \
            'percent_hack_domains = *' 'allow_domain_literals' 'strip_trailing_dot' 'allow_utf8_domains'
        printf '%s\n' 'begin routers' 'ours:' '  driver = manualroute' '  domains = +ours' "  route_list = * $OURS" '  self = send' \
            '  transport = onward' 'abroad:' '  driver = manualroute' "  route_list = * $ABROAD" '  self = send' '  transport = onward'
        printf '%s\n' 'begin transports' 'onward:' '  driver = smtp' "  port = $SMTP_PORT" '  allow_localhost'
        printf '%s\n' 'begin retry' '* * F,4d,1h'
    } >"${home[$1]}/exim.conf"
    launch_exim "$1"
}

start_sendmail_relay() {
    local folder
    new_server "$1" sendmail sendmail
    folder=$(inside "$1")
    mkdir -p "${home[$1]}/queue"
    chmod 700 "${home[$1]}/queue"
    : >"${home[$1]}/aliases"
    printf '%s\trelay:['"$OURS"']\n' "${all_domains[@]}" >"${home[$1]}/mailertable"
    printf 'hosts files\naliases files\n' >"${home[$1]}/service.switch"
    : >"${home[$1]}/relay-domains"
    {
        sendmail_macros "$1" "$folder" "define(\`SMART_HOST', \`relay:[$ABROAD]')" | sed '/^MAILER/d'
        printf '%s\n' "FEATURE(\`promiscuous_relay')" "FEATURE(\`loose_relay_check')" "FEATURE(\`mailertable', \`text -k0 -v1 $folder/mailertable')" \
            "MAILER(\`local')" "MAILER(\`smtp')"
    } >"${home[$1]}/sendmail.mc"
    in_root "$1" m4 "$folder/sendmail.mc" >"${home[$1]}/sendmail.cf" || die "$1: m4 fails"
    launch_sendmail "$1"
}

# --- The proof ----------------------------------------------------------------------------------------------------------------

# recipients_at SINK: those that it was told, each once.
recipients_at() { sed -n "s/^$1#[0-9]* < RCPT TO:<\([^>]*\)>.*/\1/Ip" "$tmp/journal.sim" | sort -u; }

recipients_at_ours() { recipients_at ours | LC_ALL=C grep -c "$@" $'[\x80-\xff]'; }

# try_primary NAME UTF8 STATUS OUTCOMES: so many of ours beyond ASCII come, each spelling of a domain counted once.
try_primary() {
    local name=$1
    "start_${name}_relay" "$name"
    rm -f "$tmp/journal.sim"
    write_script >"$tmp/script"
    start_sim sim "$tmp/script"
    {
        printf 'primary {\n    address = "%s:%d"\n    preflight = off\n}\n' "${address[$name]}" "$SMTP_PORT"
        backup_section mx2 "\"example.test\", \"@below.test\", \"$IDN\"" "port = $PROVIDER_PORT" 'method = atrn' 'tls = off' \
            'auth_in_clear = true' "user = \"$SERVER_USER\"" 'password = word'
    } | write_bare_config
    pull
    expect_pull "$name" "$3" "$4"
    expect_soon "$name: what is still in its queue" 0 queue_count "$name"
    expect "$name: recipients that reached the outside" '' "$(recipients_at abroad | tr '\n' ' ')"
    expect "$name: ours in ASCII" "${#ours[@]}" "$(recipients_at_ours -v)"
    expect "$name: ours beyond ASCII" "$2" "$(recipients_at_ours)"
    expect "$name: the trap is armed" 1 "$(spring_trap "$name")"
    stop_sim sim
    stop_server "$name"
}

# spring_trap NAME: how many of what the primary is handed for the outside, without a guard, come there.
spring_trap() {
    exec 4<>"/dev/tcp/${address[$1]}/$SMTP_PORT" || return
    smtp_reply 220 && smtp_say 250 'EHLO provider.test' && submit_message victim@evil.test trap && smtp_say 221 QUIT
    exec 4>&-
    wait_for "$SOON" prints 'victim@evil.test' recipients_at abroad
    recipients_at abroad | grep -c '^victim@evil\.test$'
}

address[mx2]=127.125.$TEST_NUMBER.7
mkdir "$tmp/waiting"
try_primary postfix 2 0 received
try_primary exim 2 0 received
try_primary sendmail 0 75 'received refused' # Debian's does not know SMTPUTF8
finish
