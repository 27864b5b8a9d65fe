/* The protocol of sd_notify(3), spoken by ourselves: each message is a datagram of NAME=value lines to
 * the UNIX socket that $NOTIFY_SOCKET names, by a path or, after "@", in Linux's abstract name space.
 * Nothing depends on whether it arrives, so no failure is told. */
#include <mxpull/platform/service.h>

#include <mxpull/base/text.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* SEND_TIMEOUT_S: how long the manager may leave its queue full before a message is lost. */
enum {
    STATUS_TEXT_SIZE = 512,
    RELOADING_SIZE = 64,
    SEND_TIMEOUT_S = 1,
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    NS_PER_US = 1000
};

/* Fills in the manager's address. Returns its size, or 0: there is none. */
static socklen_t find_manager(struct sockaddr_un *address)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (name == NULL || (name[0] != '/' && name[0] != '@') || name[1] == '\0' ||
        !text_copy(address->sun_path, sizeof address->sun_path, name))
        return 0;
    if (name[0] == '@')
        address->sun_path[0] = '\0'; /* and its length, not a NUL, ends the name */
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
}

static void tell(const char *message)
{
    struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
    struct sockaddr_un address;
    socklen_t size = find_manager(&address);
    int descriptor = size > 0 ? socket(AF_UNIX, SOCK_DGRAM, 0) : -1;

    if (descriptor < 0)
        return;
    (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    (void)sendto(descriptor, message, strlen(message), MSG_NOSIGNAL,
                 (const struct sockaddr *)&address, size);
    (void)close(descriptor);
}

bool service_connect(void)
{
    return false; /* systemd keeps what is written to standard error */
}

void service_tell(enum service_news news)
{
    static const char *const messages[] = {
        [SERVICE_IS_READY] = "READY=1",
        [SERVICE_IS_STOPPING] = "STOPPING=1",
        [SERVICE_IS_ALIVE] = "WATCHDOG=1",
    };
    char reloading[RELOADING_SIZE];
    struct timespec now = {0};

    if (news != SERVICE_IS_RELOADING) {
        tell(messages[news]);
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(reloading, sizeof reloading, "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US);
    tell(reloading);
}

void service_ended(int exit_status)
{
    (void)exit_status; /* it will see */
}

void service_status(const char *text)
{
    char message[sizeof "STATUS=" + STATUS_TEXT_SIZE] = "STATUS=";
    size_t name_size = strlen(message);

    /* A line break would begin a message of the text's own. */
    (void)text_printable_copy(message + name_size, sizeof message - name_size, text);
    tell(message);
}

int64_t service_alive_interval_ms(void)
{
    const char *interval = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    int64_t interval_us, number;

    if (interval == NULL || !text_to_number(interval, 1, INT64_MAX, &interval_us))
        return INT64_MAX;
    if (pid != NULL && (!text_to_number(pid, 1, INT64_MAX, &number) || number != getpid()))
        return INT64_MAX; /* it was meant for our parent */
    return interval_us / US_PER_MS > 2 ? interval_us / US_PER_MS / 2 : 1;
}
