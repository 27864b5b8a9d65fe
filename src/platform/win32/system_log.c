/* The Event Log, source "mxpull" in the log Application. Its entries are shown by the message table in our own program
 * (mxpull.rc), which knows one message: the line itself. contrib/windows/install.cmd tells the registry where the table
 * is; without that the line is shown all the same, behind the excuse that no description was found. */
#include <mxpull/platform/system_log.h>

#include "system.h"

#include <stdlib.h>

enum {
    MESSAGE_LINE = 1 /* as in mxpull.rc.in */
};

static HANDLE source;

bool system_log_is_syslog(void)
{
    return false;
}

enum status system_log_open(struct error *error)
{
    source = RegisterEventSourceW(NULL, L"mxpull");
    if (source == NULL)
        return error_set(error, STATUS_SYSTEM, "the Event Log cannot be opened: %s",
                         system_error_text(GetLastError()));
    return STATUS_OK;
}

/* A string of an entry is at most 31,839 characters long, or the whole entry is refused. */
void system_log_write(enum level level, const char *line)
{
    enum {
        LENGTH_MAX = 31839
    };
    WORD type = level == LEVEL_ERROR     ? EVENTLOG_ERROR_TYPE
                : level == LEVEL_WARNING ? EVENTLOG_WARNING_TYPE
                                         : EVENTLOG_INFORMATION_TYPE;
    wchar_t *wide = win32_wide(line);
    const wchar_t *strings[] = {wide};

    if (wcslen(wide) > LENGTH_MAX)
        wide[LENGTH_MAX] = L'\0';
    if (source != NULL)
        (void)ReportEventW(source, type, 0, MESSAGE_LINE, NULL, 1, 0, strings, NULL);
    free(wide);
}

void system_log_close(void)
{
    if (source != NULL)
        (void)DeregisterEventSource(source);
    source = NULL;
}
