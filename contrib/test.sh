#!/bin/bash
# test.sh: runs all tests. Installs what they need (the real mail servers too, where that is possible), builds three times, plain, with
# the address and undefined-behaviour sanitizers, and for Windows, and runs by ctest in each what is told there. What cannot run here is skipped
# by name. The last line counts.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${MXPULL_BUILD:-$here/build}

sh "$here/contrib/packages.sh" build test
bash "$here/tests/servers/install.sh" || echo "test.sh: not all real servers can be installed; what needs them is skipped" >&2
# MinGW and wine can be installed on Debian and Ubuntu for x86-64.
windows=
[ "$(uname -m)" != x86_64 ] || ! command -v apt-get >/dev/null || ! sh "$here/contrib/packages.sh" windows || windows=yes

passed=0 failed=0 skipped=0 parts=0 again=0
# The tests that draw random numbers draw others at each run; a failed run is repeated with the seed that is printed here.
export MXPULL_SEED=${MXPULL_SEED:-$(date +%s)}
echo "MXPULL_SEED=$MXPULL_SEED"

# A run that breaks off leaves nothing running.
trap 'jobs -p | xargs -r kill 2>/dev/null || :' EXIT

# build_in FOLDER OPTION…: builds in the folder. Its log is shown if that fails.
build_in() {
    local folder=$1
    shift
    mkdir -p "$folder"
    cmake -S "$here" -B "$folder" -DMXPULL_WERROR="${CI:+ON}" "$@" >"$folder/build.log" 2>&1 &&
        cmake --build "$folder" -j 4 >>"$folder/build.log" 2>&1 || {
        cat "$folder/build.log"
        echo "test.sh: the build has failed, see above" >&2
        return 70
    }
}

# in_background NAME COMMAND…: what it prints goes to the file NAME in the build folder, which `ended NAME` shows once it has ended.
declare -A background
in_background() {
    local name=$1
    shift
    "$@" >"$build/$name.out" 2>&1 </dev/null &
    background[$name]=$!
}
ended() {
    local status=0
    wait "${background[$1]}" || status=$?
    cat "$build/$1.out"
    return $status
}

# run_tests FOLDER NUMBER OPTION…: runs the tests that these options of ctest select, so many at once.
run_tests() {
    local folder=$1 number=$2
    shift 2
    rm -f "$folder/report.xml"
    ctest --test-dir "$folder" -j "$number" --output-on-failure --output-junit "$folder/report.xml" "$@" || :
}

# skipped_parts LOG: each part that a test which passed has skipped by itself, a line with the test's name and how many cases that were.
skipped_parts() {
    awk '/^[0-9]+\/[0-9]+ Test: / { name = $3; parts = "" }
        /^SKIPPED: [0-9]+ of [0-9]+ cases\r?$/ { parts = parts $2 " " name ": " $0 "\n"; next }
        /^SKIPPED: / { parts = parts "1 " name ": " $0 "\n" }
        /^Test Passed\.$/ { printf "%s", parts }' "$1"
}

# attribute NAME: that number of the test suite in the report.
attribute() {
    [ -s "$report" ] || {
        echo "test.sh: ctest has written no report" >&2
        exit 70
    }
    grep -om1 "$1=\"[0-9]*\"" "$report" | tr -dc '0-9'
}

# count FOLDER: counts the tests that ran there last. Up to three that failed run once more, alone: what a busy machine is to blame for passes then,
# and is told; it is a defect of the test all the same.
count() {
    local folder=$1 total first fails skips names
    report=$folder/report.xml
    total=$(attribute tests)
    first=$(attribute failures)
    skips=$(attribute skipped)
    skipped_parts "$folder/Testing/Temporary/LastTest.log" >"$folder/parts"
    cut -d' ' -f2- "$folder/parts"
    parts=$((parts + $(awk '{ sum += $1 } END { print sum + 0 }' "$folder/parts")))
    fails=$first
    if [ "$first" -ge 1 ] && [ "$first" -le 3 ]; then
        names=$(cut -d: -f2 "$folder/Testing/Temporary/LastTestsFailed.log" | paste -sd'|')
        echo "test.sh: run once more, alone: $names"
        run_tests "$folder" 1 -R "^(${names//./\\.})$"
        [ "$(attribute tests)" -ge "$first" ] || {
            echo "test.sh: ctest does not find them again" >&2
            exit 70
        }
        fails=$(($(attribute failures) + $(attribute skipped)))
    fi
    again=$((again + first - fails))
    passed=$((passed + total - fails - skips)) failed=$((failed + fails)) skipped=$((skipped + skips))
}

build_in "$build" -DMXPULL_SANITIZE= -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr

# Most tests wait, so the other two are built meanwhile, behind what the tests want of the processors.
others() {
    renice -n 10 "$BASHPID" >/dev/null || :
    build_in "$build/sanitized" -DMXPULL_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug
    [ -z "$windows" ] || bash "$here/contrib/mingw/build.sh" "$build/windows" -DMXPULL_WERROR="${CI:+ON}"
}
in_background others others

# Plain: the program as it is given away, with real servers, and under valgrind; the floors, which are the same in all three. The rings unit and
# session run with the sanitizers, which see more; here of them only what looks at the memory that the C library manages.
run_tests "$build" 4 -R '^(unit\.platform|session\.local)$'
count "$build"
run_tests "$build" 4 -L 'style|unit|session|servers|valgrind' -E '^(fuzz|session|unit)\.'
count "$build"
ended others

# wine goes through all connections of this machine, slowly: whoever asks it for them does so before the others make many.
connections='^unit\.(peers|platform_win32|platform_win32_zone)$'
if [ -n "$windows" ]; then
    run_tests "$build/windows" 2 -R "$connections"
    count "$build/windows"
fi

# With the sanitizers, and for Windows by wine, both at once, for they share nothing. What is fuzzed has no line that is for Windows alone.
in_background sanitized run_tests "$build/sanitized" 3 -L 'unit|session' -E '^floors\.'
[ -z "$windows" ] || run_tests "$build/windows" 4 -L 'unit|session|windows' -E "^(floors|fuzz)\\.|$connections"
ended sanitized
count "$build/sanitized"
if [ -n "$windows" ]; then
    count "$build/windows"
else
    echo "test.sh: SKIPPED: Windows: MinGW and wine cannot be installed here" >&2
    skipped=$((skipped + 1))
fi

# A test counts as passed although a part of it was skipped; those parts are told by themselves.
[ "$again" -eq 0 ] || echo "test.sh: of those that passed, $again failed beside others and passed alone, see above"
echo "$passed passed, $failed failed, $skipped skipped$([ "$parts" -eq 0 ] || echo ", and $parts parts of tests that passed")"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
