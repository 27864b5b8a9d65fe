/* Commands that run beside us, on POSIX. */
#include "capture.h"
#include "directory.h"
#include "read_file.h"
#include "unit.h"

#include <mxpull/base/buffer.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/process.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 20000,
    TICK_US = 2000
};

static volatile sig_atomic_t woken;

static void wake(void *context)
{
    woken += *(int *)context;
}

static int one = 1;

static struct process *start(const char *command)
{
    struct process *process = NULL;
    struct error error;

    assert_int_equal(process_start(&process, command, NULL, 0, false, &error), STATUS_OK);
    return process;
}

/* Waits for its end as a loop does, though by looking again and again. Returns how it ended. */
static bool wait_for(struct process *process)
{
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    bool ended_well = false;

    while (!has_ended(process, &ended_well)) {
        assert_true(clock_monotonic_ms() < deadline);
        (void)usleep(TICK_US);
    }
    return ended_well;
}

static bool run(const char *command)
{
    struct process *process = start(command);
    bool ended_well = wait_for(process);

    process_free(process);
    return ended_well;
}

/* Waits until the file at path is there. */
static void wait_for_file(const char *path)
{
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;

    while (access(path, F_OK) != 0) {
        assert_true(clock_monotonic_ms() < deadline);
        (void)usleep(TICK_US);
    }
}

static void assert_no_child_is_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void assert_content(const char *path, const char *expected)
{
    struct buffer bytes;
    struct error error;

    buffer_init(&bytes, 4096);
    assert_int_equal(read_file(path, &bytes, &error), STATUS_OK);
    assert_string_equal(bytes.bytes, expected);
    buffer_done(&bytes);
}

/* Lets our standard error go to a file. Returns the one of before, for take_error_back. */
static int send_error_to(const char *path)
{
    int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(before >= 0 && file >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    (void)close(file);
    return before;
}

static void take_error_back(int before)
{
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
}

static const struct end_row {
    const char *name;
    const char *command;
    bool ends_well;
} end_rows[] = {
    {"success", "true", true},
    {"failure", "exit 3", false},
    {"not found", "/no/such/command 2>/dev/null", false},
    {"killed", "kill -9 $$", false},
    {"no standard input", "test -z \"$(cat)\"", true},
    {"a group of its own", "kill -0 -$$", true},
};

static void process_tells_its_end(void **state)
{
    const struct end_row *row = *state;
    struct process *process = start(row->command);

    assert_int_equal(wait_for(process), row->ends_well);
    for (int i = 0; i < 3; i++) {
        bool ended_well = !row->ends_well;

        assert_true(has_ended(process, &ended_well));
        assert_int_equal(ended_well, row->ends_well);
    }
    process_free(process);
    assert_no_child_is_left();
}

static void process_leaves_the_answer_while_it_runs(void **state)
{
    struct process *process = start("sleep 20");
    bool ended_well = true;

    (void)state;
    assert_false(has_ended(process, &ended_well));
    assert_true(ended_well);
    process_free(process);
    process_free(NULL);
    assert_no_child_is_left();
}

static void process_gets_its_variables(void **state)
{
    static const struct process_variable variables[] = {
        {"MXPULL_OUTCOME", "started; 'quoted' $HOME \"x\"\nnext"},
        {"MXPULL_EMPTY", ""},
        {"MXPULL_REPLACED", "new"},
    };
    struct process *process;
    struct error error;
    char command[800];

    (void)state;
    set_variable("MXPULL_REPLACED", "old");
    set_variable("MXPULL_REPLACED_NOT", "kept");
    (void)snprintf(command, sizeof command,
                   "printf '%%s|%%s|%%s|%%s|' \"$MXPULL_OUTCOME\" \"${MXPULL_EMPTY-unset}\" "
                   "\"$MXPULL_REPLACED\" \"$MXPULL_REPLACED_NOT\" >'%s'; "
                   "env | grep -c ^MXPULL_REPLACED= >>'%s'",
                   in_directory("variables"), in_directory("variables"));
    assert_int_equal(
        process_start(&process, command, variables, COUNT_OF(variables), false, &error), STATUS_OK);
    assert_true(wait_for(process));
    process_free(process);
    assert_content(in_directory("variables"), "started; 'quoted' $HOME \"x\"\nnext||new|kept|1\n");
    assert_string_equal(getenv("MXPULL_REPLACED"), "old");
    assert_null(getenv("MXPULL_OUTCOME"));
    set_variable("MXPULL_REPLACED", NULL);
    set_variable("MXPULL_REPLACED_NOT", NULL);
}

static void process_writes_to_our_standard_error(void **state)
{
    int before = send_error_to(in_directory("error"));
    bool ended_well = run("echo output; echo error >&2");

    (void)state;
    take_error_back(before);
    assert_true(ended_well);
    assert_content(in_directory("error"), "output\nerror\n");
}

static void process_wakes_at_its_end(void **state)
{
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    bool ended_well;

    (void)state;
    woken = 0;
    struct process *process = start("sleep 0.1");
    while (woken == 0) {
        assert_true(clock_monotonic_ms() < deadline);
        (void)usleep(TICK_US);
    }
    assert_int_equal(woken, 1);
    assert_true(has_ended(process, &ended_well));
    assert_true(ended_well);
    process_free(process);
}

/* A wake that the loop would wait for in vain, were the signal blocked by who started us. */
static void process_wakes_although_blocked(void **state)
{
    sigset_t child;

    (void)state;
    signals_end();
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    assert_int_equal(sigprocmask(SIG_BLOCK, &child, NULL), 0);
    signals_start(SIGNALS_RUN, wake, &one);
    woken = 0;
    assert_true(run("true"));
    assert_int_equal(woken, 1);
}

static void process_leaves_the_signal_as_it_was(void **state)
{
    static void (*const before[])(int) = {SIG_DFL, SIG_IGN};

    (void)state;
    signals_end();
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        (void)signal(SIGCHLD, before[i]);
        signals_start(SIGNALS_RUN, wake, &one);
        struct process *first = start("exit 3"), *second = start("true");
        assert_false(wait_for(first)); /* although ignored before */
        process_free(first);
        assert_true(wait_for(second));
        process_free(second);
        woken = 0;
        assert_int_equal(raise(SIGCHLD), 0);
        assert_int_equal(woken, 1);
        signals_end();
        assert_int_equal(raise(SIGCHLD), 0);
        assert_int_equal(woken, 1);
        assert_true(signal(SIGCHLD, SIG_DFL) == before[i]);
    }
    signals_start(SIGNALS_RUN, wake, &one);
}

static void process_that_cannot_start_is_told(void **state)
{
    struct process *process = NULL;
    size_t size = 8 * 1024 * 1024;
    char *huge = malloc(size);
    struct process_variable variable = {"MXPULL_HUGE", huge};
    struct error error;

    (void)state;
    assert_non_null(huge);
    (void)memset(huge, 'x', size - 1);
    huge[size - 1] = '\0';
    assert_int_equal(process_start(&process, "true", &variable, 1, false, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "the command cannot be run: "));
    assert_null(process);
    free(huge);
    assert_no_child_is_left();
}

/* What we ignore or block is no business of the command's. */
static void process_gets_the_signals_as_usual(void **state)
{
    static const struct {
        const char *command;
        int number;
    } rows[] = {{"kill -PIPE $$", SIGPIPE},
                {"kill -INT $$", SIGINT},
                {"kill -TERM $$", SIGTERM},
                {"kill -HUP $$", SIGHUP},
                {"kill -USR1 $$", SIGUSR1}};
    sigset_t all, before;

    (void)state;
    (void)sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_BLOCK, &all, &before), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        void (*old)(int) = signal(rows[i].number, SIG_IGN);

        assert_false(run(rows[i].command));
        (void)signal(rows[i].number, old);
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void process_is_killed_with_all_it_started(void **state)
{
    char command[1600];

    (void)state;
    (void)snprintf(command, sizeof command,
                   "trap '' TERM; (trap '' TERM; : >'%s'; sleep 0.5; : >'%s') & wait",
                   in_directory("grandchild"), in_directory("survivor"));
    struct process *process = start(command);
    wait_for_file(in_directory("grandchild"));
    int64_t before = clock_monotonic_ms();
    process_free(process);
    assert_true(clock_monotonic_ms() - before < 500);
    assert_no_child_is_left();
    (void)usleep(700000);
    assert_int_equal(access(in_directory("survivor"), F_OK), -1);
}

/* What has ended is not killed any more: its number may be another's. */
static void process_that_ended_leaves_what_it_left_behind(void **state)
{
    char command[1200];

    (void)state;
    (void)snprintf(command, sizeof command, "(sleep 0.2; : >'%s') & true", in_directory("left"));
    assert_true(run(command));
    assert_no_child_is_left();
    wait_for_file(in_directory("left"));
}

/* One left behind holds our standard error, and nothing else of ours. */
static void process_gets_no_descriptor_of_ours(void **state)
{
    char command[700], byte;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(command, sizeof command, "ls /proc/self/fd >'%s'; sleep 20 & echo $! >'%s'",
                   in_directory("descriptors"), in_directory("sleeper"));
    assert_true(run(command));
    if (access("/proc/self/fd", F_OK) == 0)
        assert_content(in_directory("descriptors"), "0\n1\n2\n3\n"); /* 3 is its own, to list */
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    (void)close(ends[0]);
    (void)snprintf(command, sizeof command, "kill $(cat '%s')", in_directory("sleeper"));
    assert_true(run(command));
}

static void process_may_be_many(void **state)
{
    struct process *processes[40];
    char command[64];

    (void)state;
    woken = 0;
    for (size_t i = 0; i < COUNT_OF(processes); i++) {
        (void)snprintf(command, sizeof command, "sleep 0.0%zu; exit %zu", i % 10, i % 3);
        processes[i] = start(command);
    }
    for (size_t i = COUNT_OF(processes); i-- > 0;)
        assert_int_equal(wait_for(processes[i]), i % 3 == 0);
    assert_true(woken > 0 && woken <= (int)COUNT_OF(processes));
    for (size_t i = 0; i < COUNT_OF(processes); i++)
        process_free(processes[i]);
    assert_no_child_is_left();
}

static void process_does_not_disturb_a_capture(void **state)
{
    struct process *process = start("sleep 0.1; exit 4");
    struct buffer output;
    struct error error;

    (void)state;
    buffer_init(&output, 100);
    for (int i = 0; i < 5; i++)
        assert_int_equal(capture("sleep 0.05; echo x", PATIENCE_MS, &output, &error), STATUS_OK);
    assert_string_equal(output.bytes, "x\nx\nx\nx\nx\n");
    assert_int_equal(capture("exit 3", PATIENCE_MS, &output, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "exit status 3"));
    buffer_done(&output);
    assert_false(wait_for(process));
    process_free(process);
    assert_no_child_is_left();
}

static const struct CMUnitTest fixed_tests[] = {
    cmocka_unit_test(process_leaves_the_answer_while_it_runs),
    cmocka_unit_test(process_gets_its_variables),
    cmocka_unit_test(process_writes_to_our_standard_error),
    cmocka_unit_test(process_wakes_at_its_end),
    cmocka_unit_test(process_wakes_although_blocked),
    cmocka_unit_test(process_leaves_the_signal_as_it_was),
    cmocka_unit_test(process_that_cannot_start_is_told),
    cmocka_unit_test(process_gets_the_signals_as_usual),
    cmocka_unit_test(process_is_killed_with_all_it_started),
    cmocka_unit_test(process_that_ended_leaves_what_it_left_behind),
    cmocka_unit_test(process_gets_no_descriptor_of_ours),
    cmocka_unit_test(process_may_be_many),
    cmocka_unit_test(process_does_not_disturb_a_capture),
};

int main(void)
{
    signals_start(SIGNALS_RUN, wake, &one);
    int failed = cmocka_run_group_tests(fixed_tests, make_directory, remove_directory);

    return unit_status(failed + RUN_TABLE(end_rows, process_tells_its_end));
}
