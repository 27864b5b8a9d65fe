#!/bin/bash
# contrib/dist.sh: the same bytes from a commit, whatever is set around it, and from the unpacked tarball. That is configured, and the lowest
# floor of version $1 built from it; contrib/dist.sh --check builds and tests all of it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
here=$(cd "$(dirname "$0")/../.." && pwd)
tar --help 2>/dev/null | grep -q -e --sort || skip 'this tar cannot sort (GNU tar 1.28)'
# In a checkout of somebody else git refuses to look.
[ ! -e "$here/.git" ] || git -C "$here" rev-parse -q --verify HEAD >"$tmp/out" 2>"$tmp/err" || skip "git: $(cat "$tmp/err")"
tarball=mxpull-$1.tar.gz

# make SCRIPT FOLDER: the tarball in the folder.
make() {
    bash "$1" "$2" >"$tmp/out" 2>"$tmp/err" || die 'dist.sh has failed'
    expect 'made' "$2/$tarball" "$(cat "$tmp/out")"
}
make "$here/contrib/dist.sh" "$tmp/one"
mkdir "$tmp/elsewhere"
(cd "$tmp/elsewhere" && umask 077 && TZ=Asia/Tokyo make "$here/contrib/dist.sh" ../two) || fail 'elsewhere'
cmp "$tmp/one/$tarball" "$tmp/two/$tarball" || fail 'made twice, and not the same'

tar -x -C "$tmp" -f "$tmp/one/$tarball" || die 'the tarball cannot be unpacked'
source=$tmp/mxpull-$1
cmake -S "$source" -B "$source/build" -DMXPULL_TESTS=OFF >"$tmp/out" 2>"$tmp/err" || die 'cmake has failed'
cmake --build "$source/build" --target mxpull_base >"$tmp/out" 2>"$tmp/err" || die 'the build has failed'
expect 'the version' "CMAKE_PROJECT_VERSION:STATIC=$1" "$(grep '^CMAKE_PROJECT_VERSION:' "$source/build/CMakeCache.txt")"
expect_in 'NEWS' "$1 (" "$source/contrib/NEWS"
expect 'the owners' 0/0 "$(tar -tvf "$tmp/one/$tarball" --numeric-owner | awk '{ print $2 }' | sort -u)"

# What was built there does not get in.
make "$source/contrib/dist.sh" "$tmp/three"
cmp "$tmp/one/$tarball" "$tmp/three/$tarball" || fail 'made from the unpacked tarball, and not the same'

# A version that nobody was told of is not given away.
sed -i "s/VERSION $1/VERSION 9.9.9/" "$source/CMakeLists.txt"
bash "$source/contrib/dist.sh" "$tmp/four" >"$tmp/out" 2>"$tmp/err"
expect 'without NEWS' 65 "$?"
finish
