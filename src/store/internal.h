#ifndef MXPULL_STORE_INTERNAL_H
#define MXPULL_STORE_INTERNAL_H

/* What the files of the store share. SQLite's result codes go up to work_end, which makes a status and
 * one line of text of them. */

#include <mxpull/platform/clock.h>
#include <mxpull/platform/folder.h>
#include <mxpull/store/store.h>

#include <sqlite3.h>

enum {
    STATEMENTS_MAX = 64,
    /* Calls of the progress handler in one question; the history of a million answers takes some 500. */
    WATCHED_MAX = 10000
};

struct store {
    sqlite3 *database; /* NULL: not open; the next call tries to open it */
    struct store_options options;
    char *directory, *path; /* no directory: there is no file, and neither of these two */
    char *note_path;        /* there while damage is suspected */
    char *lock_path;        /* locked while the file is opened, set aside or closed */
    struct folder *folder;  /* the directory; SQLite is called with the rights of its owner */
    bool is_frozen;         /* read without locks and without its log: nobody can write it */
    int64_t patience_ms;
    int watched; /* calls of the progress handler during the present statement */

    struct kept_statement {
        const char *sql; /* known by its address */
        sqlite3_stmt *handle;
    } statements[STATEMENTS_MAX];
    size_t statement_count;

    /* Several calls as one: store_begin. The first failure undoes all; it is told up to the commit. */
    bool is_batch;
    struct error batch_error;
};

/* ---- statement.c ---- */

/* A prepared statement in use. The first failure stays in code, and nothing is done after it. */
struct statement {
    struct store *store;
    sqlite3_stmt *handle;
    int code; /* SQLITE_OK so far */
};

/* The value of a parameter. */
struct value {
    bool is_text;
    const char *text; /* borrowed until statement_end; NULL is NULL */
    int64_t number;
};

#define TEXT(of) ((struct value){.is_text = true, .text = (of)})
#define NUMBER(of) ((struct value){.number = (of)})
/* NULL where the number is negative: not told. */
#define TOLD(of) ((struct value){.is_text = (of) < 0, .number = (of)})

/* The values of all parameters in their order, as the last two arguments of a call. */
#define VALUES(...)                                                                                \
    (const struct value[]){__VA_ARGS__},                                                           \
        sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)
#define NO_VALUES NULL, 0

/* Prepares sql, a constant, at its first use, keeps it until the database is closed, and binds the values. */
struct statement statement_start(struct store *store, const char *sql, const struct value *values,
                                 size_t count);

/* Goes on to the next row; false at the end and after a failure. */
bool statement_row(struct statement *statement);

/* A text of the row, or NULL. Borrowed until the next row. */
const char *column_text(const struct statement *row, int column);

/* Ends its use. Returns the first failure, or SQLITE_OK. */
int statement_end(struct statement *statement);

/* Runs a statement to its end. */
int statement_run(struct store *store, const char *sql, const struct value *values, size_t count);

/* The first column of the first row, as a number; 0 without a row. */
int statement_ask(struct store *store, const char *sql, int64_t *number, const struct value *values,
                  size_t count);

/* Runs SQL texts without parameters or rows, which are not kept. */
int statement_execute(struct store *store, const char *sql);

/* Forgets all kept statements: before the database is closed. */
void statement_forget(struct store *store);

/* How a column is read into a member of a struct. */
enum kind {
    KIND_NUMBER, /* of any size; NULL is 0 */
    KIND_STAMP,  /* 0 where it is not believed */
    KIND_TOLD,   /* NULL is -1: not told */
    KIND_GRADE,  /* from its name */
    KIND_TEXT,   /* const char *, borrowed until the next row; NULL stays NULL */
    KIND_NAME,   /* the same; NULL is "" */
    KIND_COPY    /* an array, into which a text is cut with an ellipsis */
};

struct field {
    enum kind kind;
    size_t offset, size;
};

/* The columns of a row, in their order. */
struct layout {
    const struct field *fields;
    size_t count;
};

#define FIELD(kind, record, member)                                                                \
    {                                                                                              \
        KIND_##kind, offsetof(struct record, member), sizeof(((struct record *)NULL)->member)      \
    }
#define LAYOUT(...)                                                                                \
    {                                                                                              \
        (const struct field[]){__VA_ARGS__},                                                       \
            sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field)                     \
    }

void record_read(const struct statement *row, const struct layout *layout, void *record);

const char *grade_name(enum grade grade);

/* The columns of an answer and of a message. */
#define ANSWER_COLUMNS                                                                             \
    "at_ms, backup, cause, domain, verb, outcome, grade, code, text, address, tls, authenticated," \
    " pending, messages, bytes, refused_for_now, refused_for_good, attempts, ms"
#define MESSAGE_COLUMNS                                                                            \
    "at_ms, backup, evidence, sender, recipients, bytes, code, text, client, message_id"

/* An arrival that brought mail, in the words of its index. */
#define WITH_MAIL " (messages > 0 OR (messages IS NULL AND state = 'arrived')) "

/* ---- schema.c ---- */

enum {
    SCHEMA_VERSION = 6
};

/* The tables are not those of that version: treated as damage. */
#define SCHEMA_FOREIGN (SQLITE_NOTADB | (100 << 8))

/* Brings an older schema up to date, unless the store is read only; *version is what the file has then,
 * more than SCHEMA_VERSION when it is from a newer mxpull. */
int schema_update(struct store *store, int64_t *version);

/* ---- damage.c ---- */

/* Whether the code says that the file is not what SQLite has written. */
bool damage_is(int code);

/* Leaves a note beside the store by which the next use for writing checks all of the file. False when that
 * could not be done. */
bool damage_leave_note(const struct store *store);
bool damage_is_noted(const struct store *store);

/* Reads every page of the open file and removes the note. A code for which damage_is. */
int damage_check(struct store *store);

/* Renames the store's files, and tells that by notice. The lock is held and the database closed.
 * STATUS_SYSTEM; STATUS_BUSY while another process has one of them open, on systems where that
 * matters: nothing is changed then. */
enum status damage_set_aside(struct store *store, struct error *error);

/* ---- database.c ---- */

/* Opens the file; makes it, and sets a damaged one aside, where the store may be written. */
enum status database_open(struct store *store, struct error *error);

/* Whether another file, or none, has the store's name by now. */
bool database_is_moved(const struct store *store);

/* Closes it without touching the files by their names, which may be another store's by now. */
void database_drop(struct store *store);

/* Closes it for good. */
void database_close(struct store *store);

/* Makes a status and a text of SQLite's code. */
enum status database_failure(const struct store *store, int code, struct error *error);

/* ---- store.c ---- */

/* Every call on the store stands between these two: in the open batch, or for writing in a transaction of
 * its own. Where work_begin fails nothing may follow. work_end takes the code of the work: what failed
 * is undone. */
enum status work_begin(struct store *store, bool writes, struct error *error);
enum status work_end(struct store *store, int code, struct error *error);

/* STAMP_FLOOR: CLOCK_SET_MS as SQL has it. STAMP_AHEAD: a stamp further ahead of the clock was made by another clock. */
#define STAMP_FLOOR "1577836800000"
#define STAMP_AHEAD "300000"
#define STAMP_AHEAD_MS INT64_C(300000)

/* SQL: the later of an old stamp and a new one by a clock that was not set; else the new one. */
#define STAMP_NEXT(old, new)                                                                       \
    "iif(" new " >= " STAMP_FLOOR " OR " new " > " old ", " new ", " old ")"

/* Gives a text to notice, and frees it. */
void store_tell(const struct store *store, char *text);

int64_t stamp_now(const struct store *store);

/* The first and the last stamp that are believed now. */
int64_t stamp_first(const struct store *store);
int64_t stamp_last(const struct store *store);

/* The stamp, or 0 where it is not believed now. */
int64_t stamp_believed(const struct store *store, int64_t stamp_ms);

#endif
