/* The signals that ask for something. Each sets its flag and wakes the loop, whose wait it
 * interrupts as well (SA_RESTART is off). A second one that asks a run to end takes the system's own
 * course, in case that the run does not come to an end. A signal to end that was ignored when we
 * were started (nohup, a job in the background) stays ignored. */
#include <mxpull/platform/signals.h>

#include <mxpull/base/compiler.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE};

/* Written before the handlers are set, and read by them. */
static struct {
    enum signals_use use;
    void (*wake)(void *context);
    void *context;
    struct sigaction old[COUNT_OF(signals)];
    bool started;
} state;

static volatile sig_atomic_t stop, reload, now;

static void call_wake(void)
{
    if (state.wake != NULL)
        state.wake(state.context);
}

static void on_stop(int number)
{
    int saved = errno;

    if (stop != 0) {
        /* Blocked while this handler runs, so it takes effect on return. */
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    } else {
        stop = 1;
        call_wake();
    }
    errno = saved;
}

static void on_reload(int number)
{
    int saved = errno;

    (void)number;
    reload = 1;
    call_wake();
    errno = saved;
}

static void on_now(int number)
{
    int saved = errno;

    (void)number;
    now = 1;
    call_wake();
    errno = saved;
}

/* What is done at a signal; old is what was done before. */
static void (*handler_of(int number, const struct sigaction *old))(int)
{
    bool is_daemon = state.use == SIGNALS_DAEMON;

    switch (number) {
    case SIGPIPE: return SIG_IGN;
    case SIGUSR1: return is_daemon ? on_now : old->sa_handler;
    case SIGHUP:
        if (is_daemon)
            return on_reload;
        break;
    default: break;
    }
    return old->sa_handler == SIG_IGN ? SIG_IGN : on_stop;
}

void signals_start(enum signals_use use, void (*wake)(void *context), void *context)
{
    state.use = use;
    state.wake = wake;
    state.context = context;
    state.started = true;
    stop = reload = now = 0;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct sigaction action = {0};

        (void)sigaction(signals[i], NULL, &state.old[i]);
        (void)sigemptyset(&action.sa_mask);
        action.sa_handler = handler_of(signals[i], &state.old[i]);
        if (action.sa_handler != state.old[i].sa_handler)
            (void)sigaction(signals[i], &action, NULL);
    }
}

void signals_end(void)
{
    if (!state.started)
        return;
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        (void)sigaction(signals[i], &state.old[i], NULL);
    state.wake = NULL;
    state.started = false;
}

bool signals_stop_requested(void)
{
    return stop != 0;
}

/* One at a time with the handler: a request that comes in between is taken the next time. */
static bool take(volatile sig_atomic_t *request)
{
    bool requested = *request != 0;

    if (requested)
        *request = 0;
    return requested;
}

bool signals_take_reload(void)
{
    return take(&reload);
}

bool signals_take_now(void)
{
    return take(&now);
}
