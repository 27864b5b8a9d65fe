/* Files as mxpull needs them: opened with plain words for what can be wrong, appended to as logs,
 * replaced in one step, and checked for whether others can read them. */
#include "folder.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    LOG_MODE = 0640,
    REPLACED_MODE = 0644,
    PRIVATE_MODE = 0600,
    PRIVATE_BITS = 077,
    WRITTEN_BITS = 022,
    SIZE_MAX_MIB = 64
};

/* What SQLite needs beside the file while it is open. */
#define FREE_MIN 32768UL

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

/* Makes a stream of a descriptor, which it takes over; -1: errno says why there is none. */
static enum status open_stream(FILE **file, int descriptor, const char *mode, const char *path,
                               const char *what, struct error *error)
{
    FILE *opened = descriptor >= 0 ? fdopen(descriptor, mode) : NULL;

    if (opened != NULL) {
        *file = opened;
        return STATUS_OK;
    }
    (void)system_fail(error, path, what, errno);
    if (descriptor >= 0)
        (void)close(descriptor);
    return error->status;
}

/* The file is looked at before it is opened, for opening a device may do something, and again afterwards, when it cannot
 * be exchanged any more. O_NONBLOCK: a pipe without a writer would block. */
enum status file_open(FILE **file, const char *path, struct error *error)
{
    struct stat facts;

    if (stat(path, &facts) == 0 && check_plain(&facts, path, error) != STATUS_OK)
        return error->status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor >= 0 && fstat(descriptor, &facts) == 0 &&
        check_plain(&facts, path, error) != STATUS_OK) {
        (void)close(descriptor);
        return error->status;
    }
    return open_stream(file, descriptor, "r", path, "cannot be opened", error);
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

    if (folder_find(&folder, path, FOLDER_LAST_FILE_OR_LINK)) {
        descriptor = open_log(&folder, &kind);
        folder_done(&folder);
    }
    if (kind != NULL)
        return error_set(error, STATUS_SYSTEM, "%s: is a %s, not a file", path, kind);
    return open_stream(file, descriptor, "a", path, "cannot be opened for writing", error);
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

/* Returns how much of it was written. */
static size_t write_all(int descriptor, const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t written = write(descriptor, bytes + done, size - done);

        if (written > 0)
            done += (size_t)written;
        else if (written == 0 || errno != EINTR)
            break;
    }
    return done;
}

enum status file_add_line(FILE *file, const char *line, size_t size, struct error *error)
{
    size_t done = write_all(fileno(file), line, size);

    if (done == size)
        return STATUS_OK;
    (void)error_set(error, STATUS_SYSTEM, "%s", strerror(errno));
    take_back(fileno(file), done);
    return STATUS_SYSTEM;
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

/* Others may write into its folder, but what they put there is theirs, and refused here. */
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

/* Writes the new file, which is closed. It is on the disk when this returns STATUS_OK. */
static enum status write_new(int descriptor, mode_t mode, const char *path, const char *bytes,
                             size_t size, struct error *error)
{
    bool is_written = write_all(descriptor, bytes, size) == size && fchmod(descriptor, mode) == 0 &&
                      fsync(descriptor) == 0;
    int failed = errno;

    if (close(descriptor) != 0 && is_written) {
        is_written = false;
        failed = errno;
    }
    return is_written ? STATUS_OK : system_fail(error, path, "cannot be written", failed);
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

/* A link to a file is replaced, and not the file. /dev/stdout is one that leads to a file, too, where output is redirected. */
static enum status check_replaced(const struct folder *folder, const char *path,
                                  struct error *error)
{
    struct stat facts, devices, there;
    const char *kind = fstatat(folder->descriptor, folder->name, &there, 0) == 0
                           ? folder_strange_kind(there.st_mode)
                           : NULL;

    if (kind != NULL)
        return error_set(error, STATUS_SYSTEM, "%s: cannot be replaced: it is a %s, not a file",
                         path, kind);
    if (fstat(folder->descriptor, &facts) == 0 && stat("/dev", &devices) == 0 &&
        facts.st_dev == devices.st_dev && facts.st_ino == devices.st_ino)
        return error_set(error, STATUS_SYSTEM,
                         "%s: cannot be replaced: in that folder stand devices, not files", path);
    return STATUS_OK;
}

static enum status replace_in(const struct folder *folder, const char *path, const char *bytes,
                              size_t size, struct error *error)
{
    char name[NAME_MAX + 1];

    if (check_replaced(folder, path, error) != STATUS_OK)
        return STATUS_SYSTEM;
    int length =
        snprintf(name, sizeof name, "%s.%016llx", folder->name, (unsigned long long)host_seed());
    if (length < 0 || (size_t)length >= sizeof name)
        return system_fail(error, path, "cannot be written", ENAMETOOLONG);
    int descriptor = openat(folder->descriptor, name,
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
    if (descriptor < 0)
        return system_fail(error, path, "cannot be written", errno);
    enum status status = write_new(descriptor, REPLACED_MODE, path, bytes, size, error);
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

static enum status create_in(const struct folder *folder, const char *path, const char *bytes,
                             size_t size, struct error *error)
{
    int descriptor = openat(folder->descriptor, folder->name,
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);

    if (descriptor < 0)
        return system_fail(error, path, "cannot be made", errno);
    enum status status = write_new(descriptor, PRIVATE_MODE, path, bytes, size, error);
    if (status == STATUS_OK)
        sync_folder(folder);
    else
        (void)unlinkat(folder->descriptor, folder->name, 0);
    return status;
}

enum status file_create(const char *path, const char *bytes, size_t size, struct error *error)
{
    struct folder folder;

    if (!folder_find(&folder, path, FOLDER_LAST_FILE))
        return system_fail(error, path, "cannot be made", errno);
    folder_enter(&folder);
    enum status status = create_in(&folder, path, bytes, size, error);
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
    int descriptor = folder_open_private(path);

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

/* Why no file can be made there, as one of the system's numbers; 0: it can. access(2) says EROFS to root, too. */
static int unwritable(const char *path)
{
    struct statvfs facts;
    struct stat kind;

    if (stat(path, &kind) == 0 && !S_ISDIR(kind.st_mode))
        return ENOTDIR;
    if (access(path, W_OK | X_OK) != 0)
        return errno;
    if (statvfs(path, &facts) == 0 && facts.f_blocks > 0 &&
        (geteuid() == 0 ? facts.f_bfree : facts.f_bavail) < FREE_MIN / facts.f_frsize + 1)
        return ENOSPC;
    return 0;
}

enum writable system_writable(const char *path, bool *is_missing, struct error *error)
{
    int number = unwritable(path);

    *is_missing = number == ENOENT;
    if (number == 0)
        return WRITABLE_YES;
    (void)error_set(error, system_status(number), "%s", system_error_text(number));
    return number == EROFS || number == ENOSPC || number == ENOTDIR ? WRITABLE_BY_NOBODY
                                                                    : WRITABLE_NOT_BY_US;
}

enum status system_list_folder(const char *path, void (*each)(void *context, const char *name),
                               void *context, struct error *error)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    if (folder == NULL)
        return errno == ENOENT ? STATUS_OK : system_fail(error, path, "cannot be read", errno);
    while (errno = 0, (entry = readdir(folder)) != NULL)
        each(context, entry->d_name);
    const int failed = errno;
    (void)closedir(folder);
    return failed == 0 ? STATUS_OK : system_fail(error, path, "cannot be read", failed);
}

bool file_identify(FILE *file, struct file_identity *identity)
{
    struct stat facts;

    if (fstat(fileno(file), &facts) != 0)
        return false;
    *identity = (struct file_identity){(uint64_t)facts.st_dev, (uint64_t)facts.st_ino};
    return true;
}
