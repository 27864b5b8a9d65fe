/* mxpull as a Windows service: what is asked of the Service Control Manager from outside.
 * service.c is the other end. */
#include <mxpull/platform/unattended.h>

#include "service.h"
#include "text.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/system_log.h>

#include <stdlib.h>

enum {
    COMMAND_LINE_SIZE_MAX = 64 * 1024,
    RESTART_DELAY_MS = 30 * 1000,
    RESTART_RESET_S = 24 * 3600,
    WAIT_MS = 30 * 1000,
    TICK_MS = 50
};

static wchar_t display_name[] = L"mxpull";
static wchar_t account[] = L"NT AUTHORITY\\LocalService";
static wchar_t description[] = L"Gets mail back from the backup MX hosts: asks them for it by a "
                               L"schedule, and at once when the "
                               L"own mail server has come back after an outage.";

static enum status fail(struct error *error, const char *what, DWORD number)
{
    switch (number) {
    case ERROR_ACCESS_DENIED:
        return error_set(error, STATUS_SYSTEM, "%s: access is denied; run this as an administrator",
                         what);
    case ERROR_SERVICE_DOES_NOT_EXIST:
        return error_set(error, STATUS_SYSTEM,
                         "%s: it is not installed; run: mxpull service install", what);
    default: return error_set(error, STATUS_SYSTEM, "%s: %s", what, win32_error_text(number));
    }
}

bool unattended_exists(void)
{
    return true;
}

/* ---- the files ---- */

static char *own_path(void)
{
    enum {
        SIZE = 32 * 1024
    };
    wchar_t *wide = memory_new(SIZE, sizeof *wide);
    DWORD length = GetModuleFileNameW(NULL, wide, SIZE);
    char *path = length > 0 && length < SIZE ? win32_narrow(wide) : NULL;

    free(wide);
    return path;
}

enum status unattended_find_files(struct unattended_files *files, const char *config,
                                  struct error *error)
{
    struct unattended_files found = {.program = own_path(), .config = win32_full_path(config)};

    if (found.program == NULL || found.config == NULL) {
        unattended_files_done(&found);
        return error_set(error, STATUS_SYSTEM, "%s: its absolute path cannot be told", config);
    }
    *files = found;
    return STATUS_OK;
}

void unattended_files_done(struct unattended_files *files)
{
    free(files->program);
    free(files->config);
    *files = (struct unattended_files){0};
}

/* ---- the manager ---- */

struct opened {
    SC_HANDLE manager;
    SC_HANDLE service; /* NULL: it is not there */
};

static void close_opened(struct opened *opened)
{
    if (opened->service != NULL)
        (void)CloseServiceHandle(opened->service);
    if (opened->manager != NULL)
        (void)CloseServiceHandle(opened->manager);
}

/* Opens the manager and the service. Returns an error number, or 0; the manager may be open in any
 * case. */
static DWORD open_service(struct opened *opened, DWORD manager_access, DWORD service_access)
{
    opened->manager = OpenSCManagerW(NULL, NULL, manager_access);
    if (opened->manager == NULL)
        return GetLastError();
    opened->service = OpenServiceW(opened->manager, WIN32_SERVICE_NAME, service_access);
    return opened->service != NULL ? 0 : GetLastError();
}

/* ---- install ---- */

/* Absolute paths hold no quotes, and none of the two ends in a backslash. */
static wchar_t *make_command_line(const struct unattended_files *files)
{
    struct buffer line;

    buffer_init(&line, COMMAND_LINE_SIZE_MAX);
    (void)buffer_append_format(&line, "\"%s\" daemon -c \"%s\"", files->program, files->config);
    wchar_t *wide = win32_wide(line.bytes);
    buffer_done(&line);
    return wide;
}

/* Makes the service, or changes the one that is open. Returns an error number, or 0. */
static DWORD make_service(struct opened *opened, const wchar_t *command_line)
{
    if (opened->service != NULL) {
        return ChangeServiceConfigW(opened->service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                    SERVICE_ERROR_NORMAL, command_line, NULL, NULL, NULL, account,
                                    L"", display_name)
                   ? 0
                   : GetLastError();
    }
    opened->service =
        CreateServiceW(opened->manager, WIN32_SERVICE_NAME, display_name, SERVICE_ALL_ACCESS,
                       SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                       command_line, NULL, NULL, NULL, account, L"");
    return opened->service != NULL ? 0 : GetLastError();
}

/* The last action is taken at every crash after it as well. A start a little later than the others is
 * no more than a favour to them. Returns an error number, or 0. */
static DWORD set_details(SC_HANDLE service)
{
    SC_ACTION action = {.Type = SC_ACTION_RESTART, .Delay = RESTART_DELAY_MS};
    SERVICE_FAILURE_ACTIONSW on_crash = {
        .dwResetPeriod = RESTART_RESET_S, .cActions = 1, .lpsaActions = &action};
    SERVICE_DELAYED_AUTO_START_INFO start = {.fDelayedAutostart = TRUE};
    SERVICE_DESCRIPTIONW text = {.lpDescription = description};

    (void)ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &start);
    if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &text) ||
        !ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &on_crash))
        return GetLastError();
    return 0;
}

/* LocalService may not say where the Event Log finds our message, an administrator may. */
static void introduce_to_log(void)
{
    struct error error;

    if (system_log_open(SYSTEM_LOG_EVENTLOG, &error) == STATUS_OK)
        system_log_close();
}

enum status unattended_service_install(const struct unattended_files *files, struct error *error)
{
    struct opened opened = {0};
    wchar_t *command_line = make_command_line(files);
    DWORD number =
        open_service(&opened, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, SERVICE_ALL_ACCESS);

    if (number == 0 || number == ERROR_SERVICE_DOES_NOT_EXIST)
        number = make_service(&opened, command_line);
    if (number == 0)
        number = set_details(opened.service);
    close_opened(&opened);
    free(command_line);
    if (number != 0)
        return fail(error, "the service cannot be installed", number);
    introduce_to_log();
    return STATUS_OK;
}

/* ---- start, stop, remove ---- */

/* Waits while the service is on its way. Returns an error number, or 0. */
static DWORD wait_while(SC_HANDLE service, DWORD pending, SERVICE_STATUS *status)
{
    int64_t deadline = clock_monotonic_ms() + WAIT_MS;

    while (QueryServiceStatus(service, status)) {
        if (status->dwCurrentState != pending)
            return 0;
        if (clock_monotonic_ms() >= deadline)
            return ERROR_SERVICE_REQUEST_TIMEOUT;
        Sleep(TICK_MS);
    }
    return GetLastError();
}

static enum status judge_start(const SERVICE_STATUS *status, struct error *error)
{
    if (status->dwCurrentState == SERVICE_RUNNING)
        return STATUS_OK;
    if (status->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR)
        return error_set(error, STATUS_SYSTEM,
                         "the service has ended with exit status %lu; the Event Log says why",
                         (unsigned long)status->dwServiceSpecificExitCode);
    return error_set(error, STATUS_SYSTEM, "the service has ended: %s; the Event Log may say why",
                     win32_error_text(status->dwWin32ExitCode));
}

enum status unattended_service_start(struct error *error)
{
    struct opened opened = {0};
    SERVICE_STATUS status = {0};
    DWORD number = open_service(&opened, SC_MANAGER_CONNECT, SERVICE_START | SERVICE_QUERY_STATUS);

    if (number == 0 && !StartServiceW(opened.service, 0, NULL))
        number = GetLastError();
    if (number == 0 || number == ERROR_SERVICE_ALREADY_RUNNING)
        number = wait_while(opened.service, SERVICE_START_PENDING, &status);
    close_opened(&opened);
    if (number != 0)
        return fail(error, "the service cannot be started", number);
    return judge_start(&status, error);
}

/* Returns an error number, or 0. */
static DWORD stop(SC_HANDLE service)
{
    SERVICE_STATUS status = {0};
    DWORD number = 0;

    /* One that is starting takes no controls before it runs. */
    number = wait_while(service, SERVICE_START_PENDING, &status);
    if (number == 0 && !ControlService(service, SERVICE_CONTROL_STOP, &status))
        number = GetLastError();
    if (number == ERROR_SERVICE_NOT_ACTIVE)
        return 0;
    if (number == 0 || number == ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
        number = wait_while(service, SERVICE_STOP_PENDING, &status);
    return number;
}

enum status unattended_service_stop(struct error *error)
{
    struct opened opened = {0};
    DWORD number = open_service(&opened, SC_MANAGER_CONNECT, SERVICE_STOP | SERVICE_QUERY_STATUS);

    if (number == 0)
        number = stop(opened.service);
    close_opened(&opened);
    return number == 0 ? STATUS_OK : fail(error, "the service cannot be stopped", number);
}

/* One that does not stop is taken away when it has ended. */
enum status unattended_service_remove(struct error *error)
{
    struct opened opened = {0};
    DWORD number =
        open_service(&opened, SC_MANAGER_CONNECT, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);

    if (number == 0) {
        (void)stop(opened.service);
        if (!DeleteService(opened.service))
            number = GetLastError();
    }
    close_opened(&opened);
    return number == 0 ? STATUS_OK : fail(error, "the service cannot be removed", number);
}
