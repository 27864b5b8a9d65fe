#ifndef MXPULL_TESTS_FUZZ_H
#define MXPULL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls; 0 always. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What our own driver begins with: texts, ending in NULL. */
extern const char *const fuzz_seeds[];

/* A check that holds in every build. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
