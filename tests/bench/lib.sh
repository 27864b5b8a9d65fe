# What the measurements of this folder share: the stop-watch and the table. To be sourced by bash; the caller has set MXSIM.
# shellcheck shell=bash disable=SC2034 # what is set here is read by the caller

# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

export LC_ALL=C # EPOCHREALTIME and printf with a decimal point

runs=${MXPULL_BENCH_RUNS:-5}
first_core=() # what the servers' peers are pinned to a core by, where there are two; sim_by pins the servers to the other
rows=()
missed=0
skipped=()

begin
trap 'exit 130' INT TERM

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Pins the servers to one core and, where it is wanted, the program to another.
choose_cores() {
    local allowed
    allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
    if [ "${allowed%%[-,]*}" != "${allowed##*[-,]}" ] && [ -n "$(type -P taskset)" ]; then
        first_core=(taskset -c "${allowed%%[-,]*}")
        sim_by=(taskset -c "${allowed##*[-,]}")
    fi
}

# serve LINE…: the scripted servers, without a journal of what is said unless $keep_wire is not empty. $tmp/sim.servers has lines NAME ADDRESS:PORT.
serve() {
    [ -n "${keep_wire:-}" ] && sim_is_silent= || sim_is_silent=yes
    printf '%s\n' "$@" >"$tmp/script"
    start_sim sim "$tmp/script"
}

# configuration FILE LINE…: the global options; our own server, which no peer looks at, is not looked at first. The log stays standard error, which -q keeps quiet: as cron runs it.
configuration() {
    local file=$1
    shift
    [[ $* == *primary* ]] || set -- 'primary { preflight = off }' "$@"
    printf '%s\n' "state_dir = \"$tmp\"" "$@" >"$file"
}

# backups NAME COUNT: a backup section for each of the running servers whose name begins so, with so many domains.
backups() {
    awk -v name="$1" -v count="$2" '
        BEGIN { for (i = 1; i <= count; i++) domains = domains (i > 1 ? ", " : "") "domain" i ".test" }
        index($1, name) == 1 && split($2, at, ":") == 2 {
            printf "backup \"%s\" { host = \"%s\" port = %s connect_timeout = 10s command_timeout = 10s domains = {%s} }\n",
                $1, at[1], at[2], domains
        }' "$tmp/sim.servers"
}

now_us() { printf '%s' "${EPOCHREALTIME/./}"; }

# broken STATUS WORDS…: a run that fails measures nothing.
broken() {
    say "failed ($1): ${*:2}"
    head -n 5 "$tmp/out" "$tmp/err" >&2
    exit 70
}

# clock COMMAND…: runs it; sets wall_us.
clock() {
    local start=${EPOCHREALTIME/./} status
    "$@" >"$tmp/out" 2>"$tmp/err"
    status=$?
    wall_us=$((${EPOCHREALTIME/./} - start))
    [ "$status" -eq 0 ] || broken "$status" "$@"
}

# measure COMMAND…: runs it; sets wall_us, cpu_us (user and system) and peak_kb (0 where there is no GNU time).
measure() {
    local TIMEFORMAT='%R %U %S' status real user system wrapper=()
    [ -z "$(type -P time)" ] || wrapper=("$(type -P time)" -f '%M' -o "$tmp/peak")
    { time "${wrapper[@]}" "$@" >"$tmp/out" 2>"$tmp/err"; } 2>"$tmp/times"
    status=$?
    [ "$status" -eq 0 ] || broken "$status" "$@"
    read -r real user system <"$tmp/times"
    wall_us=$((10#${real/./} * 1000))
    cpu_us=$(((10#${user/./} + 10#${system/./}) * 1000))
    peak_kb=0
    [ ! -s "$tmp/peak" ] || peak_kb=$(tail -n 1 "$tmp/peak")
}

# there PEER: whether it can be run; notes it as skipped where not.
there() {
    [ -z "$(type -P "$1")" ] || return 0
    [[ " ${skipped[*]} " == *" $1 "* ]] || skipped+=("$1")
    return 1
}

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

milliseconds() { printf '%d.%d ms' "$(($1 / 1000))" "$(($1 % 1000 / 100))"; }
seconds() { printf '%d.%03d s' "$(($1 / 1000000))" "$(($1 % 1000000 / 1000))"; }
kilobytes() { printf '%d.%d KB' "$(($1 / 1024))" "$(($1 % 1024 * 10 / 1024))"; }
hundredths() { printf '%d.%02d' "$(($1 / 100))" "$(($1 % 100))"; }

# row WHAT OURS THEIRS RATIO WANTED VERDICT: one line of the table; "" where there is nothing to say.
row() {
    rows+=("$(printf '%-64s %10s  %-19s %6s  %-10s %s' "$1" "$2" "${3:--}" "${4:--}" "${5:--}" "$6")")
    [ "$6" != MISSED ] || missed=$((missed + 1))
}

at_most() { if [ "$1" -le "$2" ]; then echo met; else echo MISSED; fi; }
at_least() { if [ "$1" -ge "$2" ]; then echo met; else echo MISSED; fi; }

print_table() {
    printf '\n'
    printf '%-64s %10s  %-19s %6s  %-10s %s\n' "medians of $runs runs" mxpull 'peer or floor' ratio wanted ''
    printf '%s\n' "${rows[@]}"
    printf '\n'
}

# The hundredths of a second that all processors have worked, and that this script and what it has waited for has.
machine_ticks() {
    local -a ticks
    read -r -a ticks </proc/stat
    echo $((ticks[1] + ticks[2] + ticks[3] + ticks[6] + ticks[7] + ticks[8]))
}

# own_ticks FILE: of what `times` has written to the file; in a pipe it would speak of a subshell.
own_ticks() { tr 'ms' '  ' <"$1" | awk '{ ticks += ($1 * 60 + $2 + $3 * 60 + $4) * 100 } END { print int(ticks) }'; }

began_ticks=$(machine_ticks)
began_us=$(now_us)

# Says how much of the machine was others' while this ran: figures from a busy machine are to be taken again.
print_machine() {
    local cores elapsed others
    [ ! -e "$tmp/sim.pid" ] || stop_sim sim # its times are ours then
    cores=$(nproc)
    elapsed=$((($(now_us) - began_us) * cores / 10000))
    times >"$tmp/own"
    others=$(($(machine_ticks) - began_ticks - $(own_ticks "$tmp/own")))
    [ "$others" -gt 0 ] || others=0
    printf '%s\n' "$cores cores, of which other programs took $((others * 100 / (elapsed > 0 ? elapsed : 1))) % meanwhile."
    [ $((others * 100)) -le $((elapsed * 10)) ] || printf '%s\n' "That is busy: what was missed should be measured again."
    [ ${#sim_by[@]} -gt 0 ] || printf '%s\n' "One core alone: the servers' work is in the times of whom they serve."
    [ ${#skipped[@]} -eq 0 ] || printf 'Skipped: %s\n' "${skipped[*]}"
}
