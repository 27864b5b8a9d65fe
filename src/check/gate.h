#ifndef MXPULL_SRC_CHECK_GATE_H
#define MXPULL_SRC_CHECK_GATE_H

#include <stdbool.h>
#include <stddef.h>

/* Lets only so many through at the same time: of connections, a machine has no more than of file descriptors. */
struct gate {
    size_t free; /* places; set by the owner at the beginning */
    struct gate_guest *first, **last;
    bool is_opening;
};

/* Embedded in whoever wants to pass. */
struct gate_guest {
    void (*go)(void *context);
    void *context;           /* borrowed */
    struct gate_guest *next; /* private */
};

/* Calls go when there is a place: from within this call, or from within another's gate_leave. */
void gate_enter(struct gate *gate, struct gate_guest *guest);

/* Gives the place back. May be called from within go. */
void gate_leave(struct gate *gate);

#endif
