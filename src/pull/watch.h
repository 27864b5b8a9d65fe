#ifndef MXPULL_SRC_PULL_WATCH_H
#define MXPULL_SRC_PULL_WATCH_H

#include "agenda.h"
#include <mxpull/plan/outage.h>

/* The daemon's eye on the primary, which stays open over a reload. */
struct watch {
    struct agenda *agenda; /* borrowed: the one in force */
    struct outage outage;
    char text[ERROR_TEXT_SIZE]; /* why the primary is not ready, "" */
    int64_t recovered_ms;       /* wall clock: when the last outage ended; 0: not known */
    bool wants_full;            /* the next look has to ask for every domain */
    bool has_news;              /* an outage has begun or ended since that was reset */
    int64_t next_alive_ms;      /* while a look lasts: when it is next told that we watch */
    int64_t next_upkeep_ms;     /* wall clock: when the store is pruned next */
};

/* Begins with what an earlier run has left in the store. */
void watch_start(struct watch *watch, struct agenda *agenda, struct instant now);

/* Goes on with another configuration: what is known stays. */
void watch_resume(struct watch *watch, struct agenda *agenda, struct instant now);

/* Takes in what a look that has ended has found: outages begin and end, what is due and what was held is
 * asked. */
void watch_take_look(struct watch *watch, struct instant now);

/* Begins a look if one is due: at the watch's time, or because polls wait for it. */
void watch_look(struct watch *watch, struct instant now);

/* When one of these is to be called next, on the monotonic clock. A look may take as long as the
 * primary takes to greet: meanwhile the store is told, once a watch period, that we are alive and what is
 * waited for. */
int64_t watch_next_ms(struct watch *watch, struct instant now);

#endif
