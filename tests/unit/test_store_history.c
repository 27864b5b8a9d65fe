/* What history finds, in which order, and that it finds it by indexes. */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#define _DEFAULT_SOURCE

#include "test_store.h"

#include "history.c" /* its questions are looked at */

/* ---- answers ---- */

/* What is found, as letters: the codes of the answers, 'A' and on. */
struct found {
    char letters[64];
    size_t count, most;
};

static bool take_letter(void *context, const struct store_row *row)
{
    struct found *found = context;

    assert_in_range(row->answer.code, 'A', 'Z');
    found->letters[found->count++] = (char)row->answer.code;
    found->letters[found->count] = '\0';
    return found->most == 0 || found->count < found->most;
}

static const struct kept {
    char letter;
    int64_t at_ms;
    const char *backup, *domain, *outcome;
    enum grade grade;
} kept[] = {
    {'A', 100, "mx2", "example.com", "started", GRADE_GOOD},
    {'B', 200, "mx2", "example.org", "denied", GRADE_BAD},
    {'C', 300, "mx3", "example.com", "timeout", GRADE_TEMPORARY},
    {'D', 250, "mx3", "example.net", "started", GRADE_GOOD}, /* behind C, but earlier */
    {'E', 300, "mx2", "example.com", "held", GRADE_HELD},    /* at the same time as C */
    {'F', 400, "MX2", "Example.Net", "empty", GRADE_GOOD},
    {'G', 500, "mx4", "mx3", "timeout", GRADE_TEMPORARY}, /* a domain named as a backup */
};

static void fill(struct store *store)
{
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        struct store_answer answer = answer_of(kept[i].at_ms, kept[i].domain, kept[i].grade);
        const struct store_poll poll = {
            .backup = kept[i].backup, .cause = "retry", .answers = &answer, .count = 1};
        struct store_change change;

        answer.outcome = kept[i].outcome;
        answer.code = kept[i].letter;
        assert_ok(store_add_poll(store, &poll, &change, &problem));
    }
}

static const struct filter_row {
    const char *name;
    const char *names[3];
    int64_t since_ms;
    const char *outcome;
    bool failed;
    size_t limit;
    const char *expected;
} filter_rows[] = {
    {"all, oldest first", {NULL}, 0, NULL, false, 0, "ABDCEFG"},
    {"the newest three", {NULL}, 0, NULL, false, 3, "EFG"},
    {"the newest four cut between equals", {NULL}, 0, NULL, false, 4, "CEFG"},
    {"more than there are", {NULL}, 0, NULL, false, 100, "ABDCEFG"},
    {"since", {NULL}, 300, NULL, false, 0, "CEFG"},
    {"since, limited", {NULL}, 200, NULL, false, 2, "FG"},
    {"since later than all", {NULL}, 501, NULL, false, 50, ""},
    {"an outcome", {NULL}, 0, "started", false, 50, "AD"},
    {"an outcome without a limit", {NULL}, 0, "timeout", false, 0, "CG"},
    {"an outcome that was never", {NULL}, 0, "tls", false, 50, ""},
    {"failed", {NULL}, 0, NULL, true, 50, "BCG"},
    {"failed, the newest", {NULL}, 0, NULL, true, 1, "G"},
    {"failed without a limit", {NULL}, 0, NULL, true, 0, "BCG"},
    {"failed of an outcome", {NULL}, 0, "denied", true, 50, "B"},
    {"good of an outcome, but failed", {NULL}, 0, "started", true, 50, ""},
    {"a backup, without regard to case", {"Mx2"}, 0, NULL, false, 50, "ABEF"},
    {"a backup, the newest two", {"mx2"}, 0, NULL, false, 2, "EF"},
    {"a domain, without regard to case", {"EXAMPLE.net"}, 0, NULL, false, 50, "DF"},
    {"a name that is a backup and a domain", {"mx3"}, 0, NULL, false, 50, "DCG"},
    {"a name that is both, limited", {"mx3"}, 0, NULL, false, 2, "CG"},
    {"a backup and its domain count once", {"mx2", "example.com"}, 0, NULL, false, 50, "ABCEF"},
    {"two names, limited", {"mx2", "example.com"}, 0, NULL, false, 3, "CEF"},
    {"names without a limit", {"mx2", "mx3"}, 0, NULL, false, 0, "ABDCEFG"},
    {"a name since", {"mx2"}, 300, NULL, false, 0, "EF"},
    {"a name and an outcome", {"example.com", "mx4"}, 0, "timeout", false, 50, "CG"},
    {"a name and an outcome without a limit", {"mx2"}, 0, "denied", false, 0, "B"},
    {"a name, failed", {"mx2"}, 0, NULL, true, 50, "B"},
    {"a name, failed, an outcome, since", {"mx3"}, 100, "timeout", true, 50, "CG"},
    {"an unknown name", {"nobody"}, 0, NULL, false, 50, ""},
    {"a name with a quote", {"o'brien\" --"}, 0, NULL, false, 50, ""},
};

static struct store_filter filter_of(const struct filter_row *row)
{
    struct store_filter filter = {.names = row->names,
                                  .since_ms = row->since_ms,
                                  .outcome = row->outcome,
                                  .failed = row->failed,
                                  .limit = row->limit};

    while (filter.name_count < COUNT_OF(row->names) && row->names[filter.name_count] != NULL)
        filter.name_count++;
    return filter;
}

static void filter(void **state)
{
    const struct filter_row *row = *state;
    const struct store_filter asked = filter_of(row);
    struct found found = {.count = 0};
    struct store *store;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    fill(store);
    assert_ok(store_history(store, &asked, take_letter, &found, &problem));
    assert_string_equal(found.letters, row->expected);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

static bool compare_row(void *context, const struct store_row *row)
{
    const struct store_answer *answer = context;

    assert_string_equal(row->backup, "mx2");
    assert_string_equal(row->cause, "recovery");
    assert_int_equal(row->answer.at_ms, answer->at_ms);
    assert_string_equal(row->answer.domain, answer->domain);
    assert_string_equal(row->answer.verb, answer->verb);
    assert_string_equal(row->answer.outcome, answer->outcome);
    assert_int_equal(row->answer.grade, answer->grade);
    assert_int_equal(row->answer.code, answer->code);
    assert_int_equal(row->answer.text == NULL, answer->text == NULL);
    if (answer->text != NULL)
        assert_string_equal(row->answer.text, answer->text);
    assert_int_equal(row->answer.address == NULL, answer->address == NULL);
    assert_int_equal(row->answer.tls == NULL, answer->tls == NULL);
    assert_int_equal(row->answer.authenticated, answer->authenticated);
    assert_int_equal(row->answer.pending, answer->pending);
    assert_int_equal(row->answer.messages, answer->messages);
    assert_int_equal(row->answer.bytes, answer->bytes);
    assert_int_equal(row->answer.attempts, answer->attempts);
    assert_int_equal(row->answer.ms, answer->ms);
    return true;
}

static void rows_are_whole(void **state)
{
    struct store *store = open_store();
    struct store_answer answers[] = {answer_of(7, "example.com", GRADE_BAD),
                                     {.at_ms = 8,
                                      .domain = "@example.org",
                                      .verb = "ATRN",
                                      .outcome = "received",
                                      .pending = 1,
                                      .messages = 0,
                                      .bytes = INT64_C(5000000000),
                                      .attempts = 3}};
    struct store_change change;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        const struct store_poll poll = {
            .backup = "mx2", .cause = "recovery", .answers = &answers[i], .count = 1};
        const struct store_filter newest = {.limit = 1};

        assert_ok(store_add_poll(store, &poll, &change, &problem));
        assert_ok(store_history(store, &newest, compare_row, &answers[i], &problem));
    }
    store_close(store);
}

static void row_ends_it(void **state)
{
    struct store *store = open_store();
    const struct store_filter all = {.limit = 0};
    struct found found = {.most = 2};

    (void)state;
    fill(store);
    assert_ok(store_history(store, &all, take_letter, &found, &problem));
    assert_string_equal(found.letters, "AB");
    (void)add(store, "mx2", 1, "example.com", GRADE_GOOD); /* nothing is left open */
    store_close(store);
}

static void names_have_a_limit(void **state)
{
    static const char *names[STORE_NAMES_MAX + 1];
    struct store *store = open_store();
    struct store_filter asked = {.names = names, .name_count = STORE_NAMES_MAX, .limit = 50};
    struct found found = {.count = 0};
    struct error error;

    (void)state;
    fill(store);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        names[i] = i % 2 == 0 ? "mx2" : "example.com";
    asked.outcome = "timeout";
    assert_ok(store_history(store, &asked, take_letter, &found, &problem));
    assert_string_equal(found.letters, "C");
    asked.name_count++;
    assert_int_equal(store_history(store, &asked, take_letter, &found, &error), STATUS_LIMIT);
    store_close(store);
}

/* ---- messages ---- */

static bool take_bytes(void *context, const struct store_message *message)
{
    struct found *found = context;

    found->letters[found->count++] = (char)message->bytes;
    found->letters[found->count] = '\0';
    return true;
}

#define MAIL(at, of, from, to, letter, reply, said)                                                \
    {                                                                                              \
        .at_ms = at, .backup = of, .evidence = "bridge", .sender = from, .recipients = to,         \
        .bytes = letter, .code = reply, .text = said                                               \
    }

static const struct store_message mails[] = {
    MAIL(100, "odmr", "a@x.test", "me@example.com", 'A', 250, "2.0.0 Ok"),
    MAIL(200, "odmr", "", "me@Example.com,you@example.com,it@example.org", 'B', 250, NULL),
    MAIL(150, "turn", "b@x.test", "\"a,b@c\"@example.net", 'C', 451, ""),
    MAIL(300, "turn", "b@x.test", "<me@example.com>", 'D', 250, ""),
    MAIL(400, "odmr", "b@x.test", "postmaster", 'E', 250, ""),
};

static const struct message_row {
    const char *name;
    const char *names[2];
    int64_t since_ms;
    size_t limit;
    const char *expected;
} message_rows[] = {
    {"all", {NULL}, 0, 0, "ACBDE"},
    {"the newest two", {NULL}, 0, 2, "DE"},
    {"since", {NULL}, 200, 50, "BDE"},
    {"a backup", {"ODMR"}, 0, 50, "ABE"},
    {"a domain of a recipient", {"example.COM"}, 0, 50, "ABD"},
    {"a domain, the newest", {"example.com"}, 0, 1, "D"},
    {"a domain without a limit", {"example.org"}, 0, 0, "B"},
    {"a domain behind a quoted comma", {"example.net"}, 0, 50, "C"},
    {"a domain and a backup", {"example.org", "turn"}, 0, 50, "CBD"},
    {"a sender's domain is none", {"x.test"}, 0, 50, ""},
};

static void message(void **state)
{
    const struct message_row *row = *state;
    struct store_filter asked = {.names = row->names,
                                 .name_count = (size_t)(row->names[0] != NULL) +
                                               (size_t)(row->names[1] != NULL),
                                 .since_ms = row->since_ms,
                                 .outcome = "means nothing",
                                 .failed = true,
                                 .limit = row->limit};
    struct found found = {.count = 0};
    struct store *store;

    assert_int_equal(make_directory(NULL), 0);
    store = open_store();
    for (size_t i = 0; i < COUNT_OF(mails); i++)
        assert_ok(store_add_message(store, &mails[i], &problem));
    assert_ok(store_messages(store, &asked, take_bytes, &found, &problem));
    assert_string_equal(found.letters, row->expected);
    store_close(store);
    assert_int_equal(remove_directory(NULL), 0);
}

static bool compare_message(void *context, const struct store_message *given)
{
    const struct store_message *expected = context;

    assert_int_equal(given->at_ms, expected->at_ms);
    assert_string_equal(given->backup, expected->backup);
    assert_string_equal(given->sender, expected->sender);
    assert_string_equal(given->recipients, expected->recipients);
    assert_int_equal(given->bytes, expected->bytes);
    assert_int_equal(given->code, expected->code);
    assert_string_equal(given->text, expected->text);
    return true;
}

static void message_is_whole(void **state)
{
    struct store *store = open_store();
    const struct store_filter all = {.limit = 10};
    struct store_message sent = mails[0];

    (void)state;
    assert_ok(store_add_message(store, &sent, &problem));
    assert_ok(store_messages(store, &all, compare_message, &sent, &problem));
    store_close(store);
}

/* A message is recorded before the poll in which it came is over. Of a domain of which nothing is known it leaves
 * nothing: below an "@suffix" there are as many as a sender likes to write. */
static void mail_is_noted_before_the_poll(void **state)
{
    struct store *store = open_store();
    struct store_domain domain;
    bool found = true, more = true;

    (void)state;
    assert_ok(store_add_message(store, &mails[1], &problem));
    assert_ok(store_get_domain(store, "odmr", "example.com", &domain, &found, &problem));
    assert_false(found);
    (void)add(store, "odmr", 150, "example.com", GRADE_GOOD);
    assert_ok(store_get_domain(store, "odmr", "example.com", &domain, &found, &problem));
    assert_int_equal(domain.mail_ms, 0);
    assert_ok(store_add_message(store, &mails[1], &problem));
    assert_ok(store_get_domain(store, "odmr", "example.com", &domain, &found, &problem));
    assert_true(found);
    assert_int_equal(domain.mail_ms, 200);
    assert_int_equal(domain.first_ms, 150);
    for (int i = 0; i < 10; i++)
        (void)add(store, "odmr", 2010000 + i * 100000, "", GRADE_GOOD);
    assert_ok(store_prune(store, 3000000, &more, &problem));
    assert_false(more);
    assert_int_equal(ask_file("SELECT count(*) FROM messages"), 0);
    store_close(store);
}

/* ---- by indexes ---- */

/* Nothing that grows with the store may be sorted, and what is not chosen is not fetched: what is walked is walked
 * by this index, in its order, and ends at the limit. Only the rows chosen are sorted once more. */
static void assert_plan(const char *sql, const char *expected)
{
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *plan = NULL;
    sqlite3 *database = NULL;
    char found[1024] = "";

    assert_int_equal(sqlite3_open(in_directory("mxpull.db"), &database), SQLITE_OK);
    if (sqlite3_prepare_v2(database, explain, -1, &plan, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)(const void *)sqlite3_column_text(plan, 3);

        if (strstr(detail, "answers") != NULL || strstr(detail, "messages") != NULL ||
            strstr(detail, "ORDER BY") != NULL)
            (void)snprintf(found + strlen(found), sizeof found - strlen(found), "%s; ", detail);
    }
    if (strcmp(found, expected) != 0)
        fail_msg("%s\n%s\nnot %s", sql, found, expected);
    (void)sqlite3_finalize(plan);
    (void)sqlite3_close(database);
    sqlite3_free(explain);
}

static void plans(void **state)
{
    (void)state;
    store_close(open_store());
    assert_plan(all_answers[0], "SEARCH answers USING INDEX answers_at (at_ms>?); "
                                "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY; ");
    assert_plan(all_answers[1], "SEARCH answers USING INTEGER PRIMARY KEY (rowid=?); "
                                "SEARCH answers USING INDEX answers_at (at_ms>?); "
                                "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY; "
                                "USE TEMP B-TREE FOR ORDER BY; ");
    assert_plan(odd_answers[0], "SEARCH answers USING INDEX answers_odd (at_ms>?); "
                                "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY; ");
    assert_plan(odd_answers[1], "SEARCH answers USING INTEGER PRIMARY KEY (rowid=?); "
                                "SEARCH answers USING COVERING INDEX answers_odd (at_ms>?); "
                                "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY; "
                                "USE TEMP B-TREE FOR ORDER BY; ");
    assert_plan(all_messages[0], "SEARCH messages USING INDEX messages_at (at_ms>?); ");
    assert_plan(all_messages[1], "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?); "
                                 "SEARCH messages USING INDEX messages_at (at_ms>?); "
                                 "USE TEMP B-TREE FOR ORDER BY; ");
}

/* What a crafted file could make of a question: one that has no end is ended by the progress handler, and the
 * store works on. */
static void endless_question_ends(void **state)
{
    static const char endless[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    struct store *store = open_store();
    struct found found = {.count = 0};
    const struct store_filter all = {.limit = 50};
    sqlite3_stmt *question;

    (void)state;
    fill(store);
    assert_int_equal(sqlite3_prepare_v2(store->database, endless, -1, &question, NULL), SQLITE_OK);
    store->watched = WATCHED_MAX - 3; /* the whole would take seconds */
    assert_int_equal(sqlite3_step(question) & 0xff, SQLITE_INTERRUPT);
    (void)sqlite3_finalize(question);
    assert_ok(store_history(store, &all, take_letter, &found, &problem));
    assert_string_equal(found.letters, "ABDCEFG");
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
        IN_DIRECTORY(rows_are_whole),
        IN_DIRECTORY(row_ends_it),
        IN_DIRECTORY(names_have_a_limit),
        IN_DIRECTORY(message_is_whole),
        IN_DIRECTORY(mail_is_noted_before_the_poll),
        IN_DIRECTORY(plans),
        IN_DIRECTORY(endless_question_ends),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    failed += RUN_TABLE(filter_rows, filter);
    failed += RUN_TABLE(message_rows, message);
    return unit_status(failed);
}
