#!/bin/bash
# mxpull.exe in the place of mxpull.
# shellcheck source=../servers/66-check-sts.sh
. "$(dirname "$0")/../servers/66-check-sts.sh"
