#!/bin/bash
# What stands in the packages of the folder $1 (version $2): what lintian says, the files with their modes and owners, the same in both, and
# that the program is hardened.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
folder=$1 version=$2
deb=$(find "$folder" -name "mxpull_$version-1_*.deb" 2>/dev/null)
rpm=$(find "$folder" -name "mxpull-$version-1.*.rpm" 2>/dev/null)
[ -n "$deb$rpm" ] || skip 'there are no packages (contrib.package_build)'

# What `cmake --install` lays is looked at by contrib.install; this is what the packages make of it.
common='-rw-r--r-- root:root /usr/lib/systemd/system/mxpull-pull.service
-rw-r--r-- root:root /usr/lib/systemd/system/mxpull-pull.timer
-rw-r--r-- root:root /usr/lib/systemd/system/mxpull.service
-rw-r--r-- root:root /usr/lib/sysusers.d/mxpull.conf
-rw-r--r-- root:root /usr/lib/tmpfiles.d/mxpull.conf
-rw-r--r-- root:root /usr/share/bash-completion/completions/mxpull
-rw-r--r-- root:root /usr/share/fish/vendor_completions.d/mxpull.fish
-rw-r--r-- root:root /usr/share/man/man5/mxpull.conf.5.gz
-rw-r--r-- root:root /usr/share/man/man8/mxpull.8.gz
-rw-r--r-- root:root /usr/share/zsh/site-functions/_mxpull
-rwxr-xr-x root:root /usr/bin/mxpull'
not_documents() { grep -v ' /usr/share/doc/'; }

if [ -n "$deb" ]; then
    dpkg-deb -c "$deb" | awk '!/^d/ { sub("/", ":", $2); sub("[.]", "", $6); print $1, $2, $6 }' | sort >"$tmp/deb"
    expect 'the files of the .deb' "$(sort <<<"$common
-rw-r----- root:root /etc/mxpull.conf
-rw-r--r-- root:root /usr/share/lintian/overrides/mxpull")" "$(not_documents <"$tmp/deb")"
    dpkg-deb -e "$deb" "$tmp/control"
    dpkg-deb -x "$deb" "$tmp/root"
    expect 'conffiles' /etc/mxpull.conf "$(cat "$tmp/control/conffiles")"
    expect 'files whose sums are wrong' '' "$(cd "$tmp/root" && md5sum -c --quiet "$tmp/control/md5sums" 2>&1)"
    for library in libc6 libcurl libconfuse libsqlite3; do
        expect_match "it depends on $library" "${library}[a-z0-9-]* \(>= " "$(dpkg-deb -f "$deb" Depends)"
    done
    expect_in 'the copyright' 'Copyright (c)' "$tmp/root/usr/share/doc/mxpull/copyright"
    zcat "$tmp/root/usr/share/doc/mxpull/changelog.Debian.gz" >"$tmp/changelog"
    expect "the changelog's version" "$version-1" "$(dpkg-parsechangelog -l "$tmp/changelog" -S Version)"
    bash "$(dirname "$0")/hardening.sh" "$tmp/root/usr/bin/mxpull" || fail 'the program in the .deb is not hardened'
    if command -v lintian >/dev/null; then
        lintian --allow-root --fail-on error,warning "$deb" >"$tmp/out" 2>&1 || fail 'lintian has something to say'
        cat "$tmp/out"
    else
        printf 'SKIPPED: lintian is not installed (contrib/packages.sh test)\n'
    fi
fi

if [ -n "$rpm" ]; then
    rpm -qp --qf '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]' "$rpm" | grep -v '^[dl]' | sort >"$tmp/rpm"
    expect 'the files of the .rpm' "$(sort <<<"$common
-rw-r----- root:mxpull /etc/mxpull.conf")" "$(not_documents <"$tmp/rpm")"
    expect 'folders that belong to others' '' "$(rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$rpm" | grep '^d' |
        grep -vE '/usr/share/doc/mxpull|/usr/lib/.build-id')"
    expect 'configurations, which an update leaves alone' '/etc/mxpull.conf cn' \
        "$(rpm -qp --qf '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' "$rpm" | grep ' c')"
    expect_match 'it requires libcurl' 'libcurl\.so\.4' "$(rpm -qpR "$rpm")"
    rpm -qp --scripts "$rpm" >"$tmp/scripts"
    for part in 'preinstall scriptlet' 'useradd -r -g mxpull' 'postinstall scriptlet' 'install -d -m 0700 -o mxpull -g mxpull /var/lib/mxpull' \
        'preuninstall scriptlet' 'disable --now mxpull.service' 'postuninstall scriptlet' 'try-restart mxpull.service'; do
        expect_in "scripts: $part" "$part" "$tmp/scripts"
    done
fi

[ -z "$deb" ] || [ -z "$rpm" ] ||
    expect 'documents: in one of both alone' 'changelog.Debian.gz copyright LICENSE' \
        "$(diff <(grep -o '/doc/mxpull/.*' "$tmp/deb") <(grep -o '/doc/mxpull/.*' "$tmp/rpm") | sed -n 's|^[<>] /doc/mxpull/||p' | sort -f | xargs)"
finish
