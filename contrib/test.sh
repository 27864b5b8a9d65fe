#!/bin/bash
# test.sh: runs all tests. Installs what they need (the real mail servers too, where that is possible), builds three times, plain, with
# the address and undefined-behaviour sanitizers, and for Windows, and runs everything by ctest. What cannot run here is skipped by name. The last
# line counts.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${MXPULL_BUILD:-$here/build}

sh "$here/contrib/packages.sh" build test
bash "$here/tests/servers/install.sh" || echo "test.sh: not all real servers can be installed; what needs them is skipped" >&2

passed=0 failed=0 skipped=0 parts=0
# The tests that draw random numbers draw others at each run; a failed run is repeated with the seed that is printed here.
export MXPULL_SEED=${MXPULL_SEED:-$(date +%s)}
echo "MXPULL_SEED=$MXPULL_SEED"

# attribute NAME: that number of the test suite in the report just written.
attribute() { grep -om1 "$1=\"[0-9]*\"" "$report" | tr -dc '0-9'; }

# run FOLDER LABELS OPTION…: builds in the folder and runs the tests of these labels.
run() {
    local folder=$1 labels=$2
    shift 2
    mkdir -p "$folder"
    cmake -S "$here" -B "$folder" -DMXPULL_WERROR="${CI:+ON}" "$@" >"$folder/build.log" 2>&1 &&
        cmake --build "$folder" -j 4 >>"$folder/build.log" 2>&1 || {
        cat "$folder/build.log"
        echo "test.sh: the build has failed, see above" >&2
        exit 70
    }
    count "$folder" "$labels"
}

# skipped_parts LOG: each part that a test which passed has skipped by itself, a line with the test's name and how many cases that were.
skipped_parts() {
    awk '/^[0-9]+\/[0-9]+ Test: / { name = $3; parts = "" }
        /^SKIPPED: [0-9]+ of [0-9]+ cases\r?$/ { parts = parts $2 " " name ": " $0 "\n"; next }
        /^SKIPPED: / { parts = parts "1 " name ": " $0 "\n" }
        /^Test Passed\.$/ { printf "%s", parts }' "$1"
}

# count FOLDER LABELS: runs the tests of these labels that are built there, and counts them.
count() {
    local folder=$1 labels=$2
    report=$folder/report.xml
    rm -f "$report"
    ctest --test-dir "$folder" -L "$labels" -j 4 --output-on-failure --output-junit "$report" || :
    [ -s "$report" ] || {
        echo "test.sh: ctest has written no report" >&2
        exit 70
    }
    local total fails skips
    total=$(attribute tests) fails=$(attribute failures) skips=$(attribute skipped)
    passed=$((passed + total - fails - skips)) failed=$((failed + fails)) skipped=$((skipped + skips))
    skipped_parts "$folder/Testing/Temporary/LastTest.log" >"$folder/parts"
    cut -d' ' -f2- "$folder/parts"
    parts=$((parts + $(awk '{ sum += $1 } END { print sum + 0 }' "$folder/parts")))
}

run "$build" 'style|unit|session|servers|valgrind' -DMXPULL_SANITIZE= -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr
run "$build/sanitized" 'unit|session' -DMXPULL_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug

# The same for Windows by MinGW, under wine, where both can be installed: on Debian and Ubuntu for x86-64.
if [ "$(uname -m)" = x86_64 ] && command -v apt-get >/dev/null && sh "$here/contrib/packages.sh" windows; then
    bash "$here/contrib/mingw/build.sh" "$build/windows" -DMXPULL_WERROR="${CI:+ON}"
    count "$build/windows" 'unit|session|windows'
else
    echo "test.sh: SKIPPED: Windows: MinGW and wine cannot be installed here" >&2
    skipped=$((skipped + 1))
fi

# A test counts as passed although a part of it was skipped; those parts are told by themselves.
echo "$passed passed, $failed failed, $skipped skipped$([ "$parts" -eq 0 ] || echo ", and $parts parts of tests that passed")"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
