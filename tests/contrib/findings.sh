#!/bin/bash
# Every id of a finding in src/check stands in contrib/CHECK.md, and no other.
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v perl >/dev/null || { echo 'SKIPPED: perl is not installed' && exit 77; }

# What stands behind a severity, what is named id, and every other word that looks like one: small letters with hyphens.
in_source() {
    # shellcheck disable=SC2016
    perl -0777 -ne 'while (/SEVERITY_\w+[^,;]*,([^,;]*),/g) { my $id = $1; print "$1\n" while $id =~ /"([^"]*)"/g }
        print "$1\n" while /\bid\[\] = "([^"]*)"/g;
        print "$1\n" while /"([a-z0-9]+(?:-[a-z0-9]+)+)"/g' src/check/*.c | sort -u
}
# Of the tables alone: the first cell of each row.
in_document() { grep '^| `' contrib/CHECK.md | cut -d '|' -f 2 | grep -oE '`[^`]+`' | tr -d '`' | sort; }

[ "$(in_source | wc -l)" -gt 50 ] || { echo 'FAILED: no ids are found in src/check' && exit 1; }
if ! diff <(in_source) <(in_document); then
    echo 'FAILED: < stands in src/check alone, > in contrib/CHECK.md alone, or twice'
    exit 1
fi
echo "$(in_document | wc -l) ids: ok"
