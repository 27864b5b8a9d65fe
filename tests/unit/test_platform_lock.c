/* The lock of a run, on POSIX. */
#include "directory.h"
#include "unit.h"

#include <mxpull/platform/lock.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void lock_is_held_by_one(void **state)
{
    const char *path = in_directory("lock");
    struct lock *lock = NULL, *second = NULL;
    struct error error;
    char expected[64];
    struct stat facts;

    (void)state;
    assert_int_equal(lock_take(&lock, path, &error), STATUS_OK);
    assert_int_equal(lock_take(&second, path, &error), STATUS_BUSY);
    assert_null(second);
    (void)snprintf(expected, sizeof expected, "another run holds the lock (process %ld)",
                   (long)getpid());
    assert_non_null(strstr(error.text, expected));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    lock_release(lock);
    lock_release(NULL);
    assert_int_equal(lock_take(&second, path, &error), STATUS_OK);
    lock_release(second);
}

static void lock_ends_with_its_process(void **state)
{
    const char *path = in_directory("killed");
    struct lock *lock = NULL;
    struct error error;
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (lock_take(&lock, path, &error) == STATUS_OK)
            (void)write(ends[1], "x", 1);
        (void)pause();
        _exit(0);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(lock_take(&lock, path, &error), STATUS_BUSY);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(lock_take(&lock, path, &error), STATUS_OK);
    lock_release(lock);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void lock_refuses_what_is_no_lock_file(void **state)
{
    struct lock *lock = NULL;
    struct error error;

    (void)state;
    assert_int_equal(lock_take(&lock, in_directory("no/lock"), &error), STATUS_SYSTEM);
    assert_int_equal(symlink("elsewhere", in_directory("link")), 0);
    assert_int_equal(lock_take(&lock, in_directory("link"), &error), STATUS_SYSTEM);
    assert_null(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_is_held_by_one),
        cmocka_unit_test(lock_ends_with_its_process),
        cmocka_unit_test(lock_refuses_what_is_no_lock_file),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
