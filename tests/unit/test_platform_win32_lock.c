/* The lock of a run, and many locks in one file, on Windows. */
#include "win32.h"

#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/lock.h>

/* A process that takes a lock and keeps it until it is told to end: key "run" is the lock of a run. */
static struct child start_holder(const char *path, const char *key)
{
    const char *const arguments[] = {"hold", path, key, NULL};

    return start_child(arguments);
}

static int play_holder(const char *path, const char *key)
{
    struct lock_set *set;
    struct lock_set *lock;
    struct error error;
    enum status status;

    if (strcmp(key, "run") == 0)
        status = lock_take(&lock, path, &error);
    else if ((status = lock_set_open(&set, path, &error)) == STATUS_OK)
        status = lock_set_take(set, strtoull(key, NULL, 10), &error);
    (void)printf("%s %lu\n", status == STATUS_OK ? "taken" : error.text, support_process_id());
    (void)fflush(stdout);
    (void)getchar();
    if (status == STATUS_OK) /* as by a kill */
        (void)TerminateProcess(GetCurrentProcess(), 1);
    return 0;
}

static bool has_taken(struct child *child)
{
    return strncmp(hear(child), "taken ", 6) == 0;
}

/* Whether somebody has locked any of the 24 bytes from that place on. wine lets one read them all the
 * same, Windows does not. */
static bool is_locked(const char *path, DWORD place)
{
    OVERLAPPED from = {.Offset = place};
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    bool is_free = LockFileEx(file, LOCKFILE_FAIL_IMMEDIATELY, 0, 24, 0, &from) != 0;

    (void)CloseHandle(file);
    return !is_free;
}

static void run_lock_is_held_by_one(void **state)
{
    const char *path = in_directory("lock");
    struct lock_set *lock = NULL, *second = NULL;
    struct error error;
    char expected[100];

    (void)state;
    assert_int_equal(lock_take(&lock, path, &error), STATUS_OK);
    assert_int_equal(lock_take(&second, path, &error), STATUS_BUSY);
    assert_null(second);
    assert_false(is_locked(path, 0)); /* trap: the process id under a lock cannot be read */
    (void)snprintf(expected, sizeof expected, "another run holds the lock (process %lu)",
                   support_process_id());
    assert_non_null(strstr(error.text, expected));
    struct child child = start_holder(path, "run");
    assert_non_null(strstr(hear(&child), expected));
    end_child(&child);
    lock_set_close(lock);
    lock_set_close(NULL);
    assert_int_equal(lock_take(&second, path, &error), STATUS_OK);
    lock_set_close(second);
    assert_true(exists(path));
}

static void run_lock_ends_with_its_process(void **state)
{
    const char *path = in_directory("killed");
    struct lock_set *lock = NULL;
    struct error error;

    (void)state;
    struct child child = start_holder(path, "run");
    assert_true(has_taken(&child));
    assert_int_equal(lock_take(&lock, path, &error), STATUS_BUSY);
    assert_non_null(strstr(error.text, child.line + strlen("taken ")));
    end_child(&child);
    assert_int_equal(lock_take(&lock, path, &error), STATUS_OK);
    lock_set_close(lock);
}

static void lock_file_is_ours_alone(void **state)
{
    const char *path = in_directory("ours");
    struct lock_set *lock = NULL;
    struct error error;
    FILE *file;

    (void)state;
    assert_int_equal(lock_take(&lock, path, &error), STATUS_OK);
    lock_set_close(lock);
    assert_int_equal(file_open(&file, path, &error), STATUS_OK);
    assert_int_equal(file_check_private(file, path, &error), STATUS_OK);
    (void)fclose(file);
}

static void lock_refuses_what_is_no_lock_file(void **state)
{
    struct lock_set *lock = NULL;
    struct lock_set *set = NULL;
    struct error error;

    (void)state;
    assert_int_equal(lock_take(&lock, in_directory("no/lock"), &error), STATUS_SYSTEM);
    assert_int_equal(lock_take(&lock, directory, &error), STATUS_SYSTEM);
    assert_null(lock);
    assert_int_equal(lock_set_open(&set, in_directory("no/set"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "no/set: cannot be opened: "));
    assert_null(set);
}

static bool other_can_take(const char *path, const char *key)
{
    struct child child = start_holder(path, key);
    bool can = has_taken(&child);

    end_child(&child);
    return can;
}

static void set_lock_is_held_by_one_process(void **state)
{
    const char *path = in_directory("set");
    struct lock_set *set;
    struct error error;

    (void)state;
    struct child child = start_holder(path, "7");
    assert_true(has_taken(&child));
    assert_int_equal(lock_set_open(&set, path, &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 7, &error), STATUS_BUSY);
    assert_int_equal(strncmp(error.text, "process ", 8), 0);
    assert_int_equal(lock_set_take(set, 8, &error), STATUS_OK);
    end_child(&child);
    assert_int_equal(lock_set_take(set, 7, &error), STATUS_OK);
    lock_set_close(set);
    lock_set_close(NULL);
}

static void set_lock_is_given_back(void **state)
{
    const char *path = in_directory("given");
    struct lock_set *set;
    struct error error;

    (void)state;
    assert_int_equal(lock_set_open(&set, path, &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 1, &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 2, &error), STATUS_OK);
    assert_false(other_can_take(path, "1"));
    lock_set_give_back(set, 1);
    lock_set_give_back(set, 3); /* never taken */
    assert_true(other_can_take(path, "1"));
    assert_false(other_can_take(path, "2"));
    lock_set_close(set);
    assert_true(other_can_take(path, "2"));
}

static void set_takes_every_number(void **state)
{
    static const char *const keys[] = {"0",
                                       "1",
                                       "4611686018427387903",
                                       "1311768467463790320",
                                       "9223372036854775810",
                                       "18446744073709551613"};
    struct lock_set *set;
    struct error error;

    (void)state;
    assert_int_equal(lock_set_open(&set, in_directory("numbers"), &error), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(lock_set_take(set, strtoull(keys[i], NULL, 10), &error), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_false(other_can_take(in_directory("numbers"), keys[i]));
    lock_set_close(set);
}

/* Trap: LockFileEx locks its own process out. */
static void set_does_not_lock_its_own_process_out(void **state)
{
    struct lock_set *set;
    struct error error;

    (void)state;
    assert_int_equal(lock_set_open(&set, in_directory("own"), &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 5, &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 5, &error), STATUS_OK);
    lock_set_give_back(set, 5); /* once is enough */
    assert_true(other_can_take(in_directory("own"), "5"));
    lock_set_close(set);
}

int main(int count, char *words[])
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_lock_is_held_by_one),
        cmocka_unit_test(run_lock_ends_with_its_process),
        cmocka_unit_test(lock_file_is_ours_alone),
        cmocka_unit_test(lock_refuses_what_is_no_lock_file),
        cmocka_unit_test(set_lock_is_held_by_one_process),
        cmocka_unit_test(set_lock_is_given_back),
        cmocka_unit_test(set_takes_every_number),
        cmocka_unit_test(set_does_not_lock_its_own_process_out),
    };

    if (count == 4)
        return play_holder(words[2], words[3]);
    return unit_status(cmocka_run_group_tests(tests, make_directory, remove_directory));
}
