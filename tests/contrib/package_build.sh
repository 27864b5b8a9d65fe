#!/bin/bash
# Makes the packages of the build folder $1 in the folder $2 by cpack. The two tests of them are skipped where there are none.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
rm -rf "$2"
grep -q '^CMAKE_INSTALL_PREFIX:PATH=/usr$' "$1/CMakeCache.txt" || skip 'packages are made with -DCMAKE_INSTALL_PREFIX=/usr alone'
made=0
for format in DEB:dpkg-shlibdeps RPM:rpmbuild; do
    if command -v "${format#*:}" >/dev/null; then
        cpack --config "$1/CPackConfig.cmake" -G "${format%:*}" -B "$2" >"$tmp/out" 2>&1 || die "cpack -G ${format%:*} has failed"
        expect_in "${format%:*}: made without a warning" ' generated.' "$tmp/out"
        ! grep -A5 -iE 'warning|error' "$tmp/out" || fail 'cpack warns'
        made=1
    else
        printf 'SKIPPED: %s is not installed (contrib/packages.sh test)\n' "${format#*:}"
    fi
done
rm -rf "$2/_CPack_Packages"
[ "$made" = 1 ] || skip 'no package can be made here'
finish
