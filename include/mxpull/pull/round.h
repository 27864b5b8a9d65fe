#ifndef MXPULL_PULL_ROUND_H
#define MXPULL_PULL_ROUND_H

#include <mxpull/arrival/arrivals.h>
#include <mxpull/record/recorder.h>
#include <mxpull/session/poll.h>

struct round_options {
    struct polling polling;     /* copied; with the recorder, which is not NULL */
    struct selection selection; /* borrowed for round_new alone */
    bool retry; /* what failed for a while is asked again after the times of `retry` */

    int64_t wait_ms; /* how long after its answers a backup's mail is waited for; 0: not at all */

    /* May be NULL; context is the observer's: the backup is asked again at until_ms, monotonic; its answers are known, and
     * its mail is waited for; and what became of it. */
    void (*resting)(void *context, const struct backup_config *backup, int64_t until_ms);
    void (*awaiting)(void *context, const struct backup_config *backup);
    void (*arrived)(void *context, const struct backup_config *backup,
                    const struct arrival_account *account);
};

/* All chosen backups, asked at once, each its chosen domains: what `mxpull pull` does. */
struct round;

/* selection_check has found no fault with the selection. */
struct round *round_new(const struct round_options *options);

/* NULL is allowed. */
void round_free(struct round *round);

/* Asks, and returns when every result is known, and the mail is no longer waited for. Calls the polling's stop() whenever the loop wakes:
 * once it is true, sessions end with QUIT, results without an answer become interrupted, and the round
 * ends within a second. Blocks. */
void round_run(struct round *round);

/* While it runs: the look at the primary under way, or NULL; and how far a connecting session of the
 * backup has come. */
const struct preflight_wait *round_waits(const struct round *round);
enum stage round_stage(const struct round *round, const struct backup_config *backup);

/* With wait_ms: how it stands with the backup's mail, and how long it is waited for (0: no longer); NULL: it had no good
 * answer, or has none yet. */
const struct arrival_account *round_arrival(const struct round *round,
                                            const struct backup_config *backup, int64_t *left_ms);

/* A round as it is reported. All borrowed. */
struct round_facts {
    const struct result *const *results; /* in the order of the configuration */
    size_t count;
    const struct arrival_means *means; /* by what mail is seen; NULL: without wait_ms */
    bool dry_run;
    int64_t started_wall_ms, elapsed_ms; /* once it has run, as what follows */
    int exit_status;                     /* the worst of all results known, and of all mail */
    /* For each result what became of its mail, or NULL; NULL: without wait_ms. */
    const struct arrival_account *const *arrivals;
};

const struct round_facts *round_facts(const struct round *round);

#endif
