/* Commands whose output is read, on POSIX. */
#include "capture.h"
#include "directory.h"
#include "unit.h"

#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>
#include <mxpull/platform/signals.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const struct command_row {
    const char *name;
    const char *command;
    int64_t timeout_ms;
    enum status status;
    const char *output; /* NULL: any */
    const char *error;
} command_rows[] = {
    {"output", "echo one; echo two", 10000, STATUS_OK, "one\ntwo\n", NULL},
    {"no output", "true", 10000, STATUS_OK, "", NULL},
    {"no standard input", "cat", 10000, STATUS_OK, "", NULL},
    {"failure", "echo x; exit 3", 10000, STATUS_SYSTEM, NULL, "exit status 3"},
    {"not found", "/no/such/command 2>/dev/null", 10000, STATUS_SYSTEM, NULL, "exit status 127"},
    {"killed", "kill -9 $$", 10000, STATUS_SYSTEM, NULL, "signal 9"},
    {"too slow", "sleep 20", 50, STATUS_TIMEOUT, NULL, "too slow"},
    {"too slow, and deaf", "trap '' TERM INT; sleep 20", 50, STATUS_TIMEOUT, NULL, "too slow"},
    {"a drip", "while :; do echo; sleep 0.01; done", 100, STATUS_TIMEOUT, NULL, "too slow"},
    {"too much", "while :; do echo xxxxxxxxxxxxxxxxxx; done", 500, STATUS_LIMIT, NULL,
     "more than 4096 bytes"},
    {"one left behind", "sleep 2 2>&1 & echo here", 10000, STATUS_OK, "here\n", NULL},
    {"closed early", "exec >&-; sleep 0.1", 10000, STATUS_OK, "", NULL},
};

static void command_is_captured(void **state)
{
    const struct command_row *row = *state;
    struct buffer output;
    struct error error = {0};
    int64_t before = clock_monotonic_ms();

    buffer_init(&output, 4096);
    assert_int_equal(capture(row->command, row->timeout_ms, &output, &error), row->status);
    assert_true(clock_monotonic_ms() - before < 5000);
    if (row->output != NULL)
        assert_string_equal(output.bytes, row->output);
    if (row->error != NULL)
        assert_non_null(strstr(error.text, row->error));
    buffer_done(&output);
}

static void command_is_killed_with_all_it_started(void **state)
{
    struct buffer output;
    struct error error;
    char command[600];

    (void)state;
    buffer_init(&output, 4096);
    (void)snprintf(command, sizeof command, "(sleep 0.4; echo alive >'%s') & wait",
                   in_directory("survivor"));
    assert_int_equal(capture(command, 50, &output, &error), STATUS_TIMEOUT);
    (void)usleep(700000);
    assert_int_equal(access(in_directory("survivor"), F_OK), -1);
    buffer_done(&output);
}

static void command_fails_although_children_are_ignored(void **state)
{
    struct buffer output;
    struct error error;

    (void)state;
    buffer_init(&output, 100);
    (void)signal(SIGCHLD, SIG_IGN);
    signals_start(SIGNALS_RUN, NULL, NULL);
    assert_int_equal(capture("exit 3", 10000, &output, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "exit status 3"));
    signals_end();
    (void)signal(SIGCHLD, SIG_DFL);
    buffer_done(&output);
}

/* As libcurl's sockets, which are open to children when a configuration is read anew. */
static void command_gets_no_descriptor_of_ours(void **state)
{
    struct buffer output;
    struct error error;
    int number = fcntl(STDERR_FILENO, F_DUPFD, 50);

    (void)state;
    assert_true(number >= 50 && number < 100);
    buffer_init(&output, 100);
    assert_int_equal(capture("for i in 5 6 7 8 9; do for j in 0 1 2 3 4 5 6 7 8 9; do "
                             "test ! -e /dev/fd/$i$j || echo $i$j; done; done",
                             10000, &output, &error),
                     STATUS_OK);
    assert_string_equal(output.bytes, "");
    buffer_done(&output);
    (void)close(number);
}

static const struct CMUnitTest fixed_tests[] = {
    cmocka_unit_test(command_is_killed_with_all_it_started),
    cmocka_unit_test(command_fails_although_children_are_ignored),
    cmocka_unit_test(command_gets_no_descriptor_of_ours),
};

int main(void)
{
    int failed = cmocka_run_group_tests(fixed_tests, make_directory, remove_directory);

    return unit_status(failed + RUN_TABLE(command_rows, command_is_captured));
}
