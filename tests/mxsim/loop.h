#ifndef MXSIM_LOOP_H
#define MXSIM_LOOP_H

#include "socket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One thread waits for all sockets and timers and calls what belongs to them. */
struct loop;

/* A socket that is watched. Lives in the owner's storage; the socket is not closed by the loop. */
struct watch {
    intptr_t socket;
    unsigned events; /* POLLER_READ, POLLER_WRITE that are waited for; 0: none */
    void (*ready)(void *owner, unsigned events);
    void *owner;
};

/* A time at which something is called once. Lives in the owner's storage. */
struct timer {
    int64_t due_us;
    size_t place; /* in the heap, from 1; 0: not running */
    void (*fired)(void *owner);
    void *owner;
};

/* Something that frees itself when all comes to an end; in the storage of what it is about. */
struct living {
    struct living *next, **link;
    void (*end)(void *owner);
    void *owner;
};

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Ends all that lives; before what it belongs to is freed. */
void loop_end_living(struct loop *loop);

/* Puts something on the list of the living, or takes it off. */
void loop_live(struct loop *loop, struct living *living, void (*end)(void *owner), void *owner);
void loop_leave(struct living *living);

/* Calls back until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Changes what is waited for; false where it cannot be waited for. */
bool loop_watch(struct loop *loop, struct watch *watch, unsigned events);

/* Starts or restarts a timer; loop_cancel for one that is not running does nothing. */
void loop_start(struct loop *loop, struct timer *timer, int64_t in_us);
void loop_cancel(struct loop *loop, struct timer *timer);

/* Frees memory when all callbacks of this turn have returned: how an object with a watch or a timer
 * ends. Its watch must have been set to 0 and its timers cancelled; no callback reaches it any
 * more. */
void loop_discard(struct loop *loop, void *memory);

#endif
