/* What is in an open file, where a file could be made, and which ones a pattern names. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/host.h>
#include <mxpull/platform/signals.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE = 16 * 1024
};

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

    /* No copy of a secret stays in a buffer of the stream's, or here. */
    (void)setvbuf(file, NULL, _IONBF, 0);
    while (status == STATUS_OK &&
           ((size = fread(chunk, 1, sizeof chunk, file)) > 0 || is_interrupted(file)))
        status = buffer_append(bytes, chunk, size);
    memory_wipe(chunk, sizeof chunk);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: is larger than %zu bytes", path, bytes->limit);
    if (ferror(file) != 0)
        return error_set(error, STATUS_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    return STATUS_OK;
}

/* Cuts the last name off; false at the root. The separator behind a drive stays: "C:" is another folder. */
static bool go_up(char *path)
{
    size_t size = strlen(path);

    while (size > 0 && strchr(SYSTEM_SEPARATORS, path[size - 1]) != NULL)
        size--;
    while (size > 0 && strchr(SYSTEM_SEPARATORS, path[size - 1]) == NULL)
        size--;
    if (size == 0)
        return false;
    if (size > 1 && path[size - 2] != ':')
        size--;
    path[size] = '\0';
    return true;
}

enum writable directory_writable(const char *path, struct error *error)
{
    char *existing = memory_copy(path);
    enum writable writable;
    bool is_missing;

    while ((writable = system_writable(existing, &is_missing, error)) != WRITABLE_YES &&
           is_missing && go_up(existing))
        ;
    free(existing);
    return writable;
}

/* ---- patterns ---- */

struct match {
    const char *pattern; /* of the names */
    char *folder;        /* with the separator at its end; "": the one that we are in */
    char **paths;
    size_t count;
};

/* By going back to the last * alone, so that no pattern takes long. */
static bool is_match(const char *name, const char *pattern)
{
    const char *star = NULL, *from = NULL;

    if (*name == '.' && *pattern != '.')
        return false;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static void add_match(void *context, const char *name)
{
    struct match *match = context;

    if (match->count > FILE_MATCHES_MAX || !is_match(name, match->pattern))
        return;
    match->paths = memory_more(match->paths, match->count, sizeof *match->paths);
    match->paths[match->count++] = memory_format("%s%s", match->folder, name);
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The part of a path up to its last separator. */
static size_t folder_size(const char *path)
{
    size_t size = strlen(path);

    while (size > 0 && strchr(SYSTEM_SEPARATORS, path[size - 1]) == NULL)
        size--;
    return size;
}

enum status file_match(const char *beside, const char *pattern, char ***paths, size_t *count,
                       struct error *error)
{
    const size_t size = host_path_is_absolute(pattern) ? 0 : folder_size(beside);
    char *path = memory_format("%.*s%s", (int)size, beside, pattern);
    struct match match = {.pattern = path + folder_size(path)};
    enum status status = STATUS_OK;

    match.folder = memory_copy_part(path, folder_size(path));
    if (strpbrk(match.pattern, "*?") == NULL)
        add_match(&match, match.pattern);
    else
        status = system_list_folder(*match.folder != '\0' ? match.folder : ".", add_match, &match,
                                    error);
    if (match.count > FILE_MATCHES_MAX)
        status =
            error_set(error, STATUS_LIMIT, "%s: names more than %d files", path, FILE_MATCHES_MAX);
    for (size_t i = 0; i < match.count && status != STATUS_OK; i++)
        free(match.paths[i]);
    if (status == STATUS_OK) {
        if (match.count > 0)
            qsort(match.paths, match.count, sizeof *match.paths, compare);
        *paths = match.paths;
        *count = match.count;
    } else {
        free(match.paths);
    }
    free(match.folder);
    free(path);
    return status;
}
