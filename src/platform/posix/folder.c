/* The way to a file, one folder after the other. Each is held open, so that nobody exchanges it behind our back. Root acts
 * as the first owner on the way that is not root, for that owner could lead us anywhere from there. The real user id stays
 * root's, so that this user can neither trace nor signal us meanwhile. */
#include "folder.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a folder is held by where reading it is not asked for. */
#ifdef O_PATH
#define HOLD O_PATH
#else
#define HOLD O_RDONLY
#endif

enum {
    LINKS_MAX = 40,
    MADE_MODE = 0700,
    PRIVATE_MODE = 0600,
    WRITTEN_BITS = 022,
    GROUPS_MAX = 256
};

/* ---- whose rights ---- */

/* Root's own, while another user's are taken on. */
static struct {
    size_t depth;
    gid_t gid;
    gid_t groups[GROUPS_MAX];
    int count;
} root;

static bool give_back(void)
{
    bool is_done = seteuid(0) == 0 && setegid(root.gid) == 0 &&
                   setgroups((size_t)root.count, root.groups) == 0;

    system_protect_secrets(); /* another effective user undoes it */
    return is_done;
}

static bool take_on(const struct folder *folder)
{
    root.gid = getegid();
    root.count = getgroups(GROUPS_MAX, root.groups);
    if (root.count < 0)
        return false;
    bool is_done = setgroups((size_t)folder->group_count, folder->groups) == 0 &&
                   setegid(folder->gid) == 0 && seteuid(folder->uid) == 0;
    int saved = errno;

    if (is_done)
        system_protect_secrets();
    else
        (void)give_back();
    errno = saved;
    return is_done;
}

void folder_enter(const struct folder *folder)
{
    if (folder == NULL || !folder->is_foreign || root.depth++ > 0)
        return;
    if (!take_on(folder)) /* it could when the folder was found */
        abort();
}

void folder_leave(const struct folder *folder)
{
    int saved = errno;

    if (folder == NULL || !folder->is_foreign || --root.depth > 0)
        return;
    if (!give_back())
        abort();
    errno = saved;
}

static void find_groups(struct folder *folder, const struct stat *facts)
{
    const struct passwd *user = getpwuid(folder->uid);

    folder->gid = user != NULL ? user->pw_gid : facts->st_gid;
    folder->group_count = 1;
    folder->groups = memory_new(GROUPS_MAX, sizeof *folder->groups);
    folder->groups[0] = folder->gid;
    if (user == NULL)
        return;
    folder->group_count = GROUPS_MAX;
    if (getgrouplist(user->pw_name, user->pw_gid, folder->groups, &folder->group_count) < 0)
        folder->group_count = GROUPS_MAX;
}

/* False where the rights of this user cannot be had. */
static bool note_owner(struct folder *folder, const struct stat *facts)
{
    if (folder->is_foreign || geteuid() != 0 || facts->st_uid == 0)
        return true;
    folder->uid = facts->st_uid;
    find_groups(folder, facts);
    if (!take_on(folder))
        return false;
    folder->is_foreign = true;
    return give_back();
}

/* ---- the way ---- */

static bool hold(struct folder *folder, int descriptor)
{
    struct stat facts;

    if (descriptor < 0)
        return false;
    if (folder->descriptor >= 0)
        (void)close(folder->descriptor);
    folder->descriptor = descriptor;
    if (fstat(descriptor, &facts) != 0)
        return false;
    folder->is_open_to_others = (facts.st_mode & WRITTEN_BITS) != 0;
    return note_owner(folder, &facts);
}

/* On the way to a file: rest is what is still to go, of what links have led to. */
struct way {
    struct folder *folder;
    char *whole; /* owned; rest points into it */
    char *rest;
    enum folder_last last;
    int links;
};

/* The target of the link of that name, and its owner in *facts. NULL: it is no link. The caller frees it. errno stays. */
static char *read_link(const struct folder *folder, const char *name, struct stat *facts)
{
    char text[PATH_MAX];
    int saved = errno;
#ifdef O_PATH
    int link = openat(folder->descriptor, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    ssize_t size = link >= 0 && fstat(link, facts) == 0 && S_ISLNK(facts->st_mode)
                       ? readlinkat(link, "", text, sizeof text)
                       : -1;

    if (link >= 0)
        (void)close(link);
#else
    ssize_t size = fstatat(folder->descriptor, name, facts, AT_SYMLINK_NOFOLLOW) == 0
                       ? readlinkat(folder->descriptor, name, text, sizeof text)
                       : -1;
#endif
    errno = saved;
    return size > 0 && (size_t)size < sizeof text ? memory_copy_part(text, (size_t)size) : NULL;
}

/* Goes where the link says, and then on. */
static bool follow(struct way *way, const char *target)
{
    char *whole = memory_format("%s%s", target, way->rest);

    free(way->whole);
    way->whole = way->rest = whole;
    errno = ELOOP;
    return ++way->links <= LINKS_MAX &&
           (*whole != '/' || hold(way->folder, open("/", HOLD | O_DIRECTORY | O_CLOEXEC)));
}

/* The folder of that name, or a link to one. */
static bool go_into(struct way *way, const char *name)
{
    const int flags = HOLD | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct folder *folder = way->folder;
    char *target = NULL;
    struct stat link;

    folder_enter(folder);
    int next = openat(folder->descriptor, name, flags);
    if (next < 0 && errno == ENOENT && way->last == FOLDER_LAST_MADE &&
        (mkdirat(folder->descriptor, name, MADE_MODE) == 0 || errno == EEXIST))
        next = openat(folder->descriptor, name, flags);
    if (next < 0)
        target = read_link(folder, name, &link);
    folder_leave(folder);
    bool is_done =
        target != NULL ? note_owner(folder, &link) && follow(way, target) : hold(folder, next);
    free(target);
    return is_done;
}

/* The file's name is kept; a link of root's or ours may lead on. *is_there: the way ends here. */
static bool take_name(struct way *way, const char *name, bool *is_there)
{
    struct folder *folder = way->folder;
    struct stat link;
    char *target = way->last == FOLDER_LAST_FILE_OR_LINK && !folder->is_foreign
                       ? read_link(folder, name, &link)
                       : NULL;

    *is_there = target == NULL || (link.st_uid != 0 && link.st_uid != geteuid());
    (void)snprintf(folder->name, sizeof folder->name, "%s", name);
    bool is_done = *is_there || follow(way, target);
    free(target);
    return is_done;
}

static bool walk(struct way *way)
{
    char name[NAME_MAX + 1];
    bool is_there = false;
    bool goes_on =
        hold(way->folder, open(*way->rest == '/' ? "/" : ".", HOLD | O_DIRECTORY | O_CLOEXEC));

    while (goes_on && !is_there) {
        way->rest += strspn(way->rest, "/");
        size_t size = strcspn(way->rest, "/");

        errno = ENAMETOOLONG;
        if (size >= sizeof name)
            return false;
        (void)snprintf(name, sizeof name, "%.*s", (int)size, way->rest);
        way->rest += size;
        bool is_file = *way->rest == '\0' && way->last >= FOLDER_LAST_FILE;
        errno = EISDIR;
        if (size == 0)
            return !is_file;
        goes_on = is_file ? take_name(way, name, &is_there) : go_into(way, name);
    }
    return goes_on;
}

bool folder_find(struct folder *folder, const char *path, enum folder_last last)
{
    char *whole = memory_copy(path);
    struct way way = {.folder = folder, .whole = whole, .rest = whole, .last = last};

    *folder = (struct folder){.descriptor = -1, .path = memory_copy(path)};
    errno = ENOENT;
    bool is_found = *path != '\0' && walk(&way);
    if (!is_found)
        folder_done(folder);
    free(way.whole);
    return is_found;
}

void folder_done(struct folder *folder)
{
    int saved = errno;

    if (folder->descriptor >= 0)
        (void)close(folder->descriptor);
    free(folder->groups);
    free(folder->path);
    errno = saved;
}

/* ---- what is in it ---- */

const char *folder_strange_kind(mode_t mode)
{
    return S_ISREG(mode)    ? NULL
           : S_ISDIR(mode)  ? "directory"
           : S_ISFIFO(mode) ? "pipe"
           : S_ISSOCK(mode) ? "socket"
           : S_ISLNK(mode)  ? "link"
                            : "device";
}

int folder_open_file(const struct folder *folder, int flags, mode_t mode)
{
    folder_enter(folder);
    int descriptor = openat(folder->descriptor, folder->name,
                            flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
    folder_leave(folder);
    return descriptor;
}

bool folder_is_trusted(const struct folder *folder, int descriptor, struct stat *facts)
{
    uid_t owner = folder->is_foreign ? folder->uid : geteuid();

    if (fstat(descriptor, facts) != 0)
        return false;
    errno = EPERM;
    return S_ISREG(facts->st_mode) && ((!folder->is_foreign && !folder->is_open_to_others) ||
                                       (facts->st_nlink == 1 && facts->st_uid == owner));
}

int folder_open_private(const char *path)
{
    struct folder folder;
    struct stat facts;

    if (!folder_find(&folder, path, FOLDER_LAST_FILE))
        return -1;
    int descriptor = folder_open_file(&folder, O_RDWR | O_CREAT, PRIVATE_MODE);
    if (descriptor >= 0 && !folder_is_trusted(&folder, descriptor, &facts)) {
        int saved = errno;

        (void)close(descriptor);
        errno = saved;
        descriptor = -1;
    }
    folder_done(&folder);
    return descriptor;
}

/* ---- held for longer ---- */

enum status folder_open(struct folder **folder, const char *path, struct error *error)
{
    struct folder found;

    if (!folder_find(&found, path, FOLDER_LAST_FOLDER))
        return system_fail(error, path, "cannot be opened", errno);
    (void)snprintf(found.handle, sizeof found.handle, "/proc/self/fd/%d", found.descriptor);
    *folder = memory_new(1, sizeof **folder);
    **folder = found;
    return STATUS_OK;
}

void folder_close(struct folder *folder)
{
    if (folder == NULL)
        return;
    folder_done(folder);
    free(folder);
}

const char *folder_path(const struct folder *folder, bool *is_handle)
{
    struct stat facts;

    *is_handle = folder->is_foreign && stat(folder->handle, &facts) == 0;
    return *is_handle ? folder->handle : folder->path;
}

enum status folder_check_ours(const struct folder *folder, struct error *error)
{
    if (!folder->is_open_to_others)
        return STATUS_OK;
    return error_set(error, STATUS_SYSTEM, "%s: can be written by others; run: chmod go-w %s",
                     folder->path, folder->path);
}

enum status folder_check_file(const struct folder *folder, const char *name, struct error *error)
{
    struct stat facts;

    if (fstatat(folder->descriptor, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
        folder_strange_kind(facts.st_mode) == NULL || S_ISDIR(facts.st_mode))
        return STATUS_OK;
    return error_set(error, STATUS_SYSTEM, "%s/%s: is a %s, not a file", folder->path, name,
                     folder_strange_kind(facts.st_mode));
}
