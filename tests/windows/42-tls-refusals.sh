#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/05-tls-refusals.sh
. "$(dirname "$0")/../servers/05-tls-refusals.sh"
