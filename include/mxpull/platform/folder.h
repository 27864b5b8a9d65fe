#ifndef MXPULL_PLATFORM_FOLDER_H
#define MXPULL_PLATFORM_FOLDER_H

#include <mxpull/base/status.h>

#include <stdbool.h>

/* A folder that is held open, and the rights with which its files are opened.
 *
 * On POSIX another user can put links into his folder, and root would follow them anywhere. So root opens, makes and
 * renames files with the rights of the first user but root who owns a folder, or a link to one, on the way. The functions
 * of file.h and lock.h do so by themselves; code that opens files in another way does it between folder_enter and
 * folder_leave. Other users, and Windows, act as themselves. */
struct folder;

/* STATUS_SYSTEM. */
enum status folder_open(struct folder **folder, const char *path, struct error *error);
void folder_close(struct folder *folder); /* NULL is allowed */

/* Takes on the rights, and gives them back. NULL is allowed: nothing happens. */
void folder_enter(const struct folder *folder);
void folder_leave(const struct folder *folder);

/* A path by which it can be reached with the rights taken on, whatever its parents are; borrowed.
 * *is_handle says whether it holds for this process and while the folder is open alone. */
const char *folder_path(const struct folder *folder, bool *is_handle);

/* STATUS_OK unless others than its owner and root can write into it; then error has the path and the command
 * that mends it. */
enum status folder_check_ours(const struct folder *folder, struct error *error);

/* STATUS_OK when the folder has no file of that name, a plain one, or a directory. STATUS_SYSTEM for a link, a pipe and the
 * like. Always STATUS_OK on Windows: folders there hold no pipes, and by default only administrators can make links. */
enum status folder_check_file(const struct folder *folder, const char *name, struct error *error);

#endif
