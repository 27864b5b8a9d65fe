/* The TCP sockets of this machine. Windows tells them to everybody. */
#include "peers_common.h"
#include "system.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <iphlpapi.h>
#include <stdlib.h>

enum {
    TABLE_SIZE = 64 * 1024,
    TRIES = 8
};

static enum tcp_state state_of(DWORD number)
{
    static const enum tcp_state states[] = {
        [MIB_TCP_STATE_LISTEN] = TCP_STATE_LISTENS,    [MIB_TCP_STATE_ESTAB] = TCP_STATE_STANDS,
        [MIB_TCP_STATE_FIN_WAIT1] = TCP_STATE_ENDED,   [MIB_TCP_STATE_FIN_WAIT2] = TCP_STATE_ENDED,
        [MIB_TCP_STATE_CLOSE_WAIT] = TCP_STATE_STANDS, /* this end may still answer */
        [MIB_TCP_STATE_CLOSING] = TCP_STATE_ENDED,     [MIB_TCP_STATE_LAST_ACK] = TCP_STATE_ENDED,
        [MIB_TCP_STATE_TIME_WAIT] = TCP_STATE_ENDED,
    };

    return number < COUNT_OF(states) ? states[number] : TCP_STATE_OTHER;
}

/* The system's table of that family, to be freed; NULL with *number set to its error. */
static void *read_table(ULONG family, DWORD *number)
{
    DWORD size = TABLE_SIZE;
    void *table = NULL;

    *number = ERROR_INSUFFICIENT_BUFFER;
    for (int i = 0; i < TRIES && *number == ERROR_INSUFFICIENT_BUFFER; i++) {
        size += size / 4; /* it says how much it needs, and there may be more the next moment */
        table = memory_resize(table, size, 1);
        *number = GetExtendedTcpTable(table, &size, FALSE, family, TCP_TABLE_OWNER_PID_ALL, 0);
    }
    if (*number == NO_ERROR)
        return table;
    free(table);
    return NULL;
}

static int port_of(DWORD port)
{
    return ntohs((u_short)port);
}

static DWORD add_4(struct tcp_sockets *sockets, int port)
{
    DWORD number;
    MIB_TCPTABLE_OWNER_PID *table = read_table(AF_INET, &number);

    for (DWORD i = 0; table != NULL && i < table->dwNumEntries; i++) {
        const MIB_TCPROW_OWNER_PID *row = &table->table[i];
        struct tcp_socket socket = {.local_port = port_of(row->dwLocalPort),
                                    .remote_port = port_of(row->dwRemotePort),
                                    .state = state_of(row->dwState)};

        peers_write_address(socket.local, &row->dwLocalAddr, sizeof row->dwLocalAddr);
        peers_write_address(socket.remote, &row->dwRemoteAddr, sizeof row->dwRemoteAddr);
        peers_add(sockets, port, &socket);
    }
    free(table);
    return number;
}

static DWORD add_6(struct tcp_sockets *sockets, int port)
{
    DWORD number;
    MIB_TCP6TABLE_OWNER_PID *table = read_table(AF_INET6, &number);

    for (DWORD i = 0; table != NULL && i < table->dwNumEntries; i++) {
        const MIB_TCP6ROW_OWNER_PID *row = &table->table[i];
        struct tcp_socket socket = {.local_port = port_of(row->dwLocalPort),
                                    .remote_port = port_of(row->dwRemotePort),
                                    .state = state_of(row->dwState)};

        peers_write_address(socket.local, row->ucLocalAddr, sizeof row->ucLocalAddr);
        peers_write_address(socket.remote, row->ucRemoteAddr, sizeof row->ucRemoteAddr);
        peers_add(sockets, port, &socket);
    }
    free(table);
    return number;
}

enum status system_tcp_sockets(struct tcp_sockets *sockets, int port, struct error *error)
{
    DWORD number = add_4(sockets, port);

    if (number == NO_ERROR && (number = add_6(sockets, port)) == ERROR_NOT_SUPPORTED)
        number = NO_ERROR; /* there is no IPv6 */
    return number == NO_ERROR ? STATUS_OK
                              : system_fail(error, "GetExtendedTcpTable", "the system", number);
}
