#ifndef MXPULL_SRC_PLATFORM_COMMON_PEERS_COMMON_H
#define MXPULL_SRC_PLATFORM_COMMON_PEERS_COMMON_H

#include <mxpull/base/status.h>
#include <mxpull/platform/host.h>

#include <stdbool.h>
#include <stddef.h>

/* A TCP socket, as a system lists it. */
struct tcp_socket {
    unsigned char local[HOST_IP_SIZE], remote[HOST_IP_SIZE]; /* IPv4 as IPv4-mapped IPv6 */
    int local_port, remote_port; /* so far it tells one connection from others, without gaps */
    enum tcp_state {
        TCP_STATE_OTHER, /* no connection yet, or none any more */
        TCP_STATE_LISTENS,
        TCP_STATE_STANDS,
        TCP_STATE_ENDED /* as host_peer's has_ended */
    } state;
};

/* Sockets of one local port. Starts as all zero, and peers_done frees it. */
struct tcp_sockets {
    struct tcp_socket *listeners, *connections;
    size_t listener_count, connection_count;
};

/* Writes an address of 4 or 16 bytes, in network order, in the form of a tcp_socket's. */
void peers_write_address(unsigned char target[HOST_IP_SIZE], const void *bytes, size_t size);

/* Adds the socket if it is of that local port, and no other one. */
void peers_add(struct tcp_sockets *sockets, int port, const struct tcp_socket *socket);

void peers_done(struct tcp_sockets *sockets);

/* What each system has: adds its TCP sockets. They may be incomplete, and are to be freed, after a failure too. */
enum status system_tcp_sockets(struct tcp_sockets *sockets, int port, struct error *error);

#endif
