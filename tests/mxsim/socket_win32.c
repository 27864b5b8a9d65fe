/* Sockets and waiting for them on Windows. There are no UNIX sockets here. */
#include "socket.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <winsock2.h>
#include <ws2tcpip.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct sockaddr_storage) <= sizeof(((struct socket_address *)0)->bytes),
               "an address of any family fits");

static const struct sockaddr *plain(const struct socket_address *address)
{
    return (const struct sockaddr *)(const void *)address->bytes;
}

static int family(const struct socket_address *address)
{
    return plain(address)->sa_family;
}

static void address_set(struct socket_address *address, const void *bytes, size_t size)
{
    *address = (struct socket_address){.size = size};
    memcpy(address->bytes, bytes, size);
}

/* Before the first call of the system's sockets, whoever makes it. */
static void start_sockets(void)
{
    static WSADATA facts;

    if (facts.wVersion == 0)
        (void)WSAStartup(MAKEWORD(2, 2), &facts);
}

bool socket_address_parse(const char *text, struct socket_address *address)
{
    char host[64];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(text, ':');
    int64_t port;

    start_sockets();
    if (colon == NULL || !text_to_number(colon + 1, 0, 65535, &port))
        return false;
    size_t size = (size_t)(colon - text);
    bool bracketed = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (bracketed)
        text++, size -= 2;
    if (size >= sizeof host || (!bracketed && memchr(text, ':', size) != NULL))
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    hints.ai_family = bracketed ? AF_INET6 : AF_INET;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return false;
    address_set(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

char *socket_address_format(const struct socket_address *address, char target[SOCKET_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->size > 0 && family(address) == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address->bytes, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        (void)snprintf(target, SOCKET_ADDRESS_TEXT, "%s:%d", host, ntohs(v4.sin_port));
    } else {
        struct sockaddr_in6 v6 = {0};
        if (address->size >= sizeof v6)
            memcpy(&v6, address->bytes, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        (void)snprintf(target, SOCKET_ADDRESS_TEXT, "[%s]:%d", host, ntohs(v6.sin6_port));
    }
    return target;
}

bool socket_address_next(struct socket_address *address)
{
    struct sockaddr_in v4;

    if (family(address) != AF_INET)
        return false;
    memcpy(&v4, address->bytes, sizeof v4);
    uint32_t number = ntohl(v4.sin_addr.s_addr);
    if (number == UINT32_MAX)
        return false;
    v4.sin_addr.s_addr = htonl(number + 1);
    address_set(address, &v4, sizeof v4);
    return true;
}

void socket_prepare(void)
{
    start_sockets();
}

static void set_option(SOCKET socket, int level, int option)
{
    int on = 1;

    (void)setsockopt(socket, level, option, (const char *)&on, sizeof on);
}

/* One that does not block and that no child inherits. */
static SOCKET prepared(SOCKET socket)
{
    u_long on = 1;

    if (socket != INVALID_SOCKET) {
        (void)ioctlsocket(socket, (long)FIONBIO, &on);
        (void)SetHandleInformation((HANDLE)socket, HANDLE_FLAG_INHERIT, 0);
    }
    return socket;
}

static enum status fail(struct error *error)
{
    return error_set(error, STATUS_SYSTEM, "error %d of the system's sockets", WSAGetLastError());
}

intptr_t socket_listen(struct socket_address *address, struct error *error)
{
    SOCKET listener = prepared(socket(family(address), SOCK_STREAM, 0));
    int size = (int)address->size;

    if (listener == INVALID_SOCKET) {
        (void)fail(error);
        return SOCKET_NONE;
    }
    set_option(listener, SOL_SOCKET, SO_EXCLUSIVEADDRUSE);
    if (family(address) == AF_INET6)
        set_option(listener, IPPROTO_IPV6, IPV6_V6ONLY);
    if (bind(listener, plain(address), size) != 0 || listen(listener, SOMAXCONN) != 0) {
        (void)fail(error);
        (void)closesocket(listener);
        return SOCKET_NONE;
    }
    size = sizeof address->bytes;
    (void)getsockname(listener, (struct sockaddr *)(void *)address->bytes, &size);
    address->size = (size_t)size;
    return (intptr_t)listener;
}

intptr_t socket_accept(intptr_t listener, struct socket_address *peer)
{
    *peer = (struct socket_address){.size = 0};
    int size = sizeof peer->bytes;
    SOCKET client =
        prepared(accept((SOCKET)listener, (struct sockaddr *)(void *)peer->bytes, &size));

    if (client == INVALID_SOCKET)
        return WSAGetLastError() == WSAEMFILE ? SOCKET_EXHAUSTED : SOCKET_NONE;
    peer->size = (size_t)size;
    set_option(client, IPPROTO_TCP, TCP_NODELAY);
    return (intptr_t)client;
}

/* The source of a connection is the server's own address, so that the other side sees who delivers.
 */
static void bind_source(SOCKET socket, const struct socket_address *from)
{
    if (family(from) == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from->bytes, sizeof v4);
        v4.sin_port = 0;
        (void)bind(socket, (const struct sockaddr *)(const void *)&v4, sizeof v4);
    } else if (family(from) == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from->bytes, sizeof v6);
        v6.sin6_port = 0;
        (void)bind(socket, (const struct sockaddr *)(const void *)&v6, sizeof v6);
    }
}

intptr_t socket_connect(const struct socket_address *from, const struct socket_address *to)
{
    SOCKET made = prepared(socket(family(to), SOCK_STREAM, 0));

    if (made == INVALID_SOCKET)
        return SOCKET_NONE;
    if (from != NULL && family(from) == family(to))
        bind_source(made, from);
    set_option(made, IPPROTO_TCP, TCP_NODELAY);
    if (connect(made, plain(to), (int)to->size) != 0 && WSAGetLastError() != WSAEWOULDBLOCK) {
        (void)closesocket(made);
        return SOCKET_NONE;
    }
    return (intptr_t)made;
}

bool socket_is_connected(intptr_t socket)
{
    int failure = 0;
    int size = sizeof failure;

    return getsockopt((SOCKET)socket, SOL_SOCKET, SO_ERROR, (char *)&failure, &size) == 0 &&
           failure == 0;
}

static ptrdiff_t io_failure(void)
{
    return WSAGetLastError() == WSAEWOULDBLOCK ? IO_AGAIN : IO_BROKEN;
}

static int size_of(size_t size)
{
    return size < INT_MAX ? (int)size : INT_MAX;
}

ptrdiff_t socket_read(intptr_t socket, char *bytes, size_t size)
{
    ptrdiff_t got = recv((SOCKET)socket, bytes, size_of(size), 0);

    return got >= 0 ? got : io_failure();
}

ptrdiff_t socket_write(intptr_t socket, const char *bytes, size_t size)
{
    ptrdiff_t put = send((SOCKET)socket, bytes, size_of(size), 0);

    return put >= 0 ? put : io_failure();
}

void socket_end_writing(intptr_t socket)
{
    (void)shutdown((SOCKET)socket, SD_SEND);
}

void socket_close(intptr_t socket)
{
    if (socket != SOCKET_NONE)
        (void)closesocket((SOCKET)socket);
}

void socket_reset(intptr_t socket)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt((SOCKET)socket, SOL_SOCKET, SO_LINGER, (const char *)&at_once, sizeof at_once);
    (void)closesocket((SOCKET)socket);
}

/* Two lists in step, for WSAPoll wants the one as it is. */
struct poller {
    WSAPOLLFD *sockets;
    void **tags;
    size_t count, capacity;
};

struct poller *poller_new(void)
{
    return memory_new(1, sizeof(struct poller));
}

void poller_free(struct poller *poller)
{
    if (poller == NULL)
        return;
    free(poller->sockets);
    free(poller->tags);
    free(poller);
}

static size_t find(const struct poller *poller, intptr_t socket)
{
    size_t i = 0;

    while (i < poller->count && poller->sockets[i].fd != (SOCKET)socket)
        i++;
    return i;
}

static void add(struct poller *poller)
{
    if (poller->count == poller->capacity) {
        poller->capacity = poller->capacity > 0 ? poller->capacity * 2 : 64;
        poller->sockets = memory_resize(poller->sockets, poller->capacity, sizeof *poller->sockets);
        poller->tags = memory_resize(poller->tags, poller->capacity, sizeof(void *));
    }
    poller->count++;
}

bool poller_set(struct poller *poller, intptr_t socket, unsigned was, unsigned now, void *tag)
{
    int events = (now & POLLER_READ ? POLLRDNORM : 0) | (now & POLLER_WRITE ? POLLWRNORM : 0);
    size_t at;

    if (was == now)
        return true;
    at = find(poller, socket);
    if (now == 0) {
        if (at == poller->count)
            return false;
        poller->count--;
        poller->sockets[at] = poller->sockets[poller->count];
        poller->tags[at] = poller->tags[poller->count];
        return true;
    }
    if (at == poller->count)
        add(poller);
    poller->sockets[at] = (WSAPOLLFD){.fd = (SOCKET)socket, .events = (SHORT)events};
    poller->tags[at] = tag;
    return true;
}

size_t poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events, size_t size)
{
    size_t count = 0;

    if (poller->count == 0) {
        Sleep(timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms);
        return 0;
    }
    if (WSAPoll(poller->sockets, (ULONG)poller->count, timeout_ms) <= 0)
        return 0;
    for (size_t i = 0; i < poller->count && count < size; i++) {
        int seen = poller->sockets[i].revents;

        if (seen == 0)
            continue;
        events[count].tag = poller->tags[i];
        events[count++].events = (seen & POLLRDNORM ? POLLER_READ : 0U) |
                                 (seen & POLLWRNORM ? POLLER_WRITE : 0U) |
                                 (seen & (POLLERR | POLLHUP | POLLNVAL) ? POLLER_BROKEN : 0U);
    }
    return count;
}
