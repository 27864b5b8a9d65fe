#ifndef MXPULL_PLAN_OUTAGE_H
#define MXPULL_PLAN_OUTAGE_H

#include <mxpull/plan/plan.h>

#include <stdbool.h>
#include <stdint.h>

/* The outages of the primary, from what is seen of it. Pure: a plain value.
 *
 *   UNKNOWN --not ready--> DOWN --ready--> UP --not ready--> DOWN
 *      |                                    ^
 *      +--------------ready-----------------+   an outage has ended if nobody watched for longer
 *                                               than a period, or two after a run that was cut off
 */
enum outage_state {
    OUTAGE_UNKNOWN,
    OUTAGE_UP,
    OUTAGE_DOWN
};

enum outage_event {
    OUTAGE_NOTHING,
    OUTAGE_BEGAN,
    OUTAGE_ENDED
};

struct outage {
    enum outage_state state;
    int64_t watch_ms;
    int64_t since_ms; /* wall: since when the state is so; DOWN: when the outage began */
    int64_t
        unwatched_ms;  /* wall, UNKNOWN: the last sign of life before a time in which nobody watched
                             * for too long, 0: there was none */
    int64_t looked_ms; /* wall: when the primary was last looked at, 0: never */
    int64_t next_look_ms; /* monotonic */
    int64_t ticked_ms;    /* the same: of the last outage_tick */
};

/* What an earlier run has left; wall clock, 0: nothing. */
struct outage_past {
    int64_t alive_ms;  /* its last sign of life */
    bool has_ended;    /* that is its end; else it may have watched for another period */
    int64_t outage_ms; /* when an outage began that it has left open */
};

/* The first look is due at once. */
void outage_init(struct outage *outage, int64_t watch_s, const struct outage_past *past,
                 struct instant now);

/* A look at the primary has ended; the next one is due a period later. Where an outage began or
 * ended, *began_ms is when it began, wall clock. */
enum outage_event outage_looked(struct outage *outage, bool ready, struct instant now,
                                int64_t *began_ms);

/* Time has passed: the wall clock has run ahead of the monotonic one by ahead_ms (plan_tick), for the
 * machine has slept, and the primary with it; and a loop was to turn again at due_ms, monotonic. Returns for
 * how long our process was stopped: the time since the last call where that is later than a busy machine
 * makes it, else 0. Where all that is more than a period, nobody watched, and the next look is due at once.
 * When the clock was set back, stamps are put right. */
int64_t outage_tick(struct outage *outage, int64_t ahead_ms, int64_t due_ms, struct instant now);

#endif
