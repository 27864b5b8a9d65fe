#ifndef MXPULL_BASE_CLOSEST_H
#define MXPULL_BASE_CLOSEST_H

#include <stddef.h>

/* The word of the list that was most likely meant by a misspelt one: one that begins with it, or
 * one that is at most two typing errors (a letter wrong, too many, missing, or two swapped) away, of
 * a long word one error for three letters.
 * NULL when none is near. */
const char *closest_word(const char *misspelt, const char *const words[], size_t count);

#endif
