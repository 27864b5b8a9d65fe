#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#define _DEFAULT_SOURCE
#include "support.h"

#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void demand(bool held, const char *what)
{
    if (held)
        return;
    (void)fprintf(stderr, "support: %s: %s\n", what, strerror(errno));
    exit(1);
}

void support_set_variable(const char *name, const char *value)
{
    demand((value != NULL ? setenv(name, value, 1) : unsetenv(name)) == 0, "setenv");
}

unsigned long support_process_id(void)
{
    return (unsigned long)getpid();
}

void support_sleep_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static void (*later)(void);

static void call_later(int number)
{
    (void)number;
    later();
}

void support_call_later(int64_t ms, void (*call)(void))
{
    struct itimerval timer = {
        .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 + (ms == 0)}};

    later = call;
    (void)signal(SIGALRM, call_later);
    demand(setitimer(ITIMER_REAL, &timer, NULL) == 0, "setitimer");
}

/* Files */

void support_make_directory(char path[SUPPORT_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(path, SUPPORT_PATH_SIZE, "%s/mxpull-test-XXXXXX",
                   base != NULL && *base != '\0' ? base : "/tmp");
    demand(mkdtemp(path) != NULL, path);
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts;
    (void)kind;
    (void)walk;
    return remove(path);
}

bool support_remove_directory(const char *path)
{
    (void)chmod(path, 0700);
    if (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0)
        return true;
    (void)fprintf(stderr, "support: %s: %s\n", path, strerror(errno));
    return false;
}

void support_empty_directory(const char *path)
{
    struct stat facts;

    if (stat(path, &facts) == 0)
        (void)support_remove_directory(path);
    demand(mkdir(path, 0700) == 0, path);
}

void support_set_mode(const char *path, unsigned mode)
{
    demand(chmod(path, (mode_t)mode) == 0, path);
}

unsigned support_set_mask(unsigned mask)
{
    return umask((mode_t)mask);
}

bool support_is_private(const char *path)
{
    struct stat facts;

    demand(stat(path, &facts) == 0, path);
    return (facts.st_mode & 07077) == 0;
}

/* Root may do all, whatever the mode. */
static void call_with_mode(const char *path, mode_t mode, mode_t mode_after,
                           void (*call)(void *context), void *context)
{
    enum {
        NOBODY = 65534
    };
    bool root = geteuid() == 0;

    demand(chmod(path, mode) == 0, path);
    if (root)
        demand(seteuid(NOBODY) == 0, "seteuid");
    call(context);
    if (root)
        demand(seteuid(0) == 0, "seteuid");
    demand(chmod(path, mode_after) == 0, path);
}

bool support_while_read_only(const char *path, void (*call)(void *context), void *context)
{
    call_with_mode(path, 0555, 0700, call, context);
    return true;
}

void support_while_unreadable(const char *path, void (*call)(void *context), void *context)
{
    call_with_mode(path, 0, 0600, call, context);
}

const char *support_refusal_text(enum support_refusal refusal)
{
    switch (refusal) {
    case SUPPORT_ACCESS_DENIED:
    case SUPPORT_HELD: return strerror(EACCES);
    case SUPPORT_NOT_A_DIRECTORY: return strerror(ENOTDIR);
    }
    return "";
}

/* Programs */

struct support_program {
    pid_t process;
};

enum {
    ARGUMENTS_MAX = 16
};

struct support_program *support_start(const char *path, const char *const *arguments, FILE **input,
                                      FILE **output)
{
    struct support_program *program = calloc(1, sizeof *program);
    char *words[ARGUMENTS_MAX + 2] = {strdup(path)};
    posix_spawn_file_actions_t actions;
    int to[2], from[2];

    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
        words[i + 1] = strdup(arguments[i]);
    demand(program != NULL && pipe(to) == 0 && pipe(from) == 0, "pipe");
    demand(posix_spawn_file_actions_init(&actions) == 0, "posix_spawn");
    (void)posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    (void)posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    (void)posix_spawn_file_actions_addclose(&actions, to[1]);
    (void)posix_spawn_file_actions_addclose(&actions, from[0]);
    demand(posix_spawn(&program->process, path, &actions, NULL, words, environ) == 0, path);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(to[0]);
    (void)close(from[1]);
    for (size_t i = 0; words[i] != NULL; i++)
        free(words[i]);
    *input = fdopen(to[1], "w");
    *output = fdopen(from[0], "r");
    demand(*input != NULL && *output != NULL, "fdopen");
    return program;
}

bool support_wait(struct support_program *program)
{
    int status = 1;

    (void)waitpid(program->process, &status, 0);
    free(program);
    return status == 0;
}

void support_kill(struct support_program *program)
{
    demand(kill(program->process, SIGKILL) == 0, "kill");
    (void)support_wait(program);
}

bool support_is_wine(void)
{
    return false;
}

/* Sockets */

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

intptr_t support_listen(int *port, int backlog)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    demand(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 &&
               listen(listener, backlog) == 0 &&
               getsockname(listener, (struct sockaddr *)&address, &size) == 0,
           "listen");
    *port = ntohs(address.sin_port);
    return listener;
}

intptr_t support_connect(int port)
{
    struct sockaddr_in address = loopback(port);
    int target = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(target, (struct sockaddr *)&address, sizeof address) == 0)
        return target;
    (void)close(target);
    return SUPPORT_NO_SOCKET;
}

intptr_t support_begin_connect(int port)
{
    struct sockaddr_in address = loopback(port);
    int target = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    (void)connect(target, (struct sockaddr *)&address, sizeof address);
    return target;
}

long support_receive(intptr_t socket, void *bytes, size_t size)
{
    return recv((int)socket, bytes, size, 0);
}

bool support_send(intptr_t socket, const void *bytes, size_t size)
{
    return send((int)socket, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

void support_close(intptr_t socket)
{
    if (socket != SUPPORT_NO_SOCKET)
        (void)close((int)socket);
}

void support_relay(intptr_t a, intptr_t b)
{
    enum {
        PATIENCE_MS = 10000,
        CHUNK = 4096
    };
    struct pollfd ends[2] = {{.fd = (int)a, .events = POLLIN}, {.fd = (int)b, .events = POLLIN}};
    char bytes[CHUNK];

    while (poll(ends, 2, PATIENCE_MS) > 0) {
        for (int i = 0; i < 2; i++) {
            long size = ends[i].revents != 0 ? support_receive(ends[i].fd, bytes, CHUNK) : -1;

            if (ends[i].revents != 0 &&
                (size <= 0 || !support_send(ends[1 - i].fd, bytes, (size_t)size)))
                return;
        }
    }
}

struct support_server {
    intptr_t listener;
    pid_t process;
};

/* The copy keeps its listener alone: the input of a program that we started would never end while a
 * copy of it is open here. */
static struct support_server *start_server(intptr_t listener)
{
    enum {
        FIRST_FREE = 3
    };
    struct support_server *server = calloc(1, sizeof *server);

    demand(server != NULL, "calloc");
    server->listener = listener;
    server->process = fork();
    demand(server->process >= 0, "fork");
    if (server->process == 0) {
        (void)alarm(300); /* in case that nobody ends it */
        server->listener = dup2((int)listener, FIRST_FREE);
        closefrom(FIRST_FREE + 1);
    }
    return server;
}

struct support_server *support_serve(intptr_t listener, void (*serve)(intptr_t client))
{
    struct support_server *server = start_server(listener);

    while (server->process == 0) {
        int client = accept((int)server->listener, NULL, NULL);

        if (client < 0)
            _exit(1);
        serve(client);
        (void)close(client);
    }
    return server;
}

intptr_t support_bind(int *port)
{
    struct sockaddr_in address = loopback(*port);
    socklen_t size = sizeof address;
    int bound = socket(AF_INET, SOCK_DGRAM, 0);

    demand(bound >= 0 && bind(bound, (struct sockaddr *)&address, size) == 0 &&
               getsockname(bound, (struct sockaddr *)&address, &size) == 0,
           "bind");
    *port = ntohs(address.sin_port);
    return bound;
}

void support_send_to(intptr_t socket, int port, const void *bytes, size_t size)
{
    struct sockaddr_in address = loopback(port);

    (void)sendto((int)socket, bytes, size, 0, (struct sockaddr *)&address, sizeof address);
}

struct support_server *
support_serve_datagrams(intptr_t socket, void (*serve)(intptr_t socket, int port,
                                                       const unsigned char *bytes, size_t size))
{
    struct support_server *server = start_server(socket);

    while (server->process == 0) {
        unsigned char bytes[4096];
        struct sockaddr_in peer = {0};
        socklen_t peer_size = sizeof peer;
        long size = recvfrom((int)server->listener, bytes, sizeof bytes, 0,
                             (struct sockaddr *)&peer, &peer_size);

        if (size >= 0)
            serve(server->listener, ntohs(peer.sin_port), bytes, (size_t)size);
    }
    return server;
}

void support_end_server(struct support_server *server)
{
    (void)kill(server->process, SIGKILL);
    (void)waitpid(server->process, NULL, 0);
    support_close(server->listener);
    free(server);
}
