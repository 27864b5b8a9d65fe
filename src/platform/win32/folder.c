/* Access lists say who may write into a folder; whoever runs us acts as himself. */
#include <mxpull/platform/folder.h>

#include "access.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

struct folder {
    HANDLE handle;
    char *path;
};

enum status folder_open(struct folder **folder, const char *path, struct error *error)
{
    wchar_t *wide = win32_wide(path);
    HANDLE handle = CreateFileW(wide, READ_CONTROL | FILE_READ_ATTRIBUTES,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    DWORD number = GetLastError();

    free(wide);
    if (handle == INVALID_HANDLE_VALUE)
        return error_set(error, STATUS_SYSTEM, "%s: cannot be opened: %s", path,
                         system_error_text(number));
    *folder = memory_new(1, sizeof **folder);
    **folder = (struct folder){.handle = handle, .path = memory_copy(path)};
    return STATUS_OK;
}

void folder_close(struct folder *folder)
{
    if (folder == NULL)
        return;
    (void)CloseHandle(folder->handle);
    free(folder->path);
    free(folder);
}

void folder_enter(const struct folder *folder)
{
    (void)folder;
}

void folder_leave(const struct folder *folder)
{
    (void)folder;
}

const char *folder_path(const struct folder *folder, bool *is_handle)
{
    *is_handle = false;
    return folder->path;
}

enum status folder_check_ours(const struct folder *folder, struct error *error)
{
    if (access_of(folder->handle, ACCESS_WRITE) != ACCESS_OTHERS)
        return STATUS_OK;
    char *command = access_icacls(folder->handle, folder->path);
    (void)error_set(error, STATUS_SYSTEM, "%s: can be written by others; run: %s", folder->path,
                    command);
    free(command);
    return STATUS_SYSTEM;
}

enum status folder_check_file(const struct folder *folder, const char *name, struct error *error)
{
    (void)folder;
    (void)name;
    (void)error;
    return STATUS_OK;
}
