#ifndef MXPULL_TESTS_WIN32_H
#define MXPULL_TESTS_WIN32_H

/* What the tests of the platform floor on Windows share: a directory of the test's own, and starting
 * themselves anew as a child that plays a part. */

#include <winsock2.h>

#include <windows.h>

#include "directory.h"

#include <support_win32.h>

/* A name in every script: an a-umlaut, a euro sign, a smile beyond the first 65,536 characters. */
#define UTF8_NAME "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"
#define WIDE_NAME L"\x00e4\x20ac\xd83d\xde00"

static inline bool exists(const char *path)
{
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What the file at path holds, up to 1,000 bytes; good until the next call. */
static inline const char *content_of(const char *path)
{
    static char content[1001];
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return "(not there)";
    content[fread(content, 1, sizeof content - 1, file)] = '\0';
    (void)fclose(file);
    return content;
}

/* Puts another function in the place of one of the system's; import is where the linker keeps its address,
 * which it calls __imp_NAME. For what cannot be had here, and what wine does otherwise than Windows. */
#define REPLACE_IMPORT(import, function)                                                           \
    do {                                                                                           \
        DWORD protection;                                                                          \
                                                                                                   \
        assert_true(VirtualProtect(&(import), sizeof(import), PAGE_READWRITE, &protection));       \
        (import) = (function);                                                                     \
    } while (false)

/* A child that plays the part named by its first argument. */
struct child {
    struct support_program *program;
    FILE *input, *output;
    char line[1000]; /* the last one that it said */
};

static inline struct child start_child_with(unsigned long flags, const char *const *arguments)
{
    char path[SUPPORT_PATH_SIZE];
    struct child child = {0};

    assert_true(GetModuleFileNameA(NULL, path, sizeof path) > 0);
    child.program = support_start_with(flags, path, arguments, &child.input, &child.output);
    return child;
}

static inline struct child start_child(const char *const *arguments)
{
    return start_child_with(0, arguments);
}

/* Its next line; "" at its end. */
static inline const char *hear(struct child *child)
{
    child->line[0] = '\0';
    (void)fgets(child->line, sizeof child->line, child->output);
    child->line[strcspn(child->line, "\n")] = '\0';
    return child->line;
}

static inline void end_child(struct child *child)
{
    (void)fclose(child->input);
    (void)support_wait(child->program);
    (void)fclose(child->output);
}

#endif
