#ifndef MXPULL_SESSION_POLL_H
#define MXPULL_SESSION_POLL_H

#include <mxpull/net/connection.h>
#include <mxpull/platform/lock.h>
#include <mxpull/session/preflight.h>
#include <mxpull/session/reach.h>
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

    /* The primary has answered for a message that came in by ATRN or TURN, or has refused one or a recipient of it. */
    void (*received)(void *context, const struct guard_message *message);
    void (*refused)(void *context, const struct guard_refusal *refusal);

    /* Called by pull after every turn of the loop, before polls that are over are freed. */
    void (*turned)(void *context);
};

struct recorder;
struct poll;

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
    void (*delivered)(struct recorder *recorder, const struct poll *poll,
                      const struct guard_message *message);
    struct recorder *recorder;
};

/* One backup asked once for its chosen domains: the claim to it, its password, its session, its
 * results. */
struct poll {
    const struct polling *polling; /* borrowed, as the configuration */
    const struct backup_config *backup;
    struct result *results; /* owned, in the order of the configuration */
    size_t count;
    size_t held_count; /* results that poll_clear has held; all: the backup was not asked at all */
    const char
        *cause; /* why it is asked, a constant: "pull", "wait", or as plan_cause_name has it */
    int64_t began_ms;             /* when it was cleared last, wall clock */
    uint64_t messages;            /* that came by ATRN or TURN in all its tries, each once */
    int64_t bytes;                /* the same */
    struct result_sums before;    /* of these, what the tries before the last one have brought */
    bool begun;                   /* since then, by poll_begin */
    bool over;                    /* a begun poll: every result is known */
    void (*ended)(void *context); /* called when the poll is over, also from within poll_begin and
                                     poll_stop, and may not free it; NULL: nobody waits for it */
    void *context;                /* borrowed */

    struct result **wanted; /* private, as what follows: what is asked for this time */
    size_t wanted_count;
    size_t remembered;               /* the result that poll_remember looks at first */
    struct session *session;         /* while it runs */
    char *password;                  /* secret */
    struct reach_password *fetching; /* the password_command, while it runs */
    bool understood;                 /* ETRN, by the backup, at any time before */
    bool claimed;
};

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

/* In SESSION_CONNECTING: how far it has come. */
enum stage poll_stage(const struct poll *poll);

/* After it is over: frees what only a running poll needs. Not from within one of its events. */
void poll_conclude(struct poll *poll);

/* After it is over: whether asking again after a while may help; with or without what was held. */
bool poll_wants_again(const struct poll *poll);
bool poll_failed_for_now(const struct poll *poll);

/* Others wait for the place that its reversed session has. */
void poll_hurry(struct poll *poll);

/* Ends it soon: QUIT is said where a session stands, what is unanswered becomes interrupted. */
void poll_stop(struct poll *poll);

/* Gives every result that is not known this outcome. */
void poll_settle(struct poll *poll, enum outcome outcome, const char *text);

/* Whether it begins with a command. */
bool poll_needs_command(const struct poll *poll);

/* Whether it takes a connection to the primary: ATRN and TURN. */
bool poll_turns(const struct poll *poll);

/* The command of a method. */
enum verb method_verb(enum method method);

/* Adds the domains of its results to list. */
void poll_add_domains(const struct poll *poll, struct domain_list *list);

#endif
