#!/bin/bash
# mxpull is killed at 50 random instants of a transfer of 200 messages and started again each time. The provider, mxsim, keeps what was
# not acknowledged. In the end every message is at our own server; one comes twice only where the kill fell between our server's 250
# and its way to the provider (RFC 5321 6.1), so at most one a kill.
#
#   MXPULL_SEED  the seed of the instants; printed
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Nothing here needs root, nor the real servers.
become_root() { mkdir -p "$SERVERS"; }
needs_sim

messages=200
kills=50
seed=${MXPULL_SEED:-$RANDOM$RANDOM}
printf 'MXPULL_SEED=%s\n' "$seed"
RANDOM=$((seed % 32768))

mkdir "$tmp/waiting" "$tmp/arrived"
for ((number = 1; number <= messages; number++)); do
    {
        printf 'From: a@sender.test\nTo: user@example.test\nX-Test-Id: message-%d\n\n' "$number"
        for ((line = RANDOM % 200; line > 0; line--)); do
            printf '.this is line %d of message %d, with a dot in front, for a message that takes a while\n' "$line" "$number"
        done
    } >"$tmp/waiting/$(printf '%03d' "$number").eml"
done
# About 20 ms a message, so that 50 kills fall into the transfer, and not all of them behind it.
printf '%s\n' "server provider $PRIMARY:0" "  auth PLAIN $SERVER_USER word" "  odmr $tmp/waiting" \
    "sink primary $PRIMARY:0" '  delay 4ms' "  keep $tmp/arrived lf" >"$tmp/script"
start_sim sim "$tmp/script"
{
    printf 'primary {\n    address = "%s:%d"\n}\n' "$PRIMARY" "$(port primary)"
    backup_section provider '"example.test"' "host = \"$PRIMARY\"" "port = $(port provider)" 'method = atrn' 'tls = off' \
        'auth_in_clear = true' "user = \"$SERVER_USER\"" 'password = word'
} | write_bare_config

# How long it takes until the line turns.
begin=${EPOCHREALTIME/[.,]/}
run_mxpull pull --dry-run -c "$tmp/mxpull.conf"
expect 'the dry run: exit status' 0 "$status"
before_us=$((${EPOCHREALTIME/[.,]/} - begin))

waiting_count() { find "$tmp/waiting" -name '*.eml' | wc -l; }
for ((kill = 0; kill < kills; kill++)); do
    # A short run when more has come than was to come by now, so that something is left for the last kill.
    range_us=200000
    [ "$(waiting_count)" -gt $((messages - messages * kill * 3 / kills / 4)) ] || range_us=30000
    instant_us=$((before_us / 2 + (RANDOM * 32768 + RANDOM) % (before_us / 2 + range_us)))
    killed_after "$instant_us" pull -q -c "$tmp/mxpull.conf" || ended=$((${ended:-0} + 1))
done
left=$(waiting_count)
printf 'left at the provider after %d kills: %d; runs that ended before their kill: %d\n' "$kills" "$left" "${ended:-0}"
expect 'runs that ended before their kill' 0 "${ended:-0}"
[ "$left" -gt 0 ] || fail 'all the mail had come before the last kill: this test proves little'
turned=$(grep -c '^provider#[0-9]* turned' "$tmp/journal.sim")
[ "$turned" -ge $((kills / 2)) ] || fail "only $turned of the $kills kills fell into a transfer"

pull
expect_pull 'the last run' 0 received
expect 'the last run: messages counted' "$left" "$(json '.results[0].messages')"
expect 'messages at the provider' 0 "$(waiting_count)"

# What has arrived: for each file "CONNECTION ID", in the order of arrival.
sed -n 's/^primary#\([0-9]*\) kept \([^ ]*\) .*/\1 \2/p' "$tmp/journal.sim" | while read -r connection file; do
    printf '%s %s\n' "$connection" "$(sed -n -e 's/^X-Test-Id: //p' -e '/^$/q' "$tmp/arrived/${file##*/}")"
done >"$tmp/kept"
expect 'different messages at our own server' "$messages" "$(cut -d ' ' -f 2 "$tmp/kept" | sort -u | wc -l)"
expect 'messages that have lost a part' 0 "$(for ((number = 1; number <= messages; number++)); do
    file=$(grep -lx "X-Test-Id: message-$number" "$tmp"/arrived/*.eml | head -n 1)
    [ "$(sed '1,/^$/d' "$file" | cksum)" = "$(sed '1,/^$/d' "$tmp/waiting/$(printf '%03d' "$number").eml.sent" | cksum)" ] || echo
done | wc -l)"
doubles=$(($(wc -l <"$tmp/kept") - messages))
printf 'came twice: %d\n' "$doubles"
# A message that came again must have been the last one of its connection the time before.
expect 'doubles without an excuse' 0 "$(awk '
    { last[$1] = NR; connection[NR] = $1; id[NR] = $2 }
    END {
        for (i = NR; i > 0; i--) {
            if (id[i] in again && last[connection[i]] != i)
                count++
            again[id[i]] = 1
        }
        print count + 0
    }' "$tmp/kept")"
[ "$doubles" -le "$kills" ] || fail "more doubles ($doubles) than kills ($kills)"
finish
