/* Bytes with a ceiling. */
#include <mxpull/base/buffer.h>
#include <mxpull/base/memory.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 128
};

/* What an empty buffer points at; nothing is ever written to it, for its capacity is 0. */
static char no_bytes[1];

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.bytes = no_bytes, .limit = limit};
}

void buffer_done(struct buffer *buffer)
{
    if (buffer->capacity > 0) {
        memory_wipe(buffer->bytes, buffer->capacity);
        free(buffer->bytes);
    }
    buffer_init(buffer, buffer->limit);
}

static void reserve(struct buffer *buffer, size_t size)
{
    if (size <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < size)
        capacity *= 2;
    if (capacity > buffer->limit)
        capacity = buffer->limit;
    /* Not by realloc(), which leaves a copy where the bytes were. */
    char *bytes = memory_new(capacity + 1, 1);
    memcpy(bytes, buffer->bytes, buffer->size + 1);
    size_t held = buffer->size;
    buffer_done(buffer);
    buffer->bytes = bytes;
    buffer->size = held;
    buffer->capacity = capacity;
}

enum status buffer_append(struct buffer *buffer, const char *bytes, size_t size)
{
    if (size > buffer->limit - buffer->size)
        return STATUS_LIMIT;
    if (size == 0)
        return STATUS_OK;
    reserve(buffer, buffer->size + size);
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
    return STATUS_OK;
}

enum status buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

enum status buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    enum status status = STATUS_LIMIT;
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && (size_t)length <= buffer->limit - buffer->size) {
        reserve(buffer, buffer->size + (size_t)length);
        if (length > 0)
            (void)vsnprintf(buffer->bytes + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
        status = STATUS_OK;
    }
    va_end(arguments);
    va_end(again);
    return status;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    if (size >= buffer->size) {
        buffer_clear(buffer);
        return;
    }
    memmove(buffer->bytes, buffer->bytes + size, buffer->size - size + 1);
    buffer->size -= size;
}

void buffer_cut(struct buffer *buffer, size_t size)
{
    if (size >= buffer->size)
        return;
    buffer->size = size;
    buffer->bytes[size] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
    buffer_cut(buffer, 0);
}
