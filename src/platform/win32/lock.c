/* Locks held by LockFileEx: the system gives them back when the handle is closed, at the latest when
 * the process ends, so that no stale lock can be left. A lock here keeps others from reading the
 * bytes under it, so it lies far behind the process ids that others are to read, where no bytes are.
 * The file itself stays, because removing it would let two runs hold two files of one name. */
#include "access.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/lock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FIRST_PLACE: the first byte that is locked. PLACES: those that a key can name, with room to spare below 2^63. */
#define FIRST_PLACE UINT64_C(0x100000000)
#define PLACES UINT64_C(0x3fffffffffffffff)

/* The holders write their process ids at the file's beginning, for people to read: a line of SLOT_SIZE bytes for each
 * key, at a place that other keys may share. */
enum {
    SLOT_SIZE = 32,
    SLOTS = 1024
};

struct lock_set {
    HANDLE file;
    char *path;     /* for error texts */
    uint64_t *keys; /* of those taken */
    size_t count;
};

static OVERLAPPED place_of(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)(offset & 0xffffffff),
                        .OffsetHigh = (DWORD)(offset >> 32)};
}

enum status lock_set_open(struct lock_set **set, const char *path, struct error *error)
{
    SECURITY_ATTRIBUTES *attributes = access_new(path);
    HANDLE file = win32_open(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                             attributes);
    DWORD number = GetLastError();

    access_free_new(attributes);
    if (file == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be opened", number);
    *set = memory_new(1, sizeof **set);
    **set = (struct lock_set){.file = file, .path = memory_copy(path)};
    return STATUS_OK;
}

/* A failure, as on a full disk, does not matter to the lock. */
static void write_holder(const struct lock_set *set, uint64_t key)
{
    char line[SLOT_SIZE + 1];
    OVERLAPPED slot = place_of(key % SLOTS * SLOT_SIZE);
    DWORD written = 0;

    (void)snprintf(line, sizeof line, "%-14lu %016llx\n", (unsigned long)GetCurrentProcessId(),
                   (unsigned long long)key);
    (void)WriteFile(set->file, line, SLOT_SIZE, &written, &slot);
}

static enum status report_holder(const struct lock_set *set, uint64_t key, struct error *error)
{
    char line[SLOT_SIZE + 1] = "", expected[SLOT_SIZE];
    OVERLAPPED slot = place_of(key % SLOTS * SLOT_SIZE);
    DWORD size = 0;

    (void)snprintf(expected, sizeof expected, " %016llx\n", (unsigned long long)key);
    if (!ReadFile(set->file, line, SLOT_SIZE, &size, &slot) || size != SLOT_SIZE ||
        strcmp(line + SLOT_SIZE - strlen(expected), expected) != 0)
        return error_set(error, STATUS_BUSY, "another process");
    line[strspn(line, "0123456789")] = '\0';
    return error_set(error, STATUS_BUSY, "process %s", line);
}

/* Where among those taken; count when it is not. */
static size_t find_taken(const struct lock_set *set, uint64_t key)
{
    size_t i = 0;

    while (i < set->count && set->keys[i] != key)
        i++;
    return i;
}

/* The system would refuse a lock that we hold already, so we remember ours. It reports a lock of another process in two
 * ways. */
enum status lock_set_take(struct lock_set *set, uint64_t key, struct error *error)
{
    key &= PLACES;
    OVERLAPPED place = place_of(FIRST_PLACE + key);
    if (find_taken(set, key) < set->count)
        return STATUS_OK;
    if (!LockFileEx(set->file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                    &place)) {
        DWORD number = GetLastError();

        if (number == ERROR_LOCK_VIOLATION || number == ERROR_IO_PENDING)
            return report_holder(set, key, error);
        return system_fail(error, set->path, "cannot be locked", number);
    }
    write_holder(set, key);
    set->keys = memory_resize(set->keys, set->count + 1, sizeof *set->keys);
    set->keys[set->count++] = key;
    return STATUS_OK;
}

void lock_set_give_back(struct lock_set *set, uint64_t key)
{
    key &= PLACES;
    OVERLAPPED place = place_of(FIRST_PLACE + key);
    size_t at = find_taken(set, key);

    if (at == set->count)
        return;
    (void)UnlockFileEx(set->file, 0, 1, 0, &place);
    set->keys[at] = set->keys[--set->count];
}

/* Closing gives the locks back, too, but the system says of that only "in time". */
void lock_set_close(struct lock_set *set)
{
    if (set == NULL)
        return;
    while (set->count > 0)
        lock_set_give_back(set, set->keys[0]);
    (void)CloseHandle(set->file);
    free(set->keys);
    free(set->path);
    free(set);
}

/* The lock of a run is a set of one. */
enum status lock_take(struct lock_set **lock, const char *path, struct error *error)
{
    struct lock_set *opened = NULL;
    struct error holder;

    if (lock_set_open(&opened, path, error) == STATUS_OK &&
        lock_set_take(opened, 0, error) == STATUS_OK) {
        *lock = opened;
        return STATUS_OK;
    }
    lock_set_close(opened);
    holder = *error;
    if (holder.status == STATUS_BUSY)
        (void)error_set(error, STATUS_BUSY, "%s: another run holds the lock (%s)", path,
                        holder.text);
    return holder.status;
}
