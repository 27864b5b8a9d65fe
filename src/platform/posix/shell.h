#ifndef MXPULL_SRC_PLATFORM_POSIX_SHELL_H
#define MXPULL_SRC_PLATFORM_POSIX_SHELL_H

#include <sys/types.h>

/* Starts command by /bin/sh in a process group of its own, with this environment, no standard input,
 * its standard output going to the descriptor output and its standard error to ours. It gets no other
 * descriptor of ours, and the signals as they are before anybody takes them over. Returns 0 or an
 * errno. */
int shell_start(pid_t *pid, const char *command, int output, char *const *environment);

#endif
