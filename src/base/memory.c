/* Memory that is always there: running out ends the program in this file. */
#include <mxpull/base/memory.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *demand(void *bytes)
{
    if (bytes == NULL) {
        (void)fputs("mxpull: out of memory\n", stderr);
        abort();
    }
    return bytes;
}

void *memory_new(size_t count, size_t size)
{
    return demand(calloc(count > 0 ? count : 1, size));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return demand(NULL);
    return demand(realloc(old, count * size > 0 ? count * size : 1));
}

void *memory_more(void *list, size_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0; /* a power of two, or 0 */

    return is_full ? memory_resize(list, count > 0 ? 2 * count : 1, size) : list;
}

char *memory_copy(const char *text)
{
    return text == NULL ? NULL : memory_copy_part(text, strlen(text));
}

char *memory_copy_part(const char *text, size_t size)
{
    char *copy = memory_new(size + 1, 1);

    memcpy(copy, text, size);
    return copy;
}

char *memory_format(const char *format, ...)
{
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = memory_new(length > 0 ? (size_t)length + 1 : 1, 1);
    if (length > 0)
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(arguments);
    va_end(again);
    return text;
}

void memory_write_number(void *member, size_t size, int64_t number)
{
    const int plain = (int)number;

    if (size == sizeof(bool))
        *(bool *)member = number != 0;
    else
        memcpy(member, size == sizeof plain ? (const void *)&plain : &number, size);
}

int64_t memory_read_number(const void *member, size_t size)
{
    if (size == sizeof(bool))
        return *(const bool *)member;
    return size == sizeof(int) ? *(const int *)member : *(const int64_t *)member;
}

void memory_wipe(void *bytes, size_t size)
{
    /* A compiler does not know what a volatile pointer points at, so it cannot leave the call out. */
    static void *(*const volatile set)(void *, int, size_t) = memset;

    if (size > 0)
        (void)set(bytes, 0, size);
}

void memory_free_secret(char *text)
{
    if (text != NULL)
        memory_wipe(text, strlen(text));
    free(text);
}
