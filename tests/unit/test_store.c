/* The store: what is recorded is what is known after it. */
#include "test_store.h"

/* ---- polls, streaks, changes ---- */

static void poll_is_kept_whole(void **state)
{
    struct store *store = open_store();
    struct store_backup backup;
    struct store_domain domain;
    struct store_change change;
    const struct store_answer answers[] = {
        {.at_ms = 1010,
         .domain = "example.com",
         .verb = "ATRN",
         .outcome = "received",
         .grade = GRADE_GOOD,
         .code = 453,
         .text = "no more",
         .pending = 7,
         .messages = 3,
         .bytes = 4096,
         .attempts = 2,
         .ms = 9},
        {.at_ms = 1020,
         .domain = "example.org",
         .verb = "ATRN",
         .outcome = "empty",
         .grade = GRADE_GOOD,
         .pending = -1,
         .messages = 0,
         .bytes = 0},
    };
    const struct store_poll poll = {.backup = "mx2",
                                    .cause = "now",
                                    .began_ms = 1000,
                                    .ended_ms = 1030,
                                    .certificate_expires_ms = 5000,
                                    .answers = answers,
                                    .count = 2};
    bool found = false;

    (void)state;
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    store_close(store);
    store = open_read_only();
    assert_ok(store_get_backup(store, "MX2", &backup, &found, &problem));
    assert_true(found);
    assert_int_equal(backup.asked_ms, 1000);
    assert_int_equal(backup.streak, 0);
    assert_int_equal(backup.certificate_expires_ms, 5000);
    assert_ok(store_get_domain(store, "mx2", "Example.COM", &domain, &found, &problem));
    assert_true(found);
    assert_int_equal(domain.first_ms, 1010);
    assert_int_equal(domain.at_ms, 1010);
    assert_int_equal(domain.good_ms, 1010);
    assert_int_equal(domain.mail_ms, 1010);
    assert_string_equal(domain.outcome, "received");
    assert_string_equal(domain.text, "no more");
    assert_int_equal(domain.code, 453);
    assert_int_equal(domain.pending, 7);
    assert_int_equal(domain.messages, 3);
    assert_int_equal(domain.bytes, 4096);
    assert_ok(store_get_domain(store, "mx2", "example.org", &domain, &found, &problem));
    assert_int_equal(domain.mail_ms, 0);
    assert_int_equal(domain.pending, -1);
    assert_int_equal(domain.messages, 0);
    assert_string_equal(domain.text, "");
    store_close(store);
}

static void unknown_is_not_found(void **state)
{
    struct store *store = open_store();
    struct store_backup backup = {.streak = 77};
    struct store_domain domain = {.streak = 77};
    struct store_life life = {.alive_ms = 77};
    struct store_outage outage = {.began_ms = 77};
    bool found = true;

    (void)state;
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_false(found);
    assert_int_equal(backup.streak, 77);
    found = true;
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_false(found);
    assert_int_equal(domain.streak, 77);
    found = true;
    assert_ok(store_last_outage(store, &outage, &found, &problem));
    assert_false(found);
    assert_int_equal(outage.began_ms, 77);
    assert_ok(store_get_life(store, &life, &problem));
    assert_int_equal(life.alive_ms, 0);
    assert_string_equal(life.text, "");
    assert_int_equal(count_answers(store), 0);
    store_close(store);
}

/* A row is a run of polls, one letter each (+ good, = held, - temporary, ! bad), at 100, 200, …, and
 * what the last one changed. */
static const struct streak_row {
    const char *name;
    const char *polls;
    bool began_to_fail, recovered;
    int64_t streak, since_ms;          /* of the change */
    int64_t failing_since_ms, good_ms; /* of the state after it */
    int64_t asked_ms;
} streak_rows[] = {
    {"the first poll is good", "+", false, false, 0, 0, 0, 100, 95},
    {"the first poll fails", "-", true, false, 1, 95, 95, 0, 95},
    {"the first poll is held", "=", false, false, 0, 0, 0, 0, 0},
    {"a good backup fails", "++!", true, false, 1, 295, 295, 200, 295},
    {"it goes on to fail", "+!-", false, false, 2, 195, 195, 100, 295},
    {"it recovers", "+!-+", false, true, 0, 195, 0, 400, 395},
    {"it stays good", "+!+ +", false, false, 0, 0, 0, 400, 395},
    {"held among failures changes nothing", "+!=", false, false, 1, 195, 195, 100, 195},
    {"a failure behind held goes on", "+!=-", false, false, 2, 195, 195, 100, 395},
    {"a good one behind held recovers", "!==+", false, true, 0, 95, 0, 400, 395},
    {"held among good ones changes nothing", "+=", false, false, 0, 0, 0, 100, 95},
    {"a failure behind held begins", "+=!", true, false, 1, 295, 295, 100, 295},
    {"a failure behind held alone begins", "=!", true, false, 1, 195, 195, 0, 195},
};

static void streak(void **state)
{
    const struct streak_row *row = *state;
    struct store *store;
    struct store_change change = {.streak = -1};
    struct store_backup backup;
    struct store_domain domain;
    bool found = false;
    int64_t at_ms = 0;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    for (const char *poll = row->polls; *poll != '\0'; poll++) {
        if (*poll != ' ')
            change = add(store, "mx2", at_ms += 100, "example.com",
                         (enum grade)(strchr("+=-!", *poll) - "+=-!"));
    }
    assert_int_equal(change.began_to_fail, row->began_to_fail);
    assert_int_equal(change.recovered, row->recovered);
    assert_int_equal(change.streak, row->streak);
    assert_int_equal(change.since_ms, row->since_ms);
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_int_equal(backup.streak, row->streak);
    assert_int_equal(backup.failing_since_ms, row->failing_since_ms);
    assert_int_equal(backup.asked_ms, row->asked_ms);
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_int_equal(domain.streak, row->streak);
    assert_int_equal(domain.good_ms, row->good_ms);
    assert_int_equal(domain.first_ms, 100);
    assert_int_equal(domain.at_ms, at_ms); /* held ones too */
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

/* A poll's grade is the worst of its answers'; held ones say nothing beside others. */
static const struct grade_row {
    const char *name;
    const char *answers;
    int64_t streak;
    bool is_asked;
} grade_rows[] = {
    {"all good", "++", 0, true},
    {"one is temporary", "+-+", 1, true},
    {"one is bad", "!+", 1, true},
    {"all held", "==", 0, false},
    {"held and good", "+=", 0, true},
    {"held and temporary", "=-=", 1, true},
    {"good, held and bad", "+=!", 1, true},
    {"no answers", "", 0, false},
};

static void grade(void **state)
{
    const struct grade_row *row = *state;
    static const char *const names[] = {"a.test", "b.test", "c.test"};
    struct store_answer answers[3];
    struct store_poll poll = {.backup = "mx2", .cause = "pull", .began_ms = 50, .answers = answers};
    struct store_change change;
    struct store_backup backup = {.asked_ms = 0};
    struct store *store;
    bool found = false;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    for (; row->answers[poll.count] != '\0'; poll.count++) {
        const char *letter = strchr("+=-!", row->answers[poll.count]);

        answers[poll.count] = answer_of(60, names[poll.count], (enum grade)(letter - "+=-!"));
    }
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    assert_int_equal(change.streak, row->streak);
    assert_int_equal(change.began_to_fail, row->streak > 0);
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_int_equal(backup.asked_ms, row->is_asked ? 50 : 0);
    assert_int_equal(count_answers(store), poll.count);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

static void strip_is_the_last_thirty(void **state)
{
    struct store *store = open_store();
    struct store_domain domain;
    bool found = false;

    (void)state;
    for (int i = 0; i < 33; i++)
        (void)add(store, "mx2", 1000 + i, "example.com", (enum grade)(i % 4));
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_int_equal(domain.strip_count, STORE_STRIP_MAX);
    for (int i = 0; i < STORE_STRIP_MAX; i++)
        assert_int_equal(domain.strip[i], (i + 3) % 4);
    (void)add(store, "mx2", 1, "example.org", GRADE_HELD);
    assert_ok(store_get_domain(store, "mx2", "example.org", &domain, &found, &problem));
    assert_int_equal(domain.strip_count, 1);
    assert_int_equal(domain.strip[0], GRADE_HELD);
    store_close(store);
}

/* What a remote said may be long, or no UTF-8. */
static void long_text_is_cut_at_a_character(void **state)
{
    struct store *store = open_store();
    struct store_answer answer = answer_of(1, "example.com", GRADE_BAD);
    const struct store_poll poll = {
        .backup = "mx2", .cause = "pull", .answers = &answer, .count = 1};
    struct store_change change;
    struct store_domain domain;
    char text[9000];
    bool found = false;

    (void)state;
    for (size_t i = 0; i + 2 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[sizeof text - 1] = '\0';
    answer.text = text;
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_int_equal(strlen(domain.text), 510);
    assert_int_equal(ask_file("SELECT length(CAST(text AS BLOB)) FROM answers"), 4095);
    answer.text = "\xff\xfe tru\x80th";
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_string_equal(domain.text, answer.text);
    store_close(store);
}

static void certificate_stays_known(void **state)
{
    struct store *store = open_store();
    struct store_poll poll = {.backup = "mx2", .cause = "pull", .certificate_expires_ms = 9000};
    struct store_change change;
    struct store_backup backup = {.streak = 0};
    bool found = false;

    (void)state;
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    poll.certificate_expires_ms = 0;
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_int_equal(backup.certificate_expires_ms, 9000);
    store_close(store);
}

/* ---- the rest of the memory ---- */

static void due_is_remembered(void **state)
{
    struct store *store = open_store();
    struct store_backup backup = {.streak = 0};
    bool found = false;

    (void)state;
    assert_ok(store_set_due(store, "mx2", 100, 110, &problem));
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_true(found);
    assert_int_equal(backup.slot_ms, 100);
    assert_int_equal(backup.due_ms, 110);
    assert_int_equal(backup.asked_ms, 0);
    (void)add(store, "mx2", 120, "example.com", GRADE_BAD);
    assert_ok(store_set_due(store, "mx2", 200, 0, &problem));
    assert_ok(store_get_backup(store, "mx2", &backup, &found, &problem));
    assert_int_equal(backup.slot_ms, 200);
    assert_int_equal(backup.due_ms, 0);
    assert_int_equal(backup.streak, 1);
    store_close(store);
}

static struct store_life read_life(struct store *store)
{
    struct store_life life;

    assert_ok(store_get_life(store, &life, &problem));
    return life;
}

/* The daemon and the primary, each without touching the other: a pull looks at the primary, too. */
static void life_is_replaced(void **state)
{
    static const char refused[] = "127.0.0.1:25: connection refused";
    struct store *store = open_store();

    (void)state;
    assert_ok(store_set_alive(store, 1, false, &problem));
    struct store_life life = read_life(store);
    assert_int_equal(life.alive_ms, 1);
    assert_int_equal(life.looked_ms, 0);
    struct store_primary primary = {.looked_ms = 2, .since_ms = 3, .text = refused};
    assert_ok(store_set_primary(store, &primary, &problem));
    life = read_life(store);
    assert_int_equal(life.alive_ms, 1);
    assert_false(life.has_ended);
    assert_false(life.is_up);
    assert_int_equal(life.looked_ms, 2);
    assert_int_equal(life.since_ms, 3);
    assert_string_equal(life.text, refused);
    assert_ok(store_set_alive(store, 4, true, &problem));
    life = read_life(store);
    assert_int_equal(life.alive_ms, 4);
    assert_true(life.has_ended);
    assert_string_equal(life.text, refused);
    primary = (struct store_primary){.is_up = true, .looked_ms = 5, .alive_ms = 6};
    assert_ok(store_set_primary(store, &primary, &problem)); /* a daemon has looked */
    life = read_life(store);
    assert_int_equal(life.alive_ms, 6);
    assert_false(life.has_ended);
    assert_true(life.is_up);
    store_close(store);
}

static void since_when_the_primary_is_so(void **state)
{
    static const struct {
        bool is_up;
        int64_t looked_ms, since_ms, expected;
    } rows[] = {
        {true, 10, 0, 10},  {true, 20, 0, 10},   {false, 30, 0, 30},
        {false, 40, 0, 30}, {false, 50, 25, 25}, {true, 60, 0, 60},
    };
    struct store *store = open_store();

    (void)state;
    assert_ok(store_set_alive(store, 5, false, &problem)); /* says nothing about it */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct store_primary primary = {
            .is_up = rows[i].is_up, .looked_ms = rows[i].looked_ms, .since_ms = rows[i].since_ms};

        assert_ok(store_set_primary(store, &primary, &problem));
        struct store_life life = read_life(store);
        assert_int_equal(life.is_up, rows[i].is_up);
        assert_int_equal(life.looked_ms, rows[i].looked_ms);
        assert_int_equal(life.since_ms, rows[i].expected);
        assert_string_equal(life.text, "");
    }
    store_close(store);
}

static void outages_follow_each_other(void **state)
{
    struct store *store = open_store();
    struct store_outage outage = {.began_ms = 0};
    bool found = false;

    (void)state;
    assert_ok(store_outage_end(store, 50, &problem));
    assert_ok(store_outage_begin(store, 100, "refused", &problem));
    assert_ok(store_outage_begin(store, 150, "another", &problem));
    assert_ok(store_last_outage(store, &outage, &found, &problem));
    assert_true(found);
    assert_int_equal(outage.began_ms, 100);
    assert_int_equal(outage.ended_ms, 0);
    assert_string_equal(outage.why, "refused");
    assert_ok(store_outage_end(store, 200, &problem));
    assert_ok(store_outage_end(store, 250, &problem));
    assert_ok(store_last_outage(store, &outage, &found, &problem));
    assert_int_equal(outage.ended_ms, 200);
    assert_ok(store_outage_begin(store, 90, "the clock was set back", &problem));
    assert_ok(store_last_outage(store, &outage, &found, &problem));
    assert_int_equal(outage.began_ms, 90);
    assert_int_equal(outage.ended_ms, 0);
    store_close(store);
}

static void silence_changes_once(void **state)
{
    struct store *store = open_store();
    struct store_domain domain;
    bool changed = true, found = false;

    (void)state;
    assert_ok(store_set_silent(store, "mx2", "example.com", false, &changed, &problem));
    assert_false(changed);
    (void)add(store, "mx2", 1, "example.com", GRADE_BAD);
    assert_ok(store_set_silent(store, "mx2", "example.com", false, &changed, &problem));
    assert_false(changed);
    assert_ok(store_set_silent(store, "mx2", "EXAMPLE.com", true, &changed, &problem));
    assert_true(changed);
    assert_ok(store_set_silent(store, "mx2", "example.com", true, &changed, &problem));
    assert_false(changed);
    (void)add(store, "mx2", 2, "example.com", GRADE_GOOD);
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_true(domain.silent);
    assert_ok(store_set_silent(store, "mx2", "example.com", false, &changed, &problem));
    assert_true(changed);
    assert_ok(store_get_domain(store, "mx2", "example.com", &domain, &found, &problem));
    assert_false(domain.silent);
    /* One that has had no answer. */
    assert_ok(store_set_silent(store, "mx2", "new.test", true, &changed, &problem));
    assert_true(changed);
    assert_ok(store_set_silent(store, "mx2", "new.test", true, &changed, &problem));
    assert_false(changed);
    assert_ok(store_get_domain(store, "mx2", "new.test", &domain, &found, &problem));
    assert_false(found);
    store_close(store);
}

/* ---- several as one ---- */

static void batch_is_all_or_nothing(void **state)
{
    struct store *store = open_store(), *other = open_store();

    (void)state;
    assert_ok(store_begin(store, &problem));
    (void)add(store, "mx2", 1, "a.test", GRADE_GOOD);
    (void)add(store, "mx2", 2, "b.test", GRADE_GOOD);
    assert_int_equal(count_answers(store), 2);
    assert_int_equal(count_answers(other), 0);
    assert_ok(store_commit(store, &problem));
    assert_int_equal(count_answers(other), 2);
    assert_ok(store_begin(store, &problem));
    (void)add(store, "mx2", 3, "a.test", GRADE_GOOD);
    store_close(store);
    assert_int_equal(count_answers(other), 2);
    (void)add(other, "mx2", 4, "a.test", GRADE_GOOD);
    assert_ok(store_commit(other, &problem)); /* of nothing */
    store_close(other);
}

/* What fails in a batch undoes it whole, and its commit says why. */
static void failure_ends_the_batch(void **state)
{
    struct store *store = open_store();
    struct store_change change;
    struct error error = {.status = STATUS_OK}, again = {.status = STATUS_OK};

    (void)state;
    assert_ok(store_begin(store, &problem));
    (void)add(store, "mx2", 1, "a.test", GRADE_GOOD);
    assert_int_equal(try_add(store, NULL, 2, "b.test", GRADE_GOOD, &change, &error), STATUS_SYSTEM);
    assert_non_null(strstr(error.text, "NOT NULL"));
    assert_int_equal(try_add(store, "mx2", 3, "c.test", GRADE_GOOD, &change, &again),
                     STATUS_SYSTEM);
    assert_string_equal(again.text, error.text);
    assert_int_equal(store_commit(store, &again), STATUS_SYSTEM);
    assert_string_equal(again.text, error.text);
    assert_int_equal(count_answers(store), 0);
    (void)add(store, "mx2", 4, "d.test", GRADE_GOOD);
    assert_int_equal(count_answers(store), 1);
    store_close(store);
}

static void failure_leaves_no_transaction(void **state)
{
    struct store *store = open_store(), *other = open_store();
    struct store_change change;
    struct error error;

    (void)state;
    assert_int_equal(try_add(store, NULL, 2, "b.test", GRADE_GOOD, &change, &error), STATUS_SYSTEM);
    (void)add(other, "mx2", 1, "a.test", GRADE_GOOD);
    (void)add(store, "mx2", 2, "a.test", GRADE_GOOD);
    assert_int_equal(count_answers(store), 2);
    store_close(store);
    store_close(other);
}

/* ---- old rows ---- */

static void old_rows_go(void **state)
{
    struct store *store = open_store(); /* keeps 1,000 s */
    struct store_domain domain;
    struct store_outage outage = {.began_ms = 0};
    bool more = true, found = false;

    (void)state;
    assert_ok(store_outage_begin(store, 100, "old", &problem));
    assert_ok(store_outage_end(store, 200, &problem));
    assert_ok(store_outage_begin(store, 300, "lasts", &problem));
    assert_ok(store_begin(store, &problem));
    for (int i = 0; i < 2500; i++)
        (void)add(store, "mx2", 1000 + i, "old.test", GRADE_GOOD);
    for (int i = 0; i < 10; i++)
        (void)add(store, "mx2", 1010000 + i * 100000, "new.test", GRADE_GOOD);
    assert_ok(store_commit(store, &problem));
    assert_ok(store_prune(store, 2000000, &more, &problem));
    assert_true(more);
    assert_int_equal(count_answers(store), 510);
    for (int calls = 0; more; calls++) {
        assert_in_range(calls, 0, 10);
        assert_ok(store_prune(store, 2000000, &more, &problem));
    }
    assert_int_equal(count_answers(store), 10);
    assert_int_equal(ask_file("SELECT count(*) FROM answers"), 10);
    assert_int_equal(ask_file("SELECT count(*) FROM outages"), 1);
    assert_ok(store_last_outage(store, &outage, &found, &problem));
    assert_string_equal(outage.why, "lasts");
    assert_ok(store_get_domain(store, "mx2", "old.test", &domain, &found, &problem));
    assert_true(found);
    store_close(store);
}

/* ---- what decides how a domain is asked for next ---- */

static struct store_asked recalled;

static void take_recalled(void *context, const struct store_asked *asked)
{
    assert_null(context);
    assert_string_equal(asked->domain, "a.example");
    recalled = *asked;
}

/* What a poll of a.example, asked at this time and answered a moment later by that code, leaves. */
static void check_recall(struct store *store, int64_t asked_ms, const char *verb, int code,
                         int64_t started_ms, bool understood)
{
    struct store_answer answer = answer_of(asked_ms + 5, "a.example", GRADE_GOOD);
    const struct store_poll poll = {
        .backup = "mx2", .cause = "pull", .answers = &answer, .count = 1};
    struct store_change change;

    answer.asked_ms = asked_ms;
    answer.verb = verb;
    answer.code = code;
    assert_ok(store_add_poll(store, &poll, &change, &problem));
    recalled = (struct store_asked){0};
    assert_ok(store_recall(store, "MX2", take_recalled, NULL, &problem));
    assert_int_equal(recalled.started_ms, started_ms);
    assert_int_equal(recalled.understood, understood);
}

static void what_was_asked_is_recalled(void **state)
{
    struct store *store = open_store();

    (void)state;
    assert_ok(store_recall(store, "mx2", take_recalled, NULL, &problem));
    check_recall(store, 1000, "ETRN", 500, 0, false);
    assert_int_equal(recalled.asked_ms, 1000);
    check_recall(store, 0, "CONNECT", 250, 0, false); /* not asked */
    assert_int_equal(recalled.asked_ms, 1000);
    check_recall(store, 2000, "ETRN", 502, 0, false);
    check_recall(store, 3000, "ETRN", 421, 0, false);
    check_recall(store, 4000, "ETRN", 0, 0, false);
    assert_int_equal(recalled.asked_ms, 4000);
    check_recall(store, 5000, "ETRN", 459, 0, true);
    check_recall(store, 6000, "ETRN", 253, 6005, true);
    check_recall(store, 7000, "ETRN", 458, 6005, true);
    check_recall(store, 8000, "ETRN", 500, 6005, true);
    assert_int_equal(recalled.asked_ms, 8000);
    store_close(store);
}

/* ---- the order of asking ---- */

/* A backup that answers LET_THROUGH of its domains in a poll: what becomes of the others, and by how many polls all have
 * had a good answer but those that never get one. */
static const struct limit_row {
    const char *name;
    int code;   /* to the others; 0: the connection is cut */
    bool ends;  /* behind three of these the rest is left out */
    int denied; /* so many domains are refused for good */
    int polls;
} limit_rows[] = {
    {"421, then nothing more", 421, true, 0, 3},
    {"cut, then nothing more", 0, true, 0, 3},
    {"all others are put off", 451, false, 0, 4},
    {"all others are refused", 554, false, 0, 4},
    {"refused ones before the limit", 421, true, 30, 8},
};

enum {
    DOMAINS = 60,
    LET_THROUGH = 24,
    ENDS_BEHIND = 3
};

struct limited {
    int64_t asked_ms[DOMAINS];
    bool has_good[DOMAINS];
    size_t order[DOMAINS];
};

static void take_order(void *context, const struct store_asked *asked)
{
    struct limited *limited = context;

    limited->asked_ms[strtol(asked->domain + 1, NULL, 10)] = asked->asked_ms;
}

static void put_in_order(struct limited *limited)
{
    for (size_t i = 0; i < DOMAINS; i++) {
        size_t at = i;

        for (; at > 0 && limited->asked_ms[limited->order[at - 1]] > limited->asked_ms[i]; at--)
            limited->order[at] = limited->order[at - 1];
        limited->order[at] = i;
    }
}

static void poll_limited(struct store *store, const struct limit_row *row, struct limited *limited,
                         int64_t now_ms)
{
    struct store_answer answers[DOMAINS];
    char names[DOMAINS][8];
    struct store_change change;

    assert_ok(store_recall(store, "mx2", take_order, limited, &problem));
    put_in_order(limited);
    for (int i = 0; i < DOMAINS; i++) {
        size_t domain = limited->order[i];
        bool is_through = i < LET_THROUGH, is_denied = domain < (size_t)row->denied;
        bool is_left_out = row->ends && i >= LET_THROUGH + ENDS_BEHIND;

        (void)snprintf(names[i], sizeof names[i], "d%zu", domain);
        answers[i] = answer_of(now_ms + 100, names[i],
                               !is_through ? GRADE_TEMPORARY
                               : is_denied ? GRADE_BAD
                                           : GRADE_GOOD);
        answers[i].asked_ms = is_left_out ? 0 : now_ms + i;
        answers[i].code = is_left_out ? 0 : is_through ? 250 : row->code;
        answers[i].outcome = is_left_out || row->code != 0 ? "deferred" : "unreachable";
        if (is_through && is_denied)
            answers[i].code = 459;
        limited->has_good[domain] |= is_through && !is_denied;
    }
    const struct store_poll poll = {
        .backup = "mx2", .cause = "pull", .began_ms = now_ms, .answers = answers, .count = DOMAINS};
    assert_ok(store_add_poll(store, &poll, &change, &problem));
}

static void limit_starves_no_domain(void **state)
{
    const struct limit_row *row = *state;
    struct limited limited = {.asked_ms = {0}};

    make_directory(NULL);
    struct store *store = open_store();
    for (int i = 0; i < row->polls; i++)
        poll_limited(store, row, &limited, 1000 * (i + 1));
    for (int i = row->denied; i < DOMAINS; i++)
        assert_true(limited.has_good[i]);
    store_close(store);
    remove_directory(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(poll_is_kept_whole),
        IN_DIRECTORY(unknown_is_not_found),
        IN_DIRECTORY(strip_is_the_last_thirty),
        IN_DIRECTORY(long_text_is_cut_at_a_character),
        IN_DIRECTORY(certificate_stays_known),
        IN_DIRECTORY(due_is_remembered),
        IN_DIRECTORY(life_is_replaced),
        IN_DIRECTORY(since_when_the_primary_is_so),
        IN_DIRECTORY(outages_follow_each_other),
        IN_DIRECTORY(silence_changes_once),
        IN_DIRECTORY(what_was_asked_is_recalled),
        IN_DIRECTORY(batch_is_all_or_nothing),
        IN_DIRECTORY(failure_ends_the_batch),
        IN_DIRECTORY(failure_leaves_no_transaction),
        IN_DIRECTORY(old_rows_go),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    failed += RUN_TABLE(streak_rows, streak);
    failed += RUN_TABLE(grade_rows, grade);
    failed += RUN_TABLE(limit_rows, limit_starves_no_domain);
    return unit_status(failed);
}
