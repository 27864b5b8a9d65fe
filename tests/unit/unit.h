#ifndef MXPULL_TESTS_UNIT_H
#define MXPULL_TESTS_UNIT_H

/* cmocka with what it wants included before it, tests made of table rows, and main: a test's own main, which is
 * called unit_main here, gives the number of failures. The exit status is 1 for any number of them, or, where
 * something was skipped, 77, which ctest counts as skipped. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool unit_has_skipped;

/* skip() of cmocka, remembered. */
#undef skip
#define skip() (unit_has_skipped = true, _skip(__FILE__, __LINE__))

static inline int unit_status(int failed)
{
    return failed != 0 ? 1 : unit_has_skipped ? 77 : 0;
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
    failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    free(tests);
    return failed;
}

#endif
