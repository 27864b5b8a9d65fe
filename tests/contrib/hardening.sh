#!/bin/bash
# The program that is the argument is hardened: checked string functions, stack protectors, a place in memory that is chosen at each
# start, tables that cannot be written, and where the machine has it, control-flow protection.
set -eu
program=$1
command -v readelf >/dev/null && readelf -h "$program" >/dev/null 2>&1 || {
    echo "skipped: no ELF program, or no readelf" >&2
    exit 77
}
failed=0
# has WHAT REGEX OPTIONS…: what readelf says of the program holds the regular expression.
has() {
    local what=$1 regex=$2
    shift 2
    if readelf -W "$@" "$program" | grep -qE "$regex"; then
        echo "ok: $what"
    else
        echo "FAILED: $what"
        failed=1
    fi
}
has 'stack protectors' '__stack_chk_fail' --dyn-syms
has 'checked string functions' '_chk@' --dyn-syms
has 'a place chosen at each start' 'Type: +DYN' -h
has 'tables that cannot be written' 'GNU_RELRO' -l
has 'all symbols are bound at the start' 'BIND_NOW|Flags:.* NOW' -d
# Whether the program's own code has it; the note of the whole program says so only where all libraries have it, too.
if [ "$(uname -m)" = x86_64 ] && readelf -W -s "$program" | grep -qw main; then # not stripped
    if objdump -d --disassemble=main "$program" | grep -q endbr64; then
        echo 'ok: control-flow protection'
    else
        echo 'FAILED: control-flow protection'
        failed=1
    fi
fi
exit "$failed"
