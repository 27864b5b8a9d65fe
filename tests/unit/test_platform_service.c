/* What systemd is told, on POSIX: a datagram socket of the test's own listens in its place. */
#include "directory.h"
#include "unit.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/service.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Listens at the name, "@…" being abstract, and says so in $NOTIFY_SOCKET. Returns the socket. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_true(descriptor >= 0);
    assert_true(text_copy(address.sun_path, sizeof address.sun_path, name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(fcntl(descriptor, F_SETFL, O_NONBLOCK), 0);
    set_variable("NOTIFY_SOCKET", name);
    return descriptor;
}

static void stop_listening(int descriptor)
{
    (void)close(descriptor);
    set_variable("NOTIFY_SOCKET", NULL);
}

/* The next message, or "" when there is none; good until the next call. */
static const char *next_message(int descriptor)
{
    static char message[4096];
    ssize_t size = recv(descriptor, message, sizeof message - 1, 0);

    message[size > 0 ? size : 0] = '\0';
    return message;
}

static void tell_all(int descriptor)
{
    const char *message;
    char *end;

    service_tell(SERVICE_IS_READY);
    assert_string_equal(next_message(descriptor), "READY=1");
    service_status("3 backups, next poll at 17:00");
    assert_string_equal(next_message(descriptor), "STATUS=3 backups, next poll at 17:00");
    service_tell(SERVICE_IS_ALIVE);
    assert_string_equal(next_message(descriptor), "WATCHDOG=1");
    service_tell(SERVICE_IS_STOPPING);
    assert_string_equal(next_message(descriptor), "STOPPING=1");

    int64_t before_us = clock_monotonic_ms() * 1000;
    service_tell(SERVICE_IS_RELOADING);
    int64_t after_us = (clock_monotonic_ms() + 1) * 1000;
    message = next_message(descriptor);
    assert_non_null(strstr(message, "RELOADING=1\nMONOTONIC_USEC="));
    long long told_us = strtoll(message + strlen("RELOADING=1\nMONOTONIC_USEC="), &end, 10);
    assert_string_equal(end, "");
    assert_true(before_us <= told_us && told_us <= after_us);
    assert_string_equal(next_message(descriptor), "");
}

static void service_tells_a_socket_of_a_path(void **state)
{
    int descriptor = listen_at(in_directory("notify"));

    (void)state;
    tell_all(descriptor);
    stop_listening(descriptor);
}

static void service_tells_an_abstract_socket(void **state)
{
    char name[64];

    (void)state;
    (void)snprintf(name, sizeof name, "@mxpull-test-%ld", (long)getpid());
    int descriptor = listen_at(name);
    tell_all(descriptor);
    stop_listening(descriptor);
}

/* What is no name of a watcher leads to none, even where somebody listens at what it could be taken for: a path that is not absolute,
 * and the beginning of one that is too long. */
static void service_tells_nobody(void **state)
{
    struct sockaddr_un address;
    char longest[sizeof address.sun_path], before[SUPPORT_PATH_SIZE], longer[sizeof longest + 20];
    const struct {
        const char *listener, *name;
    } rows[] = {{"relative", "relative"}, {"relative", ""}, {longest, longer}};

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(directory), 0);
    (void)memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest, in_directory(""), strlen(in_directory("")));
    (void)snprintf(longer, sizeof longer, "%s%s", longest, "-and-more");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)unlink(rows[i].listener);
        int descriptor = listen_at(rows[i].listener);

        set_variable("NOTIFY_SOCKET", rows[i].name);
        service_tell(SERVICE_IS_READY);
        assert_string_equal(next_message(descriptor), "");
        stop_listening(descriptor);
        service_tell(SERVICE_IS_READY);
    }
    assert_int_equal(chdir(before), 0);
}

/* A watcher that has stopped reading costs a little time, and no more. */
static void service_does_not_hang(void **state)
{
    int descriptor = listen_at(in_directory("deaf"));
    int64_t before = clock_monotonic_ms(), longest = 0;

    (void)state;
    for (int i = 0; i < 100000 && longest < 500; i++) {
        int64_t begin = clock_monotonic_ms();

        service_tell(SERVICE_IS_ALIVE);
        longest = clock_monotonic_ms() - begin;
    }
    assert_true(longest >= 500 && longest < 5000);
    assert_true(clock_monotonic_ms() - before < 30000);
    stop_listening(descriptor);
}

static const struct status_row {
    const char *name;
    const char *text;
    const char *message;
} status_rows[] = {
    {"plain", "asking mx2", "STATUS=asking mx2"},
    {"empty", "", "STATUS="},
    {"a line break", "x\nWATCHDOG=trigger\r\n", "STATUS=x\\nWATCHDOG=trigger\\r\\n"},
    {"a control character", "a\033[2Jb\177", "STATUS=a\\x1b[2Jb\\x7f"},
    {"UTF-8", "größer", "STATUS=größer"},
    {"not UTF-8", "gr\366\337er", "STATUS=gr\\xf6\\xdfer"},
};

static void service_status_is_one_line(void **state)
{
    const struct status_row *row = *state;
    char name[64];

    (void)snprintf(name, sizeof name, "@mxpull-status-%ld", (long)getpid());
    int descriptor = listen_at(name);
    service_status(row->text);
    const char *message = next_message(descriptor);
    assert_true(text_equal(message, row->message));
    stop_listening(descriptor);
}

static void service_status_is_cut(void **state)
{
    char text[5000];
    int descriptor = listen_at(in_directory("long"));

    (void)state;
    (void)memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    service_status(text);
    const char *message = next_message(descriptor);
    assert_true(strlen(message) > 400 && strlen(message) < 600);
    stop_listening(descriptor);
}

static const struct interval_row {
    const char *name;
    const char *interval_us; /* $WATCHDOG_USEC */
    const char *pid;         /* $WATCHDOG_PID; "ours" for our own */
    int64_t interval_ms;
} interval_rows[] = {
    {"unset", NULL, NULL, INT64_MAX},
    {"half of it", "30000000", NULL, 15000},
    {"ours", "30000000", "ours", 15000},
    {"another's", "30000000", "1", INT64_MAX},
    {"an odd number", "5001", "ours", 2},
    {"very short", "1", "ours", 1},
    {"zero", "0", "ours", INT64_MAX},
    {"empty", "", "ours", INT64_MAX},
    {"no number", "30s", "ours", INT64_MAX},
    {"negative", "-5", "ours", INT64_MAX},
    {"too large", "99999999999999999999", "ours", INT64_MAX},
    {"never", "9223372036854775807", "ours", INT64_MAX},
    {"no process id", "30000000", "x", INT64_MAX},
    {"no process id at all", "30000000", "", INT64_MAX},
};

static void service_knows_the_watchdog(void **state)
{
    const struct interval_row *row = *state;
    char ours[32];

    (void)snprintf(ours, sizeof ours, "%ld", (long)getpid());
    set_variable("WATCHDOG_USEC", row->interval_us);
    set_variable("WATCHDOG_PID",
                 row->pid != NULL && strcmp(row->pid, "ours") == 0 ? ours : row->pid);
    assert_true(service_alive_interval_ms() == row->interval_ms);
    set_variable("WATCHDOG_USEC", NULL);
    set_variable("WATCHDOG_PID", NULL);
}

static const struct CMUnitTest fixed_tests[] = {
    cmocka_unit_test(service_tells_a_socket_of_a_path),
    cmocka_unit_test(service_tells_an_abstract_socket),
    cmocka_unit_test(service_tells_nobody),
    cmocka_unit_test(service_does_not_hang),
    cmocka_unit_test(service_status_is_cut),
};

int main(void)
{
    set_variable("NOTIFY_SOCKET", NULL);
    int failed = cmocka_run_group_tests(fixed_tests, make_directory, remove_directory);

    failed += RUN_TABLE(status_rows, service_status_is_one_line);
    return unit_status(failed + RUN_TABLE(interval_rows, service_knows_the_watchdog));
}
