/* pipe LISTEN-ADDRESS LISTEN-PORT ADDRESS PORT: the least that a relay can do, as a yardstick for relay.sh. Takes one connection after the
 * other, opens one onwards for each, and copies bytes both ways with blocking writes, knowing nothing of SMTP. IPv4 addresses alone.
 * Ends by a signal. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char bytes[64 * 1024];

static struct sockaddr_in place_of(const char *address, const char *port)
{
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};

    if (inet_pton(AF_INET, address, &place.sin_addr) != 1) {
        (void)fprintf(stderr, "pipe: %s is no address\n", address);
        exit(64);
    }
    return place;
}

static bool copy(int from, int to)
{
    ssize_t size = read(from, bytes, sizeof bytes);

    for (ssize_t at = 0; at < size;) {
        ssize_t written = write(to, bytes + at, (size_t)(size - at));

        if (written <= 0)
            return false;
        at += written;
    }
    return size > 0;
}

static void relay(int one, int other)
{
    struct pollfd ends[2] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}};
    bool open = true;

    while (open && poll(ends, 2, -1) > 0) {
        for (int i = 0; i < 2 && open; i++) {
            if (ends[i].revents != 0)
                open = copy(ends[i].fd, ends[1 - i].fd);
        }
    }
}

int main(int argc, char **argv)
{
    const int on = 1;

    if (argc != 5)
        return 64;
    struct sockaddr_in here = place_of(argv[1], argv[2]), there = place_of(argv[3], argv[4]);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    (void)signal(SIGPIPE, SIG_IGN);
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)&here, sizeof here) != 0 ||
        listen(listener, 5) != 0) {
        perror("pipe");
        return 71;
    }
    for (;;) {
        int one = accept(listener, NULL, NULL), other = socket(AF_INET, SOCK_STREAM, 0);

        if (one < 0 || other < 0)
            return 71;
        (void)setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(other, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(other, (const struct sockaddr *)&there, sizeof there) == 0)
            relay(one, other);
        (void)close(one);
        (void)close(other);
    }
}
