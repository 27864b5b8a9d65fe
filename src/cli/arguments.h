#ifndef MXPULL_SRC_CLI_ARGUMENTS_H
#define MXPULL_SRC_CLI_ARGUMENTS_H

#include "command.h"
#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stddef.h>

/* --color WHEN */
enum color_when {
    COLOR_AUTO,
    COLOR_ALWAYS,
    COLOR_NEVER
};

/* The command line as read. All texts are borrowed from argv. */
struct arguments {
    const struct command
        *command;       /* NULL: none was named, which is allowed with help and version alone */
    const char *config; /* NULL: the default place */
    unsigned verbose;   /* how often -v was given */
    bool quiet;
    bool json;
    bool help;
    bool version;
    bool dry_run;
    bool force;
    bool retry;
    bool nagios;
    bool csv;
    bool failed;
    bool messages;
    const char *since, *outcome, *limit; /* NULL: not given */
    enum color_when color;
    const char **names; /* owned array: what stands behind the command */
    size_t name_count;
};

enum flag_kind {
    FLAG_SWITCH, /* bool: given or not */
    FLAG_COUNT,  /* unsigned: how often it was given */
    FLAG_TEXT,   /* const char *: its argument */
    FLAG_COLOR,  /* enum color_when: its argument */
};

/* One option: what the parser reads and what --help prints. */
struct flag {
    char letter;          /* '\0': it has a long name alone */
    const char *name;     /* without the hyphens */
    const char *argument; /* what its argument is called in the help; NULL: it takes none */
    const char *commands; /* the commands that take it, with spaces between; NULL: all, and the
                             program itself */
    enum flag_kind kind;
    size_t offset; /* of its field in struct arguments */
    const char *help;
};

extern const struct flag flag_table[];
extern const size_t flag_count;

/* Whether the flag may be used with the command; NULL: with the program itself. */
bool flag_fits(const struct flag *flag, const struct command *command);

/* Reads a command line. Options may stand before and behind the command and its names, "--" ends
 * them; "-cFILE", "-qv", "--opt=x" and "--opt x" are all understood. STATUS_SYNTAX, with *arguments
 * untouched, when it is not to be understood; *error says where help is. On success arguments_done
 * frees what *arguments owns. */
enum status arguments_parse(struct arguments *arguments, int argc, char *const argv[],
                            struct error *error);
void arguments_done(struct arguments *arguments);

#endif
