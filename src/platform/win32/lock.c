/* Locks held by LockFileEx: the system gives them back when the handle is closed, at the latest when
 * the process ends, so that no stale lock can be left. A lock here keeps others from reading the
 * bytes under it, so it lies far behind the process id that others are to read, where no bytes are.
 * The file itself stays, because removing it would let two runs hold two files of one name. */
#include <mxpull/platform/lock.h>

#include "access.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RUN_PLACE, FIRST_PLACE: the byte that a run locks, and the first of a set's. PLACES: those that a
 * key can name, with room to spare below 2^63. */
#define RUN_PLACE UINT64_C(0x100000000)
#define FIRST_PLACE UINT64_C(0x100000001)
#define PLACES UINT64_C(0x3fffffffffffffff)

/* The holders of a set's locks write their process ids at the file's beginning, for people to read: a
 * line of SLOT_SIZE bytes for each key, at a place that other keys may share. */
enum {
    PID_TEXT_SIZE = 24,
    SLOT_SIZE = 32,
    SLOTS = 1024
};

struct lock {
    HANDLE file;
};

struct lock_set {
    HANDLE file;
    char *path;      /* for error texts */
    uint64_t *taken; /* places */
    size_t count;
};

static OVERLAPPED place_of(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)(offset & 0xffffffff),
                        .OffsetHigh = (DWORD)(offset >> 32)};
}

static HANDLE open_lock_file(const char *path)
{
    SECURITY_ATTRIBUTES *attributes = access_new(path);
    HANDLE file = win32_open(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                             attributes);
    DWORD number = GetLastError();

    access_free_new(attributes);
    SetLastError(number);
    return file;
}

static bool lock_place(HANDLE file, uint64_t offset)
{
    OVERLAPPED place = place_of(offset);

    return LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) !=
           0;
}

/* Somebody else has it; LockFileEx says it in two ways. */
static bool is_held(DWORD number)
{
    return number == ERROR_LOCK_VIOLATION || number == ERROR_IO_PENDING;
}

/* Says who holds the lock, as far as the file tells. */
static enum status report_busy(HANDLE file, const char *path, struct error *error)
{
    char pid[PID_TEXT_SIZE] = "";
    OVERLAPPED start = place_of(0);
    DWORD size = 0;

    if (!ReadFile(file, pid, sizeof pid - 1, &size, &start))
        size = 0;
    pid[size > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    if (pid[0] == '\0')
        return error_set(error, STATUS_BUSY, "%s: another run holds the lock", path);
    return error_set(error, STATUS_BUSY, "%s: another run holds the lock (process %s)", path, pid);
}

/* Only for people to read: a failure, as on a full disk, does not matter to the lock. */
static void write_pid(HANDLE file)
{
    char pid[PID_TEXT_SIZE];
    int length = snprintf(pid, sizeof pid, "%lu\n", (unsigned long)GetCurrentProcessId());
    OVERLAPPED start = place_of(0);
    DWORD written = 0;

    if (SetFilePointer(file, 0, NULL, FILE_BEGIN) == 0 && SetEndOfFile(file))
        (void)WriteFile(file, pid, (DWORD)length, &written, &start);
}

enum status lock_take(struct lock **lock, const char *path, struct error *error)
{
    HANDLE file = open_lock_file(path);
    enum status status;

    if (file == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be opened", GetLastError());
    if (!lock_place(file, RUN_PLACE)) {
        DWORD number = GetLastError();

        status = is_held(number) ? report_busy(file, path, error)
                                 : system_fail(error, path, "cannot be locked", number);
        (void)CloseHandle(file);
        return status;
    }
    write_pid(file);
    *lock = memory_new(1, sizeof **lock);
    (*lock)->file = file;
    return STATUS_OK;
}

/* Closing gives the lock back, too, but the system says of that only "in time". */
static void unlock_place(HANDLE file, uint64_t offset)
{
    OVERLAPPED place = place_of(offset);

    (void)UnlockFileEx(file, 0, 1, 0, &place);
}

void lock_release(struct lock *lock)
{
    if (lock == NULL)
        return;
    unlock_place(lock->file, RUN_PLACE);
    (void)CloseHandle(lock->file);
    free(lock);
}

enum status lock_set_open(struct lock_set **set, const char *path, struct error *error)
{
    HANDLE file = open_lock_file(path);

    if (file == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be opened", GetLastError());
    *set = memory_new(1, sizeof **set);
    (*set)->file = file;
    (*set)->path = memory_copy(path);
    return STATUS_OK;
}

static uint64_t offset_of(uint64_t key)
{
    return FIRST_PLACE + (key & PLACES);
}

static OVERLAPPED slot_of(uint64_t key)
{
    return place_of(key % SLOTS * SLOT_SIZE);
}

static void write_holder(const struct lock_set *set, uint64_t key)
{
    char line[SLOT_SIZE + 1];
    OVERLAPPED slot = slot_of(key);
    DWORD written = 0;

    (void)snprintf(line, sizeof line, "%016llx %-14lu\n", (unsigned long long)key,
                   (unsigned long)GetCurrentProcessId());
    (void)WriteFile(set->file, line, SLOT_SIZE, &written, &slot);
}

static enum status report_holder(const struct lock_set *set, uint64_t key, struct error *error)
{
    char line[SLOT_SIZE + 1] = "", expected[PID_TEXT_SIZE];
    OVERLAPPED slot = slot_of(key);
    DWORD size = 0;
    int length = snprintf(expected, sizeof expected, "%016llx ", (unsigned long long)key);

    if (!ReadFile(set->file, line, SLOT_SIZE, &size, &slot) || size != SLOT_SIZE ||
        strncmp(line, expected, (size_t)length) != 0)
        return error_set(error, STATUS_BUSY, "another process");
    line[(size_t)length + strspn(line + length, "0123456789")] = '\0';
    return error_set(error, STATUS_BUSY, "process %s", line + length);
}

/* Where among those taken; count when it is not. */
static size_t find_taken(const struct lock_set *set, uint64_t offset)
{
    size_t i = 0;

    while (i < set->count && set->taken[i] != offset)
        i++;
    return i;
}

/* The system would lock us out of what is ours already, so that is remembered. */
enum status lock_set_take(struct lock_set *set, uint64_t key, struct error *error)
{
    uint64_t offset = offset_of(key);

    if (find_taken(set, offset) < set->count)
        return STATUS_OK;
    if (!lock_place(set->file, offset)) {
        DWORD number = GetLastError();

        if (is_held(number))
            return report_holder(set, key, error);
        return system_fail(error, set->path, "cannot be locked", number);
    }
    write_holder(set, key);
    set->taken = memory_resize(set->taken, set->count + 1, sizeof *set->taken);
    set->taken[set->count++] = offset;
    return STATUS_OK;
}

void lock_set_give_back(struct lock_set *set, uint64_t key)
{
    uint64_t offset = offset_of(key);
    size_t at = find_taken(set, offset);

    if (at == set->count)
        return;
    unlock_place(set->file, offset);
    set->taken[at] = set->taken[--set->count];
}

void lock_set_close(struct lock_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        unlock_place(set->file, set->taken[i]);
    (void)CloseHandle(set->file);
    free(set->taken);
    free(set->path);
    free(set);
}
