#!/bin/bash
# Makes the real mail servers that the tests of this folder run: each in a root folder of its own (a chroot) below the cache
# folder, put together from packages of this machine's own Debian or Ubuntu mirror. The packages are only unpacked: none of
# their scripts runs, no service is set up, and a mail server that this machine already has is neither seen nor touched.
#
#   install.sh [CACHE [NAME...]]
#
# CACHE defaults to ${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers, the NAMEs to postfix, exim, sendmail, nsd (a DNS server),
# prometheus (for its promtool), debian (a whole system by debootstrap, into which mxpull's package is installed) and exim-atrn, an
# Exim that speaks ATRN. What exists already is left alone. What cannot be had is named, and the rest is still made; the tests that
# need it then skip. Exit status: 0 when everything asked for is there, 1 when something is missing. exim-atrn comes from a Debian
# release that not every mirror has: it counts only when it is named.
set -u -o pipefail

cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-servers}
[ $# -eq 0 ] || shift
names=("$@")
optional=
if [ ${#names[@]} -eq 0 ]; then
    names=(postfix exim sendmail nsd prometheus debian exim-atrn)
    optional=exim-atrn
fi

# To be raised when a root must be made anew because this script has changed.
recipe=1

work=
missing=0

say() { printf 'install.sh: %s\n' "$*"; }
lacking() { say "MISSING: $*" >&2; missing=1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

can_be_root() {
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && as_root true 2>/dev/null; }
}

clean_up() {
    [ -z "$work" ] || rm -rf -- "$work"
}

# Failures show in what comes next.
update_lists() { as_root apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null 2>&1; }

# The programs that the tests themselves call, from the machine's own packages; prints nothing when they are there.
install_tools() {
    local want=() tool
    for tool in jq openssl; do
        command -v "$tool" >/dev/null || want+=("$tool")
    done
    [ ${#want[@]} -gt 0 ] || return 0
    update_lists
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
        --no-install-recommends "${want[@]}" >/dev/null || lacking "the packages ${want[*]}"
}

# os_release FIELD: a field of this machine's os-release file.
os_release() {
    # shellcheck disable=SC1091
    (. /etc/os-release && printf '%s' "${!1:-}")
}

# Prints the address of the mirror that apt takes this machine's own release from, or nothing.
mirror() {
    local codename
    codename=$(os_release VERSION_CODENAME)
    # The $() are apt's, not the shell's.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -v codename="$codename" '
            $2 == "main" && ($1 == codename || (codename == "" && $1 ~ /^(sid|testing|unstable|stable)$/)) { print $3; exit }'
}

# suite NAME: the release that NAME is taken from. On Debian the servers are those of bookworm, whose replies are known to
# the letter; on Ubuntu those of the machine's own release.
suite() {
    if [ "$1" = exim-atrn ]; then
        printf 'forky'
    elif [ "$1" != debian ] && [ "$(os_release ID)" = debian ]; then
        printf 'bookworm'
    else
        os_release VERSION_CODENAME
    fi
}

# The packages of the libraries that mxpull is linked with here.
libraries() {
    dpkg-query -S '*/lib'{curl.so.4,cares.so.2,confuse.so.2,idn2.so.0,jansson.so.4,sqlite3.so.0} 2>/dev/null | cut -d: -f1 | sort -u
}

packages() {
    case $1 in
    postfix) printf '%s\n' postfix sasl2-bin libsasl2-modules bash dash coreutils diffutils findutils gawk grep sed ;;
    exim) printf '%s\n' exim4-daemon-light ;;
    exim-atrn) printf '%s\n' exim4-daemon-heavy ;;
    nsd) printf '%s\n' nsd ;;
    prometheus) printf '%s\n' prometheus ;;
    debian) libraries ;;
    sendmail) printf '%s\n' sendmail-bin sendmail-cf m4 dash coreutils sed ;;
    *) return 1 ;;
    esac
}

# The program that must be in the root when it is done.
main_program() {
    case $1 in
    postfix) printf 'usr/lib/postfix/sbin/master' ;;
    sendmail) printf 'usr/libexec/sendmail/sendmail' ;;
    nsd) printf 'usr/sbin/nsd' ;;
    prometheus) printf 'usr/bin/promtool' ;;
    debian) printf 'usr/bin/apt-get' ;;
    *) printf 'usr/sbin/exim4' ;;
    esac
}

# private_apt FOLDER ARGUMENT...: apt-get with its whole state in FOLDER, for which no package is installed yet; proxies and
# credentials stay those of the machine.
private_apt() {
    local folder=$1
    shift
    apt-get -q -o "Dir::State=$folder/state" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder/cache" \
        -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Sandbox::User= -o Debug::NoLocking=true -o APT::Get::List-Cleanup=false "$@"
}

# download NAME FOLDER: NAME's packages and all that they depend on, into FOLDER/cache/archives.
download() {
    local name=$1 folder=$2 uri signed='' components=main distribution keyring list
    distribution=$(os_release ID)
    uri=$(mirror)
    # Where apt has not fetched its lists yet it does not know.
    [ -n "$uri" ] || { update_lists && uri=$(mirror); }
    [ -n "$uri" ] || { say "apt names no mirror of this release" >&2; return 1; }
    for keyring in "/usr/share/keyrings/$distribution-archive-keyring".{gpg,pgp}; do
        [ ! -r "$keyring" ] || signed="[signed-by=$keyring]"
    done
    [ "$distribution" = debian ] || components='main universe'
    mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial" && : >>"$folder/status" || return 1
    printf 'deb %s %s %s %s\n' "$signed" "$uri" "$(suite "$name")" "$components" >"$folder/sources.list"
    # update exits 0 where a list could not be had; the install then finds no package.
    private_apt "$folder" update >"$folder/log" 2>&1
    mapfile -t list < <(packages "$name")
    private_apt "$folder" install -y --no-install-recommends --download-only "${list[@]}" >>"$folder/log" 2>&1 ||
        { tail -n 5 "$folder/log" >&2; return 1; }
}

# What the packages' own scripts would have made: the users, the devices, /tmp; and /srv, where the tests keep their servers.
furnish() {
    local root=$1 id=5100 user
    {
        printf 'root:x:0:0::/root:/bin/sh\n'
        for user in mail postfix postdrop Debian-exim smmta smmsp; do
            id=$((id + 1))
            printf '%s:x:%d:%d::/nonexistent:/bin/false\n' "$user" "$id" "$id"
        done
        printf 'nobody:x:65534:65534::/nonexistent:/bin/false\n'
    } >"$work/passwd"
    awk -F: '{ print $1 ":x:" $4 ":" }' "$work/passwd" | sed 's/^nobody:/nogroup:/' >"$work/group"
    printf '127.0.0.1 localhost\n' >"$work/hosts"
    printf 'smtp 25/tcp mail\nsubmission 587/tcp\n' >"$work/services"
    printf 'hosts: files\npasswd: files\ngroup: files\n' >"$work/nsswitch.conf"
    printf '%s\n' "$recipe" >"$work/recipe"
    as_root cp -- "$work/passwd" "$work/group" "$work/hosts" "$work/services" "$work/nsswitch.conf" "$root/etc/" &&
        as_root cp -- "$work/recipe" "$root/" &&
        as_root install -d -m 1777 "$root/tmp" && as_root install -d -m 755 "$root/srv" && as_root install -d -m 755 "$root/dev" &&
        as_root mknod -m 666 "$root/dev/null" c 1 3 && as_root mknod -m 666 "$root/dev/urandom" c 1 9 &&
        as_root mknod -m 666 "$root/dev/random" c 1 8
}

# unpack FOLDER ROOT: every downloaded package into ROOT, where /bin, /lib … are links into /usr as on any Debian of today.
unpack() {
    local folder=$1 root=$2 package
    as_root mkdir -p "$root"/usr/{bin,sbin,lib,lib32,lib64,libx32} "$root/etc" || return 1
    as_root ln -s usr/{bin,sbin,lib,lib32,lib64,libx32} "$root/" || return 1
    # One archive after the other, hence --ignore-zeros.
    for package in "$folder"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" || exit 1
    done | as_root tar -x -p --ignore-zeros --keep-directory-symlink -C "$root" \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*'
}

# make_debian NAME ROOT: a system of this machine's own release by debootstrap. The packages of libraries are laid ready, and not
# installed.
make_debian() {
    local root=$2 folder=$work/$1
    command -v debootstrap >/dev/null || { say "debootstrap is not installed (contrib/packages.sh test)" >&2; return 1; }
    [ -n "$(mirror)" ] || update_lists
    mkdir -p "$folder"
    as_root debootstrap --variant=minbase "$(suite "$1")" "$root" "$(mirror)" >"$folder/debootstrap.log" 2>&1 ||
        { tail -n 5 "$folder/debootstrap.log" >&2; return 1; }
    cp -- "$root/var/lib/dpkg/status" "$folder/status" && download "$1" "$folder" &&
        as_root find "$root/var/cache/apt/archives" -name '*.deb' -delete &&
        as_root cp -- "$folder"/cache/archives/*.deb "$root/var/cache/apt/archives/" &&
        printf '%s\n' "$recipe" | as_root tee "$root/recipe" >/dev/null
}

# make_server NAME ROOT: a folder with NAME's packages and all that they depend on.
make_server() {
    download "$1" "$work/$1" && as_root mkdir -- "$2" && unpack "$work/$1" "$2" && furnish "$2"
}

# make_root NAME: CACHE/NAME, built beside it and put in place at the end, so that it is there whole or not at all.
make_root() {
    local name=$1 root=$cache/$1 kind=server
    [ "$name" != debian ] || kind=debian
    if [ "$(cat "$root/recipe" 2>/dev/null)" = "$recipe" ]; then
        say "$name is there: $root"
        return 0
    fi
    packages "$name" >/dev/null || { lacking "$name: there is no such server here"; return; }
    can_be_root || { lacking "$name: only root can make it, and sudo does not work"; return; }
    command -v apt-get >/dev/null || { lacking "$name: this is not Debian or Ubuntu"; return; }
    as_root rm -rf -- "$root" "$root.new"
    if ! "make_$kind" "$name" "$root.new" || [ ! -x "$root.new/$(main_program "$name")" ] || ! as_root mv -T -- "$root.new" "$root"; then
        as_root rm -rf -- "$root.new"
        lacking "$name: its packages cannot be downloaded, or its root folder cannot be made"
        return
    fi
    rm -rf -- "${work:?}/$name"
    say "$name is ready: $root ($(du -sm "$root" 2>/dev/null | cut -f1) MB)"
}

trap clean_up EXIT
trap 'exit 1' HUP INT TERM
mkdir -p -- "$cache" || exit 1
exec 8>"$cache/install.lock"
flock -w 600 8 || { say "another install.sh is still busy with $cache" >&2; exit 1; }
work=$cache/work
rm -rf -- "$work"
mkdir -- "$work" || exit 1

install_tools
for name in "${names[@]}"; do
    before=$missing
    make_root "$name"
    [ "$name" != "$optional" ] || missing=$before
done
exit "$missing"
