/* The store among processes: several that write at once, and some that are killed. The random ones
 * print their seed and take one from the environment variable MXPULL_SEED. */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#define _DEFAULT_SOURCE

#include "test_store.h"

#include <mxpull/platform/clock.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PROCESSES_MAX = 5,
    POLLS_EACH = 60,
    KILLS = 100,
    ANSWERS_A_POLL = 3
};

/* ---- numbers that look random ---- */

static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % limit;
}

static void choose_seed(void)
{
    const char *given = getenv("MXPULL_SEED");

    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_ms() * 2654435761U;
    if (seed == 0)
        seed = 1;
    print_message("MXPULL_SEED=%llu\n", (unsigned long long)seed);
}

/* ---- children ---- */

/* What a child tells when it is done. */
struct told {
    unsigned began, recovered, silenced, notices;
    bool is_well;
};

struct child {
    pid_t id;
    int pipe; /* to read from */
};

/* Starts a child that runs work(pipe), which must not return to cmocka. Both ends are closed where
 * they are not used, so that the end of the child is the end of the pipe. */
static struct child start(void (*work)(int pipe, unsigned number), unsigned number)
{
    struct child child;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    child.id = fork();
    assert_true(child.id >= 0);
    if (child.id == 0) {
        (void)close(ends[0]);
        work(ends[1], number);
        _exit(0);
    }
    (void)close(ends[1]);
    child.pipe = ends[0];
    return child;
}

static struct told finish(struct child child)
{
    struct told told = {.is_well = false};
    int status;

    assert_int_equal(read(child.pipe, &told, sizeof told), sizeof told);
    assert_int_equal(waitpid(child.id, &status, 0), child.id);
    assert_int_equal(status, 0);
    assert_true(told.is_well);
    (void)close(child.pipe);
    return told;
}

/* All begin when the parent lets go of this file. */
static void wait_for_start(void)
{
    while (access(in_directory("wait"), F_OK) == 0)
        (void)sqlite3_sleep(1);
}

static void hold_start(void)
{
    assert_int_equal(close(open(in_directory("wait"), O_CREAT | O_WRONLY, 0600)), 0);
}

static void let_start(void)
{
    (void)sqlite3_sleep(20);
    assert_int_equal(unlink(in_directory("wait")), 0);
}

static bool record(struct store *store, unsigned number, struct told *told)
{
    char domain[32];
    struct store_change change;
    struct error error;
    bool changed = false;

    (void)snprintf(domain, sizeof domain, "d%u.test", number);
    for (int i = 0; i < POLLS_EACH; i++) {
        if (try_add(store, "mx2", 1, domain, random_below(2) == 0 ? STORE_GOOD : STORE_BAD, &change,
                    &error) != STATUS_OK) {
            (void)fprintf(stderr, "%s\n", error.text);
            return false;
        }
        told->began += change.began_to_fail;
        told->recovered += change.recovered;
    }
    if (store_set_silent(store, "mx2", "common.test", true, &changed, &error) != STATUS_OK)
        return false;
    told->silenced += changed;
    return true;
}

static void write_much(int pipe, unsigned number)
{
    struct told told = {.is_well = false};
    struct store *store = NULL;
    struct error error;

    seed += number * 7919;
    wait_for_start();
    if (try_open(&store, false, &error) == STATUS_OK)
        told.is_well = record(store, number, &told);
    else
        (void)fprintf(stderr, "%s\n", error.text);
    store_close(store);
    told.notices = test_notices;
    (void)!write(pipe, &told, sizeof told);
}

/* ---- several at once ---- */

/* What the answers say of the changes that there were, in the order in which they were recorded. */
struct seen {
    unsigned count, began, recovered;
    bool is_failing;
};

static bool see(void *context, const struct store_row *row)
{
    struct seen *seen = context;
    bool fails = row->answer.grade == STORE_BAD;

    seen->count++;
    seen->began += fails && !seen->is_failing;
    seen->recovered += !fails && seen->is_failing;
    seen->is_failing = fails;
    return true;
}

static void at_once(unsigned count)
{
    const struct store_filter all = {.limit = 0};
    struct child children[PROCESSES_MAX];
    struct told sum = {.began = 0};
    struct seen seen = {.count = 0};
    struct store *store;

    hold_start();
    for (unsigned i = 0; i < count; i++)
        children[i] = start(write_much, i);
    let_start();
    for (unsigned i = 0; i < count; i++) {
        struct told told = finish(children[i]);

        sum.began += told.began;
        sum.recovered += told.recovered;
        sum.silenced += told.silenced;
        assert_int_equal(told.notices, 0);
    }
    store = open_store();
    assert_ok(store_history(store, &all, see, &seen, &problem));
    assert_int_equal(seen.count, count * POLLS_EACH);
    assert_int_equal(sum.began, seen.began);
    assert_int_equal(sum.recovered, seen.recovered);
    assert_int_equal(sum.silenced, 1);
    store_close(store);
}

static void two_at_once(void **state)
{
    (void)state;
    at_once(2);
}

static void five_at_once(void **state)
{
    (void)state;
    at_once(5);
}

/* ---- one damage, five who see it ---- */

static unsigned count_set_aside(void)
{
    DIR *directory = opendir(test_directory);
    unsigned count = 0;

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t length = strlen(entry->d_name);

        count += strstr(entry->d_name, ".damaged-") != NULL && entry->d_name[length - 1] != 'l' &&
                 entry->d_name[length - 1] != 'm'; /* not its -wal and -shm */
    }
    assert_int_equal(closedir(directory), 0);
    return count;
}

static void spoil(void)
{
    char garbage[4096];
    int file = open(in_directory("mxpull.db"), O_WRONLY);

    memset(garbage, 'g', sizeof garbage);
    assert_true(file >= 0);
    for (int page = 0; page < 12; page++)
        assert_int_equal(write(file, garbage, sizeof garbage), sizeof garbage);
    assert_int_equal(close(file), 0);
}

/* Opens it while it is whole, and records when it is not any more. */
static void write_into_damaged(int pipe, unsigned number)
{
    struct told told = {.is_well = false};
    struct store *store = NULL;
    struct error error;

    if (number % 2 == 0 && try_open(&store, false, &error) != STATUS_OK)
        _exit(1);
    wait_for_start();
    if (store != NULL || try_open(&store, false, &error) == STATUS_OK)
        told.is_well = record(store, number, &told);
    store_close(store);
    told.notices = test_notices;
    (void)!write(pipe, &told, sizeof told);
}

static void damage_is_set_aside_once(void **state)
{
    struct child children[PROCESSES_MAX];
    struct store *store;
    unsigned notices = 0;

    (void)state;
    for (int round = 0; round < 5; round++) {
        store = open_store();
        for (int i = 0; i < 100; i++)
            (void)add(store, "mx2", 1, "before.test", STORE_GOOD);
        store_close(store);
        hold_start();
        for (unsigned i = 0; i < PROCESSES_MAX; i++)
            children[i] = start(write_into_damaged, i);
        (void)sqlite3_sleep(100); /* those that open it before have done so */
        spoil();
        let_start();
        for (unsigned i = 0; i < PROCESSES_MAX; i++)
            notices += finish(children[i]).notices;
        assert_int_equal(notices, round + 1);
        assert_int_equal(count_set_aside(), round + 1);
        store = open_store();
        assert_int_equal(count_answers(store), PROCESSES_MAX * POLLS_EACH);
        store_close(store);
        assert_int_equal(ask_file("SELECT count(*) FROM pragma_integrity_check"
                                  " WHERE integrity_check <> 'ok'"),
                         0);
    }
}

/* ---- killed ---- */

/* Which polls were reported as stored, and which are there, by their numbers. */
struct polls {
    bool *reported;
    unsigned *stored; /* answers of it */
};

enum {
    POLLS_MAX = 400000
};

static bool note_stored(void *context, const struct store_row *row)
{
    struct polls *polls = context;

    assert_in_range(row->answer.ms, 0, POLLS_MAX - 1);
    polls->stored[row->answer.ms]++;
    return true;
}

/* Records polls from this number on, each with some answers, and reports each that is stored. From
 * time to time it opens the store anew, so that it is killed at that too. */
static void write_until_killed(int pipe, unsigned number)
{
    struct store *store = NULL;
    struct store_answer answers[ANSWERS_A_POLL];
    struct store_poll poll = {
        .backup = "mx2", .cause = "schedule", .answers = answers, .count = COUNT_OF(answers)};
    static const char *const domains[] = {"a.test", "b.test", "c.test"};
    struct store_change change;
    struct error error;

    for (;; number++) {
        if (store == NULL && try_open(&store, false, &error) != STATUS_OK)
            break;
        for (size_t i = 0; i < COUNT_OF(answers); i++) {
            answers[i] = answer_of(1, domains[i], STORE_BAD);
            answers[i].ms = number;
        }
        if (store_add_poll(store, &poll, &change, &error) != STATUS_OK ||
            write(pipe, &number, sizeof number) != sizeof number)
            break;
        if (random_below(8) == 0) {
            store_close(store);
            store = NULL;
        }
    }
    (void)fprintf(stderr, "%s\n", error.text);
    _exit(1);
}

/* Reads what the child has reported; returns the number behind the last one. */
static unsigned read_reports(struct child child, struct polls *polls, unsigned number)
{
    unsigned reported;

    while (read(child.pipe, &reported, sizeof reported) == sizeof reported) {
        assert_in_range(reported, number, POLLS_MAX - 2);
        polls->reported[reported] = true;
        number = reported + 1;
    }
    (void)close(child.pipe);
    return number;
}

static void kill_child(struct child child)
{
    int status;

    assert_int_equal(kill(child.id, SIGKILL), 0);
    assert_int_equal(waitpid(child.id, &status, 0), child.id);
    assert_true(WIFSIGNALED(status));
}

/* All that was reported is there; what is there is whole, and so is what is known now. */
static void assert_nothing_is_missing(struct polls *polls, unsigned end)
{
    const struct store_filter all = {.limit = 0};
    struct store *store = open_store();
    struct store_backup backup = {.streak = 0};
    struct store_domain domain = {.streak = 0};
    int64_t stored = 0;
    bool found;

    memset(polls->stored, 0, POLLS_MAX * sizeof *polls->stored);
    assert_ok(store_history(store, &all, note_stored, polls, &problem));
    for (unsigned i = 0; i < end; i++) {
        if (polls->reported[i] && polls->stored[i] == 0)
            fail_msg("poll %u was reported as stored and is missing", i);
        if (polls->stored[i] != 0)
            assert_int_equal(polls->stored[i], ANSWERS_A_POLL);
        stored += polls->stored[i] != 0;
    }
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_int_equal(backup.streak, stored);
    assert_ok(store_get_domain(store, "mx2", "c.test", &domain, &found, &problem));
    assert_int_equal(domain.streak, stored);
    store_close(store);
    assert_int_equal(test_notices, 0);
}

static void killed_at_any_instant(void **state)
{
    struct polls polls = {.reported = calloc(POLLS_MAX, sizeof *polls.reported),
                          .stored = calloc(POLLS_MAX, sizeof *polls.stored)};
    unsigned number = 0;

    (void)state;
    for (int i = 0; i < KILLS; i++) {
        struct child child = start(write_until_killed, number);
        struct timespec pause = {.tv_nsec = (long)random_below(25000) * 1000};

        (void)nanosleep(&pause, NULL);
        kill_child(child);
        /* One more may be stored than was reported. */
        number = read_reports(child, &polls, number) + 1;
        assert_nothing_is_missing(&polls, number);
    }
    print_message("%u polls, %d kills\n", number, KILLS);
    assert_int_equal(ask_file("SELECT count(*) FROM pragma_integrity_check"
                              " WHERE integrity_check <> 'ok'"),
                     0);
    free(polls.reported);
    free(polls.stored);
}

/* A store that was open when its process was killed still has its log: others read it. */
static void killed_ones_log_is_read(void **state)
{
    struct polls polls = {.reported = calloc(POLLS_MAX, sizeof *polls.reported),
                          .stored = calloc(POLLS_MAX, sizeof *polls.stored)};
    struct child child = start(write_until_killed, 0);
    struct store *reader;
    unsigned number;

    (void)state;
    assert_int_equal(read(child.pipe, &number, sizeof number), sizeof number); /* the first one */
    (void)sqlite3_sleep(20);
    kill_child(child);
    number = read_reports(child, &polls, 1);
    reader = open_read_only();
    assert_in_range(count_answers(reader), number * ANSWERS_A_POLL, (number + 1) * ANSWERS_A_POLL);
    store_close(reader);
    free(polls.reported);
    free(polls.stored);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(two_at_once),
        IN_DIRECTORY(five_at_once),
        IN_DIRECTORY(damage_is_set_aside_once),
        IN_DIRECTORY(killed_at_any_instant),
        IN_DIRECTORY(killed_ones_log_is_read),
    };

    choose_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
