/* Prepared statements with their parameters in order and one place for the failure. Those with a
 * constant text are kept, for they are used again and again. */
#include "internal.h"

#include <mxpull/base/text.h>

#include <assert.h>
#include <string.h>

static int prepare(struct store *store, const char *sql, sqlite3_stmt **handle)
{
    return sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);
}

struct statement statement_start(struct store *store, const char *sql)
{
    struct statement statement = {.code = SQLITE_OK, .is_kept = true};
    struct kept_statement *kept;

    store->watched = 0;

    for (size_t i = 0; i < store->statement_count; i++) {
        if (store->statements[i].sql == sql) {
            statement.handle = store->statements[i].handle;
            return statement;
        }
    }
    statement.code = prepare(store, sql, &statement.handle);
    if (statement.code != SQLITE_OK)
        return statement;
    assert(store->statement_count < STATEMENTS_MAX);
    kept = &store->statements[store->statement_count++];
    kept->sql = sql;
    kept->handle = statement.handle;
    return statement;
}

struct statement statement_start_once(struct store *store, const char *sql)
{
    struct statement statement = {.is_kept = false};

    store->watched = 0;
    statement.code = sqlite3_prepare_v2(store->database, sql, -1, &statement.handle, NULL);
    return statement;
}

void statement_number(struct statement *statement, int64_t number)
{
    statement->bound++;
    if (statement->code == SQLITE_OK)
        statement->code = sqlite3_bind_int64(statement->handle, statement->bound, number);
}

void statement_number_or_null(struct statement *statement, int64_t number)
{
    if (number >= 0)
        statement_number(statement, number);
    else
        statement_text(statement, NULL);
}

void statement_text(struct statement *statement, const char *text)
{
    statement->bound++;
    if (statement->code == SQLITE_OK)
        statement->code =
            sqlite3_bind_text(statement->handle, statement->bound, text, -1, SQLITE_STATIC);
}

bool statement_row(struct statement *statement)
{
    int code;

    if (statement->code != SQLITE_OK)
        return false;
    code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        statement->code = code;
    return code == SQLITE_ROW;
}

int64_t statement_column_number(const struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

int64_t statement_column_number_or(const struct statement *statement, int column, int64_t absent)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL
               ? absent
               : sqlite3_column_int64(statement->handle, column);
}

const char *statement_column_text(const struct statement *statement, int column)
{
    const void *text = sqlite3_column_text(statement->handle, column);

    return text;
}

void statement_copy_text(const struct statement *statement, int column, char *target,
                         size_t target_size)
{
    const char *text = statement_column_text(statement, column);

    (void)text_copy_cut(target, target_size, text != NULL ? text : "");
}

int statement_end(struct statement *statement)
{
    if (!statement->is_kept) {
        (void)sqlite3_finalize(statement->handle);
    } else if (statement->handle != NULL) {
        (void)sqlite3_reset(statement->handle);
        (void)sqlite3_clear_bindings(statement->handle);
    }
    statement->handle = NULL;
    return statement->code;
}

int statement_run(struct statement *statement)
{
    while (statement_row(statement))
        ;
    return statement_end(statement);
}

int statement_execute(struct store *store, const char *sql)
{
    store->watched = 0;
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL);
}

void statement_forget(struct store *store)
{
    for (size_t i = 0; i < store->statement_count; i++)
        (void)sqlite3_finalize(store->statements[i].handle);
    store->statement_count = 0;
}
