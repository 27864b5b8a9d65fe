#ifndef MXPULL_SRC_PLATFORM_POSIX_FOLDER_H
#define MXPULL_SRC_PLATFORM_POSIX_FOLDER_H

#include <mxpull/platform/folder.h>

#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

struct folder {
    int descriptor;
    bool is_open_to_others; /* they can put files into it */
    bool is_foreign;        /* we are root, and act with the rights of: */
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* owned */
    int group_count;
    char *path;              /* owned: as it was given, for error texts */
    char handle[40];         /* its path by the descriptor */
    char name[NAME_MAX + 1]; /* of the file for which it was found */
};

/* How the last part of a path is taken. */
enum folder_last {
    FOLDER_LAST_FOLDER,      /* a folder that is there */
    FOLDER_LAST_MADE,        /* a folder, made with mode 0700 as all that are missing before it */
    FOLDER_LAST_FILE,        /* the name of a file */
    FOLDER_LAST_FILE_OR_LINK /* the same; a link of root's or ours is followed */
};

/* Finds the folder of the path. False with errno set; nothing is held then. */
bool folder_find(struct folder *folder, const char *path, enum folder_last last);
void folder_done(struct folder *folder); /* errno stays */

/* openat() of the file that it was found for, with the folder's rights, never through a link. */
int folder_open_file(const struct folder *folder, int flags, mode_t mode);

/* Whether a file that is open is what we take it for: a plain one, and in a folder of another user or open to
 * others one that is its user's and has no other name. Sets errno. */
bool folder_is_trusted(const struct folder *folder, int descriptor, struct stat *facts);

/* "directory", "pipe" and the like; NULL for a plain file. */
const char *folder_strange_kind(mode_t mode);

/* Opens the file at path for reading and writing, made with mode 0600 if it is not there; only a trusted one. -1 with
 * errno set. */
int folder_open_private(const char *path);

#endif
