/* Commands that run beside us: each a shell in a process group of its own, so that all that it has started can be ended
 * with it. SIGCHLD only wakes the loop (signals.c): each process is waited for by its own id, so that a library's children
 * are left alone. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* KILLED_WAIT_MS: a process that was killed ends at once, unless it hangs in the system, as on a dead file server: then
 * init reaps it after our end. */
enum {
    KILLED_WAIT_MS = 1000,
    DECIMAL = 10
};

struct process {
    pid_t pid;
    int output; /* the end of the pipe that we read; -1: there is none */
    bool ended;
    bool is_known;   /* how it has ended; else somebody else has reaped it */
    int wait_status; /* as waitpid(2) says it */
};

/* The signals that we, or whoever started us, may have taken over. */
static const int reset_signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGXFSZ};

/* ---- what it gets ---- */

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
    for (; used < count; used++)
        environment[used] = memory_format("%s=%s", variables[used].name, variables[used].value);
    for (size_t i = 0; i < ours; i++) {
        if (!is_replaced(environ[i], variables, count))
            environment[used++] = environ[i];
    }
    return environment;
}

/* Our own files close at exec, but some of libcurl's do not: a command that leaves something running in the background
 * would hold them open. */
static void keep_descriptors(void)
{
    DIR *list = opendir("/dev/fd");
    const struct dirent *entry;

    while (list != NULL && (entry = readdir(list)) != NULL) {
        long number = strtol(entry->d_name, NULL, DECIMAL); /* "." and ".." are 0 */

        if (number > STDERR_FILENO)
            (void)fcntl((int)number, F_SETFD, FD_CLOEXEC);
    }
    if (list != NULL)
        (void)closedir(list);
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;

    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    for (size_t i = 0; i < COUNT_OF(reset_signals); i++)
        (void)sigaddset(&defaults, reset_signals[i]);
    int failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (failed == 0)
        failed = posix_spawnattr_setpgroup(attributes, 0);
    if (failed == 0)
        failed = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failed;
}

/* ---- its start ---- */

/* Returns 0 or an errno. */
static int run_shell(pid_t *pid, const char *command, int output, char *const *environment)
{
    char shell[] = "sh", option[] = "-c";
    char *copy = memory_copy(command);
    char *arguments[] = {shell, option, copy, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    keep_descriptors();
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    int failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (failed == 0)
        failed = set_attributes(&attributes);
    if (failed == 0)
        failed = posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    memory_free_secret(copy);
    return failed;
}

static enum status fail(struct error *error, int number)
{
    return error_set(error, system_status(number), "the command cannot be run: %s",
                     system_error_text(number));
}

enum status process_start(struct process **process, const char *command,
                          const struct process_variable *variables, size_t count, bool is_captured,
                          struct error *error)
{
    int ends[2] = {-1, STDERR_FILENO};
    pid_t pid = 0;

    if (is_captured && pipe(ends) != 0)
        return fail(error, errno);
    if (is_captured)
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    char **environment = make_environment(variables, count);
    int failed = run_shell(&pid, command, ends[1], environment);
    for (size_t i = 0; i < count; i++)
        free(environment[i]);
    free(environment);
    if (is_captured)
        (void)close(ends[1]);
    if (failed == 0) {
        *process = memory_new(1, sizeof **process);
        **process = (struct process){.pid = pid, .output = ends[0]};
        return STATUS_OK;
    }
    if (is_captured)
        (void)close(ends[0]);
    return fail(error, failed);
}

/* ---- while it runs, and its end ---- */

size_t process_read(struct process *process, char *bytes, size_t size, bool *is_closed)
{
    ssize_t taken;

    do
        taken = read(process->output, bytes, size);
    while (taken < 0 && errno == EINTR);
    *is_closed = taken == 0 || (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
    return taken > 0 ? (size_t)taken : 0;
}

intptr_t process_descriptor(const struct process *process)
{
    return process->output;
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
    if (WEXITSTATUS(wait_status) != 0)
        return error_set(error, STATUS_SYSTEM, "the command failed with exit status %d",
                         WEXITSTATUS(wait_status));
    return STATUS_OK;
}

void process_free(struct process *process)
{
    if (process == NULL)
        return;
    /* Not reaped yet, so its process id, which is its group's as well, is still its own. */
    if (!process_has_ended(process))
        (void)kill(-process->pid, SIGKILL);
    for (int i = 0; i < KILLED_WAIT_MS && !process_has_ended(process); i++)
        clock_sleep_ms(1);
    if (process->output >= 0)
        (void)close(process->output);
    free(process);
}
