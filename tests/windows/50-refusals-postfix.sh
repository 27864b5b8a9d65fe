#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/07-refusals-postfix.sh
. "$(dirname "$0")/../servers/07-refusals-postfix.sh"
