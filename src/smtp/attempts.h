#ifndef MXPULL_SMTP_ATTEMPTS_H
#define MXPULL_SMTP_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    ATTEMPTS_TEXT_SIZE = 1000,
    BLAME_ENOUGH = 3
};

/* The order in which the items of a list are asked, on as many connections as it takes. Items are numbers. Callers only
 * read the members. */
struct attempts {
    size_t size, waiting;             /* items: all, and those still to be asked */
    size_t current;                   /* the item that was asked last */
    size_t asked_here, answered_here; /* on this connection; answers that stay */
    struct attempts_queue {
        size_t *items; /* a ring */
        size_t first, count;
    } queues[BLAME_ENOUGH]; /* what waits, by its blame */
    unsigned *blame;        /* of each item */
    size_t limit;           /* the fewest answers behind which a connection was cut in the middle */
    size_t fruitless;       /* connections in a row */
    char why[ATTEMPTS_TEXT_SIZE]; /* where these ended */
};

/* Items 0 to size - 1 wait. */
void attempts_init(struct attempts *attempts, size_t size);
void attempts_done(struct attempts *attempts);

/* Takes the item that is asked next, whatever attempts_may_ask says. False: none waits. */
bool attempts_take(struct attempts *attempts, size_t *item);

/* Whether the next item may be asked on this connection. It always may on one without an answer. */
bool attempts_may_ask(const struct attempts *attempts);

/* Asks the next item. */
size_t attempts_ask(struct attempts *attempts);

/* The item that was asked last was answered; or was not asked after all, and is the next one again. */
void attempts_answered(struct attempts *attempts);
void attempts_withdraw(struct attempts *attempts);

/* The answer to this item on this connection does not stay: it may have been about a limit of the server. */
void attempts_take_back(struct attempts *attempts, size_t item);

/* The connection was cut while the item that was asked last waited for its answer. Returns true when that item is to be
 * asked again, false when it has had its attempts. is_expected: the answer before announced the cut, so that only a first
 * item is blamed. */
bool attempts_cut(struct attempts *attempts, bool is_expected);

/* The connection is over. name is that of the item asked last; reason, its first line, says why, in case that the
 * connection has brought nothing. Returns NULL, or why the attempts end, borrowed: "one connection ended at
 * a.example (closed), the next at b.example (421 busy)". */
const char *attempts_leave(struct attempts *attempts, const char *name, const char *reason);

#endif
