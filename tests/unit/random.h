#ifndef MXPULL_TESTS_RANDOM_H
#define MXPULL_TESTS_RANDOM_H

/* Numbers that look random, others at each run. */

#include "unit.h"

#include <time.h>

/* Where the numbers of a test begin: at $MXPULL_SEED, or at the time. It is printed, so that a run that failed can be repeated. */
static inline uint64_t random_begin(void)
{
    const char *given = getenv("MXPULL_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

    print_message("MXPULL_SEED=%llu\n", (unsigned long long)seed);
    return seed * 0x9e3779b97f4a7c15U | 1;
}

static inline size_t random_below(uint64_t *state, size_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (size_t)((*state >> 16) % limit);
}

#endif
