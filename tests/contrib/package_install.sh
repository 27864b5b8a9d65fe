#!/bin/bash
# The packages of the folder $1 (version $2) in a clean Debian: the .deb installed by apt with what it depends on, upgraded from a package before
# it, removed, and purged, after which nothing of it is left; then the .rpm. There systemctl is a script that writes down what it is told.
if [ -z "${MXPULL_IS_ALONE-}" ] && unshare --mount --net true 2>/dev/null; then
    MXPULL_IS_ALONE=1 exec unshare --mount --net bash "$0" "$@" # what is mounted goes with the test, and there is no network
fi
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin
version=$2
deb=$(find "$1" -name "mxpull_$version-1_*.deb" 2>/dev/null)
system=${MXPULL_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers}/debian
[ -n "$deb" ] || skip 'there is no package (contrib.package_build)'
[ -n "${MXPULL_IS_ALONE-}" ] || skip 'unshare(1) makes no namespaces here'
[ -x "$system/usr/bin/apt-get" ] || skip 'there is no Debian to install it in (tests/servers/install.sh, which wants root and debootstrap)'

root=$tmp/root
mkdir "$root" && mount -t tmpfs -o size=1g,mode=755 none "$root" || skip 'no tmpfs can be mounted' # whose fsync costs nothing
at_end "umount '$root'"
cp -a "$system/." "$root" || die 'the clean Debian cannot be copied'
mount -t proc proc "$root/proc" || skip 'proc cannot be mounted'
at_end "umount '$root/proc'"
mkdir -p "$root/run/systemd/system" "$root/packages"
cat >"$root/usr/bin/systemctl" <<'END'
#!/bin/sh
echo "$*" >>/packages/told
END
chmod 755 "$root/usr/bin/systemctl"

# inside COMMAND…: in the clean Debian.
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }

# apt ARGUMENT…: apt-get, which can ask nobody and has no network; what it says is in $tmp/out.
apt() {
    : >"$root/packages/told"
    inside apt-get -q -y --no-install-recommends -o APT::Sandbox::User= -o DPkg::Use-Pty=0 \
        -o DPkg::Options::=--force-unsafe-io -o DPkg::Options::=--force-confold "$@" >"$tmp/out" 2>&1 </dev/null || die "apt-get $* has failed"
}

# All files with their modes and owners, but for what apt, dpkg and adduser note for themselves.
files() {
    find "$root" \( -path "$root/packages" -o -path "$root/proc" -o -path "$root/var/cache" -o -path "$root/var/log" -o -path "$root/var/lib/apt" \
        -o -path "$root/var/lib/dpkg" -o -path "$root/run/adduser" -o -path "$root/etc/*-" \) -prune -o -printf '%M %u:%g %P\n' | sort
}

told() { grep -v daemon-reload "$root/packages/told" | paste -sd';'; }
mode() { inside stat -c '%a %U:%G' "$1" 2>&1; }

# A package before this one: another version, another program, another configuration.
dpkg-deb -R "$deb" "$tmp/before"
sed -i 's/^Version: .*/Version: 0.1.0-1/' "$tmp/before/DEBIAN/control"
sed -i '1i # As it was in 0.1.0' "$tmp/before/etc/mxpull.conf"
printf '#!/bin/sh\necho mxpull 0.1.0\n' >"$tmp/before/usr/bin/mxpull"
(cd "$tmp/before" && find etc usr -type f -exec md5sum {} + >DEBIAN/md5sums)
dpkg-deb -Znone --root-owner-group -b "$tmp/before" "$root/packages/before.deb" >"$tmp/out" || die 'dpkg-deb makes no package before'
cp "$deb" "$root/packages/now.deb"
files >"$tmp/clean"
cp "$root/etc/passwd" "$tmp/passwd"

# Installed: it works, and asks nobody before somebody says so.
apt install /packages/now.deb
expect 'the version' "mxpull $version" "$(inside mxpull --version | head -n 1)"
inside mxpull config >"$tmp/out" 2>"$tmp/err" || fail 'mxpull config does not take the configuration that is installed'
expect_in 'the configuration' 'read from /etc/mxpull.conf' "$tmp/out"
expect 'its mode' '640 root:mxpull' "$(mode /etc/mxpull.conf)"
expect 'the state folder' '700 mxpull:mxpull' "$(mode /var/lib/mxpull)"
expect 'the user' '/var/lib/mxpull:/usr/sbin/nologin' "$(inside getent passwd mxpull | cut -d: -f6-)"
inside setpriv --reuid=mxpull --regid=mxpull --clear-groups mxpull config -q || fail 'the user of the service cannot read the configuration'
expect 'what systemd was told besides daemon-reload' '' "$(told)"
expect 'what systemd starts at boot' '' "$(find "$root/etc/systemd" -name 'mxpull*')"

# Purged, with what came with it: only the user's name stays.
touch "$root/var/lib/mxpull/mxpull.db"
apt purge --autoremove mxpull
expect 'files that are left, or are no longer' '' "$(diff "$tmp/clean" <(files) | grep '^[<>]')"
expect_match 'the only new user' '^mxpull:[^ ]*$' "$(comm -13 <(sort "$tmp/passwd") <(sort "$root/etc/passwd") | tr ' ' _)"

# Upgraded: what was changed stays, and a daemon that runs is started anew.
apt install /packages/before.deb
expect 'the package before' 'mxpull 0.1.0' "$(inside mxpull --version)"
echo '# mine' >>"$root/etc/mxpull.conf"
chmod 600 "$root/etc/mxpull.conf"
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s /usr/lib/systemd/system/mxpull.service "$root/etc/systemd/system/multi-user.target.wants/" # systemctl enable
apt install /packages/now.deb
expect 'upgraded' "mxpull $version" "$(inside mxpull --version | head -n 1)"
expect 'the changed configuration' '# mine' "$(tail -n 1 "$root/etc/mxpull.conf")"
expect 'and its mode' '600 root:mxpull' "$(mode /etc/mxpull.conf)"
expect_match 'systemd is told' 'try-restart mxpull.service' "$(told)"
expect 'and nothing else' '' "$(told | tr ';' '\n' | grep -v try-restart)"

# Removed: stopped; the configuration and the memory stay.
echo memory >"$root/var/lib/mxpull/mxpull.db"
apt remove mxpull
expect_match 'systemd is told' 'stop mxpull.service' "$(told)"
expect 'the configuration' '# mine' "$(tail -n 1 "$root/etc/mxpull.conf")"
expect 'the memory' memory "$(cat "$root/var/lib/mxpull/mxpull.db")"
[ ! -e "$root/usr/bin/mxpull" ] || fail 'the program is still there'

# And purged without being installed.
apt purge mxpull
apt purge --autoremove
expect 'files that are left, or are no longer' '' "$(diff "$tmp/clean" <(files) | grep '^[<>]')"

rpm=$(find "$1" -name "mxpull-$version-1.*.rpm")
if [ -n "$rpm" ]; then
    # package ARGUMENT…: rpm, for which the libraries of Debian's packages are none.
    package() {
        : >"$root/packages/told"
        rpm --root "$root" --nodeps "$@" >"$tmp/out" 2>&1 || die "rpm $* has failed"
    }
    inside userdel mxpull
    package -i "$rpm"
    expect 'by rpm: the configuration' '640 root:mxpull' "$(mode /etc/mxpull.conf)"
    expect 'the state folder' '700 mxpull:mxpull' "$(mode /var/lib/mxpull)"
    expect 'what systemd was told besides daemon-reload' '' "$(told)"
    echo '# mine' >>"$root/etc/mxpull.conf"
    package -U --force "$rpm"
    expect 'the changed configuration' '# mine' "$(tail -n 1 "$root/etc/mxpull.conf")"
    expect 'its mode' '640 root:mxpull' "$(mode /etc/mxpull.conf)"
    expect 'systemd is told' 'try-restart mxpull.service mxpull-pull.timer' "$(told)"
    package -e mxpull
    expect 'systemd is told' '--no-reload disable --now mxpull.service mxpull-pull.timer' "$(told)"
    expect 'what is left' 'etc/mxpull.conf.rpmsave var/lib/mxpull' "$(cd "$root" && find etc usr var -name '*mxpull*' | sort | xargs)"
else
    printf 'SKIPPED: there is no .rpm (contrib.package_build)\n'
fi
finish
