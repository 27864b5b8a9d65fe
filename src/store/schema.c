/* The tables, as the steps from each version to the next: a step that was released is never changed.
 * The version is the file's user_version. The names and texts are meant to be read with sqlite3 too;
 * stamps are milliseconds since 1970: datetime(at_ms / 1000, 'unixepoch'). */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>

static const char version_1[] =
    "CREATE TABLE polls ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " cause TEXT NOT NULL,"
    " began_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL,"
    " exit_status INTEGER NOT NULL,"
    " grade TEXT NOT NULL);" /* good, held, temporary, bad */
    "CREATE INDEX polls_ended ON polls (ended_ms);"

    "CREATE TABLE answers ("
    " id INTEGER PRIMARY KEY,"
    " poll INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " domain TEXT NOT NULL COLLATE NOCASE,"
    " verb TEXT NOT NULL,"
    " outcome TEXT NOT NULL,"
    " grade TEXT NOT NULL,"
    " code INTEGER NOT NULL,"
    " text TEXT,"
    " address TEXT,"
    " tls TEXT,"
    " authenticated INTEGER NOT NULL,"
    " pending INTEGER," /* NULL: not told */
    " messages INTEGER,"
    " bytes INTEGER,"
    " attempts INTEGER NOT NULL,"
    " ms INTEGER NOT NULL);"
    "CREATE INDEX answers_at ON answers (at_ms);"
    "CREATE INDEX answers_backup ON answers (backup, at_ms, id);"
    "CREATE INDEX answers_domain ON answers (domain, at_ms, id);"
    "CREATE INDEX answers_outcome ON answers (outcome, at_ms);"
    "CREATE INDEX answers_outcome_backup ON answers (backup, outcome, at_ms, id);"
    "CREATE INDEX answers_outcome_domain ON answers (domain, outcome, at_ms, id);"
    "CREATE INDEX answers_failed ON answers (at_ms) WHERE grade IN ('temporary', 'bad');"
    "CREATE INDEX answers_failed_backup ON answers (backup, at_ms, id, outcome, grade)"
    " WHERE grade IN ('temporary', 'bad');"
    "CREATE INDEX answers_failed_domain ON answers (domain, at_ms, id, outcome, grade)"
    " WHERE grade IN ('temporary', 'bad');"

    "CREATE TABLE backups ("
    " backup TEXT PRIMARY KEY COLLATE NOCASE,"
    " slot_ms INTEGER NOT NULL DEFAULT 0,"
    " due_ms INTEGER NOT NULL DEFAULT 0,"
    " asked_ms INTEGER NOT NULL DEFAULT 0,"
    " streak INTEGER NOT NULL DEFAULT 0,"
    " failing_since_ms INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID;"

    "CREATE TABLE domains ("
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " domain TEXT NOT NULL COLLATE NOCASE,"
    " first_ms INTEGER NOT NULL DEFAULT 0,"
    " at_ms INTEGER NOT NULL DEFAULT 0,"
    " good_ms INTEGER NOT NULL DEFAULT 0,"
    " streak INTEGER NOT NULL DEFAULT 0,"
    " silent INTEGER NOT NULL DEFAULT 0,"
    " outcome TEXT," /* NULL: no answer yet */
    " code INTEGER NOT NULL DEFAULT 0,"
    " text TEXT,"
    " messages INTEGER,"
    " bytes INTEGER,"
    " pending INTEGER,"
    " strip TEXT NOT NULL DEFAULT ''," /* the last 30: + good, = held, - temporary, ! bad */
    " PRIMARY KEY (backup, domain)"
    ") WITHOUT ROWID;"

    "CREATE TABLE life ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " alive_ms INTEGER NOT NULL,"
    " is_up INTEGER NOT NULL,"
    " looked_ms INTEGER NOT NULL,"
    " since_ms INTEGER NOT NULL,"
    " text TEXT NOT NULL);"

    "CREATE TABLE outages ("
    " id INTEGER PRIMARY KEY,"
    " began_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL DEFAULT 0," /* 0: it lasts */
    " why TEXT NOT NULL);"
    "CREATE UNIQUE INDEX outages_open ON outages (ended_ms) WHERE ended_ms = 0;";

static const char version_2[] =
    "ALTER TABLE backups ADD COLUMN certificate_expires_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE domains ADD COLUMN mail_ms INTEGER NOT NULL DEFAULT 0;"

    "CREATE TABLE messages ("
    " id INTEGER PRIMARY KEY,"
    " at_ms INTEGER NOT NULL,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " sender TEXT NOT NULL,"
    " recipients TEXT NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " code INTEGER NOT NULL,"
    " text TEXT);"
    "CREATE INDEX messages_at ON messages (at_ms);"
    "CREATE INDEX messages_backup ON messages (backup, at_ms);"

    "CREATE TABLE message_domains ("
    " domain TEXT NOT NULL COLLATE NOCASE,"
    " at_ms INTEGER NOT NULL,"
    " message INTEGER NOT NULL,"
    " PRIMARY KEY (domain, at_ms, message)"
    ") WITHOUT ROWID;"
    "CREATE INDEX message_domains_message ON message_domains (message);";

/* The index holds next to nothing: what is noted as silent is looked for at every poll. */
static const char version_3[] = "ALTER TABLE life ADD COLUMN has_ended INTEGER NOT NULL DEFAULT 0;"
                                "CREATE INDEX domains_silent ON domains (backup) WHERE silent = 1;";

/* Version 4 is not released yet: what else the store needs goes into this step. Most answers are
 * "started", and those need no index by outcome; answers_odd has what is asked for of the others. Nine
 * indexes were more than half of the file. */
static const char version_4[] =
    "DROP INDEX answers_outcome;"
    "DROP INDEX answers_outcome_backup;"
    "DROP INDEX answers_outcome_domain;"
    "DROP INDEX answers_failed;"
    "DROP INDEX answers_failed_backup;"
    "DROP INDEX answers_failed_domain;"
    "DROP INDEX answers_backup;"
    "DROP INDEX answers_domain;"
    "CREATE INDEX answers_backup ON answers (backup, at_ms);"
    "CREATE INDEX answers_domain ON answers (domain, at_ms);"
    "CREATE INDEX answers_odd ON answers (at_ms, id, outcome, grade)"
    " WHERE outcome <> 'started';"

    "ALTER TABLE answers ADD refused_for_now INTEGER;"
    "ALTER TABLE answers ADD refused_for_good INTEGER;"
    "ALTER TABLE domains ADD refused_for_now INTEGER;"
    "ALTER TABLE domains ADD refused_for_good INTEGER;"
    "ALTER TABLE domains ADD asked_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE domains ADD started_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE domains ADD understood INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE domains ADD advice TEXT;" /* NULL: none */
    "UPDATE domains SET asked_ms = at_ms, understood = good_ms > 0,"
    " started_ms = iif(code BETWEEN 250 AND 253, at_ms, 0);"

    /* Domains that were asked for in a look at the primary that had trouble. */
    "CREATE TABLE looks ("
    " domain TEXT PRIMARY KEY COLLATE NOCASE,"
    " turn INTEGER NOT NULL"
    ") WITHOUT ROWID;"

    /* What the last run could not write into its log. */
    "CREATE TABLE log ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " since_ms INTEGER NOT NULL,"
    " missing INTEGER NOT NULL,"
    " why TEXT NOT NULL);";

static const char *const steps[] = {version_1, version_2, version_3, version_4};
_Static_assert(COUNT_OF(steps) == SCHEMA_VERSION, "a step leads to each version");

/* All that makes up a schema. What ANALYZE leaves may be there, or not. */
static const char everything[] =
    "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_master"
    " WHERE type <> 'table' OR name NOT IN ('sqlite_stat1', 'sqlite_stat4') ORDER BY 1";

static int compare_all(struct store *store, struct store *model)
{
    struct statement ours = statement_start(store, everything, NO_VALUES);
    struct statement theirs = statement_start(model, everything, NO_VALUES);
    bool is_same = true, has_row = true;

    while (is_same && has_row) {
        has_row = statement_row(&ours);
        is_same = has_row == statement_row(&theirs) &&
                  (!has_row || text_equal(column_text(&ours, 0), column_text(&theirs, 0)));
    }
    (void)statement_end(&theirs);
    int code = statement_end(&ours);
    return code == SQLITE_OK && !is_same ? SCHEMA_FOREIGN : code;
}

/* A file may hold what others have put there, to be run by us: triggers, views, expressions. So what it
 * has must be what the steps up to its version make. */
static int compare(struct store *store, int64_t version)
{
    struct store model = {.database = NULL};
    int code = sqlite3_open(":memory:", &model.database);

    for (int64_t step = 0; code == SQLITE_OK && step < version; step++)
        code = statement_execute(&model, steps[step]);
    if (code == SQLITE_OK)
        code = compare_all(store, &model);
    statement_forget(&model);
    (void)sqlite3_close(model.database);
    return code;
}

/* In a transaction. */
static int check(struct store *store, int64_t *version)
{
    int code = statement_ask(store, "PRAGMA user_version", version, NO_VALUES);

    if (code != SQLITE_OK || *version > SCHEMA_VERSION)
        return code;
    return compare(store, *version);
}

/* In a transaction, so that of two processes one does it, whole. */
static int climb(struct store *store, int64_t *version)
{
    char sql[64];
    int code = check(store, version);

    if (code != SQLITE_OK || *version >= SCHEMA_VERSION)
        return code;
    (void)sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d", SCHEMA_VERSION);
    for (int64_t step = *version < 0 ? 0 : *version; code == SQLITE_OK && step < SCHEMA_VERSION;
         step++)
        code = statement_execute(store, steps[step]);
    if (code == SQLITE_OK)
        code = statement_execute(store, sql);
    if (code == SQLITE_OK)
        *version = SCHEMA_VERSION;
    return code;
}

static int in_transaction(struct store *store, const char *begin,
                          int (*work)(struct store *store, int64_t *version), int64_t *version)
{
    int code = statement_execute(store, begin);

    if (code == SQLITE_OK)
        code = work(store, version);
    if (code == SQLITE_OK)
        code = statement_execute(store, "COMMIT");
    if (sqlite3_get_autocommit(store->database) == 0)
        (void)statement_execute(store, "ROLLBACK");
    return code;
}

int schema_update(struct store *store, int64_t *version)
{
    int code = in_transaction(store, "BEGIN", check, version);
    bool is_old = *version > 0;

    if (code != SQLITE_OK || store->read_only || *version >= SCHEMA_VERSION)
        return code;
    code = in_transaction(store, "BEGIN IMMEDIATE", climb, version);
    if (code == SQLITE_OK && is_old) {
        /* It has pages that it does not need any more. Where that cannot be done it only stays large. */
        (void)statement_execute(store, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
    }
    return code;
}
