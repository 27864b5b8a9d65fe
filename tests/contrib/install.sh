#!/bin/bash
# What `cmake --install` lays where, from the build folder $1; that the paths in it are those of the installation; and that what reads it
# understands it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
source=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$1/CMakeCache.txt")
root=$tmp/root
DESTDIR=$root cmake --install "$1" >"$tmp/out" 2>&1 || die 'cmake --install has failed'
installed=$root$prefix
examples=share/doc/mxpull/examples

expected() {
    cat <<END
755 bin/mxpull
644 share/bash-completion/completions/mxpull
644 share/fish/vendor_completions.d/mxpull.fish
644 share/zsh/site-functions/_mxpull
644 share/doc/mxpull/CHECK.md
644 share/doc/mxpull/LICENSE
644 share/doc/mxpull/CONTRIBUTING.md
644 share/doc/mxpull/NEWS
644 share/doc/mxpull/SECURITY.md
644 $examples/mxpull.conf
644 $examples/mxpull.cron
644 $examples/mxpull.logrotate
755 $examples/mxpull.openrc
644 share/man/man5/mxpull.conf.5
644 share/man/man8/mxpull.8
END
    (cd "$source/contrib" && find backup-mx exim prometheus grafana -type f -printf "644 $examples/%p\n")
    (cd "$source/contrib" && find cluster hooks -type f -printf "%m $examples/%p\n")
    [ "$(uname)" != Linux ] || cat <<END
755 $examples/90-mxpull
644 lib/systemd/system/mxpull-pull.service
644 lib/systemd/system/mxpull-pull.timer
644 lib/systemd/system/mxpull.service
644 lib/sysusers.d/mxpull.conf
644 lib/tmpfiles.d/mxpull.conf
END
}
if diff <(expected | sort) <(cd "$installed" && find . -type f -printf '%m %P\n' | sort) >"$tmp/differences"; then
    ok "$(expected | wc -l) files"
else
    fail 'the files: < is expected alone, > is installed alone'
    grep '^[<>]' "$tmp/differences"
fi
expect 'files elsewhere' '' "$(find "$root" -type f -not -path "$installed/*")"
expect 'paths that are not filled in' '' "$(grep -rlE '@[A-Z_]+@' "$installed/lib" "$installed/share")"
expect_in 'the program in the crontab' " $prefix/bin/mxpull pull -q" "$installed/$examples/mxpull.cron"
expect_in 'the program for OpenRC' "command=\"$prefix/bin/mxpull\"" "$installed/$examples/mxpull.openrc"
expect_in 'the sample in the manual' "$prefix/$examples/mxpull.conf" "$installed/share/man/man8/mxpull.8"
expect_in 'and in that of the configuration' "$prefix/$examples/mxpull.conf" "$installed/share/man/man5/mxpull.conf.5"
sh -n "$installed/$examples/mxpull.openrc" || fail 'mxpull.openrc is no shell script'

# The manuals are found, and what the manuals and the units name is there.
if command -v man >/dev/null && [ -x "$(command -v man)" ]; then
    for page in '8 mxpull' '5 mxpull.conf'; do
        # shellcheck disable=SC2086 # two words
        man -M "$installed/share/man" $page >/dev/null 2>&1 || fail "man does not find $page"
    done
else
    printf 'SKIPPED: man is not installed\n'
fi
"$installed/bin/mxpull" --version >/dev/null || fail 'the installed program does not run'

# systemd makes the user and the folder.
if [ "$(uname)" = Linux ] && command -v systemd-sysusers >/dev/null && [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$root/etc" "$root/var/lib"
    systemd-sysusers --root="$root" "$installed/lib/sysusers.d/mxpull.conf" || fail 'systemd-sysusers refuses its file'
    expect_in 'the user' 'mxpull:' "$root/etc/passwd"
    systemd-tmpfiles --root="$root" --create "$installed/lib/tmpfiles.d/mxpull.conf" || fail 'systemd-tmpfiles refuses its file'
    expect 'the state folder' "700 $(cut -d: -f3 "$root/etc/passwd" | tail -n 1)" "$(stat -c '%a %u' "$root/var/lib/mxpull")"
else
    printf 'SKIPPED: systemd-sysusers needs Linux, systemd and root\n'
fi

# logrotate rotates the log and has the daemon, for which systemctl stands here, begin a new one.
if command -v logrotate >/dev/null; then
    mkdir "$tmp/log" "$tmp/bin"
    printf '#!/bin/sh\necho "$*" >>"%s"\n' "$tmp/said" >"$tmp/bin/systemctl"
    chmod 755 "$tmp/bin/systemctl"
    echo 'a line' >"$tmp/log/mxpull.log"
    sed "s|/var/log/mxpull/|$tmp/log/|; s/su mxpull mxpull/su $(id -un) $(id -gn)/" "$installed/$examples/mxpull.logrotate" >"$tmp/logrotate"
    chmod 644 "$tmp/logrotate"
    PATH=$tmp/bin:$PATH logrotate -f -s "$tmp/rotations" "$tmp/logrotate" >"$tmp/err" 2>&1 || fail 'logrotate has failed'
    expect 'the old log' 'a line' "$(cat "$tmp/log/mxpull.log.1" 2>&1)"
    expect_in 'the daemon is told' 'kill --kill-who=main --signal=HUP mxpull.service' "$tmp/said"
else
    printf 'SKIPPED: logrotate is not installed (contrib/packages.sh test)\n'
fi
finish
