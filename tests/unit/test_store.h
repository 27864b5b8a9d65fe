#ifndef MXPULL_TESTS_TEST_STORE_H
#define MXPULL_TESTS_TEST_STORE_H

/* What the tests of the store share: a directory of the test's own, opening, and short ways to
 * record polls. */
#include "unit.h"

#include <mxpull/base/compiler.h>
#include <mxpull/store/store.h>

#include <sqlite3.h>

#include <stdio.h>
#include <support.h>

static char test_directory[SUPPORT_PATH_SIZE];
static char test_notice[1024]; /* all that was told, parted by line ends */
static unsigned test_notices;
static struct error problem; /* of the call that should have gone well */

static inline int make_directory(void **state)
{
    (void)state;
    support_make_directory(test_directory);
    test_notice[0] = '\0';
    test_notices = 0;
    return 0;
}

static inline int remove_directory(void **state)
{
    (void)state;
    return support_remove_directory(test_directory) ? 0 : -1;
}

static inline const char *in_directory(const char *name)
{
    static char paths[4][512];
    static size_t next;
    char *path = paths[next++ % COUNT_OF(paths)];

    (void)snprintf(path, sizeof paths[0], "%s/%s", test_directory, name);
    return path;
}

static inline void take_notice(void *context, const char *text)
{
    (void)context;
    test_notices++;
    (void)snprintf(test_notice + strlen(test_notice), sizeof test_notice - strlen(test_notice),
                   "%s\n", text);
}

/* What the store takes for now: a time at which all stamps of these tests are past. */
static int64_t test_now_ms = INT64_C(10000000);

static inline int64_t test_now(void)
{
    return test_now_ms;
}

static inline enum status try_open(struct store **store, bool read_only, struct error *error)
{
    const struct store_options options = {.directory = test_directory,
                                          .read_only = read_only,
                                          .keep_s = 1000,
                                          .now_ms = test_now,
                                          .notice = take_notice};

    return store_open(store, &options, error);
}

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        if ((call) != STATUS_OK)                                                                   \
            fail_msg("%s: %s", #call, problem.text);                                               \
    } while (false)

static inline struct store *open_store(void)
{
    struct store *store = NULL;

    assert_ok(try_open(&store, false, &problem));
    return store;
}

static inline struct store *open_read_only(void)
{
    struct store *store = NULL;

    assert_ok(try_open(&store, true, &problem));
    return store;
}

/* An answer with something in every place. */
static inline struct store_answer answer_of(int64_t at_ms, const char *domain, enum grade grade)
{
    static const char *const outcomes[] = {"started", "held", "timeout", "denied"};

    return (struct store_answer){.at_ms = at_ms,
                                 .domain = domain,
                                 .verb = "ETRN",
                                 .outcome = outcomes[grade],
                                 .grade = grade,
                                 .code = 250,
                                 .text = "Queuing started",
                                 .address = "192.0.2.1",
                                 .tls = "TLSv1.3",
                                 .authenticated = true,
                                 .pending = -1,
                                 .messages = -1,
                                 .bytes = -1,
                                 .attempts = 1,
                                 .ms = 184};
}

static inline enum status try_add(struct store *store, const char *backup, int64_t at_ms,
                                  const char *domain, enum grade grade, struct store_change *change,
                                  struct error *error)
{
    const struct store_answer answer = answer_of(at_ms, domain, grade);
    const struct store_poll poll = {.backup = backup,
                                    .cause = "schedule",
                                    .began_ms = at_ms - 5,
                                    .ended_ms = at_ms + 5,
                                    .answers = &answer,
                                    .count = 1};

    return store_add_poll(store, &poll, change, error);
}

static inline struct store_change add(struct store *store, const char *backup, int64_t at_ms,
                                      const char *domain, enum grade grade)
{
    struct store_change change;

    assert_ok(try_add(store, backup, at_ms, domain, grade, &change, &problem));
    return change;
}

static inline bool count_row(void *context, const struct store_row *row)
{
    (void)row;
    ++*(size_t *)context;
    return true;
}

/* How many answers the store has. */
static inline size_t count_answers(struct store *store)
{
    const struct store_filter filter = {.limit = 0};
    size_t count = 0;

    assert_ok(store_history(store, &filter, count_row, &count, &problem));
    return count;
}

/* What one SQL text says of the file, by a connection of its own. */
static inline int64_t ask_file(const char *sql)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *database = NULL;
    int64_t number = 0;

    assert_int_equal(sqlite3_open(in_directory("mxpull.db"), &database), SQLITE_OK);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return number;
}

#endif
