#ifndef MXPULL_TESTS_DIRECTORY_H
#define MXPULL_TESTS_DIRECTORY_H

/* A directory of the test's own, made and removed with its group (POSIX). */

#include "unit.h"

#include <mxpull/base/compiler.h>

#include <stdio.h>
#include <unistd.h>

static char directory[256];

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
    const char *base = getenv("TMPDIR");

    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/mxpull-test-XXXXXX",
                   base != NULL && *base != '\0' ? base : "/tmp");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static inline int remove_directory(void **state)
{
    char command[512];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return system(command); /* NOLINT: the path is our own */
}

static inline void set_variable(const char *name, const char *value)
{
    assert_int_equal(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

#endif
