/* Old rows go, a bounded part at a time, so that nobody waits long. The present state of backups, domains and the primary
 * stays. */
#include "internal.h"

#include <mxpull/base/compiler.h>

enum {
    ROWS_MAX = 2000,  /* of a table */
    PAGES_MAX = 1000, /* given back at once */
    SPARE_PARTS = 8,  /* of which one may be spare: new rows find their place there */
    WITNESSES = 8,    /* parts of the time that is kept */
    WITNESSES_LEAST = 4
};

#define MONTH_MS (INT64_C(30) * 24 * 3600 * 1000)

/* How many of the eight parts of the time that is kept, ?2 each, from ?1 on, have answers; 0 where the older half has none. */
static const char witnesses_sql[] =
    "WITH RECURSIVE parts(part, from_ms) AS (SELECT 0, ?1 UNION ALL"
    " SELECT part + 1, from_ms + ?2 FROM parts WHERE part < 7)"
    " SELECT iif(min(part) < 4, count(*), 0) FROM parts"
    " WHERE EXISTS (SELECT 1 FROM answers WHERE at_ms BETWEEN from_ms AND from_ms + ?2)";

/* Removes at most ?6 rows: those with stamps from ?1 to before ?2; and, of those with stamps that are not believed (later than
 * ?4, or earlier than ?1), the rows written before the first one that is kept (from ?2 to ?3). Unless ?5 is NULL: at most
 * twice as many as there are rows with stamps from ?5 to ?4. Those of but stay. */
#define REMOVE(table, stamp, but)                                                                  \
    "WITH kept(id) AS (SELECT id FROM " table " WHERE " stamp " BETWEEN ?2 AND ?3 ORDER BY " stamp \
    " LIMIT 1) DELETE FROM " table " WHERE id IN (SELECT id FROM (SELECT id FROM " table           \
    " WHERE " stamp " BETWEEN ?1 AND ?2 - 1 UNION ALL SELECT id FROM " table " WHERE " stamp       \
    " > ?4 AND id < (SELECT id FROM kept) UNION ALL SELECT id FROM " table " WHERE " stamp         \
    " BETWEEN 1 AND ?1 - 1 AND id < (SELECT id FROM kept))" but                                    \
    " LIMIT iif(?5 IS NULL, ?6, min(?6,"                                                           \
    " 2 * (SELECT count(*) FROM " table " WHERE " stamp " BETWEEN ?5 AND ?4))))"

#define BUT_LAST(table, of) " WHERE id NOT IN (SELECT max(id) FROM " table of " GROUP BY backup)"

static const char *const removals[] = {
    REMOVE("answers", "at_ms", ""), REMOVE("messages", "at_ms", ""),
    REMOVE("outages", "ended_ms", ""),
    REMOVE("arrivals", "asked_ms", BUT_LAST("arrivals", " WHERE" WITH_MAIL)),
    REMOVE("drills", "at_ms", BUT_LAST("drills", ""))};

/* A clock that has run ahead would make everything old. So nothing goes without an answer of the older half or, where months
 * are kept, with hardly any: a few answers by a clock far ahead make nothing old. After time away, where polls are rare, and
 * by a wrong clock, at most twice as many rows go as have just come. */
static int prune(struct store *store, int64_t now_ms, bool *more)
{
    int64_t keep_ms = store->options.keep_s * 1000, old_ms = now_ms - keep_ms, witnesses = 0;
    int64_t floor_ms = now_ms >= CLOCK_SET_MS ? CLOCK_SET_MS : 1;
    int code = statement_ask(store, witnesses_sql, &witnesses,
                             VALUES(NUMBER(old_ms), NUMBER(keep_ms / WITNESSES)));
    bool is_slow = witnesses < WITNESSES;

    if (witnesses < (keep_ms < MONTH_MS ? 1 : WITNESSES_LEAST))
        return code;
    for (size_t i = 0; i < COUNT_OF(removals) && code == SQLITE_OK; i++) {
        code = statement_run(store, removals[i],
                             VALUES(NUMBER(floor_ms), NUMBER(old_ms), NUMBER(now_ms),
                                    NUMBER(now_ms + STAMP_AHEAD_MS),
                                    {.is_text = !is_slow, .number = now_ms - STAMP_AHEAD_MS},
                                    NUMBER(ROWS_MAX)));
        *more = *more || (!is_slow && sqlite3_changes(store->database) == ROWS_MAX);
    }
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
    bool has_more = false;

    if (store->options.keep_s > 0) {
        enum status status = work_begin(store, true, error);

        if (status == STATUS_OK)
            status = work_end(store, prune(store, now_ms, &has_more), error);
        if (status != STATUS_OK)
            return status;
    }
    *more = has_more || (store->options.keep_s > 0 && give_back(store));
    return STATUS_OK;
}
