/* Files as mxpull needs them: opened with plain words for what can be wrong, appended to as logs,
 * replaced in one step, and checked for whether others can read them. */
#include "access.h"
#include "system.h"

#include <mxpull/base/memory.h>
#include <mxpull/platform/file.h>
#include <mxpull/platform/folder.h>
#include <mxpull/platform/host.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

/* RETRIES, RETRY_MS: a virus scanner or an indexer may hold a file for a moment after it was
 * written. FREE_MIN: what SQLite needs beside the file while it is open. */
enum {
    RETRIES = 40,
    RETRY_MS = 25,
    SIZE_MAX_MIB = 64,
    FREE_MIN = 32 * 1024
};

static bool is_directory(const char *path)
{
    wchar_t *wide = win32_wide(path);
    DWORD attributes = GetFileAttributesW(wide);

    free(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* ---- what is open ---- */

/* Opens a file by the system and hands it to the C library, which takes it over. NULL with GetLastError set. */
static FILE *open_stream(const char *path, DWORD access, DWORD disposition, const char *mode)
{
    HANDLE handle = win32_open(path, access, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
    FILE *stream = NULL;

    if (handle == INVALID_HANDLE_VALUE)
        return NULL;
    int descriptor = _open_osfhandle((intptr_t)handle, _O_BINARY | _O_NOINHERIT |
                                                           (*mode == 'r' ? _O_RDONLY : _O_APPEND));
    if (descriptor >= 0)
        stream = _fdopen(descriptor, mode);
    if (stream == NULL) {
        if (descriptor >= 0)
            (void)_close(descriptor);
        else
            (void)CloseHandle(handle);
        SetLastError(ERROR_TOO_MANY_OPEN_FILES);
    }
    return stream;
}

/* What the open file is besides a plain one of a size that can be read in a moment, or NULL. */
static const char *strange_kind(FILE *file)
{
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(file));
    LARGE_INTEGER size;

    if (GetFileType(handle) != FILE_TYPE_DISK)
        return "is a pipe or a device, not a file";
    if (GetFileSizeEx(handle, &size) && size.QuadPart > (LONGLONG)SIZE_MAX_MIB * 1024 * 1024)
        return "is larger than 64 MiB";
    return NULL;
}

enum status file_open(FILE **file, const char *path, struct error *error)
{
    FILE *opened = open_stream(path, GENERIC_READ, OPEN_EXISTING, "rb");
    DWORD number = GetLastError();
    const char *strange = opened != NULL ? strange_kind(opened) : NULL;

    if (opened == NULL && is_directory(path))
        return error_set(error, STATUS_SYSTEM, "%s: is a directory, not a file", path);
    if (opened == NULL)
        return system_fail(error, path, "cannot be opened", number);
    if (strange != NULL) {
        (void)fclose(opened);
        return error_set(error, STATUS_SYSTEM, "%s: %s", path, strange);
    }
    *file = opened;
    return STATUS_OK;
}

/* Who may read the log is what its directory says. */
enum status file_open_log(FILE **file, const char *path, struct error *error)
{
    FILE *opened = open_stream(path, FILE_APPEND_DATA | SYNCHRONIZE, OPEN_ALWAYS, "ab");

    if (opened == NULL)
        return system_fail(error, path, "cannot be opened for writing", GetLastError());
    *file = opened;
    return STATUS_OK;
}

enum status file_add_line(FILE *file, const char *line, size_t size, struct error *error)
{
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(file));
    DWORD written = 0;

    if (WriteFile(handle, line, (DWORD)size, &written, NULL) && written == size)
        return STATUS_OK;
    return error_set(error, STATUS_SYSTEM, "%s",
                     system_error_text(written > 0 ? ERROR_DISK_FULL : GetLastError()));
}

/* right is what others must not have; what is said where they have it. */
static enum status check(FILE *file, const char *path, enum access_right right, const char *what,
                         struct error *error)
{
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(file));

    if (GetFileType(handle) != FILE_TYPE_DISK) /* there is nothing that others could open */
        return STATUS_OK;
    switch (access_of(handle, right)) {
    case ACCESS_OURS: return STATUS_OK;
    case ACCESS_UNKNOWN:
        return system_fail(error, path, "its permissions cannot be read", GetLastError());
    case ACCESS_OTHERS: break;
    }
    char *command = access_icacls(handle, path);
    (void)error_set(error, STATUS_SYNTAX, "%s; run: %s", what, command);
    free(command);
    return STATUS_SYNTAX;
}

enum status file_check_private(FILE *file, const char *path, struct error *error)
{
    return check(file, path, ACCESS_READ_OR_WRITE, "is open to others", error);
}

enum status file_check_ours(FILE *file, const char *path, struct error *error)
{
    enum status status = check(file, path, ACCESS_WRITE, "can be written by others", error);

    return status == STATUS_SYNTAX ? error_prefix(error, "%s", path) : status;
}

/* ---- what is made, replaced and renamed ---- */

static bool write_all(HANDLE file, const char *bytes, size_t size)
{
    while (size > 0) {
        DWORD written = 0, part = size < INT32_MAX ? (DWORD)size : INT32_MAX;

        if (!WriteFile(file, bytes, part, &written, NULL))
            return false;
        bytes += written;
        size -= written;
    }
    return FlushFileBuffers(file) != 0;
}

/* Gives the file from the name to, replacing what is there. On the disk when it returns. Returns an
 * error number, or 0. */
static DWORD move(const char *from, const char *to)
{
    wchar_t *wide_from = win32_wide(from), *wide_to = win32_wide(to);
    DWORD number = 0;

    if (!MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        number = GetLastError();
    free(wide_from);
    free(wide_to);
    return number;
}

/* The same; what is held for a moment is waited for. */
static DWORD move_patiently(const char *from, const char *to)
{
    DWORD number = move(from, to);

    for (int i = 0; i < RETRIES && !is_directory(to) &&
                    (number == ERROR_SHARING_VIOLATION || number == ERROR_ACCESS_DENIED);
         i++) {
        Sleep(RETRY_MS);
        number = move(from, to);
    }
    return number;
}

enum status file_replace(const char *path, const char *bytes, size_t size, struct error *error)
{
    char *new_path = memory_format("%s.%016llx", path, (unsigned long long)host_seed());
    HANDLE file = win32_open(new_path, GENERIC_WRITE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    enum status status = STATUS_OK;
    DWORD number;

    if (file == INVALID_HANDLE_VALUE || !write_all(file, bytes, size))
        status = system_fail(error, path, "cannot be written", GetLastError());
    if (file != INVALID_HANDLE_VALUE)
        (void)CloseHandle(file); /* before it is renamed */
    if (status == STATUS_OK && (number = move_patiently(new_path, path)) != 0)
        status = system_fail(error, path, "cannot be replaced", number);
    if (status != STATUS_OK && file != INVALID_HANDLE_VALUE) {
        wchar_t *wide = win32_wide(new_path);

        (void)DeleteFileW(wide);
        free(wide);
    }
    free(new_path);
    return status;
}

enum status file_create(const char *path, const char *bytes, size_t size, struct error *error)
{
    HANDLE file = win32_open(path, GENERIC_WRITE | DELETE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    FILE_DISPOSITION_INFO remove = {TRUE};
    enum status status = STATUS_OK;

    if (file == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be made", GetLastError());
    if (!write_all(file, bytes, size)) {
        status = system_fail(error, path, "cannot be written", GetLastError());
        (void)SetFileInformationByHandle(file, FileDispositionInfo, &remove, sizeof remove);
    }
    (void)CloseHandle(file);
    return status;
}

/* A new file inherits the access list of its directory. */
enum status file_make_private(const char *path, struct error *error)
{
    HANDLE file =
        win32_open(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be made", GetLastError());
    (void)CloseHandle(file);
    return STATUS_OK;
}

enum status file_rename(const char *from, const char *to, struct error *error)
{
    DWORD number = move(from, to);

    if (number == 0)
        return STATUS_OK;
    (void)system_fail(error, from, "cannot be renamed", number);
    if (number == ERROR_SHARING_VIOLATION)
        error->status = STATUS_BUSY;
    return error->status;
}

int file_try(const char *path)
{
    wchar_t *wide = win32_wide(path);
    FILE *file = _wfopen(wide, L"rb");
    int failed = file != NULL ? 0 : errno;

    if (file != NULL)
        (void)fclose(file);
    free(wide);
    return failed;
}

const char *file_error_text(int number)
{
    return system_error_text((DWORD)number);
}

/* ---- directories ---- */

/* Makes one directory, or finds it there. Returns an error number, or 0. */
static DWORD make_one(const char *path, SECURITY_ATTRIBUTES *attributes)
{
    wchar_t *wide = win32_wide(path);
    DWORD number = is_directory(path) || CreateDirectoryW(wide, attributes) ? 0 : GetLastError();

    free(wide);
    if (number == ERROR_ALREADY_EXISTS)
        number = is_directory(path) ? 0 : ERROR_DIRECTORY;
    return number;
}

/* Behind "C:\", "\\server\share\" or "\": what cannot be made. */
static size_t root_size(const char *path)
{
    size_t size = 0;

    if (strspn(path, "\\/") == 2) {
        size = 2 + strcspn(path + 2, "\\/");
        size += strspn(path + size, "\\/");
        size += strcspn(path + size, "\\/");
    } else if (path[0] != '\0' && path[1] == ':') {
        size = 2;
    }
    return size + strspn(path + size, "\\/");
}

enum status directory_make(const char *path, struct error *error)
{
    SECURITY_ATTRIBUTES *attributes = access_new(path);
    char *part = memory_copy(path);
    DWORD number = 0;

    for (char *end = part + root_size(part); number == 0 && *end != '\0';) {
        end += strcspn(end, "\\/");
        char separator = *end;
        *end = '\0';
        number = make_one(part, attributes);
        *end = separator;
        end += strspn(end, "\\/");
    }
    free(part);
    access_free_new(attributes);
    return number == 0 ? STATUS_OK
                       : system_fail(error, path, "the directory cannot be made", number);
}

/* Why no file can be made there, as one of the system's numbers; 0: it can. */
static DWORD unwritable(const char *path)
{
    HANDLE folder =
        win32_open(path, FILE_ADD_FILE, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    DWORD number = GetLastError();
    ULARGE_INTEGER left;

    if (folder != INVALID_HANDLE_VALUE)
        (void)CloseHandle(folder);
    if ((folder != INVALID_HANDLE_VALUE || number == ERROR_ACCESS_DENIED) && !is_directory(path))
        return ERROR_DIRECTORY;
    if (folder == INVALID_HANDLE_VALUE)
        return number;
    wchar_t *wide = win32_wide(path);
    bool is_full = GetDiskFreeSpaceExW(wide, &left, NULL, NULL) && left.QuadPart < FREE_MIN;
    free(wide);
    return is_full ? ERROR_DISK_FULL : 0;
}

enum writable system_writable(const char *path, bool *is_missing, struct error *error)
{
    DWORD number = unwritable(path);

    *is_missing = number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND;
    if (number == 0)
        return WRITABLE_YES;
    (void)error_set(error, STATUS_SYSTEM, "%s", system_error_text(number));
    return number == ERROR_WRITE_PROTECT || number == ERROR_DISK_FULL || number == ERROR_DIRECTORY
               ? WRITABLE_BY_NOBODY
               : WRITABLE_NOT_BY_US;
}

enum status system_list_folder(const char *path, void (*each)(void *context, const char *name),
                               void *context, struct error *error)
{
    char *all = memory_format("%s/*", path);
    wchar_t *wide = win32_wide(all);
    WIN32_FIND_DATAW entry;
    HANDLE search = FindFirstFileW(wide, &entry);
    DWORD number = search == INVALID_HANDLE_VALUE ? GetLastError() : 0;

    free(wide);
    free(all);
    while (number == 0) {
        char *name = win32_narrow(entry.cFileName);

        each(context, name);
        free(name);
        number = FindNextFileW(search, &entry) ? 0 : GetLastError();
    }
    if (search != INVALID_HANDLE_VALUE)
        (void)FindClose(search);
    return number == ERROR_NO_MORE_FILES || number == ERROR_FILE_NOT_FOUND ||
                   number == ERROR_PATH_NOT_FOUND
               ? STATUS_OK
               : system_fail(error, path, "cannot be read", number);
}

bool file_identify(FILE *file, struct file_identity *identity)
{
    BY_HANDLE_FILE_INFORMATION facts;

    if (!GetFileInformationByHandle((HANDLE)_get_osfhandle(_fileno(file)), &facts))
        return false;
    *identity = (struct file_identity){facts.dwVolumeSerialNumber,
                                       (uint64_t)facts.nFileIndexHigh << 32 | facts.nFileIndexLow};
    return true;
}

/* ---- folders: access lists say who may write into one; we always act as ourselves ---- */

struct folder {
    HANDLE handle;
    char *path;
};

enum status folder_open(struct folder **folder, const char *path, struct error *error)
{
    HANDLE handle = win32_open(path, READ_CONTROL | FILE_READ_ATTRIBUTES, OPEN_EXISTING,
                               FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (handle == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be opened", GetLastError());
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
