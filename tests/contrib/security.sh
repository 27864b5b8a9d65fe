#!/bin/bash
# Every test that contrib/SECURITY.md names is there: as a test of ctest, whose tests stand in the folder $1, and with the case's words
# in its source.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$(dirname "$0")/../.." || exit 1
known=$(ctest --test-dir "$1" -N | sed -n 's/^ *Test *#[0-9]*: //p') || exit 1
named=0

# source_of TEST: the file that it is written in.
source_of() {
    local kind=${1%%.*} name=${1#*.} file
    for file in "tests/$kind/$name.sh" "tests/$kind/test_$name.c" "tests/$kind/${kind}_$name.c"; do
        [ ! -f "$file" ] || printf '%s' "$file"
    done
}

# shellcheck disable=SC2016
while IFS= read -r word; do
    case $word in
    '`'*)
        name=${word//\`/}
        source=$(source_of "$name")
        named=$((named + 1))
        # That of TLS is there only where OpenSSL is.
        [ "$name" = session.tls ] || grep -qxF -- "$name" <<<"$known" || fail "ctest does not know $name"
        [ -n "$source" ] || fail "$name has no source"
        ;;
    *)
        case=${word#\"}
        grep -qF -- "${case%\"}" "$source" || fail "$name has no $word"
        ;;
    esac
done < <(sed -n 's/^| .* | \(`[a-z]*\.[^|]*\) |$/\1/p' contrib/SECURITY.md | grep -oE '`[^`]*`|"[^"]*"')
[ "$named" -gt 50 ] || fail "only $named tests are named"
grep -E '^\| ' contrib/SECURITY.md | grep -vE '^\| .* \| .* \| (`[a-z]+\.|test \|$)' | grep -q . && fail 'a threat without a test'
finish
