/* Files as mxpull needs them: opened with plain words for what can be wrong, appended to as logs,
 * replaced in one step, and checked for whether others can read them. All are opened in a way that
 * they can be renamed and removed meanwhile, as elsewhere, and are inherited by nobody. */
#include <mxpull/platform/file.h>

#include "access.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* RETRIES, RETRY_MS: a virus scanner or an indexer may hold a file for a moment after it was
 * written. */
enum {
    CHUNK_SIZE = 16 * 1024,
    PATH_SIZE_MAX = 16 * 1024,
    RETRIES = 40,
    RETRY_MS = 25,
    NAMES_TRIED_MAX = 100,
    SIZE_MAX_MIB = 64
};

static const DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

static bool is_directory(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* Opens a file by the system and hands it to the C library, which takes it over. */
static FILE *open_stream(const wchar_t *path, DWORD access, DWORD disposition, const char *mode)
{
    HANDLE handle =
        CreateFileW(path, access, share_all, NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
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
    wchar_t *wide = win32_wide(path);
    FILE *opened = open_stream(wide, GENERIC_READ, OPEN_EXISTING, "rb");
    DWORD number = GetLastError();
    const char *strange = opened != NULL ? strange_kind(opened) : NULL;
    enum status status = STATUS_OK;

    if (opened == NULL && is_directory(wide))
        status = error_set(error, STATUS_SYSTEM, "%s: is a directory, not a file", path);
    else if (opened == NULL)
        status = system_fail(error, path, "cannot be opened", number);
    else if (strange != NULL)
        status = error_set(error, STATUS_SYSTEM, "%s: %s", path, strange);
    if (status == STATUS_OK)
        *file = opened;
    else if (opened != NULL)
        (void)fclose(opened);
    free(wide);
    return status;
}

/* Who may read the log is what its directory says. */
enum status file_open_log(FILE **file, const char *path, struct error *error)
{
    wchar_t *wide = win32_wide(path);
    FILE *opened = open_stream(wide, FILE_APPEND_DATA | SYNCHRONIZE, OPEN_ALWAYS, "ab");
    DWORD number = GetLastError();

    free(wide);
    if (opened == NULL)
        return system_fail(error, path, "cannot be opened for writing", number);
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

/* Lines end in \n alone then, as elsewhere. *is_behind_cr says whether the last chunk ended in a \r,
 * which is held back. */
static enum status append_lines(struct buffer *bytes, const char *chunk, size_t size,
                                bool *is_behind_cr)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < size;) {
        const char *end = memchr(chunk + i, '\r', size - i);
        size_t plain = end != NULL ? (size_t)(end - chunk) - i : size - i;

        if (*is_behind_cr && chunk[i] != '\n')
            status = buffer_append(bytes, "\r", 1);
        if (status == STATUS_OK)
            status = buffer_append(bytes, chunk + i, plain);
        *is_behind_cr = end != NULL;
        i += plain + (end != NULL);
    }
    return status;
}

enum status file_read_open(FILE *file, const char *path, struct buffer *bytes, struct error *error)
{
    char chunk[CHUNK_SIZE];
    enum status status = STATUS_OK;
    bool is_behind_cr = false;
    size_t size;

    (void)setvbuf(file, NULL, _IONBF,
                  0); /* no copy of a secret stays in a buffer of the stream's */
    while (status == STATUS_OK && (size = fread(chunk, 1, sizeof chunk, file)) > 0)
        status = append_lines(bytes, chunk, size, &is_behind_cr);
    if (status == STATUS_OK && is_behind_cr)
        status = buffer_append(bytes, "\r", 1);
    memory_wipe(chunk, sizeof chunk); /* it may have held a secret */
    if (status != STATUS_OK)
        return error_set(error, status, "%s: is larger than %zu bytes", path, bytes->limit);
    if (ferror(file) != 0)
        return error_set(error, STATUS_SYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    return STATUS_OK;
}

enum status file_read(const char *path, struct buffer *bytes, struct error *error)
{
    FILE *file = NULL;
    enum status status = file_open(&file, path, error);

    if (status != STATUS_OK)
        return status;
    status = file_read_open(file, path, bytes, error);
    (void)fclose(file);
    return status;
}

/* Makes a new file beside path; its own path, which the caller frees, is *new_path. */
static HANDLE create_beside(const char *path, wchar_t **new_path)
{
    HANDLE handle = INVALID_HANDLE_VALUE;
    DWORD number = ERROR_FILENAME_EXCED_RANGE;
    LARGE_INTEGER ticks;

    (void)QueryPerformanceCounter(&ticks);
    for (int i = 0; handle == INVALID_HANDLE_VALUE && i < NAMES_TRIED_MAX; i++) {
        struct buffer name;

        buffer_init(&name, PATH_SIZE_MAX);
        if (buffer_append_format(&name, "%s.%lx%llx", path, (unsigned long)GetCurrentProcessId(),
                                 (unsigned long long)ticks.QuadPart + (unsigned)i) == STATUS_OK) {
            *new_path = win32_wide(name.bytes);
            handle = CreateFileW(*new_path, GENERIC_WRITE, 0, NULL, CREATE_NEW,
                                 FILE_ATTRIBUTE_NORMAL, NULL);
            number = GetLastError();
        }
        buffer_done(&name);
        if (handle == INVALID_HANDLE_VALUE) {
            free(*new_path);
            *new_path = NULL;
            if (number != ERROR_FILE_EXISTS)
                break;
        }
    }
    SetLastError(number);
    return handle;
}

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
static DWORD move(const wchar_t *from, const wchar_t *to)
{
    for (int i = 0;; i++) {
        DWORD number;

        if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
            return 0;
        number = GetLastError();
        if ((number != ERROR_SHARING_VIOLATION && number != ERROR_ACCESS_DENIED) || i == RETRIES ||
            is_directory(to))
            return number;
        Sleep(RETRY_MS);
    }
}

enum status file_replace(const char *path, const char *bytes, size_t size, struct error *error)
{
    wchar_t *new_path = NULL, *wide = win32_wide(path);
    HANDLE file = create_beside(path, &new_path);
    enum status status = STATUS_OK;
    DWORD number;

    if (file == INVALID_HANDLE_VALUE) {
        status = system_fail(error, path, "cannot be written", GetLastError());
        goto done;
    }
    if (!write_all(file, bytes, size))
        status = system_fail(error, path, "cannot be written", GetLastError());
    (void)CloseHandle(file); /* before it is renamed */
    if (status == STATUS_OK && (number = move(new_path, wide)) != 0)
        status = system_fail(error, path, "cannot be replaced", number);
    if (status != STATUS_OK)
        (void)DeleteFileW(new_path);
done:
    free(new_path);
    free(wide);
    return status;
}

/* What is made in a directory takes its access list over. */
enum status file_make_private(const char *path, struct error *error)
{
    wchar_t *wide = win32_wide(path);
    HANDLE file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD number = GetLastError();

    free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return system_fail(error, path, "cannot be made", number);
    (void)CloseHandle(file);
    return STATUS_OK;
}

enum status file_rename(const char *from, const char *to, struct error *error)
{
    wchar_t *wide_from = win32_wide(from), *wide_to = win32_wide(to);
    enum status status = STATUS_OK;

    if (!MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        DWORD number = GetLastError();

        status = system_fail(error, from, "cannot be renamed", number);
        if (number == ERROR_SHARING_VIOLATION)
            status = error->status = STATUS_BUSY;
    }
    free(wide_from);
    free(wide_to);
    return status;
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

/* Makes one directory, or finds it there. Returns an error number, or 0. */
static DWORD make_one(const char *path, SECURITY_ATTRIBUTES *attributes)
{
    wchar_t *wide = win32_wide(path);
    DWORD number = 0;

    if (!is_directory(wide) && !CreateDirectoryW(wide, attributes)) {
        number = GetLastError();
        if (number == ERROR_ALREADY_EXISTS)
            number = is_directory(wide) ? 0 : ERROR_DIRECTORY;
    }
    free(wide);
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
