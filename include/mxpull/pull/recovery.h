#ifndef MXPULL_PULL_RECOVERY_H
#define MXPULL_PULL_RECOVERY_H

#include <mxpull/pull/plan.h>

#include <stdbool.h>
#include <stdint.h>

/* The outages of the primary, from what is seen of it. Pure: a plain value.
 *
 *   UNKNOWN --not ready--> DOWN --ready--> UP --not ready--> DOWN
 *      |                                    ^
 *      +--------------ready-----------------+   an outage has ended if nobody watched for longer
 *                                               than two periods
 */
enum recovery_state {
    RECOVERY_UNKNOWN,
    RECOVERY_UP,
    RECOVERY_DOWN
};

enum recovery_event {
    RECOVERY_NOTHING,
    RECOVERY_OUTAGE_BEGAN,
    RECOVERY_OUTAGE_ENDED
};

struct recovery {
    enum recovery_state state;
    int64_t watch_ms;
    int64_t since_ms;     /* wall: since when the state is so; DOWN: when the outage began */
    int64_t unwatched_ms; /* wall, UNKNOWN: the last sign of life before a time of more than two
                             * periods in which nobody watched, 0: there was none */
    int64_t looked_ms;    /* wall: when the primary was last looked at, 0: never */
    int64_t next_look_ms; /* monotonic */
};

/* alive_ms: the last sign of life of an earlier run (0: none ever); outage_ms: when an outage that it
 * has left open began (0: none). The first look is due at once. */
void recovery_init(struct recovery *recovery, int64_t watch_s, int64_t alive_ms, int64_t outage_ms,
                   struct instant now);

/* Another watch period; the state stays. */
void recovery_set_watch(struct recovery *recovery, int64_t watch_s, struct instant now);

/* A look at the primary has ended; the next one is due a period later. Where an outage began or
 * ended, *began_ms is when it began, wall clock. */
enum recovery_event recovery_looked(struct recovery *recovery, bool ready, struct instant now,
                                    int64_t *began_ms);

/* The wall clock has run ahead of the monotonic one by so much (plan_tick): by more than two
 * periods, the machine has slept, and the primary with it. When it was set back, stamps are put
 * right. */
void recovery_tick(struct recovery *recovery, int64_t ahead_ms, struct instant now);

#endif
