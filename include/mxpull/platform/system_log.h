#ifndef MXPULL_PLATFORM_SYSTEM_LOG_H
#define MXPULL_PLATFORM_SYSTEM_LOG_H

#include <mxpull/base/log.h>
#include <mxpull/base/status.h>

#include <stdbool.h>

/* The system's own log: syslog (facility mail, ident "mxpull") on POSIX, the Event Log on Windows. */
bool system_log_is_syslog(void);

/* STATUS_SYSTEM. */
enum status system_log_open(struct error *error);

/* Writes one line. */
void system_log_write(enum level level, const char *line);

void system_log_close(void);

#endif
