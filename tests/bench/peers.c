/* What it takes to see who is connected to a port: prints a line for each way, the median of microseconds of the processor that so many
 * looks took, and what it was.
 *
 *   bench_peers CONNECTIONS LOOKS RUNS
 *
 * or only holds connections until its input ends, and prints the port:
 *
 *   bench_peers CONNECTIONS
 *
 * The connections are its own, over loopback, and nobody accepts them. */
#define _DEFAULT_SOURCE

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/socket.h>
#include <peers.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RUNS_MAX = 100
};

static int port;
static size_t wanted;

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(70);
}

static void open_connections(size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    (void)socket_raise_limit(count + 100);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, (int)count) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        give_up("a listener");
    for (size_t i = 0; i < count; i++) {
        if (connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, size) != 0)
            give_up("a connection");
    }
    port = ntohs(address.sin_port);
    wanted = count;
}

static void count_peer(void *context, const struct host_peer *peer)
{
    (void)peer;
    ++*(size_t *)context;
}

/* While others come and go, the system may pass one over. */
static void demand_count(size_t count)
{
    if (count < wanted - wanted / 50) {
        (void)fprintf(stderr, "bench_peers: %zu connections instead of %zu\n", count, wanted);
        exit(70);
    }
}

static void look(void)
{
    struct error error;
    size_t count = 0;

    if (host_peers(port, count_peer, &count, &error) != STATUS_OK)
        give_up(error.text);
    demand_count(count);
}

static void look_at_files(void)
{
    struct tcp_sockets sockets = {0};
    struct error error;

    if (peers_read_files(&sockets, port, "/proc/net/tcp", "/proc/net/tcp6", &error) != STATUS_OK)
        give_up(error.text);
    demand_count(sockets.connection_count);
    peers_done(&sockets);
}

static void run_cat(void)
{
    int status;
    const pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL)
            (void)execlp("cat", "cat", "/proc/net/tcp", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        give_up("cat");
}

static int64_t processor_us(void)
{
    static const int of[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    int64_t all = 0;

    for (size_t i = 0; i < COUNT_OF(of); i++) {
        struct rusage usage;

        (void)getrusage(of[i], &usage);
        all += (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    }
    return all;
}

static int compare(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static void measure(const char *what, void (*way)(void), int looks, size_t runs)
{
    int64_t times[RUNS_MAX];

    for (size_t i = 0; i < runs; i++) {
        const int64_t began_us = processor_us();

        for (int j = 0; j < looks; j++)
            way();
        times[i] = processor_us() - began_us;
    }
    qsort(times, runs, sizeof *times, compare);
    printf("%lld %s\n", (long long)times[runs / 2], what);
    (void)fflush(stdout); /* before a child has it too */
}

int main(int count, char *words[])
{
    const bool holds = count == 2;
    const long connections = holds || count == 4 ? strtol(words[1], NULL, 10) : 0;
    const long looks = count == 4 ? strtol(words[2], NULL, 10) : 0;
    const long runs = count == 4 ? strtol(words[3], NULL, 10) : 0;

    if (connections < 1 || (!holds && (looks < 1 || runs < 1 || runs > RUNS_MAX)))
        return 64;
    open_connections((size_t)connections);
    if (holds) {
        printf("%d\n", port);
        (void)fflush(stdout);
        while (getchar() != EOF)
            continue;
        return 0;
    }
    measure("looks", look, (int)looks, (size_t)runs);
    measure("files", look_at_files, (int)looks, (size_t)runs);
    measure("cat", run_cat, (int)looks, (size_t)runs);
    return 0;
}
