/* Logs of other programs. */
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/log_file.h>

#include <stdlib.h>

struct log_file {
    HANDLE handle;
    int64_t position;
    char *path; /* owned */
};

enum status log_file_open(struct log_file **file, const char *path, bool from_begin,
                          struct error *error)
{
    HANDLE handle = win32_open(path, GENERIC_READ, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    LARGE_INTEGER size;

    if (handle == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be opened", GetLastError());
    if (GetFileType(handle) != FILE_TYPE_DISK || !GetFileSizeEx(handle, &size)) {
        (void)CloseHandle(handle);
        return error_set(error, STATUS_SYSTEM, "%s: is a pipe or a device, not a file", path);
    }
    *file = memory_new(1, sizeof **file);
    **file = (struct log_file){.handle = handle,
                               .position = !from_begin && size.QuadPart > 0 ? size.QuadPart - 1 : 0,
                               .path = memory_copy(path)};
    return STATUS_OK;
}

void log_file_close(struct log_file *file)
{
    if (file == NULL)
        return;
    (void)CloseHandle(file->handle);
    free(file->path);
    free(file);
}

enum status log_file_read(struct log_file *file, char *bytes, size_t size, size_t *done,
                          bool *is_cut, struct error *error)
{
    LARGE_INTEGER end, position;
    DWORD taken = 0, wanted = size < INT32_MAX ? (DWORD)size : INT32_MAX;

    *is_cut = GetFileSizeEx(file->handle, &end) && end.QuadPart < file->position;
    if (*is_cut)
        file->position = 0;
    position.QuadPart = file->position;
    if (!SetFilePointerEx(file->handle, position, NULL, FILE_BEGIN) ||
        !ReadFile(file->handle, bytes, wanted, &taken, NULL))
        return system_fail(error, file->path, "cannot be read", GetLastError());
    file->position += taken;
    *done = taken;
    return STATUS_OK;
}

enum log_file_place log_file_place(const struct log_file *file)
{
    BY_HANDLE_FILE_INFORMATION ours, there;
    HANDLE handle = win32_open(file->path, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
                               FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_FILE_NOT_FOUND ? LOG_FILE_MOVED : LOG_FILE_REPLACED;
    bool is_known = GetFileInformationByHandle(file->handle, &ours) &&
                    GetFileInformationByHandle(handle, &there);
    (void)CloseHandle(handle);
    if (!is_known)
        return LOG_FILE_REPLACED;
    if (ours.dwVolumeSerialNumber == there.dwVolumeSerialNumber &&
        ours.nFileIndexHigh == there.nFileIndexHigh && ours.nFileIndexLow == there.nFileIndexLow)
        return LOG_FILE_THERE;
    return (there.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 && there.nFileSizeHigh == 0 &&
                   there.nFileSizeLow == 0
               ? LOG_FILE_MOVED
               : LOG_FILE_REPLACED;
}

int64_t log_file_written_ms(const struct log_file *file)
{
    (void)file;
    return 0;
}

intptr_t log_file_descriptor(const struct log_file *file)
{
    (void)file;
    return -1;
}
