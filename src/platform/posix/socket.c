/* Sockets of others, and how many there may be, on POSIX. */
#include "system.h"

#include <mxpull/platform/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

intptr_t socket_open(int family, int type, int protocol, int *number)
{
    int opened = socket(family, type, protocol);

    if (opened < 0)
        *number = errno;
    else
        (void)fcntl(opened, F_SETFD, FD_CLOEXEC);
    return opened;
}

void socket_close(intptr_t socket)
{
    (void)close((int)socket);
}

bool system_socket_is_busy(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

const char *socket_error_text(int number)
{
    return system_error_text(number);
}

bool socket_is_short(int number)
{
    return system_status(number) == STATUS_SHORTAGE;
}

bool socket_has_no_route(int number)
{
    return number == ENETUNREACH || number == EADDRNOTAVAIL || number == EAFNOSUPPORT;
}

size_t socket_raise_limit(size_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted) {
        limit.rlim_cur =
            limit.rlim_max == RLIM_INFINITY || wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > wanted ? wanted
                                                                      : (size_t)limit.rlim_cur;
}

const char *socket_tls_version(void *session)
{
    (void)session; /* the system has no TLS of its own */
    return "TLS";
}
