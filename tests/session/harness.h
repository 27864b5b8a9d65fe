#ifndef MXPULL_TESTS_HARNESS_H
#define MXPULL_TESTS_HARNESS_H

/* Ring 2: a round of the real loop, sessions and connections against mxsim. */

#include <mxpull/base/buffer.h>
#include <mxpull/pull/round.h>
#include <mxpull/record/recorder.h>

#include <stdbool.h>
#include <stddef.h>

/* A running mxsim and what it writes down. */
struct sim;

/* Starts mxsim with this script and waits until it listens. Fails the test when it does not. */
struct sim *sim_start(const char *script);

/* Ends it. */
void sim_stop(struct sim *sim);

/* Its journal so far, up to 1 MiB; borrowed until the next call. */
const char *sim_journal(struct sim *sim);

/* Whether text comes to stand in the journal within a minute: mxsim may be behind us. */
bool sim_says(struct sim *sim, const char *text);

/* How often text stands in the journal. */
size_t sim_count(struct sim *sim, const char *text);

/* Loads the configuration after each $NAME in it was replaced by "host = ADDRESS port = PORT" of
 * that server of mxsim, each %NAME by "ADDRESS:PORT", and each ^NAME by PORT; to be freed by config_free. Fails the test
 * when it is faulty. */
struct config *sim_config(const struct sim *sim, const char *text);

/* What a round brought. */
struct outcome_text {
    struct buffer
        lines; /* "backup domain outcome code text" for each result, sorted as configured */
    int exit_status;
    size_t answered; /* calls of the observer */
    struct buffer wire;
    struct buffer addresses; /* of each result, a line each */
};

/* Loads the configuration, runs a round, and returns what it brought, to be freed by outcome_done.
 * names may be NULL. The primary is looked at first only where the configuration says something of
 * preflight. Fails the test when the configuration is faulty. */
struct outcome_text pull(struct sim *sim, const char *config, const char *const *names,
                         bool dry_run, bool retry);

/* The same, with all that is asked, as `mxpull pull` does it, and written into the store. */
struct outcome_text pull_into(struct store *store, struct sim *sim, const char *config, bool retry);

void outcome_done(struct outcome_text *outcome);

/* Makes the next pull stop, as by a signal, once this many results are known. */
void stop_after(size_t results);

/* The same, this many milliseconds after it began. */
void stop_after_ms(int64_t ms);

#endif
