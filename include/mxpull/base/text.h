#ifndef MXPULL_BASE_TEXT_H
#define MXPULL_BASE_TEXT_H

#include <mxpull/base/buffer.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ASCII alone, whatever the locale says: SMTP's keywords and domains are ASCII. */
bool text_is_digit(char c);
bool text_is_letter(char c);
bool text_is_ascii(const char *text, size_t size);
char text_lower(char c);
bool text_equal(const char *a, const char *b); /* without regard to case */
bool text_equal_part(const char *text, const char *part,
                     size_t size); /* text against size bytes of part, the same way */
bool text_starts_with(const char *text, const char *prefix); /* without regard to case */

/* FNV-1a, 64 bits. */
uint64_t text_hash(const char *bytes, size_t size);

/* Copies text into target, cutting it to what fits; target always ends in NUL. Returns false when
 * it was cut. */
bool text_copy(char *target, size_t target_size, const char *text);

/* Reads a whole number of digits alone, min to max. False, with *value untouched, for anything
 * else. */
bool text_to_number(const char *text, int64_t min, int64_t max, int64_t *value);

/* The bytes of the well-formed UTF-8 character that text, of size > 0 bytes, begins with (RFC 3629),
 * and its code point; 0, with *point untouched, where there is none. */
size_t text_character(const char *text, size_t size, uint32_t *point);

/* Whether nobody sees this character, or it only moves others about: control characters, direction
 * marks, zero widths, tags, noncharacters. */
bool text_is_hidden(uint32_t point);

/* Whether all of text is well-formed UTF-8 of which nothing is hidden. */
bool text_is_shown(const char *text);

/* Appends text so that it can stand in a log line or on a terminal: what text_is_hidden names, and
 * each byte that is not of well-formed UTF-8, becomes \n, \r, \t or \xNN, and the backslash itself is
 * doubled. What the buffer's limit has no room for is cut off before an escape or a character, and the
 * text ends in an ellipsis. */
void text_printable(struct buffer *target, const char *text, size_t size);

/* The same, but a backslash stays as it is: for a sentence in which parts are escaped already. */
void text_visible(struct buffer *target, const char *text, size_t size);

/* text_printable for a whole string into an array. Returns target. */
char *text_printable_copy(char *target, size_t target_size, const char *text);

/* Appends text as it is, or as much of it as max bytes and the buffer's limit hold, cut at a whole
 * character and ended by an ellipsis. */
void text_append_cut(struct buffer *target, const char *text, size_t max);

/* The same into an array. Returns target. */
char *text_copy_cut(char *target, size_t target_size, const char *text);

/* vsnprintf whose result, where target is too small for it, is cut at a whole character and ends in an
 * ellipsis. */
void text_format(char *target, size_t target_size, const char *format, va_list arguments)
    PRINTF_LIKE(3, 0);

/* The word of the list that was most likely meant by a misspelt one: one that begins with it, or the nearest one that is
 * at most two typing errors away (a letter wrong, too many, missing, or two swapped), of a long word one error for three
 * letters. NULL when none is near. */
const char *text_closest(const char *misspelt, const char *const words[], size_t count);

#endif
