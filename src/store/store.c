/* The store as its callers see it: opened, asked in transactions, closed; and which stamps it believes. */
#include "internal.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

void store_tell(const struct store *store, char *text)
{
    if (store->options.notice != NULL)
        store->options.notice(store->options.context, text);
    free(text);
}

enum status store_open(struct store **store, const struct store_options *options,
                       struct error *error)
{
    struct store *opened = memory_new(1, sizeof *opened);
    enum status status;

    opened->options = *options;
    if (options->directory != NULL) {
        opened->options.directory = opened->directory = memory_copy(options->directory);
        opened->path = memory_format("%s/mxpull.db", options->directory);
        opened->note_path = memory_format("%s.suspect", opened->path);
        opened->lock_path = memory_format("%s/store.lock", options->directory);
    } else {
        opened->path = memory_copy(":memory:");
    }
    opened->patience_ms = STORE_PATIENCE_MS;
    status = database_open(opened, error);
    if (status == STATUS_OK || options->insist)
        *store = opened;
    else
        store_close(opened);
    return status;
}

void store_set_patience(struct store *store, int64_t patience_ms)
{
    store->patience_ms = patience_ms;
    if (store->database != NULL)
        (void)sqlite3_busy_timeout(store->database, (int)patience_ms);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    database_close(store); /* undoes what is not committed */
    folder_close(store->folder);
    free(store->directory);
    free(store->path);
    free(store->note_path);
    free(store->lock_path);
    free(store);
}

const char *store_library(void)
{
    return sqlite3_libversion();
}

/* ---- transactions ---- */

/* Opens the file if it is not open, was taken away, or is suspected of damage. */
static enum status make_ready(struct store *store, struct error *error)
{
    if (store->database != NULL && !database_is_moved(store) &&
        (store->options.read_only || !damage_is_noted(store)))
        return STATUS_OK;
    database_drop(store);
    return database_open(store, error);
}

static enum status begin(struct store *store, const char *sql, struct error *error)
{
    enum status status = make_ready(store, error);

    if (status != STATUS_OK)
        return status;
    folder_enter(store->folder);
    int code = sql != NULL ? statement_run(store, sql, NO_VALUES) : SQLITE_OK;
    return code == SQLITE_OK ? STATUS_OK : work_end(store, code, error);
}

enum status work_begin(struct store *store, bool writes, struct error *error)
{
    if (store->batch_error.status != STATUS_OK) {
        *error = store->batch_error;
        return error->status;
    }
    if (writes && store->options.read_only)
        return error_set(error, STATUS_SYSTEM, "%s: was opened for reading alone", store->path);
    if (!store->is_batch)
        return begin(store, writes ? "BEGIN IMMEDIATE" : NULL, error);
    folder_enter(store->folder);
    return STATUS_OK;
}

/* Undoes what has failed. A damaged file is opened anew, and checked, by the next call. */
static enum status fail(struct store *store, int code, struct error *error)
{
    folder_leave(store->folder);
    (void)database_failure(store, code, error);
    folder_enter(store->folder);
    if (sqlite3_get_autocommit(store->database) == 0)
        (void)statement_run(store, "ROLLBACK", NO_VALUES);
    folder_leave(store->folder);
    if (damage_is(code)) {
        if (!store->options.read_only && !database_is_moved(store))
            (void)damage_leave_note(store);
        database_drop(store);
    }
    if (store->is_batch)
        store->batch_error = *error;
    return error->status;
}

enum status work_end(struct store *store, int code, struct error *error)
{
    if (code == SQLITE_OK && !store->is_batch && sqlite3_get_autocommit(store->database) == 0)
        code = statement_run(store, "COMMIT", NO_VALUES);
    if (code != SQLITE_OK)
        return fail(store, code, error);
    folder_leave(store->folder);
    return STATUS_OK;
}

static enum status begin_batch(struct store *store, const char *sql, struct error *error)
{
    enum status status = begin(store, sql, error);

    if (status == STATUS_OK)
        folder_leave(store->folder);
    store->is_batch = status == STATUS_OK;
    return status;
}

enum status store_begin(struct store *store, struct error *error)
{
    return begin_batch(store, store->options.read_only ? "BEGIN" : "BEGIN IMMEDIATE", error);
}

enum status store_begin_reading(struct store *store, struct error *error)
{
    return begin_batch(store, "BEGIN", error);
}

enum status store_commit(struct store *store, struct error *error)
{
    struct error failed = store->batch_error;

    if (!store->is_batch)
        return STATUS_OK;
    store->is_batch = false;
    store->batch_error.status = STATUS_OK;
    if (failed.status != STATUS_OK) {
        *error = failed;
        return error->status;
    }
    folder_enter(store->folder);
    return work_end(store, SQLITE_OK, error);
}

/* ---- stamps: a clock may have been far ahead for a while or, without a battery, far behind. Its stamps must not outlive
 * that. ---- */

int64_t stamp_now(const struct store *store)
{
    return store->options.now_ms != NULL ? store->options.now_ms() : clock_wall_ms();
}

int64_t stamp_first(const struct store *store)
{
    return stamp_now(store) >= CLOCK_SET_MS ? CLOCK_SET_MS : 1;
}

int64_t stamp_last(const struct store *store)
{
    return stamp_now(store) + STAMP_AHEAD_MS;
}

int64_t stamp_believed(const struct store *store, int64_t stamp_ms)
{
    return stamp_ms >= stamp_first(store) && stamp_ms <= stamp_last(store) ? stamp_ms : 0;
}
