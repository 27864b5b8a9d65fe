#!/bin/bash
# What one pull leaves for the next, by the store: the order in which domains are asked, that the backup knows ETRN, and since when it
# is at it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

# configure SERVER DOMAIN…: the backup "mx" is that server.
configure() {
    local server=$1 list
    shift
    list=$(printf ', %s' "$@")
    printf 'state_dir = "%s"\nprimary { preflight = off }\nbackup mx { host = "127.0.0.1" port = %s tls = off domains = {%s} }\n' \
        "$theirs/state" "$(port "$server")" "${list:2}" >"$tmp/mxpull.conf"
}
conf=$theirs/mxpull.conf

# asked: the domains that were asked for since the last call, in that order.
seen=0
asked() {
    grep -a '< ETRN' "$tmp/journal.sim" | tail -n +$((seen + 1)) | sed 's/.*ETRN //' | paste -sd' '
    seen=$(grep -ac '< ETRN' "$tmp/journal.sim")
}
look() { # asked changes a variable
    asked >"$tmp/asked"
}

cat >"$tmp/script" <<END
server first 127.0.0.1:0
  reply ETRN "250 OK"
  on-connection 4+ greeting "421 4.7.0 too many connections" close
server second 127.0.0.1:0
  reply ETRN "250 OK"
  on-connection 4+ greeting "421 4.7.0 too many connections" close
server third 127.0.0.1:0
  reply ETRN "250 OK"
  on-connection 4+ greeting "421 4.7.0 too many connections" close
server bad 127.0.0.1:0
  reply ETRN "250 OK"
  reply ETRN p.example close
  reply ETRN q.example "421 4.3.2 closing" close
server worse 127.0.0.1:0
  reply ETRN "250 OK"
  on-connection 2+ reply ETRN p.example close
  on-connection 2+ reply ETRN q.example close
server busy 127.0.0.1:0
  reply ETRN "250 OK"
  on-connection 2+ reply ETRN "458 Already processing a.example"
server forgetful 127.0.0.1:0
  on-connection 1 reply ETRN "459 4.7.1 not you"
  on-connection 2+ reply ETRN "500 what?"
server ignorant 127.0.0.1:0
  on-connection 1 reply ETRN "502 5.5.1 no"
  on-connection 2+ reply ETRN "500 what?"
END
start_sim sim "$tmp/script"

# --- a limit of the server: the next round begins with those that were left out ----------------------------------------------
domains=()
for i in $(seq 10 69); do
    domains+=("d$i.example")
done
configure first "${domains[@]}"
run 75 pull --json -c "$conf"
look
expect "the first round" "${domains[*]:0:24}" "$(cat "$tmp/asked")"
expect "results stand as configured" "${domains[*]}" "$(jq -r '.results[].domain' "$tmp/out" | paste -sd' ')"
expect "what was left out" '36 ["deferred"] [0] [null]' \
    "$(jq -c '[.results[] | select(.outcome != "started")] | length, (map(.outcome) | unique), (map(.attempts) | unique), (map(.code) | unique)' "$tmp/out" | paste -sd' ')"
expect "in words" "not asked: one connection ended at its start (421 4.7.0 too many connections), the next at its start (421 4.7.0 too many connections)" \
    "$(jq -r '.results[59].text' "$tmp/out")"
configure second "${domains[@]}"
run 75 pull -c "$conf"
look
expect "the second round" "${domains[*]:24:24}" "$(cat "$tmp/asked")"
configure third "${domains[@]}"
run 75 pull -c "$conf"
look
expect "the third round" "${domains[*]:48:12} ${domains[*]:0:12}" "$(cat "$tmp/asked")"
rm -rf "$tmp/state"

# --- two bad ones at the beginning, at each poll ------------------------------------------------------------------------------
configure bad p.example q.example r.example s.example
run 75 pull -c "$conf"
look
expect "two bad ones end the first round" "p.example q.example" "$(cat "$tmp/asked")"
run 75 pull -c "$conf"
look
expect "the second one begins with the others" "r.example s.example" "$(cut -d' ' -f1-2 "$tmp/asked")"
rm -rf "$tmp/state"
configure worse p.example q.example r.example s.example
run 0 pull -c "$conf"
run 75 pull -c "$conf"
look
expect "they have become bad" "p.example q.example r.example s.example p.example q.example" "$(cat "$tmp/asked")"
for poll in next third; do
    run 75 pull -c "$conf"
    look
    expect "the $poll poll begins with those that were left out" "r.example s.example" "$(cut -d' ' -f1-2 "$tmp/asked")"
done
rm -rf "$tmp/state"

# --- still at it ----------------------------------------------------------------------------------------------------------------
configure busy a.example b.example
run 0 pull -c "$conf"
run 0 pull --json -c "$conf"
expect "458 just after our own start" '["started",458] ["started",458]' "$(jq -c '.results[] | [.outcome, .code]' "$tmp/out" | paste -sd' ')"
expect "in words" "still at what it began" "$(jq -r '.results[0].text' "$tmp/out" | cut -c1-22)"
expect "with what it said" "ago: Already processing a.example" "$(jq -r '.results[0].text' "$tmp/out" | cut -d' ' -f7-)"
run 0 status -q -c "$conf"
outcomes() { jq -r '.results[].outcome' "$tmp/out" | paste -sd' '; }
back() { sqlite3 "$tmp/state/mxpull.db" "UPDATE domains SET started_ms = started_ms - $1 * 60000 WHERE domain = 'a.example'"; }
if command -v sqlite3 >/dev/null && [ -z "$DRIVE" ]; then
    back 40
    run 0 pull -c "$conf"
    expect_in "40 minutes later" "458 still at what it began 40m ago: Already" "$tmp/out"
    back 21
    run 75 pull --json -c "$conf"
    expect "a 458 does not put off the end of the hour, nor is one domain's start another's" "deferred started" "$(outcomes)"
    back -180
    run 75 pull --json -c "$conf"
    expect "a start in the future is none" "deferred started" "$(outcomes)"
else
    echo "SKIPPED: an hour later: sqlite3 is not installed"
fi
rm -rf "$tmp/state"

# --- 500 ------------------------------------------------------------------------------------------------------------------------
configure forgetful a.example b.example
run 77 pull -c "$conf"
look
run 69 pull -c "$conf"
look
expect "a backup that has answered ETRN in an earlier pull knows it" "a.example b.example" "$(cat "$tmp/asked")"
rm -rf "$tmp/state"
configure ignorant a.example b.example
run 69 pull -c "$conf"
look
run 69 pull -c "$conf"
look
expect "502 has not shown that" "a.example" "$(cat "$tmp/asked")"
rm -rf "$tmp/state"

# --- our own server: a domain that costs the look its connection keeps no other from being looked at, nor does a limit --------
cat >"$tmp/primaries" <<END
sink short 127.0.0.1:0
  on-connection 1 reply RCPT#9+ "421 4.7.0 enough" close
  on-connection 2+ greeting "421 4.7.0 enough" close
sink hostile 127.0.0.1:0
  reply RCPT postmaster@p.example close
  reply RCPT postmaster@q.example "421 4.3.0 oops" close
server good 127.0.0.1:0
  reply ETRN "250 OK"
END
start_sim sinks "$tmp/primaries"
look_at() { # PRIMARY DOMAIN…
    local primary=$1
    shift
    configure good "$@"
    sed -i "s/preflight = off/address = \"127.0.0.1:$(port "$primary")\" preflight = recipients/" "$tmp/mxpull.conf"
}

look_at short "${domains[@]:0:20}"
run 75 pull --json -c "$conf"
expect "a limit of our own server" 8 "$(outcomes | grep -o started | wc -l)"
expect_in "the one that it has hit" "gave no answer for postmaster@d18.example: 421 4.7.0 enough" "$tmp/out"
expect "the others in words" "was not asked for postmaster@d29.example: one connection ended at its start (421 4.7.0 enough), the next" \
    "$(jq -r '.results[19].text' "$tmp/out" | grep -o 'was not asked.*the next')"
for _ in 1 2 3 4 5; do # each time it is a new one with the same limit
    stop_sim sinks
    start_sim sinks "$tmp/primaries"
    look_at short "${domains[@]:0:20}"
    run 75 pull --json -c "$conf"
    jq -r '.results[] | select(.outcome == "started") | .domain' "$tmp/out" >>"$tmp/let_through"
done
expect "five looks let all through" 20 "$(sort -u "$tmp/let_through" | wc -l)"
rm -rf "$tmp/state"
look_at hostile p.example q.example r.example s.example
run 75 pull -c "$conf"
expect_in "two bad ones first: nobody was answered" "is not ready: one connection ended at postmaster@p.example" "$tmp/out"
for _ in 1 2; do
    run 75 pull --json -c "$conf"
    expect "from then on they come last" "held held started started" "$(outcomes)"
    expect "with the reason" "gave no answer for postmaster@p.example: it closed the connection" \
        "$(jq -r '.results[0].text' "$tmp/out" | grep -o 'gave no answer.*')"
done
finish
