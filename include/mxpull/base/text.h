#ifndef MXPULL_BASE_TEXT_H
#define MXPULL_BASE_TEXT_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ASCII alone, whatever the locale says: SMTP's keywords and domains are ASCII. */
bool text_is_digit(char c);
bool text_is_letter(char c);
char text_lower(char c);
bool text_equal(const char *a, const char *b); /* without regard to case */
bool text_equal_part(const char *text, const char *part,
                     size_t size); /* text against size bytes of part, the same way */
bool text_starts_with(const char *text, const char *prefix); /* without regard to case */

/* Copies text into target, cutting it to what fits; target always ends in NUL. Returns false when
 * it was cut. */
bool text_copy(char *target, size_t target_size, const char *text);

/* Reads a whole number of digits alone, min to max. False, with *value untouched, for anything
 * else. */
bool text_to_number(const char *text, int64_t min, int64_t max, int64_t *value);

/* Appends text so that it can stand in a log line or on a terminal: control characters become \n,
 * \r, \t, \0 or \xNN, and so does whatever is not well-formed UTF-8, the C1 controls and the
 * backslash itself doubled. Stops at the buffer's limit. */
void text_printable(struct buffer *target, const char *text, size_t size);

/* The same for a whole string into an array; cut at a whole escape. Returns target. */
char *text_printable_copy(char *target, size_t target_size, const char *text);

#endif
