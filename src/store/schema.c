/* The tables, and how an older store gets them. The version is the file's user_version; 1 to 6 were released.
 * People read the names and texts with sqlite3, too; stamps are milliseconds since 1970: datetime(at_ms / 1000,
 * 'unixepoch'). */
#include "internal.h"

#include <mxpull/base/compiler.h>

#include <string.h>

static const char *const schema[] = {
    "CREATE TABLE answers ("
    " id INTEGER PRIMARY KEY,"
    " at_ms INTEGER NOT NULL,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " cause TEXT NOT NULL," /* of the poll */
    " domain TEXT NOT NULL COLLATE NOCASE,"
    " verb TEXT NOT NULL,"
    " outcome TEXT NOT NULL,"
    " grade TEXT NOT NULL," /* good, held, temporary, bad */
    " code INTEGER NOT NULL,"
    " text TEXT,"
    " address TEXT,"
    " tls TEXT,"
    " authenticated INTEGER NOT NULL,"
    " pending INTEGER," /* NULL: not told */
    " messages INTEGER,"
    " bytes INTEGER,"
    " refused_for_now INTEGER,"
    " refused_for_good INTEGER,"
    " attempts INTEGER NOT NULL,"
    " ms INTEGER NOT NULL)",

    /* History is found by these alone. Most answers are "started", and are in one of them. */
    "CREATE INDEX answers_at ON answers (at_ms, backup, domain)",
    "CREATE INDEX answers_odd ON answers (at_ms, outcome, grade, backup, domain)"
    " WHERE outcome <> 'started'",

    "CREATE TABLE backups ("
    " backup TEXT PRIMARY KEY COLLATE NOCASE,"
    " slot_ms INTEGER NOT NULL DEFAULT 0,"
    " due_ms INTEGER NOT NULL DEFAULT 0,"
    " asked_ms INTEGER NOT NULL DEFAULT 0,"
    " streak INTEGER NOT NULL DEFAULT 0,"
    " failing_since_ms INTEGER NOT NULL DEFAULT 0,"
    " certificate_expires_ms INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID",

    "CREATE TABLE domains ("
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " domain TEXT NOT NULL COLLATE NOCASE,"
    " first_ms INTEGER NOT NULL DEFAULT 0,"
    " at_ms INTEGER NOT NULL DEFAULT 0,"
    " good_ms INTEGER NOT NULL DEFAULT 0,"
    " good_before_ms INTEGER NOT NULL DEFAULT 0," /* by another clock: answers.c */
    " mail_ms INTEGER NOT NULL DEFAULT 0,"
    " asked_ms INTEGER NOT NULL DEFAULT 0,"
    " started_ms INTEGER NOT NULL DEFAULT 0,"
    " understood INTEGER NOT NULL DEFAULT 0,"
    " streak INTEGER NOT NULL DEFAULT 0,"
    " silent INTEGER NOT NULL DEFAULT 0,"
    " outcome TEXT," /* NULL: no answer yet */
    " code INTEGER NOT NULL DEFAULT 0,"
    " text TEXT,"
    " advice TEXT,"
    " messages INTEGER,"
    " bytes INTEGER,"
    " pending INTEGER,"
    " refused_for_now INTEGER,"
    " refused_for_good INTEGER,"
    " strip TEXT NOT NULL DEFAULT ''," /* the last 30: + good, = held, - temporary, ! bad */
    " PRIMARY KEY (backup, domain)"
    ") WITHOUT ROWID",

    "CREATE TABLE life ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " alive_ms INTEGER NOT NULL,"
    " has_ended INTEGER NOT NULL DEFAULT 0,"
    " is_up INTEGER NOT NULL,"
    " looked_ms INTEGER NOT NULL,"
    " since_ms INTEGER NOT NULL,"
    " text TEXT NOT NULL)",

    "CREATE TABLE outages ("
    " id INTEGER PRIMARY KEY,"
    " began_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL DEFAULT 0," /* 0: it lasts */
    " why TEXT NOT NULL)",
    "CREATE UNIQUE INDEX outages_open ON outages (ended_ms) WHERE ended_ms = 0",

    /* Domains that were asked for in a look at the primary that had trouble. */
    "CREATE TABLE looks (domain TEXT PRIMARY KEY COLLATE NOCASE, turn INTEGER NOT NULL) "
    "WITHOUT ROWID",

    /* What the last run could not write into its log. */
    "CREATE TABLE log ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " since_ms INTEGER NOT NULL,"
    " missing INTEGER NOT NULL,"
    " why TEXT NOT NULL)",

    /* From here on: what version 5 had otherwise, or not at all. */
    "CREATE TABLE messages ("
    " id INTEGER PRIMARY KEY,"
    " at_ms INTEGER NOT NULL,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " evidence TEXT NOT NULL DEFAULT 'bridge'," /* bridge, log */
    " sender TEXT,"                             /* NULL here and below: not known */
    " recipients TEXT,"
    " bytes INTEGER,"
    " code INTEGER NOT NULL,"
    " text TEXT,"
    " client TEXT,"
    " message_id TEXT)",
    "CREATE INDEX messages_at ON messages (at_ms)",
    "CREATE INDEX messages_id ON messages (message_id, at_ms) WHERE message_id IS NOT NULL",

    "CREATE TABLE arrivals ("
    " id INTEGER PRIMARY KEY,"
    " asked_ms INTEGER NOT NULL,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " state TEXT NOT NULL," /* arrived, empty, coming, unseen, unknown */
    " evidence TEXT,"
    " messages INTEGER,"
    " bytes INTEGER,"
    " connections INTEGER,"
    " first_ms INTEGER NOT NULL,"
    " last_ms INTEGER NOT NULL,"
    " address TEXT)",
    "CREATE UNIQUE INDEX arrivals_asked ON arrivals (asked_ms, backup)",
    "CREATE INDEX arrivals_mail ON arrivals (backup) WHERE" WITH_MAIL,

    "CREATE TABLE drills ("
    " id INTEGER PRIMARY KEY,"
    " at_ms INTEGER NOT NULL,"
    " backup TEXT NOT NULL COLLATE NOCASE,"
    " domain TEXT NOT NULL COLLATE NOCASE,"
    " outcome TEXT NOT NULL," /* ok, not accepted, unseen, refused by us, unknown */
    " evidence TEXT,"
    " text TEXT,"
    " token TEXT NOT NULL,"
    " exit_status INTEGER NOT NULL,"
    " accepted_ms INTEGER,"
    " arrived_ms INTEGER,"
    " code INTEGER NOT NULL)",
    "CREATE INDEX drills_at ON drills (at_ms)",
    "CREATE INDEX drills_backup ON drills (backup)",
};

enum {
    SAME_AS_5 = 10 /* so many of these were version 5's: its answers are not written anew */
};

/* ---- an older store ---- */

#define OLD_TABLES                                                                                 \
    "('polls', 'answers', 'backups', 'domains', 'life', 'outages', 'messages', 'looks', 'log')"

/* ?1: its version. */
static const char put_aside[] =
    "SELECT 'DROP INDEX IF EXISTS messages_at; ' || iif(?1 < 5, 'DROP INDEX IF EXISTS answers_at;"
    " DROP INDEX IF EXISTS outages_open; DROP INDEX IF EXISTS answers_odd; DROP TABLE IF EXISTS "
    "message_domains; ', '')"
    " || group_concat('ALTER TABLE ' || name || ' RENAME TO old_' || name, '; ')"
    " FROM sqlite_master WHERE type = 'table' AND name IN " OLD_TABLES
    " AND (?1 < 5 OR name = 'messages')";

/* The columns of a table that the old one has, too. */
static const char take_over[] =
    "SELECT 'INSERT INTO ' || ?1 || ' (' || group_concat(name) || ') SELECT '"
    " || group_concat(name) || ' FROM old_' || ?1 || '; DROP TABLE old_' || ?1"
    " FROM (SELECT name FROM pragma_table_info(?1)"
    " INTERSECT SELECT name FROM pragma_table_info('old_' || ?1))";

/* Before version 4. */
static const char add_refused[] = "ALTER TABLE old_answers ADD refused_for_now INTEGER;"
                                  "ALTER TABLE old_answers ADD refused_for_good INTEGER";
static const char add_asked[] = "UPDATE domains SET asked_ms = at_ms, understood = good_ms > 0,"
                                " started_ms = iif(code BETWEEN 250 AND 253, at_ms, 0)";

#define SAME                                                                                       \
    "at_ms, a.backup, domain, verb, outcome, a.grade, code, text, address, tls, authenticated,"    \
    " pending, messages, bytes, refused_for_now, refused_for_good, attempts, ms"

static const char take_over_answers[] =
    "INSERT INTO answers (id, cause, at_ms, backup, domain, verb, outcome, grade, code, text,"
    " address, tls, authenticated, pending, messages, bytes, refused_for_now, refused_for_good,"
    " attempts, ms)"
    " SELECT a.id, coalesce(cause, ''), " SAME
    " FROM old_answers AS a LEFT JOIN old_polls AS p ON p.id = a.poll;"
    "DROP TABLE old_answers; DROP TABLE old_polls";

/* Runs the SQL that a question makes. */
static int run_made(struct store *store, const char *sql, const struct value *values, size_t count)
{
    struct statement statement = statement_start(store, sql, values, count);
    char *made =
        statement_row(&statement) ? sqlite3_mprintf("%s", column_text(&statement, 0)) : NULL;
    int code = statement_end(&statement);

    if (code == SQLITE_OK && made != NULL)
        code = statement_execute(store, made);
    sqlite3_free(made);
    return code;
}

static int make(struct store *store, size_t first)
{
    int code = SQLITE_OK;

    for (size_t i = first; i < COUNT_OF(schema) && code == SQLITE_OK; i++)
        code = statement_execute(store, schema[i]);
    return code;
}

static int upgrade(struct store *store, int64_t version)
{
    static const char *const tables[] = {"backups",  "domains", "life", "outages",
                                         "messages", "looks",   "log"};
    int code = run_made(store, put_aside, VALUES(NUMBER(version)));

    if (code == SQLITE_OK && version < 4)
        code = statement_execute(store, add_refused);
    if (code == SQLITE_OK)
        code = make(store, version < 5 ? 0 : SAME_AS_5);
    for (size_t i = 0; i < COUNT_OF(tables) && code == SQLITE_OK; i++)
        code = run_made(store, take_over, VALUES(TEXT(tables[i])));
    if (code == SQLITE_OK && version < 5)
        code = statement_execute(store, take_over_answers);
    if (code == SQLITE_OK && version < 4)
        code = statement_execute(store, add_asked);
    return code == SQLITE_ERROR ? SCHEMA_FOREIGN : code; /* it was none of ours */
}

/* ---- whose file it is ---- */

/* A file may hold what others have put there, to be run by us: triggers, views, expressions. So what it has must
 * be what we make, but for what ANALYZE and the upgrade leave. */
static int compare(struct store *store, size_t expected)
{
    static const char all[] =
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
        " AND name NOT IN ('sqlite_stat1', 'sqlite_stat4', 'sqlite_sequence')";
    struct statement statement = statement_start(store, all, NO_VALUES);
    size_t found = 0, known = 0;

    while (statement_row(&statement)) {
        found++;
        for (size_t i = 0; i < expected; i++)
            known += strcmp(column_text(&statement, 0), schema[i]) == 0;
    }
    int code = statement_end(&statement);
    return code == SQLITE_OK && (found != expected || known != expected) ? SCHEMA_FOREIGN : code;
}

/* In a transaction, so that of two processes one makes or upgrades it, whole. */
static int climb(struct store *store, int64_t *version)
{
    char sql[64];
    int code = statement_ask(store, "PRAGMA user_version", version, NO_VALUES);

    if (code == SQLITE_OK && *version <= 0)
        code = compare(store, 0);
    if (code == SQLITE_OK && !store->options.read_only && *version < SCHEMA_VERSION) {
        (void)sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d", SCHEMA_VERSION);
        code = *version <= 0 ? make(store, 0) : upgrade(store, *version);
        if (code == SQLITE_OK)
            code = statement_execute(store, sql);
        *version = SCHEMA_VERSION;
    }
    return code == SQLITE_OK && *version == SCHEMA_VERSION ? compare(store, COUNT_OF(schema))
                                                           : code;
}

static int in_transaction(struct store *store, const char *begin, int64_t *version)
{
    int code = statement_execute(store, begin);

    if (code == SQLITE_OK)
        code = climb(store, version);
    if (code == SQLITE_OK)
        code = statement_execute(store, "COMMIT");
    if (sqlite3_get_autocommit(store->database) == 0)
        (void)statement_execute(store, "ROLLBACK");
    return code;
}

int schema_update(struct store *store, int64_t *version)
{
    int code = statement_ask(store, "PRAGMA user_version", version, NO_VALUES);
    bool is_old = *version < SCHEMA_VERSION && !store->options.read_only;
    bool is_written_anew = is_old && *version > 0 && *version < 5;

    if (code == SQLITE_OK)
        code = in_transaction(store, is_old ? "BEGIN IMMEDIATE" : "BEGIN", version);
    if (code == SQLITE_OK && is_written_anew) {
        /* It has pages that it does not need any more. Where that cannot be done it only stays large. */
        (void)statement_execute(store, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
    }
    return code;
}
