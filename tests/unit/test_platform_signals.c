/* The signals that ask a run or a daemon for something, on POSIX. */
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>
#include <mxpull/platform/signals.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t woken;

static void wake(void *context)
{
    woken += *(int *)context;
}

static void signals_set_the_flag_and_wake(void **state)
{
    int one = 1;

    (void)state;
    woken = 0;
    signals_start(SIGNALS_RUN, wake, &one);
    assert_false(signals_stop_requested());
    assert_int_equal(raise(SIGPIPE), 0);
    assert_false(signals_stop_requested());
    assert_int_equal(raise(SIGTERM), 0);
    assert_true(signals_stop_requested());
    assert_int_equal(woken, 1);
    signals_end();
    signals_end();
    signals_start(SIGNALS_RUN, wake, &one);
    assert_false(signals_stop_requested());
    signals_end();
}

static void signals_second_one_ends_the_program(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        int status;
        pid_t child = fork();

        if (child == 0) {
            (void)signal(numbers[i], SIG_DFL);
            signals_start(SIGNALS_RUN, NULL, NULL);
            (void)raise(numbers[i]);
            (void)raise(numbers[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
    }
}

static void signals_ignored_before_stay_ignored(void **state)
{
    (void)state;
    (void)signal(SIGHUP, SIG_IGN);
    signals_start(SIGNALS_RUN, NULL, NULL);
    assert_int_equal(raise(SIGHUP), 0);
    assert_false(signals_stop_requested());
    signals_end();
    assert_true(signal(SIGHUP, SIG_DFL) == SIG_IGN);
}

/* A daemon */

static void daemon_is_asked(void **state)
{
    int one = 1;

    (void)state;
    woken = 0;
    signals_start(SIGNALS_DAEMON, wake, &one);
    assert_false(signals_take_reload() || signals_take_now() || signals_stop_requested());
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(woken, 1);
    assert_false(signals_take_now() || signals_stop_requested());
    assert_true(signals_take_reload());
    assert_false(signals_take_reload());
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(woken, 2);
    assert_false(signals_take_reload() || signals_stop_requested());
    assert_true(signals_take_now());
    assert_false(signals_take_now());
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(woken, 3);
    assert_true(signals_stop_requested());
    assert_false(signals_take_reload() || signals_take_now());
    signals_end();
}

static void daemon_takes_many_requests_as_one(void **state)
{
    (void)state;
    signals_start(SIGNALS_DAEMON, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(raise(SIGHUP), 0);
        assert_int_equal(raise(SIGUSR1), 0);
    }
    assert_true(signals_take_reload() && signals_take_now());
    assert_false(signals_take_reload() || signals_take_now() || signals_stop_requested());
    signals_end();
}

static void daemon_forgets_requests_of_before(void **state)
{
    (void)state;
    signals_start(SIGNALS_DAEMON, NULL, NULL);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    signals_end();
    signals_start(SIGNALS_DAEMON, NULL, NULL);
    assert_false(signals_take_reload() || signals_take_now());
    signals_end();
}

/* A daemon that was started by nohup, or whose SIGUSR1 was ignored, can be asked all the same. */
static void daemon_listens_although_ignored_before(void **state)
{
    (void)state;
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGUSR1, SIG_IGN);
    signals_start(SIGNALS_DAEMON, NULL, NULL);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(signals_take_reload() && signals_take_now());
    signals_end();
    assert_true(signal(SIGHUP, SIG_DFL) == SIG_IGN);
    assert_true(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

static void daemon_gives_the_signals_back(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE};
    struct sigaction action;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        (void)signal(numbers[i], SIG_DFL);
    signals_start(SIGNALS_DAEMON, NULL, NULL);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        assert_int_equal(sigaction(numbers[i], NULL, &action), 0);
        assert_true(action.sa_handler != SIG_DFL);
    }
    signals_end();
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        assert_int_equal(sigaction(numbers[i], NULL, &action), 0);
        assert_true(action.sa_handler == SIG_DFL);
    }
}

/* It is not ours there: it ends the program, as it always does. */
static void run_leaves_usr1_alone(void **state)
{
    struct sigaction action;

    (void)state;
    (void)signal(SIGUSR1, SIG_DFL);
    signals_start(SIGNALS_RUN, NULL, NULL);
    assert_int_equal(sigaction(SIGUSR1, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    signals_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_set_the_flag_and_wake),
        cmocka_unit_test(signals_second_one_ends_the_program),
        cmocka_unit_test(signals_ignored_before_stay_ignored),
        cmocka_unit_test(daemon_is_asked),
        cmocka_unit_test(daemon_takes_many_requests_as_one),
        cmocka_unit_test(daemon_forgets_requests_of_before),
        cmocka_unit_test(daemon_listens_although_ignored_before),
        cmocka_unit_test(daemon_gives_the_signals_back),
        cmocka_unit_test(run_leaves_usr1_alone),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
