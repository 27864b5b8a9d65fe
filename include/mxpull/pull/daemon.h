#ifndef MXPULL_PULL_DAEMON_H
#define MXPULL_PULL_DAEMON_H

#include <mxpull/plan/plan.h>
#include <mxpull/pull/round.h>

/* Keeps asking: every backup by its plan, and all of them when the primary has come back. One loop,
 * which sleeps until something is due. */
struct daemon;

/* How the daemon stands, for those who report it. All borrowed until the next turn of the loop. */
struct daemon_view {
    const struct config *config;
    const struct outage *primary;
    struct round_facts
        facts;      /* of the polls that are over; results: the last ones of all backups */
    bool has_asked; /* polls have ended since the start */
};

struct daemon_options {
    struct config *config;   /* the daemon owns it from now on, and those that reload brings */
    struct polling polling;  /* copied; without configuration and recorder */
    struct store *store;     /* borrowed; NULL: there is no memory */
    uint64_t seed;           /* of jitter */
    schedule_offset *offset; /* of local time */
    void *context;           /* of the calls that follow */

    /* Whether the daemon is to read its configuration anew, or to pull now, since the last call. Asked
     * whenever the loop wakes, as polling.stop is. */
    bool (*take_reload)(void);
    bool (*take_now)(void *context);

    /* Reads the configuration anew. NULL: it is faulty, which was told, and the old one stays. The new one
     * is in force when what is under way has ended: then ready is called. */
    struct config *(*reload)(void *context);

    /* All is set up, or set up anew by a reload. */
    void (*ready)(void *context);

    /* Polls have ended, and none is under way any more, or a minute has gone by; or an outage has begun
     * or ended. For metrics and the like. */
    void (*told)(void *context, const struct daemon_view *view);
};

struct daemon *daemon_new(const struct daemon_options *options);

/* Runs until stop() is true, then ends what is under way within two seconds. Blocks. */
void daemon_run(struct daemon *daemon);

/* NULL is allowed. */
void daemon_free(struct daemon *daemon);

#endif
