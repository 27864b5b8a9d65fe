/* What is known now: of backups and their domains, of the primary and its outages, of the daemon's life and of
 * the log. */
#include "internal.h"

enum {
    ANSWERS_SEARCHED = 50 /* of a domain, for a good one newer than that recorded last */
};

/* A call that writes by one statement. */
static enum status write_one(struct store *store, const char *sql, const struct value *values,
                             size_t count, struct error *error)
{
    enum status status = work_begin(store, ACCESS_WRITE, error);

    if (status == STATUS_OK)
        status = work_end(store, statement_run(store, sql, values, count), error);
    return status;
}

/* ---- backups ---- */

enum status store_set_due(struct store *store, const char *backup, int64_t slot_ms, int64_t due_ms,
                          struct error *error)
{
    static const char sql[] =
        "INSERT INTO backups (backup, slot_ms, due_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (backup) DO UPDATE SET slot_ms = excluded.slot_ms, due_ms = excluded.due_ms";

    return write_one(store, sql, VALUES(TEXT(backup), NUMBER(slot_ms), NUMBER(due_ms)), error);
}

enum status store_get_backup(struct store *store, const char *backup, struct store_backup *state,
                             bool *found, struct error *error)
{
    static const char sql[] =
        "SELECT slot_ms, due_ms, asked_ms, streak, failing_since_ms, certificate_expires_ms"
        " FROM backups WHERE backup = ?";
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(store, sql, VALUES(TEXT(backup)));
    struct store_backup read = {0};
    bool is_there = statement_row(&statement);
    if (is_there)
        read = (struct store_backup){.slot_ms = column_number(&statement, 0),
                                     .due_ms = column_number(&statement, 1),
                                     .asked_ms = column_stamp(&statement, 2),
                                     .streak = column_number(&statement, 3),
                                     .failing_since_ms = column_stamp(&statement, 4),
                                     .certificate_expires_ms = column_number(&statement, 5)};
    status = work_end(store, statement_end(&statement), error);
    if (status == STATUS_OK)
        *found = is_there;
    if (status == STATUS_OK && is_there)
        *state = read;
    return status;
}

/* ---- domains ---- */

static void read_domain(const struct statement *row, struct store_domain *state)
{
    state->first_ms = column_stamp(row, 0);
    state->at_ms = column_stamp(row, 1);
    state->good_ms = column_stamp(row, 2);
    state->has_good = column_number(row, 2) != 0;
    state->mail_ms = column_stamp(row, 3);
    state->streak = column_number(row, 4);
    state->silent = column_number(row, 5) != 0;
    column_copy(row, 6, state->outcome, sizeof state->outcome);
    state->code = (int)column_number(row, 7);
    column_copy(row, 8, state->text, sizeof state->text);
    state->pending = column_number_or(row, 9, -1);
    state->messages = column_number_or(row, 10, -1);
    state->bytes = column_number_or(row, 11, -1);
    grade_read_strip(state, column_text(row, 12));
    column_copy(row, 13, state->advice, sizeof state->advice);
    state->refused_for_now = column_number_or(row, 14, -1);
    state->refused_for_good = column_number_or(row, 15, -1);
}

/* The row keeps the stamp of the good answer recorded last. Where the clock was ahead then, or behind,
 * the newest stamp that is believed stands among the newest answers. */
static int find_good(struct store *store, const char *backup, const char *domain,
                     struct store_domain *state)
{
    static const char sql[] =
        "SELECT max(at_ms) FROM (SELECT at_ms, grade FROM answers INDEXED BY answers_domain"
        " WHERE domain = ?1 AND at_ms BETWEEN ?2 AND ?3 AND backup = ?4"
        " ORDER BY at_ms DESC LIMIT ?5) WHERE grade = 'good'";
    int64_t first_ms = state->good_ms != 0 ? state->good_ms + 1 : stamp_first(store), good_ms = 0;
    int code =
        statement_ask(store, sql, &good_ms,
                      VALUES(TEXT(domain), NUMBER(first_ms), NUMBER(stamp_last(store)),
                             TEXT(backup), NUMBER(state->good_ms != 0 ? ANSWERS_SEARCHED : -1)));

    if (good_ms > state->good_ms)
        state->good_ms = good_ms;
    if (state->at_ms != 0 && state->at_ms < state->good_ms)
        state->at_ms = state->good_ms;
    return code;
}

enum status store_get_domain(struct store *store, const char *backup, const char *domain,
                             struct store_domain *state, bool *found, struct error *error)
{
    static const char sql[] =
        "SELECT first_ms, at_ms, good_ms, mail_ms, streak, silent, outcome, code, text, pending,"
        " messages, bytes, strip, advice, refused_for_now, refused_for_good FROM domains"
        " WHERE backup = ? AND domain = ? AND outcome IS NOT NULL";
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(store, sql, VALUES(TEXT(backup), TEXT(domain)));
    struct store_domain read = {.code = 0};
    bool is_there = statement_row(&statement);
    if (is_there)
        read_domain(&statement, &read);
    int code = statement_end(&statement);
    if (code == SQLITE_OK && read.has_good)
        code = find_good(store, backup, domain, &read);
    status = work_end(store, code, error);
    if (status == STATUS_OK)
        *found = is_there;
    if (status == STATUS_OK && is_there)
        *state = read;
    return status;
}

/* A domain without a row is not silent: where it is to be, a row is made. */
enum status store_set_silent(struct store *store, const char *backup, const char *domain,
                             bool silent, bool *changed, struct error *error)
{
    static const char sql[] =
        "INSERT INTO domains (backup, domain, silent) SELECT ?1, ?2, 1"
        " WHERE ?3 OR EXISTS (SELECT 1 FROM domains WHERE backup = ?1 AND domain = ?2)"
        " ON CONFLICT (backup, domain) DO UPDATE SET silent = ?3 WHERE silent <> ?3";
    enum status status =
        write_one(store, sql, VALUES(TEXT(backup), TEXT(domain), NUMBER(silent)), error);

    if (status == STATUS_OK)
        *changed = sqlite3_changes(store->database) > 0;
    return status;
}

enum status store_recall(struct store *store, const char *backup,
                         void (*row)(void *context, const struct store_asked *asked), void *context,
                         struct error *error)
{
    static const char sql[] =
        "SELECT domain, asked_ms, started_ms, understood FROM domains WHERE backup = ?";
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(store, sql, VALUES(TEXT(backup)));
    while (statement_row(&statement))
        row(context, &(struct store_asked){.domain = column_text(&statement, 0),
                                           .asked_ms = column_stamp(&statement, 1),
                                           .started_ms = column_stamp(&statement, 2),
                                           .understood = column_number(&statement, 3) != 0});
    return work_end(store, statement_end(&statement), error);
}

/* ---- looks at the primary ---- */

enum status store_get_looks(struct store *store,
                            void (*row)(void *context, const struct store_look *look),
                            void *context, struct error *error)
{
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(
        store,
        "SELECT domain, turn FROM looks"
        " WHERE turn / ?1 BETWEEN ?2 AND ?3"
        " UNION ALL SELECT domain, 0 FROM looks"
        " WHERE turn / ?1 NOT BETWEEN ?2 AND ?3",
        VALUES(NUMBER(STORE_TURNS_A_MS), NUMBER(stamp_first(store)), NUMBER(stamp_last(store))));
    while (statement_row(&statement))
        row(context, &(struct store_look){.domain = column_text(&statement, 0),
                                          .turn = column_number(&statement, 1)});
    return work_end(store, statement_end(&statement), error);
}

enum status store_set_looks(struct store *store, const struct store_look *looks, size_t count,
                            struct error *error)
{
    static const char asked[] = "REPLACE INTO looks (domain, turn) VALUES (?1, ?2)";
    static const char none[] = "DELETE FROM looks WHERE domain = ?1";
    enum status status = work_begin(store, ACCESS_WRITE, error);
    int code = SQLITE_OK;

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code =
            looks[i].turn > 0
                ? statement_run(store, asked, VALUES(TEXT(looks[i].domain), NUMBER(looks[i].turn)))
                : statement_run(store, none, VALUES(TEXT(looks[i].domain)));
    return work_end(store, code, error);
}

/* ---- life ---- */

enum status store_set_alive(struct store *store, int64_t at_ms, bool has_ended, struct error *error)
{
    static const char sql[] =
        "INSERT INTO life (id, alive_ms, has_ended, is_up, looked_ms, since_ms, text)"
        " VALUES (1, ?, ?, 0, 0, 0, '') ON CONFLICT (id) DO UPDATE SET"
        " alive_ms = excluded.alive_ms, has_ended = excluded.has_ended";

    return write_one(store, sql, VALUES(NUMBER(at_ms), NUMBER(has_ended)), error);
}

enum status store_set_primary(struct store *store, const struct store_primary *primary,
                              struct error *error)
{
    static const char sql[] =
        "INSERT INTO life (id, alive_ms, is_up, looked_ms, since_ms, text)"
        " VALUES (1, ?5, ?1, ?2, iif(?3 = 0, ?2, ?3), ?4) ON CONFLICT (id) DO UPDATE SET"
        " alive_ms = iif(?5 = 0, alive_ms, ?5), has_ended = iif(?5 = 0, has_ended, 0),"
        " since_ms = iif(?3 = 0 AND looked_ms > 0 AND is_up = ?1 AND since_ms <= ?2 + " STAMP_AHEAD
        " AND (since_ms >= " STAMP_FLOOR " OR ?2 < " STAMP_FLOOR "), since_ms, excluded.since_ms),"
        " is_up = excluded.is_up, looked_ms = excluded.looked_ms, text = excluded.text";

    return write_one(
        store, sql,
        VALUES(NUMBER(primary->is_up), NUMBER(primary->looked_ms), NUMBER(primary->since_ms),
               TEXT(primary->text != NULL ? primary->text : ""), NUMBER(primary->alive_ms)),
        error);
}

enum status store_get_life(struct store *store, struct store_life *life, struct error *error)
{
    static const char sql[] =
        "SELECT alive_ms, has_ended, is_up, looked_ms, since_ms, text FROM life";
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(store, sql, NO_VALUES);
    struct store_life read = {.alive_ms = 0};
    if (statement_row(&statement)) {
        read.has_lived = column_number(&statement, 0) != 0;
        read.alive_ms = column_stamp(&statement, 0);
        read.has_ended = column_number(&statement, 1) != 0;
        read.is_up = column_number(&statement, 2) != 0;
        read.has_looked = column_number(&statement, 3) != 0;
        read.looked_ms = column_stamp(&statement, 3);
        read.since_ms = column_stamp(&statement, 4);
        column_copy(&statement, 5, read.text, sizeof read.text);
    }
    status = work_end(store, statement_end(&statement), error);
    if (status == STATUS_OK)
        *life = read;
    return status;
}

enum status store_set_log(struct store *store, const struct store_log *log, struct error *error)
{
    return write_one(store, "REPLACE INTO log (id, since_ms, missing, why) VALUES (1, ?, ?, ?)",
                     VALUES(NUMBER(log->since_ms), NUMBER((int64_t)log->missing), TEXT(log->why)),
                     error);
}

enum status store_get_log(struct store *store, struct store_log *log, struct error *error)
{
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement =
        statement_start(store, "SELECT since_ms, missing, why FROM log", NO_VALUES);
    *log = (struct store_log){0};
    if (statement_row(&statement)) {
        log->since_ms = column_stamp(&statement, 0);
        log->missing = (uint64_t)column_number(&statement, 1);
        column_copy(&statement, 2, log->why, sizeof log->why);
    }
    return work_end(store, statement_end(&statement), error);
}

/* ---- outages ---- */

/* A unique index lets only one be open. */
enum status store_outage_begin(struct store *store, int64_t at_ms, const char *why,
                               struct error *error)
{
    return write_one(store, "INSERT OR IGNORE INTO outages (began_ms, why) VALUES (?, ?)",
                     VALUES(NUMBER(at_ms), TEXT(why != NULL ? why : "")), error);
}

enum status store_outage_end(struct store *store, int64_t at_ms, struct error *error)
{
    return write_one(store, "UPDATE outages SET ended_ms = ? WHERE ended_ms = 0",
                     VALUES(NUMBER(at_ms)), error);
}

enum status store_last_outage(struct store *store, struct store_outage *outage, bool *found,
                              struct error *error)
{
    static const char sql[] = "SELECT began_ms, ended_ms, why FROM outages WHERE ended_ms = 0"
                              " OR (began_ms BETWEEN ?1 AND ?2 AND ended_ms BETWEEN ?1 AND ?2)"
                              " ORDER BY id DESC LIMIT 1";
    enum status status = work_begin(store, ACCESS_READ, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement =
        statement_start(store, sql, VALUES(NUMBER(stamp_first(store)), NUMBER(stamp_last(store))));
    *found = statement_row(&statement);
    if (*found) {
        outage->began_ms = column_stamp(&statement, 0);
        if (outage->began_ms == 0)
            outage->began_ms = stamp_now(store);
        outage->ended_ms = column_number(&statement, 1);
        column_copy(&statement, 2, outage->why, sizeof outage->why);
    }
    return work_end(store, statement_end(&statement), error);
}
