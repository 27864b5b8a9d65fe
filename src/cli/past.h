#ifndef MXPULL_SRC_CLI_PAST_H
#define MXPULL_SRC_CLI_PAST_H

#include <mxpull/config/config.h>
#include <mxpull/store/store.h>

#include <stddef.h>

/* Opens the store for those who only read it. STATUS_SYSTEM or STATUS_BUSY when there is none yet or
 * it cannot be read; the error says so in one line, and what to do. */
enum status past_open(struct store **store, const struct config *config, struct error *error);

/* Whether nobody can write the store now, so that what it holds is not the newest; text says why, and what
 * to do. */
bool past_trouble(const struct config *config, char text[ERROR_TEXT_SIZE]);

/* Names of the command line as the store knows them. */
struct past_names {
    const char **names; /* owned array of borrowed texts */
    size_t count;
};

/* Finds out what the names mean: each is kept as it is, and where it is another form of a domain of
 * the configuration (an IDN), that domain is added as it is written there. STATUS_SYNTAX for a name
 * that neither the configuration nor the store knows; other failures are the store's. On STATUS_OK
 * past_names_done frees what *names owns. */
enum status past_names_find(struct past_names *names, const char *const given[], size_t count,
                            const struct config *config, struct store *store, struct error *error);
void past_names_done(struct past_names *names);

#endif
