#ifndef MXPULL_BASE_BUFFER_H
#define MXPULL_BASE_BUFFER_H

#include <mxpull/base/compiler.h>
#include <mxpull/base/status.h>

#include <stddef.h>

/* Bytes that grow up to a ceiling given at birth. The bytes are always followed by a NUL that is
 * not counted, so that text in a buffer can be read as a string. Lives in the caller's storage; the
 * bytes are owned. */
struct buffer {
    char *bytes;     /* never NULL after buffer_init */
    size_t size;     /* bytes held */
    size_t limit;    /* bytes that may be held at most */
    size_t capacity; /* bytes that fit without asking for more memory; 0 while the bytes are a
                        constant */
};

/* Makes an empty buffer that takes up to limit bytes. Allocates nothing yet. */
void buffer_init(struct buffer *buffer, size_t limit);

/* Wipes and frees the bytes, as happens to the old ones where a buffer grows, for they may be a secret; the
 * buffer is empty then and may be used again. */
void buffer_done(struct buffer *buffer);

/* Adds all the bytes, or none and STATUS_LIMIT when they would go over the limit. */
enum status buffer_append(struct buffer *buffer, const char *bytes, size_t size);
enum status buffer_append_text(struct buffer *buffer, const char *text);
enum status buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Keeps the first size bytes (at most those held). */
void buffer_cut(struct buffer *buffer, size_t size);

/* Takes size bytes (at most those held) off the front. */
void buffer_consume(struct buffer *buffer, size_t size);

/* Empties the buffer and keeps its memory. */
void buffer_clear(struct buffer *buffer);

#endif
