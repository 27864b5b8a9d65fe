#!/bin/bash
# Hostile hands on this machine: files that are not what they seem, and who may change them.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

mkdir "$tmp/odmr"
cat >"$tmp/script" <<SCRIPT
server good 127.0.0.1:0
  auth PLAIN user S3cr3tPassw0rd
  reply ETRN "250 OK"
server turncoat 127.0.0.1:0
  auth PLAIN user S3cr3tPassw0rd
  odmr $tmp/odmr
  reply ATRN "250 turning"
  turn expect
  turn say "EHLO mx"
  turn expect
  turn say "au" raw
  turn say "th plain VGhlaXJT"
  turn say "ZWNyZXQ="
  turn expect
  turn say "AUTH LOGIN"
  turn expect
  turn say "VGhlaXJT"
  turn expect
  turn say "ZWNyZXQ="
  turn expect
  turn say "QUIT"
  turn expect
server slow 127.0.0.1:0
  auth PLAIN user S3cr3tPassw0rd
  delay ETRN 20s
sink primary 127.0.0.1:0
SCRIPT
start_sim sim "$tmp/script"

# conf [LINE …]: writes a configuration with these lines for all, and those of $backup for its one backup.
backup=''
conf() {
    printf '%s\n' "$@" "primary { address = \"127.0.0.1:$(port primary)\" }" \
        "backup good { host = \"127.0.0.1\" port = $(port good) domains = a.example $backup }" >"$tmp/mxpull.conf"
}
# end PID: ends that process of ours, and waits for its end.
end() {
    kill "$1"
    wait "$1"
}
auth='user = user auth_in_clear = true'

# --- pipes, devices and the like keep nobody waiting --------------------------------------------------------------------------
mkfifo "$tmp/pipe"
head -c 0 /dev/null >"$tmp/huge" && truncate -s 5G "$tmp/huge" && chmod 600 "$tmp/huge"
state="state_dir = \"$tmp/state\""
for file in "$tmp/pipe:is a pipe" /dev/zero:'is a device' "$tmp:is a directory" "$tmp/huge:is larger than 64 MiB"; do
    backup="$auth password_file = \"${file%%:*}\"" conf "$state"
    run 78 pull -c "$tmp/mxpull.conf"
    expect_in "${file%%:*} as password_file" "${file%%:*}: ${file#*:}" "$tmp/err"
    backup="tls = required tls_ca_file = \"${file%%:*}\"" conf "$state"
    run 78 pull -c "$tmp/mxpull.conf"
    expect_in "${file%%:*} as tls_ca_file" "${file%%:*}: ${file#*:}" "$tmp/err"
    run 78 pull -c "${file%%:*}"
    expect_in "${file%%:*} as configuration" "${file%%:*}: ${file#*:}" "$tmp/err"
done
conf "$state"
run 78 pull -c -
expect_in "an empty standard input" "standard input" "$tmp/err"
for name in - /dev/stdin; do
    cat "$tmp/mxpull.conf" | "$MXPULL" pull -c "$name" >"$tmp/out" 2>&1
    expect "a configuration from a pipe as $name" 0 $?
done

# --- a configuration that others may write -----------------------------------------------------------------------------------
for mode in 664 646 666; do
    chmod "$mode" "$tmp/mxpull.conf"
    run 78 pull -c "$tmp/mxpull.conf"
    expect_in "mode $mode" "mxpull.conf: can be written by others; run: chmod go-w $tmp/mxpull.conf" "$tmp/err"
done
chmod 644 "$tmp/mxpull.conf"
run 0 pull -c "$tmp/mxpull.conf"

# --- what a provider sends as its secrets, and ours ---------------------------------------------------------------------------------
printf '%s\n' S3cr3tPassw0rd >"$tmp/password" && chmod 600 "$tmp/password"
cat >"$tmp/turn.conf" <<END
state_dir = "$tmp/state"
primary { address = "127.0.0.1:$(port primary)" }
backup turncoat { host = "127.0.0.1" port = $(port turncoat) method = atrn domains = a.example tls = off $auth password_file = "$tmp/password" }
END
run 0 pull -vv -c "$tmp/turn.conf"
expect_in "a reversed session is shown" 'wire="< EHLO mx' "$tmp/err"
expect "but no secret of the provider's" "" "$(grep -i 'VGhlaX\|ZWNyZXQ\|plain \+VG' "$tmp/err")"
expect "nor ours" "" "$(grep -i "S3cr3t\|$(printf '\0user\0S3cr3tPassw0rd' | base64)" "$tmp/err")"

cat >"$tmp/slow.conf" <<END
state_dir = "$tmp/state"
primary { address = "127.0.0.1:$(port primary)" }
backup slow { host = "127.0.0.1" port = $(port slow) domains = a.example tls = off $auth password_file = "$tmp/password" }
END
if [ -r /proc/self/limits ]; then
    bash -c 'ulimit -c unlimited; exec "$0" "$@"' "$MXPULL" pull -c "$tmp/slow.conf" >/dev/null 2>&1 &
    pid=$!
    processes+=("$pid")
    expect_soon "a run that holds a password has a limit for core dumps" "mxpull 0" \
        eval 'echo $(cat "/proc/$pid/comm") $(awk "/core file size/ { print \$5 }" "/proc/$pid/limits")'
    end "$pid"
fi

# --- a full disk, and a limit for the size of files -----------------------------------------------------------------------------
conf "state_dir = \"$tmp/state\"" 'log = "file:/dev/full"'
run 75 pull -c "$tmp/mxpull.conf"
expect_in "the answers are there" "good  a.example  started" "$tmp/out"
expect "the loss is said at its begin and at the end" "1 1" "$(grep -c '/dev/full: cannot be written: No space left on device' "$tmp/err") $(grep -c '/dev/full: .* missing here' "$tmp/err")"
run 0 status -c "$tmp/mxpull.conf"
expect_in "and by status" "not complete: " "$tmp/out"
run 0 status --json -c "$tmp/mxpull.conf"
expect "and in JSON" 'true "No space left on device"' "$(jq -c '.log | .missing > 0, .text' "$tmp/out" | paste -sd' ')"
conf "state_dir = \"$tmp/state\"" 'log = "file:/dev/null"'
run 0 pull -c "$tmp/mxpull.conf"
run 0 status --json -c "$tmp/mxpull.conf"
expect "a run that can write all of it says so" null "$(jq .log "$tmp/out")"
mkfifo "$tmp/log.pipe"
for file in "$tmp/log.pipe" "$tmp"; do
    conf "state_dir = \"$tmp/state\"" "log = \"file:$file\""
    run 78 pull -c "$tmp/mxpull.conf"
done
backups=$(for n in $(seq 100); do
    echo "backup b$n { host = \"127.0.0.1\" port = $(port good) domains = {$(seq -s, -f "d%g.example" 8)} }"
done)
many() { # the configuration of 800 answers, with state, log and metrics in that folder
    printf '%s\n' "state_dir = \"$1\"" "log = \"file:$1/log\"" "metrics_file = \"$1/metrics\"" \
        "primary { address = \"127.0.0.1:$(port primary)\" }" "$backups" >"$tmp/many.conf"
}
mkdir -m 700 "$tmp/limited"
many "$tmp/limited"
for blocks in 1 8 40; do
    rm -rf "$tmp/limited"/*
    (ulimit -f "$blocks" && exec timeout "$PULL_SECONDS" "$MXPULL" pull -c "$tmp/many.conf" >"$tmp/out" 2>"$tmp/err")
    expect "a limit of $blocks KB: exit status" 75 $?
    expect "a file too large is said once" 1 "$(grep -c 'limited/log: cannot be written: File too large' "$tmp/err")"
    expect "the log ends with a whole line" "" "$(tail -c 1 "$tmp/limited/log" | tr -d '\n')"
done

if [ "$(id -u)" -ne 0 ]; then
    echo 'SKIPPED: root in the folders of another user, and sudo: only root can try'
    finish
fi

chown nobody "$tmp/mxpull.conf"
run 78 pull -c "$tmp/mxpull.conf"
expect_in "a configuration of another user" "belongs to another user, who may write into it; run: chown root $tmp/mxpull.conf" "$tmp/err"
chown root "$tmp/mxpull.conf"

# --- sudo: the caller's home is not root's --------------------------------------------------------------------------------------
mkdir -p "$tmp/home/.config/mxpull" && printf 'rubbish = 1\n' >"$tmp/home/.config/mxpull/mxpull.conf"
HOME=$tmp/home XDG_CONFIG_HOME='' MXPULL_CONFIG='' run 78 config
expect_in "root's own home" "rubbish" "$tmp/err"
chown -R nobody "$tmp/home"
HOME=$tmp/home XDG_CONFIG_HOME='' MXPULL_CONFIG='' run 78 config
expect "another's home" "" "$(grep rubbish "$tmp/err")"
HOME=/root XDG_CONFIG_HOME=$tmp/home/.config MXPULL_CONFIG='' run 78 config
expect "another's XDG_CONFIG_HOME" "" "$(grep rubbish "$tmp/err")"

if unshare -m true 2>/dev/null; then
    mkdir "$tmp/disk" && many "$tmp/disk" && sed -i "s|^state_dir.*|state_dir = \"$tmp/state\"|" "$tmp/many.conf"
    # shellcheck disable=SC2016
    unshare -m bash -c 'mount -t tmpfs -o size=64k,mode=700 none "$1" && timeout 120 "$2" pull -c "$3" >"$4/out" 2>"$4/err"; echo $?
        cat "$1/log"' - "$tmp/disk" "$MXPULL" "$tmp/many.conf" "$tmp" >"$tmp/disk.log"
    expect "a full disk: exit status" 75 "$(head -n 1 "$tmp/disk.log")"
    expect "every answer is told" 800 "$(grep -c ' started ' "$tmp/out")"
    expect "the log has whole lines" "" "$(tail -n +2 "$tmp/disk.log" | grep -v '^2.* outcome=started ms=[0-9]* text=OK$\|^2.*: File too large$\|^2.* on device$')"
    expect "a full disk is said once" 1 "$(grep -c 'disk/log: cannot be written: No space left on device' "$tmp/err")"
else
    echo 'SKIPPED: a full disk: needs unshare -m'
fi

# --- memory -----------------------------------------------------------------------------------------------------------------------
# mark PID TEXT: how often the text stands in its memory.
mark() {
    local from to
    grep ' rw' "/proc/$1/maps" | while read -r from _; do
        to=$((0x${from#*-})) from=$((0x${from%-*}))
        [ $((to - from)) -lt 67108864 ] || continue # a sanitizer's own
        dd if="/proc/$1/mem" bs=4096 skip=$((from / 4096)) count=$(((to - from) / 4096)) 2>/dev/null
    done | grep -aoF "$2" | wc -l
}
cp "$tmp/slow.conf" "$tmp/daemon.conf"
sed -i "s/port = $(port slow)/port = $(port good)/" "$tmp/daemon.conf"
chmod 755 "$tmp" && chown nobody "$tmp/password" && rm -rf "$tmp/state" && mkdir "$tmp/state" && chown nobody "$tmp/state"
setpriv --reuid=nobody --clear-groups "$MXPULL" daemon --force -c "$tmp/daemon.conf" 2>"$tmp/daemon.log" &
pid=$!
processes+=("$pid")
expect_soon "a daemon has asked" 1 grep -c 'outcome=started' "$tmp/daemon.log"
expect "no other program of its user's looks into it" root "$(stat -c %U "/proc/$pid/mem")"
# The poll is over a while behind its answer, once the backup has replied to QUIT or its time for that is over.
copies() { echo "$(mark "$pid" S3cr3tPassw0rd) $(mark "$pid" "$(printf '\0user\0S3cr3tPassw0rd' | base64)")"; }
expect_soon "and after the poll no copy is left" "0 0" copies
expect "while the rest of its memory can be read" yes "$([ "$(mark "$pid" a.example)" -eq 0 ] || echo yes)"
end "$pid"
chmod 700 "$tmp" && chown root "$tmp/password" && rm -rf "$tmp/state"

# --- a state folder that others may write ---------------------------------------------------------------------------------------
mkdir "$tmp/open" && chmod 777 "$tmp/open"
conf "state_dir = \"$tmp/open\""
run 0 pull -c "$tmp/mxpull.conf"
expect_in "a state folder that others may write is told" "$tmp/open: can be written by others; run: chmod go-w $tmp/open" "$tmp/err"
expect "and not used" "" "$(ls "$tmp/open")"
"$MXPULL" status -c "$tmp/mxpull.conf" >/dev/null 2>"$tmp/err"
touch "$tmp/open/mxpull.db"
"$MXPULL" status -c "$tmp/mxpull.conf" >/dev/null 2>"$tmp/err"
expect_in "nor read" "can be written by others" "$tmp/err"

# --- root in a folder of another user: no file is opened, made or replaced that is not that user's ---------------------------------
mkdir "$tmp/victims"
new_state() { # a state folder of nobody's, as the last owner of it left it
    rm -rf "$tmp/s" "$tmp/victims" && mkdir "$tmp/s" "$tmp/victims"
    printf 'precious\n' >"$tmp/victims/there" && chmod 600 "$tmp/victims/there"
    conf "state_dir = \"$tmp/s\"" "log = \"file:$tmp/s/log\"" "metrics_file = \"$tmp/s/metrics\""
    chown nobody "$tmp/s"
}
victims() { (cd "$tmp/victims" && stat -c '%n %a %U %s' -- * && cat there); }
new_state
before=$(victims)
run 0 pull -c "$tmp/mxpull.conf"
expect "all that root has made there is the owner's" "" "$(find "$tmp/s" ! -user nobody)"
expect "and all is there" "asking.lock log metrics mxpull.db store.lock" "$(find "$tmp/s" -type f -printf '%f\n' | sort | paste -sd' ')"
run 0 history -c "$tmp/mxpull.conf"
chmod 755 "$tmp"
timeout "$PULL_SECONDS" setpriv --reuid=nobody --clear-groups "$MXPULL" pull -c "$tmp/mxpull.conf" >"$tmp/out" 2>"$tmp/err"
expect "then the owner can pull" "0 " "$? $(cat "$tmp/err")"
chmod 700 "$tmp"
run 0 history --json -c "$tmp/mxpull.conf"
expect "both are remembered" 2 "$(jq '.answers | length' "$tmp/out")"
expect "and are in the log" 2 "$(grep -c outcome=started "$tmp/s/log")"

names='log metrics mxpull.db mxpull.db-wal mxpull.db-shm mxpull.db-journal store.lock asking.lock daemon.lock'
for name in $names; do
    for way in 'ln -s' ln 'ln -s new'; do
        new_state
        case $way in
        *new) ln -s "$tmp/victims/new" "$tmp/s/$name" ;;
        *) $way "$tmp/victims/there" "$tmp/s/$name" ;;
        esac
        before=$(victims)
        timeout "$PULL_SECONDS" "$MXPULL" pull -c "$tmp/mxpull.conf" >"$tmp/out" 2>&1
        if [ "$name" = daemon.lock ]; then
            "$MXPULL" daemon -c "$tmp/mxpull.conf" >/dev/null 2>&1 &
            pid=$!
            processes+=("$pid")
            expect_soon "$name by $way: a daemon begins" 1 grep -c ' watches your mail server' "$tmp/s/log"
            end "$pid"
        fi
        expect "$name by $way: the victim" "$before" "$(victims)"
    done
    [ "$name" != metrics ] || continue
    new_state
    mkfifo "$tmp/s/$name"
    timeout "$PULL_SECONDS" "$MXPULL" pull -c "$tmp/mxpull.conf" >"$tmp/out" 2>&1
    expect "$name as a pipe holds nothing up" 1 "$(($? != 124))"
done
# The folder itself, and one above it, lead to a folder of root's.
for link in s s/below; do
    new_state
    rm -rf "$tmp/s"
    mkdir "$tmp/s" && chown nobody "$tmp/s"
    [ "$link" != s ] || rmdir "$tmp/s"
    ln -s "$tmp/victims" "$tmp/$link" && chown -h nobody "$tmp/$link"
    conf "state_dir = \"$tmp/$link\"" "metrics_file = \"$tmp/$link/metrics\""
    before=$(victims)
    run 0 pull -c "$tmp/mxpull.conf"
    conf "state_dir = \"$tmp/$link\"" "log = \"file:$tmp/$link/log\""
    run 78 pull -c "$tmp/mxpull.conf"
    expect "a link of another user's to a folder of root's: $link" "$before" "$(victims)"
done

finish
