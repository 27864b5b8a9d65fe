#ifndef MXPULL_SRC_CLI_SETUP_H
#define MXPULL_SRC_CLI_SETUP_H

#include "arguments.h"
#include "json.h"
#include "line.h"
#include "logging.h"
#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>
#include <mxpull/platform/lock.h>
#include <mxpull/record/recorder.h>
#include <mxpull/store/store.h>

/* What several commands begin with. */

/* Reads the configuration that the command line or the default names. Tells every fault to fault
 * (NULL: on standard error). NULL when there was any. */
struct config *setup_config(const struct arguments *arguments, config_fault *fault, void *context);

/* Opens the log that the configuration names; around and context are those of struct logging_options. Returns the exit
 * status; what is wrong is told. */
int setup_log(struct logging *logging, const struct config *config,
              const struct arguments *arguments, void (*around)(void *context, bool begins),
              void *context);

/* The same on standard error, whatever `log` says. */
void setup_log_errors(struct logging *logging, const struct arguments *arguments,
                      void (*around)(void *context, bool begins), void *context);

/* Reads --wait into *seconds, which stays as it is where there is none. Returns the exit status; what is wrong is told. */
int setup_wait(const struct arguments *arguments, int64_t *seconds);

/* Makes the loop. NULL when libcurl cannot be used, which is logged. */
struct loop *setup_loop(void);

/* The look of lines on standard output: the terminal's width, coloured as the command line wants it. */
struct line_look setup_look(const struct arguments *arguments);

/* ---- the state directory of pull and daemon ---- */

/* What a run keeps in state_dir. A part that cannot be opened is NULL, and the run goes on: asking
 * without a memory does no harm, not asking does. */
struct state {
    struct lock_set *lock;   /* against a second daemon; NULL for a pull */
    struct lock_set *claims; /* the backups that any run is asking now */
    struct store *store;
    int64_t patience_ms;       /* how long to wait for a store that another process holds */
    struct hooks *hooks;       /* NULL for a dry run and a daemon */
    struct recorder *recorder; /* NULL for a daemon */
};

/* Opens the state directory, for a pull or a daemon, and logs in one warning what cannot be opened.
 * STATUS_BUSY, logged and with nothing open, when another daemon runs; else STATUS_OK. A daemon opens
 * its store later when it cannot now, and without a directory remembers as long as it runs. */
enum status state_open(struct state *state, const struct config *config, bool is_daemon);

/* Makes the loop, opens the state directory, which a dry run leaves alone, and makes hooks and recorder of a run that asks
 * once. Returns the exit status; what is wrong is logged. state_close comes before the loop's end. */
int setup_run(struct loop **loop, struct state *state, const struct config *config, bool dry_run);

void state_close(struct state *state);

/* ---- the state directory of the commands that only read it ---- */

/* Opens the store. STATUS_SYSTEM or STATUS_BUSY when there is none yet or it cannot be read; the error
 * says so in one line, and what to do. */
enum status past_open(struct store **store, const struct config *config, struct error *error);

/* Whether nobody can write the store now, so that it may be out of date; *trouble says why, and what
 * to do. */
bool past_trouble(const struct config *config, struct error *trouble);

/* ---- command_config.c ---- */

/* The effective configuration as one JSON object: "path", the global options, "primary", and
 * "backups", an array in the order of the file. The keys are the options' names; durations are
 * seconds, what is not set is null, secrets are "********". */
json_t *config_json(const struct config *config);

#endif
