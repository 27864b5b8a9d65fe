#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/23-atrn-outcomes.sh
. "$(dirname "$0")/../servers/23-atrn-outcomes.sh"
