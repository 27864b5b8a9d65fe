#ifndef MXPULL_SRC_CLI_COMMAND_H
#define MXPULL_SRC_CLI_COMMAND_H

#include <stddef.h>

struct arguments;

/* Exit statuses that no outcome stands for, or that stand for more than an outcome (sysexits.h). */
enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_USAGE = 64,
    EXIT_STATUS_UNAVAILABLE = 69, /* something that we are built on cannot be used */
    EXIT_STATUS_TEMPORARY = 75, /* another run is at it, or what was to be said could not be said */
    EXIT_STATUS_CONFIG = 78,
};

/* One command of the program: its row is all that parsing, help and running need. */
struct command {
    const char *name;
    const char
        *operands; /* as the usage line shows them, "[BACKUP|DOMAIN ...]"; NULL: it takes none */
    const char *summary; /* one line for the list of commands */
    const char *details; /* for its own help: whole lines of at most 79 columns */
    const char *exits;   /* so too: a line for each exit status but those that all commands have */
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
int command_config(const struct arguments *arguments);

#endif
