#!/bin/sh
# certificates.sh DIRECTORY: makes the certificates that the tests use, with openssl, unless they are there already:
#   ca.pem         the test CA                     good.crt/.key     127.0.0.1 and localhost, by the CA
#   other-ca.pem   a CA that nobody trusts         unknown.crt/.key  the same names, by the other CA
#                                                  expired.crt/.key  the same names, by the CA, no longer valid
#                                                  wrong.crt/.key    another name, by the CA
#   good.pin, wrong.pin   the public keys as "sha256//…"
# RSA: wine takes an ECDSA signature with a number shorter than 32 bytes, one in about 130 of them, for invalid.
set -eu

make_ca() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=mxpull test $1" \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# make_certificate NAME CA DAYS ALTERNATIVE-NAMES
make_certificate() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'subjectAltName = %s\n' "$4" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$3" -extfile "$1.ext" \
        -out "$1.crt" 2>/dev/null
    printf 'sha256//%s' "$(openssl x509 -in "$1.crt" -noout -pubkey | openssl pkey -pubin -outform der |
        openssl dgst -sha256 -binary | base64)" >"$1.pin"
    rm "$1.csr" "$1.ext"
}

[ -e "$1/done" ] && exit 0
mkdir -p "$1"
cd "$1"
here=DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1
make_ca ca
make_ca other-ca
make_certificate good ca 3650 "$here"
make_certificate unknown other-ca 3650 "$here"
make_certificate expired ca -1 "$here"
make_certificate wrong ca 3650 DNS:somebody-else.test
: >done
