/* How a command is started by the shell, whoever waits for it. It runs in a process group of its own,
 * so that all that it has started can be ended with it, and inherits nothing but our standard error
 * and the environment that is given. */
#include "shell.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* DESCRIPTORS_MAX: how far is looked where the system does not list our descriptors. */
enum {
    DESCRIPTORS_MAX = 65536,
    DECIMAL = 10
};

/* The signals that we, or whoever started us, may have taken over. */
static const int reset_signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGXFSZ};

static void close_at_exec(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFD);

    if (flags >= 0 && (flags & FD_CLOEXEC) == 0)
        (void)fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
}

/* Our own files say so when they are opened. libcurl's sockets do not: a command that leaves something
 * running in the background would hold a connection open for as long as that lives. */
static void keep_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");

    if (list != NULL) {
        for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
            long number = strtol(entry->d_name, NULL, DECIMAL); /* "." and ".." are 0 */

            if (number > STDERR_FILENO)
                close_at_exec((int)number);
        }
        (void)closedir(list);
        return;
    }
    long count = sysconf(_SC_OPEN_MAX);
    if (count < 0 || count > DESCRIPTORS_MAX)
        count = DESCRIPTORS_MAX;
    for (int number = STDERR_FILENO + 1; number < count; number++)
        close_at_exec(number);
}

/* Where we were started with SIGCHLD ignored, the system would throw the exit status away. */
static void demand_exit_status(void)
{
    struct sigaction action;

    if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
        (void)signal(SIGCHLD, SIG_DFL);
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

int shell_start(pid_t *pid, const char *command, int output, char *const *environment)
{
    char shell[] = "sh", option[] = "-c";
    char *copy = memory_copy(command);
    char *arguments[] = {shell, option, copy, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    demand_exit_status();
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
