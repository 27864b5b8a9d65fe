#ifndef MXPULL_TESTS_UNIT_H
#define MXPULL_TESTS_UNIT_H

/* cmocka with what it wants included before it, tests made of table rows, and the exit status of a test's main:
 * 1 for any number of failures; 77, which ctest counts as skipped, where every case was skipped. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t unit_cases, unit_cases_skipped;

/* Those of cmocka, counted. */
#undef skip
#define skip() (unit_cases_skipped++, _skip(__FILE__, __LINE__))
#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    (unit_cases += sizeof(tests) / sizeof(tests)[0],                                               \
     _cmocka_run_group_tests(#tests, (tests), sizeof(tests) / sizeof(tests)[0], (setup),           \
                             (teardown)))

/* The line that it prints is what contrib/test.sh counts skipped cases by. */
static inline int unit_status(int failed)
{
    if (unit_cases_skipped > 0)
        printf("SKIPPED: %zu of %zu cases\n", unit_cases_skipped, unit_cases);
    if (failed != 0)
        return 1;
    return unit_cases_skipped > 0 && unit_cases_skipped == unit_cases ? 77 : 0;
}

/* Runs test once for each row of table, under the name that is the row's first member. */
#define RUN_TABLE(table, test)                                                                     \
    run_table(#test, (table), sizeof(table) / sizeof(table)[0], sizeof(table)[0], (test))

static inline int run_table(const char *group, const void *table, size_t count, size_t row_size,
                            void (*test)(void **state))
{
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    int failed;

    if (tests == NULL)
        return 1;
    for (size_t i = 0; i < count; i++) {
        const char *row = (const char *)table + i * row_size;
        const char *const *name = (const char *const *)(const void *)row;
        union {
            const void *constant;
            void *state;
        } state = {.constant = row};

        tests[i].name = *name;
        tests[i].test_func = test;
        tests[i].initial_state = state.state;
    }
    unit_cases += count;
    failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    free(tests);
    return failed;
}

#endif
