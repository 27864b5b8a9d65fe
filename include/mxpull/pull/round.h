#ifndef MXPULL_PULL_ROUND_H
#define MXPULL_PULL_ROUND_H

#include <mxpull/net/loop.h>
#include <mxpull/pull/result.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a backup's session is doing, for a live display. */
enum session_state {
    SESSION_WAITING, /* for its turn (concurrency) or for a retry */
    SESSION_CONNECTING,
    SESSION_ASKING,
    SESSION_RECEIVING, /* in a reversed session */
    SESSION_QUITTING,
    SESSION_DONE,
};

/* Who watches a round. All borrowed for the round's life; each may be NULL. No call may free the
 * round. */
struct round_observer {
    /* A result has become known (or, with --retry, known anew). */
    void (*answered)(void *context, const struct result *result);

    /* The session of backup has changed its state; domain is what it asks for in SESSION_ASKING,
     * else NULL. */
    void (*moved)(void *context, const struct backup_config *backup, enum session_state state,
                  const char *domain);

    /* A line of the wire; connection_events says what it holds. NULL costs nothing. */
    void (*wire)(void *context, const struct backup_config *backup, char direction,
                 const char *line, size_t size);

    /* So many more messages and bytes have come in from backup by ATRN or TURN. */
    void (*progressed)(void *context, const struct backup_config *backup, uint64_t messages,
                       int64_t bytes);
};

struct round_options {
    const struct config *config; /* borrowed for the round's life */
    const char *const
        *names; /* backups and domains to ask; none: all. Borrowed for round_new alone */
    size_t name_count;
    bool dry_run;
    bool retry; /* what failed for a while is asked again after the times of `retry` */
    struct round_observer observer;
    void *context;
};

/* All chosen backups, asked at once, each its chosen domains. */
struct round;

/* Chooses what is asked. NULL with STATUS_SYNTAX in *error when a name is neither a backup nor a
 * domain of one: nothing is asked then. */
struct round *round_new(const struct round_options *options, struct error *error);
void round_free(struct round *round);

/* Asks, and returns when every result is known. stop() is looked at whenever the loop wakes: once
 * it is true, QUIT is said where a session stands, what is unanswered becomes interrupted, and the
 * round ends within a second. Blocks. */
void round_run(struct round *round, struct loop *loop, bool (*stop)(void));

/* The results, in the order of the configuration. */
size_t round_result_count(const struct round *round);
const struct result *round_result(const struct round *round, size_t index);

/* The worst exit status of all results known. */
int round_exit_status(const struct round *round);

#endif
