# shellcheck shell=bash disable=SC2154
# Mail put into a server and found at another, and certificates; part of lib.sh.

# --- Mail -------------------------------------------------------------------------------------------------------------------

# smtp_reply CODE: reads one reply from descriptor 4, whose last line must begin with CODE.
smtp_reply() {
    local line
    for _ in {1..100}; do
        IFS= read -r -t 60 line <&4 || return 1
        case $line in
        "$1"-*) ;;
        "$1"*) return 0 ;;
        *) printf 'reply: %s\n' "$line" && return 1 ;;
        esac
    done
    return 1
}

# smtp_say CODE LINE: sends the line, reads the reply.
smtp_say() {
    printf '%s\r\n' "$2" >&4
    smtp_reply "$1"
}

# submit_message RECIPIENT ID
submit_message() {
    smtp_say 250 'MAIL FROM:<sender@sender.test>' && smtp_say 250 "RCPT TO:<$1>" && smtp_say 354 DATA &&
        smtp_say 250 "$(printf 'From: <sender@sender.test>\r\nX-Test-Id: %s\r\nSubject: test\r\n\r\nhello\r\n.' "$2")"
}

# submit_messages NAME COUNT [DOMAIN]: so many messages into the backup; their ids go to $tmp/ids.
submit_messages() {
    local name=$1 count=$2 domain=${3:-${domains[0]}} number id
    exec 4<>"/dev/tcp/${address[$name]}/$SMTP_PORT" || die "$name does not answer"
    if ! smtp_reply 220 || ! smtp_say 250 'EHLO sender.test'; then
        die "$name does not greet"
    fi
    for ((number = 1; number <= count; number++)); do
        id=$name-$domain-$number-$RANDOM
        submit_message "user@$domain" "$id" || die "$name does not take message $number"
        printf '%s\n' "$id" >>"$tmp/ids"
    done
    smtp_say 221 QUIT
    exec 4>&-
}

# primary_ids: the ids of the messages that have arrived, one a line.
primary_ids() { sed -n 's/^X-Test-Id: //p' "${home[primary]:-/nonexistent}/mail/all.mbox" 2>/dev/null | sort; }

primary_count() { primary_ids | wc -l; }

# is_waiting NAME COUNT: so many messages at the backup, none at the primary.
is_waiting() { [ "$(queue_count "$1")" -eq "$2" ] && [ "$(primary_count)" -eq 0 ]; }

# expect_nothing_comes NAME COUNT: although the primary is there, the mail stays where it is while nobody asks for it.
expect_nothing_comes() {
    stays 3 is_waiting "$1" "$2"
    expect "nothing comes by itself: messages at the backup" "$2" "$(queue_count "$1")"
    expect "nothing comes by itself: messages at the primary" 0 "$(primary_count)"
}

# expect_all_arrived: every message submitted is at the primary, each just once.
expect_all_arrived() {
    local count
    count=$(wc -l <"$tmp/ids")
    expect_soon "messages at the primary" "$count" primary_count
    expect "the same messages as were submitted, each once" "$(sort "$tmp/ids" | cksum)" "$(primary_ids | cksum)"
}

# --- TLS --------------------------------------------------------------------------------------------------------------------

# make_certificates ADDRESS: $tmp/tls gets a CA (ca.pem) and, each in one file with its key, server certificates for ADDRESS
# and mx2.localhost: good.pem, expired.pem, unknown.pem (of another CA), and wrong.pem for another name.
make_certificates() {
    mkdir -p "$tmp/tls"
    if ! make_ca ca || ! make_ca other ||
        ! make_certificate good ca "IP:$1,DNS:mx2.localhost" 30 ||
        ! make_certificate expired ca "IP:$1,DNS:mx2.localhost" -1 ||
        ! make_certificate unknown other "IP:$1,DNS:mx2.localhost" 30 ||
        ! make_certificate wrong ca "DNS:somebody-else.test" 30; then
        die "openssl cannot make the certificates"
    fi
}

make_ca() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=mxpull test $1" \
        -keyout "$tmp/tls/$1.key" -out "$tmp/tls/$1.pem" 2>>"$tmp/openssl"
}

# make_certificate NAME CA NAMES DAYS
make_certificate() {
    local file=$tmp/tls/$1
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$file.key" -out "$file.csr" \
        2>>"$tmp/openssl" &&
        openssl x509 -req -in "$file.csr" -CA "$tmp/tls/$2.pem" -CAkey "$tmp/tls/$2.key" -CAcreateserial -days "$4" \
            -extfile <(printf 'subjectAltName = %s\n' "$3") -out "$file.crt" 2>>"$tmp/openssl" &&
        cat "$file.key" "$file.crt" >"$file.pem"
}

# fingerprint NAME: the pinned public key of a certificate, as tls_fingerprint wants it.
fingerprint() {
    printf 'sha256//%s' "$(openssl x509 -in "$tmp/tls/$1.crt" -noout -pubkey | openssl pkey -pubin -outform der |
        openssl dgst -sha256 -binary | base64)"
}
