#!/bin/sh
# demo.sh: shows the main job. Installs what the build needs, builds, lets a backup MX with three waiting messages and a primary
# run on loopback (both played by mxsim), and asks for the mail with mxpull. Ends what it has started.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${MXPULL_BUILD:-$here/build}

folder=$(mktemp -d)
server=
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    [ -z "$server" ] || wait "$server" 2>/dev/null || :
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

sh "$here/contrib/packages.sh" build
echo "Building in $build …"
{ cmake -S "$here" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
    cmake --build "$build" -j 4 --target mxpull mxsim; } >"$folder/build.log" 2>&1 || {
    cat "$folder/build.log"
    echo "demo.sh: the build has failed, see above" >&2
    exit 70
}

mkdir "$folder/waiting" "$folder/arrived"
number=0
for subject in "Your order has shipped" "Minutes of Monday's meeting" "Are you there? Your server is down!"; do
    number=$((number + 1))
    printf 'From: friend%d@example.net\nTo: postmaster@example.com\nSubject: %s\n\nHello!\n' $number "$subject" \
        >"$folder/waiting/$number.eml"
done
cat >"$folder/servers" <<END
server mx2 127.0.0.1:20525
  deliver $folder/waiting primary count say-empty
sink primary 127.0.0.1:20526
  keep $folder/arrived lf
END

pull() {
    (cd "$here" && MXPULL_DEMO=$folder "$build/src/cli/mxpull" pull -c etc/demo.conf 2>"$folder/log") || {
        status=$?
        cat "$folder/log" >&2
        exit $status
    }
}

show_mail() {
    for message in "$folder/arrived"/*.eml; do
        [ ! -e "$message" ] || sed -n 's/^Subject: /    /p' "$message"
    done
}

"$build/tests/mxsim/mxsim" --pid-file "$folder/pid" "$folder/servers" >"$folder/said" 2>&1 &
server=$!
tries=0
until grep -qs '^ready' "$folder/said"; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$folder/said" >&2
        echo "demo.sh: the servers of the demonstration do not start" >&2
        exit 70
    fi
    sleep 0.05
done

echo
echo "The backup MX at 127.0.0.1:20525 holds $(ls "$folder/waiting" | wc -l | tr -d ' ') messages for example.com; your mail server has none of them."
echo
echo "\$ mxpull pull -c etc/demo.conf"
pull
tries=0
while [ "$(ls "$folder/arrived" | wc -l)" -lt 3 ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
echo
echo "Arrived at your mail server, 127.0.0.1:20526:"
show_mail
echo
echo "\$ mxpull pull -c etc/demo.conf        (again)"
pull
[ "$(ls "$folder/arrived" | wc -l)" -eq 3 ] || {
    echo "demo.sh: not all of the mail has arrived" >&2
    exit 70
}
