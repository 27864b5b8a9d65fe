#!/bin/bash
# ask.sh [BUILD-FOLDER [CASE…]]: how fast mxpull asks, beside its peers and beside what the network itself takes, all measured in
# the same run against scripted servers on loopback. Cases: many, peers, one, faults, configuration; all of them by default.
# Installs the peers (fetchmail, msmtp) where it can; one that is not there is skipped by name. Exit status: 0 when everything
# that is wanted was met, 1 when something was missed, 70 when something could not be measured at all.
#
# MXPULL_BENCH_RUNS: how many runs a median is made of, 5 by default.
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=${1:-${MXPULL_BUILD:-$here/build}}
[ $# -eq 0 ] || shift
cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=(many peers one faults configuration)
mxpull=$build/src/cli/mxpull
MXSIM=$build/tests/mxsim/mxsim
msmtp_options=(--file=/dev/null --tls=off --auth=off --timeout=10)

# shellcheck source=tests/bench/lib.sh
. "$here/tests/bench/lib.sh"

# Says what is not built for speed.
check_build() {
    local cache=$build/CMakeCache.txt
    if [ ! -x "$mxpull" ] || [ ! -x "$MXSIM" ]; then
        say "$build does not hold mxpull and mxsim: cmake -S $here -B $build -DCMAKE_BUILD_TYPE=Release && cmake --build $build"
        exit 69
    fi
    if ! grep -Eq '^CMAKE_BUILD_TYPE:[A-Z]+=(Release|RelWithDebInfo)$' "$cache" || grep -Eq '^MXPULL_SANITIZE:[A-Z]+=.' "$cache"; then
        say "$build is not an optimised build: its figures say little"
    fi
}

# The packages are named as their programs are; `time` measures memory.
install_peers() {
    local missing=() package as_root=()
    for package in fetchmail msmtp time; do
        [ -n "$(type -P "$package")" ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] && [ -n "$(type -P apt-get)" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        [ -n "$(type -P sudo)" ] || return 0
        as_root=(sudo -n)
    fi
    say "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >/dev/null 2>&1
    for package in "${missing[@]}"; do
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
            >/dev/null 2>&1 || say "$package cannot be installed"
    done
}

# The peers, each with the same work as mxpull. fetchmail's exit status for ETRN is 0 or 1 ("no mail").
fetchmail_file() {
    awk -v name="$1" -v count="$2" '
        BEGIN { for (i = 1; i <= count; i++) domains = domains " domain" i ".test"; print "set no syslog" }
        index($1, name) == 1 && split($2, at, ":") == 2 {
            print "poll " at[1] " service " at[2] " proto ETRN timeout 10 fetchdomains" domains
        }' "$tmp/sim.servers" >"$tmp/fetchmailrc"
    chmod 600 "$tmp/fetchmailrc"
}

ask_by_fetchmail() {
    FETCHMAILHOME=$tmp fetchmail -f "$tmp/fetchmailrc" --pidfile "$tmp/fetchmail.pid" --nosyslog </dev/null
    [ $? -le 1 ]
}

# msmtp_list NAME DOMAINS: a run for each domain, for it takes one alone.
msmtp_list() {
    awk -v name="$1" -v count="$2" 'index($1, name) == 1 && split($2, at, ":") == 2 {
        for (i = 1; i <= count; i++) print "--host=" at[1], "--port=" at[2], "--rmqs=domain" i ".test" }' "$tmp/sim.servers" \
        >"$tmp/msmtp"
}

ask_by_msmtp() {
    local host port domain
    if [ "$1" -gt 1 ]; then
        xargs -P "$1" -L 1 msmtp "${msmtp_options[@]}" <"$tmp/msmtp"
    else
        while read -r host port domain; do
            msmtp "${msmtp_options[@]}" "$host" "$port" "$domain" </dev/null || return
        done <"$tmp/msmtp"
    fi
}

# asked COUNT WHO: that so many ETRNs were heard since the last time, so that nobody is quick by doing less.
asked() {
    local heard
    heard=$(grep -c '< ETRN' "$tmp/journal.sim")
    : >"$tmp/journal.sim"
    [ "$heard" -eq "$1" ] || broken "$heard ETRNs instead of $1" "$2"
}

# 1,000 backups with 5 domains at 20 ms a reply. What is waited for: greeting, EHLO, 5 ETRN, QUIT.
many_at() {
    local concurrency=$1 most=$2 walls=() cpus=() logged=() peaks=() alone=() single=() floor what cpu session whole
    floor=$((8 * 20000 * ((1000 + concurrency - 1) / concurrency)))
    what="1,000 backups, 5 domains, 20 ms, concurrency $concurrency"
    { configuration "$tmp/many" "concurrency = $concurrency" && backups herd 5 >>"$tmp/many"; } || exit 1
    head -n 4 "$tmp/many" >"$tmp/single"
    { printf '%s\n' "log = \"file:$tmp/log\"" && cat "$tmp/many"; } >"$tmp/logging"
    for ((run = 0; run < runs; run++)); do
        measure "${first_core[@]}" "$mxpull" pull -q -c "$tmp/many"
        walls+=("$wall_us") cpus+=("$cpu_us") peaks+=("$peak_kb")
        measure "${first_core[@]}" "$mxpull" pull -q -c "$tmp/logging"
        logged+=("$cpu_us")
        measure "${first_core[@]}" "$mxpull" pull -q -c "$tmp/many" herd1
        alone+=("$peak_kb")
        measure "${first_core[@]}" "$mxpull" pull -q -c "$tmp/single"
        single+=("$peak_kb")
    done
    wall_us=$(median "${walls[@]}")
    row "$what: wall" "$(seconds "$wall_us")" "$(seconds $floor) (floor)" "$(hundredths $((wall_us * 100 / floor)))" "<= $(hundredths "$most")" \
        "$(at_most $((wall_us * 100 / floor)) "$most")"
    cpu=$(($(median "${cpus[@]}") / 1000))
    row '    CPU a backup' "$cpu us" '' '' '<= 300 us' "$(at_most "$cpu" 300)"
    row '    the same, with each answer logged to a file' "$(($(median "${logged[@]}") / 1000)) us" '' '' '' ''
    there time || return
    session=$((($(median "${peaks[@]}") - $(median "${alone[@]}")) * 1024 / concurrency))
    whole=$((($(median "${peaks[@]}") - $(median "${single[@]}")) * 1024 / concurrency))
    row '    memory a session in flight' "$(kilobytes $session)" '' '' '<= 20.0 KB' "$(at_most $session $((20 * 1024)))"
    row '    the same, with what all 1,000 take in the configuration' "$(kilobytes $whole)" '' '' '' ''
}

case_many() {
    serve 'server herd 127.1.0.1:0' '  repeat 1000' '  delay 20ms'
    many_at 1000 150
    many_at 256 135
    stop_sim sim
}

# compare PEER COMMAND…: sets peer_us; mxpull's own time is taken between the peer's runs.
compare() {
    local peer=$1 theirs=() ours=()
    shift
    for ((run = 0; run < runs; run++)); do
        clock "$mxpull" pull -q -c "$tmp/fifty"
        ours+=("$wall_us")
        asked 200 mxpull
        clock "$@"
        theirs+=("$wall_us")
        asked 200 "$peer"
    done
    our_us=$(median "${ours[@]}")
    peer_us=$(median "${theirs[@]}")
}

# 50 backups with 4 domains at 20 ms a reply.
case_peers() {
    local what='50 backups, 4 domains, 20 ms' floor=$((7 * 20000)) ratio times
    keep_wire=yes serve 'server herd 127.1.0.1:0' '  repeat 50' '  delay 20ms'
    { configuration "$tmp/fifty" && backups herd 4 >>"$tmp/fifty"; } || exit 1
    fetchmail_file herd 4
    msmtp_list herd 4
    compare mxpull "$mxpull" pull -q -c "$tmp/fifty"
    row "$what: wall" "$(seconds "$our_us")" "$(seconds $floor) (floor)" "$(hundredths $((our_us * 100 / floor)))" '' ''
    if there fetchmail; then
        compare fetchmail ask_by_fetchmail
        ratio=$((peer_us * 100 / our_us))
        row '    fetchmail' "$(seconds "$our_us")" "$(seconds "$peer_us")" "$(hundredths $ratio)" '>= 20.00' "$(at_least $ratio 2000)"
    fi
    if there msmtp; then
        for times in 1 50; do
            compare msmtp ask_by_msmtp "$times"
            ratio=$((peer_us * 100 / our_us))
            row "    msmtp --rmqs, $times at once" "$(seconds "$our_us")" "$(seconds "$peer_us")" "$(hundredths $ratio)" '>= 1.00' \
                "$(at_least $ratio 100)"
        done
    fi
    stop_sim sim
}

# What the network and the server take for one domain, without a program: this shell speaks itself, on a connection of its own (for
# which it needs less than a millisecond).
ask_bare() {
    local line address port command
    IFS=': ' read -r _ address port <"$tmp/sim.servers"
    exec 9<>"/dev/tcp/$address/$port" || return
    for command in 'EHLO bench.test' 'ETRN domain1.test' QUIT ''; do
        line=
        until [[ $line == [2-5][0-9][0-9]' '* ]]; do
            IFS= read -r -t 10 line <&9 || return
        done
        [ -z "$command" ] || printf '%s\r\n' "$command" >&9
    done
    exec 9>&-
}

# 1 backup with 1 domain: what comes on top of the network's own time for greeting, EHLO, ETRN and QUIT.
one_at() {
    local delay=$1 bare=() ours=() starts=() fetchmails=() msmtps=() floor beyond
    for ((run = 0; run < runs * 4; run++)); do
        clock ask_bare
        bare+=("$wall_us")
        clock "$mxpull" pull -q -c "$tmp/one"
        ours+=("$wall_us")
        clock "$mxpull" --version
        starts+=("$wall_us")
        if there fetchmail; then
            clock ask_by_fetchmail
            fetchmails+=("$wall_us")
        fi
        if there msmtp; then
            clock ask_by_msmtp 1
            msmtps+=("$wall_us")
        fi
    done
    floor=$(median "${bare[@]}")
    beyond=$(($(median "${ours[@]}") - floor))
    [ $beyond -gt 0 ] || beyond=1
    row "1 backup, 1 domain, $delay ms: beyond the network's own time" "$(milliseconds $beyond)" "$(milliseconds "$floor") (network)" '' \
        '<= 10.0 ms' "$(at_most $beyond 10000)"
    row '    of which the start of the program alone (--version)' "$(milliseconds "$(median "${starts[@]}")")" '' '' '' ''
    [ ${#fetchmails[@]} -eq 0 ] || beside fetchmail $(($(median "${fetchmails[@]}") - floor)) $beyond
    [ ${#msmtps[@]} -eq 0 ] || beside msmtp $(($(median "${msmtps[@]}") - floor)) $beyond
}

# beside PEER PEER-US OUR-US: a row to compare with, of which nothing is wanted.
beside() { row "    $1" "$(milliseconds "$3")" "$(milliseconds "$2")" "$(hundredths $(($2 * 100 / $3)))" '' ''; }

case_one() {
    local delay
    for delay in 0 20; do
        serve 'server herd 127.1.0.1:0' "  delay ${delay}ms"
        { configuration "$tmp/one" && backups herd 1 >>"$tmp/one"; } || exit 1
        fetchmail_file herd 1
        msmtp_list herd 1
        one_at $delay
        stop_sim sim
    done
}

# last_answer FILE GOOD: sets last_us, the time until the last answer of the servers named good came out; there must be that many.
last_answer() {
    local start=${EPOCHREALTIME/./} line
    "$mxpull" pull -c "$1" 2>"$tmp/err" | while IFS= read -r line; do
        printf '%s %s\n' "${EPOCHREALTIME/./}" "$line"
    done >"$tmp/out"
    last_us=$(awk -v start="$start" -v wanted="$2" '
        $2 ~ /^good/ && $4 == "started" { last = $1 - start; count++ }
        END { if (count != wanted) exit 1; print last }' "$tmp/out") || broken "not $2 answers" "$mxpull" pull -c "$1"
}

# 47 good backups with and without three bad ones, which stand first.
case_faults() {
    local without=() with=() limits='connect_timeout = 2s command_timeout = 2s' clean_us faulty_us ratio
    serve 'server good 127.1.0.1:0' '  repeat 47' '  delay 20ms' \
        'server silent 127.2.0.1:0' '  greeting stall' \
        'server dripping 127.2.0.2:0' '  drip 1 500ms'
    { configuration "$tmp/clean" && backups good 4 >>"$tmp/clean"; } || exit 1
    configuration "$tmp/faulty" "backup \"dead\" { host = \"127.2.0.3\" port = 1 $limits domains = {domain1.test} }"
    { backups silent 1; backups dripping 1; } | sed "s/connect_timeout.*command_timeout = 10s/$limits/" >>"$tmp/faulty"
    backups good 4 >>"$tmp/faulty"
    for ((run = 0; run < runs; run++)); do
        last_answer "$tmp/clean" 188
        without+=("$last_us")
        last_answer "$tmp/faulty" 188
        with+=("$last_us")
        [ "$(grep -Ec ' (dead .* unreachable|silent .* timeout|dripping .* timeout) ' "$tmp/out")" -eq 3 ] ||
            broken 'the three did not fail as they should' "$mxpull"
    done
    stop_sim sim
    clean_us=$(median "${without[@]}")
    faulty_us=$(median "${with[@]}")
    ratio=$((faulty_us * 100 / clean_us))
    row '47 backups, last answer, beside a dead, a silent, a dripping one' "$(milliseconds "$faulty_us")" \
        "$(milliseconds "$clean_us") (without)" "$(hundredths $ratio)" '<= 1.10' "$(at_most $ratio 110)"
}

# load COUNT: sets load_us and load_kb for a configuration of so many backups.
load() {
    local walls=() peaks=()
    configuration "$tmp/large"
    awk -v count="$1" 'BEGIN { for (i = 1; i <= count; i++)
        printf "backup \"mx%d\" {\n    host = \"mx%d.example.net\"\n    domains = {one.example, two.example, three.example}\n}\n", i, i
        }' >>"$tmp/large"
    for ((run = 0; run < runs; run++)); do
        measure "$mxpull" config -q -c "$tmp/large"
        walls+=("$wall_us") peaks+=("$peak_kb")
    done
    load_us=$(median "${walls[@]}")
    load_kb=$(median "${peaks[@]}")
}

# 10,000 backups in one file take no more for each of them than 1,000 do.
case_configuration() {
    local small_us small_kb ratio
    load 1000
    small_us=$load_us small_kb=$load_kb
    load 10000
    ratio=$((load_us * 10 / (small_us > 0 ? small_us : 1)))
    row '10,000 backups: mxpull config -q, wall; beside 10 times 1,000' "$(seconds "$load_us")" "$(seconds $((small_us * 10)))" \
        "$(hundredths $ratio)" '<= 2.00' "$(at_most $ratio 200)"
    there time || return
    row '    memory a backup in the configuration' "$(kilobytes $(((load_kb - small_kb) * 1024 / 9000)))" '' '' '' ''
    row '    memory in all' "$((load_kb / 1024)) MB" '' '' '' ''
}

check_build
install_peers
choose_cores
for name in "${cases[@]}"; do
    [ "$(type -t "case_$name")" = function ] || {
        say "there is no case \"$name\": many, peers, one, faults and configuration are"
        exit 64
    }
done
for name in "${cases[@]}"; do
    say "measuring: $name"
    "case_$name"
done
print_table
print_machine
[ "$missed" -eq 0 ]
