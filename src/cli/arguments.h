#ifndef MXPULL_SRC_CLI_ARGUMENTS_H
#define MXPULL_SRC_CLI_ARGUMENTS_H

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>

struct arguments;

/* Exit statuses besides those of the outcomes (sysexits.h). */
enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_WARNINGS = 1, /* which --strict does not put up with */
    EXIT_STATUS_USAGE = 64,
    EXIT_STATUS_UNAVAILABLE = 69,   /* the system lacks what mxpull needs */
    EXIT_STATUS_CANNOT_CREATE = 73, /* what -o names is there already, or cannot be made */
    EXIT_STATUS_TEMPORARY = 75,     /* another run is under way, or the output failed */
    EXIT_STATUS_CONFIG = 78,
};

/* One command: all that parsing, help and running need. */
struct command {
    const char *name;
    /* As the usage line shows them, "[BACKUP|DOMAIN ...]"; NULL: it takes none. */
    const char *operands;
    const char *summary; /* one line for the list of commands */
    const char *details; /* for its own help: whole lines of at most 79 columns */
    const char *exits;   /* the same: a line for each exit status that not every command has */
    int (*run)(const struct arguments *arguments); /* returns the exit status */
};

extern const struct command command_table[];
extern const size_t command_count;

/* NULL when there is no such command. */
const struct command *command_find(const char *name);

int command_pull(const struct arguments *arguments);
int command_daemon(const struct arguments *arguments);
int command_status(const struct arguments *arguments);
int command_history(const struct arguments *arguments);
int command_report(const struct arguments *arguments);
int command_config(const struct arguments *arguments);
int command_init(const struct arguments *arguments);
int command_check(const struct arguments *arguments);
int command_drill(const struct arguments *arguments);

/* The command line as read. All texts are borrowed from argv. */
struct arguments {
    const struct command *command; /* NULL: none, with help and version alone */
    const char *config;            /* NULL: the default place */

    /* How often each switch was given. */
    unsigned verbose, quiet, json, help, version;
    unsigned dry_run, force, retry, nagios, csv, failed, messages, drills, strict, yes, only_names;

    const char *wait, *shard, *since, *outcome, *limit, *output, *html; /* NULL: not given */
    const char *color;  /* "auto", "always" or "never" */
    const char **names; /* owned array: the operands */
    size_t name_count;
};

/* One option: what the parser reads and what --help prints. */
struct flag {
    char letter;          /* '\0': it has a long name alone */
    const char *name;     /* without the hyphens */
    const char *argument; /* the name of its argument in the help; NULL: it takes none */
    const char *commands; /* the commands that take it, with spaces between; NULL: all, and the
                             program itself; behind a '!': all of these but those named */
    size_t offset; /* of its field in struct arguments: const char * where it takes an argument,
                             else unsigned */
    const char *help;
};

extern const struct flag flag_table[];
extern const size_t flag_count;

/* Whether the flag may be used with the command; NULL: with the program itself. */
bool flag_fits(const struct flag *flag, const struct command *command);

/* Reads a command line. Options may stand before and behind the command and its names, "--" ends them;
 * "-cFILE", "-qv", "--opt=x" and "--opt x" are valid. STATUS_SYNTAX for a faulty line, with *arguments
 * untouched. On success arguments_done frees what *arguments owns. */
enum status arguments_parse(struct arguments *arguments, int argc, char *const argv[],
                            struct error *error);
void arguments_done(struct arguments *arguments);

/* Appends the help of a command, or of the whole program where command is NULL, in lines of at most
 * 79 columns. */
void help_format(struct buffer *text, const struct command *command);

#endif
