/* The schedule's memory: when each backup is due, and what is known of it. */
#include "internal.h"

struct due {
    const char *backup;
    int64_t slot_ms, due_ms;
};

static int set_due(struct store *store, void *context)
{
    static const char sql[] =
        "INSERT INTO backups (backup, slot_ms, due_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (backup) DO UPDATE SET slot_ms = excluded.slot_ms, due_ms = excluded.due_ms";
    const struct due *due = context;
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, due->backup);
    statement_number(&statement, due->slot_ms);
    statement_number(&statement, due->due_ms);
    return statement_run(&statement);
}

enum status store_set_due(struct store *store, const char *backup, int64_t slot_ms, int64_t due_ms,
                          struct error *error)
{
    struct due due = {.backup = backup, .slot_ms = slot_ms, .due_ms = due_ms};

    return transaction_run(store, ACCESS_WRITE, set_due, &due, error);
}

struct backup_query {
    const char *backup;
    struct store_backup state;
    bool found;
};

static int get_backup(struct store *store, void *context)
{
    static const char sql[] =
        "SELECT slot_ms, due_ms, asked_ms, streak, failing_since_ms, certificate_expires_ms"
        " FROM backups WHERE backup = ?";
    struct backup_query *query = context;
    struct statement statement = statement_start(store, sql);

    statement_text(&statement, query->backup);
    query->found = statement_row(&statement);
    if (query->found) {
        query->state = (struct store_backup){
            .slot_ms = statement_column_number(&statement, 0),
            .due_ms = statement_column_number(&statement, 1),
            .asked_ms = stamp_believed(store, statement_column_number(&statement, 2)),
            .streak = statement_column_number(&statement, 3),
            .failing_since_ms = stamp_believed(store, statement_column_number(&statement, 4)),
            .certificate_expires_ms = statement_column_number(&statement, 5),
        };
    }
    return statement_end(&statement);
}

enum status store_get_backup(struct store *store, const char *backup, struct store_backup *state,
                             bool *found, struct error *error)
{
    struct backup_query query = {.backup = backup};
    enum status status = transaction_run(store, ACCESS_READ, get_backup, &query, error);

    if (status != STATUS_OK)
        return status;
    *found = query.found;
    if (query.found)
        *state = query.state;
    return STATUS_OK;
}
