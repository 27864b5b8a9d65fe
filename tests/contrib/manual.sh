#!/bin/bash
# The manuals tell of all that the program has, and of nothing else: commands, options, exit statuses, outcomes, log keys, metrics,
# environment, signals, keys of the JSON. What the program has is read from its --help and from its tables in src. $1 is the program, $2 the folder
# in which the manuals were built.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
command -v perl >/dev/null || skip 'perl is not installed'
begin
cd "$(dirname "$0")/../.." || exit 1
program=$1 manual=$2/mxpull.8 format=$2/mxpull.conf.5

# part HEADING FILE: what stands below that .Sh or .Ss, up to the next heading of its kind or above.
part() {
    HEADING=$1 awk '/^\.S[hs] / { level = $1; if (within && (level == ".Sh" || level == begin)) exit
            if (substr($0, 5) == ENVIRON["HEADING"]) { within = 1; begin = level; next } }
        within' "$2"
}
# items MACRO: the words of the items of a list that are set by that macro, one a line; (75) behind an outcome stays.
items() { sed -n "s/^\.It $1 //p" | sed 's/ No \((\)/ \1/; s/ , /\n/g'; }
help_of() { "$program" "$@" --help | tr -d '\r'; }
# flags_in: of a help, as "-o --output FILE".
flags_in() { sed -n 's/^  \(-.,\|   \) \(--[a-z-]*\)\( [A-Z/]*\)\{0,1\}  *.*$/\1 \2\3/p' | sed 's/,//; s/^ *//; s/ *$//' | sort; }
# flags_of: of a part of the manual, the same.
flags_of() {
    sed -n 's/^\.It Fl //p' | sed 's/\\-/-/g; s/^-/--/; s/^\([^-]\) , -/-\1 --/; s/ Ar \(.*\)/ \U\1/' | sort
}
# alike WHAT PROGRAM'S MANUAL'S: two lists, which must hold the same lines, and some.
alike() {
    if [ -z "$2" ]; then
        fail "$1: none is found in the program"
    elif diff <(sort <<<"$2") <(sort <<<"$3") >"$tmp/differences"; then
        ok "$1: $(grep -c . <<<"$2")"
    else
        fail "$1: < is in the program alone, > in the manual alone"
        grep '^[<>]' "$tmp/differences"
    fi
}
# known WHAT WORDS THE-MANUAL'S: each word of the manual is one of these.
known() { expect "unknown $1" '' "$(comm -13 <(sort -u <<<"$2") <(sort -u <<<"$3") | paste -sd' ')"; }
# in_source REGEX FILE…: what its group matches, each once.
in_source() {
    local regex=$1
    shift
    REGEX=$regex perl -0777 -ne 'print "$1\n" while /$ENV{REGEX}/g' "$@" | sort -u
}
mapfile -t sources < <(find src -name '*.c' -not -path '*/win32/*')

# ---- commands and their options
commands=$(help_of | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
alike commands "$commands" "$(part COMMANDS "$manual" | sed -n 's/^\.Ss //p')"
alike 'commands of the synopsis' "$commands" "$(part SYNOPSIS "$manual" | sed -n 's/^\.Cm //p')"
common=$(help_of | flags_in)
alike 'options of all commands' "$common" "$(part OPTIONS "$manual" | flags_of)"
every_flag=$common
for command in $commands; do
    own=$(comm -13 <(echo "$common") <(help_of "$command" | flags_in))
    [ -z "$own" ] || alike "options of $command" "$own" "$(part "$command" "$manual" | flags_of)"
    [ -n "$own" ] || expect "options of $command" '' "$(part "$command" "$manual" | flags_of)"
    every_flag+=$'\n'$own
done
known 'options named in the text' "$(tr ' ' '\n' <<<"$every_flag" | grep '^-'; echo -vv)" \
    "$(cat "$manual" "$format" | grep -oE '\<Fl [^ ]+' | sed 's/^Fl //; s/\\-/-/g; s/^/-/')"
known 'commands named in the text' "$commands"$'\n'"$(printf '%s\n' auto always never off may required implicit journal)" \
    "$(cat "$manual" "$format" | sed -n 's/.*\<Cm \([a-z]*\).*/\1/p')"

# ---- exit statuses and outcomes
outcomes=$(in_source 'X\(\w+, ("\w+", \d+)\)' include/mxpull/smtp/outcome.h | sed 's/"\(.*\)", \(.*\)/\1 (\2)/')
alike outcomes "$outcomes" "$(part Outcomes "$manual" | items Sy)"
arrivals=$(in_source '\[ARRIVAL_\w+\] = "([\w-]+)"' src/arrival/account.c)
alike arrivals "$arrivals" "$(part Arrivals "$manual" | items Sy | cut -d' ' -f1)"
alike 'their evidence' "$(in_source '\[EVIDENCE_\w+\] = "([\w-]+)"' src/arrival/account.c)" "$(part Arrivals "$manual" | items Ql)"
drills=$(in_source '\[DRILL_\w+\] = "([\w -]+)"' src/drill/course.c)
alike 'outcomes of a drill' "$drills" "$(part drill "$manual" | items Sy | sed 's/ (.*//')"
known 'outcomes named in the text' "$(cut -d' ' -f1 <<<"$outcomes"$'\n'"$drills")"$'\n'"$arrivals" "$(grep -oE '\<Sy [a-z]+' "$manual" | cut -d' ' -f2)"
alike 'exit statuses' \
    "$({ for command in $commands; do help_of "$command" | sed '1,/^Exit status:/d'; done; cat <<<"$outcomes" | tr -dc '0-9\n'; } | awk '{ print $1 }' | sort -u)" \
    "$(part 'Exit status' "$manual" | sed '/^\.El/,$d' | sed -n 's/^\.It //p' | sort)"

# ---- the log, metrics, the environment, signals
log_keys=$(in_source '\.key = "(\w+)"' "${sources[@]}"
    in_source '\badd\(&\w+, [^";]*"(\w+)"' src/cli/logging.c
    in_source '\blogging_wire_of\("(\w+)"' "${sources[@]}")
alike 'keys of the log' "$(sort -u <<<"$log_keys")" "$(part LOG "$manual" | items Ic)"
expect 'places where the key is no literal, which this test cannot read' 2 "$(cat "${sources[@]}" | grep -cE '\.key = [^"]')"
alike metrics "$(in_source '"(mxpull_[a-z_]+)' src/cli/metrics.c)" "$(part METRICS "$manual" | items Ic)"
variables=$(in_source '\b\w*(?:getenv|variable|user_path)\("([A-Z_]+)"' "${sources[@]}"
    in_source '"(MXPULL_[A-Z_]+)"' "${sources[@]}")
alike environment "$(sort -u <<<"$variables")" "$(part ENVIRONMENT "$manual" | items Ev)"
known 'environment named in the text' "$variables" "$(cat "$manual" "$format" | grep -oE '\<Ev [A-Z_]+' | cut -d' ' -f2)"
alike signals "$(grep -oE '\<SIG[A-Z0-9]+' <<<"$(grep 'signals\[\] = ' src/platform/posix/signals.c)" | grep -vxE 'SIGPIPE|SIGCHLD')" \
    "$(part SIGNALS "$manual" | items Dv)"

# ---- the JSON
keys=$(in_source '\bjson_set\(\w+, "(\w+)"' src/cli/{report,status_json,*_form}.c
    in_source '"(\w+)", json_' src/cli/{report,status_json}.c)
told=$(part 'OUTPUT FOR PROGRAMS' "$manual" | sed -n 's/^\.Ql \([a-z_]*\).*/\1/p')
known 'keys of the JSON that the manual has' "$told" "$(grep -vxE 'command|began|ended|missing' <<<"$keys")"
known 'keys of the JSON that the program has' "$(in_source '"(\w+)"' src/cli/*.c)" "$(grep . <<<"$told")"

# ---- the options of the configuration
options=$(in_source '\{SECTION_\w+, "(\w+)"' src/config/options.c)
alike 'options of the configuration' "$options" "$(part OPTIONS "$format" | items Ic | cut -d' ' -f1 | sort -u)"
known 'options of the configuration named in the text' "$options"$'\n'"$(printf '%s\n' name primary defaults backup)" \
    "$({ sed '/^\.Sh LOG/,/^\.Sh OUTPUT/d' "$manual"; cat "$format"; } | sed -n 's/.*\<Ic \([^ ]*\).*/\1/p')"

# ---- what the manual shows as a configuration is one
printf 'password\n' >"$tmp/mxpull.password"
chmod 600 "$tmp/mxpull.password"
{ part 'A FIRST SETUP' "$manual"; part 'A FIRST CONFIGURATION' "$format"; } | sed "s|\"/[^\"]*/mxpull.password|\"$tmp/mxpull.password|" |
    awk -v tmp="$tmp" '/^\.Bd/ { first = 1; next } /^\.Ed/ { file = "" } first && /^(backup|interval) / { file = tmp "/" ++n ".conf" }
        { first = 0 } file != "" { print >file }'
for file in "$tmp"/*.conf; do
    expect "faults in $(basename "$file")" '' "$("$program" config -q -c "$file" 2>&1)"
done
expect 'configurations in the manuals' 5 "$(find "$tmp" -name '*.conf' | wc -l)"
finish
