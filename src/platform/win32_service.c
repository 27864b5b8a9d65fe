/* The daemon as a Windows service. The Service Control Manager wants a thread of its own to talk to, so
 * the daemon's own thread goes its way as in a console, and only its state is passed on:
 *
 *   start pending --service_ready--> running --service_stopping, stop, shutdown--> stop pending
 *   stop pending --the program ends--> stopped
 *
 * Controls: stop and shutdown end the daemon; a changed parameter (sc control mxpull paramchange) makes
 * it read its configuration anew; 128 (sc control mxpull 128) makes it pull now. */
#include <mxpull/platform/service.h>

#include "win32_service.h"
#include "win32_signals.h"
#include "win32_text.h"

#include <stdlib.h>

enum {
    CONTROL_NOW = 128,
    PENDING_HINT_MS = 30 * 1000
};

static wchar_t service_name[] = L"mxpull";

static struct {
    SRWLOCK lock;
    SERVICE_STATUS_HANDLE handle; /* NULL: nobody is to be told */
    DWORD state;
    bool offered;
} service = {.lock = SRWLOCK_INIT, .state = SERVICE_START_PENDING};

/* With the lock held. */
static void tell_state(void)
{
    bool is_pending =
        service.state == SERVICE_START_PENDING || service.state == SERVICE_STOP_PENDING;
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
        .dwCurrentState = service.state,
        .dwControlsAccepted =
            service.state == SERVICE_RUNNING
                ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE
                : 0,
        .dwWaitHint = is_pending ? PENDING_HINT_MS : 0,
    };

    if (service.handle != NULL)
        (void)SetServiceStatus(service.handle, &status);
}

/* It never goes back. */
static void enter(DWORD state, DWORD only_from)
{
    AcquireSRWLockExclusive(&service.lock);
    if (service.state == only_from || only_from == 0) {
        service.state = state;
        tell_state();
    }
    ReleaseSRWLockExclusive(&service.lock);
}

static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *context)
{
    (void)event;
    (void)data;
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
        enter(SERVICE_STOP_PENDING, SERVICE_RUNNING);
        signals_request_stop();
        return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE: signals_request_reload(); return NO_ERROR;
    case CONTROL_NOW: signals_request_now(); return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE: return NO_ERROR;
    default: return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static void WINAPI on_start(DWORD count, wchar_t **words)
{
    (void)count;
    (void)words;
    AcquireSRWLockExclusive(&service.lock);
    service.handle = RegisterServiceCtrlHandlerExW(service_name, on_control, NULL);
    tell_state();
    ReleaseSRWLockExclusive(&service.lock);
}

/* Fails at once where we were started by somebody else. */
static DWORD WINAPI talk(void *context)
{
    const SERVICE_TABLE_ENTRYW table[] = {
        {.lpServiceName = service_name, .lpServiceProc = on_start}, {0}};

    (void)context;
    (void)StartServiceCtrlDispatcherW(table);
    return 0;
}

static void tell_stopped(void)
{
    enter(SERVICE_STOPPED, 0);
}

void service_connect(void)
{
    HANDLE thread;

    if (service.offered)
        return;
    service.offered = true;
    thread = CreateThread(NULL, 0, talk, NULL, 0, NULL);
    if (thread != NULL)
        (void)CloseHandle(thread);
    (void)atexit(tell_stopped);
}

bool service_is_connected(void)
{
    AcquireSRWLockShared(&service.lock);
    bool is_connected = service.handle != NULL;
    ReleaseSRWLockShared(&service.lock);
    return is_connected;
}

void service_ready(void)
{
    enter(SERVICE_RUNNING, SERVICE_START_PENDING);
}

void service_stopping(void)
{
    enter(SERVICE_STOP_PENDING, SERVICE_RUNNING);
}

/* The manager knows no such states. */
void service_reloading(void)
{
}

void service_status(const char *text)
{
    (void)text;
}

void service_alive(void)
{
}

int64_t service_alive_interval_ms(void)
{
    return INT64_MAX;
}
