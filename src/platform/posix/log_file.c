/* Logs of other programs. */
#include "folder.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/log_file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

struct log_file {
    int descriptor;
    int changes; /* inotify's; -1: there is none */
    off_t position;
    char *path; /* owned */
};

/* ---- news of it ---- */

#ifdef __linux__

/* By the descriptor, for the path may name another file by now. */
static int watch_changes(int descriptor)
{
    char path[40];
    int changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    if (changes >= 0 &&
        inotify_add_watch(changes, path, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF) <
            0) {
        (void)close(changes);
        changes = -1;
    }
    return changes;
}

static void forget_changes(const struct log_file *file)
{
    char events[4096];

    while (file->changes >= 0 && read(file->changes, events, sizeof events) > 0)
        ;
}

#else

static int watch_changes(int descriptor)
{
    (void)descriptor;
    return -1;
}

static void forget_changes(const struct log_file *file)
{
    (void)file;
}

#endif

intptr_t log_file_descriptor(const struct log_file *file)
{
    return file->changes;
}

/* ---- the file ---- */

/* Returns an open descriptor of a plain file; else -1, with errno or *kind set. */
static int open_plain(const char *path, const char **kind)
{
    struct folder folder;
    struct stat facts;
    int descriptor = -1;

    *kind = NULL;
    if (!folder_find(&folder, path, FOLDER_LAST_FILE_OR_LINK))
        return -1;
    /* Opening a device may do something. */
    if (fstatat(folder.descriptor, folder.name, &facts, AT_SYMLINK_NOFOLLOW) == 0)
        *kind = folder_strange_kind(facts.st_mode);
    if (*kind == NULL)
        descriptor = folder_open_file(&folder, O_RDONLY, 0);
    folder_done(&folder);
    if (descriptor >= 0 && fstat(descriptor, &facts) == 0 &&
        (*kind = folder_strange_kind(facts.st_mode)) != NULL) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

enum status log_file_open(struct log_file **file, const char *path, bool from_begin,
                          struct error *error)
{
    const char *kind;
    int descriptor = open_plain(path, &kind);

    if (kind != NULL)
        return error_set(error, STATUS_SYSTEM, "%s: is a %s, not a file", path, kind);
    if (descriptor < 0)
        return system_fail(error, path, "cannot be opened", errno);

    off_t end = from_begin ? 0 : lseek(descriptor, 0, SEEK_END);
    *file = memory_new(1, sizeof **file);
    **file = (struct log_file){.descriptor = descriptor,
                               .changes = watch_changes(descriptor),
                               .position = end > 0 ? end - 1 : 0,
                               .path = memory_copy(path)};
    return STATUS_OK;
}

void log_file_close(struct log_file *file)
{
    if (file == NULL)
        return;
    (void)close(file->descriptor);
    if (file->changes >= 0)
        (void)close(file->changes);
    free(file->path);
    free(file);
}

enum status log_file_read(struct log_file *file, char *bytes, size_t size, size_t *done,
                          bool *is_cut, struct error *error)
{
    struct stat facts;
    ssize_t taken;

    forget_changes(file); /* first: what is written from now on is news */
    *is_cut = fstat(file->descriptor, &facts) == 0 && facts.st_size < file->position;
    if (*is_cut)
        file->position = 0;
    do
        taken = pread(file->descriptor, bytes, size, file->position);
    while (taken < 0 && errno == EINTR);
    if (taken < 0)
        return system_fail(error, file->path, "cannot be read", errno);
    file->position += taken;
    *done = (size_t)taken;
    return STATUS_OK;
}

enum log_file_place log_file_place(const struct log_file *file)
{
    struct stat ours, there;

    if (fstat(file->descriptor, &ours) != 0 || stat(file->path, &there) != 0)
        return errno == ENOENT ? LOG_FILE_MOVED : LOG_FILE_REPLACED;
    if (ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
        return LOG_FILE_THERE;
    return S_ISREG(there.st_mode) && there.st_size == 0 ? LOG_FILE_MOVED : LOG_FILE_REPLACED;
}

int64_t log_file_written_ms(const struct log_file *file)
{
    struct stat facts;

    return fstat(file->descriptor, &facts) == 0 ? (int64_t)facts.st_mtime * 1000 : 0;
}
