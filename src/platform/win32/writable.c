/* Whether something can be written, found out without writing. */
#include <mxpull/platform/writable.h>

#include "system.h"

#include <stdbool.h>
#include <stdlib.h>
#include <wchar.h>

enum {
    FREE_MIN = 32 * 1024
};

static bool is_separator(wchar_t c)
{
    return c == L'\\' || c == L'/';
}

/* Cuts the last name off; false at the root. The separator behind a drive stays: "C:" is another folder. */
static bool go_up(wchar_t *path)
{
    size_t size = wcslen(path);

    while (size > 0 && is_separator(path[size - 1]))
        size--;
    while (size > 0 && !is_separator(path[size - 1]))
        size--;
    if (size == 0)
        return false;
    if (size > 1 && path[size - 2] != L':')
        size--;
    path[size] = L'\0';
    return true;
}

/* The reason as one of the system's numbers; 0: it can be written. */
static DWORD reason(const wchar_t *path)
{
    ULARGE_INTEGER left;
    DWORD attributes = GetFileAttributesW(path);

    if (attributes == INVALID_FILE_ATTRIBUTES)
        return GetLastError();
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
        return ERROR_DIRECTORY;
    HANDLE folder =
        CreateFileW(path, FILE_ADD_FILE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (folder == INVALID_HANDLE_VALUE)
        return GetLastError();
    (void)CloseHandle(folder);
    if (GetDiskFreeSpaceExW(path, &left, NULL, NULL) && left.QuadPart < FREE_MIN)
        return ERROR_DISK_FULL;
    return 0;
}

enum writable writable_look(const char *path, struct error *error)
{
    wchar_t *existing = win32_wide(path);
    DWORD number;

    while (
        ((number = reason(existing)) == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND) &&
        go_up(existing))
        ;
    free(existing);
    if (number == 0)
        return WRITABLE_YES;
    (void)error_set(error, STATUS_SYSTEM, "%s", system_error_text(number));
    return number == ERROR_WRITE_PROTECT || number == ERROR_DISK_FULL || number == ERROR_DIRECTORY
               ? WRITABLE_BY_NOBODY
               : WRITABLE_NOT_BY_US;
}
