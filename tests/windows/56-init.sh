#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/75-init.sh
. "$(dirname "$0")/../servers/75-init.sh"
