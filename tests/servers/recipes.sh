# shellcheck shell=bash disable=SC2154
# What the tests of contrib/backup-mx share; to be sourced after lib.sh. A recipe runs as it stands: only its marked lines are filled in.

RECIPES=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../contrib/backup-mx" && pwd)
STRANGER=127.125.$TEST_NUMBER.99 # nobody lets this address do anything

# fill RECIPE FILE OLD NEW...: writes the recipe to FILE, with NEW for each line OLD. A comment with the word CHANGE marks all lines from there
# to the next empty one. Every marked line must be named here, and every OLD must be a marked line.
fill() {
    local recipe=$1 file=$2 line marked=
    local -A new=() used=()
    shift 2
    while [ $# -gt 0 ]; do
        new[$1]=$2
        shift 2
    done
    : >"$file"
    while IFS= read -r line; do
        case $line in
        '') marked= ;;
        '#'*CHANGE:* | 'dnl '*CHANGE:*) marked=yes ;;
        '#'* | 'dnl '*) ;;
        *)
            if [ -n "$marked" ]; then
                [ -n "${new[$line]+set}" ] || die "$recipe: this marked line is not known: $line"
                used[$line]=yes
                line=${new[$line]}
            fi
            ;;
        esac
        printf '%s\n' "$line" >>"$file"
    done <"$RECIPES/$recipe"
    for line in "${!new[@]}"; do
        [ -n "${used[$line]:-}" ] || die "$recipe has no marked line: $line"
    done
}

# reply_code NAME LINE...: what the server answers to the last of these lines, said over TLS by a stranger, for some trust this machine itself.
reply_code() {
    local name=$1 line reply code= to
    shift
    coproc stranger { openssl s_client -quiet -starttls smtp -bind "$STRANGER:0" -connect "${address[$name]}:$SMTP_PORT" 2>/dev/null; }
    to=${stranger[1]}
    for line in 'EHLO sender.test' "$@" QUIT; do
        printf '%s\r\n' "$line" >&"$to"
        [ "$line" != QUIT ] || break
        while IFS= read -r -t 20 reply <&"${stranger[0]}"; do
            [[ $reply == [0-9]* ]] || continue
            code=${reply:0:3}
            [[ $reply == ???-* ]] || break
        done
    done
    wait "$stranger_PID" 2>/dev/null
    printf '%s' "$code"
}

# expect_recipients NAME: it takes mail for ours, and for nobody else, not even in disguise.
expect_recipients() {
    local name=$1 recipient
    expect 'RCPT of user@example.test' 250 "$(reply_code "$name" 'MAIL FROM:<>' 'RCPT TO:<user@example.test>')"
    expect 'RCPT of postmaster@example.test' 250 "$(reply_code "$name" 'MAIL FROM:<>' 'RCPT TO:<postmaster@example.test>')"
    expect 'RCPT of an unknown user' 550 "$(reply_code "$name" 'MAIL FROM:<>' 'RCPT TO:<nobody@example.test>')"
    for recipient in user@foreign.test user@notexample.test user%foreign.test@example.test foreign.test!user@example.test \
        @example.test:user@foreign.test user@foreign.test@example.test '"user@foreign.test"@example.test' user@sub.example.test; do
        expect_match "RCPT of $recipient" '^5..$' "$(reply_code "$name" 'MAIL FROM:<user@example.test>' "RCPT TO:<$recipient>")"
    done
}

# ask_config SOURCE [DOMAIN...]: the backup mx2, asked over TLS from the address SOURCE.
ask_config() {
    local source=$1 list
    shift
    list=$(printf '"%s", ' "$@")
    backup_section mx2 "${list%, }" "source_address = $source" 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\"" | write_config
}
