#ifndef MXPULL_CONFIG_FAULTS_H
#define MXPULL_CONFIG_FAULTS_H

#include "section.h"

#include <mxpull/base/compiler.h>
#include <mxpull/config/config.h>

/* The faults of a file, found in any order and reported in the file's. */

enum {
    FAULTS_MAX = 100,
    FAULT_TEXT_SIZE = 500,
    FAULT_SHOWN_SIZE = 64,
    SUGGESTION_SIZE = 96
};

/* Where a fault is. */
struct place {
    int line;                      /* 0: the file as a whole */
    const struct section *section; /* borrowed until the report; NULL: none, as the global one */
    const char *option;            /* borrowed until the report: a constant; NULL: none */
};

struct faults {
    struct fault {
        struct place place;
        char text[FAULT_TEXT_SIZE];
    } list[FAULTS_MAX]; /* by line, the file as a whole last */
    size_t count;
};

bool faults_is_full(const struct faults *faults);

/* Adds "what is wrong; what is allowed"; dropped when full. The text must not hold a secret. */
void faults_add(struct faults *faults, struct place place, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Calls report for each, as "FILE:LINE: OPTION: text", and once more where there may be others. */
void faults_report(const struct faults *faults, const char *file, config_fault *report,
                   void *context);

/* Text of the file made fit for a message: escaped, and cut with "…". Returns target. */
char *fault_show(char target[FAULT_SHOWN_SIZE], const char *text, size_t size);

/* What an option that is not known in this section was meant to be: "; did you mean …?", "; … belongs
 * into a section backup { }", or "". Returns target. */
char *fault_suggest(char target[SUGGESTION_SIZE], enum option_section section, const char *name);

/* The same for the name of a section. */
char *fault_suggest_section(char target[SUGGESTION_SIZE], const char *name);

#endif
