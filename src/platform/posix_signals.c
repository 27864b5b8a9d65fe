/* The signals that ask a run to end. The first one sets the stop flag and wakes the loop, whose
 * wait it interrupts as well (SA_RESTART is off); the second one takes the system's own course, in
 * case that the run does not come to an end. A signal that was ignored when we were started (nohup,
 * a job in the background) stays ignored. */
#include <mxpull/platform/signals.h>

#include <mxpull/base/compiler.h>

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

/* Written before the handlers are set, and read by them. */
static struct {
    void (*wake)(void *context);
    void *context;
    struct sigaction old[COUNT_OF(stop_signals)];
    struct sigaction old_pipe;
    bool started;
} state;

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    int saved = errno;

    if (stop != 0) {
        /* Blocked while this handler runs, so it takes effect on return. */
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    } else {
        stop = 1;
        if (state.wake != NULL)
            state.wake(state.context);
    }
    errno = saved;
}

void signals_start(void (*wake)(void *context), void *context)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    state.wake = wake;
    state.context = context;
    state.started = true;
    stop = 0;
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < COUNT_OF(stop_signals); i++) {
        (void)sigaction(stop_signals[i], NULL, &state.old[i]);
        if (state.old[i].sa_handler != SIG_IGN)
            (void)sigaction(stop_signals[i], &action, NULL);
    }
    (void)sigaction(SIGPIPE, &ignore, &state.old_pipe);
}

void signals_end(void)
{
    if (!state.started)
        return;
    for (size_t i = 0; i < COUNT_OF(stop_signals); i++)
        (void)sigaction(stop_signals[i], &state.old[i], NULL);
    (void)sigaction(SIGPIPE, &state.old_pipe, NULL);
    state.wake = NULL;
    state.started = false;
}

bool signals_stop_requested(void)
{
    return stop != 0;
}
