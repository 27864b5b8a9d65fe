#ifndef MXPULL_PULL_DAEMON_H
#define MXPULL_PULL_DAEMON_H

#include <mxpull/plan/plan.h>
#include <mxpull/pull/round.h>

/* Asks every backup by its plan, and all of them when the primary has come back. One loop, which
 * sleeps until something is due. */
struct daemon;

/* The daemon's state for reports. All borrowed until the next turn of the loop. */
struct daemon_view {
    const struct config *config;
    const struct outage *primary;
    struct round_facts
        facts;      /* the times of the last polls; results: the last ones of all backups */
    bool has_asked; /* polls have ended since the start */
};

struct daemon_options {
    struct config *config;   /* the daemon owns it from now on, and those that reload brings */
    struct polling polling;  /* copied; without configuration and recorder */
    struct store *store;     /* borrowed; NULL: there is no memory */
    uint64_t seed;           /* of jitter */
    schedule_offset *offset; /* of local time */
    void *context;           /* of the calls that follow */

    /* Whether a reload, or a pull of everything, was requested since the last call. Called whenever
     * the loop wakes. */
    bool (*take_reload)(void);
    bool (*take_now)(void *context);

    /* Reads the configuration anew. NULL: it is faulty, which was logged, and the old one stays. The
     * new one is in force when the polls under way have ended; ready is called then. */
    struct config *(*reload)(void *context);

    /* Called when all is set up, at the start and after a reload. */
    void (*ready)(void *context);

    /* The mail of a backup is no longer watched: what became of it. */
    void (*arrived)(void *context, const struct backup_config *backup,
                    const struct arrival_account *account);

    /* Called when polls have ended and none is under way, or a minute has passed; and when an outage
     * begins or ends. */
    void (*told)(void *context, const struct daemon_view *view);
};

struct daemon *daemon_new(const struct daemon_options *options);

/* Runs until stop() is true, then ends what is under way within two seconds. Blocks. */
void daemon_run(struct daemon *daemon);

/* NULL is allowed. */
void daemon_free(struct daemon *daemon);

#endif
