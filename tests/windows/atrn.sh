# shellcheck shell=bash
# What the tests of ATRN share; see ../servers.
# shellcheck source=../servers/atrn.sh
. "$(dirname "${BASH_SOURCE[0]}")/../servers/atrn.sh"
