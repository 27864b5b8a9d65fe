/* Commands that run beside us: each a shell in a process group of its own, whose end SIGCHLD tells.
 * The signal is ours for as long as there is one such process, and is given back then. It only wakes
 * the loop: who has ended is asked of each process by its own id, so that a library's children are left
 * alone. */
#include <mxpull/platform/process.h>

#include "shell.h"
#include "system.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* A process that was killed ends at once, unless it hangs in the system, as on a dead file server:
 * then it is left to whoever reaps when we have ended. */
enum {
    KILLED_WAIT_MS = 1000,
    KILLED_TICK_NS = 1000000,
    CHUNK_SIZE = 4096
};

struct process {
    pid_t pid;
    int output; /* the end of the pipe that we read; -1: there is none */
    bool ended;
    bool is_known;   /* how it has ended; else somebody else has reaped it */
    int wait_status; /* as waitpid(2) says it */
};

/* Written while the signal is blocked, and read by its handler. */
static struct {
    void (*wake)(void *context);
    void *context;
    struct sigaction old;
    bool was_blocked;
    size_t processes;
} watch;

static void on_child(int number)
{
    int saved = errno;

    (void)number;
    if (watch.wake != NULL)
        watch.wake(watch.context);
    errno = saved;
}

static void watch_children(void (*wake)(void *context), void *context)
{
    struct sigaction action = {.sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigset_t child, old_mask;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigemptyset(&old_mask);
    (void)sigprocmask(SIG_BLOCK, &child, &old_mask);
    watch.wake = wake;
    watch.context = context;
    if (watch.processes++ == 0) {
        watch.was_blocked = sigismember(&old_mask, SIGCHLD) == 1;
        (void)sigemptyset(&action.sa_mask);
        action.sa_handler = on_child;
        (void)sigaction(SIGCHLD, &action, &watch.old);
    }
    (void)sigprocmask(SIG_UNBLOCK, &child, NULL);
}

static void unwatch_child(void)
{
    sigset_t child;

    if (--watch.processes > 0)
        return;
    (void)sigaction(SIGCHLD, &watch.old, NULL);
    if (watch.was_blocked) {
        (void)sigemptyset(&child);
        (void)sigaddset(&child, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &child, NULL);
    }
}

/* "NAME=value"; the caller frees it. */
static char *make_assignment(const struct process_variable *variable)
{
    size_t size = strlen(variable->name) + 1 + strlen(variable->value) + 1;
    char *assignment = memory_new(size, 1);

    (void)snprintf(assignment, size, "%s=%s", variable->name, variable->value);
    return assignment;
}

static bool is_replaced(const char *assignment, const struct process_variable *variables,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(variables[i].name);

        if (strncmp(assignment, variables[i].name, length) == 0 && assignment[length] == '=')
            return true;
    }
    return false;
}

/* The variables, of which the first count are allocated, and behind them ours, borrowed. */
static char **make_environment(const struct process_variable *variables, size_t count)
{
    size_t ours = 0, used = 0;

    while (environ != NULL && environ[ours] != NULL)
        ours++;

    char **environment = memory_new(count + ours + 1, sizeof *environment);
    while (used < count) {
        environment[used] = make_assignment(&variables[used]);
        used++;
    }
    for (size_t i = 0; i < ours; i++) {
        if (!is_replaced(environ[i], variables, count))
            environment[used++] = environ[i];
    }
    return environment;
}

static void free_environment(char **environment, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(environment[i]);
    free(environment);
}

/* What it prints goes to the descriptor output, and can be read from pipe. */
static enum status start(struct process **process, const char *command, int output, int pipe,
                         char *const *environment, void (*wake)(void *context), void *context,
                         struct error *error)
{
    pid_t pid = 0;

    watch_children(wake, context); /* first, for it may end at once */
    int failed = shell_start(&pid, command, output, environment);
    if (failed != 0) {
        unwatch_child();
        return error_set(error, system_status(failed), "the command cannot be run: %s",
                         system_error_text(failed));
    }
    *process = memory_new(1, sizeof **process);
    (*process)->pid = pid;
    (*process)->output = pipe;
    return STATUS_OK;
}

enum status process_start(struct process **process, const char *command,
                          const struct process_variable *variables, size_t count,
                          void (*wake)(void *context), void *context, struct error *error)
{
    char **environment = make_environment(variables, count);
    enum status status =
        start(process, command, STDERR_FILENO, -1, environment, wake, context, error);

    free_environment(environment, count);
    return status;
}

enum status process_start_captured(struct process **process, const char *command,
                                   void (*wake)(void *context), void *context, struct error *error)
{
    int ends[2];

    if (pipe(ends) != 0)
        return error_set(error, system_status(errno), "the command cannot be run: %s",
                         system_error_text(errno));
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    enum status status = start(process, command, ends[1], ends[0], environ, wake, context, error);
    (void)close(ends[1]);
    if (status != STATUS_OK)
        (void)close(ends[0]);
    return status;
}

enum status process_output(struct process *process, struct buffer *output, struct error *error)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        ssize_t size = read(process->output, chunk, sizeof chunk);

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        status = buffer_append(output, chunk, (size_t)size);
    }
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    if (status != STATUS_OK)
        return error_set(error, STATUS_LIMIT, "the command printed more than %zu bytes",
                         output->limit);
    return STATUS_OK;
}

bool process_shell_reads(char byte)
{
    (void)byte;
    return false;
}

bool process_has_ended(struct process *process)
{
    if (!process->ended) {
        pid_t reaped = waitpid(process->pid, &process->wait_status, WNOHANG);

        process->is_known = reaped > 0;
        process->ended = reaped > 0 || (reaped < 0 && errno != EINTR);
    }
    return process->ended;
}

enum status process_judge(const struct process *process, struct error *error)
{
    int wait_status = process->wait_status;

    if (!process->is_known)
        return error_set(error, STATUS_SYSTEM, "it is not known how the command ended");
    if (WIFSIGNALED(wait_status))
        return error_set(error, STATUS_SYSTEM, "the command was ended by signal %d",
                         WTERMSIG(wait_status));
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0)
        return error_set(error, STATUS_SYSTEM, "the command failed with exit status %d",
                         WEXITSTATUS(wait_status));
    return STATUS_OK;
}

/* Not reaped yet, so its process id, which is its group's as well, is still its own. */
static void end_process(struct process *process)
{
    int64_t deadline = clock_monotonic_ms() + KILLED_WAIT_MS;

    (void)kill(-process->pid, SIGKILL);
    while (!process_has_ended(process) && clock_monotonic_ms() < deadline)
        (void)nanosleep(&(struct timespec){.tv_nsec = KILLED_TICK_NS}, NULL);
}

void process_free(struct process *process)
{
    if (process == NULL)
        return;
    if (!process_has_ended(process))
        end_process(process);
    unwatch_child();
    if (process->output >= 0)
        (void)close(process->output);
    free(process);
}
