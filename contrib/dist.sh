#!/bin/bash
# dist.sh [--check] [FOLDER [COMMIT]]: makes FOLDER/mxpull-VERSION.tar.gz (default: here) of the commit (default: HEAD), or where there is no
# git, as in an unpacked tarball, of the files as they are. The same commit, or the same files, make the same bytes, wherever and
# whenever. --check unpacks it, builds from it, and runs its unit tests.
set -eu -o pipefail
here=$(cd "$(dirname "$0")/.." && pwd -P)
check=
if [ "${1-}" = --check ]; then
    check=yes
    shift
fi
folder=${1:-.} commit=${2:-HEAD}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export LC_ALL=C TZ=UTC
umask 022

if [ -e "$here/.git" ]; then
    [ -n "${SOURCE_DATE_EPOCH-}" ] || SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct "$commit")
    git -C "$here" -c tar.umask=022 archive --format=tar --prefix=tree/ "$commit" | tar -x -C "$work"
else
    # The files of a tarball have its date.
    [ -n "${SOURCE_DATE_EPOCH-}" ] || SOURCE_DATE_EPOCH=$(stat -c %Y "$here/CMakeLists.txt")
    mkdir "$work/tree"
    tar -c -C "$here" --exclude-from=<(sed 's|^/|./|; s|/$||' "$here/.gitignore") . | tar -x -C "$work/tree"
fi

version=$(sed -n 's/^project(mxpull VERSION \([0-9.]*\).*/\1/p' "$work/tree/CMakeLists.txt")
[ "$(grep -om1 '^[0-9][0-9.]*' "$work/tree/contrib/NEWS")" = "$version" ] || {
    echo "dist.sh: contrib/NEWS does not begin with $version, the version of CMakeLists.txt" >&2
    exit 65
}
name=mxpull-$version
mv "$work/tree" "$work/$name"
mkdir -p "$folder"
tar -c -C "$work" --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "$name" |
    gzip -9n >"$folder/$name.tar.gz"
echo "$folder/$name.tar.gz"

[ -n "$check" ] || exit 0
rm -rf "${work:?}/$name"
tar -x -C "$work" -f "$folder/$name.tar.gz"
cmake -S "$work/$name" -B "$work/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMXPULL_WERROR=ON >"$work/log"
cmake --build "$work/build" -j 2 >>"$work/log" 2>&1 || {
    cat "$work/log"
    exit 70
}
ctest --test-dir "$work/build" -L unit -j 2 --output-on-failure
