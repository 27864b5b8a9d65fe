/* Old rows go, a bounded part at a time, so that nobody waits long for it. What is known now of
 * backups, domains and the primary stays. */
#include "internal.h"

#include <mxpull/base/compiler.h>

enum {
    ROWS_MAX = 2000,
    PAGES_MAX = 1000, /* given back at once */
    SPARE_PARTS = 8,  /* of which one may be spare: new rows find their place there */
    WITNESSES = 8,    /* parts of the time that is kept */
    WITNESSES_LEAST = 4
};

#define MONTH_MS (INT64_C(30) * 24 * 3600 * 1000)

/* Rows of a table by their stamps, which an index has in order. */
#define OLDEST(table, stamp)                                                                       \
    "SELECT id FROM " table " WHERE " stamp " BETWEEN ? AND ? ORDER BY " stamp " LIMIT 1"
#define COUNT(table, stamp) "SELECT count(*) FROM " table " WHERE " stamp " BETWEEN ? AND ?"
#define ROWS(table, stamp)                                                                         \
    "(SELECT id FROM " table " WHERE " stamp " BETWEEN ? AND ? AND id < ?"                         \
    " ORDER BY " stamp ", id LIMIT ?)"
#define REMOVE(table, stamp) "DELETE FROM " table " WHERE id IN " ROWS(table, stamp)

static const struct part {
    const char *oldest, *count, *remove;
    const char *remove_first; /* what points at them, and is not counted; or NULL */
} parts[] = {
    {OLDEST("answers", "at_ms"), COUNT("answers", "at_ms"), REMOVE("answers", "at_ms"), NULL},
    {OLDEST("polls", "ended_ms"), COUNT("polls", "ended_ms"), REMOVE("polls", "ended_ms"), NULL},
    {OLDEST("messages", "at_ms"), COUNT("messages", "at_ms"), REMOVE("messages", "at_ms"),
     "DELETE FROM message_domains WHERE message IN " ROWS("messages", "at_ms")},
    {OLDEST("outages", "ended_ms"), COUNT("outages", "ended_ms"), REMOVE("outages", "ended_ms"),
     NULL},
};

struct prune {
    int64_t now_ms;
    int64_t keep_ms;
    int64_t left; /* rows that may still go */
    bool is_slow; /* no more of them this time */
};

/* One number about the rows with stamps from first_ms to last_ms. */
static int ask_number(struct store *store, const char *sql, int64_t first_ms, int64_t last_ms,
                      int64_t *number)
{
    return statement_ask(store, sql, number, VALUES(NUMBER(first_ms), NUMBER(last_ms)));
}

/* Rows of a table with stamps from first_ms to last_ms that were written down before the one of that id. */
static int remove_part(struct store *store, const struct part *part, struct prune *prune,
                       int64_t first_ms, int64_t last_ms, int64_t before_id)
{
    const struct value values[] = {NUMBER(first_ms), NUMBER(last_ms), NUMBER(before_id),
                                   NUMBER(prune->left)};
    int code = SQLITE_OK;

    if (prune->left > 0 && part->remove_first != NULL)
        code = statement_run(store, part->remove_first, values, COUNT_OF(values));
    if (prune->left > 0 && code == SQLITE_OK)
        code = statement_run(store, part->remove, values, COUNT_OF(values));
    if (prune->left > 0 && code == SQLITE_OK)
        prune->left -= sqlite3_changes(store->database);
    return code;
}

/* In how many of the so many parts of the time that is kept there are answers. A few of them by a clock
 * that was far ahead do not make old what is not. */
static int count_witnesses(struct store *store, const struct prune *prune, int *count)
{
    int64_t span_ms = prune->keep_ms / WITNESSES, from_ms = prune->now_ms - prune->keep_ms;
    int code = SQLITE_OK;

    for (int i = 0; i < WITNESSES && code == SQLITE_OK; i++, from_ms += span_ms) {
        int64_t id = 0;

        code = ask_number(store, parts[0].oldest, from_ms, from_ms + span_ms, &id);
        *count += id != 0 ? 1 : 0;
    }
    return code;
}

static int prune_part(struct store *store, const struct part *part, struct prune *prune)
{
    int64_t old_ms = prune->now_ms - prune->keep_ms, ahead_ms = prune->now_ms + STAMP_AHEAD_MS;
    int64_t floor_ms = prune->now_ms >= STAMP_FLOOR_MS ? STAMP_FLOOR_MS : 1, kept = 0;
    int64_t come = 0;
    int code = ask_number(store, part->oldest, old_ms, prune->now_ms, &kept);

    /* After time away, where polls are rare, and by a wrong clock, at most twice as many go as have come just
     * now. */
    if (code == SQLITE_OK && prune->is_slow) {
        code = ask_number(store, part->count, prune->now_ms - STAMP_AHEAD_MS, ahead_ms, &come);
        prune->left = come < ROWS_MAX / 2 ? come * 2 : ROWS_MAX;
    }
    if (code == SQLITE_OK)
        code = remove_part(store, part, prune, floor_ms, old_ms - 1, INT64_MAX);
    if (code == SQLITE_OK)
        code = remove_part(store, part, prune, ahead_ms + 1, INT64_MAX, kept);
    if (code == SQLITE_OK)
        code = remove_part(store, part, prune, 1, floor_ms - 1, kept);
    return code;
}

/* Nothing goes without an answer of the older half, or, where months are kept, with hardly any at all. */
static int prune_all(struct store *store, struct prune *prune)
{
    int64_t old_ms = prune->now_ms - prune->keep_ms, witness = 0;
    int witnesses = 0, least = prune->keep_ms < MONTH_MS ? 1 : WITNESSES_LEAST;
    int code = ask_number(store, parts[0].oldest, old_ms, old_ms + prune->keep_ms / 2, &witness);

    if (code == SQLITE_OK)
        code = count_witnesses(store, prune, &witnesses);
    prune->left = ROWS_MAX;
    prune->is_slow = witnesses < WITNESSES;
    if (witness == 0 || witnesses < least)
        return code;
    for (size_t i = 0; code == SQLITE_OK && i < COUNT_OF(parts); i++)
        code = prune_part(store, &parts[i], prune);
    return code;
}

static int64_t ask_pragma(struct store *store, const char *sql)
{
    int64_t number = 0;

    return statement_ask(store, sql, &number, NO_VALUES) == SQLITE_OK ? number : 0;
}

/* Returns whether there is more to give back. Where it cannot be done now, it will be later. */
static bool give_back(struct store *store)
{
    char sql[64];
    int64_t pages, spare;

    if (store->database == NULL || ask_pragma(store, "PRAGMA auto_vacuum") == 0)
        return false;
    pages = ask_pragma(store, "PRAGMA page_count");
    spare = ask_pragma(store, "PRAGMA freelist_count") - pages / SPARE_PARTS;
    if (spare < PAGES_MAX / SPARE_PARTS)
        return false;
    (void)sqlite3_snprintf(sizeof sql, sql, "PRAGMA incremental_vacuum(%d)", PAGES_MAX);
    return statement_execute(store, sql) == SQLITE_OK && spare > PAGES_MAX;
}

enum status store_prune(struct store *store, int64_t now_ms, bool *more, struct error *error)
{
    struct prune prune = {.now_ms = now_ms, .keep_ms = store->keep_s * 1000, .left = 1};
    enum status status = STATUS_OK;

    if (store->keep_s > 0)
        status = work_begin(store, ACCESS_WRITE, error);
    if (store->keep_s > 0 && status == STATUS_OK)
        status = work_end(store, prune_all(store, &prune), error);
    if (status == STATUS_OK)
        *more = store->keep_s > 0 && ((prune.left <= 0 && !prune.is_slow) || give_back(store));
    return status;
}
