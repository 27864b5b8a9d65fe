/* The console's events, which come on a thread of their own: Ctrl-C and Ctrl-Break ask the run to end,
 * and so do the window's closing, the user's logging off and the system's going down, which end the
 * process as soon as the handler has returned, or after five seconds. Where Ctrl-C was switched off
 * when we were started (start /b, a process group of our own) it stays so. */
#include <mxpull/platform/signals.h>

#include "service.h"
#include "signals.h"
#include "system.h"

#include <stdatomic.h>
#include <stddef.h>

static atomic_bool stop, reload, now;

/* wake is called with the lock held, so that it is not called any more after signals_end. */
static struct {
    SRWLOCK lock;
    void (*wake)(void *context);
    void *context;
    HANDLE ended; /* set when the run has come to its end */
    bool started;
} state = {.lock = SRWLOCK_INIT};

static void request(atomic_bool *flag)
{
    AcquireSRWLockExclusive(&state.lock);
    if (state.started) {
        atomic_store(flag, true);
        if (state.wake != NULL)
            state.wake(state.context);
    }
    ReleaseSRWLockExclusive(&state.lock);
}

void signals_request_stop(void)
{
    request(&stop);
}

void signals_request_reload(void)
{
    request(&reload);
}

void signals_request_now(void)
{
    request(&now);
}

/* FALSE: the system does what it does without us, which is to end the process. */
static BOOL WINAPI on_event(DWORD event)
{
    if (event == CTRL_LOGOFF_EVENT && service_is_connected())
        return TRUE; /* somebody's, not ours */
    if (atomic_load(&stop) && (event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT))
        return FALSE;
    signals_request_stop();
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        (void)WaitForSingleObject(state.ended, INFINITE);
    return TRUE;
}

void signals_start(enum signals_use use, void (*wake)(void *context), void *context)
{
    AcquireSRWLockExclusive(&state.lock);
    state.wake = wake;
    state.context = context;
    state.started = true;
    if (state.ended == NULL)
        state.ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    (void)ResetEvent(state.ended);
    atomic_store(&stop, false);
    atomic_store(&reload, false);
    atomic_store(&now, false);
    ReleaseSRWLockExclusive(&state.lock);
    (void)use; /* what a service is told comes only to a daemon */
    (void)SetConsoleCtrlHandler(on_event, TRUE);
}

void signals_end(void)
{
    if (!state.started)
        return;
    (void)SetConsoleCtrlHandler(on_event, FALSE);
    AcquireSRWLockExclusive(&state.lock);
    state.wake = NULL;
    state.started = false;
    ReleaseSRWLockExclusive(&state.lock);
    (void)SetEvent(state.ended);
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
