/* The administrator's commands: each once, a few at a time, with what they are told, and killed
 * when they hang; and the alarms that they are run for. */
#include "directory.h"
#include "read_file.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/signals.h>
#include <mxpull/record/recorder.h>
#include <record/record.h>

#include <support_words.h>
#include <unistd.h>

enum {
    FILE_MAX = 64 * 1024,
    PATIENCE_MS = 20000
};

static struct loop *loop;
static char logged[FILE_MAX], before[SUPPORT_PATH_SIZE];

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

static void wake(void *context)
{
    loop_wake(context);
}

static int set_up(void **state)
{
    struct error error;

    logged[0] = '\0';
    log_open(LEVEL_INFO, keep_log, NULL);
    loop = loop_new(&error);
    if (loop == NULL || make_directory(state) != 0 || getcwd(before, sizeof before) == NULL)
        return -1;
    signals_start(SIGNALS_RUN, wake, loop);
    return chdir(directory);
}

static int tear_down(void **state)
{
    signals_end();
    log_open(LEVEL_ERROR, NULL, NULL);
    loop_free(loop);
    return chdir(before) != 0 ? -1 : remove_directory(state);
}

/* Runs what there is to run; returns how long it took. */
static int64_t run_all(struct hooks *hooks)
{
    int64_t began_ms = clock_monotonic_ms();

    while (!hooks_are_idle(hooks)) {
        assert_true(clock_monotonic_ms() - began_ms < PATIENCE_MS);
        loop_turn(loop, began_ms + PATIENCE_MS);
    }
    return clock_monotonic_ms() - began_ms;
}

/* What the file in the test's directory holds, without the CR that the shell of Windows writes before each line end;
 * the caller frees it. */
static char *content(const char *name)
{
    struct buffer bytes;
    struct error error;

    buffer_init(&bytes, FILE_MAX);
    (void)read_file(name, &bytes, &error);
    char *copy = memory_copy(bytes.bytes), *end = copy;
    for (const char *at = copy; *at != '\0'; at++) {
        if (at[0] != '\r' || at[1] != '\n')
            *end++ = *at;
    }
    *end = '\0';
    buffer_done(&bytes);
    return copy;
}

static void assert_content(const char *name, const char *expected)
{
    char *text = content(name);

    assert_string_equal(text, expected);
    free(text);
}

/* Runs it with its number in the variable N. */
static void run(struct hooks *hooks, const char *command, int number)
{
    char digits[12];
    const struct process_variable variables[] = {{"N", digits}};

    (void)snprintf(digits, sizeof digits, "%d", number);
    hooks_run(hooks, command, variables, COUNT_OF(variables));
}

static const char *numbered(const char *name, int number)
{
    static char text[64];

    (void)snprintf(text, sizeof text, "%s.%d", name, number);
    return text;
}

static void test_each_once(void **state)
{
    enum {
        COUNT = 20
    };
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    assert_true(hooks_are_idle(hooks));
    for (int i = 0; i < COUNT; i++)
        run(hooks, "echo x>>ran." VARIABLE("N"), i);
    assert_false(hooks_are_idle(hooks));
    (void)run_all(hooks);
    for (int i = 0; i < COUNT; i++)
        assert_content(numbered("ran", i), "x\n");
    hooks_free(hooks);
}

/* Of many that each note who is there besides, none sees more than HOOKS_AT_ONCE. */
static void test_at_once(void **state)
{
    enum {
        COUNT = 20
    };
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    for (int i = 0; i < COUNT; i++)
        run(hooks,
            "echo x>now." VARIABLE("N") COMMAND_AND COMMAND_LIST("now.*") ">seen." VARIABLE("N")
                COMMAND_AND COMMAND_SHORT COMMAND_AND COMMAND_REMOVE("now." VARIABLE("N")),
            i);
    (void)run_all(hooks);
    for (int i = 0; i < COUNT; i++) {
        char *seen = content(numbered("seen", i));
        int count = 0;

        for (const char *at = seen; (at = strchr(at, '\n')) != NULL; at++)
            count++;
        assert_in_range(count, 1, HOOKS_AT_ONCE);
        free(seen);
    }
    hooks_free(hooks);
}

static void test_hanging(void **state)
{
    enum {
        TIMEOUT_MS = 1000
    };
    struct hooks *hooks = hooks_new(loop, TIMEOUT_MS);

    (void)state;
    run(hooks, COMMAND_HANGS_WITH_CHILD, 0);
    run(hooks, "echo done>beside", 1);
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
    run(hooks, "exit 3", 0);
    run(hooks, COMMAND_NOT_THERE, 1);
    (void)run_all(hooks);
    assert_non_null(strstr(logged, "exit 3: the command failed"));
    assert_non_null(strstr(logged, COMMAND_NOT_THERE ": the command failed"));
    hooks_free(hooks);
}

static int count_of(const char *name, int count)
{
    int there = 0;

    for (int i = 0; i < count; i++)
        there += access(numbered(name, i), F_OK) == 0;
    return there;
}

/* Nothing is begun then, and what has begun comes to no end. */
static void test_freed_while_running(void **state)
{
    enum {
        COUNT = 10
    };
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);
    int64_t patience_ms = clock_monotonic_ms() + PATIENCE_MS;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        run(hooks,
            "echo x>begun." VARIABLE("N") COMMAND_AND COMMAND_SLOW("echo x>ended." VARIABLE("N")),
            i);
    while (count_of("begun", COUNT) == 0) {
        assert_true(clock_monotonic_ms() < patience_ms);
        loop_turn(loop, clock_monotonic_ms() + 20);
    }
    hooks_free(hooks);
    int begun = count_of("begun", COUNT), ended = count_of("ended", COUNT);
    assert_in_range(begun, 1, COUNT - 1);
    support_sleep_ms(COMMAND_SLOW_MS + 200);
    assert_int_equal(count_of("begun", COUNT), begun);
    assert_int_equal(count_of("ended", COUNT), ended);
}

/* ---- alarms ---- */

enum {
    VARIABLES = 10
};

static const struct alarm_row {
    const char *name;
    struct alarm alarm;
    const char *command; /* the one that is run */
    const char *variables[VARIABLES];
    const char *log;
} alarm_rows[] = {
    {"failure",
     {.event = ALARM_FAILURE,
      .outcome = "denied",
      .code = 459,
      .text = "no \x1b[31m$(rm -rf /)\nline",
      .advice = "ask",
      .since_ms = INT64_C(1795449600000),
      .streak = 1},
     "bad",
     {"EVENT=failure", "BACKUP=mx2", "HOST=mx2.example.net", "DOMAIN=", "OUTCOME=denied",
      "CODE=459", "TEXT=" TEXT_TOLD, "ADVICE=ask", "SINCE=2026-11-23T16:00:00Z", "STREAK=1"},
     "event=failure backup=mx2 outcome=denied streak=1 since=2026-11-23T16:00:00Z text=\"no "
     "\\x1b[31m$(rm -rf /)\\nline\" advice=ask\n"},
    {"recovery",
     {.event = ALARM_RECOVERY, .outcome = "started", .code = 250, .text = "OK", .streak = 0},
     "good",
     {"EVENT=recovery", "BACKUP=mx2", "HOST=mx2.example.net", "DOMAIN=", "OUTCOME=started",
      "CODE=250", "TEXT=OK", "SINCE=", "STREAK=0", "ADVICE="},
     "event=recovery backup=mx2 outcome=started text=OK\n"},
    {"silence",
     {.event = ALARM_SILENCE, .domain = "a.example", .outcome = "held", .streak = 2},
     "bad",
     {"EVENT=silence", "BACKUP=mx2", "HOST=mx2.example.net", "DOMAIN=a.example", "OUTCOME=held",
      "CODE=", "TEXT=", "SINCE=", "STREAK=2", "ADVICE="},
     "event=silence backup=mx2 domain=a.example outcome=held streak=2\n"},
    {"hidden characters",
     {.event = ALARM_SILENCE, .domain = "a\u00ad.example", .outcome = "held", .text = "\u202ex"},
     "bad",
     {"EVENT=silence", "BACKUP=mx2", "HOST=mx2.example.net", "DOMAIN=a\\xc2\\xad.example",
      "OUTCOME=held", "CODE=", "TEXT=\\xe2\\x80\\xaex", "SINCE=", "STREAK=0", "ADVICE="},
     "event=silence backup=mx2 domain=a\\xc2\\xad.example outcome=held "
     "text=\\xe2\\x80\\xaex\n"},
    {"answer",
     {.event = ALARM_ANSWER, .domain = "a.example", .outcome = "started", .code = 250},
     "good",
     {"EVENT=answer", "BACKUP=mx2", "HOST=mx2.example.net", "DOMAIN=a.example", "OUTCOME=started",
      "CODE=250", "TEXT=", "SINCE=", "STREAK=0", "ADVICE="},
     "event=answer backup=mx2 domain=a.example outcome=started\n"},
};

/* As a command finds them. */
static void assert_variables(const char *file, const char *const *variables)
{
    char *told = content(file), line[200];

    for (size_t i = 0; i < VARIABLES; i++) {
        (void)snprintf(line, sizeof line, "MXPULL_%s\n", variables[i]);
        if (strstr(told, line) == NULL)
            fail_msg("no %s in:\n%s", line, told);
    }
    free(told);
}

static void test_alarm(void **state)
{
    static char name[] = "mx2", host[] = "mx2.example.net";
    static char bad[] = COMMAND_VARIABLES ">bad", good[] = COMMAND_VARIABLES ">good";
    const struct alarm_row *row = *state;
    const struct backup_config backup = {.name = name, .host = host};
    const struct config config = {.on_failure = bad, .on_recovery = good};
    struct alarm alarm = row->alarm;

    assert_int_equal(set_up(NULL), 0);
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);
    alarm.backup = &backup;
    alarm_raise(&alarm, LEVEL_INFO, &config, hooks);
    (void)run_all(hooks);
    assert_variables(row->command, row->variables);
    assert_int_equal(access("bad", F_OK) == 0, strcmp(row->command, "bad") == 0);
    assert_int_equal(access("good", F_OK) == 0, strcmp(row->command, "good") == 0);
    assert_string_equal(logged, row->log);
    alarm_raise(&alarm, LEVEL_INFO, &config, NULL);
    assert_true(hooks_are_idle(hooks));
    hooks_free(hooks);
    assert_int_equal(tear_down(NULL), 0);
}

/* What a remote has said is no command, however one uses it. Trap: Windows' shell puts a variable's
 * value in before it reads the command; wine's reads first, so there the table below must do. */
static void test_text_is_no_command(void **state)
{
    static char name[] = "mx2", command[] = "echo " VARIABLE("MXPULL_TEXT") ">told";
    static const char *const texts[] = {"x&echo y>here",  "x|echo y>here",         "x>here",
                                        "x;echo y>here",  "x\"&echo y>here",       "x\necho y>here",
                                        "x`echo y>here`", "%ComSpec%^&echo y>here"};
    const struct backup_config backup = {.name = name, .host = name};
    const struct config config = {.on_failure = command};
    struct alarm alarm = {.event = ALARM_FAILURE, .backup = &backup, .outcome = "denied"};
    struct hooks *hooks = hooks_new(loop, HOOKS_TIMEOUT_MS);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        alarm.text = texts[i];
        alarm_raise(&alarm, LEVEL_INFO, &config, hooks);
        (void)run_all(hooks);
        char *told = content("told");
        assert_non_null(strstr(told, "here"));
        assert_int_not_equal(access("here", F_OK), 0);
        free(told);
    }
    hooks_free(hooks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hanging, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_freed_while_running, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_is_no_command, set_up, tear_down),
    };

    return unit_status(cmocka_run_group_tests(tests, NULL, NULL) +
                       RUN_TABLE(alarm_rows, test_alarm));
}
