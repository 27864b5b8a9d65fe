#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/65-check-domain.sh
. "$(dirname "$0")/../servers/65-check-domain.sh"
