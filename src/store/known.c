/* The present state: of backups, what they brought, and their domains, of the primary and its outages, of the daemon and of the log. */
#include "internal.h"

#include <string.h>

/* A call that writes by one statement. */
static enum status write_one(struct store *store, const char *sql, const struct value *values,
                             size_t count, struct error *error)
{
    enum status status = work_begin(store, true, error);

    if (status == STATUS_OK)
        status = work_end(store, statement_run(store, sql, values, count), error);
    return status;
}

/* A call that reads one row into *record, or leaves it untouched. */
struct question {
    const char *sql;
    struct layout layout;
};

static enum status read_one(struct store *store, const struct question *question,
                            const struct value *values, size_t count, void *record, bool *found,
                            struct error *error)
{
    enum status status = work_begin(store, false, error);

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(store, question->sql, values, count);
    *found = statement_row(&statement);
    if (*found)
        record_read(&statement, &question->layout, record);
    return work_end(store, statement_end(&statement), error);
}

/* ---- backups ---- */

static const struct question backup_question = {
    "SELECT slot_ms, due_ms, asked_ms, streak, failing_since_ms, certificate_expires_ms"
    " FROM backups WHERE backup = ?",
    LAYOUT(FIELD(NUMBER, store_backup, slot_ms), FIELD(NUMBER, store_backup, due_ms),
           FIELD(STAMP, store_backup, asked_ms), FIELD(NUMBER, store_backup, streak),
           FIELD(STAMP, store_backup, failing_since_ms),
           FIELD(NUMBER, store_backup, certificate_expires_ms))};

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
    return read_one(store, &backup_question, VALUES(TEXT(backup)), state, found, error);
}

/* ---- arrivals and drills ---- */

enum status store_set_arrival(struct store *store, const struct store_arrival *arrival,
                              struct error *error)
{
    static const char sql[] =
        "INSERT INTO arrivals (asked_ms, backup, state, evidence, messages, bytes, connections,"
        " first_ms, last_ms, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (asked_ms, backup) DO UPDATE SET state = excluded.state,"
        " evidence = excluded.evidence, messages = excluded.messages, bytes = excluded.bytes,"
        " connections = excluded.connections, first_ms = excluded.first_ms,"
        " last_ms = excluded.last_ms, address = excluded.address";

    return write_one(store, sql,
                     VALUES(NUMBER(arrival->asked_ms), TEXT(arrival->backup), TEXT(arrival->state),
                            TEXT(arrival->evidence), TOLD(arrival->messages), TOLD(arrival->bytes),
                            TOLD(arrival->connections), NUMBER(arrival->first_ms),
                            NUMBER(arrival->last_ms), TEXT(arrival->address)),
                     error);
}

static const struct question arrival_question = {
    "SELECT asked_ms, first_ms, last_ms, messages, bytes, connections, state, evidence, address"
    " FROM arrivals WHERE backup = ? AND" WITH_MAIL "ORDER BY id DESC LIMIT 1",
    LAYOUT(FIELD(STAMP, store_last_arrival, asked_ms), FIELD(STAMP, store_last_arrival, first_ms),
           FIELD(STAMP, store_last_arrival, last_ms), FIELD(TOLD, store_last_arrival, messages),
           FIELD(TOLD, store_last_arrival, bytes), FIELD(TOLD, store_last_arrival, connections),
           FIELD(COPY, store_last_arrival, state), FIELD(COPY, store_last_arrival, evidence),
           FIELD(COPY, store_last_arrival, address))};

enum status store_last_arrival(struct store *store, const char *backup,
                               struct store_last_arrival *arrival, bool *found, struct error *error)
{
    return read_one(store, &arrival_question, VALUES(TEXT(backup)), arrival, found, error);
}

/* Only that nothing at all was seen has no evidence, and is recorded of announced mail alone. */
static const struct question unseen_question = {
    "SELECT asked_ms FROM (SELECT asked_ms, state, evidence FROM arrivals WHERE backup = ?"
    " AND asked_ms BETWEEN ? AND ? ORDER BY asked_ms DESC LIMIT 1)"
    " WHERE state = 'unseen' AND evidence IS NULL",
    LAYOUT(FIELD(NUMBER, store_last_arrival, asked_ms))};

enum status store_unseen(struct store *store, const char *backup, int64_t since_ms,
                         int64_t until_ms, int64_t *asked_ms, bool *found, struct error *error)
{
    struct store_last_arrival arrival;
    enum status status =
        read_one(store, &unseen_question, VALUES(TEXT(backup), NUMBER(since_ms), NUMBER(until_ms)),
                 &arrival, found, error);

    if (status == STATUS_OK && *found)
        *asked_ms = arrival.asked_ms;
    return status;
}

enum status store_set_drill(struct store *store, const struct store_drill *drill,
                            struct error *error)
{
    static const char before[] = "DELETE FROM drills WHERE backup = ? AND token = ?";
    static const char sql[] =
        "INSERT INTO drills (at_ms, backup, domain, outcome, evidence, text, token, exit_status,"
        " accepted_ms, arrived_ms, code) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

    enum status status = work_begin(store, true, error);

    if (status != STATUS_OK)
        return status;
    int code = statement_run(store, before, VALUES(TEXT(drill->backup), TEXT(drill->token)));
    if (code == SQLITE_OK)
        code = statement_run(store, sql,
                             VALUES(NUMBER(drill->at_ms), TEXT(drill->backup), TEXT(drill->domain),
                                    TEXT(drill->outcome), TEXT(drill->evidence), TEXT(drill->text),
                                    TEXT(drill->token), NUMBER(drill->exit_status),
                                    TOLD(drill->accepted_ms), TOLD(drill->arrived_ms),
                                    NUMBER(drill->code)));
    return work_end(store, code, error);
}

static const struct question drill_question = {
    "SELECT at_ms, accepted_ms, arrived_ms, exit_status, code, domain, outcome, evidence, text"
    " FROM drills WHERE backup = ? AND outcome IS NOT ? ORDER BY id DESC LIMIT 1",
    LAYOUT(FIELD(STAMP, store_last_drill, at_ms), FIELD(TOLD, store_last_drill, accepted_ms),
           FIELD(TOLD, store_last_drill, arrived_ms), FIELD(NUMBER, store_last_drill, exit_status),
           FIELD(NUMBER, store_last_drill, code), FIELD(COPY, store_last_drill, domain),
           FIELD(COPY, store_last_drill, outcome), FIELD(COPY, store_last_drill, evidence),
           FIELD(COPY, store_last_drill, text))};

enum status store_last_drill(struct store *store, const char *backup, const char *but,
                             struct store_last_drill *drill, bool *found, struct error *error)
{
    return read_one(store, &drill_question, VALUES(TEXT(backup), TEXT(but)), drill, found, error);
}

/* ---- domains ---- */

/* A domain as its row has it. */
struct known {
    struct store_domain state;
    int64_t good_before_ms;
    char strip[STORE_STRIP_MAX + 1];
};

static const struct question domain_question = {
    "SELECT first_ms, at_ms, good_ms, good_ms <> 0, good_before_ms, mail_ms, streak, silent,"
    " outcome, code, text, advice, pending, messages, bytes, refused_for_now, refused_for_good,"
    " strip FROM domains WHERE backup = ? AND domain = ? AND outcome IS NOT NULL",
    LAYOUT(FIELD(STAMP, known, state.first_ms), FIELD(STAMP, known, state.at_ms),
           FIELD(STAMP, known, state.good_ms), FIELD(NUMBER, known, state.has_good),
           FIELD(STAMP, known, good_before_ms), FIELD(STAMP, known, state.mail_ms),
           FIELD(NUMBER, known, state.streak), FIELD(NUMBER, known, state.silent),
           FIELD(COPY, known, state.outcome), FIELD(NUMBER, known, state.code),
           FIELD(COPY, known, state.text), FIELD(COPY, known, state.advice),
           FIELD(TOLD, known, state.pending), FIELD(TOLD, known, state.messages),
           FIELD(TOLD, known, state.bytes), FIELD(TOLD, known, state.refused_for_now),
           FIELD(TOLD, known, state.refused_for_good), FIELD(COPY, known, strip))};

enum status store_get_domain(struct store *store, const char *backup, const char *domain,
                             struct store_domain *state, bool *found, struct error *error)
{
    static const char letters[] = "+=-!"; /* of the grades */
    struct known known = {.good_before_ms = 0};
    enum status status =
        read_one(store, &domain_question, VALUES(TEXT(backup), TEXT(domain)), &known, found, error);

    if (status != STATUS_OK || !*found)
        return status;
    *state = known.state;
    if (known.good_before_ms > state->good_ms)
        state->good_ms = known.good_before_ms;
    if (state->at_ms != 0 && state->at_ms < state->good_ms)
        state->at_ms = state->good_ms;
    for (const char *at = known.strip; *at != '\0'; at++) {
        const char *letter = strchr(letters, *at);

        state->strip[state->strip_count++] =
            letter != NULL ? (enum grade)(letter - letters) : GRADE_BAD;
    }
    return STATUS_OK;
}

/* A domain without a row is not silent; a row is made only for one that is. */
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

static const struct layout asked_layout =
    LAYOUT(FIELD(NAME, store_asked, domain), FIELD(STAMP, store_asked, asked_ms),
           FIELD(STAMP, store_asked, started_ms), FIELD(NUMBER, store_asked, understood));

enum status store_recall(struct store *store, const char *backup,
                         void (*row)(void *context, const struct store_asked *asked), void *context,
                         struct error *error)
{
    static const char sql[] =
        "SELECT domain, asked_ms, started_ms, understood FROM domains WHERE backup = ?";
    enum status status = work_begin(store, false, error);
    struct store_asked asked;

    if (status != STATUS_OK)
        return status;
    struct statement statement = statement_start(store, sql, VALUES(TEXT(backup)));
    while (statement_row(&statement)) {
        record_read(&statement, &asked_layout, &asked);
        row(context, &asked);
    }
    return work_end(store, statement_end(&statement), error);
}

/* ---- looks at the primary ---- */

static const struct question look_question = {"SELECT turn FROM looks WHERE domain = ?",
                                              LAYOUT(FIELD(NUMBER, store_look, turn))};

enum status store_get_look(struct store *store, const char *domain, int64_t *turn, bool *found,
                           struct error *error)
{
    struct store_look look;
    enum status status = read_one(store, &look_question, VALUES(TEXT(domain)), &look, found, error);

    if (status == STATUS_OK && *found)
        *turn = stamp_believed(store, look.turn / STORE_TURNS_A_MS) != 0 ? look.turn : 0;
    return status;
}

enum status store_set_looks(struct store *store, const struct store_look *looks, size_t count,
                            struct error *error)
{
    static const char asked[] = "REPLACE INTO looks (domain, turn) VALUES (?1, ?2)";
    static const char none[] = "DELETE FROM looks WHERE domain = ?1 AND ?2 = 0";
    enum status status = work_begin(store, true, error);
    int code = SQLITE_OK;

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = statement_run(store, looks[i].turn > 0 ? asked : none,
                             VALUES(TEXT(looks[i].domain), NUMBER(looks[i].turn)));
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

static const struct question life_question = {
    "SELECT alive_ms <> 0, alive_ms, has_ended, is_up, looked_ms <> 0, looked_ms, since_ms, text"
    " FROM life",
    LAYOUT(FIELD(NUMBER, store_life, has_lived), FIELD(STAMP, store_life, alive_ms),
           FIELD(NUMBER, store_life, has_ended), FIELD(NUMBER, store_life, is_up),
           FIELD(NUMBER, store_life, has_looked), FIELD(STAMP, store_life, looked_ms),
           FIELD(STAMP, store_life, since_ms), FIELD(COPY, store_life, text))};

enum status store_get_life(struct store *store, struct store_life *life, struct error *error)
{
    bool found;

    *life = (struct store_life){.alive_ms = 0};
    return read_one(store, &life_question, NO_VALUES, life, &found, error);
}

enum status store_set_log(struct store *store, const struct store_log *log, struct error *error)
{
    return write_one(store, "REPLACE INTO log (id, since_ms, missing, why) VALUES (1, ?, ?, ?)",
                     VALUES(NUMBER(log->since_ms), NUMBER((int64_t)log->missing), TEXT(log->why)),
                     error);
}

static const struct question log_question = {"SELECT since_ms, missing, why FROM log",
                                             LAYOUT(FIELD(STAMP, store_log, since_ms),
                                                    FIELD(NUMBER, store_log, missing),
                                                    FIELD(COPY, store_log, why))};

enum status store_get_log(struct store *store, struct store_log *log, struct error *error)
{
    bool found;

    *log = (struct store_log){.missing = 0};
    return read_one(store, &log_question, NO_VALUES, log, &found, error);
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

static const struct question outage_question = {
    "SELECT began_ms, ended_ms, why FROM outages WHERE ended_ms = 0"
    " OR (began_ms BETWEEN ?1 AND ?2 AND ended_ms BETWEEN ?1 AND ?2) ORDER BY id DESC LIMIT 1",
    LAYOUT(FIELD(STAMP, store_outage, began_ms), FIELD(NUMBER, store_outage, ended_ms),
           FIELD(COPY, store_outage, why))};

enum status store_last_outage(struct store *store, struct store_outage *outage, bool *found,
                              struct error *error)
{
    enum status status = read_one(store, &outage_question,
                                  VALUES(NUMBER(stamp_first(store)), NUMBER(stamp_last(store))),
                                  outage, found, error);

    if (status == STATUS_OK && *found && outage->began_ms == 0)
        outage->began_ms = stamp_now(store);
    return status;
}
