/* The Event Log, source "mxpull" in the log Application. Its entries are shown by the message table in
 * our own program (win32.rc), which knows one message: the line itself. The registry must say where it
 * is; that takes an administrator, so it is said as soon as one runs us. Without it the line is shown
 * all the same, behind the excuse that no description was found. */
#include <mxpull/platform/system_log.h>

#include "system.h"

#include <stdlib.h>

enum {
    MESSAGE_LINE = 1, /* as in mxpull.rc.in */
    PROGRAM_PATH_SIZE = 1024,
    TYPES = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE
};

static const wchar_t source_name[] = L"mxpull";
static const wchar_t source_key[] =
    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\mxpull";

static HANDLE source;

bool system_log_is_syslog(void)
{
    return false;
}

/* Where we may not there is nothing lost. */
static void register_source(void)
{
    wchar_t path[PROGRAM_PATH_SIZE];
    DWORD length = GetModuleFileNameW(NULL, path, PROGRAM_PATH_SIZE);
    DWORD types = TYPES;
    HKEY key;

    if (length == 0 || length == PROGRAM_PATH_SIZE ||
        RegCreateKeyExW(HKEY_LOCAL_MACHINE, source_key, 0, NULL, 0, KEY_SET_VALUE, NULL, &key,
                        NULL) != ERROR_SUCCESS)
        return;
    (void)RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ, (const BYTE *)path,
                         (length + 1) * (DWORD)sizeof path[0]);
    (void)RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
    (void)RegCloseKey(key);
}

enum status system_log_open(struct error *error)
{
    register_source();
    source = RegisterEventSourceW(NULL, source_name);
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
