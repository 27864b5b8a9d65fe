/* A damaged store is given another name, so that people can look into it and a new one can begin. Its companions go with it:
 * SQLite would read an old log into a new file. Where an open file cannot be renamed, all stays as it is until the next
 * use. */
#include "internal.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>
#include <mxpull/platform/file.h>

#include <stdlib.h>
#include <string.h>

enum {
    NAMES_TRIED_MAX = 1000,
    HELD_WAIT_MS = 250,
    HELD_LOOK_MS = 10
};

/* Not SQLITE_ACCESS_EXISTS, which does not see empty files. */
static bool is_there(const char *path)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    int there = 0;

    return system->xAccess(system, path, SQLITE_ACCESS_READWRITE, &there) == SQLITE_OK &&
           there != 0;
}

bool damage_is(int code)
{
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

/* ---- the note ---- */

bool damage_is_noted(const struct store *store)
{
    return store->note_path != NULL && is_there(store->note_path);
}

bool damage_leave_note(const struct store *store)
{
    struct error error;

    return store->note_path != NULL && file_make_private(store->note_path, &error) == STATUS_OK &&
           is_there(store->note_path);
}

static void remove_note(const struct store *store)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);

    (void)system->xDelete(system, store->note_path, 0);
}

int damage_check(struct store *store)
{
    struct statement statement = statement_start(store, "PRAGMA integrity_check(1)", NO_VALUES);
    bool is_well = statement_row(&statement) && text_equal(column_text(&statement, 0), "ok");
    int code = statement_end(&statement);

    remove_note(store);
    return code == SQLITE_OK && !is_well ? SQLITE_CORRUPT : code;
}

/* ---- setting aside ---- */

/* "…/mxpull.db.damaged-20261124T203600Z", and "-2" and so on behind it where that is taken. */
static char *choose_name(const struct store *store)
{
    char stamp[CLOCK_TEXT_SIZE];
    size_t size = 0;

    (void)clock_utc_text(stamp, clock_wall_ms());
    for (const char *from = stamp; *from != '\0'; from++) {
        if (*from != '-' && *from != ':')
            stamp[size++] = *from;
    }
    stamp[size] = '\0';
    char *name = memory_format("%s.damaged-%s", store->path, stamp);
    for (int i = 2; i <= NAMES_TRIED_MAX && is_there(name); i++) {
        free(name);
        name = memory_format("%s.damaged-%s-%d", store->path, stamp, i);
    }
    return name;
}

/* Renames base to target, with this suffix behind both, if it is there. A virus scanner may hold it for a moment;
 * another mxpull does for as long as it runs. */
static enum status rename_one(const struct store *store, const char *base, const char *target,
                              const char *suffix, struct error *error)
{
    int64_t wait_ms = store->patience_ms < HELD_WAIT_MS ? store->patience_ms : HELD_WAIT_MS;
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    char *from = memory_format("%s%s", base, suffix), *to = memory_format("%s%s", target, suffix);
    enum status status = STATUS_OK;

    while (is_there(from) && (status = file_rename(from, to, error)) == STATUS_BUSY &&
           clock_monotonic_ms() < deadline_ms)
        (void)sqlite3_sleep(HELD_LOOK_MS);
    if (status == STATUS_BUSY)
        (void)error_set(error, STATUS_BUSY,
                        "%s: is damaged, and cannot be set aside while another process has it open",
                        store->path);
    free(from);
    free(to);
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

enum status damage_set_aside(struct store *store, struct error *error)
{
    char *name = choose_name(store);
    enum status status = rename_all(store, name, error);

    if (status == STATUS_OK) {
        remove_note(store);
        store_tell(store,
                   memory_format("%s was damaged, or not made by mxpull; it is now %s, and a new "
                                 "one is begun",
                                 store->path, name));
    }
    free(name);
    return status;
}
