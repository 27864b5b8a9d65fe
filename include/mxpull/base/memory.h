#ifndef MXPULL_BASE_MEMORY_H
#define MXPULL_BASE_MEMORY_H

#include <mxpull/base/compiler.h>

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory for count objects of size bytes; the caller frees it with free(). Out of memory
 * ends the program, here and nowhere else: a server or a file can never make us ask for more than a
 * ceiling, so this is never a remote's doing. */
void *memory_new(size_t count, size_t size);

/* As realloc() for count objects of size bytes; the added part is not zeroed. Never returns NULL.
 */
void *memory_resize(void *old, size_t count, size_t size);

/* Makes room for one object more in a list of count objects that grows by this function alone. */
void *memory_more(void *list, size_t count, size_t size);

/* A copy of a string, or of its first size bytes; the caller frees it. NULL gives NULL. */
char *memory_copy(const char *text);
char *memory_copy_part(const char *text, size_t size);

/* A formatted string of any length; the caller frees it. */
char *memory_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* Writes or reads a member of a struct by its size: a bool, an int or an enum, or an int64_t. */
void memory_write_number(void *member, size_t size, int64_t number);
int64_t memory_read_number(const void *member, size_t size);

/* Overwrites a secret in a way that the compiler keeps. */
void memory_wipe(void *bytes, size_t size);

/* Wipes and frees a secret string. NULL is allowed. */
void memory_free_secret(char *text);

#endif
