/* The store's life: opened, several records as one, closed. */
#include "internal.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

static char *in_directory(const char *directory, const char *name)
{
    struct buffer path;

    buffer_init(&path, strlen(directory) + strlen(name) + 2);
    (void)buffer_append_format(&path, "%s/%s", directory, name);
    return path.bytes; /* the caller's */
}

enum status store_open(struct store **store, const struct store_options *options,
                       struct error *error)
{
    struct store *opened = memory_new(1, sizeof *opened);
    enum status status;

    opened->directory = memory_copy(options->directory);
    if (options->directory != NULL) {
        opened->path = in_directory(options->directory, "mxpull.db");
        opened->lock_path = in_directory(options->directory, "store.lock");
    } else {
        opened->path = memory_copy(":memory:");
    }
    opened->read_only = options->read_only;
    opened->keep_s = options->keep_s;
    opened->now_ms = options->now_ms;
    opened->patience_ms = STORE_PATIENCE_MS;
    opened->notice = options->notice;
    opened->context = options->context;
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
    free(store->lock_path);
    free(store);
}

enum status store_begin(struct store *store, struct error *error)
{
    return transaction_begin(store, ACCESS_WRITE, error);
}

enum status store_begin_reading(struct store *store, struct error *error)
{
    return transaction_begin(store, ACCESS_READ, error);
}

enum status store_commit(struct store *store, struct error *error)
{
    return transaction_commit(store, error);
}

const char *store_library(void)
{
    return sqlite3_libversion();
}
