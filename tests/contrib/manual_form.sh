#!/bin/bash
# mandoc finds no fault in the manuals and makes HTML of them. $1 is the folder in which they were built.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mandoc >/dev/null || skip 'mandoc is not installed (contrib/packages.sh test)'
begin
for manual in mxpull.8 mxpull.conf.5; do
    # Which other manuals there are is a matter of the machine.
    said=$(cd "$1" && mandoc -T lint "$manual" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc\.db|^$')
    expect "faults of $manual" '' "$said"
    mandoc -T html -O toc "$1/$manual" >"$tmp/$manual.html" 2>/dev/null || fail "$manual: mandoc makes no HTML"
    expect_in "$manual as HTML" '<h1 class="Sh" id="A_FIRST' "$tmp/$manual.html"
done
finish
