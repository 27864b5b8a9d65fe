/* What asks a run for something: the console's events, and the Service Control Manager, which is told in turn how
 * the daemon fares.
 *
 * The events come on a thread of their own: Ctrl-C and Ctrl-Break ask the run to end, and so do the window's
 * closing, the user's logging off and the system's going down, which end the process as soon as the handler has
 * returned, or after five seconds. Where Ctrl-C was switched off when we were started (start /b, a process group
 * of our own) it stays so.
 *
 * The manager wants a thread of its own to talk to, so the daemon's own thread goes its way as in a console, and
 * only its state is passed on:
 *
 *   start pending --ready--> running --stopping, stop, shutdown--> stop pending --the program ends--> stopped
 *
 * Controls: stop and shutdown end the daemon; a changed parameter (sc control mxpull paramchange) makes
 * it read its configuration anew; 128 (sc control mxpull 128) makes it pull now.
 *
 * A process that ends without having said that it stopped has crashed, and is started again; one that
 * said so with an exit status stays stopped: starting it again would not help. */
#include "system.h"

#include <mxpull/platform/service.h>
#include <mxpull/platform/signals.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <tlhelp32.h>

enum {
    CONTROL_NOW = 128,
    PENDING_HINT_MS = 30 * 1000
};

static atomic_bool stop, reload, now;

/* wake is called with the lock held, so that it is not called any more after signals_end. */
static struct {
    SRWLOCK lock;
    void (*wake)(void *context);
    void *context;
    HANDLE ended; /* set when the run has come to its end */
    bool started;
} run = {.lock = SRWLOCK_INIT};

static wchar_t service_name[] = L"mxpull"; /* as contrib/windows/install.cmd calls it */

static struct {
    SRWLOCK lock;
    SERVICE_STATUS_HANDLE handle; /* NULL: nobody is to be told */
    DWORD state;
    bool has_ended; /* in order, with exit_status */
    DWORD exit_status;
    HANDLE answered; /* set when it is known whether the manager has started us */
} service = {.lock = SRWLOCK_INIT, .state = SERVICE_START_PENDING};

/* ---- what is asked ---- */

/* flag NULL: the loop is woken alone. Nothing is asked of a run that has not begun or is over. */
static void request(atomic_bool *flag)
{
    AcquireSRWLockExclusive(&run.lock);
    if (run.started && flag != NULL)
        atomic_store(flag, true);
    if (run.started && run.wake != NULL)
        run.wake(run.context);
    ReleaseSRWLockExclusive(&run.lock);
}

void system_wake(void)
{
    request(NULL);
}

static bool is_service(void)
{
    AcquireSRWLockShared(&service.lock);
    bool is_connected = service.handle != NULL;
    ReleaseSRWLockShared(&service.lock);
    return is_connected;
}

/* FALSE: the system does what it does without us, which is to end the process. */
static BOOL WINAPI on_event(DWORD event)
{
    if (event == CTRL_LOGOFF_EVENT && is_service())
        return TRUE; /* another user logs off */
    if (atomic_load(&stop) && (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT))
        return FALSE;
    request(&stop);
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        (void)WaitForSingleObject(run.ended, INFINITE);
    return TRUE;
}

void signals_start(enum signals_use use, void (*wake)(void *context), void *context)
{
    (void)use; /* what a service is told comes only to a daemon */
    AcquireSRWLockExclusive(&run.lock);
    run.wake = wake;
    run.context = context;
    run.started = true;
    if (run.ended == NULL)
        run.ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    (void)ResetEvent(run.ended);
    atomic_store(&stop, false);
    atomic_store(&reload, false);
    atomic_store(&now, false);
    ReleaseSRWLockExclusive(&run.lock);
    (void)SetConsoleCtrlHandler(on_event, TRUE);
}

void signals_end(void)
{
    if (!run.started)
        return;
    (void)SetConsoleCtrlHandler(on_event, FALSE);
    AcquireSRWLockExclusive(&run.lock);
    run.started = false;
    ReleaseSRWLockExclusive(&run.lock);
    (void)SetEvent(run.ended);
}

bool signals_stop_requested(void)
{
    return atomic_load(&stop);
}

bool signals_take_reload(void)
{
    return atomic_exchange(&reload, false);
}

bool signals_take_now(void)
{
    return atomic_exchange(&now, false);
}

/* ---- what is told ---- */

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

    if (service.state == SERVICE_STOPPED && !service.has_ended) {
        status.dwWin32ExitCode = ERROR_PROCESS_ABORTED;
    } else if (service.state == SERVICE_STOPPED && service.exit_status != 0) {
        status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
        status.dwServiceSpecificExitCode = service.exit_status;
    }
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

static void tell_stopped(void)
{
    enter(SERVICE_STOPPED, 0);
}

/* The manager knows no more states than these. */
void service_tell(enum service_news news)
{
    switch (news) {
    case SERVICE_IS_READY: enter(SERVICE_RUNNING, SERVICE_START_PENDING); break;
    case SERVICE_IS_STOPPING: enter(SERVICE_STOP_PENDING, SERVICE_RUNNING); break;
    case SERVICE_IS_RELOADING:
    case SERVICE_IS_ALIVE: break;
    }
}

void service_ended(int exit_status)
{
    AcquireSRWLockExclusive(&service.lock);
    service.has_ended = true;
    service.exit_status = (DWORD)exit_status;
    ReleaseSRWLockExclusive(&service.lock);
}

void service_status(const char *text)
{
    (void)text;
}

int64_t service_alive_interval_ms(void)
{
    return INT64_MAX;
}

/* ---- the manager's thread ---- */

static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *context)
{
    (void)event;
    (void)data;
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
        enter(SERVICE_STOP_PENDING, SERVICE_RUNNING);
        request(&stop);
        return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE: request(&reload); return NO_ERROR;
    case CONTROL_NOW: request(&now); return NO_ERROR;
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
    (void)SetEvent(service.answered);
}

/* The dispatcher fails at once where the manager has not started us. */
static DWORD WINAPI talk(void *context)
{
    const SERVICE_TABLE_ENTRYW table[] = {
        {.lpServiceName = service_name, .lpServiceProc = on_start}, {0}};

    (void)context;
    (void)StartServiceCtrlDispatcherW(table);
    (void)SetEvent(service.answered);
    return 0;
}

/* The entry of a process in a snapshot. */
static bool find_process(HANDLE snapshot, DWORD id, PROCESSENTRY32W *entry)
{
    entry->dwSize = sizeof *entry;
    for (BOOL found = Process32FirstW(snapshot, entry); found;
         found = Process32NextW(snapshot, entry)) {
        if (entry->th32ProcessID == id)
            return true;
    }
    return false;
}

/* Whether our parent is the manager; true as well where that cannot be told. The dispatcher says the
 * same, but wine's never comes back where the answer is no. */
static bool may_be_service(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry;
    bool may_be = true;

    if (snapshot == INVALID_HANDLE_VALUE)
        return true;
    if (find_process(snapshot, GetCurrentProcessId(), &entry))
        may_be = find_process(snapshot, entry.th32ParentProcessID, &entry) &&
                 _wcsicmp(entry.szExeFile, L"services.exe") == 0;
    (void)CloseHandle(snapshot);
    return may_be;
}

bool service_connect(void)
{
    HANDLE thread = NULL;

    if (!may_be_service())
        return false;
    service.answered = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (service.answered != NULL)
        thread = CreateThread(NULL, 0, talk, NULL, 0, NULL);
    if (thread == NULL)
        return false;
    (void)CloseHandle(thread);
    (void)WaitForSingleObject(service.answered, INFINITE);
    (void)atexit(tell_stopped);
    return is_service();
}
