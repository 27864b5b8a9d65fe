#ifndef MXPULL_CONFIG_SUGGEST_H
#define MXPULL_CONFIG_SUGGEST_H

#include <mxpull/config/options.h>

#include <stddef.h>

enum {
    SUGGESTION_SIZE = 96
};

/* What an option that is not known in this section was meant to be: "; did you mean …?", "; it
 * belongs into a backup", or
 * "". Writes into target and returns it. */
char *suggest_option(char target[SUGGESTION_SIZE], enum option_section section, const char *name);

/* The same for the name of a section. */
char *suggest_section(char target[SUGGESTION_SIZE], const char *name);

#endif
