#ifndef MXPULL_CLI_SUGGEST_H
#define MXPULL_CLI_SUGGEST_H

#include <stddef.h>

/* The word of the list that was most likely meant by a misspelt one: one that begins with it, or
 * one that is at most two typing errors (a letter wrong, too many, missing, or two swapped) away.
 * NULL when none is near. */
const char *suggest_word(const char *misspelt, const char *const words[], size_t count);

#endif
