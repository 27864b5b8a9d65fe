/* syslog, facility mail. */
#include <mxpull/platform/system_log.h>

#include <syslog.h>

bool system_log_exists(enum system_log kind)
{
    return kind == SYSTEM_LOG_SYSLOG;
}

enum status system_log_open(enum system_log kind, struct error *error)
{
    if (!system_log_exists(kind))
        return error_set(error, STATUS_SYSTEM, "this system has no Event Log; use syslog");
    openlog("mxpull", LOG_PID, LOG_MAIL);
    return STATUS_OK;
}

static int priority_of(enum level level)
{
    switch (level) {
    case LEVEL_ERROR: return LOG_ERR;
    case LEVEL_WARNING: return LOG_WARNING;
    case LEVEL_INFO: return LOG_INFO;
    case LEVEL_DEBUG:
    case LEVEL_TRACE: return LOG_DEBUG;
    }
    return LOG_INFO;
}

void system_log_write(enum level level, const char *line)
{
    syslog(priority_of(level), "%s", line);
}

void system_log_close(void)
{
    closelog();
}
