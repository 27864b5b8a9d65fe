#!/bin/bash
# mxpull.exe and its zip as they are given away: nothing but the system's DLLs, under 3 MB, with version and manifest, and all that
# belongs to it; and that our own code calls no function of the system that is a trap. Needs BUILD, the build folder, CPACK, OBJDUMP
# and NM, and MANUALS, 1 where manuals are built.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
begin

(cd "$tmp" && "$CPACK" --config "$BUILD/CPackConfig.cmake" -B "$tmp" >"$tmp/said" 2>&1) || {
    cat "$tmp/said"
    die "cpack makes no zip"
}
zip=$(echo "$tmp"/mxpull-*-windows-x86_64.zip)
[ -s "$zip" ] || fail "there is no zip"
(cd "$tmp" && cmake -E tar xf "$zip") || fail "the zip cannot be unpacked"
root=${zip%.zip}
names='mxpull.exe mxpull.conf README.txt LICENSE.txt install.cmd mxpull-task.xml'
[ "$MANUALS" = 0 ] || names="$names mxpull.8.html mxpull.conf.5.html"
for name in $names; do
    [ -s "$root/$name" ] || fail "the zip has no $name"
done
more=$(find "$root" -type f -printf '%P\n' | grep -vxE "${names// /|}|licences/.*\.txt")
[ -z "$more" ] || fail "the zip has more in it: $more"

if [ "$MANUALS" = 1 ]; then
    grep -q '<b>mxpull</b>\|class="Nm"' "$root/mxpull.8.html" || fail "mxpull.8.html is no manual"
    grep -q etrns_per_connection "$root/mxpull.conf.5.html" || fail "mxpull.conf.5.html has not all options"
    ! grep -q '@CMAKE' "$root"/*.html || fail "a path is not filled in"
fi

exe=$root/mxpull.exe
size=$(stat -c %s "$exe")
if [ "$size" -lt 3000000 ]; then ok "mxpull.exe has $size bytes"; else fail "mxpull.exe has $size bytes"; fi
if "$OBJDUMP" -t "$exe" 2>&1 | grep -q 'no symbols'; then ok "it is stripped"; else fail "it is not stripped"; fi

foreign=$("$OBJDUMP" -p "$exe" | sed -n 's/.*DLL Name: //p' |
    grep -vixE '(advapi32|bcrypt|crypt32|iphlpapi|kernel32|msvcrt|normaliz|ole32|oleaut32|secur32|shell32|user32|ws2_32)\.dll')
if [ -z "$foreign" ]; then ok "it wants the system's DLLs alone"; else fail "it wants DLLs that are not the system's: $foreign"; fi

# has WHAT TEXT: in UTF-16, as resources have it.
has() {
    if LC_ALL=C grep -qaP "$(printf '%s' "$2" | sed -e 's/[.]/\\./g' -e 's/./&\\x00/g' -e 's/\\\\x00\.\\x00/\\.\\x00/g')" "$exe"; then
        ok "it says $1: $2"
    else
        fail "it does not say $1: $2"
    fi
}
has "what it is" FileDescription
has "its version" ProductVersion
for words in '<activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>' \
    '<longPathAware' 'requestedExecutionLevel level="asInvoker"'; do
    if grep -qaF "$words" "$exe"; then ok "its manifest has $words"; else fail "its manifest has no $words"; fi
done
# The Event Log's one message: a table of one block, of message 1, "%1".
if od -An -v -tx1 "$exe" | tr -d ' \n' | grep -q 10000100250031000d000a00; then ok "the Event Log's message"; else fail "no message for the Event Log"; fi

for name in mxpull.conf README.txt LICENSE.txt install.cmd; do
    [ "$(grep -c '' "$root/$name")" = "$(grep -c $'\r$' "$root/$name")" ] || fail "$name has lines that do not end in CR LF"
    ! grep -q $'\r\r$' "$root/$name" || fail "$name has lines that end in CR CR LF"
done
cmp -s "$root/mxpull-task.xml" "$(dirname "$0")/../../contrib/windows/mxpull-task.xml" || fail "mxpull-task.xml is another one"
grep -q $'^log = eventlog\r$' "$root/mxpull.conf" || fail "the sample does not log to the Event Log"
! grep -E '/var/lib/mxpull|/var/log|chmod|XDG' "$root/mxpull.conf" || fail "the sample speaks of another system"

# Texts go to the system by its wide calls. The others (CreateFileA, fopen) speak UTF-8 by the manifest, from Windows 10 1903 on, so that no
# test by what happens would notice one. Allowed: to see whether the store can be read, NUL, variables whose values are ASCII, and whether one is set.
allowed='setup.c fopen|host.c freopen|setup.c getenv|terminal.c getenv|token.c getenv'
"$NM" -A -u "$BUILD"/src/*/libmxpull_*.a 2>/dev/null | sed -n 's/^[^ ]*:\([^: ]*\)\.obj: *U \(__imp_\)\{0,1\}/\1 /p' >"$tmp/called"
grep -q '^system.c CreateFileW$' "$tmp/called" || fail "it cannot be seen what is called"
names='[A-Za-z0-9]*[a-z0-9]A|_?(fopen|freopen|open|sopen|creat|stat[a-z0-9]*|access|chmod|mkdir|rmdir|chdir|getcwd|fullpath|remove|rename|unlink)'
names="$names|_?(getenv|putenv|system|popen|mktemp|tempnam|tmpnam|(spawn|exec)[a-z]*|gethostname)(64)?|cfg_parse"
narrow=$(grep -E "^[^ ]+ ($names)$" "$tmp/called" | grep -vxE "$allowed" | sort -u)
if [ -z "$narrow" ]; then ok "the system is called by its wide forms"; else fail "the system is called by its narrow forms: $narrow"; fi
# msvcrt's own words for dates and numbers are others than everywhere (no %F, %T, %zu, %lld), NUL is a terminal to it, and its rename does not
# replace; wine's is milder.
names='_?v?(f|s|sn)?printf|_vsnprintf|__ms_[a-z]*|strftime|_?(gm|local|mk)time[a-z0-9_]*|_?isatty|rename'
others=$(grep -E "^[^ ]+ ($names)$" "$tmp/called" | sort -u)
if [ -z "$others" ]; then ok "msvcrt is not asked for what it does in its own way"; else fail "msvcrt does this in its own way: $others"; fi
pages=$(grep -rnE 'CP_(ACP|OEMCP|THREAD_ACP)' "$(dirname "$0")/../../src")
if [ -z "$pages" ]; then ok "texts are UTF-8 everywhere"; else fail "texts in a code page of the system's: $pages"; fi

finish
