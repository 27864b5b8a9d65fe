#ifndef MXPULL_PLATFORM_SIGNALS_H
#define MXPULL_PLATFORM_SIGNALS_H

#include <stdbool.h>

/* What the signals mean to a run. */
enum signals_use {
    SIGNALS_RUN,   /* SIGINT, SIGTERM and SIGHUP (a terminal that closes) ask it to end */
    SIGNALS_DAEMON /* SIGINT and SIGTERM ask it to end, SIGHUP to read its configuration anew,
                      SIGUSR1 to pull everything now */
};

/* Takes over the signals (on Windows the console's events, and what a service is told) and ignores
 * SIGPIPE. At each of them, and when a command of process.h has ended, wake(context) is called: from a signal
 * handler on POSIX, from a thread on Windows, so it may do no more than wake the loop. A second one that asks to end ends the program
 * at once. Once a program. */
void signals_start(enum signals_use use, void (*wake)(void *context), void *context);

/* Gives the signals back; wake is not called any more. */
void signals_end(void);

/* Whether the run was asked to end. */
bool signals_stop_requested(void);

/* Whether a daemon was asked to read its configuration anew, or to pull now, since the last call. */
bool signals_take_reload(void);
bool signals_take_now(void);

#endif
