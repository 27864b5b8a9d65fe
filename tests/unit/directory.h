#ifndef MXPULL_TESTS_DIRECTORY_H
#define MXPULL_TESTS_DIRECTORY_H

/* A directory of the test's own, made and removed with its group. */

#include "unit.h"

#include <mxpull/base/compiler.h>

#include <stdio.h>
#include <support.h>

static char directory[SUPPORT_PATH_SIZE];

/* The path of a file in it; good for the next three calls. */
static inline const char *in_directory(const char *name)
{
    static char paths[4][512];
    static size_t next;
    char *path = paths[next++ % COUNT_OF(paths)];

    (void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static inline int make_directory(void **state)
{
    (void)state;
    support_make_directory(directory);
    return 0;
}

static inline int remove_directory(void **state)
{
    (void)state;
    return support_remove_directory(directory) ? 0 : -1;
}

static inline void set_variable(const char *name, const char *value)
{
    support_set_variable(name, value);
}

#endif
