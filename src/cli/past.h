#ifndef MXPULL_SRC_CLI_PAST_H
#define MXPULL_SRC_CLI_PAST_H

#include <mxpull/config/config.h>
#include <mxpull/store/store.h>

/* Opens the store for those who only read it. STATUS_SYSTEM or STATUS_BUSY when there is none yet or
 * it cannot be read; the error says so in one line, and what to do. */
enum status past_open(struct store **store, const struct config *config, struct error *error);

/* Whether nobody can write the store now, so that what it holds is not the newest; text says why, and what
 * to do. */
bool past_trouble(const struct config *config, char text[ERROR_TEXT_SIZE]);

#endif
