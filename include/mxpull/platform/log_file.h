#ifndef MXPULL_PLATFORM_LOG_FILE_H
#define MXPULL_PLATFORM_LOG_FILE_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A log of another program, held open for reading: a plain file of any size that grows at its end, is renamed and
 * followed by a new one of its name, or is cut off and begins anew. It is never changed. */
struct log_file;

/* Opens the file at path (UTF-8), with the rights that folder.h speaks of. Reading begins at its first byte or, where
 * that is not wanted, at the last one that it holds now. STATUS_SYSTEM with the path, what failed and the system's reason.
 * Never blocks for a pipe. */
enum status log_file_open(struct log_file **file, const char *path, bool from_begin,
                          struct error *error);
void log_file_close(struct log_file *file); /* NULL is allowed */

/* Takes the next bytes, up to size: *done of them; 0: there are none now. *is_cut: the file has become shorter than what was
 * read of it, and these are its first ones. STATUS_SYSTEM. */
enum status log_file_read(struct log_file *file, char *bytes, size_t size, size_t *done,
                          bool *is_cut, struct error *error);

enum log_file_place {
    LOG_FILE_THERE,
    LOG_FILE_MOVED, /* its path names nothing, or an empty file: more may be written to this one */
    LOG_FILE_REPLACED /* its path names something else */
};

enum log_file_place log_file_place(const struct log_file *file);

/* When it was last written to, of the wall clock; 0: not known (always on Windows). */
int64_t log_file_written_ms(const struct log_file *file);

/* A descriptor for loop_watch that is readable when the file was written to, moved or removed since it was last read from;
 * -1 where the system cannot tell (inotify on Linux alone, and as long as there is some of it left). A change that was made on
 * another machine is not seen by it. */
intptr_t log_file_descriptor(const struct log_file *file);

#endif
