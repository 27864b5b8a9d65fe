/* Commands, and what asks the program to end, on Windows. */
#include "capture.h"
#include "win32.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/process.h>
#include <mxpull/platform/service.h>
#include <mxpull/platform/signals.h>

#include <support_words.h>

/* Without a console. */
#define SLEEP(seconds) COMMAND_SLEEP(#seconds)

/* Commands whose output is taken */

static const struct capture_row {
    const char *name;
    const char *command;
    int64_t timeout_ms;
    enum status status;
    const char *output; /* NULL: any */
    const char *error;
} capture_rows[] = {
    {"output", "echo one&echo two", 10000, STATUS_OK, "one\r\ntwo\r\n", NULL},
    {"no output", "exit 0", 10000, STATUS_OK, "", NULL},
    {"quotes", "echo \"a  b\" c", 10000, STATUS_OK, "\"a  b\" c\r\n", NULL},
    {"a quoted program", "\"%ComSpec%\" /c \"echo x\"", 10000, STATUS_OK, "x\r\n", NULL},
    {"failure", "echo x&exit 3", 10000, STATUS_SYSTEM, NULL, "exit status 3"},
    {"not found", "no-such-command 2>nul", 10000, STATUS_SYSTEM, NULL, "exit status"},
    {"too slow", SLEEP(19), 100, STATUS_TIMEOUT, NULL, "too slow"},
    {"too much", "for /l %i in (1,0,2) do @echo xxxxxxxxxxxxxxxxxxxx", 4000, STATUS_LIMIT, NULL,
     "more than 4096 bytes"},
    {"a drip", "for /l %i in (1,0,2) do @(echo x&" SLEEP(1) ")", 300, STATUS_TIMEOUT, NULL,
     "too slow"},
    {"one left behind", "start /b " SLEEP(2) "&echo here", 10000, STATUS_OK, NULL, NULL},
};

static void command_is_captured(void **state)
{
    const struct capture_row *row = *state;
    struct buffer output;
    struct error error = {0};
    int64_t before = clock_monotonic_ms();

    buffer_init(&output, 4096);
    enum status status = capture(row->command, row->timeout_ms, &output, &error);
    if (status != row->status)
        fail_msg("status %d: %s\n%s", (int)status, error.text, output.bytes);
    assert_true(clock_monotonic_ms() - before < 15000); /* nobody waits for SLEEP(19) */
    if (row->output != NULL)
        assert_string_equal(output.bytes, row->output);
    if (row->error != NULL)
        assert_non_null(strstr(error.text, row->error));
    buffer_done(&output);
}

/* Trap: without /s the shell takes quotes off or not, according to whether there is such a program. */
static void command_means_the_same_whatever_files_there_are(void **state)
{
    struct buffer output;
    struct error error;

    (void)state;
    buffer_init(&output, 4096);
    write_file(in_directory("one.cmd"), "@echo one, %1\r\n");
    write_file(in_directory("one two.cmd"), "@echo both\r\n");
    assert_true(SetCurrentDirectoryA(directory));
    assert_int_equal(capture("one two.cmd", 10000, &output, &error), STATUS_OK);
    assert_true(SetCurrentDirectoryA("C:\\"));
    assert_string_equal(output.bytes, "one, two.cmd\r\n");
    buffer_done(&output);
}

/* Trap: killing the shell leaves alive what it has started. */
static void command_is_killed_with_all_it_started(void **state)
{
    struct buffer output;
    struct error error;
    char command[1000];

    (void)state;
    buffer_init(&output, 4096);
    (void)snprintf(command, sizeof command, "cmd /c \"%s&echo alive>%s\"", SLEEP(2),
                   in_directory("survivor"));
    assert_int_equal(capture(command, 500, &output, &error), STATUS_TIMEOUT);
    Sleep(3000);
    assert_false(exists(in_directory("survivor")));
    buffer_done(&output);
}

/* Trap: a child inherits every handle that may be inherited, and keeps the ends of our pipes open. */
static void command_inherits_nothing_else(void **state)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE reading, writing;
    struct process *process;
    struct error error;
    DWORD held;

    (void)state;
    assert_true(CreatePipe(&reading, &writing, &inherited, 0));
    assert_int_equal(process_start(&process, SLEEP(19), NULL, 0, false, &error), STATUS_OK);
    (void)CloseHandle(writing);
    assert_false(PeekNamedPipe(reading, NULL, 0, NULL, &held, NULL)); /* its other end is gone */
    process_free(process);
    (void)CloseHandle(reading);
}

/* Commands beside us */

static void wake(void *context)
{
    (void)SetEvent(context);
}

static void process_gets_variables_and_wakes(void **state)
{
    const struct process_variable variables[] = {{"MXPULL_TEXT", "two words & more " UTF8_NAME},
                                                 {"mxpull_known", "ours"}};
    HANDLE woken = CreateEventW(NULL, FALSE, FALSE, NULL);
    struct process *process = NULL;
    struct error error;
    char command[1000];
    bool ended_well = false;

    (void)state;
    signals_start(SIGNALS_RUN, wake, woken);
    support_set_variable("MXPULL_KNOWN", "theirs");
    (void)snprintf(command, sizeof command, "echo %%MXPULL_KNOWN%%>%s&exit 0",
                   in_directory("variables"));
    assert_int_equal(
        process_start(&process, command, variables, COUNT_OF(variables), false, &error), STATUS_OK);
    assert_int_equal(WaitForSingleObject(woken, 10000), 0);
    assert_true(has_ended(process, &ended_well));
    assert_true(ended_well);
    assert_string_equal(content_of(in_directory("variables")), "ours\r\n");
    process_free(process);
    support_set_variable("MXPULL_KNOWN", NULL);
    signals_end();
    (void)CloseHandle(woken);
}

/* The text itself, by a child that is one of us, for a shell would put it out in its own code page. */
static void process_gets_utf8(void **state)
{
    const struct process_variable variables[] = {{"MXPULL_TEXT", "a & b \"" UTF8_NAME "\""}};
    HANDLE woken = CreateEventW(NULL, FALSE, FALSE, NULL);
    struct process *process = NULL;
    struct error error;
    char command[1000], path[SUPPORT_PATH_SIZE];
    bool ended_well = false;

    (void)state;
    signals_start(SIGNALS_RUN, wake, woken);
    assert_true(GetModuleFileNameA(NULL, path, sizeof path) > 0);
    (void)snprintf(command, sizeof command, "\"%s\" variable \"%s\"", path, in_directory("utf8"));
    assert_int_equal(process_start(&process, command, variables, 1, false, &error), STATUS_OK);
    assert_int_equal(WaitForSingleObject(woken, 10000), 0);
    assert_true(has_ended(process, &ended_well));
    assert_true(ended_well);
    assert_string_equal(content_of(in_directory("utf8")), "a & b \"" UTF8_NAME "\"");
    process_free(process);
    signals_end();
    (void)CloseHandle(woken);
}

/* Trap: names are the same in capitals, so a variable that is only added stands there twice, and which one a
 * program finds is its own affair. */
static void process_gets_each_variable_once(void **state)
{
    const struct process_variable variables[] = {{"mxpull_known", "ours"}};
    struct process *process = NULL;
    struct error error;
    char command[1000], path[SUPPORT_PATH_SIZE];
    bool ended_well = false;

    (void)state;
    support_set_variable("MXPULL_KNOWN", "theirs");
    support_set_variable("MXPULL_KNOWN_TOO", "theirs");
    assert_true(GetModuleFileNameA(NULL, path, sizeof path) > 0);
    (void)snprintf(command, sizeof command, "\"%s\" known \"%s\"", path, in_directory("known"));
    assert_int_equal(process_start(&process, command, variables, 1, false, &error), STATUS_OK);
    while (!has_ended(process, &ended_well))
        Sleep(10);
    assert_true(ended_well);
    assert_true(text_equal(content_of(in_directory("known")),
                           "MXPULL_KNOWN=ours\nMXPULL_KNOWN_TOO=theirs\n"));
    process_free(process);
    support_set_variable("MXPULL_KNOWN", NULL);
    support_set_variable("MXPULL_KNOWN_TOO", NULL);
}

/* Writes down the variables whose names begin so. */
static int play_known(const char *path)
{
    static const wchar_t prefix[] = L"MXPULL_KNOWN";
    wchar_t *all = GetEnvironmentStringsW();
    FILE *file = fopen(path, "wb");

    if (file == NULL || all == NULL)
        return 1;
    for (const wchar_t *at = all; *at != L'\0'; at += wcslen(at) + 1) {
        if (_wcsnicmp(at, prefix, wcslen(prefix)) == 0)
            (void)fprintf(file, "%ls\n", at);
    }
    (void)FreeEnvironmentStringsW(all);
    return fclose(file);
}

static int play_variable(const char *path)
{
    wchar_t text[100] = L"";
    char narrow[400];
    FILE *file = fopen(path, "wb");

    (void)GetEnvironmentVariableW(L"MXPULL_TEXT", text, COUNT_OF(text));
    (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, sizeof narrow, NULL, NULL);
    if (file == NULL || fputs(narrow, file) < 0)
        return 1;
    return fclose(file);
}

static struct process *start(const char *command)
{
    struct process *process = NULL;
    struct error error;

    assert_int_equal(process_start(&process, command, NULL, 0, false, &error), STATUS_OK);
    return process;
}

static bool wait_for(struct process *process)
{
    int64_t deadline_ms = clock_monotonic_ms() + 20000;
    bool ended_well = false;

    while (!has_ended(process, &ended_well)) {
        assert_true(clock_monotonic_ms() < deadline_ms);
        Sleep(10);
    }
    return ended_well;
}

static void process_tells_its_end(void **state)
{
    struct process *process = start("exit 3");
    bool ended_well = true;

    (void)state;
    assert_false(wait_for(process));
    assert_true(has_ended(process, &ended_well)); /* as often as one asks */
    assert_false(ended_well);
    process_free(process);
    process = start("no-such-command 2>nul");
    assert_false(wait_for(process));
    process_free(process);
    process = start("exit 0");
    assert_true(wait_for(process));
    process_free(process);
    process_free(NULL);
}

static void process_leaves_the_answer_while_it_runs(void **state)
{
    struct process *process = start(SLEEP(19));
    bool ended_well = true;

    (void)state;
    assert_false(has_ended(process, &ended_well));
    assert_true(ended_well);
    process_free(process);
}

/* Whoever asks for a password there, or waits for a key, waits for nobody. */
static void process_has_no_standard_input(void **state)
{
    char command[1000], path[SUPPORT_PATH_SIZE];
    HANDLE before = GetStdHandle(STD_INPUT_HANDLE), reading, writing;

    (void)state;
    assert_true(CreatePipe(&reading, &writing, NULL, 0));
    assert_true(SetStdHandle(STD_INPUT_HANDLE, reading));
    assert_true(GetModuleFileNameA(NULL, path, sizeof path) > 0);
    (void)snprintf(command, sizeof command, "\"%s\" input \"%s\"", path, in_directory("input"));
    struct process *process = start(command);
    assert_true(SetStdHandle(STD_INPUT_HANDLE, before));
    assert_true(wait_for(process));
    assert_string_equal(content_of(in_directory("input")), "nothing");
    process_free(process);
    (void)CloseHandle(reading);
    (void)CloseHandle(writing);
}

static int play_input(const char *path)
{
    int byte = getchar();
    FILE *file = fopen(path, "wb");

    if (file == NULL || fputs(byte == EOF ? "nothing" : "something", file) < 0)
        return 1;
    return fclose(file);
}

static void process_writes_to_our_standard_error(void **state)
{
    HANDLE before = GetStdHandle(STD_ERROR_HANDLE);
    HANDLE file = CreateFileA(in_directory("error"), GENERIC_WRITE, FILE_SHARE_READ, NULL,
                              CREATE_ALWAYS, 0, NULL);

    (void)state;
    assert_true(SetStdHandle(STD_ERROR_HANDLE, file));
    struct process *process = start("echo output&>&2 echo error");
    assert_true(SetStdHandle(STD_ERROR_HANDLE, before));
    assert_true(wait_for(process));
    process_free(process);
    (void)CloseHandle(file);
    assert_string_equal(content_of(in_directory("error")), "output\r\nerror\r\n");
}

static void process_that_cannot_start_is_told(void **state)
{
    static char command[40000];
    struct process *process = NULL;
    struct error error;

    (void)state;
    memset(command, 'x', sizeof command - 1);
    assert_int_equal(process_start(&process, command, NULL, 0, false, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "the command cannot be run: "));
    assert_null(process);
}

/* What has ended is not killed any more, and neither is what it has left behind. */
static void process_that_ended_leaves_what_it_left_behind(void **state)
{
    int64_t deadline_ms = clock_monotonic_ms() + 20000;
    char command[1000];

    (void)state;
    (void)snprintf(command, sizeof command, "start /b cmd /c \"%s&echo left>%s\"", SLEEP(1),
                   in_directory("left"));
    struct process *process = start(command);
    assert_true(wait_for(process));
    process_free(process);
    assert_false(exists(in_directory("left")));
    while (!exists(in_directory("left"))) {
        assert_true(clock_monotonic_ms() < deadline_ms);
        Sleep(10);
    }
}

static void process_may_be_many(void **state)
{
    struct process *processes[20];
    char command[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(processes); i++) {
        (void)snprintf(command, sizeof command, "cmd /c exit&exit %zu", i % 3);
        processes[i] = start(command);
    }
    for (size_t i = COUNT_OF(processes); i-- > 0;)
        assert_int_equal(wait_for(processes[i]), i % 3 == 0);
    for (size_t i = 0; i < COUNT_OF(processes); i++)
        process_free(processes[i]);
}

static void process_does_not_disturb_a_capture(void **state)
{
    struct process *process = start("exit 4");
    struct buffer output;
    struct error error;

    (void)state;
    buffer_init(&output, 100);
    for (int i = 0; i < 3; i++)
        assert_int_equal(capture("echo x", 10000, &output, &error), STATUS_OK);
    assert_string_equal(output.bytes, "x\r\nx\r\nx\r\n");
    assert_int_equal(capture("exit 3", 10000, &output, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "exit status 3"));
    buffer_done(&output);
    assert_false(wait_for(process));
    process_free(process);
}

static void process_is_killed_with_all_it_started(void **state)
{
    struct process *process = NULL;
    struct error error;
    char command[1000];
    bool ended_well;
    int64_t before;

    (void)state;
    (void)snprintf(command, sizeof command, "cmd /c \"%s&echo alive>%s\"", SLEEP(2),
                   in_directory("freed"));
    assert_int_equal(process_start(&process, command, NULL, 0, false, &error), STATUS_OK);
    assert_false(has_ended(process, &ended_well));
    Sleep(500);
    before = clock_monotonic_ms();
    process_free(process);
    assert_true(clock_monotonic_ms() - before < 1000);
    Sleep(3000);
    assert_false(exists(in_directory("freed")));
}

/* What asks us to end. The events of a console go to all of its processes: so one of us that has a
 * console of its own raises them, and says what comes of it. */

static void assert_asked(const char *how, const char *expected)
{
    const char *const arguments[] = {"asked", how, NULL};

    struct child child = start_child_with(CREATE_NO_WINDOW, arguments);
    assert_string_equal(hear(&child), expected);
    assert_string_equal(hear(&child), "");
    end_child(&child);
}

static void signals_set_the_flag_and_wake(void **state)
{
    (void)state;
    assert_asked("once", "raised, woken, to stop");
}

static void signals_second_one_ends_the_program(void **state)
{
    (void)state;
    assert_asked("twice", "raised, woken, to stop");
}

/* Trap: a Ctrl-C goes to all who share the console, and would end the commands beside us. */
static void signals_leave_a_hook_alone(void **state)
{
    (void)state;
    assert_asked("hook", "raised, ended well");
}

static void signals_are_given_back(void **state)
{
    HANDLE woken = CreateEventW(NULL, FALSE, FALSE, NULL);

    (void)state;
    signals_start(SIGNALS_RUN, wake, woken);
    assert_false(signals_stop_requested());
    signals_end();
    signals_end();
    assert_false(signals_take_reload());
    assert_false(signals_take_now());
    (void)CloseHandle(woken);
}

/* Nobody watches over us here; nothing happens. */
static void service_is_nobodys(void **state)
{
    (void)state;
    service_tell(SERVICE_IS_READY);
    service_tell(SERVICE_IS_RELOADING);
    service_status("x");
    service_tell(SERVICE_IS_ALIVE);
    service_tell(SERVICE_IS_STOPPING);
    assert_true(service_alive_interval_ms() == INT64_MAX);
}

static int play_asked_beside_a_hook(void)
{
    struct process *process = NULL;
    struct error error;
    bool ended_well = false;
    int64_t began_ms = clock_monotonic_ms();

    if (process_start(&process, SLEEP(2), NULL, 0, false, &error) != STATUS_OK)
        return 1;
    Sleep(300);
    (void)fputs(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) ? "raised" : "no console", stdout);
    while (!has_ended(process, &ended_well))
        Sleep(10);
    if (clock_monotonic_ms() - began_ms < 1000)
        (void)fputs(", too early", stdout);
    (void)puts(ended_well ? ", ended well" : ", ended badly");
    process_free(process);
    return 0;
}

static int play_asked(const char *how)
{
    HANDLE woken = CreateEventW(NULL, FALSE, FALSE, NULL);

    signals_start(SIGNALS_RUN, wake, woken);
    if (strcmp(how, "hook") == 0)
        return play_asked_beside_a_hook();
    (void)fputs(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) ? "raised" : "no console", stdout);
    (void)fputs(WaitForSingleObject(woken, 5000) == 0 ? ", woken" : "", stdout);
    (void)fputs(signals_stop_requested() ? ", to stop\n" : "\n", stdout);
    (void)fflush(stdout);
    if (strcmp(how, "twice") == 0) {
        (void)GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
        Sleep(5000);
        (void)puts("still there");
    }
    signals_end();
    return 0;
}

int main(int count, char *words[])
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_means_the_same_whatever_files_there_are),
        cmocka_unit_test(command_is_killed_with_all_it_started),
        cmocka_unit_test(command_inherits_nothing_else),
        cmocka_unit_test(process_gets_variables_and_wakes),
        cmocka_unit_test(process_gets_each_variable_once),
        cmocka_unit_test(process_gets_utf8),
        cmocka_unit_test(process_tells_its_end),
        cmocka_unit_test(process_leaves_the_answer_while_it_runs),
        cmocka_unit_test(process_has_no_standard_input),
        cmocka_unit_test(process_writes_to_our_standard_error),
        cmocka_unit_test(process_that_cannot_start_is_told),
        cmocka_unit_test(process_that_ended_leaves_what_it_left_behind),
        cmocka_unit_test(process_may_be_many),
        cmocka_unit_test(process_does_not_disturb_a_capture),
        cmocka_unit_test(process_is_killed_with_all_it_started),
        cmocka_unit_test(signals_set_the_flag_and_wake),
        cmocka_unit_test(signals_second_one_ends_the_program),
        cmocka_unit_test(signals_leave_a_hook_alone),
        cmocka_unit_test(signals_are_given_back),
        cmocka_unit_test(service_is_nobodys),
    };

    if (count == 3 && strcmp(words[1], "asked") == 0)
        return play_asked(words[2]);
    if (count == 3 && strcmp(words[1], "known") == 0)
        return play_known(words[2]);
    if (count == 3)
        return strcmp(words[1], "input") == 0 ? play_input(words[2]) : play_variable(words[2]);
    return unit_status(RUN_TABLE(capture_rows, command_is_captured) +
                       cmocka_run_group_tests(tests, make_directory, remove_directory));
}
