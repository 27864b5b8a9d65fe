#ifndef MXPULL_NET_TIMER_H
#define MXPULL_NET_TIMER_H

#include <mxpull/net/loop.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thing that waits for a time. Embedded in its owner, which sets the first three fields once and
 * clears the timer before it goes. */
struct timer {
    void (*due)(void *context); /* may set and clear any timer, this one included */
    void *context;              /* borrowed */
    bool on_wake;               /* due, too, when loop_wake was called */

    int64_t at_ms;  /* read only: when it is due; of use only while it is set */
    uint64_t order; /* private, as what follows: the first set of equals comes first */
    size_t place;   /* in the queue, from 1; 0: not set */
};

/* Makes the timer due at that time of the monotonic clock, instead of the time that was set before;
 * INT64_MAX: not at all, 0: in the loop's next turn. A timer that is set while others are called is
 * called in the next turn at the earliest. */
void timer_set(struct loop *loop, struct timer *timer, int64_t at_ms);

/* Whether it is set. */
bool timer_is_set(const struct timer *timer);

#endif
