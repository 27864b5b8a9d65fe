/* The signals that ask for something. Each sets its flag and wakes the loop, whose wait it interrupts as well (SA_RESTART is
 * off). A second one that asks a run to end takes the system's own course, in case the run hangs. A signal to end that was
 * ignored when we were started (nohup, a job in the background) stays ignored. */
#include <mxpull/platform/signals.h>

#include <mxpull/base/compiler.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD};

/* Written before the handlers are set, and read by them. */
static struct {
    enum signals_use use;
    void (*wake)(void *context);
    void *context;
    struct sigaction old[COUNT_OF(signals)];
    bool started;
} state;

static volatile sig_atomic_t stop, reload, now;

static void on_signal(int number)
{
    int saved = errno;

    if (number == SIGUSR1) {
        now = 1;
    } else if (number == SIGHUP && state.use == SIGNALS_DAEMON) {
        reload = 1;
    } else if (number != SIGCHLD && stop == 0) {
        stop = 1;
    } else if (number != SIGCHLD) {
        /* Blocked while this handler runs, so it takes effect on return. */
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    if (state.wake != NULL)
        state.wake(state.context);
    errno = saved;
}

/* What is done at a signal; old is what was done before. */
static void (*handler_of(int number, void (*old)(int)))(int)
{
    bool is_daemon = state.use == SIGNALS_DAEMON;

    switch (number) {
    case SIGPIPE: return SIG_IGN;
    case SIGCHLD: return on_signal;
    case SIGUSR1: return is_daemon ? on_signal : old;
    case SIGHUP: return old == SIG_IGN && !is_daemon ? SIG_IGN : on_signal;
    default: return old == SIG_IGN ? SIG_IGN : on_signal;
    }
}

void signals_start(enum signals_use use, void (*wake)(void *context), void *context)
{
    sigset_t child;

    state.use = use;
    state.wake = wake;
    state.context = context;
    state.started = true;
    stop = reload = now = 0;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct sigaction action = {.sa_flags =
                                       signals[i] == SIGCHLD ? SA_RESTART | SA_NOCLDSTOP : 0};

        (void)sigaction(signals[i], NULL, &state.old[i]);
        (void)sigemptyset(&action.sa_mask);
        action.sa_handler = handler_of(signals[i], state.old[i].sa_handler);
        if (action.sa_handler != state.old[i].sa_handler)
            (void)sigaction(signals[i], &action, NULL);
    }
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_UNBLOCK, &child, NULL); /* our parent may have blocked it */
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
