/* One command run by the shell, its output read, its time bounded. */
#include <mxpull/platform/process.h>

#include "posix_shell.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* TICK_MS: how often we look whether the command has ended although something that it left in the
 * background still holds the pipe. */
enum {
    TICK_MS = 20,
    CHUNK_SIZE = 4096
};

struct child {
    pid_t pid;
    int output; /* the end of the pipe that we read */
};

/* Makes a pipe that no other child inherits, whose end to read from does not block. */
static int make_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return errno;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static enum status start(struct child *child, const char *command, struct error *error)
{
    int ends[2];
    int failed = make_pipe(ends);

    if (failed == 0) {
        failed = shell_start(&child->pid, command, ends[1], environ);
        (void)close(ends[1]);
        if (failed != 0)
            (void)close(ends[0]);
    }
    if (failed != 0)
        return error_set(error, STATUS_SYSTEM, "the command cannot be run: %s", strerror(failed));
    child->output = ends[0];
    return STATUS_OK;
}

/* Takes what the pipe holds now. *more turns false at its end. */
static enum status drain(const struct child *child, struct buffer *output, bool *more)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        ssize_t size = read(child->output, chunk, sizeof chunk);

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            *more = size < 0 && errno == EAGAIN;
            break;
        }
        status = buffer_append(output, chunk, (size_t)size);
    }
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    return status;
}

/* Reads until the command has ended. */
static enum status follow(const struct child *child, int64_t timeout_ms, struct buffer *output,
                          struct error *error)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    bool more = true, ended = false;

    while (!ended) {
        struct pollfd waiting = {.fd = more ? child->output : -1, .events = POLLIN};

        if (signals_stop_requested())
            return error_set(error, STATUS_SYSTEM, "the command was given up: we are to end");
        if (clock_monotonic_ms() >= deadline)
            return error_set(error, STATUS_TIMEOUT, "the command took longer than %lld ms",
                             (long long)timeout_ms);
        (void)poll(&waiting, 1, TICK_MS);
        ended = shell_has_ended(child->pid);
        if (more && drain(child, output, &more) != STATUS_OK)
            return error_set(error, STATUS_LIMIT, "the command printed more than %zu bytes",
                             output->limit);
    }
    return STATUS_OK;
}

static enum status judge(int wait_status, struct error *error)
{
    if (WIFSIGNALED(wait_status))
        return error_set(error, STATUS_SYSTEM, "the command was ended by signal %d",
                         WTERMSIG(wait_status));
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0)
        return error_set(error, STATUS_SYSTEM, "the command failed with exit status %d",
                         WEXITSTATUS(wait_status));
    return STATUS_OK;
}

enum status process_capture(const char *command, int64_t timeout_ms, struct buffer *output,
                            struct error *error)
{
    struct child child = {0};
    enum status status = start(&child, command, error);

    if (status != STATUS_OK)
        return status;
    status = follow(&child, timeout_ms, output, error);
    if (status != STATUS_OK)
        (void)kill(-child.pid, SIGKILL);
    int wait_status = shell_reap(child.pid);
    (void)close(child.output);
    return status == STATUS_OK ? judge(wait_status, error) : status;
}
