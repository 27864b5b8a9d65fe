#ifndef MXPULL_PLATFORM_SYSTEM_LOG_H
#define MXPULL_PLATFORM_SYSTEM_LOG_H

#include <mxpull/base/log.h>
#include <mxpull/base/status.h>

#include <stdbool.h>

/* The system's own log: syslog (facility mail, ident "mxpull") on POSIX, the Event Log on Windows.
 */

enum system_log {
    SYSTEM_LOG_SYSLOG,
    SYSTEM_LOG_EVENTLOG
};

/* Whether this system has a log of that kind. */
bool system_log_exists(enum system_log kind);

/* STATUS_SYSTEM when this system has no log of that kind. */
enum status system_log_open(enum system_log kind, struct error *error);

/* Writes one line. */
void system_log_write(enum level level, const char *line);

void system_log_close(void);

#endif
