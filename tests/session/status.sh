#!/bin/bash
# status and history as a whole: before there is anything, after a pull against mxsim, for a monitor, and what is refused.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

cat >"$tmp/backups" <<EOF
server good 127.0.0.1:0
  reply ETRN "250 OK"
server bad 127.0.0.1:0
  reply ETRN "459 <b.example>: no|domains=0"
sink refusing 127.0.0.1:0
  reply RCPT "450 4.3.0 later"
EOF
start_sim backups "$tmp/backups"

configure() { # BACKUP…
    {
        printf 'state_dir = "%s/state"\nprimary { preflight = off }\n' "$theirs"
        for name in "$@"; do
            printf 'backup %s { host = "127.0.0.1" port = %s domains = {%s.example} tls = off }\n' "$name" "$(port "$name")" "$name"
        done
    } >"$tmp/mxpull.conf"
}
configure good bad
conf=$theirs/mxpull.conf

# --- nothing yet --------------------------------------------------------------------------------------------------------------
nothing="nothing has been asked yet: $theirs/state/mxpull.db is not there; mxpull pull, or mxpull daemon, makes it"
run 75 status -c "$conf"
expect "status before the first pull" "mxpull: $nothing" "$(cat "$tmp/err")"
expect "nothing on standard output" "" "$(cat "$tmp/out")"
run 3 status --nagios -c "$conf"
expect "the monitor's line before it" "MXPULL UNKNOWN - $nothing" "$(cat "$tmp/out")"
run 75 history -c "$conf"
expect "history before it" "mxpull: $nothing" "$(cat "$tmp/err")"
[ ! -e "$tmp/state" ]
expect "nothing was made: 0 is yes" 0 $?
# A folder that could be made is no other, in whatever way it is written.
for folder in "$theirs/state//" "$DRIVE/mxpull-$$"; do
    [ -w / ] || [ "$folder" != "/mxpull-$$" ] || continue
    sed "s|^state_dir = .*|state_dir = \"$folder\"|" "$tmp/mxpull.conf" >"$tmp/folder.conf"
    run 75 status -c "$theirs/folder.conf"
    expect_in "status before the first pull: $folder" "nothing has been asked yet: $folder" "$tmp/err"
done

# Time passes on a slow machine, too.
status() { # STATUS ARGUMENT…
    local expected=$1
    shift
    run "$expected" status -c "$conf" "$@"
    sed -i 's/[0-9]s ago/0s ago/' "$tmp/out"
}

# --- after a pull ---------------------------------------------------------------------------------------------------------------
run 77 pull -c "$conf"
status 0
expect_in "what is well" "good  good.example  started  0s ago  -  +  250 OK" "$tmp/out"
expect_in "what is not" "bad   bad.example   denied   0s ago  -  !" "$tmp/out"
expect_in "what was said" "      459 <b.example>: no|domains=0" "$tmp/out"
expect_in "the sum" "2 backups, 2 domains: 1 ok, 1 failing" "$tmp/out"
status 0 -q
expect "the first line of -q" "bad  bad.example  denied  0s ago  -  !" "$(head -n 1 "$tmp/out")"
run 2 status --nagios -c "$conf"
expect_in "the monitor's line" "MXPULL CRITICAL - bad bad.example: denied, 459 <b.example>: no/domains=0|domains=2 ok=1 " "$tmp/out"
expect "one line" 1 "$(wc -l <"$tmp/out")"
run 0 status --json -c "$conf"
expect_in "as JSON" '"summary":{"backups":2,"domains":2,"ok":1,"failing":1,"silent":0,"held":0,"unknown":0}}' "$tmp/out"

run 0 status --nagios -c "$conf" good
expect_in "some backups alone" "MXPULL OK - 1 backup, 1 domain, all ok|domains=1 ok=1 " "$tmp/out"
run 2 status --nagios -c "$conf" bad.example good
expect_in "backups and domains" "MXPULL CRITICAL - bad bad.example: denied, 459 <b.example>: no/domains=0|domains=2 ok=1 " "$tmp/out"
status 0 good.example
expect_in "the sum of some" "1 backup, 1 domain: 1 ok" "$tmp/out"
run 0 status --json -c "$conf" bad
expect "some as JSON" "bad" "$(jq -r '.domains[].backup' "$tmp/out")"

# --- history ----------------------------------------------------------------------------------------------------------------------
run 0 history -c "$conf"
expect "a line for each answer" 2 "$(wc -l <"$tmp/out")"
run 0 history -c "$conf" good.example --csv
expect "a header and one record" 2 "$(wc -l <"$tmp/out")"
run 0 history --failed -c "$conf"
expect_in "what failed" "denied" "$tmp/out"
expect "and nothing else" 1 "$(wc -l <"$tmp/out")"
run 0 history --outcome started --json -c "$conf"
expect_in "of one outcome" '{"answers":[{"at":' "$tmp/out"
run 0 history --since 1h --limit 1 -c "$conf"
expect "the newest one" 1 "$(wc -l <"$tmp/out")"
run 0 history --since 2099-01-01 -c "$conf"
expect "none" "mxpull: there is nothing of that in the past" "$(cat "$tmp/out" "$tmp/err")"
run 0 history --messages -c "$conf" -q
expect "no messages" "" "$(cat "$tmp/out" "$tmp/err")"

# A message that came by ATRN, with its Message-ID and where it came from.
mkdir "$tmp/waiting"
printf 'X-Mxsim-To: u@a.example\nX-Mxsim-From: s@x.example\nMessage-ID: <1@x.example>\n\nhello\n' >"$tmp/waiting/1.eml"
cat >"$tmp/provider" <<EOF
server provider 127.0.0.1:0
  auth PLAIN joe secret
  odmr $tmp/waiting
sink primary 127.0.0.1:0
EOF
start_sim provider "$tmp/provider"
cat >"$tmp/came.conf" <<EOF
state_dir = "$theirs/came"
primary { address = "127.0.0.1:$(port primary)" }
backup provider { host = "127.0.0.1" port = $(port provider) method = atrn domains = a.example user = joe password = secret auth_in_clear = true }
EOF
chmod 600 "$tmp/came.conf"
run 0 pull -c "$theirs/came.conf"
run 0 history --messages -c "$theirs/came.conf"
expect_in "what came, and from where" " B      s@x.example -> u@a.example  <1@x.example> from 127.0.0.1  250 " "$tmp/out"
run 0 history --messages --json -c "$theirs/came.conf"
expect "as JSON" "127.0.0.1 <1@x.example> bridge" "$(jq -r '.messages[] | "\(.client) \(.message_id) \(.evidence)"' "$tmp/out")"

# A backup that is no longer configured is still known.
configure good
run 0 history bad -c "$conf"
expect "one of the past" 1 "$(wc -l <"$tmp/out")"
run 0 status -q -c "$conf"
expect "all is well now" "" "$(cat "$tmp/out" "$tmp/err")"
run 0 status --nagios -c "$conf"

run 0 status --help
expect_in "the strip's letters" "+ good, o not asked, ~ temporary, ! bad" "$tmp/out"
expect "columns" 0 "$(awk 'length > 79' "$tmp/out" | wc -l)"

# --- what is refused --------------------------------------------------------------------------------------------------------------
refuse() { # TEXT ARGUMENT…
    local text=$1
    shift
    run 64 "$@" -c "$conf"
    expect "what it says" "mxpull: $text" "$(cat "$tmp/err")"
    expect "nothing on standard output" "" "$(cat "$tmp/out")"
}
refuse "\"nobody\" is neither a backup nor a domain, in $conf or in the past" history nobody
refuse "--outcome: there is no \"dennied\"; did you mean \"denied\"?" history --outcome dennied
refuse "--limit is a number, 0: all; not \"many\"" history --limit many
refuse "--since is a duration (2d, 36h) or a time (2026-11-20, \"2026-11-20 07:00\", 2026-11-20T07:00:00Z), not \"lunch\"" history --since lunch
refuse "--json and --csv exclude each other" history --json --csv
refuse "--failed is of answers, and not of --messages" history --failed --messages
refuse "\"goood\" is neither a backup nor a domain; did you mean \"good\"?" status goood
refuse "error: \"good.exampel\" is neither a backup nor a domain; did you mean \"good.example\"?" pull good.exampel
refuse "\"godo\" is neither a backup nor a domain, now or in the past; did you mean \"good\"?" history godo
refuse "\"else\" is neither a backup nor a domain in $conf" status else
refuse "--since cannot be used with \"status\"; try \"mxpull status --help\"" status --since 1h

# --- the primary, as a pull has seen it -------------------------------------------------------------------------------------------
seen=$theirs/seen.conf
primary() { # PORT
    sed "s|/state\"|/seen\"|; s|^primary.*|primary { address = \"127.0.0.1:$1\" }|" "$tmp/mxpull.conf" >"$tmp/seen.conf"
}
primary "$(port good)"
run 0 pull -q -c "$seen"
run 0 status -c "$seen"
expect_in "it is up" "up for 0s, looked at " "$tmp/out"
expect_in "and no daemon is needed to know it" "daemon   never ran" "$tmp/out"
primary 1
run 75 pull -q -c "$seen"
run 2 status --nagios -c "$seen"
expect_in "it is down" "MXPULL CRITICAL - your mail server 127.0.0.1:1 is down for 0s: connection refused" "$tmp/out"
run 0 pull -q --force -c "$seen"
run 2 status --nagios -c "$seen"
expect_in "who does not look sees nothing new" "your mail server" "$tmp/out"
primary 2
run 0 status -c "$seen"
expect_in "at another address nobody has looked" "primary  127.0.0.1:2  unknown, never looked at" "$tmp/out"
configure good bad
primary "$(port refusing)"
sed -i 's/^primary { /&preflight = recipients /' "$tmp/seen.conf"
down="MXPULL CRITICAL - your mail server 127.0.0.1:$(port refusing) is down"
run 75 pull -q -c "$seen"
run 2 status --nagios -c "$seen"
expect_in "one that refuses everything is down" "$down" "$tmp/out"
run 75 pull -q -c "$seen" good
run 2 status --nagios -c "$seen"
expect_in "who asks for a part cannot say that it is up" "$down" "$tmp/out"
configure good

# A monitor takes exit status 64 for no answer at all.
unknown() { # TEXT ARGUMENT…
    local text=$1
    shift
    run 3 "$@"
    expect "the monitor's line" "MXPULL UNKNOWN - $text" "$(cat "$tmp/out")"
    expect "nothing on standard error" "" "$(cat "$tmp/err")"
}
unknown "--nagios and --json exclude each other" status --nagios --json -c "$conf"
unknown "unknown option --warning; try \"mxpull --help\"" status --nagios --warning 3
unknown "\"good/x\" is neither a backup nor a domain; did you mean \"good\"?" status 'good|x' --nagios -c "$conf"
unknown "--config needs a FILE; try \"mxpull --help\"" status --nagios --config
unknown "--nagios takes no argument" status --nagios=yes

echo 'interval = 4x' >"$tmp/faulty.conf"
run 78 status -c "$theirs/faulty.conf"
run 78 history -c "$theirs/faulty.conf"
run 3 status --nagios -c "$theirs/faulty.conf"
expect_in "the monitor's line" "MXPULL UNKNOWN - the configuration is faulty: $theirs/faulty.conf:1: interval: " "$tmp/out"
expect "one line" 1 "$(wc -l <"$tmp/out")"
run 3 status --nagios -c "$theirs/none.conf"
expect_in "the monitor's line" "$theirs/none.conf" "$tmp/out"

"$MXPULL" history -c "$conf" >/dev/full 2>"$tmp/err"
expect "a full disk" 75 $?

# --- a store that cannot be written -----------------------------------------------------------------------------------------------
: >"$tmp/nowhere"
sed "s|^state_dir.*|state_dir = \"$theirs/nowhere/state\"|" "$tmp/mxpull.conf" >"$tmp/nowhere.conf"
for command in status history; do
    run 75 "$command" -c "$theirs/nowhere.conf"
    expect_in "$command says why nothing is remembered" "nothing is remembered: $theirs/nowhere/state/mxpull.db is not there and cannot be written: " \
        "$tmp/err"
done
for kind in file link; do
    [ $kind = file ] || ln -s nowhere "$tmp/link"
    path=$theirs/$([ $kind = file ] && echo nowhere || echo link)
    sed "s|^state_dir.*|state_dir = \"$path\"|" "$tmp/mxpull.conf" >"$tmp/nowhere.conf"
    run 75 status -c "$theirs/nowhere.conf"
    expect_in "a $kind where the folder should be" "nothing is remembered: $path/mxpull.db is not there and cannot be written: " "$tmp/err"
done
# A file system of our own that is read only, and one that is full.
if [ -z "$DRIVE" ] && unshare -rm true 2>/dev/null; then
    mkdir "$tmp/disk"
    sed "s|^state_dir.*|state_dir = \"$tmp/disk/state\"|" "$tmp/mxpull.conf" >"$tmp/disk.conf"
    cat >"$tmp/disk.sh" <<'END'
mxpull() { "$MXPULL" "$@" -c "$tmp/disk.conf"; }
look() { mxpull status; echo "$1 $?"; mxpull history; echo "$1 $?"; mxpull status --nagios; echo "$1 $?"; }
mount -t tmpfs -o size=1m tmpfs "$tmp/disk" || exit 77
mount -o remount,ro "$tmp/disk" && look missing
mount -o remount,rw "$tmp/disk" && mxpull pull -q
mount -o remount,ro "$tmp/disk" && look read-only
mount -o remount,rw "$tmp/disk" && dd if=/dev/zero of="$tmp/disk/rest" bs=4k
look full
END
    export tmp MXPULL
    unshare -rm bash "$tmp/disk.sh" >"$tmp/out" 2>&1
    for what in missing read-only; do
        expect "$what: exit status of status, history, and for a monitor" "75 75 $([ $what = missing ] && echo 3 || echo 1)" \
            "$(sed -n "s/^$what //p" "$tmp/out" | paste -sd' ')"
    done
    expect "full: exit status" "75 75 1" "$(sed -n "s/^full //p" "$tmp/out" | paste -sd' ')"
    expect "what was answered before is shown" 4 "$(grep -c 'good\.example *started' "$tmp/out")"
    expect "a read-only file system is told" 6 "$(grep -c "cannot be written: Read-only file system" "$tmp/out")"
    expect "a full disk is told" 3 "$(grep -c "cannot be written: No space left on device" "$tmp/out")"
    expect "nothing is called damaged, or never asked" 0 "$(grep -cE 'damaged|been asked|unable' "$tmp/out")"
fi

finish
