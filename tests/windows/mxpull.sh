#!/bin/bash
# mxpull.sh ARGUMENT…: runs the mxpull.exe that $MXPULL_EXE names as if it were a program of this system: by wine, with absolute paths
# in Windows' words. $MXPULL_BY, if set, names a program for Windows that runs it, and that one's arguments.
arguments=()
# The words of MXPULL_BY are several on purpose.
# shellcheck disable=SC2086
for argument in ${MXPULL_BY:-} "$MXPULL_EXE" "$@"; do
    case $argument in
    /*) arguments+=("Z:${argument//\//\\}") ;;
    *) arguments+=("$argument") ;;
    esac
done
# wine takes the arguments' encoding from the locale.
export LC_ALL=C.UTF-8
exec "$(dirname "$0")/../../contrib/mingw/wine.sh" "${arguments[@]}"
