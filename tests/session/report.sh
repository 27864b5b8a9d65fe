#!/bin/bash
# The report: before there is anything, after a pull against mxsim whose words are hostile, written in one step, and what is refused.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

cat >"$tmp/backups" <<'END'
server good 127.0.0.1:0
  reply ETRN "250 OK"
server bad 127.0.0.1:0
  reply ETRN "459 <script>alert(1)</script> 'it' ]]> &amp; -->"
END
start_sim backups "$tmp/backups"
{
    printf 'state_dir = "%s/state"\nprimary { preflight = off }\n' "$theirs"
    for name in good bad; do
        printf 'backup %s { host = "127.0.0.1" port = %s domains = {%s.example} tls = off }\n' "$name" "$(port "$name")" "$name"
    done
} >"$tmp/mxpull.conf"
conf=$theirs/mxpull.conf

# --- what cannot be done ------------------------------------------------------------------------------------------------------
run 75 report -c "$conf" --html "$theirs/page.html"
expect_in "before the first pull" "nothing has been asked yet: $theirs/state/mxpull.db is not there" "$tmp/err"
[ ! -e "$tmp/page.html" ]
expect "no page: 0 is yes" 0 $?
run 64 report -c "$conf" good
expect "names" 'mxpull: "report" takes no names, but "good" was given' "$(sed 's/^mxpull: error: /mxpull: /' "$tmp/err")"
run 64 report -c "$conf" --json
expect_in "JSON" '--json cannot be used with "report"' "$tmp/err"
run 64 report -c "$conf" --since yesterday
expect_in "--since" '--since is a duration (2d, 36h) or a time' "$tmp/err"
run 64 report -c "$conf" --since 2999-01-01
expect "the future" 'mxpull: --since "2999-01-01" is not in the past' "$(cat "$tmp/err")"
run 64 status -c "$conf" --html x
expect_in "--html of another command" '--html cannot be used with "status"' "$tmp/err"
run 78 report -c "$theirs/none.conf"

# --- the page -----------------------------------------------------------------------------------------------------------------
run 77 pull -c "$conf"
run 0 report -c "$conf"
cp "$tmp/out" "$tmp/printed.html"
expect "nothing on standard error" "" "$(cat "$tmp/err")"
said="459 &lt;script&gt;alert(1)&lt;/script&gt; &#39;it&#39; ]]&gt; &amp;amp; --&gt;"
expect_in "what is wrong" "<b>bad</b> bad.example: denied, $said</span>" "$tmp/printed.html"
expect_in "what was said" "<td class=\"said\">$said</td>" "$tmp/printed.html"
expect_in "the sum" "<p>2 backups, 2 domains: 1 ok, 1 failing.</p>" "$tmp/printed.html"
expect "the last line" "</html>" "$(tail -n 1 "$tmp/printed.html")"
expect "scripts" 1 "$(grep -c '<script' "$tmp/printed.html")"
if command -v xmllint >/dev/null; then
    expect "what is not well-formed" "" "$(xmllint --noout "$tmp/printed.html" 2>&1)"
fi
# The policy lets in the style and the script by their hashes, so these must be right.
if command -v openssl >/dev/null; then
    for part in style script; do
        hash=$(tr -d '\r' <"$tmp/printed.html" | perl -0777 -ne "print \$1 if m{<$part>(.*?)</$part>}s" | openssl dgst -sha256 -binary | openssl base64)
        expect_in "the hash of the $part" "$part-src 'sha256-$hash'" "$tmp/printed.html"
    done
fi
expect "addresses of other pages" "http://www.w3.org/1999/xhtml http://www.w3.org/2000/svg" \
    "$(grep -oE '[a-z]+://[^"]*' "$tmp/printed.html" | sort -u | paste -sd' ')"

# --- a file -------------------------------------------------------------------------------------------------------------------
echo old >"$tmp/page.html"
run 0 report -c "$conf" --html "$theirs/page.html" --since 2d
expect "nothing is printed" "" "$(cat "$tmp/out" "$tmp/err")"
expect "the first line of the file" "<!DOCTYPE html>" "$(head -n 1 "$tmp/page.html")"
expect "the files beside it" "page.html" "$(cd "$tmp" && echo page.html*)"
run 0 report -c "$conf" --html -
expect_in "standard output by name" "</html>" "$tmp/out"
run 73 report -c "$conf" --html "$theirs/none/page.html"
expect_in "a folder that is not there" "none/page.html" "$tmp/err"
if [ -z "$DRIVE" ]; then
    expect "the mode of the file" 644 "$(stat -c %a "$tmp/page.html")"
    cp "$tmp/page.html" "$tmp/before.html"
    (ulimit -f 4 && timeout "$PULL_SECONDS" "$MXPULL" report -c "$conf" --html "$tmp/page.html" >"$tmp/out" 2>"$tmp/err" </dev/null)
    expect "a disk that is full" 73 $?
    expect_in "it is told" "page.html" "$tmp/err"
    cmp -s "$tmp/before.html" "$tmp/page.html"
    expect "the old page stays: 0 is yes" 0 $?
    expect "nothing is left behind" "page.html" "$(cd "$tmp" && echo page.html*)"
    timeout "$PULL_SECONDS" "$MXPULL" report -c "$conf" >/dev/full 2>"$tmp/err" </dev/null
    expect "standard output that takes nothing" 75 $?
fi
finish
