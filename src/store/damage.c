/* A damaged store is given another name, so that it can be looked into, and stands in nobody's way.
 * Its companions go with it: SQLite would read an old log into a new file. Where a file that somebody has
 * open cannot be renamed, all stays as it is, and is tried again at the next use. */
#include "internal.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/clock.h>
#include <mxpull/platform/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_SIZE_MAX = 16 * 1024,
    NAMES_TRIED_MAX = 1000,
    HELD_WAIT_MS = 250,
    HELD_LOOK_MS = 10
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

static char *note_path(const struct store *store)
{
    return store->directory != NULL ? sqlite3_mprintf("%s.suspect", store->path) : NULL;
}

bool damage_is_noted(const struct store *store)
{
    char *path = note_path(store);
    bool is_noted = path != NULL && is_there(path);

    sqlite3_free(path);
    return is_noted;
}

bool damage_leave_note(const struct store *store)
{
    char *path = note_path(store);
    struct error error;
    bool is_left = path != NULL && file_make_private(path, &error) == STATUS_OK && is_there(path);

    sqlite3_free(path);
    return is_left;
}

static void remove_note(const struct store *store)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    char *path = note_path(store);

    if (path != NULL)
        (void)system->xDelete(system, path, 0);
    sqlite3_free(path);
}

bool damage_is_there(struct store *store)
{
    struct statement statement = statement_start(store, "PRAGMA integrity_check(1)", NO_VALUES);
    bool is_well = statement_row(&statement) && text_equal(column_text(&statement, 0), "ok");
    int code = statement_end(&statement);

    remove_note(store);
    return damage_is(code) || (code == SQLITE_OK && !is_well);
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

/* A virus scanner may hold it for a moment; another mxpull does for as long as it runs. */
static enum status rename_patiently(const struct store *store, const char *from, const char *to,
                                    struct error *error)
{
    int64_t wait_ms = store->patience_ms < HELD_WAIT_MS ? store->patience_ms : HELD_WAIT_MS;
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    enum status status;

    while ((status = file_rename(from, to, error)) == STATUS_BUSY &&
           clock_monotonic_ms() < deadline_ms)
        (void)sqlite3_sleep(HELD_LOOK_MS);
    if (status == STATUS_BUSY)
        (void)error_set(error, STATUS_BUSY,
                        "%s: is damaged, and cannot be set aside while another process has it open",
                        store->path);
    return status;
}

/* Renames base to target, with this suffix behind both, if it is there. */
static enum status rename_one(const struct store *store, const char *base, const char *target,
                              const char *suffix, struct error *error)
{
    char *from = sqlite3_mprintf("%s%s", base, suffix);
    char *to = sqlite3_mprintf("%s%s", target, suffix);
    enum status status = STATUS_OK;

    if (from == NULL || to == NULL)
        status = error_set(error, STATUS_SYSTEM, "%s: there is no memory", store->path);
    else if (is_there(from))
        status = rename_patiently(store, from, to, error);
    sqlite3_free(from);
    sqlite3_free(to);
    return status;
}

/* All of its files, or none. */
static enum status rename_all(const struct store *store, const char *name, struct error *error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    struct error ignored;

    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        enum status status = rename_one(store, store->path, name, suffixes[i], error);

        if (status == STATUS_OK)
            continue;
        while (i-- > 0)
            (void)rename_one(store, name, store->path, suffixes[i], &ignored);
        return status;
    }
    return STATUS_OK;
}

static void tell(const struct store *store, const char *name)
{
    char *text;

    if (store->notice == NULL)
        return;
    text = sqlite3_mprintf(
        "%s was damaged, or not made by mxpull; it is now %s, and a new one is begun", store->path,
        name);
    if (text != NULL)
        store->notice(store->context, text);
    sqlite3_free(text);
}

enum status damage_set_aside(struct store *store, struct error *error)
{
    enum status status;
    struct buffer name;

    buffer_init(&name, PATH_SIZE_MAX);
    if (choose_name(store, &name))
        status = rename_all(store, name.bytes, error);
    else
        status = error_set(error, STATUS_SYSTEM, "%s: is damaged, and no name is free for it",
                           store->path);
    if (status == STATUS_OK) {
        remove_note(store);
        tell(store, name.bytes);
    }
    buffer_done(&name);
    return status;
}
