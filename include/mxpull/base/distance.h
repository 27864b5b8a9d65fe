#ifndef MXPULL_BASE_DISTANCE_H
#define MXPULL_BASE_DISTANCE_H

#include <stddef.h>

enum {
    DISTANCE_WORD_MAX = 255
};

/* How many letters must be put in, taken out, replaced or swapped with their neighbour to make b of
 * a (optimal string alignment), without regard to case: for "did you mean". SIZE_MAX when a word is
 * longer than DISTANCE_WORD_MAX. */
size_t distance(const char *a, const char *b);

#endif
