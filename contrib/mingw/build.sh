#!/bin/bash
# build.sh [FOLDER [CMAKE-OPTION...]]: makes FOLDER/mxpull.exe and its zip (default: build/windows) on Debian or Ubuntu: installs
# MinGW-w64 and wine, gets the libraries' sources, builds them (a minute, the first time), then mxpull and its tests, which run by
# `ctest --test-dir FOLDER`.
#
# The sources come from this machine's own Debian mirror; what it does not have is downloaded from the libraries' homes. Either way
# their hashes are checked. FOLDER/tarballs may be filled beforehand where there is no network.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../build/windows}
[ $# -eq 0 ] || shift
mkdir -p "$folder/tarballs"
folder=$(cd "$folder" && pwd)

# What Debian calls each, and the release that has the version wanted.
sources='curl/trixie c-ares/bookworm cmocka/trixie libconfuse/bookworm jansson/bookworm libidn2/bookworm sqlite3/bookworm'
tarballs='curl_8.14.1.orig.tar.gz c-ares_1.18.1.orig.tar.gz cmocka_1.1.7.orig.tar.xz libconfuse_3.3.orig.tar.xz
    jansson_2.14.orig.tar.gz libidn2_2.3.3.orig.tar.gz sqlite3_3.40.1.orig.tar.xz'

have_tarballs() {
    local name
    for name in $tarballs; do
        [ -s "$folder/tarballs/$name" ] || return 1
    done
}

# The mirror that apt takes this machine's own release from.
mirror() {
    # The $() are apt's, not the shell's.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Created-By: Packages' "Codename: $1" 2>/dev/null |
        awk '$1 == "main" { print $2; exit }'
}

# Asks apt for the sources, with lists of its own beside the machine's. Fails where there is no Debian mirror.
download_sources() {
    local id codename uri apt=$folder/apt suite
    # shellcheck disable=SC1091
    id=$(. /etc/os-release && printf %s "$ID") codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    [ "$id" = debian ] || return 1
    uri=$(mirror "$codename")
    [ -n "$uri" ] || return 1
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    for suite in bookworm trixie; do
        printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$uri" "$suite"
    done >"$apt/sources.list"
    local options=(-q -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
        -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o APT::Sandbox::User= -o Debug::NoLocking=true)
    apt-get "${options[@]}" update >"$apt/log" 2>&1 || return 1
    # Its exit status says nothing: Debian's own part of a source may be gone where upstream's is still there.
    # shellcheck disable=SC2086 # a list of words
    (cd "$folder/tarballs" && apt-get "${options[@]}" source --download-only $sources >>"$apt/log" 2>&1) || :
    rm -rf "$apt/state" "$apt/cache" # the lists are large
    have_tarballs
}

# run LOG COMMAND…: shows the log only when the command fails.
run() {
    local log=$1
    shift
    "$@" >>"$log" 2>&1 || {
        cat "$log"
        printf 'build.sh: failed, see above: %s\n' "$*" >&2
        exit 70
    }
}

sh "$here/../packages.sh" windows
have_tarballs || download_sources || echo "build.sh: apt does not have all sources; the others are downloaded from their homes" >&2

dependencies=$folder/dependencies
mkdir -p "$dependencies"
log=$dependencies/build.log
: >"$log"
run "$log" cmake -S "$here" -B "$dependencies" -DCMAKE_INSTALL_PREFIX="$dependencies/prefix" -DDEPS_DIR="$folder/tarballs"
run "$log" cmake --build "$dependencies" -j "$(nproc)"

log=$folder/build.log
: >"$log"
run "$log" cmake -S "$here/../.." -B "$folder" -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" \
    -DMXPULL_DEPENDENCIES="$dependencies/prefix" -DCMAKE_BUILD_TYPE=MinSizeRel "$@"
run "$log" cmake --build "$folder" -j "$(nproc)"
x86_64-w64-mingw32-strip -o "$folder/mxpull.exe" "$folder/src/cli/mxpull.exe"

# Whoever copies it to a Windows machine has nothing but the system's own DLLs there.
foreign=$(x86_64-w64-mingw32-objdump -p "$folder/mxpull.exe" | sed -n 's/.*DLL Name: //p' |
    grep -vixE '(advapi32|bcrypt|crypt32|iphlpapi|kernel32|msvcrt|normaliz|ole32|oleaut32|secur32|shell32|user32|ws2_32)\.dll' || :)
if [ -n "$foreign" ]; then
    printf 'build.sh: mxpull.exe wants DLLs that are not the system'\''s: %s\n' "$foreign" >&2
    exit 70
fi
run "$log" cpack --config "$folder/CPackConfig.cmake" -B "$folder"
echo "$folder"/mxpull-*-windows-x86_64.zip
printf '%s (%d KB)\n' "$folder/mxpull.exe" "$(($(stat -c %s "$folder/mxpull.exe") / 1024))"
