/* Who is connected to a port of this machine. No system says which end has begun a connection; but a port at which a socket listens is
 * given to no connection that begins here. */
#include "peers_common.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

static const unsigned char mapped[HOST_IP_SIZE] = {[10] = 0xff, 0xff};

enum {
    MAPPED_SIZE = HOST_IP_SIZE - 4
};

void peers_write_address(unsigned char target[HOST_IP_SIZE], const void *bytes, size_t size)
{
    memcpy(target, mapped, HOST_IP_SIZE);
    memcpy(target + HOST_IP_SIZE - size, bytes, size);
}

void peers_add(struct tcp_sockets *sockets, int port, const struct tcp_socket *socket)
{
    const bool listens = socket->state == TCP_STATE_LISTENS;
    struct tcp_socket **list = listens ? &sockets->listeners : &sockets->connections;
    size_t *count = listens ? &sockets->listener_count : &sockets->connection_count;

    if (socket->local_port != port || socket->state == TCP_STATE_OTHER)
        return;
    *list = memory_more(*list, *count, sizeof **list);
    (*list)[(*count)++] = *socket;
}

void peers_done(struct tcp_sockets *sockets)
{
    free(sockets->listeners);
    free(sockets->connections);
}

static void write_text(char text[HOST_ADDRESS_SIZE], const unsigned char address[HOST_IP_SIZE])
{
    const bool is_4 = memcmp(address, mapped, MAPPED_SIZE) == 0;

    if (inet_ntop(is_4 ? AF_INET : AF_INET6, address + (is_4 ? MAPPED_SIZE : 0), text,
                  HOST_ADDRESS_SIZE) == NULL)
        text[0] = '\0';
}

/* Whether one of the listeners may have accepted it: one of that address, or of all addresses. */
static bool is_accepted(const struct tcp_sockets *sockets, const struct tcp_socket *connection)
{
    static const unsigned char all[HOST_IP_SIZE];

    for (size_t i = 0; i < sockets->listener_count; i++) {
        const unsigned char *address = sockets->listeners[i].local;

        if (memcmp(address, connection->local, HOST_IP_SIZE) == 0 ||
            memcmp(address, all, HOST_IP_SIZE) == 0 || memcmp(address, mapped, HOST_IP_SIZE) == 0)
            return true;
    }
    return false;
}

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, offsetof(struct tcp_socket, state));
}

/* While others come and go a system may list a connection twice. */
static void tell(struct tcp_sockets *sockets,
                 void (*peer)(void *context, const struct host_peer *peer), void *context)
{
    if (sockets->connection_count > 0)
        qsort(sockets->connections, sockets->connection_count, sizeof *sockets->connections,
              compare);
    for (size_t i = 0; i < sockets->connection_count; i++) {
        const struct tcp_socket *connection = &sockets->connections[i];
        struct host_peer told = {.port = connection->remote_port,
                                 .local_port = connection->local_port,
                                 .has_ended = connection->state == TCP_STATE_ENDED};

        if ((i > 0 && compare(connection - 1, connection) == 0) ||
            !is_accepted(sockets, connection))
            continue;
        write_text(told.address, connection->remote);
        write_text(told.local_address, connection->local);
        peer(context, &told);
    }
}

enum status host_peers(int port, void (*peer)(void *context, const struct host_peer *peer),
                       void *context, struct error *error)
{
    struct tcp_sockets sockets = {0};
    enum status status = system_tcp_sockets(&sockets, port, error);

    if (status == STATUS_OK && sockets.listener_count == 0)
        status = error_set(error, STATUS_UNREACHABLE, "nothing listens on port %d of this machine",
                           port);
    if (status == STATUS_OK)
        tell(&sockets, peer, context);
    peers_done(&sockets);
    return status;
}
