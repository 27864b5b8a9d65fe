/* The file itself: opened, made, opened anew and closed. A process that changes the file's name or its companions holds the
 * lock file meanwhile, so that it does not set aside, or remove the log of, a file that another process has just begun.
 * Only SQLite opens the file: closing it ourselves would give back SQLite's own locks. */
#include "internal.h"

#include <mxpull/base/buffer.h>
#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/lock.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    URI_SIZE_MAX = 64 * 1024,
    LOCK_LOOK_MS = 10,
    VALUE_SIZE_MAX = 16 * 1024 * 1024,
    WATCHED_STEPS = 100000 /* of SQLite's machine, after which it calls */
};

static enum status take_lock(const struct store *store, struct lock_set **lock, struct error *error)
{
    int64_t deadline_ms = clock_monotonic_ms() + store->patience_ms;
    enum status status;

    while ((status = lock_take(lock, store->lock_path, error)) == STATUS_BUSY &&
           clock_monotonic_ms() < deadline_ms)
        (void)sqlite3_sleep(LOCK_LOOK_MS);
    return status;
}

static void append_escaped(struct buffer *uri, const char *path)
{
    for (; *path != '\0'; path++) {
        if (strchr("%?#&", *path) != NULL)
            (void)buffer_append_format(uri, "%%%02X", (unsigned)(unsigned char)*path);
        else
            (void)buffer_append(uri, path, 1);
    }
}

/* The name is used as it is: SQLite would look for what is behind a handle. */
static int take_name(sqlite3_vfs *vfs, const char *name, int size, char *target)
{
    (void)vfs;
    (void)sqlite3_snprintf(size, target, "%s", name);
    return SQLITE_OK;
}

/* SQLite's own system interface, but for names. */
static const char *handle_interface(void)
{
    static sqlite3_vfs interface;

    if (interface.zName == NULL) {
        interface = *sqlite3_vfs_find(NULL);
        interface.zName = "mxpull";
        interface.xFullPathname = take_name;
        (void)sqlite3_vfs_register(&interface, 0);
    }
    return interface.zName;
}

static int open_file(struct store *store)
{
    int flags = store->options.read_only ? SQLITE_OPEN_READONLY
                                         : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    bool is_handle;
    const char *folder = folder_path(store->folder, &is_handle);
    struct buffer uri;

    buffer_init(&uri, URI_SIZE_MAX);
    (void)buffer_append_text(&uri, folder[0] == '/' ? "file://" : "file:");
    append_escaped(&uri, folder);
    (void)buffer_append_text(&uri, store->is_frozen ? "/mxpull.db?immutable=1" : "/mxpull.db");
    int code =
        sqlite3_open_v2(uri.bytes, &store->database, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                        is_handle ? handle_interface() : NULL);
    buffer_done(&uri);
    return code;
}

/* Makes the file, for us alone; why it could not be made, SQLite will tell. Whatever stands beside a new file
 * belonged to one that is gone: processes that still have that open must not share it with us. */
static void make_file(const struct store *store)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    struct error error;

    folder_enter(store->folder);
    for (size_t i = 0; i < COUNT_OF(suffixes) && file_try(store->path) == ENOENT; i++) {
        char *path = memory_format("%s%s", store->path, suffixes[i]);

        (void)system->xDelete(system, path, 0);
        free(path);
    }
    folder_leave(store->folder);
    (void)file_make_private(store->path, &error);
}

/* Ends a query without end, which only a file that mxpull has not made can bring about. */
static int watch_steps(void *context)
{
    struct store *store = context;

    return ++store->watched >= WATCHED_MAX;
}

/* Another user may have made the file, and we may be root: nothing in it is run. */
static int distrust(struct store *store)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    };
    int code = SQLITE_OK;

    for (size_t i = 0; i < COUNT_OF(options) && code == SQLITE_OK; i++)
        code = sqlite3_db_config(store->database, options[i].option, options[i].value, NULL);
    (void)sqlite3_limit(store->database, SQLITE_LIMIT_LENGTH, VALUE_SIZE_MAX);
    (void)sqlite3_limit(store->database, SQLITE_LIMIT_ATTACHED, 1); /* VACUUM needs one */
    sqlite3_progress_handler(store->database, WATCHED_STEPS, watch_steps, store);
    return code;
}

/* Only a new, empty file takes auto_vacuum, by which pruning makes it smaller. journal_size_limit cuts a log that has grown
 * while a reader looked at an older state. */
static int configure(struct store *store)
{
    int64_t pages = 0;
    int code = sqlite3_extended_result_codes(store->database, 1);

    if (code == SQLITE_OK)
        code = distrust(store);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(store->database, (int)store->patience_ms);
    if (code == SQLITE_OK)
        code = statement_execute(store, "PRAGMA cache_size = -256;"
                                        "PRAGMA cell_size_check = ON;"
                                        "PRAGMA synchronous = NORMAL");
    if (code != SQLITE_OK || store->options.read_only)
        return code;
    code = statement_ask(store, "PRAGMA page_count", &pages, NO_VALUES);
    if (code == SQLITE_OK && pages == 0)
        code = statement_execute(store, "PRAGMA auto_vacuum = INCREMENTAL");
    if (code == SQLITE_OK)
        code = statement_execute(store, "PRAGMA journal_mode = WAL;"
                                        "PRAGMA journal_size_limit = 1048576");
    return code;
}

static enum status check_version(const struct store *store, int64_t version, struct error *error)
{
    if (version > SCHEMA_VERSION)
        return error_set(error, STATUS_SYSTEM,
                         "%s: is from a newer mxpull (its version is %lld, this mxpull knows %d)",
                         store->path, (long long)version, SCHEMA_VERSION);
    if (version == 0)
        return error_set(error, STATUS_SYSTEM, "%s: nothing is recorded yet", store->path);
    if (version < SCHEMA_VERSION)
        return error_set(
            error, STATUS_SYSTEM,
            "%s: is from an older mxpull; the next pull, or the daemon's next start, brings it "
            "up to date",
            store->path);
    return STATUS_OK;
}

static bool has_bytes(const char *path)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    int has = 0;

    return system->xAccess(system, path, SQLITE_ACCESS_EXISTS, &has) == SQLITE_OK && has != 0;
}

/* A file that is suspected and empty was not so before, and others may have it open. */
static int connect(struct store *store, int64_t *version)
{
    int code = SQLITE_OK;

    folder_enter(store->folder);
    bool is_noted = !store->options.read_only && damage_is_noted(store);
    if (is_noted && !has_bytes(store->path))
        code = SQLITE_NOTADB;
    else if (store->options.directory != NULL)
        code = open_file(store);
    else
        code = sqlite3_open(store->path, &store->database);
    if (code == SQLITE_OK)
        code = configure(store);
    if (code == SQLITE_OK)
        code = schema_update(store, version);
    if (code == SQLITE_OK && is_noted)
        code = damage_check(store);
    folder_leave(store->folder);
    return code;
}

/* SQLite reads a log by means of a file beside it, which a reader cannot make on a full or read-only disk or in another
 * user's folder. That file is missing, so nobody has the store open. What only the log holds is not seen, and notice says
 * so. */
static int connect_frozen(struct store *store, int64_t *version)
{
    char *log = memory_format("%s-wal", store->path);

    database_drop(store);
    store->is_frozen = true;
    int code = connect(store, version);
    store->is_frozen = code == SQLITE_OK;
    if (code == SQLITE_OK && has_bytes(log))
        store_tell(store,
                   memory_format("%s: its log cannot be read, so the newest answers may be missing",
                                 store->path));
    free(log);
    return code;
}

/* The folder as it is now, and no link or pipe in it in the place of a file. */
static enum status open_folder(struct store *store, struct error *error)
{
    static const char *const names[] = {"mxpull.db", "mxpull.db-wal", "mxpull.db-shm",
                                        "mxpull.db-journal"};
    enum status status;

    folder_close(store->folder);
    store->folder = NULL;
    status = folder_open(&store->folder, store->options.directory, error);
    if (status == STATUS_OK)
        status = folder_check_ours(store->folder, error);
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(names); i++)
        status = folder_check_file(store->folder, names[i], error);
    return status;
}

/* Opens it once. *is_damaged is set where it failed for that. */
static enum status connect_once(struct store *store, bool *is_damaged, struct error *error)
{
    enum status status = store->options.directory != NULL ? open_folder(store, error) : STATUS_OK;
    int64_t version = 0;

    *is_damaged = false;
    if (status != STATUS_OK)
        return status;
    if (!store->options.read_only && store->options.directory != NULL)
        make_file(store);
    int code = connect(store, &version);
    *is_damaged = damage_is(code);
    if (code != SQLITE_OK)
        status = database_failure(store, code, error);
    if (store->options.read_only && !*is_damaged && status == STATUS_SYSTEM) {
        code = connect_frozen(store, &version);
        status = code == SQLITE_OK ? STATUS_OK : status;
    }
    if (status == STATUS_OK)
        status = check_version(store, version, error);
    if (status != STATUS_OK)
        database_drop(store);
    return status;
}

enum status database_open(struct store *store, struct error *error)
{
    struct lock_set *lock = NULL;
    enum status status;
    bool is_damaged;

    if (store->options.read_only || store->options.directory == NULL)
        return connect_once(store, &is_damaged, error);
    status = directory_make(store->options.directory, error);
    if (status == STATUS_OK)
        status = take_lock(store, &lock, error);
    if (status != STATUS_OK)
        return status;
    status = connect_once(store, &is_damaged, error);
    if (is_damaged) {
        status = damage_set_aside(store, error);
        if (status == STATUS_OK)
            status = connect_once(store, &is_damaged, error);
    }
    lock_set_close(lock);
    return status;
}

bool database_is_moved(const struct store *store)
{
    int moved = 0;

    if (store->options.directory == NULL)
        return false;
    folder_enter(store->folder);
    int code = sqlite3_file_control(store->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    folder_leave(store->folder);
    return code == SQLITE_OK && moved != 0;
}

static void disconnect(struct store *store, bool keeps_log)
{
    folder_enter(store->folder);
    if (store->database != NULL && keeps_log)
        (void)sqlite3_db_config(store->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    statement_forget(store);
    (void)sqlite3_close(store->database);
    store->database = NULL;
    folder_leave(store->folder);
}

void database_drop(struct store *store)
{
    disconnect(store, true);
}

void database_close(struct store *store)
{
    struct lock_set *lock = NULL;
    struct error error;

    /* The last one to close writes the log into the file and removes it, by its name. */
    bool keeps_log = store->database == NULL || store->options.read_only ||
                     store->options.directory == NULL ||
                     lock_take(&lock, store->lock_path, &error) != STATUS_OK;
    disconnect(store, keeps_log);
    lock_set_close(lock);
}

/* A reader cannot set the file aside; the message says who will. */
static enum status failure_of_damage(const struct store *store, int code, struct error *error)
{
    const char *what =
        code == SCHEMA_FOREIGN ? "its tables are not those that mxpull makes" : "is damaged";
    const char *next = "";

    if (store->options.read_only)
        next = damage_leave_note(store) ? "; the next pull, or the daemon, sets it aside"
                                        : "; run this once as the user that mxpull runs as, and "
                                          "its next pull sets it aside";
    return error_set(error, STATUS_SYSTEM, "%s: %s%s", store->path, what, next);
}

enum status database_failure(const struct store *store, int code, struct error *error)
{
    int reason = store->database != NULL ? sqlite3_system_errno(store->database) : 0;

    /* On Windows SQLite sees that by itself, and what the system said last was about something else. */
    if (sqlite3_extended_errcode(store->database) == SQLITE_CANTOPEN_ISDIR)
        return error_set(error, STATUS_SYSTEM, "%s: %s: Is a directory", store->path,
                         sqlite3_errstr(code));
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return error_set(error, STATUS_BUSY, "%s: another process holds it", store->path);
    case SQLITE_FULL: return error_set(error, STATUS_SYSTEM, "%s: the disk is full", store->path);
    case SQLITE_INTERRUPT:
        return error_set(error, STATUS_SYSTEM,
                         "%s: a question took too long: it is not as mxpull made it", store->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return failure_of_damage(store, code, error);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
        if (reason != 0)
            return error_set(error, STATUS_SYSTEM, "%s: %s: %s", store->path, sqlite3_errstr(code),
                             file_error_text(reason));
        break;
    default: break;
    }
    return error_set(error, STATUS_SYSTEM, "%s: %s", store->path,
                     store->database != NULL ? sqlite3_errmsg(store->database)
                                             : sqlite3_errstr(code));
}
