/* Old rows go, a bounded part at a time, so that nobody waits long for it. What is known now of
 * backups, domains and the primary stays. */
#include "internal.h"

#include <mxpull/base/compiler.h>

enum {
    ROWS_MAX = 2000
};

struct prune {
    int64_t before_ms;
    int64_t left; /* rows that may still go */
};

/* Each takes rows before ?1, at most ?2. */
static const char answers[] = "DELETE FROM answers WHERE id IN"
                              " (SELECT id FROM answers WHERE at_ms < ? ORDER BY at_ms LIMIT ?)";
static const char polls[] = "DELETE FROM polls WHERE id IN"
                            " (SELECT id FROM polls WHERE ended_ms < ? ORDER BY ended_ms LIMIT ?)";
static const char message_domains[] =
    "DELETE FROM message_domains WHERE message IN"
    " (SELECT id FROM messages WHERE at_ms < ? ORDER BY at_ms, id LIMIT ?)";
static const char messages[] =
    "DELETE FROM messages WHERE id IN"
    " (SELECT id FROM messages WHERE at_ms < ? ORDER BY at_ms, id LIMIT ?)";
static const char outages[] = "DELETE FROM outages WHERE id IN"
                              " (SELECT id FROM outages WHERE ended_ms > 0 AND ended_ms < ?"
                              " LIMIT ?)";

static int remove_rows(struct store *store, const char *sql, const struct prune *prune,
                       int64_t *removed)
{
    struct statement statement = statement_start(store, sql);
    int code;

    statement_number(&statement, prune->before_ms);
    statement_number(&statement, prune->left);
    code = statement_run(&statement);
    *removed = code == SQLITE_OK ? sqlite3_changes(store->database) : 0;
    return code;
}

static int prune_all(struct store *store, void *context)
{
    struct prune *prune = context;
    int64_t removed = 0;
    int code = SQLITE_OK;
    /* What points at messages goes with them, and is not counted. */
    const struct {
        const char *sql;
        bool is_counted;
    } parts[] = {
        {answers, true}, {polls, true}, {message_domains, false}, {messages, true}, {outages, true},
    };

    prune->left = ROWS_MAX;
    for (size_t i = 0; code == SQLITE_OK && prune->left > 0 && i < COUNT_OF(parts); i++) {
        code = remove_rows(store, parts[i].sql, prune, &removed);
        if (parts[i].is_counted)
            prune->left -= removed;
    }
    return code;
}

enum status store_prune(struct store *store, int64_t now_ms, bool *more, struct error *error)
{
    struct prune prune = {.before_ms = now_ms - store->keep_s * 1000};
    enum status status = STATUS_OK;

    if (store->keep_s > 0)
        status = transaction_run(store, ACCESS_WRITE, prune_all, &prune, error);
    if (status == STATUS_OK)
        *more = store->keep_s > 0 && prune.left <= 0;
    return status;
}
