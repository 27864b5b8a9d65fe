/* The lock of a run, many locks in one file, and directories made by several at once, on POSIX. */
#include "directory.h"
#include "unit.h"

#include <mxpull/platform/file.h>
#include <mxpull/platform/lock.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void lock_is_held_by_one(void **state)
{
    const char *path = in_directory("lock");
    struct lock_set *lock = NULL, *second = NULL;
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
    lock_set_close(lock);
    lock_set_close(NULL);
    assert_int_equal(lock_take(&second, path, &error), STATUS_OK);
    lock_set_close(second);
}

/* Root's hand, in the directory of a service that has a user of its own. */
static void lock_belongs_to_its_directory(void **state)
{
    static const char *const names[] = {"lock_of_root", "set_of_root", "there_before"};
    struct lock_set *lock;
    struct lock_set *set;
    struct error error;
    struct stat facts;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(lock_take(&lock, in_directory(names[2]), &error), STATUS_OK);
    lock_set_close(lock);
    assert_int_equal(chown(directory, 65533, 65532), 0);
    assert_int_equal(lock_take(&lock, in_directory(names[0]), &error), STATUS_OK);
    lock_set_close(lock);
    assert_int_equal(lock_set_open(&set, in_directory(names[1]), &error), STATUS_OK);
    lock_set_close(set);
    assert_int_equal(lock_take(&lock, in_directory(names[2]), &error), STATUS_SYSTEM);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(stat(in_directory(names[i]), &facts), 0);
        assert_int_equal(facts.st_uid, i < 2 ? 65533 : 0);
    }
    assert_int_equal(chown(directory, 0, 0), 0);
}

static void lock_ends_with_its_process(void **state)
{
    const char *path = in_directory("killed");
    struct lock_set *lock = NULL;
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
    lock_set_close(lock);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void lock_refuses_what_is_no_lock_file(void **state)
{
    struct lock_set *lock = NULL;
    struct error error;

    (void)state;
    assert_int_equal(lock_take(&lock, in_directory("no/lock"), &error), STATUS_SYSTEM);
    assert_int_equal(symlink("elsewhere", in_directory("link")), 0);
    assert_int_equal(lock_take(&lock, in_directory("link"), &error), STATUS_SYSTEM);
    assert_null(lock);
}

/* Many locks in one file */

/* A process that takes one lock of a set and keeps it until it is told to end. */
struct holder {
    pid_t pid;
    int told; /* reads: it has been asked to take, 'y' or 'n' */
};

static struct holder start_holder(const char *path, uint64_t key)
{
    struct holder holder = {0};
    struct lock_set *set;
    struct error error;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    holder.pid = fork();
    if (holder.pid == 0) {
        bool taken = lock_set_open(&set, path, &error) == STATUS_OK &&
                     lock_set_take(set, key, &error) == STATUS_OK;

        (void)alarm(60); /* in case that nobody ends it */
        (void)write(ends[1], taken ? "y" : "n", 1);
        for (;;)
            (void)pause();
    }
    assert_true(holder.pid > 0);
    (void)close(ends[1]);
    holder.told = ends[0];
    return holder;
}

static bool has_taken(const struct holder *holder)
{
    char answer = '\0';

    assert_int_equal(read(holder->told, &answer, 1), 1);
    return answer == 'y';
}

static void kill_holder(const struct holder *holder)
{
    assert_int_equal(kill(holder->pid, SIGKILL), 0);
    assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
    (void)close(holder->told);
}

static void set_lock_is_held_by_one_process(void **state)
{
    const char *path = in_directory("set");
    struct lock_set *set;
    struct error error;
    char expected[64];
    struct stat facts;

    (void)state;
    struct holder holder = start_holder(path, 7);
    assert_true(has_taken(&holder));
    assert_int_equal(lock_set_open(&set, path, &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 7, &error), STATUS_BUSY);
    (void)snprintf(expected, sizeof expected, "process %ld", (long)holder.pid);
    assert_string_equal(error.text, expected);
    assert_int_equal(lock_set_take(set, 8, &error), STATUS_OK);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(facts.st_size, 0);
    kill_holder(&holder);
    assert_int_equal(lock_set_take(set, 7, &error), STATUS_OK);
    lock_set_close(set);
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
    struct holder holder = start_holder(path, 1);
    assert_false(has_taken(&holder));
    kill_holder(&holder);
    lock_set_give_back(set, 1);
    lock_set_give_back(set, 3); /* never taken */
    holder = start_holder(path, 1);
    assert_true(has_taken(&holder));
    kill_holder(&holder);
    holder = start_holder(path, 2);
    assert_false(has_taken(&holder));
    kill_holder(&holder);
    lock_set_close(set);
    lock_set_close(NULL);
    holder = start_holder(path, 2);
    assert_true(has_taken(&holder));
    kill_holder(&holder);
}

static void set_takes_every_number(void **state)
{
    static const uint64_t keys[] = {0,
                                    1,
                                    UINT64_C(0x3fffffffffffffff),
                                    UINT64_C(0x123456789abcdef0),
                                    UINT64_C(0x8000000000000002),
                                    UINT64_MAX - 2};
    struct lock_set *set;
    struct error error;

    (void)state;
    assert_int_equal(lock_set_open(&set, in_directory("numbers"), &error), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(lock_set_take(set, keys[i], &error), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct holder holder = start_holder(in_directory("numbers"), keys[i]);

        assert_false(has_taken(&holder));
        kill_holder(&holder);
        lock_set_give_back(set, keys[i]);
        holder = start_holder(in_directory("numbers"), keys[i]);
        assert_true(has_taken(&holder));
        kill_holder(&holder);
    }
    lock_set_close(set);
}

static void set_does_not_lock_its_own_process_out(void **state)
{
    struct lock_set *set;
    struct error error;

    (void)state;
    assert_int_equal(lock_set_open(&set, in_directory("own"), &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 5, &error), STATUS_OK);
    assert_int_equal(lock_set_take(set, 5, &error), STATUS_OK);
    lock_set_give_back(set, 5); /* once is enough */
    struct holder holder = start_holder(in_directory("own"), 5);
    assert_true(has_taken(&holder));
    kill_holder(&holder);
    lock_set_close(set);
}

static void set_refuses_what_is_no_lock_file(void **state)
{
    struct lock_set *set = NULL;
    struct error error;

    (void)state;
    assert_int_equal(lock_set_open(&set, in_directory("no/set"), &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "no/set: cannot be opened: "));
    assert_int_equal(symlink("elsewhere", in_directory("set-link")), 0);
    assert_int_equal(lock_set_open(&set, in_directory("set-link"), &error), STATUS_SYSTEM);
    assert_null(set);
}

/* Directories */

static bool make_directories(void)
{
    struct error error;
    char name[64];

    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof name, "shared/%d/state", i);
        if (directory_make(in_directory(name), &error) != STATUS_OK) {
            (void)fprintf(stderr, "%s\n", error.text);
            return false;
        }
    }
    return true;
}

static void directory_is_made_by_several_at_once(void **state)
{
    pid_t children[3];
    int ended;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(children); i++)
        if ((children[i] = fork()) == 0)
            _exit(make_directories() ? 0 : 1);
    assert_true(make_directories());
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        assert_int_equal(waitpid(children[i], &ended, 0), children[i]);
        assert_int_equal(ended, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_is_held_by_one),
        cmocka_unit_test(lock_belongs_to_its_directory),
        cmocka_unit_test(lock_ends_with_its_process),
        cmocka_unit_test(lock_refuses_what_is_no_lock_file),
        cmocka_unit_test(set_lock_is_held_by_one_process),
        cmocka_unit_test(set_lock_is_given_back),
        cmocka_unit_test(set_takes_every_number),
        cmocka_unit_test(set_does_not_lock_its_own_process_out),
        cmocka_unit_test(set_refuses_what_is_no_lock_file),
        cmocka_unit_test(directory_is_made_by_several_at_once),
    };

    return unit_status(cmocka_run_group_tests(tests, make_directory, remove_directory));
}
