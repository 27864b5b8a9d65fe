/* Files on Windows. */
#include "read_file.h"
#include "win32.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>

#include <aclapi.h>
#include <io.h>
#include <sddl.h>

static void open_says_what_is_wrong(void **state)
{
    FILE *file = NULL;
    struct error error;
    DWORD flags = 0;

    (void)state;
    assert_int_equal(file_open(&file, in_directory("missing"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "missing: cannot be opened: "));
    assert_int_equal(file_open(&file, directory, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, ": is a directory, not a file"));
    assert_null(file);
    write_file(in_directory("there"), "text");
    assert_int_equal(file_open(&file, in_directory("there"), &error), STATUS_OK);
    assert_int_equal(fgetc(file), 't');
    assert_true(GetHandleInformation((HANDLE)_get_osfhandle(_fileno(file)), &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    assert_true(DeleteFileA(in_directory("there"))); /* although it is open */
    assert_int_equal(fclose(file), 0);
}

/* Trap: before Windows 10 1903 fopen goes by a code page that has few of the letters. */
static void paths_are_utf8(void **state)
{
    wchar_t wide[2 * SUPPORT_PATH_SIZE];
    struct buffer bytes;
    struct error error;

    (void)state;
    (void)MultiByteToWideChar(CP_UTF8, 0, directory, -1, wide, SUPPORT_PATH_SIZE);
    (void)wcscat(wide, L"/" WIDE_NAME);
    assert_int_equal(directory_make(in_directory(UTF8_NAME), &error), STATUS_OK);
    assert_true((GetFileAttributesW(wide) & FILE_ATTRIBUTE_DIRECTORY) != 0);
    (void)wcscat(wide, L"/" WIDE_NAME L".conf");
    assert_int_equal(file_replace(in_directory(UTF8_NAME "/" UTF8_NAME ".conf"), "abc", 3, &error),
                     STATUS_OK);
    assert_true(GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES);
    buffer_init(&bytes, 10);
    assert_int_equal(read_file(in_directory(UTF8_NAME "/" UTF8_NAME ".conf"), &bytes, &error),
                     STATUS_OK);
    assert_string_equal(bytes.bytes, "abc");
    buffer_done(&bytes);
    assert_int_equal(read_file(in_directory(UTF8_NAME "/x"), &bytes, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, UTF8_NAME "/x: cannot be opened: "));
}

static const struct byte_row {
    const char *name, *text;
} byte_rows[] = {
    {"no line end", "a"},
    {"LF", "a\nb\n"},
    {"CR LF", "a\r\nb\r\n"},
    {"CR alone", "a\rb\r"},
    {"nothing", ""},
    {"the end of a DOS file", "a\x1a"
                              "b"},
};

/* Trap: a text stream ends at a Ctrl-Z, and drops a CR. */
static void bytes_are_read_as_they_are(void **state)
{
    const struct byte_row *row = *state;
    char path[SUPPORT_PATH_SIZE + 10];
    struct buffer bytes;
    struct error error;

    support_make_directory(directory);
    (void)snprintf(path, sizeof path, "%s/bytes", directory);
    write_file(path, row->text);
    buffer_init(&bytes, 100);
    assert_int_equal(read_file(path, &bytes, &error), STATUS_OK);
    assert_string_equal(bytes.bytes, row->text);
    buffer_done(&bytes);
    (void)support_remove_directory(directory);
}

static void read_keeps_to_the_limit(void **state)
{
    struct buffer bytes;
    struct error error;

    (void)state;
    write_file(in_directory("ten"), "0123456789");
    buffer_init(&bytes, 9);
    assert_int_equal(read_file(in_directory("ten"), &bytes, &error), STATUS_LIMIT);
    assert_non_null(strstr(error.text, "larger than 9 bytes"));
    buffer_done(&bytes);
}

static size_t count_entries(void)
{
    WIN32_FIND_DATAA entry;
    size_t count = 0;
    HANDLE search = FindFirstFileA(in_directory("*"), &entry);

    do
        count++;
    while (FindNextFileA(search, &entry));
    (void)FindClose(search);
    return count;
}

/* Trap: rename does not replace. */
static void replace_replaces(void **state)
{
    const char *path = in_directory("replaced"), *other = in_directory("other");
    struct error error;

    (void)state;
    assert_int_equal(file_replace(path, "old", 3, &error), STATUS_OK);
    write_file(other, "x");
    assert_int_not_equal(rename(other, path), 0);
    size_t before = count_entries();
    assert_int_equal(file_replace(path, "new\n", 4, &error), STATUS_OK);
    assert_string_equal(content_of(path), "new\n");
    assert_int_equal(count_entries(), before);
    assert_int_equal(file_rename(other, path, &error), STATUS_OK);
    assert_string_equal(content_of(path), "x");
    assert_int_equal(file_rename(other, path, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "other: cannot be renamed: "));
}

typedef BOOL WINAPI move_function(const wchar_t *from, const wchar_t *to, DWORD flags);
typedef BOOL WINAPI flush_function(HANDLE file);

extern move_function *import_of_move __asm__("__imp_MoveFileExW");
extern flush_function *import_of_flush __asm__("__imp_FlushFileBuffers");
static move_function *real_move;
static flush_function *real_flush;
static char asked[100];

static BOOL WINAPI note_move(const wchar_t *from, const wchar_t *to, DWORD flags)
{
    (void)strcat(asked, (flags & MOVEFILE_WRITE_THROUGH) != 0 ? "write-through " : "move ");
    return real_move(from, to, flags);
}

static BOOL WINAPI note_flush(HANDLE file)
{
    (void)strcat(asked, "flush ");
    return real_flush(file);
}

/* A power failure cannot be had here: so it is looked at what is asked of the system. */
static void replace_reaches_the_disk(void **state)
{
    struct error error;

    (void)state;
    asked[0] = '\0';
    real_move = import_of_move;
    real_flush = import_of_flush;
    REPLACE_IMPORT(import_of_move, note_move);
    REPLACE_IMPORT(import_of_flush, note_flush);
    assert_int_equal(file_replace(in_directory("kept"), "x", 1, &error), STATUS_OK);
    assert_string_equal(asked, "flush write-through ");
    REPLACE_IMPORT(import_of_move, real_move);
    REPLACE_IMPORT(import_of_flush, real_flush);
}

static HANDLE held;

static void let_go(void)
{
    (void)CloseHandle(held);
}

/* Trap: what somebody else has open for a moment cannot be replaced meanwhile. */
static void replace_waits_for_a_reader(void **state)
{
    const char *path = in_directory("held");
    struct error error;

    (void)state;
    write_file(path, "old");
    held = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(held != INVALID_HANDLE_VALUE);
    write_file(in_directory("new"), "x");
    assert_false(MoveFileExA(in_directory("new"), path, MOVEFILE_REPLACE_EXISTING));
    support_call_later(200, let_go);
    assert_int_equal(file_replace(path, "new", 3, &error), STATUS_OK);
    assert_string_equal(content_of(path), "new");
}

/* Trap: one that is open without FILE_SHARE_DELETE, as SQLite has its files, cannot be renamed; whoever wants
 * that may have no time to wait. */
static void rename_tells_who_is_held(void **state)
{
    const char *path = in_directory("held"), *other = in_directory("let go");
    struct error error;
    int64_t began_ms = clock_monotonic_ms();

    (void)state;
    write_file(path, "x");
    held = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       0, NULL);
    assert_true(held != INVALID_HANDLE_VALUE);
    assert_int_equal(file_rename(path, other, &error), STATUS_BUSY);
    assert_int_equal(error.status, STATUS_BUSY);
    assert_non_null(strstr(error.text, "held: cannot be renamed: "));
    assert_true(clock_monotonic_ms() - began_ms < 500);
    let_go();
    assert_int_equal(file_rename(path, other, &error), STATUS_OK);
    assert_string_equal(content_of(other), "x");
}

static void replace_leaves_nothing_after_a_failure(void **state)
{
    struct error error;
    size_t before = count_entries();
    int64_t began_ms = clock_monotonic_ms();

    (void)state;
    assert_int_equal(file_replace(in_directory("no/such"), "x", 1, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "no/such: cannot be written: "));
    assert_true(CreateDirectoryA(in_directory("taken"), NULL));
    assert_int_equal(file_replace(in_directory("taken"), "x", 1, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "taken: cannot be replaced: "));
    assert_true(clock_monotonic_ms() - began_ms < 500); /* and it is not tried again */
    assert_true(RemoveDirectoryA(in_directory("taken")));
    assert_int_equal(count_entries(), before);
}

static void create_leaves_what_is_there(void **state)
{
    const char *path = in_directory("created");
    struct error error;

    (void)state;
    assert_int_equal(file_create(path, "new\n", 4, &error), STATUS_OK);
    assert_string_equal(content_of(path), "new\n");
    assert_int_equal(file_create(path, "newer\n", 6, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "created: cannot be made: "));
    assert_string_equal(content_of(path), "new\n");
    assert_true(DeleteFileA(path));
    assert_int_equal(file_create(in_directory("no/such"), "x", 1, &error), STATUS_SYSTEM);
}

static void log_appends_line_by_line(void **state)
{
    const char *path = in_directory("log"), *moved = in_directory("log.1");
    struct error error;
    FILE *file;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(file_open_log(&file, path, &error), STATUS_OK);
        assert_int_equal(file_add_line(file, i == 0 ? "line 0\n" : "line 1\n", 7, &error),
                         STATUS_OK);
        assert_string_equal(content_of(path), i == 0 ? "line 0\n" : "line 0\nline 1\n");
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(file_open_log(&file, path, &error), STATUS_OK);
    assert_true(MoveFileA(path, moved)); /* as by a log's rotation */
    assert_true(fputs("line 2\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(content_of(moved), "line 0\nline 1\nline 2\n");
    assert_int_equal(file_open_log(&file, directory, &error), STATUS_SYSTEM);
}

/* Whatever place is asked for, the system puts it at the end, so that two can share a log. */
static void log_only_grows(void **state)
{
    OVERLAPPED start = {0};
    struct error error;
    DWORD written = 0;
    FILE *file;

    (void)state;
    write_file(in_directory("grows"), "before\n");
    assert_int_equal(file_open_log(&file, in_directory("grows"), &error), STATUS_OK);
    assert_true(WriteFile((HANDLE)_get_osfhandle(_fileno(file)), "after\n", 6, &written, &start));
    (void)fclose(file);
    assert_string_equal(content_of(in_directory("grows")), "before\nafter\n");
}

enum {
    LINE_SIZE = 5000
};

/* Has the child write so many lines of this letter. */
static void tell_to_write(struct child *child, char letter, int lines)
{
    assert_true(fprintf(child->input, "%c%d\n", letter, lines) > 0);
    assert_int_equal(fflush(child->input), 0);
}

/* Two writers at once, each line whole: none begins where the other one was. wine looks for the end and
 * writes there in two steps, so there they take turns. */
static void log_is_shared(void **state)
{
    const char *path = in_directory("shared");
    const char *const arguments[] = {"log", path, NULL};
    const int turns = 20, lines = 10;
    struct child children[2];
    char line[LINE_SIZE + 1];
    int counts[2] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = start_child(arguments);
        assert_string_equal(hear(&children[i]), "ready");
    }
    for (int turn = 0; turn < turns; turn++) {
        for (size_t i = 0; i < COUNT_OF(children); i++) {
            tell_to_write(&children[i], "ab"[i], lines);
            if (support_is_wine())
                assert_string_equal(hear(&children[i]), "written");
        }
        for (size_t i = 0; !support_is_wine() && i < COUNT_OF(children); i++)
            assert_string_equal(hear(&children[i]), "written");
    }
    for (size_t i = 0; i < COUNT_OF(children); i++)
        end_child(&children[i]);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(strspn(line, line[0] == 'a' ? "a" : "b"), LINE_SIZE - 1);
        counts[line[0] == 'b']++;
    }
    (void)fclose(file);
    assert_int_equal(counts[0], turns * lines);
    assert_int_equal(counts[1], turns * lines);
}

static int play_log(const char *path)
{
    char line[LINE_SIZE], order[10];
    struct error error;
    FILE *file;

    if (file_open_log(&file, path, &error) != STATUS_OK)
        return 1;
    (void)puts("ready");
    (void)fflush(stdout);
    while (fgets(order, sizeof order, stdin) != NULL) {
        memset(line, order[0], sizeof line);
        line[sizeof line - 1] = '\n';
        for (long left = strtol(order + 1, NULL, 10); left > 0; left--) {
            (void)fwrite(line, 1, sizeof line, file);
            (void)fflush(file);
        }
        (void)puts("written");
        (void)fflush(stdout);
    }
    return fclose(file);
}

/* Who may read it */

static enum status check_private(const char *path, struct error *error)
{
    FILE *file;

    assert_int_equal(file_open(&file, path, error), STATUS_OK);
    enum status status = file_check_private(file, path, error);
    (void)fclose(file);
    return status;
}

/* Ours, as by somebody who has put it there. */
static void own(const char *path)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } facts;
    char name[SUPPORT_PATH_SIZE];
    HANDLE token;
    DWORD size;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    assert_true(GetTokenInformation(token, TokenUser, &facts, sizeof facts, &size));
    (void)CloseHandle(token);
    (void)snprintf(name, sizeof name, "%s", path);
    assert_int_equal(SetNamedSecurityInfoA(name, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION,
                                           facts.user.User.Sid, NULL, NULL, NULL),
                     ERROR_SUCCESS);
}

static void private_is_judged_by_its_list(void **state)
{
    const char *path = in_directory("private");
    struct error error;
    char command[400];

    (void)state;
    write_file(path, "secret");
    own(path);
    support_set_mode(path, 0600);
    assert_int_equal(check_private(path, &error), STATUS_OK);
    support_set_mode(path, 0644);
    assert_int_equal(check_private(path, &error), STATUS_SYNTAX);
    (void)snprintf(command, sizeof command,
                   "is open to others; run: icacls \"%s\" /inheritance:r /grant:r *S-1-5-18:F "
                   "*S-1-5-32-544:F *S-1-5-21-",
                   path);
    assert_non_null(strstr(error.text, command));
    assert_non_null(strstr(error.text, ":F /remove:g *S-1-1-0")); /* its own entry for everybody */
    assert_null(strstr(error.text, "/setowner"));
}

/* Below %ProgramData% it is the service's, which would refuse what is open to one more, or his. The words
 * of the path do not matter. */
static void private_is_for_the_service(void **state)
{
    static const char *const names[] = {"service", ".\\service", "../mxpull/service", NULL};
    char *before = memory_copy(getenv("ProgramData"));
    struct error error;

    (void)state;
    assert_true(CreateDirectoryA(in_directory("mxpull"), NULL));
    assert_true(
        SetCurrentDirectoryA(in_directory("mxpull"))); /* the text has room for short names */
    write_file("service", "secret");
    own("service");
    support_set_mode("service", 0644);
    support_set_variable("ProgramData", directory);
    for (size_t i = 0; names[i] != NULL; i++) {
        char expected[400];

        assert_int_equal(check_private(names[i], &error), STATUS_SYNTAX);
        (void)snprintf(expected, sizeof expected,
                       "is open to others; run: icacls \"%s\" /inheritance:r /grant:r *S-1-5-18:F "
                       "*S-1-5-32-544:F *S-1-5-19:R",
                       names[i]);
        assert_int_equal(strncmp(error.text, expected, strlen(expected)), 0);
        assert_non_null(strstr(error.text, " /remove:g *S-1-1-0"));
        (void)snprintf(expected, sizeof expected, " && icacls \"%s\" /setowner *S-1-5-32-544",
                       names[i]);
        assert_non_null(strstr(error.text, expected));
    }
    support_set_variable("ProgramData", in_directory("mxp")); /* no folder of ours */
    assert_int_equal(check_private("service", &error), STATUS_SYNTAX);
    assert_null(strstr(error.text, " *S-1-5-19:R"));
    support_set_variable("ProgramData", before);
    free(before);
    assert_true(SetCurrentDirectoryA("C:\\"));
}

static void private_may_be_a_pipe(void **state)
{
    struct error error;
    HANDLE reading, writing;

    (void)state;
    assert_true(CreatePipe(&reading, &writing, NULL, 0));
    FILE *file = _fdopen(_open_osfhandle((intptr_t)reading, 0), "r");
    assert_non_null(file);
    assert_int_equal(file_check_private(file, "-", &error), STATUS_OK);
    (void)fclose(file);
    (void)CloseHandle(writing);
}

static void directory_is_made_with_all_that_is_missing(void **state)
{
    struct error error;

    (void)state;
    assert_int_equal(directory_make(in_directory("a/b//c/"), &error), STATUS_OK);
    assert_int_equal(directory_make(in_directory("a\\b\\d"), &error), STATUS_OK);
    assert_true(exists(in_directory("a/b/c")));
    assert_true(exists(in_directory("a/b/d")));
    assert_int_equal(directory_make(in_directory("a/b/c"), &error), STATUS_OK);
    assert_int_equal(directory_make("/", &error), STATUS_OK);
    assert_int_equal(directory_make("C:\\", &error), STATUS_OK);
    assert_int_equal(directory_make("C:", &error), STATUS_OK);
    write_file(in_directory("a/file"), "");
    assert_int_equal(directory_make(in_directory("a/file"), &error), STATUS_SYSTEM);
    assert_int_equal(directory_make(in_directory("a/file/d"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "the directory cannot be made"));
    assert_int_equal(directory_make("Q:\\none\\such", &error), STATUS_SYSTEM);
}

/* And what is made in it is, too: the entries are inherited by files and directories (OICI). */
static void directory_is_ours_alone(void **state)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    struct error error;
    char *text = NULL;

    (void)state;
    assert_int_equal(directory_make(in_directory("ours"), &error), STATUS_OK);
    assert_int_equal(GetNamedSecurityInfoA(in_directory("ours"), SE_FILE_OBJECT,
                                           DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL,
                                           &descriptor),
                     ERROR_SUCCESS);
    assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorA(
        descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL));
    assert_null(strstr(text, ";WD)")); /* everybody */
    assert_null(strstr(text, ";BU)")); /* the users */
    (void)LocalFree(text);
    (void)LocalFree(descriptor);
    assert_int_equal(file_replace(in_directory("ours/state"), "x", 1, &error), STATUS_OK);
    if (!support_is_wine())
        assert_int_equal(check_private(in_directory("ours/state"), &error), STATUS_OK);
}

int main(int count, char *words[])
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_says_what_is_wrong),
        cmocka_unit_test(paths_are_utf8),
        cmocka_unit_test(read_keeps_to_the_limit),
        cmocka_unit_test(replace_replaces),
        cmocka_unit_test(replace_reaches_the_disk),
        cmocka_unit_test(replace_waits_for_a_reader),
        cmocka_unit_test(rename_tells_who_is_held),
        cmocka_unit_test(replace_leaves_nothing_after_a_failure),
        cmocka_unit_test(create_leaves_what_is_there),
        cmocka_unit_test(log_appends_line_by_line),
        cmocka_unit_test(log_only_grows),
        cmocka_unit_test(log_is_shared),
        cmocka_unit_test(private_is_judged_by_its_list),
        cmocka_unit_test(private_is_for_the_service),
        cmocka_unit_test(private_may_be_a_pipe),
        cmocka_unit_test(directory_is_made_with_all_that_is_missing),
        cmocka_unit_test(directory_is_ours_alone),
    };

    if (count > 1)
        return play_log(words[2]);
    return unit_status(cmocka_run_group_tests(tests, make_directory, remove_directory) +
                       RUN_TABLE(byte_rows, bytes_are_read_as_they_are));
}
