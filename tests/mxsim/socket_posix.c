/* Sockets and waiting for them on POSIX systems that have epoll. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif
#include "socket.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    EVENTS_MAX = 256
};

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

static bool parse_unix(const char *path, struct socket_address *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    if (*path == '\0' || !text_copy(local.sun_path, sizeof local.sun_path, path))
        return false;
    address_set(address, &local, sizeof local);
    return true;
}

bool socket_address_parse(const char *text, struct socket_address *address)
{
    char host[64];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int64_t port;

    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, address);
    const char *colon = strrchr(text, ':');
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
    } else if (address->size > 0 && family(address) == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address->bytes, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        (void)snprintf(target, SOCKET_ADDRESS_TEXT, "[%s]:%d", host, ntohs(v6.sin6_port));
    } else {
        struct sockaddr_un local = {.sun_family = AF_UNIX};
        if (address->size >= sizeof local)
            memcpy(&local, address->bytes, sizeof local);
        (void)snprintf(target, SOCKET_ADDRESS_TEXT, "unix:%s", local.sun_path);
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
    struct rlimit limit;

    (void)signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void set_option(int descriptor, int level, int option)
{
    int on = 1;

    (void)setsockopt(descriptor, level, option, &on, sizeof on);
}

/* What an earlier run left at this path, if it is a socket. */
static void remove_old_socket(const struct socket_address *address)
{
    struct sockaddr_un local;
    struct stat status;

    memcpy(&local, address->bytes, sizeof local);
    if (lstat(local.sun_path, &status) == 0 && S_ISSOCK(status.st_mode))
        (void)unlink(local.sun_path);
}

intptr_t socket_listen(struct socket_address *address, struct error *error)
{
    int descriptor = socket(family(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)address->size;

    if (descriptor >= 0 && family(address) == AF_UNIX)
        remove_old_socket(address);
    else if (descriptor >= 0)
        set_option(descriptor, SOL_SOCKET, SO_REUSEADDR);
    if (descriptor >= 0 && family(address) == AF_INET6)
        set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY);
    if (descriptor < 0 || bind(descriptor, plain(address), size) != 0 ||
        listen(descriptor, BACKLOG) != 0) {
        (void)error_set(error, STATUS_SYSTEM, "%s", strerror(errno));
        if (descriptor >= 0)
            (void)close(descriptor);
        return SOCKET_NONE;
    }
    if (family(address) != AF_UNIX) {
        size = sizeof address->bytes;
        (void)getsockname(descriptor, (struct sockaddr *)(void *)address->bytes, &size);
        address->size = size;
    }
    return descriptor;
}

intptr_t socket_accept(intptr_t listener, struct socket_address *peer)
{
    *peer = (struct socket_address){.size = 0};
    socklen_t size = sizeof peer->bytes;
    int descriptor = accept4((int)listener, (struct sockaddr *)(void *)peer->bytes, &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (descriptor < 0)
        return errno == EMFILE || errno == ENFILE ? SOCKET_EXHAUSTED : SOCKET_NONE;
    peer->size = size;
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    return descriptor;
}

/* The source of a connection is the server's own address, so that the other side sees who delivers.
 */
static void bind_source(int descriptor, const struct socket_address *from)
{
    if (family(from) == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from->bytes, sizeof v4);
        v4.sin_port = 0;
        (void)bind(descriptor, (const struct sockaddr *)(const void *)&v4, sizeof v4);
    } else if (family(from) == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from->bytes, sizeof v6);
        v6.sin6_port = 0;
        (void)bind(descriptor, (const struct sockaddr *)(const void *)&v6, sizeof v6);
    }
}

intptr_t socket_connect(const struct socket_address *from, const struct socket_address *to)
{
    int descriptor = socket(family(to), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (descriptor < 0)
        return SOCKET_NONE;
    if (from != NULL && family(from) == family(to))
        bind_source(descriptor, from);
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
    if (connect(descriptor, plain(to), (socklen_t)to->size) != 0 && errno != EINPROGRESS) {
        (void)close(descriptor);
        return SOCKET_NONE;
    }
    return descriptor;
}

bool socket_is_connected(intptr_t socket)
{
    int failure = 0;
    socklen_t size = sizeof failure;

    return getsockopt((int)socket, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

static ptrdiff_t io_failure(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IO_AGAIN : IO_BROKEN;
}

ptrdiff_t socket_read(intptr_t socket, char *bytes, size_t size)
{
    ptrdiff_t got = recv((int)socket, bytes, size, 0);

    return got >= 0 ? got : io_failure();
}

ptrdiff_t socket_write(intptr_t socket, const char *bytes, size_t size)
{
    ptrdiff_t put = send((int)socket, bytes, size, MSG_NOSIGNAL);

    return put >= 0 ? put : io_failure();
}

void socket_end_writing(intptr_t socket)
{
    (void)shutdown((int)socket, SHUT_WR);
}

void socket_close(intptr_t socket)
{
    if (socket != SOCKET_NONE)
        (void)close((int)socket);
}

void socket_reset(intptr_t socket)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt((int)socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close((int)socket);
}

struct poller {
    int descriptor;
    struct epoll_event events[EVENTS_MAX];
};

struct poller *poller_new(void)
{
    struct poller *poller = memory_new(1, sizeof *poller);

    poller->descriptor = epoll_create1(EPOLL_CLOEXEC);
    return poller;
}

void poller_free(struct poller *poller)
{
    if (poller == NULL)
        return;
    (void)close(poller->descriptor);
    free(poller);
}

bool poller_set(struct poller *poller, intptr_t socket, unsigned was, unsigned now, void *tag)
{
    struct epoll_event event = {.data.ptr = tag};

    event.events |= now & POLLER_READ ? (uint32_t)EPOLLIN : 0;
    event.events |= now & POLLER_WRITE ? (uint32_t)EPOLLOUT : 0;
    int operation = was == 0 ? EPOLL_CTL_ADD : now == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return was == now || epoll_ctl(poller->descriptor, operation, (int)socket, &event) == 0;
}

size_t poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events, size_t size)
{
    int room = size < EVENTS_MAX ? (int)size : EVENTS_MAX;
    int count = epoll_wait(poller->descriptor, poller->events, room, timeout_ms);

    for (int i = 0; i < count; i++) {
        uint32_t seen = poller->events[i].events;
        events[i].tag = poller->events[i].data.ptr;
        events[i].events = (seen & EPOLLIN ? POLLER_READ : 0U) |
                           (seen & EPOLLOUT ? POLLER_WRITE : 0U) |
                           (seen & (EPOLLERR | EPOLLHUP) ? POLLER_BROKEN : 0U);
    }
    return count > 0 ? (size_t)count : 0;
}
