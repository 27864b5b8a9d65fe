/* Work on the store as a whole: it is recorded with all its parts or not at all, in the file that has
 * the store's name at its end. Where the file is damaged or was taken away, it is done again in the
 * new one. */
#include "internal.h"

#include <assert.h>

enum {
    TRIES_MAX = 4
};

static void undo(struct store *store)
{
    folder_enter(store->folder);
    if (store->database != NULL && sqlite3_get_autocommit(store->database) == 0)
        (void)statement_execute(store, "ROLLBACK");
    folder_leave(store->folder);
}

/* Opens the file if there is none, or another one. */
static enum status make_ready(struct store *store, struct error *error)
{
    bool is_suspect = store->database != NULL && !store->read_only && damage_is_noted(store);

    if (store->database != NULL && !is_suspect && !database_is_moved(store))
        return STATUS_OK;
    database_drop(store);
    return database_open(store, error);
}

/* The file could be moved until the transaction had begun, and before it has ended. */
static int commit(struct store *store, enum access access)
{
    int code = statement_execute(store, "COMMIT");

    if (code == SQLITE_OK && access == ACCESS_WRITE && database_is_moved(store))
        code = SQLITE_READONLY_DBMOVED;
    return code;
}

static int begin(struct store *store, enum access access)
{
    int code = statement_execute(store, access == ACCESS_WRITE ? "BEGIN IMMEDIATE" : "BEGIN");

    if (code == SQLITE_OK && access == ACCESS_WRITE && database_is_moved(store))
        code = SQLITE_READONLY_DBMOVED;
    return code;
}

static bool is_moved(int code)
{
    return code == SQLITE_READONLY_DBMOVED;
}

/* What can be done about the failure: STATUS_OK when it is worth another try. */
static enum status mend(struct store *store, int code, struct error *error)
{
    undo(store);
    if (damage_is(code))
        return database_replace(store, code, error);
    if (is_moved(code)) {
        database_drop(store);
        return STATUS_OK;
    }
    return database_failure(store, code, error);
}

/* A piece of work, and how it is gone about. */
struct job {
    enum access access;
    int (*work)(struct store *store, void *context);
    void *context;
};

static int run_once(struct store *store, const struct job *job)
{
    int code = begin(store, job->access);

    if (code == SQLITE_OK)
        code = job->work(store, job->context);
    if (code == SQLITE_OK)
        code = commit(store, job->access);
    return code;
}

static int begin_once(struct store *store, const struct job *job)
{
    return begin(store, job->access);
}

static enum status keep_trying(struct store *store,
                               int (*once)(struct store *store, const struct job *job),
                               const struct job *job, struct error *error)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        enum status status = make_ready(store, error);
        int code;

        if (status != STATUS_OK)
            return status;
        folder_enter(store->folder);
        code = once(store, job);
        folder_leave(store->folder);
        if (code == SQLITE_OK)
            return STATUS_OK;
        status = mend(store, code, error);
        if (status != STATUS_OK)
            return status;
    }
    return error_set(error, STATUS_SYSTEM, "%s: is damaged or taken away again and again",
                     store->path);
}

/* A failure ends the batch: it is undone whole, and its commit will say why. */
static enum status run_in_batch(struct store *store, const struct job *job, struct error *error)
{
    folder_enter(store->folder);
    int code = job->work(store, job->context);

    folder_leave(store->folder);
    if (code == SQLITE_OK)
        return STATUS_OK;
    store->batch = BATCH_FAILED;
    (void)database_failure(store, code, &store->batch_error);
    undo(store);
    if (damage_is(code) || is_moved(code))
        (void)mend(store, code, error);
    *error = store->batch_error;
    return error->status;
}

enum status transaction_run(struct store *store, enum access access,
                            int (*work)(struct store *store, void *context), void *context,
                            struct error *error)
{
    const struct job job = {.access = access, .work = work, .context = context};

    if (access == ACCESS_WRITE && store->read_only)
        return error_set(error, STATUS_SYSTEM, "%s: was opened for reading alone", store->path);
    if (store->batch == BATCH_FAILED) {
        *error = store->batch_error;
        return error->status;
    }
    assert(store->batch != BATCH_OPEN || access <= store->batch_access);
    if (store->batch == BATCH_OPEN)
        return run_in_batch(store, &job, error);
    return keep_trying(store, run_once, &job, error);
}

enum status transaction_begin(struct store *store, enum access access, struct error *error)
{
    const struct job job = {.access = store->read_only ? ACCESS_READ : access};
    enum status status;

    store->batch_access = job.access;
    status = keep_trying(store, begin_once, &job, error);
    if (status == STATUS_OK)
        store->batch = BATCH_OPEN;
    return status;
}

enum status transaction_commit(struct store *store, struct error *error)
{
    enum batch batch = store->batch;
    int code;

    store->batch = BATCH_NONE;
    if (batch == BATCH_FAILED) {
        *error = store->batch_error;
        return error->status;
    }
    if (batch == BATCH_NONE)
        return STATUS_OK;
    folder_enter(store->folder);
    code = commit(store, store->batch_access);
    folder_leave(store->folder);
    if (code == SQLITE_OK)
        return STATUS_OK;
    (void)database_failure(store, code, &store->batch_error);
    (void)mend(store, code, error);
    *error = store->batch_error;
    return error->status;
}
