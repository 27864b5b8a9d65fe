/* syslog, facility mail. */
#include <mxpull/platform/system_log.h>

#include <syslog.h>

bool system_log_is_syslog(void)
{
    return true;
}

enum status system_log_open(struct error *error)
{
    (void)error;
    openlog("mxpull", LOG_PID, LOG_MAIL);
    return STATUS_OK;
}

void system_log_write(enum level level, const char *line)
{
    static const int priorities[] = {[LEVEL_ERROR] = LOG_ERR,
                                     [LEVEL_WARNING] = LOG_WARNING,
                                     [LEVEL_INFO] = LOG_INFO,
                                     [LEVEL_DEBUG] = LOG_DEBUG,
                                     [LEVEL_TRACE] = LOG_DEBUG};

    syslog(priorities[level], "%s", line);
}

void system_log_close(void)
{
    closelog();
}
