#ifndef MXPULL_SESSION_POOL_H
#define MXPULL_SESSION_POOL_H

#include <mxpull/session/poll.h>

/* The polls that are under way at the same time: at most `concurrency`, and of those that hand mail
 * over at most relay_connections. The others wait. */
struct pool;

/* polling is borrowed for the pool's life; most: how many polls there may be in it. Never NULL. */
struct pool *pool_new(const struct polling *polling, size_t most);

/* Frees the pool and not the polls in it. NULL is allowed. */
void pool_free(struct pool *pool);

/* The poll, which was cleared, waits from now on. Borrowed until pool_take. */
void pool_add(struct pool *pool, struct poll *poll);

/* Does what can be done now. Returns when to call it again at the latest, on the monotonic clock;
 * INT64_MAX: after the next turn of the loop. */
int64_t pool_advance(struct pool *pool);

/* Takes a poll that is over out of the pool; NULL when there is none. */
struct poll *pool_take(struct pool *pool);

/* Takes any poll out of the pool, over or not; NULL when it is empty. */
struct poll *pool_drop(struct pool *pool);

/* How many are in it, and which. */
size_t pool_count(const struct pool *pool);
const struct poll *pool_get(const struct pool *pool, size_t index);

/* Ends all soon; those that have not begun are interrupted. */
void pool_stop(struct pool *pool);

#endif
