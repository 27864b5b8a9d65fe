#!/bin/bash
# clang-tidy finds nothing in the program, with the checks of .clang-tidy. The argument is the build folder, whose commands it reads.
set -eu
version=14
clang-tidy --version 2>/dev/null | grep -q "version $version\." && command -v run-clang-tidy >/dev/null || {
    echo "skipped: clang-tidy $version is not installed" >&2
    exit 77
}
cd "$(dirname "$0")/../.."
found=$(run-clang-tidy -quiet -j 2 -p "$1" "^$PWD/src/" 2>&1) && exit
grep -E -A 4 '(error|warning):' <<<"$found" || printf '%s\n' "$found"
exit 1
