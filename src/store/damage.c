/* A damaged store is given another name, so that it can be looked into, and stands in nobody's way.
 * Its companions go with it: SQLite would read an old log into a new file. */
#include "internal.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_SIZE_MAX = 16 * 1024,
    NAMES_TRIED_MAX = 1000
};

bool damage_is(int code)
{
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

/* Not SQLITE_ACCESS_EXISTS, which does not see empty files. */
static bool is_there(const char *path)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    int there = 0;

    return system->xAccess(system, path, SQLITE_ACCESS_READWRITE, &there) == SQLITE_OK &&
           there != 0;
}

/* "…/mxpull.db.damaged-20261124T203600Z", and "-2" and so on behind it where that is taken. */
static bool choose_name(const struct store *store, struct buffer *name)
{
    char stamp[CLOCK_TEXT_SIZE];
    size_t size = 0;

    (void)clock_utc_text(stamp, clock_wall_ms());
    for (const char *from = stamp; *from != '\0'; from++) {
        if (*from != '-' && *from != ':')
            stamp[size++] = *from;
    }
    stamp[size] = '\0';
    for (int number = 1; number <= NAMES_TRIED_MAX; number++) {
        char suffix[16] = "";

        if (number > 1)
            (void)snprintf(suffix, sizeof suffix, "-%d", number);
        buffer_clear(name);
        if (buffer_append_format(name, "%s.damaged-%s%s", store->path, stamp, suffix) != STATUS_OK)
            return false;
        if (!is_there(name->bytes))
            return true;
    }
    return false;
}

/* The file with this suffix, if it is there. */
static enum status rename_one(const struct store *store, const char *name, const char *suffix,
                              struct error *error)
{
    char *from = sqlite3_mprintf("%s%s", store->path, suffix);
    char *to = sqlite3_mprintf("%s%s", name, suffix);
    enum status status = STATUS_OK;

    if (from == NULL || to == NULL)
        status = error_set(error, STATUS_SYSTEM, "%s: there is no memory", store->path);
    else if (is_there(from))
        status = file_rename(from, to, error);
    sqlite3_free(from);
    sqlite3_free(to);
    return status;
}

static void tell(const struct store *store, const char *name)
{
    char *text;

    if (store->notice == NULL)
        return;
    text =
        sqlite3_mprintf("%s was damaged; it is now %s, and a new one is begun", store->path, name);
    if (text != NULL)
        store->notice(store->context, text);
    sqlite3_free(text);
}

enum status damage_set_aside(struct store *store, struct error *error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    enum status status = STATUS_OK;
    struct buffer name;

    buffer_init(&name, PATH_SIZE_MAX);
    if (!choose_name(store, &name))
        status = error_set(error, STATUS_SYSTEM, "%s: is damaged, and no name is free for it",
                           store->path);
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(suffixes); i++)
        status = rename_one(store, name.bytes, suffixes[i], error);
    if (status == STATUS_OK)
        tell(store, name.bytes);
    buffer_done(&name);
    return status;
}
