#include "system.h"

#include <mxpull/base/compiler.h>
#include <mxpull/base/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ERROR_WORDS_SIZE = 256
};

wchar_t *win32_wide(const char *text)
{
    int size = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = memory_new(size > 0 ? (size_t)size : 1, sizeof *wide);

    if (size > 0)
        (void)MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, size);
    return wide;
}

char *win32_narrow(const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *narrow = memory_new(size > 0 ? (size_t)size : 1, 1);

    if (size > 0)
        (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, size, NULL, NULL);
    return narrow;
}

char *win32_full_path(const char *path)
{
    wchar_t *given = win32_wide(path), *full = NULL;
    DWORD size = GetFullPathNameW(given, 0, NULL, NULL);
    char *narrow = NULL;

    if (size > 0) {
        full = memory_new(size, sizeof *full);
        if (GetFullPathNameW(given, size, full, NULL) == size - 1)
            narrow = win32_narrow(full);
    }
    free(full);
    free(given);
    return narrow;
}

char *win32_variable(const char *name)
{
    wchar_t *wide_name = win32_wide(name), *value = NULL;
    char *narrow = NULL;
    DWORD size = GetEnvironmentVariableW(wide_name, NULL, 0);

    /* 1: the NUL alone. */
    if (size > 1) {
        value = memory_new(size, sizeof *value);
        if (GetEnvironmentVariableW(wide_name, value, size) == size - 1)
            narrow = win32_narrow(value);
    }
    free(value);
    free(wide_name);
    return narrow;
}

HANDLE win32_open(const char *path, DWORD access, DWORD disposition, DWORD flags,
                  SECURITY_ATTRIBUTES *attributes)
{
    wchar_t *wide = win32_wide(path);
    HANDLE file = CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              attributes, disposition, flags, NULL);
    DWORD number = GetLastError();

    free(wide);
    SetLastError(number);
    return file;
}

const char *system_error_text(DWORD number)
{
    static char words[ERROR_WORDS_SIZE];
    wchar_t wide[ERROR_WORDS_SIZE / 2];
    DWORD size = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                    FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                NULL, number, 0, wide, (DWORD)COUNT_OF(wide), NULL);

    while (size > 0 && (wide[size - 1] == L' ' || wide[size - 1] == L'.'))
        size--;
    int length =
        WideCharToMultiByte(CP_UTF8, 0, wide, (int)size, words, (int)sizeof words - 1, NULL, NULL);
    words[length] = '\0';
    if (length == 0)
        (void)snprintf(words, sizeof words, "error %lu", (unsigned long)number);
    return words;
}

enum status system_fail(struct error *error, const char *path, const char *what, DWORD number)
{
    return error_set(error, STATUS_SYSTEM, "%s: %s: %s", path, what, system_error_text(number));
}
