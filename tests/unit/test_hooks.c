/* The administrator's commands: in their order, a few at a time, with what they are told, and killed
 * when they hang; and the alarms that they are run for. */
#include "directory.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/pull/alarm.h>
#include <mxpull/pull/hooks.h>

#include <unistd.h>

enum {
    FILE_MAX = 64 * 1024,
    PATIENCE_MS = 20000
};

static struct loop *loop;
static char logged[FILE_MAX];

static void keep_log(void *context, const struct log_event *event)
{
    struct buffer line;

    (void)context;
    buffer_init(&line, FILE_MAX);
    log_format(&line, event);
    (void)strncat(logged, line.bytes, sizeof logged - strlen(logged) - 2);
    (void)strncat(logged, "\n", 2);
    buffer_done(&line);
}

static int set_up(void **state)
{
    struct error error;

    logged[0] = '\0';
    log_open(LEVEL_INFO, keep_log, NULL);
    loop = loop_new(&error);
    return loop == NULL ? -1 : make_directory(state);
}

static int tear_down(void **state)
{
    log_open(LEVEL_ERROR, NULL, NULL);
    loop_free(loop);
    return remove_directory(state);
}

/* Runs what there is to run; returns how long it took. */
static int64_t run_all(struct hooks *hooks)
{
    int64_t began_ms = clock_monotonic_ms();

    for (;;) {
        int64_t next_ms = hooks_advance(hooks);

        if (hooks_are_idle(hooks))
            return clock_monotonic_ms() - began_ms;
        assert_true(clock_monotonic_ms() - began_ms < PATIENCE_MS);
        loop_turn(loop, next_ms);
    }
}

/* What the file holds; the caller frees it. */
static char *content(const char *name)
{
    struct buffer bytes;
    struct error error;

    buffer_init(&bytes, FILE_MAX);
    (void)file_read(in_directory(name), &bytes, &error);
    char *copy = memory_copy(bytes.bytes);
    buffer_done(&bytes);
    return copy;
}

static void assert_content(const char *name, const char *expected)
{
    char *text = content(name);

    assert_string_equal(text, expected);
    free(text);
}

static void run(struct hooks *hooks, const char *command)
{
    const struct process_variable variables[] = {{"WHERE", directory}};

    hooks_run(hooks, command, variables, COUNT_OF(variables));
}

static void test_order(void **state)
{
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    assert_true(hooks_are_idle(hooks));
    for (int i = 0; i < 20; i++)
        run(hooks, "echo x >>\"$WHERE/all\"");
    assert_false(hooks_are_idle(hooks));
    (void)run_all(hooks);
    assert_content("all", "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n");
    hooks_free(hooks);
}

/* Of a hundred that each note how many are there besides, none sees more than HOOKS_AT_ONCE. */
static void test_at_once(void **state)
{
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    for (int i = 0; i < 30; i++)
        run(hooks, "mkdir -p \"$WHERE/now\"; touch \"$WHERE/now/$$\"; ls \"$WHERE/now\" | wc -l "
                   ">>\"$WHERE/counts\"; sleep 0.01; rm \"$WHERE/now/$$\"");
    (void)run_all(hooks);
    char *counts = content("counts");
    for (char *line = strtok(counts, "\n "); line != NULL; line = strtok(NULL, "\n "))
        assert_in_range(strtol(line, NULL, 10), 1, HOOKS_AT_ONCE);
    free(counts);
    hooks_free(hooks);
}

static void test_hanging(void **state)
{
    enum {
        TIMEOUT_MS = 300
    };
    struct hooks *hooks = hooks_new(loop, TIMEOUT_MS);

    (void)state;
    run(hooks, "trap '' TERM; sleep 100 & wait; sleep 100");
    run(hooks, "echo done >\"$WHERE/beside\"");
    int64_t took_ms = run_all(hooks);
    assert_true(took_ms >= TIMEOUT_MS);
    assert_content("beside", "done\n");
    assert_non_null(strstr(logged, "the command was killed"));
    hooks_free(hooks);
}

static void test_failing(void **state)
{
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    run(hooks, "exit 3");
    run(hooks, "/nonexistent/program 2>/dev/null");
    (void)run_all(hooks);
    assert_non_null(strstr(logged, "exit 3: the command failed"));
    assert_non_null(strstr(logged, "program 2>/dev/null: the command failed"));
    hooks_free(hooks);
}

static void test_freed_while_running(void **state)
{
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    for (int i = 0; i < 10; i++)
        run(hooks, "sleep 100");
    (void)hooks_advance(hooks);
    hooks_free(hooks);
}

/* ---- alarms ---- */

static const struct alarm_row {
    const char *name;
    struct alarm alarm;
    const char *told, *log;
} alarm_rows[] = {
    {"failure",
     {.event = ALARM_FAILURE,
      .outcome = "denied",
      .code = 459,
      .text = "no \x1b[31m$(rm -rf /)\nline",
      .since_ms = INT64_C(1795449600000),
      .streak = 1},
     "bad failure mx2 mx2.example.net  denied 459 no \\x1b[31m$(rm -rf /)\\nline "
     "2026-11-23T16:00:00Z 1\n",
     "event=failure backup=mx2 outcome=denied streak=1 since=2026-11-23T16:00:00Z text=\"no "
     "\\x1b[31m$(rm -rf /)\\nline\"\n"},
    {"recovery",
     {.event = ALARM_RECOVERY, .outcome = "started", .code = 250, .text = "OK", .streak = 0},
     "good recovery mx2 mx2.example.net  started 250 OK  0\n",
     "event=recovery backup=mx2 outcome=started text=OK\n"},
    {"silence",
     {.event = ALARM_SILENCE, .domain = "a.example", .outcome = "held", .streak = 2},
     "bad silence mx2 mx2.example.net a.example held    2\n",
     "event=silence backup=mx2 domain=a.example outcome=held streak=2\n"},
    {"answer",
     {.event = ALARM_ANSWER, .domain = "a.example", .outcome = "started", .code = 250},
     "good answer mx2 mx2.example.net a.example started 250   0\n",
     "event=answer backup=mx2 domain=a.example outcome=started\n"},
};

static void test_alarm(void **state)
{
    static char name[] = "mx2", host[] = "mx2.example.net";
#define TELL                                                                                       \
    " $MXPULL_EVENT $MXPULL_BACKUP $MXPULL_HOST $MXPULL_DOMAIN $MXPULL_OUTCOME $MXPULL_CODE "      \
    "$MXPULL_TEXT $MXPULL_SINCE $MXPULL_STREAK\" >told"
    static char bad[] = "printf '%s\\n' \"bad" TELL, good[] = "printf '%s\\n' \"good" TELL;
    const struct alarm_row *row = *state;
    const struct backup_config backup = {.name = name, .host = host};
    const struct config config = {.on_failure = bad, .on_recovery = good};
    struct alarm alarm = row->alarm;

    assert_int_equal(set_up(NULL), 0);
    assert_int_equal(chdir(directory), 0);
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);
    alarm.backup = &backup;
    alarm_raise(&alarm, LEVEL_INFO, &config, hooks);
    (void)run_all(hooks);
    assert_content("told", row->told);
    assert_string_equal(logged, row->log);
    alarm_raise(&alarm, LEVEL_INFO, &config, NULL);
    assert_true(hooks_are_idle(hooks));
    hooks_free(hooks);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(tear_down(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hanging, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_freed_while_running, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + RUN_TABLE(alarm_rows, test_alarm);
}
