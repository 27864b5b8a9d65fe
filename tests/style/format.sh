#!/bin/bash
# Every C file stands as clang-format writes it. Another version of it writes some lines otherwise.
set -eu
cd "$(dirname "$0")/../.."
version=14
clang-format --version 2>/dev/null | grep -q "version $version\." || {
    echo "skipped: clang-format $version is not installed" >&2
    exit 77
}
mapfile -t files < <(find src include tests -name '*.[ch]')
clang-format --dry-run --Werror "${files[@]}"
echo "${#files[@]} files are as clang-format writes them"
