/* The platform floor on POSIX: clocks, files, the host, the terminal. What has tests of its own stands
 * beside. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#define _DEFAULT_SOURCE

#include "capture.h"
#include "directory.h"
#include "read_file.h"
#include "unit.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/process.h>
#include <mxpull/platform/socket.h>
#include <mxpull/platform/system_log.h>
#include <mxpull/platform/terminal.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What the file at path holds; the caller frees it. */
static char *content_of(const char *path)
{
    struct buffer bytes;
    struct error error;

    buffer_init(&bytes, 1024 * 1024);
    assert_int_equal(read_file(path, &bytes, &error), STATUS_OK);
    char *copy = memory_copy_part(bytes.bytes, bytes.size);
    buffer_done(&bytes);
    return copy;
}

static void assert_content(const char *path, const char *expected)
{
    char *content = content_of(path);

    assert_string_equal(content, expected);
    free(content);
}

static size_t entries_in_directory(void)
{
    struct buffer output;
    struct error error;
    char command[512];

    buffer_init(&output, 1024);
    (void)snprintf(command, sizeof command, "ls -A '%s' | wc -l", directory);
    assert_int_equal(capture(command, 10000, &output, &error), STATUS_OK);
    size_t count = strtoul(output.bytes, NULL, 10);
    buffer_done(&output);
    return count;
}

/* Clocks */

static void clock_monotonic_goes_forward(void **state)
{
    int64_t before = clock_monotonic_ms();

    (void)state;
    (void)usleep(2000);
    assert_true(clock_monotonic_ms() > before);
}

static void clock_wall_is_now(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

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
        {INT64_C(1795449600000), "2026-11-23T16:00:00Z"},
        {INT64_C(4102444800000), "2100-01-01T00:00:00Z"},
    };
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(clock_utc_text(text, rows[i].ms), rows[i].text);
}

static const struct zone_row {
    const char *name;
    const char *zone; /* $TZ */
    int64_t utc_s;
    int64_t offset_s;
    const char *local;
} zone_rows[] = {
    {"UTC", "UTC0", 1795449600, 0, "2026-11-23 16:00:00"},
    {"winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1795449600, 3600, "2026-11-23 17:00:00"},
    {"summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1782864000, 7200, "2026-07-01 02:00:00"},
    {"the last second of winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600,
     "2026-03-29 01:59:59"},
    {"the first of summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200, "2026-03-29 03:00:00"},
    {"the last second of summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 7200,
     "2026-10-25 02:59:59"},
    {"the first of winter", "CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600, "2026-10-25 02:00:00"},
    {"behind UTC", "EST5EDT,M3.2.0,M11.1.0", 1795449600, -18000, "2026-11-23 11:00:00"},
    {"a part of an hour", "<+0545>-5:45", 1795449600, 20700, "2026-11-23 21:45:00"},
    {"the next day", "<+14>-14", 1795449600, 50400, "2026-11-24 06:00:00"},
    {"an odd one before 1970", "<-0330>3:30", -1, -12600, "1969-12-31 20:29:59"},
};

static void clock_knows_local_time(void **state)
{
    const struct zone_row *row = *state;
    char *zone = memory_copy(getenv("TZ"));
    char text[CLOCK_TEXT_SIZE];

    set_variable("TZ", row->zone);
    assert_int_equal(clock_local_offset_s(row->utc_s), row->offset_s);
    assert_string_equal(clock_local_text(text, row->utc_s * 1000), row->local);
    assert_string_equal(clock_local_text(text, row->utc_s * 1000 + 999), row->local);
    set_variable("TZ", zone);
    free(zone);
}

static void clock_survives_absurd_times(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    assert_int_equal(clock_local_offset_s(INT64_MAX), 0);
    assert_true(strlen(clock_local_text(text, INT64_MAX)) > 0);
    assert_true(strlen(clock_local_text(text, INT64_MIN)) > 0);
}

/* Files */

static void file_open_says_what_is_wrong(void **state)
{
    FILE *file = NULL;
    struct error error;

    (void)state;
    assert_int_equal(file_open(&file, in_directory("missing"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "missing: cannot be opened: "));
    assert_int_equal(file_open(&file, directory, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, ": is a directory, not a file"));
    assert_null(file);
    write_file(in_directory("there"), "text");
    assert_int_equal(file_open(&file, in_directory("there"), &error), STATUS_OK);
    assert_int_equal(fgetc(file), 't');
    assert_true((fcntl(fileno(file), F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(fclose(file), 0);
}

/* None of them may keep anybody waiting. */
static void file_open_takes_plain_files_alone(void **state)
{
    const char *const pipe = in_directory("pipe"), *const huge = in_directory("huge");
    struct error error;
    FILE *file = NULL;

    (void)state;
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(file_open(&file, pipe, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "pipe: is a pipe, not a file"));
    assert_int_equal(file_open(&file, "/dev/zero", &error), STATUS_SYSTEM);
    assert_string_equal(error.text, "/dev/zero: is a device, not a file");
    write_file(huge, "");
    assert_int_equal(truncate(huge, (off_t)5 << 30), 0);
    assert_int_equal(file_open(&file, huge, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "huge: is larger than 64 MiB"));
    assert_null(file);
}

static void file_read_keeps_to_the_limit(void **state)
{
    struct buffer bytes;
    struct error error;

    (void)state;
    write_file(in_directory("ten"), "0123456789");
    buffer_init(&bytes, 9);
    assert_int_equal(read_file(in_directory("ten"), &bytes, &error), STATUS_LIMIT);
    assert_non_null(strstr(error.text, "larger than 9 bytes"));
    buffer_done(&bytes);
    buffer_init(&bytes, 10);
    assert_int_equal(read_file(in_directory("ten"), &bytes, &error), STATUS_OK);
    assert_string_equal(bytes.bytes, "0123456789");
    buffer_done(&bytes);
}

static void file_replace_replaces(void **state)
{
    struct error error;
    struct stat facts;
    const char *path = in_directory("replaced");

    (void)state;
    assert_int_equal(file_replace(path, "old", 3, &error), STATUS_OK);
    assert_content(path, "old");
    assert_int_equal(chmod(path, 0600), 0);
    size_t before = entries_in_directory();
    assert_int_equal(file_replace(path, "new\n", 4, &error), STATUS_OK);
    assert_content(path, "new\n");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0644);
    assert_int_equal(entries_in_directory(), before);
}

static void file_replace_leaves_nothing_after_a_failure(void **state)
{
    struct error error;
    size_t before = entries_in_directory();

    (void)state;
    assert_int_equal(file_replace(in_directory("no/such"), "x", 1, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "no/such: cannot be written: "));
    assert_int_equal(mkdir(in_directory("taken"), 0700), 0);
    assert_int_equal(file_replace(in_directory("taken"), "x", 1, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "taken: cannot be replaced: "));
    assert_int_equal(rmdir(in_directory("taken")), 0);
    assert_int_equal(entries_in_directory(), before);
}

static void file_replace_and_links(void **state)
{
    const char *link = in_directory("link");
    struct error error;
    struct stat facts;

    (void)state;
    write_file(in_directory("target"), "kept");
    assert_int_equal(symlink("target", link), 0);
    assert_int_equal(file_replace(link, "new", 3, &error), STATUS_OK);
    assert_content(link, "new");
    assert_content(in_directory("target"), "kept");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(remove(link), 0);
        assert_int_equal(symlink(i == 0 ? "/" : "/dev/null", link), 0);
        assert_int_equal(file_replace(link, "x", 1, &error), STATUS_SYSTEM);
        assert_non_null(strstr(error.text, i == 0 ? "link: cannot be replaced: it is a directory"
                                                  : "link: cannot be replaced: it is a device"));
        assert_int_equal(lstat(link, &facts), 0);
        assert_true(S_ISLNK(facts.st_mode));
    }
    assert_int_equal(remove(link), 0);
    /* There /dev/stdout is a link to where the output goes. */
    assert_int_equal(file_replace("/dev/mxpull-test", "x", 1, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "/dev/mxpull-test: cannot be replaced: in that folder"));
    assert_int_equal(lstat("/dev/mxpull-test", &facts), -1);
}

static void file_create_leaves_what_is_there(void **state)
{
    const char *path = in_directory("created"), *link = in_directory("link");
    const struct rlimit small = {2, RLIM_INFINITY};
    struct error error;
    struct rlimit limit;
    struct stat facts;
    size_t before = entries_in_directory();

    (void)state;
    assert_int_equal(file_create(path, "new\n", 4, &error), STATUS_OK);
    assert_content(path, "new\n");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(file_create(path, "newer\n", 6, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "created: cannot be made: "));
    assert_content(path, "new\n");
    assert_int_equal(symlink("created", link), 0);
    assert_int_equal(file_create(link, "newer\n", 6, &error), STATUS_SYSTEM);
    assert_content(path, "new\n");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(file_create(in_directory("no/such"), "x", 1, &error), STATUS_SYSTEM);

    /* A full disk leaves nothing half. */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = file_create(path, "new\n", 4, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, STATUS_SYSTEM);
    assert_int_equal(entries_in_directory(), before);
}

static void file_rename_replaces(void **state)
{
    const char *from = in_directory("from"), *to = in_directory("to");
    struct error error;

    (void)state;
    write_file(from, "new");
    assert_int_equal(file_rename(from, to, &error), STATUS_OK);
    assert_content(to, "new");
    write_file(from, "newer");
    assert_int_equal(file_rename(from, to, &error), STATUS_OK);
    assert_content(to, "newer");
    assert_int_equal(access(from, F_OK), -1);
    assert_int_equal(file_rename(from, to, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "/from: cannot be renamed: "));
    assert_content(to, "newer");
}

static void file_log_appends_line_by_line(void **state)
{
    const char *path = in_directory("log");
    struct error error;
    struct stat facts;
    FILE *file;

    (void)state;
    mode_t mask = umask(0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(file_open_log(&file, path, &error), STATUS_OK);
        assert_int_equal(file_add_line(file, i == 0 ? "line 0\n" : "line 1\n", 7, &error),
                         STATUS_OK);
        assert_content(path, i == 0 ? "line 0\n" : "line 0\nline 1\n");
        assert_int_equal(fclose(file), 0);
    }
    (void)umask(mask);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0640);
    assert_int_equal(file_open_log(&file, directory, &error), STATUS_SYSTEM);
}

/* A limit for the size of files is as a full disk: the signal that comes with it ends nothing, and of the line
 * that does not fit nothing is left. */
static void file_log_has_whole_lines(void **state)
{
    const char *path = in_directory("short");
    struct rlimit before, limit;
    struct error error;
    FILE *file;
    int count = 0;

    (void)state;
    (void)host_begin(&count, NULL);
    assert_int_equal(file_open_log(&file, path, &error), STATUS_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum status first = file_add_line(file, "line 0\n", 7, &error);
    enum status second = file_add_line(file, "line 1\n", 7, &error);
    enum status third = file_add_line(file, "ok\n", 3, &error);
    enum status fourth = file_add_line(file, "x\n", 2, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(first, STATUS_OK);
    assert_int_equal(second, STATUS_SYSTEM);
    assert_int_equal(third, STATUS_OK);
    assert_int_equal(fourth, STATUS_SYSTEM);
    assert_string_equal(error.text, strerror(EFBIG));
    assert_content(path, "line 0\nok\n");
    assert_int_equal(fclose(file), 0);
    assert_int_equal(file_open_log(&file, "/dev/full", &error), STATUS_OK);
    assert_int_equal(file_add_line(file, "x\n", 2, &error), STATUS_SYSTEM);
    (void)fclose(file);
    assert_int_equal(mkfifo(in_directory("fifo"), 0600), 0);
    assert_int_equal(file_open_log(&file, in_directory("fifo"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "fifo: is a pipe, not a file"));
}

static enum status check_private(const char *path, struct error *error)
{
    FILE *file;

    assert_int_equal(file_open(&file, path, error), STATUS_OK);
    enum status status = file_check_private(file, path, error);
    (void)fclose(file);
    return status;
}

static void file_private_is_judged_by_its_mode(void **state)
{
    static const struct {
        mode_t mode;
        enum status status;
    } rows[] = {{0600, STATUS_OK},     {0400, STATUS_OK},     {0700, STATUS_OK},
                {0640, STATUS_SYNTAX}, {0604, STATUS_SYNTAX}, {0644, STATUS_SYNTAX},
                {0620, STATUS_SYNTAX}, {0777, STATUS_SYNTAX}};
    const char *path = in_directory("private");
    struct error error;
    char command[600];

    (void)state;
    write_file(path, "secret");
    (void)snprintf(command, sizeof command, "chmod 600 %s", path);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(check_private(path, &error), rows[i].status);
        if (rows[i].status != STATUS_OK)
            assert_non_null(strstr(error.text, command));
    }
}

static void file_private_may_be_a_pipe(void **state)
{
    struct error error;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    FILE *file = fdopen(ends[0], "r");
    assert_non_null(file);
    assert_int_equal(file_check_private(file, "-", &error), STATUS_OK);
    (void)fclose(file);
    (void)close(ends[1]);
}

/* As systemd hands credentials over; needs root, to be its service for a while. */
static void file_private_may_be_a_credential(void **state)
{
    const char *path = in_directory("credential");
    struct error error;
    FILE *file;

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file(path, "secret");
    assert_int_equal(chmod(path, 0440), 0);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(file_open(&file, path, &error), STATUS_OK);
    assert_int_equal(file_check_private(file, path, &error), STATUS_SYNTAX);
    assert_int_equal(seteuid(65534), 0);
    enum status as_service = file_check_private(file, path, &error);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(fchmod(fileno(file), 0444), 0);
    assert_int_equal(seteuid(65534), 0);
    enum status open_to_all = file_check_private(file, path, &error);
    assert_int_equal(seteuid(0), 0);
    (void)fclose(file);
    assert_int_equal(as_service, STATUS_OK);
    assert_int_equal(open_to_all, STATUS_SYNTAX);
}

/* Needs root, to be a third user for a while. */
static void file_private_belongs_to_us_or_root(void **state)
{
    const char *path = in_directory("foreign");
    struct error error;
    FILE *file;

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file(path, "secret");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chown(path, 65533, (gid_t)-1), 0);
    assert_int_equal(file_open(&file, path, &error), STATUS_OK);
    assert_int_equal(file_check_private(file, path, &error), STATUS_OK);
    assert_int_equal(seteuid(65534), 0);
    enum status status = file_check_private(file, path, &error);
    assert_int_equal(seteuid(0), 0);
    (void)fclose(file);
    assert_int_equal(status, STATUS_SYNTAX);
    assert_non_null(strstr(error.text, "chown "));
}

/* Needs root, to be a third user for a while. */
static void file_ours_is_written_by_us_or_root_alone(void **state)
{
    static const struct {
        uid_t owner, reader;
        mode_t mode;
        enum status status;
        const char *mends;
    } rows[] = {
        {0, 0, 0644, STATUS_OK, NULL},
        {0, 0, 0664, STATUS_SYNTAX, "run: chmod go-w /"},
        {0, 0, 0602, STATUS_SYNTAX, "run: chmod go-w /"},
        {65534, 0, 0600, STATUS_SYNTAX, "run: chown root /"},
        {0, 65534, 0644, STATUS_OK, NULL},
        {65534, 65534, 0644, STATUS_OK, NULL},
        {65533, 65534, 0644, STATUS_SYNTAX, "run: chown "},
    };
    const char *path = in_directory("ours");
    struct error error;
    FILE *file;

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file(path, "");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(chown(path, rows[i].owner, (gid_t)-1), 0);
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(file_open(&file, path, &error), STATUS_OK);
        assert_int_equal(seteuid(rows[i].reader), 0);
        enum status status = file_check_ours(file, path, &error);
        assert_int_equal(seteuid(0), 0);
        (void)fclose(file);
        assert_int_equal(status, rows[i].status);
        if (rows[i].mends != NULL)
            assert_non_null(strstr(error.text, rows[i].mends));
    }
}

static void directory_make_makes_all_that_is_missing(void **state)
{
    struct error error;
    struct stat facts;

    (void)state;
    assert_int_equal(directory_make(in_directory("a/b//c/"), &error), STATUS_OK);
    assert_int_equal(stat(in_directory("a/b/c"), &facts), 0);
    assert_true(S_ISDIR(facts.st_mode));
    assert_int_equal(facts.st_mode & 0777, 0700);
    assert_int_equal(directory_make(in_directory("a/b/c"), &error), STATUS_OK);
    assert_int_equal(directory_make("/", &error), STATUS_OK);
    write_file(in_directory("a/file"), "");
    assert_int_equal(directory_make(in_directory("a/file"), &error), STATUS_SYSTEM);
    assert_int_equal(directory_make(in_directory("a/file/d"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "the directory cannot be made"));
}

/* The host */

/* Needs root: as under sudo, which may leave another user's HOME. */
static void host_follows_no_home_of_another_user(void **state)
{
    const char *in_home = in_directory(".config/mxpull/mxpull.conf");
    const char *in_xdg = in_directory(".config");
    char *home = memory_copy(getenv("HOME"));

    (void)state;
    if (geteuid() != 0)
        skip();
    (void)mkdir(in_xdg, 0700);
    (void)mkdir(in_directory(".config/mxpull"), 0700);
    write_file(in_home, "");
    for (int i = 0; i < 4; i++) {
        set_variable("HOME", i % 2 == 0 ? directory : NULL);
        set_variable("XDG_CONFIG_HOME", i % 2 == 0 ? NULL : in_xdg);
        assert_int_equal(chown(directory, i < 2 ? 0 : 65534, (gid_t)-1), 0);
        assert_int_equal(chown(in_xdg, i < 2 ? 0 : 65534, (gid_t)-1), 0);
        char *path = host_config_path("/etc");
        assert_string_equal(path, i < 2 ? in_home : "/etc/mxpull.conf");
        free(path);
    }
    assert_int_equal(chown(directory, 0, (gid_t)-1), 0);
    set_variable("XDG_CONFIG_HOME", NULL);
    set_variable("HOME", home);
    free(home);
}

static void host_finds_the_configuration(void **state)
{
    const char *in_xdg = in_directory("mxpull/mxpull.conf");
    const char *in_home = in_directory(".config/mxpull/mxpull.conf");
    struct error error;
    const struct {
        const char *named, *xdg, *home, *expected;
    } rows[] = {
        {"named.conf", directory, directory, "named.conf"},
        {"", directory, NULL, in_xdg},
        {NULL, directory, NULL, in_xdg},
        {NULL, "relative", directory, in_home},
        {NULL, NULL, directory, in_home},
        {NULL, "/no/such", directory, "/etc/mxpull.conf"},
        {NULL, NULL, "/no/such", "/etc/mxpull.conf"},
    };
    char *home = memory_copy(getenv("HOME"));

    (void)state;
    assert_int_equal(directory_make(in_directory("mxpull"), &error), STATUS_OK);
    assert_int_equal(directory_make(in_directory(".config/mxpull"), &error), STATUS_OK);
    write_file(in_xdg, "");
    write_file(in_home, "");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        set_variable("MXPULL_CONFIG", rows[i].named);
        set_variable("XDG_CONFIG_HOME", rows[i].xdg);
        set_variable("HOME", rows[i].home);
        char *path = host_config_path("/etc");
        assert_string_equal(path, rows[i].expected);
        free(path);
    }
    set_variable("HOME", home);
    set_variable("XDG_CONFIG_HOME", NULL);
    free(home);
}

static void host_finds_the_state_directory(void **state)
{
    static const struct {
        const char *given, *xdg, *expected;
    } rows[] = {
        {"/var/lib/private/mxpull", "/x", "/var/lib/private/mxpull"},
        {"/one:/two", NULL, "/one"},
        {NULL, "/x", "/x/mxpull"},
        {NULL, NULL, "/home/someone/.local/state/mxpull"},
    };
    char *home = memory_copy(getenv("HOME"));
    bool root = geteuid() == 0;

    (void)state;
    set_variable("HOME", "/home/someone");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        set_variable("STATE_DIRECTORY", rows[i].given);
        set_variable("XDG_STATE_HOME", rows[i].xdg);
        char *as_root = root ? host_state_directory() : NULL;
        assert_int_equal(root ? seteuid(65534) : 0, 0);
        char *path = host_state_directory();
        assert_int_equal(root ? seteuid(0) : 0, 0);
        assert_string_equal(path, rows[i].expected);
        if (root)
            assert_string_equal(as_root, "/var/lib/mxpull");
        free(path);
        free(as_root);
    }
    set_variable("HOME", home);
    set_variable("STATE_DIRECTORY", NULL);
    set_variable("XDG_STATE_HOME", NULL);
    free(home);
}

static void host_tells_absolute_paths(void **state)
{
    static const char *const relative[] = {"", "a", "~/a", "./a", "C:/a"};

    (void)state;
    assert_true(host_path_is_absolute("/"));
    assert_true(host_path_is_absolute("/a"));
    for (size_t i = 0; i < COUNT_OF(relative); i++)
        assert_false(host_path_is_absolute(relative[i]));
}

static void host_tells_addresses_from_names(void **state)
{
    static const struct {
        const char *text;
        int version;
    } rows[] = {{"192.0.2.1", 4},   {"2001:db8::1", 6}, {"::", 6},         {"::ffff:192.0.2.1", 6},
                {"192.0.2", 0},     {"192.0.2.256", 0}, {"192.0.2.1 ", 0}, {"[::1]", 0},
                {"example.com", 0}, {"1::2::3", 0},     {"", 0},           {"0x7f.1", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(host_ip_version(rows[i].text), rows[i].version);
}

/* Memory */

#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__
/* The pages of this process that are in memory. */
static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    char line[200], *resident;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    (void)strtol(line, &resident, 10); /* all of them */
    return strtol(resident, NULL, 10);
}
#endif

/* Memory that was freed, with something behind it that is kept. */
static void freed_memory_is_given_back(void **state)
{
    (void)state;
#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__
    enum {
        COUNT = 20000,
        SIZE = 1000
    };
    static char *blocks[COUNT];

    for (size_t i = 0; i < COUNT; i++)
        memset(blocks[i] = memory_new(1, SIZE), 'x', SIZE);
    for (size_t i = 0; i < COUNT - 1; i++)
        free(blocks[i]);
    long before = resident_pages();
    host_trim_memory();
    long given_back = (before - resident_pages()) * sysconf(_SC_PAGESIZE);
    assert_true(given_back > COUNT * SIZE / 2);
    assert_int_equal(blocks[COUNT - 1][SIZE - 1], 'x');
    free(blocks[COUNT - 1]);
#else
    skip();
#endif
}

/* The terminal and the system's log */

static void terminal_is_known_by_its_type(void **state)
{
    struct winsize size = {.ws_row = 50, .ws_col = 132};
    char *type = memory_copy(getenv("TERM"));
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    (void)state;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    FILE *stream = fopen(ptsname(master), "r+");
    assert_non_null(stream);
    assert_int_equal(terminal_size(stream).columns, 80);
    assert_int_equal(terminal_size(stream).rows, 24);
    assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
    assert_int_equal(terminal_size(stream).columns, 132);
    assert_int_equal(terminal_size(stream).rows, 50);
    set_variable("TERM", "xterm");
    assert_true(terminal_is(stream));
    set_variable("TERM", "dumb");
    assert_false(terminal_is(stream));
    assert_true(terminal_repeats(stream));
    set_variable("TERM", NULL);
    assert_false(terminal_is(stream));
    assert_true(terminal_repeats(stream));
    (void)fclose(stream);
    (void)close(master);
    set_variable("TERM", type);
    free(type);
}

static void terminal_is_not_a_file(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    assert_false(terminal_is(file));
    assert_false(terminal_repeats(file));
    assert_true(terminal_is_file(file));
    assert_int_equal(terminal_size(file).columns, 80);
    assert_int_equal(terminal_size(file).rows, 24);
    (void)fclose(file);
}

static void system_log_knows_its_system(void **state)
{
    struct error error;

    (void)state;
    assert_true(system_log_is_syslog());
    assert_int_equal(system_log_open(&error), STATUS_OK);
    system_log_close();
}

static void a_shortage_of_descriptors_is_told(void **state)
{
    struct rlimit before, few;
    struct error error;
    struct process *process;
    FILE *file;
    int number = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    enum status of_file = file_open(&file, "/etc/passwd", &error);
    enum status of_process = process_start(&process, "true", NULL, 0, true, &error);
    intptr_t of_socket = socket_open(AF_INET, SOCK_STREAM, 0, &number);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(of_file, STATUS_SHORTAGE);
    assert_int_equal(of_process, STATUS_SHORTAGE);
    assert_non_null(strstr(error.text, "too few file descriptors (ulimit -n)"));
    assert_int_equal(of_socket, -1);
    assert_true(socket_is_short(number));
    assert_false(socket_is_short(ECONNREFUSED));
    assert_string_equal(socket_error_text(number), "too few file descriptors (ulimit -n)");
}

static const struct CMUnitTest fixed_tests[] = {
    cmocka_unit_test(clock_monotonic_goes_forward),
    cmocka_unit_test(clock_wall_is_now),
    cmocka_unit_test(clock_writes_utc),
    cmocka_unit_test(clock_survives_absurd_times),
    cmocka_unit_test(file_open_says_what_is_wrong),
    cmocka_unit_test(file_read_keeps_to_the_limit),
    cmocka_unit_test(file_open_takes_plain_files_alone),
    cmocka_unit_test(file_ours_is_written_by_us_or_root_alone),
    cmocka_unit_test(file_log_has_whole_lines),
    cmocka_unit_test(file_replace_replaces),
    cmocka_unit_test(file_replace_leaves_nothing_after_a_failure),
    cmocka_unit_test(file_replace_and_links),
    cmocka_unit_test(file_create_leaves_what_is_there),
    cmocka_unit_test(file_rename_replaces),
    cmocka_unit_test(file_log_appends_line_by_line),
    cmocka_unit_test(file_private_is_judged_by_its_mode),
    cmocka_unit_test(file_private_may_be_a_pipe),
    cmocka_unit_test(file_private_may_be_a_credential),
    cmocka_unit_test(file_private_belongs_to_us_or_root),
    cmocka_unit_test(directory_make_makes_all_that_is_missing),
    cmocka_unit_test(host_finds_the_configuration),
    cmocka_unit_test(host_follows_no_home_of_another_user),
    cmocka_unit_test(host_finds_the_state_directory),
    cmocka_unit_test(host_tells_addresses_from_names),
    cmocka_unit_test(host_tells_absolute_paths),
    cmocka_unit_test(freed_memory_is_given_back),
    cmocka_unit_test(terminal_is_known_by_its_type),
    cmocka_unit_test(terminal_is_not_a_file),
    cmocka_unit_test(system_log_knows_its_system),
    cmocka_unit_test(a_shortage_of_descriptors_is_told),
};

int main(void)
{
    int failed = cmocka_run_group_tests(fixed_tests, make_directory, remove_directory);

    return unit_status(failed + RUN_TABLE(zone_rows, clock_knows_local_time));
}
