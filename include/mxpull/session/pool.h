#ifndef MXPULL_SESSION_POOL_H
#define MXPULL_SESSION_POOL_H

#include <mxpull/net/timer.h>
#include <mxpull/session/poll.h>

/* The polls that are under way at the same time: at most `concurrency`, and of those that hand mail
 * over at most relay_connections. The others wait, and begin in a turn of the loop as soon as there is
 * room; a loop_turn in which polls have come to their end returns. */
struct pool {
    const struct polling *polling; /* borrowed */
    struct poll **polls;           /* in the order in which they came; they are borrowed */
    size_t count;
    size_t at_once;     /* private, as what follows: how many may run at the same time */
    struct timer timer; /* set when there may be something to begin */
};

enum {
    POOL_COMMANDS_AT_ONCE = 8 /* that bring passwords */
};

/* How many of most sessions may run at the same time: by `concurrency`, and by what the system allows, which is
 * raised; where that is less, it is logged. */
size_t pool_sessions_at_once(const struct config *config, size_t most);

/* polling is borrowed for the pool's life; most: how many polls there may be in it. Never NULL. */
struct pool *pool_new(const struct polling *polling, size_t most);

/* Frees the pool; the polls still in it may only be freed, before or after. NULL is allowed. */
void pool_free(struct pool *pool);

/* The poll, which was cleared, waits from now on. Borrowed until pool_take. */
void pool_add(struct pool *pool, struct poll *poll);

/* Takes a poll that is over out of the pool, which makes room for another one; NULL when there is
 * none. */
struct poll *pool_take(struct pool *pool);

/* Ends all soon; those that have not begun are interrupted. */
void pool_stop(struct pool *pool);

#endif
