/* The platform floor on Windows: clocks, the host, the terminal, the log, what the program carries
 * besides its code. What has tests of its own stands beside. Where a test is there because the system's
 * own way is a trap, it shows the trap first. */
#include "test_peers.h"
#include "win32.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/status.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/socket.h>
#include <mxpull/platform/system_log.h>
#include <mxpull/platform/terminal.h>

#include <io.h>
#include <time.h>
#include <winver.h>
#include <ws2tcpip.h>

/* windows.h has a STATUS_TIMEOUT of its own, 258. */
_Static_assert(STATUS_TIMEOUT < STATUS_SYSTEM, "ours is meant");

/* Clocks */

static void clock_monotonic_goes_forward(void **state)
{
    int64_t before = clock_monotonic_ms();

    (void)state;
    Sleep(50);
    assert_in_range(clock_monotonic_ms() - before, 30, 5000);
}

static void clock_wall_is_now(void **state)
{
    int64_t seconds = (int64_t)time(NULL);

    (void)state;
    assert_in_range(clock_wall_ms() / 1000, seconds - 1, seconds + 5);
}

/* Trap: msvcrt's strftime knows no %F and no %T; its gmtime nothing before 1970. */
static void clock_writes_utc(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {-1000, "1969-12-31T23:59:59Z"},
        {INT64_C(951782399000), "2000-02-28T23:59:59Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00Z"},
        {INT64_C(951868799000), "2000-02-29T23:59:59Z"},
        {INT64_C(951868800000), "2000-03-01T00:00:00Z"},
        {INT64_C(1795449600000), "2026-11-23T16:00:00Z"},
        {INT64_C(2147483648000), "2038-01-19T03:14:08Z"}, /* long has 32 bits here */
        {INT64_C(4102444799000), "2099-12-31T23:59:59Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00Z"},
    };
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(clock_utc_text(text, rows[i].ms), rows[i].text);
}

/* wine goes by $TZ as other systems do, and ctest sets it; Windows by its own zone, of which less can be
 * said. Trap: the rules of today's zone do not hold for every year; New York's summer began in April until
 * 2006. */
static void clock_knows_the_zone(void **state)
{
    static const struct {
        const char *zone;
        int64_t utc_s, offset_s;
        const char *text;
    } rows[] = {
        {"Europe/Berlin", INT64_C(1736942400), 3600, "2025-01-15 13:00:00"},
        {"Europe/Berlin", INT64_C(1752580800), 7200, "2025-07-15 14:00:00"},
        {"Europe/Berlin", INT64_C(1774745999), 3600, "2026-03-29 01:59:59"},
        {"Europe/Berlin", INT64_C(1774746000), 7200, "2026-03-29 03:00:00"},
        {"Europe/Berlin", INT64_C(1792889999), 7200, "2026-10-25 02:59:59"},
        {"Europe/Berlin", INT64_C(1792890000), 3600, "2026-10-25 02:00:00"},
        {"America/New_York", INT64_C(1142856000), -18000, "2006-03-20 07:00:00"},
        {"America/New_York", INT64_C(1174392000), -14400, "2007-03-20 08:00:00"},
        {"America/New_York", INT64_C(1774008000), -14400, "2026-03-20 08:00:00"},
        {"America/New_York", INT64_C(1162382400), -18000, "2006-11-01 07:00:00"},
        {"America/New_York", INT64_C(1193918400), -14400, "2007-11-01 08:00:00"},
    };
    const char *zone = getenv("TZ");
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t offset_s = clock_local_offset_s(rows[i].utc_s);

        assert_int_equal(offset_s % 900, 0);
        assert_in_range(offset_s + 14 * 3600, 0, 28 * 3600);
        if (!support_is_wine() || zone == NULL || strcmp(zone, rows[i].zone) != 0)
            continue;
        assert_int_equal(offset_s, rows[i].offset_s);
        assert_string_equal(clock_local_text(text, rows[i].utc_s * 1000), rows[i].text);
    }
    assert_int_equal(clock_local_offset_s(INT64_MAX), 0);
    assert_int_equal(clock_local_offset_s(INT64_MIN), 0);
    assert_true(strlen(clock_local_text(text, INT64_MAX)) > 0);
    assert_true(strlen(clock_local_text(text, INT64_MIN)) > 0);
    assert_true(strlen(clock_utc_text(text, INT64_MAX)) > 0);
}

/* Trap: msvcrt's printf knows no %zu and no %lld. */
static void text_is_formatted_as_everywhere(void **state)
{
    struct error error;

    (void)state;
    (void)error_set(&error, STATUS_LIMIT, "%zu %lld %td", (size_t)7, (long long)INT64_MAX,
                    (ptrdiff_t)-1);
    assert_string_equal(error.text, "7 9223372036854775807 -1");
}

static void memory_is_given_back(void **state)
{
    (void)state;
    host_trim_memory();
}

/* The host */

static struct seen look(int port)
{
    struct seen seen = {0};
    struct error error = {0};

    if (host_peers(port, see, &seen, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return seen;
}

/* IPv4 has its test with all systems. */
static void host_sees_connections_over_ipv6(void **state)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *any = (struct sockaddr *)&address;
    int size = sizeof address;
    WSADATA facts;

    (void)state;
    assert_int_equal(WSAStartup(MAKEWORD(2, 2), &facts), 0);
    SOCKET listener = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET6, SOCK_STREAM, 0);

    if (listener == INVALID_SOCKET || bind(listener, any, size) != 0)
        skip();
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, any, &size), 0);
    const int port = ntohs(address.sin6_port);
    assert_int_equal(look(port).count, 0);
    assert_int_equal(connect(client, any, size), 0);
    SOCKET accepted = accept(listener, NULL, NULL);
    assert_int_not_equal(accepted, INVALID_SOCKET);
    struct seen seen = look(port);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.ended, 0);
    assert_string_equal(seen.last.address, "::1");
    assert_string_equal(seen.last.local_address, "::1");
    assert_int_equal(seen.last.local_port, port);
    (void)closesocket(accepted);
    (void)closesocket(client);
    seen = look(port);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.ended, 1);
    (void)closesocket(listener);
}

/* One socket listens for both; a connection over IPv4 has an IPv4 address all the same. */
static void host_sees_ipv4_at_a_socket_of_ipv6(void **state)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr *any = (struct sockaddr *)&address;
    const DWORD no = 0;
    int size = sizeof address;
    WSADATA facts;

    (void)state;
    assert_int_equal(WSAStartup(MAKEWORD(2, 2), &facts), 0);
    SOCKET listener = socket(AF_INET6, SOCK_STREAM, 0);

    if (listener == INVALID_SOCKET ||
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&no, sizeof no) != 0 ||
        bind(listener, any, size) != 0)
        skip();
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, any, &size), 0);
    const int port = ntohs(address.sin6_port);
    intptr_t client = support_connect(port);
    SOCKET accepted = accept(listener, NULL, NULL);
    const struct seen seen = look(port);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last.address, "127.0.0.1");
    assert_string_equal(seen.last.local_address, "127.0.0.1");
    support_close(client);
    (void)closesocket(accepted);
    (void)closesocket(listener);
}

static void assert_and_free(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    free(text);
}

static void host_tells_absolute_paths(void **state)
{
    static const char *const absolute[] = {"C:/a", "c:\\a", "C:/", "//server/a", "\\\\server\\a"};
    static const char *const relative[] = {"", "a", "/a", "\\a", "C:", "C:a", "~/a", "./a", "1:/a"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(absolute); i++)
        assert_true(host_path_is_absolute(absolute[i]));
    for (size_t i = 0; i < COUNT_OF(relative); i++)
        assert_false(host_path_is_absolute(relative[i]));
}

static void host_finds_configuration_and_state(void **state)
{
    char *before = memory_copy(getenv("ProgramData"));

    (void)state;
    support_set_variable("MXPULL_CONFIG", NULL);
    support_set_variable("ProgramData", "D:\\Data");
    assert_and_free(host_config_path("/etc"), "D:\\Data\\mxpull\\mxpull.conf");
    assert_and_free(host_state_directory(), "D:\\Data\\mxpull\\state");
    support_set_variable("MXPULL_CONFIG", "other.conf");
    assert_and_free(host_config_path("/etc"), "other.conf");
    (void)SetEnvironmentVariableW(L"MXPULL_CONFIG", L"C:\\" WIDE_NAME L".conf");
    assert_and_free(host_config_path("/etc"), "C:\\" UTF8_NAME ".conf");
    support_set_variable("MXPULL_CONFIG", NULL);
    support_set_variable("ProgramData", NULL);
    assert_and_free(host_config_path("/etc"), "C:\\ProgramData\\mxpull\\mxpull.conf");
    support_set_variable("ProgramData", before);
    free(before);
}

/* Trap: inet_pton takes more here than elsewhere: other bases, and zones. */
static void host_tells_addresses_from_names(void **state)
{
    static const struct {
        const char *text;
        int version;
    } rows[] = {{"192.0.2.1", 4},
                {"2001:db8::1", 6},
                {"::", 6},
                {"::ffff:192.0.2.1", 6},
                {"192.0.2", 0},
                {"192.0.2.256", 0},
                {"192.0.2.1 ", 0},
                {"[::1]", 0},
                {"example.com", 0},
                {"1::2::3", 0},
                {"", 0},
                {"0x7f.1", 0},
                {"0x7f.0.0.1", 0},
                {"fe80::1%lo0", 0},
                {"fe80::1%3", 0},
                {"[::1]:25", 0},
                {"0177.0.0.1", 0},
                {"010.0.2.1", 0},
                {"192.0.2.01", 0},
                {"192.0.2.0", 4},
                {"127.1", 0},
                {"2130706433", 0},
                {"1.2.3.4.5", 0},
                {"1.2.3.4.", 0},
                {"1..2.3", 0},
                {".1.2.3", 0},
                {"0.0.0.0", 4},
                {"192.0.2.0255", 0},
                {"1.2.3.4294967297", 0},
                {"::0x7f.0.0.1", 0},
                {"::010.0.0.1", 0},
                {"255.255.255.255", 4}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (host_ip_version(rows[i].text) != rows[i].version)
            fail_msg("\"%s\": %d", rows[i].text, host_ip_version(rows[i].text));
    }
}

extern int(WINAPI *import_of_inet_pton)(int family, const char *text,
                                        void *address) __asm__("__imp_inet_pton");

static int WINAPI take_everything(int family, const char *text, void *address)
{
    (void)family;
    (void)text;
    (void)address;
    return 1;
}

/* Windows' inet_pton takes some of them, wine's does not. */
static void host_leaves_no_doubtful_address_to_the_system(void **state)
{
    static const char *const rows[] = {"0x7f.0.0.1", "0177.0.0.1",   "010.0.2.1", "127.1",
                                       "2130706433", "::010.0.0.1",  "fe80::1%3", "::0x7f.0.0.1",
                                       "192.0.2.1 ", "192.0.2.0255", "::1.2.3"};
    int(WINAPI * before)(int, const char *, void *) = import_of_inet_pton;

    (void)state;
    REPLACE_IMPORT(import_of_inet_pton, take_everything);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (host_ip_version(rows[i]) != 0)
            fail_msg("\"%s\" is taken", rows[i]);
    }
    REPLACE_IMPORT(import_of_inet_pton, before);
}

/* Trap: before Windows 10 1903 argv is in a code page that has few of the letters. */
static void host_arguments_are_utf8(void **state)
{
    static const char *const arguments[] = {"arguments", UTF8_NAME, "two words", NULL};

    (void)state;
    struct child child = start_child(arguments);
    assert_string_equal(hear(&child), "4");
    assert_string_equal(hear(&child), UTF8_NAME);
    assert_string_equal(hear(&child), "two words");
    end_child(&child);
}

static int play_arguments(void)
{
    char *given[] = {NULL};
    int count = 0;
    char **words = host_begin(&count, given);

    (void)printf("%d\n", count);
    for (int i = 2; i < count; i++)
        (void)printf("%s\n", words[i]);
    return 0;
}

/* The terminal and the system's log */

/* Trap: _isatty is true for NUL. */
static void terminal_is_not_nul(void **state)
{
    FILE *nul = fopen("NUL", "r+");

    (void)state;
    assert_non_null(nul);
    assert_true(_isatty(_fileno(nul)) != 0);
    assert_false(terminal_is(nul));
    assert_int_equal(terminal_size(nul).columns, 80);
    assert_int_equal(terminal_size(nul).rows, 24);
    (void)fclose(nul);
}

static void terminal_is_not_a_file(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    assert_false(terminal_is(file));
    (void)fclose(file);
}

static void terminal_is_a_console(void **state)
{
    char *type = memory_copy(getenv("TERM"));
    DWORD mode = 0;
    int count = 0;

    (void)state;
    support_set_variable("TERM", NULL);
    (void)AllocConsole();
    FILE *console = fopen("CONOUT$", "r+");
    if (console == NULL)
        skip();
    assert_true(terminal_is(console));
    assert_true(GetConsoleMode((HANDLE)_get_osfhandle(_fileno(console)), &mode));
    assert_true((mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0);
    assert_true(terminal_size(console).columns > 1);
    assert_true(terminal_size(console).rows > 1);
    support_set_variable("TERM", "dumb");
    assert_false(terminal_is(console));
    support_set_variable("TERM", type);
    (void)host_begin(&count, NULL);
    assert_int_equal(GetConsoleOutputCP(), CP_UTF8);
    (void)fclose(console);
    free(type);
}

static void system_log_takes_lines(void **state)
{
    struct error error;

    (void)state;
    assert_false(system_log_is_syslog());
    assert_int_equal(system_log_open(&error), STATUS_OK);
    system_log_write(LEVEL_ERROR, "a test: " UTF8_NAME);
    system_log_close();
    system_log_close();
    system_log_write(LEVEL_ERROR, "after the end");
}

/* What the event viewer does: the message of our program with the line put in. */
static void system_log_has_its_message(void **state)
{
    wchar_t shown[100];
    const wchar_t *line = L"backup=mx2 100%1 " WIDE_NAME;
    DWORD_PTR words[] = {(DWORD_PTR)line};

    (void)state;
    assert_true(FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY, NULL, 1,
                               0, shown, COUNT_OF(shown), (va_list *)words) > 0);
    assert_int_equal(wcscmp(shown, L"backup=mx2 100%1 " WIDE_NAME L"\r\n"), 0);
}

static void program_has_a_version(void **state)
{
    char path[SUPPORT_PATH_SIZE], facts[4096];
    VS_FIXEDFILEINFO *version = NULL;
    char *name = NULL;
    UINT size = 0;

    (void)state;
    assert_true(GetModuleFileNameA(NULL, path, sizeof path) > 0);
    assert_true(GetFileVersionInfoA(path, 0, sizeof facts, facts));
    assert_true(VerQueryValueA(facts, "\\", (void **)&version, &size));
    assert_int_equal(version->dwSignature, 0xfeef04bd);
    assert_true(
        VerQueryValueA(facts, "\\StringFileInfo\\040904B0\\ProductName", (void **)&name, &size));
    assert_string_equal(name, "mxpull");
}

/* What the libraries hand to the system without going by us is UTF-8 all the same. */
static void program_speaks_utf8(void **state)
{
    (void)state;
    assert_int_equal(GetACP(), CP_UTF8);
}

/* Sockets */

static void socket_tells_busy_from_gone(void **state)
{
    int port;
    intptr_t listener = support_listen(&port, 1), ours = support_connect(port);
    SOCKET theirs = accept((SOCKET)listener, NULL, NULL);
    u_long on = 1;
    char bytes[10];
    size_t done = 77;

    (void)state;
    assert_int_equal(ioctlsocket((SOCKET)ours, (long)FIONBIO, &on), 0);
    assert_int_equal(socket_receive(ours, bytes, sizeof bytes, &done), STATUS_BUSY);
    assert_int_equal(done, 77);
    assert_int_equal(socket_send(ours, "abc", 3, &done), STATUS_OK);
    assert_int_equal(done, 3);
    assert_int_equal(recv(theirs, bytes, sizeof bytes, 0), 3);
    assert_int_equal(send(theirs, "xy", 2, 0), 2);
    Sleep(50);
    assert_int_equal(socket_receive(ours, bytes, sizeof bytes, &done), STATUS_OK);
    assert_int_equal(done, 2);
    (void)closesocket(theirs);
    Sleep(50);
    assert_int_equal(socket_receive(ours, bytes, sizeof bytes, &done), STATUS_OK);
    assert_int_equal(done, 0);
    support_close(ours);
    assert_int_equal(socket_send(ours, "x", 1, &done), STATUS_UNREACHABLE);
    support_close(listener);
}

static void socket_errors_have_words(void **state)
{
    (void)state;
    assert_string_equal(socket_error_text(WSAECONNREFUSED), "Connection refused");
    assert_string_equal(socket_error_text(WSAETIMEDOUT), "Connection timed out");
    assert_true(strlen(socket_error_text(WSAEINVAL)) > 0);
    assert_null(strpbrk(socket_error_text(WSAEINVAL), "\r\n"));
    assert_non_null(strstr(socket_error_text(987654), "987654"));
    assert_int_equal(socket_raise_limit(5000), 5000);
}

int main(int count, char *words[])
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_monotonic_goes_forward),
        cmocka_unit_test(clock_wall_is_now),
        cmocka_unit_test(clock_writes_utc),
        cmocka_unit_test(clock_knows_the_zone),
        cmocka_unit_test(text_is_formatted_as_everywhere),
        cmocka_unit_test(memory_is_given_back),
        cmocka_unit_test(host_sees_connections_over_ipv6),
        cmocka_unit_test(host_sees_ipv4_at_a_socket_of_ipv6),
        cmocka_unit_test(host_finds_configuration_and_state),
        cmocka_unit_test(host_tells_addresses_from_names),
        cmocka_unit_test(host_leaves_no_doubtful_address_to_the_system),
        cmocka_unit_test(host_tells_absolute_paths),
        cmocka_unit_test(host_arguments_are_utf8),
        cmocka_unit_test(terminal_is_not_nul),
        cmocka_unit_test(terminal_is_not_a_file),
        cmocka_unit_test(terminal_is_a_console),
        cmocka_unit_test(system_log_takes_lines),
        cmocka_unit_test(system_log_has_its_message),
        cmocka_unit_test(program_has_a_version),
        cmocka_unit_test(program_speaks_utf8),
        cmocka_unit_test(socket_tells_busy_from_gone),
        cmocka_unit_test(socket_errors_have_words),
    };

    (void)words;
    if (count > 1)
        return play_arguments();
    return unit_status(cmocka_run_group_tests(tests, make_directory, remove_directory));
}
