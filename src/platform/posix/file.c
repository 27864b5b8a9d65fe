/* Files as mxpull needs them: opened with plain words for what can be wrong, appended to as logs,
 * replaced in one step, and checked for whether others can read them. */
#include <mxpull/platform/file.h>

#include "folder.h"
#include "private_file.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOG_MODE = 0640,
    REPLACED_MODE = 0644,
    PRIVATE_MODE = 0600,
    NAMES_TRIED_MAX = 100,
    PRIVATE_BITS = 077,
    WRITTEN_BITS = 022,
    SIZE_MAX_MIB = 64,
    CHUNK_SIZE = 16 * 1024,
};

/* STATUS_OK for a plain file of a size that can be read in a moment. */
static enum status check_plain(const struct stat *facts, const char *path, struct error *error)
{
    const char *kind = folder_strange_kind(facts->st_mode);

    if (kind != NULL)
        return error_set(error, STATUS_SYSTEM, "%s: is a %s, not a file", path, kind);
    if (facts->st_size > (off_t)SIZE_MAX_MIB * 1024 * 1024)
        return error_set(error, STATUS_SYSTEM, "%s: is larger than %d MiB", path, SIZE_MAX_MIB);
    return STATUS_OK;
}

/* Looked at before it is opened, for opening a device may do something, and afterwards, when it cannot
 * be exchanged any more. A pipe that nobody writes to keeps nobody waiting. */
enum status file_open(FILE **file, const char *path, struct error *error)
{
    struct stat facts;
    enum status status = STATUS_OK;
    FILE *opened = NULL;
    int descriptor = -1;

    if (stat(path, &facts) == 0)
        status = check_plain(&facts, path, error);
    if (status == STATUS_OK)
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (status == STATUS_OK && (descriptor < 0 || fstat(descriptor, &facts) != 0))
        status = system_fail(error, path, "cannot be opened", errno);
    if (status == STATUS_OK)
        status = check_plain(&facts, path, error);
    if (status == STATUS_OK && (opened = fdopen(descriptor, "r")) == NULL)
        status = system_fail(error, path, "cannot be opened", errno);
    if (status != STATUS_OK) {
        if (descriptor >= 0)
            (void)close(descriptor);
        return status;
    }
    *file = opened;
    return STATUS_OK;
}

/* A plain file, or a device of characters such as /dev/null, which O_NONBLOCK keeps from holding us up. */
static int open_log(const struct folder *folder, const char **kind)
{
    struct stat facts;

    if (fstatat(folder->descriptor, folder->name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISCHR(facts.st_mode) && (*kind = folder_strange_kind(facts.st_mode)) != NULL)
        return -1;
    int descriptor = folder_open_file(folder, O_WRONLY | O_APPEND | O_CREAT, LOG_MODE);
    if (descriptor >= 0 && !folder_is_trusted(folder, descriptor, &facts) &&
        !S_ISCHR(facts.st_mode)) {
        (void)close(descriptor);
        errno = EPERM;
        return -1;
    }
    return descriptor;
}

enum status file_open_log(FILE **file, const char *path, struct error *error)
{
    struct folder folder;
    const char *kind = NULL;
    int descriptor = -1;
    FILE *opened;

    if (folder_find(&folder, path, FOLDER_LAST_FILE_OR_LINK)) {
        descriptor = open_log(&folder, &kind);
        folder_done(&folder);
    }
    if (kind != NULL)
        return error_set(error, STATUS_SYSTEM, "%s: is a %s, not a file", path, kind);
    if (descriptor < 0)
        return system_fail(error, path, "cannot be opened for writing", errno);
    opened = fdopen(descriptor, "a");
    if (opened == NULL) {
        (void)system_fail(error, path, "cannot be opened for writing", errno);
        (void)close(descriptor);
        return STATUS_SYSTEM;
    }
    *file = opened;
    return STATUS_OK;
}

/* Takes the last written bytes of ours off the end, if nobody has added anything behind them. */
static void take_back(int descriptor, size_t written)
{
    off_t end = lseek(descriptor, 0, SEEK_CUR);
    struct stat facts;

    if (written > 0 && end >= (off_t)written && fstat(descriptor, &facts) == 0 &&
        S_ISREG(facts.st_mode) && facts.st_size == end)
        (void)!ftruncate(descriptor, end - (off_t)written);
}

enum status file_add_line(FILE *file, const char *line, size_t size, struct error *error)
{
    int descriptor = fileno(file);
    size_t done = 0;

    while (done < size) {
        ssize_t written = write(descriptor, line + done, size - done);

        if (written <= 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            (void)error_set(error, STATUS_SYSTEM, "%s", strerror(errno));
            take_back(descriptor, done);
            return STATUS_SYSTEM;
        }
        done += (size_t)written;
    }
    return STATUS_OK;
}

/* Who should own a file that we alone may read: our user's name, or its number where it has no
 * name. */
static void own_name(char *target, size_t target_size)
{
    const struct passwd *user = getpwuid(geteuid());

    if (user != NULL)
        (void)snprintf(target, target_size, "%s", user->pw_name);
    else
        (void)snprintf(target, target_size, "%lu", (unsigned long)geteuid());
}

/* Whether others than the owner and root may read it. Where we are not root, and can read a file of
 * root's and of root's group all the same, it is by an entry for us in its access list, which shows
 * as a right of the group: so systemd hands credentials over. */
static bool is_open_to_others(const struct stat *facts)
{
    mode_t open_bits = PRIVATE_BITS;

    if (geteuid() != 0 && facts->st_uid == 0 && facts->st_gid == 0)
        open_bits &= ~(mode_t)S_IRGRP;
    return (facts->st_mode & open_bits) != 0;
}

enum status file_check_private(FILE *file, const char *path, struct error *error)
{
    struct stat facts;

    if (fstat(fileno(file), &facts) != 0)
        return system_fail(error, path, "its permissions cannot be read", errno);
    if (!S_ISREG(facts.st_mode)) /* a pipe or a terminal: there is nothing that others could open */
        return STATUS_OK;
    if (is_open_to_others(&facts))
        return error_set(error, STATUS_SYNTAX, "is open to others; run: chmod 600 %s", path);
    if (geteuid() != 0 && facts.st_uid != 0 && facts.st_uid != geteuid()) {
        char name[64];

        own_name(name, sizeof name);
        return error_set(error, STATUS_SYNTAX, "belongs to another user; run: chown %s %s", name,
                         path);
    }
    return STATUS_OK;
}

/* Others who may write into its folder can put there only what is theirs, and that is refused here. */
enum status file_check_ours(FILE *file, const char *path, struct error *error)
{
    struct stat facts;
    char name[64];

    if (fstat(fileno(file), &facts) != 0)
        return system_fail(error, path, "its permissions cannot be read", errno);
    if (!S_ISREG(facts.st_mode))
        return STATUS_OK;
    own_name(name, sizeof name);
    if (facts.st_uid != 0 && facts.st_uid != geteuid())
        return error_set(error, STATUS_SYNTAX,
                         "%s: belongs to another user, who may write into it; run: chown %s %s",
                         path, name, path);
    if ((facts.st_mode & WRITTEN_BITS) != 0)
        return error_set(error, STATUS_SYNTAX, "%s: can be written by others; run: chmod go-w %s",
                         path, path);
    return STATUS_OK;
}

/* By a signal that does not ask us to end: a pipe may be waited for. */
static bool is_interrupted(FILE *file)
{
    if (ferror(file) == 0 || errno != EINTR || signals_stop_requested())
        return false;
    clearerr(file);
    return true;
}

enum status file_read_open(FILE *file, const char *path, struct buffer *bytes, struct error *error)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;
    size_t size;

    (void)setvbuf(file, NULL, _IONBF,
                  0); /* no copy of a secret stays in a buffer of the stream's */
    while (status == STATUS_OK &&
           ((size = fread(chunk, 1, sizeof chunk, file)) > 0 || is_interrupted(file)))
        status = buffer_append(bytes, chunk, size);
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    if (status != STATUS_OK)
        return error_set(error, status, "%s: is larger than %zu bytes", path, bytes->limit);
    if (ferror(file) != 0)
        return system_fail(error, path, "cannot be read", errno);
    return STATUS_OK;
}

enum status file_read(const char *path, struct buffer *bytes, struct error *error)
{
    FILE *file = NULL;
    enum status status = file_open(&file, path, error);

    if (status != STATUS_OK)
        return status;
    status = file_read_open(file, path, bytes, error);
    (void)fclose(file);
    return status;
}

static bool write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* Writes the new file beside the old one. It is on the disk when this returns STATUS_OK. */
static enum status write_new(int descriptor, const char *path, const char *bytes, size_t size,
                             struct error *error)
{
    if (!write_all(descriptor, bytes, size) || fchmod(descriptor, REPLACED_MODE) != 0 ||
        fsync(descriptor) != 0) {
        (void)system_fail(error, path, "cannot be written", errno);
        (void)close(descriptor);
        return STATUS_SYSTEM;
    }
    if (close(descriptor) != 0)
        return system_fail(error, path, "cannot be written", errno);
    return STATUS_OK;
}

/* Makes a file beside the one that is to be replaced; its name is written to name. */
static int create_beside(const struct folder *folder, char *name, size_t name_size)
{
    uint64_t number = host_seed();
    int descriptor = -1;

    errno = ENAMETOOLONG;
    for (int i = 0; descriptor < 0 && i < NAMES_TRIED_MAX; i++) {
        int length =
            snprintf(name, name_size, "%s.%016llx", folder->name, (unsigned long long)number++);

        if (length < 0 || (size_t)length >= name_size)
            return -1;
        descriptor = openat(folder->descriptor, name,
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
        if (descriptor < 0 && errno != EEXIST)
            return -1;
    }
    return descriptor;
}

/* The entry of a file that was just renamed is on the disk only after this. Some file systems cannot do it on
 * a directory, and the file is whole without it: so a failure is none. */
static void sync_folder(const struct folder *folder)
{
    int descriptor = openat(folder->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor >= 0) {
        (void)fsync(descriptor);
        (void)close(descriptor);
    }
}

static enum status replace_in(const struct folder *folder, const char *path, const char *bytes,
                              size_t size, struct error *error)
{
    char name[NAME_MAX + 1];
    struct stat facts;
    bool is_there = fstatat(folder->descriptor, folder->name, &facts, AT_SYMLINK_NOFOLLOW) == 0;
    const char *kind =
        is_there && !S_ISLNK(facts.st_mode) ? folder_strange_kind(facts.st_mode) : NULL;

    if (kind != NULL)
        return error_set(error, STATUS_SYSTEM, "%s: cannot be replaced: it is a %s, not a file",
                         path, kind);
    int descriptor = create_beside(folder, name, sizeof name);
    if (descriptor < 0)
        return system_fail(error, path, "cannot be written", errno);
    enum status status = write_new(descriptor, path, bytes, size, error);
    if (status == STATUS_OK &&
        renameat(folder->descriptor, name, folder->descriptor, folder->name) != 0)
        status = system_fail(error, path, "cannot be replaced", errno);
    if (status == STATUS_OK)
        sync_folder(folder);
    else
        (void)unlinkat(folder->descriptor, name, 0);
    return status;
}

enum status file_replace(const char *path, const char *bytes, size_t size, struct error *error)
{
    struct folder folder;

    if (!folder_find(&folder, path, FOLDER_LAST_FILE))
        return system_fail(error, path, "cannot be written", errno);
    folder_enter(&folder);
    enum status status = replace_in(&folder, path, bytes, size, error);
    folder_leave(&folder);
    folder_done(&folder);
    return status;
}

enum status directory_make(const char *path, struct error *error)
{
    struct folder folder;

    if (!folder_find(&folder, path, FOLDER_LAST_MADE))
        return system_fail(error, path, "the directory cannot be made", errno);
    folder_done(&folder);
    return STATUS_OK;
}

enum status file_make_private(const char *path, struct error *error)
{
    int descriptor = private_file_open(path);

    if (descriptor < 0)
        return system_fail(error, path, "cannot be made", errno);
    (void)close(descriptor);
    return STATUS_OK;
}

enum status file_rename(const char *from, const char *to, struct error *error)
{
    const char *slash = strrchr(to, '/');
    struct folder folder;
    bool is_done = false;

    if (folder_find(&folder, from, FOLDER_LAST_FILE)) {
        folder_enter(&folder);
        is_done = renameat(folder.descriptor, folder.name, folder.descriptor,
                           slash != NULL ? slash + 1 : to) == 0;
        folder_leave(&folder);
        folder_done(&folder);
    }
    return is_done ? STATUS_OK : system_fail(error, from, "cannot be renamed", errno);
}

int file_try(const char *path)
{
    struct folder folder;
    int descriptor = -1, failed = 0;

    if (folder_find(&folder, path, FOLDER_LAST_FILE)) {
        descriptor = folder_open_file(&folder, O_RDONLY, 0);
        folder_done(&folder);
    }
    if (descriptor < 0)
        failed = errno;
    else
        (void)close(descriptor);
    return failed;
}

const char *file_error_text(int number)
{
    return system_error_text(number);
}
