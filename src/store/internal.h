#ifndef MXPULL_STORE_INTERNAL_H
#define MXPULL_STORE_INTERNAL_H

/* What the files of the store share. SQLite's own result codes go up from statement to transaction,
 * which makes a status and one line of text of them. */

#include <mxpull/platform/clock.h>
#include <mxpull/platform/folder.h>
#include <mxpull/store/store.h>

#include <sqlite3.h>

enum {
    STATEMENTS_MAX = 48
};

enum batch {
    BATCH_NONE,
    BATCH_OPEN,
    BATCH_FAILED /* undone already; what comes until the commit is refused with the first failure */
};

enum access {
    ACCESS_READ,
    ACCESS_WRITE
};

struct store {
    sqlite3 *database; /* NULL: could not be opened again; the next call tries it */
    char *directory;   /* NULL, as lock_path: there is no file */
    char *path;
    struct folder *folder; /* where the database is; SQLite is called with its rights */
    char *lock_path;       /* held while the file is opened, set aside or closed */
    bool read_only;
    bool is_frozen; /* nobody can write it, so it is read without locks and without its log */
    int64_t keep_s;
    int64_t (*now_ms)(void); /* NULL: the wall clock */
    int64_t patience_ms;
    int watched; /* how long the present question goes on */
    void (*notice)(void *context, const char *text);
    void *context; /* borrowed */

    struct kept_statement {
        const char *sql; /* known by its address */
        sqlite3_stmt *handle;
    } statements[STATEMENTS_MAX];
    size_t statement_count;

    enum batch batch;
    enum access batch_access;
    struct error batch_error;
};

/* ---- stamp.c ---- */

/* STAMP_FLOOR: 2020-01-01: mxpull is years younger, so a clock that shows an earlier time was not set. STAMP_AHEAD:
 * further ahead of the clock is no stamp of its own. Both as they stand in SQL, too. */
#define STAMP_FLOOR "1577836800000"
#define STAMP_FLOOR_MS CLOCK_SET_MS
#define STAMP_AHEAD "300000"
#define STAMP_AHEAD_MS INT64_C(300000)

/* SQL: the later of an old stamp and a new one by a clock that was not set; else the new one. */
#define STAMP_NEXT(old, new)                                                                       \
    "iif(" new " >= " STAMP_FLOOR " OR " new " > " old ", " new ", " old ")"

int64_t stamp_now(const struct store *store);

/* The first and the last stamp that are believed now. */
int64_t stamp_first(const struct store *store);
int64_t stamp_last(const struct store *store);

/* The stamp, or 0 where it is not believed. */
int64_t stamp_believed(const struct store *store, int64_t stamp_ms);

/* ---- statement.c ---- */

/* A prepared statement in use. The first failure stays in code, and nothing is done after it. */
struct statement {
    sqlite3_stmt *handle;
    int code;  /* SQLITE_OK so far */
    int bound; /* parameters that have a value */
    bool is_kept;
};

/* Prepares sql, or takes it as it was kept since the last time: sql must be a constant. */
struct statement statement_start(struct store *store, const char *sql);

/* The same for a text that was put together: it is not kept. */
struct statement statement_start_once(struct store *store, const char *sql);

/* Give the next parameter its value. Texts are borrowed until statement_end; NULL is NULL. */
void statement_number(struct statement *statement, int64_t number);
void statement_number_or_null(struct statement *statement, int64_t number); /* NULL: negative */
void statement_text(struct statement *statement, const char *text);

/* Goes on to the next row; false at the end and after a failure. */
bool statement_row(struct statement *statement);

/* A column of the row. Texts are borrowed until the next row; NULL is NULL, or 0, or absent. */
int64_t statement_column_number(const struct statement *statement, int column);
int64_t statement_column_number_or(const struct statement *statement, int column, int64_t absent);
const char *statement_column_text(const struct statement *statement, int column);

/* Copies a text column, cut with an ellipsis where it is too long; NULL is "". */
void statement_copy_text(const struct statement *statement, int column, char *target,
                         size_t target_size);

/* Ends its use. Returns the first failure, or SQLITE_OK. */
int statement_end(struct statement *statement);

/* Runs one that gives no rows, and ends its use. */
int statement_run(struct statement *statement);

/* Runs SQL texts without parameters or rows. */
int statement_execute(struct store *store, const char *sql);

/* Forgets all that are kept: before the database is closed. */
void statement_forget(struct store *store);

/* ---- schema.c ---- */

enum {
    SCHEMA_VERSION = 4
};

/* The tables are not those of that version: as damage. */
#define SCHEMA_FOREIGN (SQLITE_NOTADB | (100 << 8))

/* Brings an older schema up to date; *version is what the file has after it, more than
 * SCHEMA_VERSION when it is from a newer mxpull. Changes nothing in a store that is read only. */
int schema_update(struct store *store, int64_t *version);

/* ---- damage.c ---- */

/* Whether the code says that the file is not what SQLite has written. */
bool damage_is(int code);

/* Gives the store's files another name, and tells it by notice. The lock is held and the database
 * closed. STATUS_SYSTEM; STATUS_BUSY while another process has one of them open, where that is in the
 * way: nothing is changed then. */
enum status damage_set_aside(struct store *store, struct error *error);

/* Who only reads cannot set a damaged store aside: he leaves a note beside it. What then becomes of it, to
 * be put behind "is damaged". */
const char *damage_note(const struct store *store);

/* Whether there is such a note; and, of a store that is open, with the lock held, whether it is right. The
 * note is gone then. */
bool damage_is_noted(const struct store *store);
bool damage_is_there(struct store *store);

/* ---- database.c ---- */

/* Opens the file, makes it where that is allowed, sets a damaged one aside and begins anew. */
enum status database_open(struct store *store, struct error *error);

/* The file that is open has shown damage: sets it aside, unless another process has done so, and
 * opens a new one. A store that is read only is left as it is: STATUS_SYSTEM. */
enum status database_replace(struct store *store, int code, struct error *error);

/* Whether another file, or none, has the store's name by now. */
bool database_is_moved(const struct store *store);

/* Closes it without touching the files by their names, which may be others' by now. */
void database_drop(struct store *store);

/* Closes it for good. */
void database_close(struct store *store);

/* Makes a status and a text of SQLite's code. */
enum status database_failure(const struct store *store, int code, struct error *error);

/* ---- transaction.c ---- */

/* Does work in a transaction of its own, or in the batch that is open. work returns SQLITE_OK or the
 * code of its failure, which undoes it; it may be called again where the file had to be opened anew.
 */
enum status transaction_run(struct store *store, enum access access,
                            int (*work)(struct store *store, void *context), void *context,
                            struct error *error);

enum status transaction_begin(struct store *store, enum access access, struct error *error);
enum status transaction_commit(struct store *store, struct error *error);

/* ---- domain.c ---- */

/* The name of a grade as it stands in the file, and back. */
const char *domain_grade_name(enum grade grade);
enum grade domain_grade_of(const char *name);

/* Brings the state of a domain up to date after an answer of the poll, which has brought a good one or
 * not. */
int domain_record(struct store *store, const struct store_poll *poll,
                  const struct store_answer *answer, bool has_good);

#endif
