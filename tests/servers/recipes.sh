# shellcheck shell=bash disable=SC2154
# What the tests of contrib/backup-mx share; to be sourced after lib.sh and check.sh. A recipe runs as it stands: only its marked lines are filled in.

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
    local name=$1 line reply code= from to
    shift
    coproc stranger { openssl s_client -quiet -starttls smtp -bind "$STRANGER:0" -connect "${address[$name]}:$SMTP_PORT" 2>/dev/null; }
    from=${stranger[0]} to=${stranger[1]} # the shell forgets them at its end
    for line in 'EHLO sender.test' "$@" QUIT; do
        printf '%s\r\n' "$line" >&"$to"
        [ "$line" != QUIT ] || break
        while IFS= read -r -t 60 reply <&"$from"; do
            [[ $reply == [0-9]* ]] || continue
            code=${reply:0:3}
            [[ $reply == ???-* ]] || break
        done
    done
    wait
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
    check_config "${list%, }" "source_address = $source" 'tls = required' "tls_ca_file = \"$tmp/tls/ca.pem\""
}

# expect_fault NAME WHAT ID PATTERN FILE EXPRESSION: mxpull check finds this while sed has changed a file of the server's.
expect_fault() {
    local name=$1 what=$2 id=$3 pattern=$4 file=${home[$1]}/$5 expression=$6
    cp -p "$file" "$tmp/kept"
    sed -i "$expression" "$file"
    ! cmp -s "$tmp/kept" "$file" || die "$what: nothing to change in $file"
    stop_server "$name"
    "launch_${kind[$name]}" "$name"
    check "$what"
    expect_finding "$what" "$id" "$pattern"
    cp -p "$tmp/kept" "$file"
    stop_server "$name"
    "launch_${kind[$name]}" "$name"
}

# expect_checked NAME: mxpull check finds a server by the recipe in order.
expect_checked() {
    ask_config "$PRIMARY" example.test
    check 'in order'
    expect_finding 'in order' backup-method '^ok .* offers ETRN'
    expect_finding 'in order' backup-certificate '^ok'
    expect_finding 'in order' backup-mail '^ok .* takes mail for postmaster of 1 of 1 domains'
    expect_finding 'in order' backup-relay '^ok .* refuses mail for postmaster@example.org'
    expect 'in order: what is wrong with the backup' '' \
        "$(json '[.findings[] | select(.backup == "mx2" and .severity != "ok" and .severity != "skip") | .id] | join(" ")')"
    expect 'sessions with ETRN, ATRN, TURN or DATA at the backup' 0 "$(started_count "$1")"
}

# expect_held NAME RUN: it takes mail while our server is down, and holds it although our server is back and the function RUN, which is told how many
# messages there are, has had it look through its queue.
expect_held() {
    submit_messages "$1" 10
    expect_soon 'messages held at the backup' 10 queue_count "$1"
    "$2" 10
    start_postfix_primary
    submit_messages "$1" 1
    "$2" 11
    expect_nothing_comes "$1" 11
}

# expect_denied SOURCE DOMAIN OUTCOME CODE: who asks for what is not theirs starts nothing.
expect_denied() {
    ask_config "$1" "$2"
    pull
    expect_result mx2 "$2" "$3" "$4"
    expect_nothing_comes mx2 11
}

# expect_sent NAME: it sends all when we ask.
expect_sent() {
    ask_config "$PRIMARY" example.test
    pull
    expect_pull 'ours' 0 started
    expect_match 'TLS' '^TLS' "$(json '.results[0].tls')"
    expect_all_arrived
    expect_soon 'messages left at the backup' 0 queue_count "$1"
    expect 'sessions with ETRN or DATA at the backup are seen' true "$([ "$(started_count "$1")" -ge 3 ] && echo true)"
}
