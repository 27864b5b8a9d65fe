#ifndef MXPULL_PLATFORM_POSIX_SHELL_H
#define MXPULL_PLATFORM_POSIX_SHELL_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts command by /bin/sh in a process group of its own, with this environment, no standard input,
 * its standard output going to the descriptor output and its standard error to ours. It gets no other
 * descriptor of ours, and the signals as they are before anybody takes them over. Returns 0 or an
 * errno. */
int shell_start(pid_t *pid, const char *command, int output, char *const *environment);

/* Whether the shell has ended. It is not reaped yet, so that nothing else can get its process id
 * meanwhile. */
bool shell_has_ended(pid_t pid);

/* Waits for its end and returns what waitpid(2) says of it. */
int shell_reap(pid_t pid);

#endif
