#ifndef MXPULL_PLATFORM_RANDOM_H
#define MXPULL_PLATFORM_RANDOM_H

#include <stdint.h>

/* A number that nobody can foretell well enough to meet us, to begin a sequence with: two hosts, and
 * two runs on one host, do not get the same. For jitter, not for keys. Never blocks for long. */
uint64_t random_seed(void);

#endif
