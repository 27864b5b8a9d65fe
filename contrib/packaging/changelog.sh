#!/bin/sh
# changelog.sh NEWS MAINTAINER: prints NEWS in the form of Debian's changelog.
set -eu
maintainer=$2

# The last line of the version before, if there was one.
end() { [ -z "${date-}" ] || printf '\n -- %s  %s\n\n' "$maintainer" "$(LC_ALL=C date -u -R -d "$date")"; }

while IFS= read -r line; do
    case $line in
    [0-9]*' ('*-*-*')')
        end
        date=${line#*\(} date=${date%\)}
        printf 'mxpull (%s-1) unstable; urgency=medium\n\n' "${line%% *}"
        ;;
    *) [ -z "$line" ] || [ -z "${date-}" ] || printf '%s\n' "$line" ;;
    esac
done <"$1"
end
