# shellcheck shell=bash disable=SC2154
# What the tests of ATRN share: the provider, an Exim run by the configuration that contrib/exim gives away; a primary that offers
# what must not reach the provider; and mail whose bodies are compared. To be sourced after lib.sh.

ODMR_PORT=24366
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# --- The servers ------------------------------------------------------------------------------------------------------------

# start_exim_provider NAME [SED-SCRIPT]: holds mail for $domains, all of them of the customer $SERVER_USER; other.test is another
# customer's. The configuration is contrib/exim's with what is to be filled in there; the script may change more of it.
# Mail goes in at $SMTP_PORT; customers call at $ODMR_PORT and, with implicit TLS, at $SMTPS_PORT. Certificates are those of
# make_certificates.
start_exim_provider() {
    local name=$1 script=${2:-} folder
    new_server "$name" exim exim-atrn
    folder=$(inside "$name")
    mkdir -p "${home[$name]}"/{log,spool}
    cp "$tmp/tls/good.pem" "${home[$name]}/"
    {
        printf '# name: password=word  domains=somebody-elses.test\n\n'
        printf '%s:  password="%s"  domains=%s\n' "$SERVER_USER" "$SERVER_PASSWORD" "$(IFS=: && printf '%s' "${domains[*]}")"
        printf 'other:  password=other  domains=other.test\n'
    } >"${home[$name]}/customers"
    chmod 640 "${home[$name]}/customers"
    give "$name" Debian-exim log spool customers good.pem
    {
        sed -e "s|^HOST_NAME =.*|HOST_NAME = $name.test|" -e "s|^CERTIFICATE =.*|CERTIFICATE = $folder/good.pem|" \
            -e "s|^PRIVATE_KEY =.*|PRIVATE_KEY = $folder/good.pem|" -e "s|^CUSTOMERS =.*|CUSTOMERS = $folder/customers|" \
            -e "s|^MAIL_PORT =.*|MAIL_PORT = $SMTP_PORT|" -e "s|^ODMR_PORT =.*|ODMR_PORT = $ODMR_PORT|" \
            -e "s|^ODMR_TLS_PORT =.*|ODMR_TLS_PORT = $SMTPS_PORT|" \
            -e "s|^primary_hostname.*|&\nlocal_interfaces = ${address[$name]}\nspool_directory = $folder/spool\n\
log_file_path = $folder/log/%slog\ndeliver_drop_privilege\nhost_lookup =\nrfc1413_query_timeout = 0s|" \
            "$HERE/../../contrib/exim/odmr-provider.conf" | sed -e "$script"
    } >"${home[$name]}/exim.conf"
    rm -f "${home[$name]}/exim.pid"
    in_root "$name" exim4 -C "$folder/exim.conf" -bd -oP "$folder/exim.pid" || die "$name (Exim) does not start"
    is_up "$name" "${home[$name]}/exim.pid"
}

# What start_exim_provider needs so that provider_calls can count.
# shellcheck disable=SC2034
log_calls='s/^log_selector = /&+smtp_connection +incoming_interface /'

# provider_calls NAME: how often customers have connected.
provider_calls() { server_log "$1" | grep -Ec "SMTP connection from .*I=\[[0-9.]*\]:($ODMR_PORT|$SMTPS_PORT) .*connection count"; }

# start_trusting_primary: Postfix that offers STARTTLS and CHUNKING, relays for whoever connects from loopback, and keeps each message
# in a file of its own.
start_trusting_primary() {
    # $config_directory is Postfix's.
    # shellcheck disable=SC2016
    start_postfix_primary 'virtual_mailbox_maps = static:all/' 'smtpd_tls_security_level = may' \
        'smtpd_tls_chain_files = $config_directory/good.pem' 'smtpd_relay_restrictions = permit_mynetworks, reject' \
        'default_transport = smtp:[127.0.0.1]:1' 'smtpd_discard_ehlo_keywords ='
    expect 'the primary offers STARTTLS and CHUNKING' 2 "$(primary_offers | grep -Ec 'STARTTLS|CHUNKING')"
}

primary_offers() {
    local line
    exec 5<>"/dev/tcp/$PRIMARY/$SMTP_PORT" || return
    printf 'EHLO provider.test\r\nQUIT\r\n' >&5
    while IFS= read -r -t 60 line <&5; do
        printf '%s\n' "$line"
    done
    exec 5>&-
}

# --- Mail with bodies -------------------------------------------------------------------------------------------------------

# make_bodies FOLDER COUNT: so many bodies with LF line ends; the first ones are what gets damaged on the way if anything does.
make_bodies() {
    local folder=$1 count=$2 number
    mkdir -p "$folder"
    for ((number = 1; number <= count; number++)); do
        make_body "$number" >"$folder/$number"
    done
}

make_body() {
    case $1 in
    1) printf '.\n..\n...\n.leading\n\n.\n' ;;
    2) printf 'Gr\xfc\xdfe, \xe2\x82\xac, \x80\xff\x01\n' ;;
    3) head -c 60000 /dev/zero | tr '\0' 'x' && printf '\nand a short one\n' ;;
    4) head -c 3750000 /dev/urandom | base64 -w 100 ;;
    5) ;;
    6) printf '\n\n\n' ;;
    7) printf 'QUIT\nRSET\nMAIL FROM:<a@b.test>\n. \n.\t\n' ;;
    8) for _ in {1..300}; do printf '.%s.\n' "$RANDOM"; done ;;
    9) head -c 1023 /dev/zero | tr '\0' '.' && printf '\n' ;;
    10) for _ in {1..40}; do head -c 998 /dev/zero | tr '\0' '\377' && printf '\n'; done ;;
    *) printf 'This is number %d.\n' "$1" && head -c $(($1 * 997)) /dev/urandom | base64 ;;
    esac
}

# submit_body NAME ID FILE RECIPIENT...: one message with this body.
submit_body() {
    local name=$1 id=$2 file=$3 recipient
    shift 3
    smtp_say 250 'MAIL FROM:<sender@sender.test>' || return
    for recipient in "$@"; do
        smtp_say 250 "RCPT TO:<$recipient>" || return
    done
    smtp_say 354 DATA || return
    {
        printf 'From: <sender@sender.test>\nX-Test-Id: %s\nSubject: test\n\n' "$id"
        cat "$file"
    } | LC_ALL=C sed -e 's/^\./../' -e 's/$/\r/' >&4
    smtp_say 250 .
}

# submit_bodies NAME FOLDER: each body of the folder as a message for $domains[0], with the id body-N.
submit_bodies() {
    local name=$1 folder=$2 number count
    count=$(find "$folder" -type f | wc -l)
    open_submission "$name"
    for ((number = 1; number <= count; number++)); do
        submit_body "$name" "body-$number" "$folder/$number" "user@${domains[0]}" || die "$name does not take body $number"
    done
    smtp_say 221 QUIT
    exec 4>&-
}

# open_submission NAME: a session on descriptor 4.
open_submission() {
    exec 4<>"/dev/tcp/${address[$1]}/$SMTP_PORT" || die "$1 does not answer"
    if ! smtp_reply 220 || ! smtp_say 250 'EHLO sender.test'; then
        die "$1 does not greet"
    fi
}

# arrived_files: what has come to the primary of start_trusting_primary, a file a line.
arrived_files() { find "${home[primary]}/mail/all/new" -type f 2>/dev/null; }

arrived_count() { arrived_files | wc -l; }

# arrived_ids: the id of each message, one a line.
arrived_ids() {
    # The $ are awk's.
    # shellcheck disable=SC2016
    arrived_files | LC_ALL=C xargs -r -d '\n' awk '
        FNR == 1 { header = 1 } $0 == "" { header = 0 } header && $1 == "X-Test-Id:" { print $2 }' | sort
}

# expect_bodies FOLDER: each body of the folder has come just once, byte for byte, and nothing else.
expect_bodies() {
    local folder=$1 file id wrong=0
    expect 'each message once' "$(find "$folder" -type f -printf 'body-%f\n' | sort | cksum)" "$(arrived_ids | cksum)"
    while IFS= read -r file; do
        id=$(LC_ALL=C sed -n -e 's/^X-Test-Id: body-//p' -e '/^$/q' "$file")
        LC_ALL=C sed '1,/^$/d' "$file" | cmp - "$folder/$id" || wrong=$((wrong + 1))
    done < <(arrived_files)
    expect 'bodies that differ' 0 "$wrong"
}

# --- A whole transfer -------------------------------------------------------------------------------------------------------

# atrn_config DOMAINS SETTING...: the configuration for the provider mx2.
atrn_config() {
    local list=$1
    shift
    backup_section mx2 "$list" 'method = atrn' "$@" | write_config
}

# credentials PASSWORD: the settings for the one customer.
credentials() { printf 'user = "%s"\npassword = '\''%s'\''\n' "$SERVER_USER" "$1"; }

# expect_relayed WHAT SETTING...: all of $tmp/bodies, put into the provider mx2, come to the primary in one pull.
expect_relayed() {
    local what=$1 count
    shift
    count=$(find "$tmp/bodies" -type f | wc -l)
    submit_bodies mx2 "$tmp/bodies"
    expect "$what: messages at the provider" "$count" "$(queue_count mx2)"
    expect "$what: messages at the primary before" 0 "$(arrived_count)"
    atrn_config '"example.test"' "$(credentials "$SERVER_PASSWORD")" "$@"
    pull
    expect_pull "$what" 0 received
    expect "$what: authenticated" true "$(json '.results[0].authenticated')"
    expect "$what: messages counted" "$count" "$(json '.results[0].messages')"
    expect_soon "$what: messages at the primary" "$count" arrived_count
    expect_soon "$what: messages at the provider" 0 queue_count mx2
    expect_bodies "$tmp/bodies"
    if grep -qF -e "$SERVER_PASSWORD" "$tmp/out" "$tmp/err"; then
        fail "$what: the password can be seen in the output"
    fi
    rm -rf "${home[primary]}/mail/all"
}
