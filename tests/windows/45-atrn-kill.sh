#!/bin/bash
# mxpull.exe in the place of mxpull, killed by TerminateProcess.
command -v ss >/dev/null || { echo "SKIPPED: the program ss is not installed (contrib/packages.sh windows)" && exit 77; }
# shellcheck source=../servers/25-atrn-kill.sh
. "$(dirname "$0")/../servers/25-atrn-kill.sh"
