# shellcheck shell=bash disable=SC2034,SC2154
# A network of the test's own, in which our server and each other one have an address as on the Internet; sourced behind lib.sh, before `needs`.
# The test itself runs on our server's machine, where mail comes in at $PRIMARY, and what goes out, mxpull's questions too, goes from $OURS.
PRIMARY=192.0.2.1
OURS=192.0.2.9

# own_network ARGUMENT...: the test, which has these arguments, goes on in a network and among mounts of its own.
own_network() {
    become_root "$@"
    command -v ip >/dev/null || skip 'the program ip is not installed (contrib/packages.sh test)'
    if [ -z "${OWN_NETWORK:-}" ]; then
        unshare --net --mount true 2>/dev/null || skip 'no network namespace can be had (unshare --net --mount)'
        OWN_NETWORK=yes exec unshare --net --mount bash "$0" "$@"
    fi
    if ! ip link set lo up || ! ip address add "$PRIMARY/32" dev lo || ! ip address add "$OURS/32" dev lo; then
        die 'ip fails'
    fi
}

# new_host NAME ADDRESS: a machine of that address, in 192.0.2.0/24, whose wire leads to ours; on_host NAME COMMAND... runs there.
new_host() {
    local name=$1 there ready=$tmp/host.$1
    # It is there while a process is.
    # shellcheck disable=SC2016
    unshare --net bash -c 'echo >"$1" && exec sleep 1000' host "$ready" >/dev/null 2>&1 </dev/null 9>&- &
    there=$!
    processes+=("$there")
    wait_for "$SOON" test -s "$ready" || die 'unshare --net fails'
    address["$name"]=$2
    enter["$name"]="nsenter --net=/proc/$there/ns/net"
    if ! ip link add "to-$name" type veth peer name eth0 netns "$there" || ! ip link set "to-$name" up ||
        ! ip route add "$2/32" dev "to-$name" src "$OURS" || ! on_host "$name" ip address add "$2/32" dev eth0 ||
        ! on_host "$name" ip link set lo up || ! on_host "$name" ip link set eth0 up || ! on_host "$name" ip route add 192.0.2.0/24 dev eth0 src "$2"; then
        die 'ip fails'
    fi
}

on_host() {
    local name=$1
    shift
    ${enter[$name]} "$@"
}

# shut_the_way NAME, open_the_way NAME: from that machine to our server; it can be asked all the same.
shut_the_way() { on_host "$1" ip route add unreachable "$PRIMARY/32" || die 'ip route fails'; }
open_the_way() { on_host "$1" ip route delete unreachable "$PRIMARY/32" || die 'ip route fails'; }

# hold NAME COUNT: shuts that machine's way, and so many messages wait there: it has tried each of them, for what is just being tried it does not
# send when asked.
hold() {
    local before
    expect_soon 'messages left at the backup' 0 queue_count "$1"
    wait_for "$SOON" is_at_rest "$1" || fail "$1 does not come to rest"
    before=$(deferred_count "$1") # Exim's log tells of all that ever were
    shut_the_way "$1"
    submit_messages "$1" "$2"
    expect_soon 'messages deferred at the backup' "$((before + $2))" deferred_count "$1"
}
