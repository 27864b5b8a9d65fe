# shellcheck shell=bash disable=SC2154
# Starting and stopping real mail servers; part of lib.sh. Every server has a name, by which the arrays below know it.

SERVER_USER=customer       # may log in at every Postfix backup
SERVER_PASSWORD='s3cret word'

domains=(example.test)     # what the backups hold mail for; set it before they are started
declare -A kind=()         # postfix, exim, sendmail or nsd
declare -A address=()      # where it listens
declare -A root=()         # the folder that is its /
declare -A home=()         # its own folder, below that one
declare -A pid=()          # while it runs
declare -A enter=()        # what commands begin with that run on its machine, where that is not ours (network.sh)
next_address=2

# --- Servers in general -----------------------------------------------------------------------------------------------------

# new_server NAME KIND ROOT: gives it a folder inside its root, and an address unless it has one.
new_server() {
    local name=$1
    kind[$name]=$2
    root[$name]=$SERVERS/$3
    home[$name]=$(mktemp -d "$SERVERS/$3/srv/test-$TEST_NUMBER.XXXXXX") || exit 1
    chmod 755 "${home[$name]}"
    if [ -z "${address[$name]:-}" ]; then
        address[$name]=127.125.$TEST_NUMBER.$next_address
        next_address=$((next_address + 1))
    fi
}

# new_primary KIND ROOT: the same for our own server, with a folder mail; fails when it is there.
new_primary() {
    [ -z "${home[primary]:-}" ] || return 1
    address[primary]=$PRIMARY
    new_server primary "$1" "$2"
    mkdir "${home[primary]}/mail"
}

# inside NAME: the server's folder as the server sees it.
inside() { printf '%s' "${home[$1]#"${root[$1]}"}"; }

# give NAME USER PATH...: the paths, below the server's folder, become the user's; the user is one of the server's root.
give() {
    local name=$1 owner
    owner=$(awk -F: -v user="$2" '$1 == user { print $3 ":" $4 }' "${root[$name]}/etc/passwd")
    shift 2
    (cd "${home[$name]}" && chown "$owner" "$@")
}

# in_root NAME COMMAND...: runs the command where the server runs.
in_root() {
    local name=$1
    shift
    # shellcheck disable=SC2086 # a list of words
    env -i PATH=/usr/sbin:/usr/bin LC_ALL=C ${enter[$name]:-} chroot "${root[$name]}" "$@" </dev/null 9>&-
}

answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# is_up NAME FILE: waits until the server has written its process id to FILE and listens.
is_up() {
    if ! wait_for "$SOON" test -s "$2" || ! wait_for "$SOON" answers "${address[$1]}" "$SMTP_PORT"; then
        die "$1 (${kind[$1]}) does not start"
    fi
    pid[$1]=$(head -n 1 "$2" | tr -d ' ')
}

# A process that has ended is gone even while nobody has asked for its exit status yet.
is_gone() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"; }

end_process() {
    kill -TERM "$1" 2>/dev/null
    wait_for 30 is_gone "$1" || kill -KILL "$1" 2>/dev/null
}

# stop_server NAME: its folder stays, so that it can be started again.
stop_server() {
    [ -n "${pid[$1]:-}" ] || return 0
    end_process "${pid[$1]}"
    unset "pid[$1]"
}

# silent_while NAME COMMAND...: meanwhile whoever connects or asks gets no answer. Those that answer are children of the first process, or of these.
silent_while() {
    local number=${pid[$1]} list
    shift
    mapfile -t list < <(
        printf '%s\n' "$number"
        pgrep -P "$number"
        pgrep -P "$(pgrep -d , -P "$number")"
    )
    kill -STOP "${list[@]}"
    "$@"
    kill -CONT "${list[@]}"
}

# server_log NAME: all that it has logged.
server_log() {
    case ${kind[$1]} in
    postfix | nsd) cat "${home[$1]}/log" ;;
    exim) cat "${home[$1]}"/log/* ;;
    sendmail) cat "${home[$1]}"/{log,traffic} ;;
    esac 2>/dev/null
}

# mail_log NAME: the file in which it tells of messages; sendmail only as our own server.
mail_log() {
    case ${kind[$1]} in
    exim) printf '%s' "${home[$1]}/log/mainlog" ;;
    *) printf '%s' "${home[$1]}/log" ;;
    esac
}

# queue_count NAME: messages that it holds.
queue_count() {
    case ${kind[$1]} in
    # Its queue manager moves them meanwhile.
    postfix) find "${home[$1]}"/queue/{incoming,active,deferred,active} -type f -printf '%f\n' | sort -u ;;
    exim) find "${home[$1]}/spool/input" -name '*-H' ;;
    sendmail) find "${home[$1]}/queue" -name 'qf*' ;;
    esac 2>/dev/null | wc -l
}

# processes NAME: of a server, one a line; they work below its folder.
processes() { find /proc -maxdepth 2 -name cwd -lname "${home[$1]}/*" 2>/dev/null | cut -d / -f 3; }

# is_at_rest NAME: an Exim or a sendmail delivers nothing: what one of its processes has nobody else sends, though it be asked for. (What a
# Postfix has put off lies in a folder of its own.)
is_at_rest() { [ "${kind[$1]}" = postfix ] || ! processes "$1" | grep -qvx "${pid[$1]:-}"; }

# deferred_count NAME: messages whose delivery it has tried in vain, and now lets lie.
deferred_count() {
    is_at_rest "$1" || { echo 'still at work' && return; }
    case ${kind[$1]} in
    postfix) find "${home[$1]}/queue/deferred" -type f 2>/dev/null | wc -l ;;
    exim) server_log "$1" | awk '$4 == "==" && !seen[$3]++ { n++ } END { print n + 0 }' ;;
    sendmail) grep -l '^MDeferred' "${home[$1]}"/queue/qf* 2>/dev/null | wc -l ;;
    esac
}

# --- Postfix ----------------------------------------------------------------------------------------------------------------

# Further listeners of the Postfix backups: "PORT OPTION..." or "ADDRESS:PORT OPTION...", the options as in master.cf.
listeners=()

# write_postfix NAME SETTING...: main.cf and master.cf; the settings come last and win. Its certificates are those of
# make_certificates, at $config_directory.
write_postfix() {
    local name=$1 folder here
    shift
    folder=$(inside "$name")
    here=${home[$name]}
    mkdir -p "$here"/{config,queue,data}
    give "$name" postfix data
    [ ! -d "$tmp/tls" ] || cp "$tmp"/tls/*.pem "$here/config/"
    printf '%s\n' 'compatibility_level = 3.6' "queue_directory = $folder/queue" "data_directory = $folder/data" \
        "maillog_file = $folder/log" 'maillog_file_prefixes = /srv' "myhostname = $name.test" 'mydestination =' \
        'inet_protocols = all' 'mynetworks = 127.0.0.0/8 [::1]' 'alias_maps =' 'alias_database =' \
        'smtp_dns_support_level = disabled' 'smtp_host_lookup = native' 'smtpd_peername_lookup = no' \
        'minimal_backoff_time = 1000s' 'maximal_backoff_time = 4000s' 'queue_run_delay = 1000s' \
        "smtpd_sasl_local_domain = $name.test" "$@" >"$here/config/main.cf"
    postfix_services "$name" >"$here/config/master.cf"
}

postfix_services() {
    local name=$1 service where
    for service in "$SMTP_PORT" "$SMTPS_PORT -o smtpd_tls_wrappermode=yes" ${listeners[@]+"${listeners[@]}"}; do
        [ "$name" = primary ] && [ "$service" != "$SMTP_PORT" ] && continue
        where=${service%% *}
        [[ $where == *:* ]] || where=${address[$name]}:$where
        printf '%s inet n - n - - smtpd %s\n' "$where" "${service#"${service%% *}"}"
    done
    for service in smtp relay:smtp error retry:error rewrite:trivial-rewrite proxymap; do
        printf '%s unix - - n - - %s\n' "${service%:*}" "${service#*:}"
    done
    for service in bounce defer trace; do
        printf '%s unix - - n - 0 bounce\n' "$service"
    done
    printf '%s\n' 'pickup unix n - n 60 1 pickup' 'cleanup unix n - n - 0 cleanup' 'qmgr unix n - n 300 1 qmgr' \
        'virtual unix - n n - - virtual' 'flush unix n - n 1000? 0 flush' 'showq unix n - n - - showq' \
        'anvil unix - - n - 1 anvil' 'scache unix - - n - 1 scache' 'tlsmgr unix - - n 1000? 1 tlsmgr' \
        'postlog unix-dgram n - n - 1 postlogd'
}

# postfix_starts NAME: how often its log says that it has started.
postfix_starts() { grep -c 'daemon started' "${home[$1]}/log" 2>/dev/null || :; }
has_started() { [ "$(postfix_starts "$1")" -gt "$2" ]; }

# launch_postfix NAME: starts what is configured, also again after stop_server. Seldom its master listens and then stands still before it says
# that it has started: then it is started anew.
launch_postfix() {
    local name=$1 before attempt
    before=$(postfix_starts "$name")
    for attempt in 1 2; do
        in_root "$name" postfix -c "$(inside "$name")/config" start >"${home[$name]}/start" 2>&1 ||
            { cat "${home[$name]}/start"; die "$name (Postfix) does not start"; }
        is_up "$name" "${home[$name]}/queue/pid/master.pid"
        ! wait_for 60 has_started "$name" "${before:-0}" || return 0
        printf 'note: %s (Postfix) stands still at its start, for the %d. time\n' "$name" "$attempt"
        stop_server "$name"
    done
    die "$name (Postfix) does not start"
}

# start_postfix_backup NAME [SETTING...]: ETRN for $domains, whose mail goes to the primary, with a first retry far away.
start_postfix_backup() {
    local name=$1
    shift
    new_server "$name" postfix postfix
    write_sasl "$name"
    # $relay_domains is Postfix's.
    # shellcheck disable=SC2016
    write_postfix "$name" "relay_domains = ${domains[*]}" 'fast_flush_domains = $relay_domains' \
        "relay_transport = smtp:[$PRIMARY]:$SMTP_PORT" 'smtpd_relay_restrictions = permit_auth_destination, reject' "$@"
    launch_postfix "$name"
}

# The one user that may log in. Debian's Postfix looks for SASL's settings in $config_directory/sasl.
write_sasl() {
    local name=$1 folder
    folder=$(inside "$name")/config
    mkdir -p "${home[$name]}/config/sasl"
    printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' "sasldb_path: $folder/sasldb2" \
        'mech_list: PLAIN LOGIN CRAM-MD5' >"${home[$name]}/config/sasl/smtpd.conf"
    printf '%s' "$SERVER_PASSWORD" | env -i PATH=/usr/sbin:/usr/bin chroot "${root[$name]}" \
        saslpasswd2 -p -c -f "$folder/sasldb2" -u "$name.test" "$SERVER_USER" 9>&-
    give "$name" postfix config/sasldb2
}

# start_postfix_primary [SETTING...]: our own server at $PRIMARY, which keeps everything for $domains in one mailbox file.
start_postfix_primary() {
    if new_primary postfix postfix; then
        chown 65534:65534 "${home[primary]}/mail"
        write_postfix primary "virtual_mailbox_domains = ${domains[*]}" 'virtual_mailbox_maps = static:all.mbox' \
            "virtual_mailbox_base = $(inside primary)/mail" 'virtual_uid_maps = static:65534' \
            'virtual_gid_maps = static:65534' "$@"
    fi
    launch_postfix primary
}

# --- Exim -------------------------------------------------------------------------------------------------------------------

exim_etrn_acl='accept'     # the ACL of Exim's ETRN; set it before start_exim_backup

# start_exim_backup NAME [SETTING...]: settings of Exim's main section. The certificates are at $config_dir.
start_exim_backup() {
    local name=$1
    shift
    new_server "$name" exim exim
    {
        exim_main "$name" 'acl_smtp_etrn = check_etrn' "$@"
        printf '%s\n' 'check_etrn:' "  $exim_etrn_acl"
        printf '%s\n' 'begin routers' 'to_primary:' '  driver = manualroute' "  route_list = * $PRIMARY" \
            '  self = send' '  transport = to_primary'
        printf '%s\n' 'begin transports' 'to_primary:' '  driver = smtp' "  port = $SMTP_PORT" '  allow_localhost'
        printf '%s\n' 'begin retry' '* * F,4d,1h'
    } >"${home[$name]}/exim.conf"
    launch_exim "$name"
}

# start_exim_primary [SETTING...]: what start_postfix_primary does.
start_exim_primary() {
    if new_primary exim exim; then
        give primary Debian-exim mail
        {
            exim_main primary "$@"
            printf '%s\n' 'begin routers' 'ours:' '  driver = accept' '  transport = mailbox'
            printf '%s\n' 'begin transports' 'mailbox:' '  driver = appendfile' "  file = $(inside primary)/mail/all.mbox" \
                '  use_lockfile = false' '  lock_fcntl_timeout = 30s'
        } >"${home[primary]}/exim.conf"
    fi
    launch_exim primary
}

# exim_main NAME SETTING...: the main section, and the beginning of the ACLs.
exim_main() {
    local name=$1 folder list
    shift
    folder=$(inside "$name")
    mkdir -p "${home[$name]}"/{log,spool}
    [ ! -d "$tmp/tls" ] || cp "$tmp"/tls/*.pem "${home[$name]}/"
    give "$name" Debian-exim log spool
    list=$(IFS=:; printf '%s' "${domains[*]}")
    [[ $* == *tls_advertise_hosts* ]] || set -- 'tls_advertise_hosts =' "$@"
    printf '%s\n' "primary_hostname = $name.test" "spool_directory = $folder/spool" "log_file_path = $folder/log/%slog" \
        'deliver_drop_privilege' 'host_lookup =' 'rfc1413_query_timeout = 0s' 'keep_environment =' \
        'smtp_accept_queue_per_connection = 0' "domainlist backed = $list" 'acl_smtp_rcpt = check_rcpt' "$@"
    printf '%s\n' 'begin acl' 'check_rcpt:' '  accept domains = +backed' '  deny'
}

launch_exim() {
    local name=$1 folder
    folder=$(inside "$name")
    rm -f "${home[$name]}/exim.pid"
    in_root "$name" exim4 -C "$folder/exim.conf" -bd -oP "$folder/exim.pid" -oX "<; [${address[$name]}]:$SMTP_PORT" ||
        die "$name (Exim) does not start"
    is_up "$name" "${home[$name]}/exim.pid"
}

# age_message FILE DAYS: Exim takes the message with this header file for so old.
age_message() {
    local text
    text=$(sed "4s/^[0-9]*/$(($(date +%s) - 86400 * $2))/" "$1")
    printf '%s\n' "$text" >"$1"
}

# --- sendmail ---------------------------------------------------------------------------------------------------------------

start_sendmail_backup() {
    local name=$1
    new_server "$name" sendmail sendmail
    : >"${home[$name]}/aliases"
    make_sendmail "$name" "define(\`SMART_HOST', \`relay:[$PRIMARY]')"
}

# start_sendmail_primary: what start_postfix_primary does, for the user "user". What it says to syslog is in its folder's file log; needs
# own_network, whose mounts are the test's own.
start_sendmail_primary() {
    local here
    if new_primary sendmail sendmail; then
        here=${home[primary]}
        chown 65534:65534 "$here/mail"
        printf 'user: %s/mail/all.mbox\npostmaster: user\n' "$(inside primary)" >"$here/aliases"
        "$SYSLOGD" "$here/socket" "$here/log" >/dev/null 2>&1 </dev/null 9>&- &
        processes+=($!)
        if ! wait_for "$SOON" test -S "$here/socket" || ! touch "${root[primary]}/dev/log" || ! mount --bind "$here/socket" "${root[primary]}/dev/log"; then
            die 'sendmail gets no syslog'
        fi
        make_sendmail primary "define(\`confDEF_USER_ID', \`65534:65534')" "LOCAL_DOMAIN(\`${domains[*]}')"
    else
        launch_sendmail primary
    fi
}

# make_sendmail NAME LINE...: its configuration, with these lines, and starts it.
make_sendmail() {
    local name=$1 folder
    folder=$(inside "$name")
    mkdir -m 700 "${home[$name]}/queue"
    printf 'hosts files\naliases files\n' >"${home[$name]}/service.switch"
    printf '%s\n' "${domains[@]}" >"${home[$name]}/relay-domains"
    sendmail_macros "$name" "$folder" "${@:2}" >"${home[$name]}/sendmail.mc"
    in_root "$name" m4 "$folder/sendmail.mc" >"${home[$name]}/sendmail.cf" || die "$name: m4 fails"
    launch_sendmail "$name"
}

# sendmail_macros NAME FOLDER LINE...: the source of its sendmail.cf. No DNS, and no queue run of its own.
sendmail_macros() {
    printf '%s\n' "include(\`/usr/share/sendmail/cf/m4/cf.m4')" "OSTYPE(\`linux')" "define(\`confDOMAIN_NAME', \`$1.test')" \
        "define(\`RELAY_MAILER_ARGS', \`TCP \$h $SMTP_PORT')" \
        "define(\`QUEUE_DIR', \`$2/queue')" "define(\`confPID_FILE', \`$2/sendmail.pid')" \
        "define(\`ALIAS_FILE', \`$2/aliases')" "define(\`STATUS_FILE', \`$2/statistics')" \
        "define(\`confSERVICE_SWITCH_FILE', \`$2/service.switch')" "define(\`confCR_FILE', \`$2/relay-domains')" \
        "define(\`confTO_IDENT', \`0')" "define(\`confDONT_PROBE_INTERFACES', \`True')" \
        "FEATURE(\`no_default_msa')" "FEATURE(\`nocanonify')" "FEATURE(\`accept_unresolvable_domains')" \
        "DAEMON_OPTIONS(\`Name=MTA, Addr=${address[$1]}, Port=$SMTP_PORT')" "${@:3}" "MAILER(\`local')" "MAILER(\`smtp')"
}

launch_sendmail() {
    local name=$1 folder
    folder=$(inside "$name")
    rm -f "${home[$name]}/sendmail.pid"
    in_root "$name" /usr/libexec/sendmail/sendmail -bd -L sm-mta -C "$folder/sendmail.cf" -X "$folder/traffic" ||
        die "$name (sendmail) does not start"
    is_up "$name" "${home[$name]}/sendmail.pid"
}
