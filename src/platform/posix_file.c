/* Files as mxpull needs them: opened with plain words for what can be wrong, appended to as logs,
 * replaced in one step, and checked for whether others can read them. */
#include <mxpull/platform/file.h>

#include "posix_private_file.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOG_MODE = 0640,
    LOG_BUFFER_SIZE = 64 * 1024,
    REPLACED_MODE = 0644,
    DIRECTORY_MODE = 0700,
    PRIVATE_BITS = 077,
    WRITTEN_BITS = 022,
    SIZE_MAX_MIB = 64,
    CHUNK_SIZE = 16 * 1024,
    PATH_SIZE_MAX = 16 * 1024,
};

static enum status fail(struct error *error, const char *path, const char *what)
{
    return error_set(error, STATUS_SYSTEM, "%s: %s: %s", path, what, strerror(errno));
}

void file_guard_streams(void)
{
    /* A new file takes the lowest number that is free. It is opened for reading alone, so that writing
     * to it fails as it would have without it, and stays open to the end. */
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", O_RDONLY);
    }
    (void)signal(SIGXFSZ, SIG_IGN);
}

/* What stands in the place of a plain file, or NULL. */
static const char *strange_kind(mode_t mode)
{
    return S_ISREG(mode)    ? NULL
           : S_ISDIR(mode)  ? "directory"
           : S_ISFIFO(mode) ? "pipe"
           : S_ISSOCK(mode) ? "socket"
                            : "device";
}

/* STATUS_OK for a plain file of a size that can be read in a moment. */
static enum status check_plain(const struct stat *facts, const char *path, struct error *error)
{
    const char *kind = strange_kind(facts->st_mode);

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
        status = fail(error, path, "cannot be opened");
    if (status == STATUS_OK)
        status = check_plain(&facts, path, error);
    if (status == STATUS_OK && (opened = fdopen(descriptor, "r")) == NULL)
        status = fail(error, path, "cannot be opened");
    if (status != STATUS_OK) {
        if (descriptor >= 0)
            (void)close(descriptor);
        return status;
    }
    *file = opened;
    return STATUS_OK;
}

enum status file_open_log(FILE **file, const char *path, struct error *error)
{
    /* The stream's own, of a size that no line is cut in two; there is one log at a time. */
    static char lines[LOG_BUFFER_SIZE];
    /* O_NONBLOCK: a pipe that nobody reads is a failure, not a wait. */
    int descriptor =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, LOG_MODE);
    FILE *opened;

    if (descriptor < 0)
        return fail(error, path, "cannot be opened for writing");
    (void)fcntl(descriptor, F_SETFL, O_APPEND);
    opened = fdopen(descriptor, "a");
    if (opened == NULL) {
        (void)fail(error, path, "cannot be opened for writing");
        (void)close(descriptor);
        return STATUS_SYSTEM;
    }
    (void)setvbuf(opened, lines, _IOLBF, sizeof lines);
    *file = opened;
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
        return fail(error, path, "its permissions cannot be read");
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
        return fail(error, path, "its permissions cannot be read");
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
        return fail(error, path, "cannot be read");
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

/* The directory's entry for a file that was just renamed is on the disk only after this. Some file
 * systems cannot do it on a directory, and the file is whole without it: so a failure is none. */
static void sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL   ? memory_copy(".")
                      : slash == path ? memory_copy("/")
                                      : memory_copy_part(path, (size_t)(slash - path));
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor >= 0) {
        (void)fsync(descriptor);
        (void)close(descriptor);
    }
    free(directory);
}

/* Writes the new file beside the old one. It is on the disk when this returns STATUS_OK. */
static enum status write_new(int descriptor, const char *path, const char *bytes, size_t size,
                             struct error *error)
{
    if (!write_all(descriptor, bytes, size) || fchmod(descriptor, REPLACED_MODE) != 0 ||
        fsync(descriptor) != 0) {
        (void)fail(error, path, "cannot be written");
        (void)close(descriptor);
        return STATUS_SYSTEM;
    }
    if (close(descriptor) != 0)
        return fail(error, path, "cannot be written");
    return STATUS_OK;
}

enum status file_replace(const char *path, const char *bytes, size_t size, struct error *error)
{
    struct buffer new_path;
    enum status status;
    int descriptor;

    buffer_init(&new_path, PATH_SIZE_MAX);
    status = buffer_append_format(&new_path, "%s.XXXXXX", path);
    if (status != STATUS_OK) {
        (void)error_set(error, STATUS_SYSTEM, "%.100s…: the path is too long", path);
        goto done;
    }
    descriptor = mkstemp(new_path.bytes);
    if (descriptor < 0) {
        status = fail(error, path, "cannot be written");
        goto done;
    }
    (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    status = write_new(descriptor, path, bytes, size, error);
    if (status == STATUS_OK && rename(new_path.bytes, path) != 0)
        status = fail(error, path, "cannot be replaced");
    if (status == STATUS_OK)
        sync_directory_of(path);
    else
        (void)unlink(new_path.bytes);
done:
    buffer_done(&new_path);
    return status == STATUS_OK ? STATUS_OK : STATUS_SYSTEM;
}

/* Makes one directory, or finds it there. */
static bool make_one(const char *path)
{
    struct stat facts;
    int saved;

    if (mkdir(path, DIRECTORY_MODE) == 0)
        return true;
    saved = errno;
    if (stat(path, &facts) == 0) {
        if (S_ISDIR(facts.st_mode))
            return true;
        saved = ENOTDIR;
    }
    errno = saved;
    return false;
}

enum status directory_make(const char *path, struct error *error)
{
    char *part = memory_copy(path);
    enum status status = STATUS_OK;

    for (char *slash = part; status == STATUS_OK && slash != NULL;) {
        slash += strspn(slash, "/");
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        if (*part != '\0' && !make_one(part))
            status = fail(error, path, "the directory cannot be made");
        if (slash != NULL)
            *slash = '/';
    }
    free(part);
    return status;
}

enum status file_make_private(const char *path, struct error *error)
{
    int descriptor = private_file_open(path);

    if (descriptor < 0)
        return fail(error, path, "cannot be made");
    (void)close(descriptor);
    return STATUS_OK;
}

enum status file_rename(const char *from, const char *to, struct error *error)
{
    return rename(from, to) == 0 ? STATUS_OK : fail(error, from, "cannot be renamed");
}

const char *file_error_text(int number)
{
    return strerror(number);
}
