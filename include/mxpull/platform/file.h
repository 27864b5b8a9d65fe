#ifndef MXPULL_PLATFORM_FILE_H
#define MXPULL_PLATFORM_FILE_H

#include <mxpull/base/buffer.h>
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All paths are UTF-8. All errors are STATUS_SYSTEM with the path, what failed and the system's
 * reason, unless said otherwise. What is written, made or renamed is so with the rights that folder.h speaks of. */

/* Opens a plain file of up to 64 MiB for reading into *file, to be closed with fclose. Anything else,
 * such as a directory, a pipe or a device, is refused in plain words. Never blocks for a pipe. */
enum status file_open(FILE **file, const char *path, struct error *error);

/* Opens a log for appending into *file, made with mode 0640 if it is not there: a plain file, or a device such
 * as /dev/null. A link is followed only if it is root's or ours and not in a folder of another user. */
enum status file_open_log(FILE **file, const char *path, struct error *error);

/* Adds a line, with its end, to a log that was opened so, past the stream's buffer. On failure, as on a full disk,
 * nothing of it is there (but where another process has added to the log meanwhile, and on Windows); error
 * holds the system's reason alone. Never blocks for a terminal. */
enum status file_add_line(FILE *file, const char *line, size_t size, struct error *error);

/* STATUS_OK when nobody but the owner (and root) can read the open file; otherwise STATUS_SYNTAX,
 * and error says so with the command that mends it. path is only for the text. */
enum status file_check_private(FILE *file, const char *path, struct error *error);

/* STATUS_OK when nobody but its owner and root can change the open file, and it belongs to us or to root;
 * otherwise STATUS_SYNTAX, with path and the command that mends it in error. True of what is no plain
 * file. */
enum status file_check_ours(FILE *file, const char *path, struct error *error);

/* Appends the rest of an open file, which stays open, to bytes. path is only for the text. STATUS_LIMIT when it is
 * larger than what bytes may still take. */
enum status file_read_open(FILE *file, const char *path, struct buffer *bytes, struct error *error);

/* A file, whatever names it has: two are the same when all bytes are. */
struct file_identity {
    uint64_t volume, number;
};

/* False: not known. */
bool file_identify(FILE *file, struct file_identity *identity);

enum {
    FILE_MATCHES_MAX = 10000
};

/* The files that a pattern names, in the order of their bytes. In its last part * stands for any bytes and ? for one, but
 * neither for a dot that begins a name; there need be no such file, nor its folder. Without them it is one path, of
 * what may not be there. A relative one is relative to the folder of the file beside. The caller frees *paths and each of
 * them. STATUS_SYSTEM where a folder cannot be read; STATUS_LIMIT over FILE_MATCHES_MAX. */
enum status file_match(const char *beside, const char *pattern, char ***paths, size_t *count,
                       struct error *error);

/* Replaces the file at path by these bytes in one step: whoever reads sees the old file or the new
 * one, whole (mode 0644). */
enum status file_replace(const char *path, const char *bytes, size_t size, struct error *error);

/* Makes a file of these bytes that nobody but its owner can read; an error where there is anything at path. */
enum status file_create(const char *path, const char *bytes, size_t size, struct error *error);

/* Makes the directory, and those above it that are missing, with mode 0700. It being there already
 * is fine. */
enum status directory_make(const char *path, struct error *error);

enum writable {
    WRITABLE_YES,
    WRITABLE_NOT_BY_US, /* others may be allowed to */
    WRITABLE_BY_NOBODY  /* a read-only file system, a full disk, a file where a folder should be */
};

/* Whether files can be made and grow in the directory at path or, where it is not there yet, in the
 * one above it in which it would be made. Changes nothing. error holds the system's reason alone, such
 * as "Read-only file system", unless it is WRITABLE_YES. */
enum writable directory_writable(const char *path, struct error *error);

/* Makes an empty file that nobody but its owner can read, unless there is one at path. */
enum status file_make_private(const char *path, struct error *error);

/* Gives the file at from another name in the same directory; what was there is replaced. STATUS_BUSY
 * while somebody has it open, on systems where that is in the way (SQLite's files on Windows). */
enum status file_rename(const char *from, const char *to, struct error *error);

/* Tries whether the file can be read: 0, or the system's number of the error, such as ENOENT and EACCES. */
int file_try(const char *path);

/* The system's words for one of its error numbers of files, such as "Permission denied". Borrowed until
 * the next call. */
const char *file_error_text(int number);

#endif
