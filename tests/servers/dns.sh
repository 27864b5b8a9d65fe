# shellcheck shell=bash disable=SC2154
# A real DNS server (NSD) with a zone for each fault; to be sourced after lib.sh. It answers REFUSED for zones that it does not
# have, SERVFAIL for those of dns_lame_zone, and nothing at all in silent_while.
DNS_PORT=24053
DNS=127.125.$TEST_NUMBER.253:$DNS_PORT # for dns_server

# dns_zone NAME: its records are read from standard input, as in a zone file, names relative to NAME; only TTL, SOA and NS are
# there already. May be called again while the server runs.
dns_zone() {
    dns_make
    {
        printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns.invalid. root.invalid. 1 60 60 60 60\n@ NS ns.invalid.\n' "$1"
        cat
    } >"${home[dns]}/zones/$1"
    rm -f "${home[dns]}/lame/$1"
}

# dns_lame_zone NAME
dns_lame_zone() {
    dns_make
    rm -f "${home[dns]}/zones/$1"
    : >"${home[dns]}/lame/$1"
}

dns_make() {
    [ -z "${home[dns]:-}" ] || return 0
    address[dns]=${DNS%:*}
    new_server dns nsd nsd
    mkdir "${home[dns]}"/{zones,lame}
}

# dns_start: also after zones have changed.
dns_start() {
    local folder zone
    folder=$(inside dns)
    stop_server dns
    rm -f "${home[dns]}/nsd.pid"
    {
        printf 'server:\n  ip-address: %s@%s\n  username: root\n  server-count: 1\n  database: ""\n  zonesdir: "%s/zones"\n' \
            "${address[dns]}" "$DNS_PORT" "$folder"
        printf '  pidfile: "%s/nsd.pid"\n  logfile: "%s/log"\n  zonelistfile: "%s/zone.list"\n  xfrdfile: "%s/xfrd.state"\n  xfrdir: "/tmp"\n' \
            "$folder" "$folder" "$folder" "$folder"
        printf '  verbosity: 2\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n'
        for zone in "${home[dns]}"/{zones,lame}/*; do
            [ -e "$zone" ] || continue
            printf 'zone:\n  name: "%s"\n  zonefile: "%s"\n' "${zone##*/}" "${zone##*/}"
        done
    } >"${home[dns]}/nsd.conf"
    in_root dns nsd -c "$folder/nsd.conf" || die "NSD does not start"
    if ! wait_for "$SOON" test -s "${home[dns]}/nsd.pid" || ! wait_for "$SOON" answers "${address[dns]}" "$DNS_PORT"; then
        die "NSD does not start"
    fi
    pid[dns]=$(tr -d ' \n' <"${home[dns]}/nsd.pid")
}

# dns_config EHLO-NAME: a configuration by which mxpull init asks this server.
dns_config() { printf 'dns_server = "%s"\nehlo_name = "%s"\nbackup "any" {\n    domains = {any.test}\n}\n' "$DNS" "$1"; }
