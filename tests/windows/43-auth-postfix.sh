#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/06-auth-postfix.sh
. "$(dirname "$0")/../servers/06-auth-postfix.sh"
