#ifndef MXPULL_PULL_DAEMON_INTERNAL_H
#define MXPULL_PULL_DAEMON_INTERNAL_H

/* What the files of the daemon share. */

#include "generation.h"

#include <mxpull/pull/daemon.h>

struct daemon {
    struct daemon_options options;
    struct generation *current; /* and, behind it, the older ones that are not done yet */
    struct plan *plan;
    struct recorder *record;
    struct hooks *hooks;
    struct poll **due; /* taken from the plan, waiting for the look that is under way */
    size_t due_count;
    bool wants_reload;         /* as soon as no poll waits for a look */
    bool busy;                 /* polls are under way, or were since options.told last */
    bool has_news;             /* polls have ended since then */
    bool is_urgent;            /* an outage has begun or ended since then */
    struct instant busy_since; /* the first of them began */
    int64_t told_ms;           /* when that was, monotonic */
    int64_t turned_ms,
        due_ms; /* when the loop turned last, and when it is to turn next; monotonic */

    /* The primary (daemon_primary.c). */
    struct outage primary;
    char primary_text[ERROR_TEXT_SIZE]; /* why it is not ready, "" */
    struct preflight *look;             /* the one under way */
    bool looked;                        /* it has ended */
    int64_t next_alive_ms;              /* while it lasts: when it is next told that we watch */
    bool look_is_full;                  /* it asks for every domain of the configuration */
    bool wants_full_look;               /* the next one has to */
    size_t *held;           /* of each backup: how many of its domains were held last time */
    int64_t next_upkeep_ms; /* wall clock: when the store is pruned next */
};

/* Both clocks now. */
struct instant daemon_now(void);

/* ---- daemon_reload.c ---- */

/* The poll's place in the configuration in force; false: its backup is not there any more. */
bool daemon_find_backup(const struct daemon *daemon, const struct generation *generation,
                        const struct poll *poll, size_t *place);

/* Puts the configuration, which the daemon owns from now on, in force. */
void daemon_adopt(struct daemon *daemon, struct config *config);

/* Reads it anew where that is asked for; not while polls wait for a look: they are those of the
 * configuration in force. */
void daemon_reload(struct daemon *daemon, struct instant now);

/* ---- daemon_plan.c ---- */

/* Makes the plan of the configuration; another one for another configuration. */
void daemon_plan_new(struct daemon *daemon, struct instant now);
void daemon_plan_reload(struct daemon *daemon, struct instant now);

/* Begins with what an earlier run has left in the store. */
void daemon_plan_restore(struct daemon *daemon, struct instant now);

/* Writes down that the polls which are due were due by now: should they not come to their end, they
 * are made up for at the next start. */
void daemon_plan_write_taken(struct daemon *daemon, struct instant now);

/* Writes down what has changed, as one. Not for a backup that is being asked: what
 * daemon_plan_write_taken has written holds. */
void daemon_plan_write(struct daemon *daemon, struct instant now);

/* ---- daemon_tell.c ---- */

/* The polls that have not come to their end. */
size_t daemon_count_under_way(const struct daemon *daemon);

/* Tells how things stand: not at every poll, and not too late either, where always one is under way. */
void daemon_tell(struct daemon *daemon, struct instant now);

/* ---- daemon_primary.c ---- */

/* Begins with what an earlier run has left in the store. */
void primary_start(struct daemon *daemon, struct instant now);

/* Begins a look if one is due: at the watch's time, or because polls wait for it. */
void primary_look(struct daemon *daemon, struct instant now);

/* A look may take as long as our own mail server takes to greet: tells in the store, once a watch period,
 * that we are alive and what is waited for. Returns when it is to be called next. */
int64_t primary_watch(struct daemon *daemon, struct instant now);

/* Takes in what a look that has ended has found: outages begin and end, held domains are freed. The
 * caller deals with the polls that waited for it; the look stays until primary_look_done. Returns
 * whether an outage has just ended, and everything is asked anew. */
bool primary_take_look(struct daemon *daemon, struct instant now);
void primary_look_done(struct daemon *daemon);

/* The daemon ends, in order. */
void primary_end(struct daemon *daemon, struct instant now);

/* Whether polls must wait for a look at the primary. */
bool primary_is_asked_first(const struct daemon *daemon);

#endif
