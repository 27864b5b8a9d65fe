# shellcheck shell=bash
# As ../servers has it.
# shellcheck source=../servers/dns.sh
. "$(dirname "${BASH_SOURCE[0]}")/../servers/dns.sh"
