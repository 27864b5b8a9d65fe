# shellcheck shell=bash disable=SC2154
# mxpull check of one backup, as JSON; sourced behind lib.sh by the tests that need it. There is no DNS here, so nothing is said of names.

# check_config DOMAINS SETTING...: a configuration of one backup, mx2, whose mail port is the port itself unless the settings say otherwise.
check_config() {
    local list=$1
    shift
    [[ $* == *mail_port* ]] || set -- "$@" "mail_port = $SMTP_PORT"
    backup_section mx2 "$list" "$@" | { printf 'dns_server = "127.0.0.1:1"\n' && cat; } | write_config
}

# check WHAT: nothing but what is told by mxpull check; $status is of the backup's findings and the primary's alone, for the DNS is silent.
check() {
    run_mxpull check --json -c "$tmp/mxpull.conf" mx2
    expect "$1: JSON" true "$(json '.findings | length > 0')"
}

# finding ID: "SEVERITY text | advice" of the first one of that name, nothing where there is none.
finding() { json "[.findings[] | select(.id == \"$1\")][0] | select(.) | \"\(.severity) \(.text) | \(.advice)\""; }

# expect_finding WHAT ID PATTERN: it is there, so; PATTERN "": it is not.
expect_finding() {
    if [ -n "$3" ]; then
        expect_match "$1: $2" "$3" "$(finding "$2")"
    else
        expect "$1: $2" '' "$(finding "$2")"
    fi
}

# started_count NAME: how many of what its log shows would start a queue or send mail: sessions (Postfix counts their commands at "disconnect"), or commands.
started_count() {
    case ${kind[$1]} in
    postfix) server_log "$1" | grep -cE 'disconnect.* (etrn|data|bdat|unknown)=' ;;
    exim) server_log "$1" | grep -cE 'ETRN|ATRN|TURN|DATA|<=' ;;
    sendmail) server_log "$1" | grep -cE '<<< *(ETRN|ATRN|TURN|DATA)' ;;
    esac
}
