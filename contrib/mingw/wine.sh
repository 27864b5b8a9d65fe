#!/bin/sh
# wine.sh PROGRAM ARGUMENT…: runs a Windows program by wine, whose files are in $WINEPREFIX (mxpull-wine in the cache folder).
# wine.sh --start | --stop: keeps wine's server running for many programs, which saves two seconds each; ends it.
set -eu
: "${WINEPREFIX:=${XDG_CACHE_HOME:-$HOME/.cache}/mxpull-wine}"
: "${WINEDEBUG:=-all}"
: "${WINEDLLOVERRIDES:=mscoree,mshtml=;winemenubuilder.exe,winedbg.exe=d}"
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES

command -v wine >/dev/null || { echo "SKIPPED: wine is not installed (contrib/packages.sh windows)" && exit 77; }

# With random addresses some start in a thousand fails before the program begins: what wine keeps at 0x7ffe0000 finds the place taken
# ("failed to map the shared user data").
fixed=
setarch -R true 2>/dev/null && fixed="setarch -R"

# wine's server lives on behind these, so it must not hold the pipes of whoever waits for our end.
case $1 in
--start)
    mkdir -p "$WINEPREFIX"
    wineserver -k </dev/null >/dev/null 2>&1 || :
    wineserver -p600 </dev/null >/dev/null 2>&1
    # Booted by the first program that runs; by wineboot itself it would be twice, with two service managers.
    exec $fixed wine cmd.exe /c exit </dev/null >/dev/null 2>&1
    ;;
--stop)
    exec wineserver -k </dev/null >/dev/null 2>&1
    ;;
*) exec $fixed wine "$@" ;;
esac
