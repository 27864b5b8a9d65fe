#!/bin/bash
# The hooks of contrib, each against a web server on loopback, or a program in sendmail's place: what they send, whatever a server may have said, and
# that they fail where nobody takes it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
hooks=$(cd "$(dirname "$0")/../../contrib/hooks" && pwd)
for name in curl jq perl; do command -v "$name" >/dev/null || skip "$name is not installed (contrib/packages.sh test)"; done
begin

# Answers every request by the status in $tmp/answer, and writes it down: its first line, its fields, its body.
cat >"$tmp/server.pl" <<'END'
use strict; use warnings; use IO::Socket::INET;
my ($folder) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5) or die;
open(my $port, '>', "$folder/port.new") or die; print $port $listener->sockport; close $port; rename "$folder/port.new", "$folder/port";
while (my $client = $listener->accept) {
    my ($head, $size, $body) = ('', 0, '');
    while (defined(my $line = <$client>)) { $line =~ s/\r\n$//; last if $line eq ''; $head .= "$line\n"; $size = $1 if $line =~ /^content-length: (\d+)/i; }
    read $client, $body, $size if $size;
    open(my $request, '>', "$folder/request.new") or die; print $request "$head\n$body"; close $request; rename "$folder/request.new", "$folder/request";
    open(my $answer, '<', "$folder/answer") or die; my $status = <$answer>; chomp $status;
    print $client "HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    close $client;
}
END
echo '200 OK' >"$tmp/answer"
perl "$tmp/server.pl" "$tmp" &
processes+=($!)
wait_for 30 test -s "$tmp/port" || die 'the web server does not start'
url=http://127.0.0.1:$(cat "$tmp/port")
cat >"$tmp/sendmail" <<END
#!/bin/sh
printf '%s\n' "\$@" >"$tmp/arguments"
cat >"$tmp/sent"
END
chmod 755 "$tmp/sendmail"

unset "${!MXPULL_@}"
export no_proxy='*'
# A server's words, as mxpull gives them: printable, and hostile.
# shellcheck disable=SC2016
words='no; $(touch run) `touch run` "quoted" '\''single'\'' \ ü'
hook() { # STATUS HOOK ARGUMENT…
    local expected=$1
    shift
    rm -f "$tmp/request" "$tmp/sent"
    (cd "$tmp" && "$hooks/$1" "${@:2}" >out 2>err </dev/null)
    expect "exit status of: $*" "$expected" $?
}
field() { sed -n '/^$/q; p' "$tmp/request" | sed -n "s/^$1: //p"; }
body() { sed '1,/^$/d' "$tmp/request"; }

failure=(MXPULL_EVENT=failure MXPULL_BACKUP=mx2 MXPULL_OUTCOME=denied MXPULL_CODE=459 "MXPULL_TEXT=$words" MXPULL_ADVICE='ask its administrator' MXPULL_SINCE=2026-11-23T16:00:00Z)
export "${failure[@]}"
hook 0 ntfy "$url/topic"
expect 'ntfy: where' 'POST /topic HTTP/1.1' "$(head -n 1 "$tmp/request")"
expect 'ntfy: its title' 'mxpull: mx2 fails' "$(field Title)"
expect 'ntfy: its priority' 4 "$(field Priority)"
expect "ntfy: the server's words" "outcome: denied 459 $words" "$(body | sed -n 2p)"
expect 'ntfy: what to do' 'what to do: ask its administrator' "$(body | sed -n 3p)"
NTFY_TOKEN=secret hook 0 ntfy "$url/topic"
expect 'ntfy: its token' 'Bearer secret' "$(field Authorization)"
GOTIFY_TOKEN=secret hook 0 gotify "$url"
expect 'gotify: where' 'POST /message HTTP/1.1' "$(head -n 1 "$tmp/request")"
expect 'gotify: its token' secret "$(field X-Gotify-Key)"
expect 'gotify: its message' "mxpull: mx2 fails 8 outcome: denied 459 $words" "$(body | jq -r '"\(.title) \(.priority) \(.message | split("\n")[1])"')"
hook 2 gotify "$url"
hook 0 webhook "$url/hook"
expect 'webhook: its text' "outcome: denied 459 $words" "$(body | jq -r '.text | split("\n")[1]')"
MXPULL_TEXT='<!channel> @all <http://evil.example|yours> &' hook 0 webhook "$url/hook"
expect 'webhook: nobody is called, and nothing is a link' 'outcome: denied 459 &lt;!channel&gt; @|all &lt;http://evil.example|yours&gt; &amp;' \
    "$(body | jq -r '.text | split("\n")[1]' | sed $'s/\u200b/|/g')"
MXPULL_BACKUP='bücher' SENDMAIL=$tmp/sendmail hook 0 mail you@elsewhere.example
expect 'mail: a subject beyond ASCII' 'mxpull: bücher fails' "$(sed -n 's/^Subject: =?utf-8?B?\(.*\)?=$/\1/p' "$tmp/sent" | base64 -d)"
SENDMAIL=$tmp/sendmail hook 0 mail you@elsewhere.example
expect 'mail: to' '-oi -- you@elsewhere.example' "$(paste -sd' ' "$tmp/arguments")"
expect 'mail: its subject' 'Subject: mxpull: mx2 fails' "$(grep '^Subject' "$tmp/sent")"
expect "mail: the server's words" "outcome: denied 459 $words" "$(grep '^outcome' "$tmp/sent")"
hook 0 ping "$url/uuid"
expect 'ping at a failure' 'POST /uuid/fail HTTP/1.1' "$(head -n 1 "$tmp/request")"
expect 'nothing that a server said was run' '' "$(find "$tmp" -name run)"

# title EVENT VARIABLE…: what the event is called, and the path that the watchdog is called by.
title() {
    unset "${!MXPULL_@}"
    export MXPULL_BACKUP=mx2 MXPULL_EVENT="$1" "${@:2}"
    hook 0 ntfy "$url/topic"
    called=$(field Title)
    hook 0 ping "$url/uuid"
    called+=", $(head -n 1 "$tmp/request" | cut -d' ' -f2)"
}
title silence MXPULL_DOMAIN=a.example
expect 'a silence' 'mxpull: mx2 for a.example is silent, /uuid/fail' "$called"
title recovery
expect 'a recovery' 'mxpull: mx2 works again, /uuid' "$called"
title mail MXPULL_MESSAGES=1
expect 'one message' 'mxpull: 1 message came back from mx2, /uuid' "$called"
title mail MXPULL_MESSAGES=12 MXPULL_BYTES=340200 MXPULL_EVIDENCE=log MXPULL_OUTCOME=arrived
expect 'mail' 'mxpull: 12 messages came back from mx2, /uuid' "$called"
title drill MXPULL_DOMAIN=a.example MXPULL_OUTCOME=ok
expect 'a drill' 'mxpull: drill of mx2 for a.example: ok, /uuid' "$called"
title drill MXPULL_DOMAIN=a.example MXPULL_OUTCOME=unseen
expect 'a drill that failed' 'mxpull: drill of mx2 for a.example: unseen, /uuid/fail' "$called"
unset "${!MXPULL_@}"
for word in start success fail; do
    hook 0 ping "$url/uuid" "$word"
    expect "ping $word" "/uuid$([ "$word" = success ] || echo "/$word")" "$(head -n 1 "$tmp/request" | cut -d' ' -f2)"
done

# --- faults -------------------------------------------------------------------------------------------------------------------
for name in ntfy webhook ping mail; do
    hook 2 "$name" "$url"
    expect_in "$name without an event" 'MXPULL_EVENT: is not set' "$tmp/err"
done
export "${failure[@]}"
for name in ntfy webhook ping mail gotify; do
    GOTIFY_TOKEN=x hook 2 "$name"
    expect_match "$name without an argument" '(URL|address) is wanted' "$(cat "$tmp/err")"
done
echo '403 Forbidden' >"$tmp/answer"
hook 22 webhook "$url/hook"
expect_in 'a refusal is told' 403 "$tmp/err"
finish
