/* Clocks that were far ahead or not set for a while: what was written down then is not believed
 * afterwards, and nothing that is true is lost by it. */
#include "test_store.h"

/* RIGHT: 2026-11-28T12:00:00Z. AHEAD: in 2038. UNSET: in 1970. */
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define RIGHT INT64_C(1795867200000)
#define AHEAD (RIGHT + 11 * 365 * DAY)
#define UNSET INT64_C(60000)

struct answered {
    int64_t at_ms;
    enum grade grade;
};

static const struct domain_row {
    const char *name;
    struct answered answers[4];
    int64_t now_ms;
    int64_t first_ms, at_ms, good_ms; /* as they are given out */
    bool has_good;
} domain_rows[] = {
    {"all is well",
     {{RIGHT - 2 * HOUR, GRADE_GOOD}, {RIGHT - HOUR, GRADE_BAD}},
     RIGHT,
     RIGHT - 2 * HOUR,
     RIGHT - HOUR,
     RIGHT - 2 * HOUR,
     true},
    {"a little ahead is the clock being put right",
     {{RIGHT + 60000, GRADE_GOOD}},
     RIGHT,
     RIGHT + 60000,
     RIGHT + 60000,
     RIGHT + 60000,
     true},
    {"ahead: the good answer before counts",
     {{RIGHT - HOUR, GRADE_GOOD}, {AHEAD, GRADE_GOOD}},
     RIGHT,
     RIGHT - HOUR,
     0,
     RIGHT - HOUR,
     true},
    {"ahead, while the clock is", {{AHEAD, GRADE_GOOD}}, AHEAD, AHEAD, AHEAD, AHEAD, true},
    {"ahead, and nothing else", {{AHEAD, GRADE_GOOD}}, RIGHT, 0, 0, 0, true},
    {"ahead, then a bad one: the first question is of now",
     {{AHEAD, GRADE_GOOD}, {RIGHT, GRADE_BAD}},
     RIGHT,
     RIGHT,
     RIGHT,
     0,
     true},
    {"ahead, then a good one",
     {{RIGHT - HOUR, GRADE_BAD}, {AHEAD, GRADE_GOOD}, {RIGHT, GRADE_GOOD}},
     RIGHT,
     RIGHT - HOUR,
     RIGHT,
     RIGHT,
     true},
    {"not set: what was known before stays",
     {{RIGHT - HOUR, GRADE_GOOD}, {UNSET, GRADE_GOOD}},
     RIGHT,
     RIGHT - HOUR,
     RIGHT - HOUR,
     RIGHT - HOUR,
     true},
    {"not set, and nothing else", {{UNSET, GRADE_GOOD}}, RIGHT, 0, 0, 0, true},
    {"not set, then a bad one",
     {{UNSET, GRADE_BAD}, {RIGHT, GRADE_BAD}},
     RIGHT,
     RIGHT,
     RIGHT,
     0,
     false},
    {"not set, while it is not", {{UNSET, GRADE_GOOD}}, UNSET, UNSET, UNSET, UNSET, true},
    {"not set now: what is known is of the future", {{RIGHT, GRADE_GOOD}}, UNSET, 0, 0, 0, true},
    {"days behind: the good answer of before is the last one",
     {{RIGHT - HOUR, GRADE_GOOD}, {RIGHT - 3 * DAY, GRADE_GOOD}},
     RIGHT,
     RIGHT - 3 * DAY,
     RIGHT - HOUR,
     RIGHT - HOUR,
     true},
    {"days behind, while it is",
     {{RIGHT, GRADE_GOOD}, {RIGHT - 3 * DAY, GRADE_GOOD}},
     RIGHT - 3 * DAY,
     RIGHT - 3 * DAY,
     RIGHT - 3 * DAY,
     RIGHT - 3 * DAY,
     true},
    {"days behind, then a bad one",
     {{RIGHT - HOUR, GRADE_GOOD}, {RIGHT - 3 * DAY, GRADE_GOOD}, {RIGHT, GRADE_BAD}},
     RIGHT,
     RIGHT - 3 * DAY,
     RIGHT,
     RIGHT - HOUR,
     true},
    {"ahead, then years behind",
     {{RIGHT - HOUR, GRADE_GOOD}, {AHEAD, GRADE_GOOD}, {RIGHT - 900 * DAY, GRADE_GOOD}},
     RIGHT,
     RIGHT - 900 * DAY,
     RIGHT - HOUR,
     RIGHT - HOUR,
     true},
    {"ahead, not set, then right",
     {{AHEAD, GRADE_GOOD}, {UNSET, GRADE_GOOD}, {RIGHT, GRADE_GOOD}},
     RIGHT,
     RIGHT,
     RIGHT,
     RIGHT,
     true},
};

static void domain(void **state)
{
    const struct domain_row *row = *state;
    struct store_domain domain;
    struct store_backup backup;
    bool found = false;

    assert_int_equal(make_directory(NULL), 0);
    struct store *store = open_store();
    int64_t last_ms = 0;
    for (size_t i = 0; i < COUNT_OF(row->answers) && row->answers[i].at_ms != 0; i++) {
        last_ms = row->answers[i].at_ms;
        (void)add(store, "mx2", last_ms, "a.test", row->answers[i].grade);
    }
    test_now_ms = row->now_ms;
    assert_ok(store_get_domain(store, "mx2", "a.test", &domain, &found, &problem));
    assert_true(found);
    assert_int_equal(domain.first_ms, row->first_ms);
    assert_int_equal(domain.at_ms, row->at_ms);
    assert_int_equal(domain.good_ms, row->good_ms);
    assert_int_equal(domain.has_good, row->has_good);
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_true(backup.asked_ms == 0 || backup.asked_ms == row->at_ms - 5 ||
                backup.asked_ms == last_ms - 5);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* An alarm that a clock ahead has raised is none, and the next one is news again. */
static void silence(void **state)
{
    struct store *store = open_store();
    struct store_domain domain;
    bool changed = false, found = false;

    (void)state;
    test_now_ms = AHEAD;
    (void)add(store, "mx2", AHEAD, "a.test", GRADE_BAD);
    assert_ok(store_set_silent(store, "mx2", "a.test", true, &changed, &problem));
    assert_true(changed);
    test_now_ms = RIGHT;
    (void)add(store, "mx2", RIGHT, "a.test", GRADE_BAD);
    assert_ok(store_get_domain(store, "mx2", "a.test", &domain, &found, &problem));
    assert_false(domain.silent);
    assert_ok(store_set_silent(store, "mx2", "a.test", true, &changed, &problem));
    assert_true(changed);
    store_close(store);
}

static void life(void **state)
{
    static const int64_t strange[] = {AHEAD, UNSET};
    struct store *store = open_store();
    struct store_life life;
    struct store_outage outage;
    bool found = false;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        struct store_primary primary = {
            .is_up = true, .looked_ms = strange[i], .alive_ms = strange[i]};

        assert_ok(store_set_primary(store, &primary, &problem));
        test_now_ms = RIGHT;
        assert_ok(store_get_life(store, &life, &problem));
        assert_true(life.has_lived && life.has_looked);
        assert_int_equal(life.alive_ms, 0);
        assert_int_equal(life.looked_ms, 0);
        assert_int_equal(life.since_ms, 0);
        primary.looked_ms = primary.alive_ms = RIGHT;
        assert_ok(store_set_primary(store, &primary, &problem));
        assert_ok(store_get_life(store, &life, &problem));
        assert_int_equal(life.since_ms, RIGHT);
        assert_ok(store_outage_begin(store, strange[i], "down", &problem));
        assert_ok(store_last_outage(store, &outage, &found, &problem));
        assert_true(found);
        assert_int_equal(outage.began_ms, RIGHT); /* it lasts */
        assert_ok(store_outage_end(store, RIGHT, &problem));
        assert_ok(store_last_outage(store, &outage, &found, &problem));
        assert_false(found); /* how long it was is not known */
    }
    store_close(store);
}

/* ---- what goes ---- */

/* A store of days days up to RIGHT, an answer and a message each day; kept for 400 days. */
static struct store *open_history(int days)
{
    const struct store_options options = {
        .directory = test_directory, .keep_s = 400 * DAY / 1000, .now_ms = test_now};
    struct store *store = NULL;

    assert_ok(store_open(&store, &options, &problem));
    assert_ok(store_begin(store, &problem));
    for (int day = days; day > 0; day--) {
        const struct store_message message = {
            .at_ms = RIGHT - day * DAY, .backup = "mx2", .evidence = "log"};

        (void)add(store, "mx2", RIGHT - day * DAY, "a.test", GRADE_GOOD);
        assert_ok(store_add_message(store, &message, &problem));
    }
    assert_ok(store_commit(store, &problem));
    return store;
}

static void prune_all(struct store *store, int64_t now_ms)
{
    bool more = true;

    for (int calls = 0; more; calls++) {
        assert_in_range(calls, 0, 10);
        assert_ok(store_prune(store, now_ms, &more, &problem));
    }
}

static const struct prune_row {
    const char *name;
    int days;
    struct answered answers[4]; /* after them */
    int64_t now_ms;
    int64_t left;  /* answers */
    int64_t mails; /* messages */
} prune_rows[] = {
    {"what is old goes", 500, {{0, 0}}, RIGHT, 400, 400},
    {"a run in 2038 takes nothing", 400, {{AHEAD, GRADE_GOOD}}, AHEAD, 401, 400},
    {"nor do two days there",
     400,
     {{AHEAD, GRADE_GOOD}, {AHEAD + DAY, GRADE_GOOD}},
     AHEAD + DAY,
     402,
     400},
    {"nor do two a year apart",
     400,
     {{AHEAD, GRADE_GOOD}, {AHEAD + 365 * DAY, GRADE_GOOD}},
     AHEAD + 365 * DAY,
     402,
     400},
    {"nor three",
     400,
     {{AHEAD, GRADE_GOOD}, {AHEAD + 201 * DAY, GRADE_GOOD}, {AHEAD + 390 * DAY, GRADE_GOOD}},
     AHEAD + 390 * DAY,
     403,
     400},
    {"after years away as much goes as comes, and as much again",
     400,
     {{AHEAD, GRADE_GOOD},
      {AHEAD + 60 * DAY, GRADE_GOOD},
      {AHEAD + 201 * DAY, GRADE_GOOD},
      {AHEAD + 390 * DAY, GRADE_GOOD}},
     AHEAD + 390 * DAY,
     402,
     400},
    {"a clock that is not set takes nothing", 400, {{UNSET, GRADE_GOOD}}, UNSET, 401, 400},
    {"what it wrote stays as long as the rest", 300, {{UNSET, GRADE_GOOD}}, RIGHT, 301, 300},
    {"what a clock ahead wrote stays as long", 300, {{AHEAD, GRADE_GOOD}}, RIGHT, 301, 300},
};

static void prune(void **state)
{
    const struct prune_row *row = *state;

    assert_int_equal(make_directory(NULL), 0);
    struct store *store = open_history(row->days);
    for (size_t i = 0; i < COUNT_OF(row->answers) && row->answers[i].at_ms != 0; i++)
        (void)add(store, "mx2", row->answers[i].at_ms, "a.test", row->answers[i].grade);
    prune_all(store, row->now_ms);
    assert_int_equal(ask_file("SELECT count(*) FROM answers"), row->left);
    assert_int_equal(ask_file("SELECT count(*) FROM messages"), row->mails);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* What has a strange stamp goes with what was written down at its time. */
static void strange_rows_go_in_their_time(void **state)
{
    struct store *store = open_history(1);

    (void)state;
    (void)add(store, "mx2", AHEAD, "a.test", GRADE_GOOD);
    (void)add(store, "mx2", UNSET, "a.test", GRADE_GOOD);
    for (int day = 1; day < 500; day++)
        (void)add(store, "mx2", RIGHT + day * DAY, "a.test", GRADE_GOOD);
    prune_all(store, RIGHT + 300 * DAY);
    assert_int_equal(ask_file("SELECT count(*) FROM answers"), 502);
    prune_all(store, RIGHT + 450 * DAY);
    assert_int_equal(ask_file("SELECT count(*) FROM answers WHERE at_ms < 1000000"), 0);
    assert_int_equal(ask_file("SELECT count(*) FROM answers WHERE at_ms > 2000000000000"), 0);
    assert_int_equal(ask_file("SELECT count(*) FROM answers"), 450);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(silence),
        IN_DIRECTORY(life),
        IN_DIRECTORY(strange_rows_go_in_their_time),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    failed += RUN_TABLE(domain_rows, domain);
    failed += RUN_TABLE(prune_rows, prune);
    return unit_status(failed);
}
