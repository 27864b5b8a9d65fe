/* The daemon's last sign of life, the primary as it was last seen, its outages, and what the
 * log lacks. */
#include "internal.h"

struct sign {
    int64_t at_ms;
    bool has_ended;
};

static int set_alive(struct store *store, void *context)
{
    static const char sql[] =
        "INSERT INTO life (id, alive_ms, has_ended, is_up, looked_ms, since_ms, text)"
        " VALUES (1, ?, ?, 0, 0, 0, '') ON CONFLICT (id) DO UPDATE SET"
        " alive_ms = excluded.alive_ms, has_ended = excluded.has_ended";
    const struct sign *sign = context;
    struct statement statement = statement_start(store, sql);

    statement_number(&statement, sign->at_ms);
    statement_number(&statement, sign->has_ended ? 1 : 0);
    return statement_run(&statement);
}

enum status store_set_alive(struct store *store, int64_t at_ms, bool has_ended, struct error *error)
{
    struct sign sign = {.at_ms = at_ms, .has_ended = has_ended};

    return transaction_run(store, ACCESS_WRITE, set_alive, &sign, error);
}

static int set_primary(struct store *store, void *context)
{
    static const char sql[] =
        "INSERT INTO life (id, alive_ms, is_up, looked_ms, since_ms, text)"
        " VALUES (1, ?5, ?1, ?2, iif(?3 = 0, ?2, ?3), ?4) ON CONFLICT (id) DO UPDATE SET"
        " alive_ms = iif(?5 = 0, alive_ms, ?5), has_ended = iif(?5 = 0, has_ended, 0),"
        " since_ms = iif(?3 = 0 AND looked_ms > 0 AND is_up = ?1 AND since_ms <= ?2 + " STAMP_AHEAD
        " AND (since_ms >= " STAMP_FLOOR " OR ?2 < " STAMP_FLOOR "), since_ms, excluded.since_ms),"
        " is_up = excluded.is_up, looked_ms = excluded.looked_ms, text = excluded.text";
    const struct store_primary *primary = context;
    struct statement statement = statement_start(store, sql);

    statement_number(&statement, primary->is_up ? 1 : 0);
    statement_number(&statement, primary->looked_ms);
    statement_number(&statement, primary->since_ms);
    statement_text(&statement, primary->text != NULL ? primary->text : "");
    statement_number(&statement, primary->alive_ms);
    return statement_run(&statement);
}

enum status store_set_primary(struct store *store, const struct store_primary *primary,
                              struct error *error)
{
    struct store_primary copy = *primary;

    return transaction_run(store, ACCESS_WRITE, set_primary, &copy, error);
}

static int get_life(struct store *store, void *context)
{
    static const char sql[] =
        "SELECT alive_ms, has_ended, is_up, looked_ms, since_ms, text FROM life";
    struct store_life *life = context;
    struct statement statement = statement_start(store, sql);

    *life = (struct store_life){.alive_ms = 0};
    if (statement_row(&statement)) {
        life->has_lived = statement_column_number(&statement, 0) != 0;
        life->alive_ms = stamp_believed(store, statement_column_number(&statement, 0));
        life->has_ended = statement_column_number(&statement, 1) != 0;
        life->is_up = statement_column_number(&statement, 2) != 0;
        life->has_looked = statement_column_number(&statement, 3) != 0;
        life->looked_ms = stamp_believed(store, statement_column_number(&statement, 3));
        life->since_ms = stamp_believed(store, statement_column_number(&statement, 4));
        statement_copy_text(&statement, 5, life->text, sizeof life->text);
    }
    return statement_end(&statement);
}

enum status store_get_life(struct store *store, struct store_life *life, struct error *error)
{
    struct store_life read;
    enum status status = transaction_run(store, ACCESS_READ, get_life, &read, error);

    if (status == STATUS_OK)
        *life = read;
    return status;
}

static int set_log(struct store *store, void *context)
{
    const struct store_log *log = context;
    struct statement statement =
        statement_start(store, "REPLACE INTO log (id, since_ms, missing, why) VALUES (1, ?, ?, ?)");

    statement_number(&statement, log->since_ms);
    statement_number(&statement, (int64_t)log->missing);
    statement_text(&statement, log->why);
    return statement_run(&statement);
}

enum status store_set_log(struct store *store, const struct store_log *log, struct error *error)
{
    struct store_log copy = *log;

    return transaction_run(store, ACCESS_WRITE, set_log, &copy, error);
}

static int get_log(struct store *store, void *context)
{
    struct store_log *log = context;
    struct statement statement = statement_start(store, "SELECT since_ms, missing, why FROM log");

    *log = (struct store_log){0};
    if (statement_row(&statement)) {
        log->since_ms = stamp_believed(store, statement_column_number(&statement, 0));
        log->missing = (uint64_t)statement_column_number(&statement, 1);
        statement_copy_text(&statement, 2, log->why, sizeof log->why);
    }
    return statement_end(&statement);
}

enum status store_get_log(struct store *store, struct store_log *log, struct error *error)
{
    return transaction_run(store, ACCESS_READ, get_log, log, error);
}

struct outage_edge {
    int64_t at_ms;
    const char *why;
};

/* A unique index lets only one be open. */
static int begin_outage(struct store *store, void *context)
{
    static const char sql[] = "INSERT OR IGNORE INTO outages (began_ms, why) VALUES (?, ?)";
    const struct outage_edge *edge = context;
    struct statement statement = statement_start(store, sql);

    statement_number(&statement, edge->at_ms);
    statement_text(&statement, edge->why != NULL ? edge->why : "");
    return statement_run(&statement);
}

static int end_outage(struct store *store, void *context)
{
    static const char sql[] = "UPDATE outages SET ended_ms = ? WHERE ended_ms = 0";
    const struct outage_edge *edge = context;
    struct statement statement = statement_start(store, sql);

    statement_number(&statement, edge->at_ms);
    return statement_run(&statement);
}

enum status store_outage_begin(struct store *store, int64_t at_ms, const char *why,
                               struct error *error)
{
    struct outage_edge edge = {.at_ms = at_ms, .why = why};

    return transaction_run(store, ACCESS_WRITE, begin_outage, &edge, error);
}

enum status store_outage_end(struct store *store, int64_t at_ms, struct error *error)
{
    struct outage_edge edge = {.at_ms = at_ms};

    return transaction_run(store, ACCESS_WRITE, end_outage, &edge, error);
}

struct outage_query {
    struct store_outage outage;
    bool found;
};

static int last_outage(struct store *store, void *context)
{
    static const char sql[] = "SELECT began_ms, ended_ms, why FROM outages WHERE ended_ms = 0"
                              " OR (began_ms BETWEEN ?1 AND ?2 AND ended_ms BETWEEN ?1 AND ?2)"
                              " ORDER BY id DESC LIMIT 1";
    struct outage_query *query = context;
    struct statement statement = statement_start(store, sql);

    statement_number(&statement, stamp_first(store));
    statement_number(&statement, stamp_last(store));
    query->found = statement_row(&statement);
    if (query->found) {
        query->outage.began_ms = stamp_believed(store, statement_column_number(&statement, 0));
        if (query->outage.began_ms == 0)
            query->outage.began_ms = stamp_now(store);
        query->outage.ended_ms = statement_column_number(&statement, 1);
        statement_copy_text(&statement, 2, query->outage.why, sizeof query->outage.why);
    }
    return statement_end(&statement);
}

enum status store_last_outage(struct store *store, struct store_outage *outage, bool *found,
                              struct error *error)
{
    struct outage_query query = {.found = false};
    enum status status = transaction_run(store, ACCESS_READ, last_outage, &query, error);

    if (status != STATUS_OK)
        return status;
    *found = query.found;
    if (query.found)
        *outage = query.outage;
    return STATUS_OK;
}
