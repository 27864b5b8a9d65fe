#!/bin/bash
# relay.sh [BUILD-FOLDER [CASE…]]: how fast a reversed session (ATRN) goes through mxpull, beside the direct way from the same sender into
# the same sink, all measured in the same run on loopback. Cases: small (1,000 messages of 10 KB), large (20 of 10 MB), memory; all of
# them by default. The sender is mxsim, directly by `deliver` and through mxpull by `odmr`; the sink is Postfix' smtp-sink or, without
# it, mxsim. A pipe that only copies bytes (pipe.c) shows what a third process in between costs at least; smtp-source and fetchmail are
# measured beside them where they are there. Exit status: 0 when everything that is wanted was
# met, 1 when something was missed, 70 when something could not be measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
[ $# -eq 0 ] || shift
cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=(small large memory)
mxpull=$build/src/cli/mxpull
MXSIM=$build/tests/mxsim/mxsim
sink_address=127.125.90.1
sink_port=24025
pipe_address=127.125.90.2
sink=
pipe=

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

# Postfix' programs, wherever they are.
postfix=${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers/postfix/usr
PATH=$PATH:/usr/sbin:/usr/libexec/postfix:$postfix/sbin
export LD_LIBRARY_PATH=$postfix/lib/postfix # theirs alone are there

stop_sink() {
    local number
    for number in $sink $pipe; do
        kill "$number" 2>/dev/null
        wait "$number" 2>/dev/null
    done
    sink=
    pipe=
}
at_end stop_sink

answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

start_sink() {
    local tries=0 user=()
    if there smtp-sink; then
        [ "$(id -u)" -ne 0 ] || user=(-u nobody)
        "${first_core[@]}" smtp-sink "${user[@]}" "$sink_address:$sink_port" 100 >"$tmp/sink" 2>&1 </dev/null &
    else
        printf 'sink primary %s:%d\n' "$sink_address" "$sink_port" >"$tmp/sink-script"
        "${first_core[@]}" "$MXSIM" "$tmp/sink-script" >"$tmp/sink" 2>&1 </dev/null &
    fi
    sink=$!
    until answers "$sink_address" "$sink_port"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$sink" 2>/dev/null; then
            cat "$tmp/sink" >&2
            say 'the sink does not start'
            exit 70
        fi
        sleep 0.05
    done
}

# Without a compiler there is no pipe.
start_pipe() {
    there cc || return
    [ -x "$tmp/pipe" ] || cc -D_POSIX_C_SOURCE=200809L -O2 -o "$tmp/pipe" "$here/tests/bench/pipe.c" >"$tmp/cc" 2>&1 ||
        { cat "$tmp/cc" >&2; exit 70; }
    "${first_core[@]}" "$tmp/pipe" "$pipe_address" "$sink_port" "$sink_address" "$sink_port" >"$tmp/piped" 2>&1 </dev/null &
    pipe=$!
    local tries=0
    until answers "$pipe_address" "$sink_port"; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] || { cat "$tmp/piped" >&2; exit 70; }
        sleep 0.05
    done
}

# make_messages COUNT BYTES: $tmp/messages; lines of 72 characters.
make_messages() {
    local count=$1 bytes=$2 number
    rm -rf "$tmp/messages"
    mkdir "$tmp/messages"
    head -c "$((bytes * 3 / 4))" /dev/urandom | base64 -w 72 | head -c "$bytes" >"$tmp/body"
    for ((number = 1; number <= count; number++)); do
        { printf 'From: a@sender.test\nTo: user@example.test\nSubject: %d\n\n' "$number" && cat "$tmp/body"; } \
            >"$tmp/messages/$(printf '%05d' "$number").eml"
    done
}

# wait_afresh COUNT: so many messages wait again, without being copied.
wait_afresh() {
    rm -rf "$tmp/waiting"
    mkdir "$tmp/waiting"
    find "$tmp/messages" -name '*.eml' | sort | head -n "$1" | xargs -r cp -l -t "$tmp/waiting"
}

sent_count() { find "$tmp/waiting" -name '*.sent' | wc -l; }

# all_sent COUNT WHO
all_sent() { [ "$(sent_count)" -eq "$1" ] || broken "$(sent_count) messages instead of $1" "$2"; }

# The providers: one that sends directly, one that turns the line round, one that does so over TLS; none has a log of the wire, for
# what is written there is not what is to be measured.
start_provider() {
    serve "server direct 127.0.0.1:0" "  deliver $tmp/waiting $sink_address:$sink_port" \
        "server piped 127.0.0.1:0" "  deliver $tmp/waiting $pipe_address:$sink_port" \
        "server odmr 127.0.0.1:0" "  auth CRAM-MD5,PLAIN user word" "  odmr $tmp/waiting" \
        "server secure 127.0.0.1:0" "  tls starttls $tmp/tls.pem $tmp/tls.key" "  auth PLAIN user word" "  odmr $tmp/waiting"
    relay_configuration odmr 'tls = off' 'auth_in_clear = true'
    relay_configuration secure 'tls = required' 'tls_verify = false'
}

# relay_configuration SERVER SETTING…: $tmp/SERVER.conf
relay_configuration() {
    local name=$1
    shift
    configuration "$tmp/$name.conf" "primary { address = \"$sink_address:$sink_port\" preflight = off }" \
        "backup \"odmr\" { host = \"127.0.0.1\" port = $(port "$name") method = atrn domains = {example.test}" "$@" \
        'user = user' 'password = word' '}'
    chmod 600 "$tmp/$name.conf"
}

# by_mxsim SERVER: ETRN, and then until the last message is gone: the sender says so by renaming it.
by_mxsim() {
    local _ last
    last=$(find "$tmp/waiting" -name '*.eml' | sort | tail -n 1).sent
    exec 9<>"/dev/tcp/127.0.0.1/$(port "$1")" || return
    printf 'EHLO bench.test\r\nETRN example.test\r\n' >&9
    IFS= read -r -t 10 _ <&9 || return
    until [ -e "$last" ]; do
        [ "$((${EPOCHREALTIME/./} - ${start:-0}))" -lt 120000000 ] || return
        read -r -t 0.005 _ <&9
    done
    exec 9>&-
}

by_smtp_source() { "${sim_by[@]}" smtp-source -d -s 1 -m "$1" -l "$2" -f a@sender.test -t user@example.test "$sink_address:$sink_port"; }

by_fetchmail() {
    printf '%s\n' 'set no syslog' "poll 127.0.0.1 service $(port odmr) proto ODMR timeout 60 auth cram-md5 user \"user\"" \
        "  password \"word\" fetchdomains example.test smtphost $sink_address/$sink_port" >"$tmp/fetchmailrc"
    chmod 600 "$tmp/fetchmailrc"
    FETCHMAILHOME=$tmp "${first_core[@]}" fetchmail -f "$tmp/fetchmailrc" --pidfile "$tmp/fetchmail.pid" --nosyslog --sslproto '' </dev/null
}

rate() { printf '%d/s, %d.%d MB/s' "$(($1 * 1000000 / $3))" "$(($1 * $2 / $3))" "$(($1 * $2 * 10 / $3 % 10))"; }

# transfer WHAT COUNT BYTES FETCHMAIL-COUNT: all the ways, interleaved.
transfer() {
    local what=$1 count=$2 bytes=$3 few=$4 direct=() ours=() secure=() source=() piped=() run ratio
    make_messages "$count" "$bytes"
    start_sink
    start_pipe
    start_provider
    for ((run = 0; run < runs; run++)); do
        wait_afresh "$count"
        clock by_mxsim direct
        direct+=("$wall_us")
        all_sent "$count" 'mxsim deliver'
        if [ -n "$pipe" ]; then
            wait_afresh "$count"
            clock by_mxsim piped
            all_sent "$count" 'mxsim deliver by the pipe'
            piped+=("$wall_us")
        fi
        wait_afresh "$count"
        clock "${first_core[@]}" "$mxpull" pull -q -c "$tmp/odmr.conf"
        ours+=("$wall_us")
        all_sent "$count" mxpull
        wait_afresh "$count"
        clock "${first_core[@]}" "$mxpull" pull -q -c "$tmp/secure.conf"
        secure+=("$wall_us")
        all_sent "$count" 'mxpull over TLS'
        if there smtp-source; then
            clock by_smtp_source "$count" "$bytes"
            source+=("$wall_us")
        fi
    done
    our_us=$(median "${ours[@]}")
    peer_us=$(median "${direct[@]}")
    ratio=$((peer_us * 100 / our_us))
    row "$what: mxsim through mxpull, and directly" "$(seconds "$our_us")" "$(seconds "$peer_us")" "$(hundredths $ratio)" '>= 0.80' \
        "$(at_least $ratio 80)"
    row '    the rates' "$(rate "$count" "$bytes" "$our_us")" "$(rate "$count" "$bytes" "$peer_us")" '' '' ''
    if [ ${#piped[@]} -gt 0 ]; then
        peer_us=$(median "${piped[@]}")
        ratio=$((peer_us * 100 / our_us))
        row '    mxsim through a bare pipe' "$(seconds "$our_us")" "$(seconds "$peer_us") (floor)" "$(hundredths $ratio)" '>= 0.90' \
            "$(at_least $ratio 90)"
    fi
    peer_us=$our_us
    our_us=$(median "${secure[@]}")
    row '    over TLS, and without' "$(seconds "$our_us")" "$(seconds "$peer_us")" "$(hundredths $((peer_us * 100 / our_us)))" '' ''
    if [ ${#source[@]} -gt 0 ]; then
        our_us=$peer_us
        peer_us=$(median "${source[@]}")
        row '    smtp-source directly' "$(seconds "$our_us")" "$(seconds "$peer_us")" "$(hundredths $((peer_us * 100 / our_us)))" '' ''
    fi
    if there fetchmail; then
        wait_afresh "$few"
        clock "${first_core[@]}" "$mxpull" pull -q -c "$tmp/odmr.conf"
        our_us=$wall_us
        wait_afresh "$few"
        clock by_fetchmail
        all_sent "$few" fetchmail
        row "    fetchmail, $few messages, one run" "$(seconds "$our_us")" "$(seconds "$wall_us")" \
            "$(hundredths $((wall_us * 100 / our_us)))" '' ''
    fi
    stop_sim sim
    stop_sink
}

case_small() { transfer '1,000 messages of 10 KB' 1000 10240 100; }
case_large() { transfer '20 messages of 10 MB' 20 $((10 * 1024 * 1024)) 2; }

# peak COUNT BYTES: sets peak_kb, the median of the pulls.
peak() {
    local peaks=() run
    make_messages "$1" "$2"
    for ((run = 0; run < runs; run++)); do
        wait_afresh "$1"
        measure "${first_core[@]}" "$mxpull" pull -q -c "$tmp/odmr.conf"
        peaks+=("$peak_kb")
    done
    peak_kb=$(median "${peaks[@]}")
}

case_memory() {
    local idle small large growth
    there time || return
    start_sink
    start_provider
    peak 0 1024
    idle=$peak_kb
    peak 100 10240
    small=$peak_kb
    peak 10 $((10 * 1024 * 1024))
    large=$peak_kb
    growth=$((large > small ? large - small : 0))
    row 'memory at its peak: messages of 10 MB, and of 10 KB' "$large KB" "$small KB" '' '<= +512 KB' "$(at_most $growth 512)"
    row '    a bridge: beyond a pull that finds no mail' "$((large - idle)) KB" "$idle KB (no mail)" '' '<= 1024 KB' \
        "$(at_most $((large - idle)) 1024)"
    stop_sim sim
    stop_sink
}

if [ ! -x "$mxpull" ] || [ ! -x "$MXSIM" ]; then
    say "$build does not hold mxpull and mxsim: cmake -S $here -B $build -DCMAKE_BUILD_TYPE=Release && cmake --build $build"
    exit 69
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench -keyout "$tmp/tls.key" \
    -out "$tmp/tls.pem" >"$tmp/openssl" 2>&1 || { cat "$tmp/openssl" >&2; exit 70; }
# As it is in life: the sender is one machine, here a core; our own mail server, and what stands before it, another.
choose_cores
for name in "${cases[@]}"; do
    [ "$(type -t "case_$name")" = function ] || { say "there is no case \"$name\": small, large and memory are"; exit 64; }
done
for name in "${cases[@]}"; do
    say "measuring: $name"
    "case_$name"
done
print_table
print_machine
[ "$missed" -eq 0 ]
