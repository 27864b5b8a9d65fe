#ifndef MXPULL_SRC_CLI_SETUP_H
#define MXPULL_SRC_CLI_SETUP_H

#include "arguments.h"
#include "json.h"
#include "line.h"
#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>
#include <mxpull/platform/lock.h>
#include <mxpull/store/store.h>

/* What several commands begin with. */

/* Reads the configuration that the command line or its default names, with every fault told to fault (NULL: on
 * standard error). NULL when there was any. */
struct config *setup_config(const struct arguments *arguments, config_fault *fault, void *context);

/* Makes the loop. NULL when libcurl cannot be used, which is logged. */
struct loop *setup_loop(void);

/* How lines on standard output look: of a terminal's width, and coloured as the command line wants it. */
struct line_look setup_look(const struct arguments *arguments);

/* ---- the state directory of those who ask ---- */

/* What a run keeps in state_dir. Each part is NULL where it cannot be had: the run goes on without,
 * for asking without a memory does no harm, and not asking does. */
struct state {
    struct lock_set *lock;   /* against a second daemon; NULL for a pull */
    struct lock_set *claims; /* which backups are being asked at this moment, by any run */
    struct store *store;
    int64_t patience_ms; /* how long a store that another process holds may still be waited for */
};

enum state_use {
    STATE_PULL,
    STATE_DAEMON /* its store is opened later where it cannot be now; without a directory it
                    remembers as long as it runs */
};

/* Opens the state directory. Says in one warning what cannot be had. STATUS_OK, or
 * STATUS_BUSY, which is logged, when another daemon runs; nothing is open then. */
enum status state_open(struct state *state, const struct config *config, enum state_use use);
void state_close(struct state *state);

/* ---- and of those who only read it ---- */

/* Opens the store. STATUS_SYSTEM or STATUS_BUSY when there is none yet or it cannot be read; the error says
 * so in one line, and what to do. */
enum status past_open(struct store **store, const struct config *config, struct error *error);

/* Whether nobody can write the store now, so that what it holds is not the newest; *trouble says why, and what
 * to do. */
bool past_trouble(const struct config *config, struct error *trouble);

/* ---- command_config.c ---- */

/* The effective configuration as one JSON object: "path", the global options, "primary", and "backups", an array in the
 * order of the file. The keys are the options' names; durations are seconds, what is not set is null, secrets are
 * "********". */
json_t *config_json(const struct config *config);

#endif
