#ifndef MXPULL_CONFIG_FAULTS_H
#define MXPULL_CONFIG_FAULTS_H

#include "raw.h"

#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>

/* The faults of a file, collected in any order and reported in the file's. */

enum {
    FAULTS_MAX = 100,
    FAULT_SHOWN_SIZE = 64
};

/* Where a fault is. */
struct place {
    int line; /* 0: the file as a whole */
    const struct raw_section
        *section;       /* borrowed until the report; NULL: none, as the global one */
    const char *option; /* borrowed until the report: a constant; NULL: none */
};

struct fault {
    int line;
    size_t order; /* among those of one line */
    const struct raw_section *section;
    const char *option;
    char *text;
};

struct faults {
    struct fault *list; /* of 2 * FAULTS_MAX */
    size_t count;
    size_t limit; /* of the phase that we are in */
};

void faults_init(struct faults *faults);
void faults_done(struct faults *faults);

/* Up to FAULTS_MAX more are taken from here on, so that what is found in a second run over the file
 * is not crowded out by what the first one found. */
void faults_new_phase(struct faults *faults);
bool faults_is_full(const struct faults *faults);

/* Adds "what is wrong; what is allowed"; dropped when full. The text must not hold a secret. */
void faults_add(struct faults *faults, struct place place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Calls report for each, as "FILE:LINE: OPTION: text", at most FAULTS_MAX times, and once more
 * where there are more. */
void faults_report(struct faults *faults, const char *file, config_fault *report, void *context);

/* Text of the file made fit for a message: escaped, and cut with "…". Returns target. */
char *fault_show(char target[FAULT_SHOWN_SIZE], const char *text, size_t size);

#endif
