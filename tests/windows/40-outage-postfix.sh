#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/01-outage-postfix.sh
. "$(dirname "$0")/../servers/01-outage-postfix.sh"
