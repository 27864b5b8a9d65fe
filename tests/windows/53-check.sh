#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/76-check.sh
. "$(dirname "$0")/../servers/76-check.sh"
