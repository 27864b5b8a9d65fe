#!/bin/sh
# packages.sh build|test|windows …: sees to it that what mxpull is built from, tested with, or built for Windows with is installed:
# on Debian and Ubuntu by their package manager (with sudo where needed), elsewhere by saying what is wanted.
set -eu

packages() {
    case $1 in
    build)
        echo "gcc libc6-dev cmake make pkg-config libc-ares-dev libcurl4-openssl-dev libconfuse-dev libidn2-dev libjansson-dev libsqlite3-dev" \
            "libcmocka-dev libssl-dev openssl dpkg-dev file" # the last two for cpack
        ;;
    test) echo "valgrind jq util-linux iproute2 procps libxml2-utils binutils logrotate curl perl-base mandoc zsh fish chromium python3 clang-format clang-tidy parallel python3-yaml lintian rpm debootstrap" ;;
    windows)
        echo "gcc libc6-dev cmake make pkg-config libssl-dev openssl gcc-mingw-w64-x86-64-win32 flex tcl wine64 wine jq iproute2"
        ;;
    *) echo "packages.sh: build, test or windows is wanted, not \"$1\"" >&2 && return 64 ;;
    esac
}

missing=
for purpose in "$@"; do
    wanted=$(packages "$purpose")
    for package in $wanted; do
        if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            missing="$missing $package"
        fi
    done
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "This is neither Debian nor Ubuntu: please install what these packages hold:$missing" >&2
    exit 0 # cmake says exactly what it does not find
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "Please install as root: apt-get install$missing" >&2
    exit 69
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
