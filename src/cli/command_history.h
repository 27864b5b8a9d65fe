#ifndef MXPULL_SRC_CLI_COMMAND_HISTORY_H
#define MXPULL_SRC_CLI_COMMAND_HISTORY_H

#include <mxpull/config/config.h>
#include <mxpull/store/store.h>

#include <stddef.h>

/* Names of the command line as the store knows them. */
struct history_names {
    const char *names[STORE_NAMES_MAX + 1]; /* borrowed texts */
    size_t count;
};

/* Finds out what the names mean: each is kept as it is, and where it is another form of a domain of
 * the configuration (an IDN), that domain is added as it is written there. STATUS_SYNTAX for a name
 * that neither the configuration nor the store knows; other failures are the store's. */
enum status history_names_find(struct history_names *names, const char *const given[], size_t count,
                               const struct config *config, struct store *store,
                               struct error *error);

#endif
