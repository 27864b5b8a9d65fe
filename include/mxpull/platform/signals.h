#ifndef MXPULL_PLATFORM_SIGNALS_H
#define MXPULL_PLATFORM_SIGNALS_H

#include <stdbool.h>

/* Takes over the signals that ask a run to end (SIGINT, SIGTERM, SIGHUP of a terminal; the
 * console's events on Windows) and ignores SIGPIPE. At each of them wake(context) is called: from a
 * signal handler on POSIX, from a thread on Windows, so it may do no more than wake the loop. A
 * second one ends the program at once. Once a program. */
void signals_start(void (*wake)(void *context), void *context);

/* Gives the signals back; wake is not called any more. */
void signals_end(void);

/* Whether the run was asked to end. */
bool signals_stop_requested(void);

#endif
