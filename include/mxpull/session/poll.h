#ifndef MXPULL_SESSION_POLL_H
#define MXPULL_SESSION_POLL_H

#include <mxpull/net/connection.h>
#include <mxpull/net/loop.h>
#include <mxpull/platform/lock.h>
#include <mxpull/session/preflight.h>
#include <mxpull/session/result.h>
#include <mxpull/session/selection.h>
#include <mxpull/smtp/guard.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a backup's session is doing, for a live display. */
enum session_state {
    SESSION_WAITING, /* for its turn (concurrency), for the primary, or for a retry */
    SESSION_PRIMARY, /* ATRN, TURN: for the primary's greeting */
    SESSION_CONNECTING,
    SESSION_ASKING,
    SESSION_RECEIVING, /* in a reversed session */
    SESSION_QUITTING,
    SESSION_DONE,
};

/* Who watches polls. Each may be NULL. No call may free a poll. */
struct poll_observer {
    /* A result has become known (or, asked again, known anew). */
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

struct recorder;

/* What the polls of a run share. All borrowed for the life of the polls. */
struct polling {
    const struct config *config;
    struct loop *loop;
    struct lock_set *claims; /* what is being asked by any process; NULL: nobody else is there */
    bool (*stop)(void);      /* whether the run was asked to end */
    bool dry_run;
    bool force; /* ask although the primary is not ready */
    struct poll_observer observer;
    void *context; /* the observer's */

    /* The primary has answered for a message that came in by ATRN or TURN: recorder_message. May be
     * NULL. */
    void (*delivered)(struct recorder *recorder, const struct backup_config *backup,
                      const struct guard_message *message);
    struct recorder *recorder;
};

/* One backup asked once for its chosen domains: the claim to it, its password, its session, its
 * results. */
struct poll;

/* NULL when none of the backup's domains is chosen. */
struct poll *poll_new(const struct polling *polling, const struct backup_config *backup,
                      const struct selection *choice);

/* Breaks off what is under way, telling nobody. NULL is allowed. */
void poll_free(struct poll *poll);

/* What earlier polls have left of a domain: when the backup was last asked for it and last began to
 * queue (wall clock, 0: never), and whether the backup has shown that it knows ETRN. To be called before
 * poll_clear; a domain that is not asked for is passed over. */
void poll_remember(struct poll *poll, const char *domain, int64_t asked_ms, int64_t started_ms,
                   bool understood);

/* Decides what is asked for: every domain that has no good answer yet, but for those that the
 * preflight (NULL: there was none) speaks against. They are held, and so is the whole of an ATRN if
 * one of its domains is. */
void poll_clear(struct poll *poll, const struct preflight *preflight);

/* Begins what was cleared: with its password_command, where there is one. May be over before it
 * returns. */
void poll_begin(struct poll *poll);

/* Has ended called whenever the poll is over, also from within poll_begin and poll_stop; the poll may
 * not be freed there. NULL: no longer. context is borrowed. */
void poll_watch(struct poll *poll, void (*ended)(void *context), void *context);

/* Whether a begun poll is over: every result is known. */
bool poll_is_over(const struct poll *poll);

/* In SESSION_CONNECTING: how far it has come. */
enum stage poll_stage(const struct poll *poll);

/* After it is over: frees what only a running poll needs. Not from within one of its events. */
void poll_conclude(struct poll *poll);

/* After it is over: whether asking again after a while may help; with or without what was held. */
bool poll_wants_again(const struct poll *poll);
bool poll_failed_for_now(const struct poll *poll);

/* How many of its results were held by poll_clear; all: the backup was not asked at all. */
size_t poll_held_count(const struct poll *poll);

/* Others wait for the place that its reversed session has. */
void poll_hurry(struct poll *poll);

/* Ends it soon: QUIT is said where a session stands, what is unanswered becomes interrupted. */
void poll_stop(struct poll *poll);

/* Gives every result that is not known this outcome. */
void poll_settle(struct poll *poll, enum outcome outcome, const char *text);

/* Whether it begins with a command, or is beginning so at this moment. */
bool poll_needs_command(const struct poll *poll);
bool poll_is_fetching(const struct poll *poll);

/* Whether it takes a connection to the primary: ATRN and TURN. */
bool poll_turns(const struct poll *poll);

const struct backup_config *poll_backup(const struct poll *poll);

/* Why it is asked: "pull", unless set otherwise; "schedule", "retry", "recovery", "now". The text is
 * a constant. */
const char *poll_cause(const struct poll *poll);
void poll_set_cause(struct poll *poll, const char *cause);

/* When it was cleared last, wall clock. */
int64_t poll_began_ms(const struct poll *poll);

/* In the order of the configuration; owned by the poll. */
size_t poll_result_count(const struct poll *poll);
const struct result *poll_result(const struct poll *poll, size_t index);

/* The worst exit status of all results known. */
int poll_exit_status(const struct poll *poll);

/* Adds the domains of its results to list. */
void poll_add_domains(const struct poll *poll, struct domain_list *list);

#endif
