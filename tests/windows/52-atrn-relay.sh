#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/24-atrn-relay.sh
. "$(dirname "$0")/../servers/24-atrn-relay.sh"
