/* Prepared statements. Their texts are constants and are kept prepared, for they are used again and again. */
#include "internal.h"

#include <mxpull/base/text.h>

#include <assert.h>

static int prepare(struct store *store, const char *sql, sqlite3_stmt **handle)
{
    for (size_t i = 0; i < store->statement_count; i++) {
        if (store->statements[i].sql == sql) {
            *handle = store->statements[i].handle;
            return SQLITE_OK;
        }
    }
    int code =
        sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);
    assert(store->statement_count < STATEMENTS_MAX);
    if (code == SQLITE_OK)
        store->statements[store->statement_count++] = (struct kept_statement){sql, *handle};
    return code;
}

struct statement statement_start(struct store *store, const char *sql, const struct value *values,
                                 size_t count)
{
    struct statement statement = {.store = store};

    store->watched = 0;
    statement.code = prepare(store, sql, &statement.handle);
    for (size_t i = 0; i < count && statement.code == SQLITE_OK; i++)
        statement.code =
            values[i].is_text
                ? sqlite3_bind_text(statement.handle, (int)i + 1, values[i].text, -1, SQLITE_STATIC)
                : sqlite3_bind_int64(statement.handle, (int)i + 1, values[i].number);
    return statement;
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

int64_t column_number(const struct statement *row, int column)
{
    return sqlite3_column_int64(row->handle, column);
}

int64_t column_number_or(const struct statement *row, int column, int64_t absent)
{
    return sqlite3_column_type(row->handle, column) == SQLITE_NULL ? absent
                                                                   : column_number(row, column);
}

const char *column_text(const struct statement *row, int column)
{
    const void *text = sqlite3_column_text(row->handle, column);

    return text;
}

int64_t column_stamp(const struct statement *row, int column)
{
    int64_t stamp_ms = column_number(row, column);

    return stamp_ms >= stamp_first(row->store) && stamp_ms <= stamp_last(row->store) ? stamp_ms : 0;
}

void column_copy(const struct statement *row, int column, char *target, size_t target_size)
{
    const char *text = column_text(row, column);

    (void)text_copy_cut(target, target_size, text != NULL ? text : "");
}

int statement_end(struct statement *statement)
{
    if (statement->handle != NULL) {
        (void)sqlite3_reset(statement->handle);
        (void)sqlite3_clear_bindings(statement->handle);
    }
    statement->handle = NULL;
    return statement->code;
}

int statement_run(struct store *store, const char *sql, const struct value *values, size_t count)
{
    struct statement statement = statement_start(store, sql, values, count);

    while (statement_row(&statement))
        ;
    return statement_end(&statement);
}

int statement_ask(struct store *store, const char *sql, int64_t *number, const struct value *values,
                  size_t count)
{
    struct statement statement = statement_start(store, sql, values, count);

    *number = statement_row(&statement) ? column_number(&statement, 0) : 0;
    return statement_end(&statement);
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
