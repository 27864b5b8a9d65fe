#!/bin/bash
# Hostile hands on this machine: files that are not what they seem, and who may change them.
# Needs MXPULL and MXSIM. Each check says what was expected and what came.
set -u

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$tmp/script" <<'SCRIPT'
server good 127.0.0.1:0
  auth PLAIN user S3cr3tPassw0rd
  reply ETRN "250 OK"
sink primary 127.0.0.1:0
SCRIPT
start_sim sim "$tmp/script"

# conf [LINE …]: writes a configuration with these lines for all, and those of $backup for its one backup.
backup=''
conf() {
    printf '%s\n' "$@" "primary { address = \"127.0.0.1:$(port primary)\" }" \
        "backup good { host = \"127.0.0.1\" port = $(port good) domains = a.example $backup }" >"$tmp/mxpull.conf"
}
auth='user = user auth_in_clear = true'

# --- pipes, devices and the like keep nobody waiting --------------------------------------------------------------------------
mkfifo "$tmp/pipe"
head -c 0 /dev/null >"$tmp/huge" && truncate -s 5G "$tmp/huge" && chmod 600 "$tmp/huge"
state="state_dir = \"$tmp/state\""
for file in "$tmp/pipe:is a pipe" /dev/zero:'is a device' "$tmp:is a directory" "$tmp/huge:is larger than 64 MiB"; do
    backup="$auth password_file = \"${file%%:*}\"" conf "$state"
    run 77 pull -c "$tmp/mxpull.conf"
    expect_in "${file%%:*} as password_file" "${file%%:*}: ${file#*:}" "$tmp/err"
    backup="tls = required tls_ca_file = \"${file%%:*}\"" conf "$state"
    run 78 pull -c "$tmp/mxpull.conf"
    expect_in "${file%%:*} as tls_ca_file" "${file%%:*}: ${file#*:}" "$tmp/err"
    run 78 pull -c "${file%%:*}"
    expect_in "${file%%:*} as configuration" "${file%%:*}: ${file#*:}" "$tmp/err"
done
conf "$state"
cat "$tmp/mxpull.conf" | run 78 pull -c -
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

finish
