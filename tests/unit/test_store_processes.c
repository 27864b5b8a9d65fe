/* The store among processes: several that write at once, and some that are killed: this program
 * itself, started anew. */
#include "random.h"
#include "test_store.h"

#include <mxpull/platform/clock.h>

#include <dirent.h>
#include <support_words.h>
#include <unistd.h>

enum {
    PROCESSES_MAX = 5,
    POLLS_EACH = 60,
    ANSWERS_A_POLL = 3
};

/* ---- numbers that look random ---- */

static uint64_t seed;

static uint32_t draw(uint32_t limit)
{
    return (uint32_t)random_below(&seed, limit);
}

/* ---- children ---- */

static const char *program; /* ourselves */

/* What a child tells when it is done, in one line. */
struct told {
    unsigned began, recovered, silenced, notices;
};

struct child {
    struct support_program *program;
    FILE *input, *output;
};

/* Starts a child that plays the part; it looks at random into other numbers than its siblings. */
static struct child start(const char *part, unsigned number)
{
    char seed_text[24], number_text[12];
    const char *const arguments[] = {part, test_directory, seed_text, number_text, NULL};
    struct child child;

    (void)snprintf(seed_text, sizeof seed_text, "%llu", (unsigned long long)seed + number * 7919);
    (void)snprintf(number_text, sizeof number_text, "%u", number);
    child.program = support_start(program, arguments, &child.input, &child.output);
    return child;
}

static void close_streams(const struct child *child)
{
    (void)fclose(child->input);
    (void)fclose(child->output);
}

static struct told finish(struct child child)
{
    struct told told;
    char line[100] = "", *at = line;

    if (fgets(line, sizeof line, child.output) == NULL)
        fail_msg("a child tells nothing");
    told.began = (unsigned)strtoul(at, &at, 10);
    told.recovered = (unsigned)strtoul(at, &at, 10);
    told.silenced = (unsigned)strtoul(at, &at, 10);
    told.notices = (unsigned)strtoul(at, &at, 10);
    assert_string_equal(at, "\n");
    assert_true(support_wait(child.program));
    close_streams(&child);
    return told;
}

/* The exit status. */
static int report(const struct told *told)
{
    return printf("%u %u %u %u\n", told->began, told->recovered, told->silenced, test_notices) > 0
               ? 0
               : 1;
}

/* All begin when the parent lets go of this file. */
static void wait_for_start(void)
{
    while (access(in_directory("wait"), F_OK) == 0)
        support_sleep_ms(1);
}

static void hold_start(void)
{
    FILE *file = fopen(in_directory("wait"), "wb");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void let_start(void)
{
    support_sleep_ms(START_MS);
    assert_int_equal(remove(in_directory("wait")), 0);
}

/* may_fail: the first answer, once, for the file is damaged. */
static bool record(struct store *store, unsigned number, bool may_fail, struct told *told)
{
    char domain[32];
    struct store_change change;
    struct error error;
    bool changed = false;

    (void)snprintf(domain, sizeof domain, "d%u.test", number);
    for (int i = 0; i < POLLS_EACH; i++) {
        if (try_add(store, "mx2", 1, domain, draw(2) == 0 ? GRADE_GOOD : GRADE_BAD, &change,
                    &error) != STATUS_OK) {
            if (may_fail && i == 0 && strstr(error.text, "is damaged") != NULL) {
                may_fail = false;
                i--;
                continue;
            }
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

static int play_writer(unsigned number)
{
    struct told told = {.began = 0};
    struct store *store = NULL;
    struct error error;
    bool is_well = false;

    wait_for_start();
    if (try_open(&store, false, &error) == STATUS_OK)
        is_well = record(store, number, false, &told);
    else
        (void)fprintf(stderr, "%s\n", error.text);
    store_close(store);
    return is_well ? report(&told) : 1;
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
    bool fails = row->answer.grade == GRADE_BAD;

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
        children[i] = start("writer", i);
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
    FILE *file = fopen(in_directory("mxpull.db"), "r+b");

    memset(garbage, 'g', sizeof garbage);
    assert_non_null(file);
    for (int page = 0; page < 12; page++)
        assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
    assert_int_equal(fclose(file), 0);
}

/* Records into what is not whole any more; every second one opens it while it is. */
static int play_victim(unsigned number)
{
    struct told told = {.began = 0};
    struct store *store = NULL;
    struct error error;
    bool is_well = false;

    if (FILES_GO_WHILE_OPEN && number % 2 == 0 && try_open(&store, false, &error) != STATUS_OK)
        return 1;
    wait_for_start();
    if (store != NULL || try_open(&store, false, &error) == STATUS_OK)
        is_well = record(store, number, true, &told);
    store_close(store);
    return is_well ? report(&told) : 1;
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
            (void)add(store, "mx2", 1, "before.test", GRADE_GOOD);
        store_close(store);
        hold_start();
        for (unsigned i = 0; i < PROCESSES_MAX; i++)
            children[i] = start("victim", i);
        support_sleep_ms(5 * START_MS); /* those that open it before have done so */
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
static int play_endless(unsigned number)
{
    struct store *store = NULL;
    struct store_answer answers[ANSWERS_A_POLL];
    struct store_poll poll = {
        .backup = "mx2", .cause = "schedule", .answers = answers, .count = COUNT_OF(answers)};
    static const char *const domains[] = {"a.test", "b.test", "c.test"};
    struct store_change change;
    struct error error;

    (void)puts("here");
    for (;; number++) {
        (void)fflush(stdout);
        if (store == NULL && try_open(&store, false, &error) != STATUS_OK)
            break;
        for (size_t i = 0; i < COUNT_OF(answers); i++) {
            answers[i] = answer_of(1, domains[i], GRADE_BAD);
            answers[i].ms = number;
        }
        if (store_add_poll(store, &poll, &change, &error) != STATUS_OK)
            break;
        (void)printf("%u\n", number);
        if (draw(8) == 0) {
            store_close(store);
            store = NULL;
        }
    }
    (void)fprintf(stderr, "%s\n", error.text);
    return 1;
}

/* It is there: what is killed while it is being loaded tells nothing of us. */
static struct child start_endless(unsigned number)
{
    struct child child = start("endless", number);
    char line[8] = "";

    (void)fgets(line, sizeof line, child.output);
    assert_string_equal(line, "here\n");
    return child;
}

/* Reads what the child has reported until it was killed; returns the number behind the last one. */
static unsigned read_reports(const struct child *child, struct polls *polls, unsigned number)
{
    char line[24];

    while (fgets(line, sizeof line, child->output) != NULL && strchr(line, '\n') != NULL) {
        unsigned reported = (unsigned)strtoul(line, NULL, 10);

        assert_in_range(reported, number, POLLS_MAX - 2);
        polls->reported[reported] = true;
        number = reported + 1;
    }
    return number;
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
        struct child child = start_endless(number);

        support_sleep_ms(draw(KILL_WITHIN_MS));
        support_kill(child.program);
        /* One more may be stored than was reported. */
        number = read_reports(&child, &polls, number) + 1;
        close_streams(&child);
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
    struct child child = start_endless(0);
    struct store *reader;
    unsigned number;
    char line[24] = "";

    (void)state;
    (void)fgets(line, sizeof line, child.output);
    assert_string_equal(line, "0\n");
    support_sleep_ms(20);
    support_kill(child.program);
    number = read_reports(&child, &polls, 1);
    close_streams(&child);
    reader = open_read_only();
    assert_in_range(count_answers(reader), number * ANSWERS_A_POLL, (number + 1) * ANSWERS_A_POLL);
    store_close(reader);
    free(polls.reported);
    free(polls.stored);
}

static int play(const char *part, char *const *words)
{
    unsigned number = (unsigned)strtoul(words[2], NULL, 10);

    (void)snprintf(test_directory, sizeof test_directory, "%s", words[0]);
    seed = strtoull(words[1], NULL, 10);
    if (strcmp(part, "writer") == 0)
        return play_writer(number);
    return strcmp(part, "victim") == 0 ? play_victim(number) : play_endless(number);
}

int main(int count, char *words[])
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(two_at_once),
        IN_DIRECTORY(five_at_once),
        IN_DIRECTORY(damage_is_set_aside_once),
        IN_DIRECTORY(killed_at_any_instant),
        IN_DIRECTORY(killed_ones_log_is_read),
    };

    program = words[0];
    if (count == 5)
        return play(words[1], words + 2);
    seed = random_begin();
    return unit_status(cmocka_run_group_tests(tests, NULL, NULL));
}
