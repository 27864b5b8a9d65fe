/* Prepared statements, and how their parameters and columns become structs. */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <assert.h>
#include <string.h>

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
    for (int i = 0; i < (int)count && statement.code == SQLITE_OK; i++)
        statement.code =
            values[i].is_text
                ? sqlite3_bind_text(statement.handle, i + 1, values[i].text, -1, SQLITE_STATIC)
                : sqlite3_bind_int64(statement.handle, i + 1, values[i].number);
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

static int64_t column_number(const struct statement *row, int column)
{
    return sqlite3_column_int64(row->handle, column);
}

const char *column_text(const struct statement *row, int column)
{
    const void *text = sqlite3_column_text(row->handle, column);

    return text;
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
    int64_t ignored;

    return statement_ask(store, sql, &ignored, values, count);
}

int statement_ask(struct store *store, const char *sql, int64_t *number, const struct value *values,
                  size_t count)
{
    struct statement statement = statement_start(store, sql, values, count);

    *number = 0;
    for (bool is_first = true; statement_row(&statement); is_first = false)
        *number = is_first ? column_number(&statement, 0) : *number;
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

/* ---- records ---- */

static const char *const grades[] = {
    [GRADE_GOOD] = "good",
    [GRADE_HELD] = "held",
    [GRADE_TEMPORARY] = "temporary",
    [GRADE_BAD] = "bad",
};

const char *grade_name(enum grade grade)
{
    return grades[grade];
}

/* An unknown name, which only a foreign file can hold, counts as bad. */
static enum grade grade_of(const char *name)
{
    enum grade grade = GRADE_BAD;

    for (size_t i = 0; name != NULL && i < COUNT_OF(grades); i++) {
        if (strcmp(grades[i], name) == 0)
            grade = (enum grade)i;
    }
    return grade;
}

void record_read(const struct statement *row, const struct layout *layout, void *record)
{
    for (int i = 0; i < (int)layout->count; i++) {
        const struct field *field = &layout->fields[i];
        void *member = (char *)record + field->offset;
        const char *text = field->kind >= KIND_GRADE ? column_text(row, i) : NULL;
        int64_t number = field->kind < KIND_GRADE ? column_number(row, i) : 0;

        switch (field->kind) {
        case KIND_TOLD:
            if (sqlite3_column_type(row->handle, i) == SQLITE_NULL)
                number = -1;
            memory_write_number(member, field->size, number);
            break;
        case KIND_STAMP:
            memory_write_number(member, field->size, stamp_believed(row->store, number));
            break;
        case KIND_NUMBER: memory_write_number(member, field->size, number); break;
        case KIND_GRADE: *(enum grade *)member = grade_of(text); break;
        case KIND_TEXT: *(const char **)member = text; break;
        case KIND_NAME: *(const char **)member = text != NULL ? text : ""; break;
        case KIND_COPY: (void)text_copy_cut(member, field->size, text != NULL ? text : ""); break;
        }
    }
}
