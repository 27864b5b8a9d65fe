#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/04-tls-postfix.sh
. "$(dirname "$0")/../servers/04-tls-postfix.sh"
