/* Which item of a list is asked next, so that one which makes a server hang up, stall or refuse keeps no
 * other from being asked.
 *
 * A connection is cut for the item that was asked last, or for a limit of the server. An item that was
 * the first of its connection has only itself to blame, and is blamed twice as much as one in the
 * middle of a list. Items are asked in the order of their blame; with enough of it they have had their
 * attempts: at most two as the first of a connection, three in all. One with blame is asked only where
 * the connection has brought fewer answers than any that was cut in the middle, so that a limit of the
 * server does not hit it again.
 *
 * Nothing loops: two connections in a row without an answer that stays end the attempts. */
#include "attempts.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BLAME_MIDDLE = 1,
    BLAME_FIRST = 2,
    BLAME_ENOUGH = 3,
    FRUITLESS_MAX = 2, /* connections in a row */
    PLACE_SIZE = ATTEMPTS_TEXT_SIZE / 2 - 32
};

/* Items, first in, first out; each item is in it at most once. */
struct queue {
    size_t *items;
    size_t first, count;
};

struct attempts {
    size_t size;
    unsigned *blame;                    /* of each item */
    struct queue waiting[BLAME_ENOUGH]; /* by their blame */
    size_t current;                     /* the item that was asked last */
    size_t asked_here, answered_here;   /* on this connection */
    size_t limit;     /* the fewest answers behind which a connection was cut in the middle */
    size_t fruitless; /* connections in a row */
    char places[FRUITLESS_MAX][PLACE_SIZE]; /* where these ended */
    char why[ATTEMPTS_TEXT_SIZE];
};

struct attempts *attempts_new(size_t size)
{
    struct attempts *attempts = memory_new(1, sizeof *attempts);

    attempts->size = size;
    attempts->limit = SIZE_MAX;
    attempts->blame = memory_new(size, sizeof *attempts->blame);
    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        attempts->waiting[i].items = memory_new(size, sizeof(size_t));
    return attempts;
}

void attempts_free(struct attempts *attempts)
{
    if (attempts == NULL)
        return;
    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        free(attempts->waiting[i].items);
    free(attempts->blame);
    free(attempts);
}

static void put(struct attempts *attempts, unsigned blame, size_t item)
{
    struct queue *queue = &attempts->waiting[blame];

    assert(queue->count < attempts->size);
    queue->items[(queue->first + queue->count) % attempts->size] = item;
    queue->count++;
}

void attempts_add(struct attempts *attempts, size_t item)
{
    put(attempts, 0, item);
}

size_t attempts_waiting(const struct attempts *attempts)
{
    size_t count = 0;

    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        count += attempts->waiting[i].count;
    return count;
}

bool attempts_take(struct attempts *attempts, size_t *item)
{
    struct queue *queue = attempts->waiting;

    if (attempts_waiting(attempts) == 0)
        return false;
    while (queue->count == 0)
        queue++;
    *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % attempts->size;
    queue->count--;
    return true;
}

/* ---- on a connection ---- */

bool attempts_may_ask(const struct attempts *attempts)
{
    return attempts_waiting(attempts) > 0 &&
           (attempts->waiting[0].count > 0 || attempts->answered_here < attempts->limit);
}

size_t attempts_ask(struct attempts *attempts)
{
    bool found = attempts_take(attempts, &attempts->current);

    assert(found);
    (void)found;
    attempts->asked_here++;
    return attempts->current;
}

size_t attempts_asked_here(const struct attempts *attempts)
{
    return attempts->asked_here;
}

size_t attempts_answered_here(const struct attempts *attempts)
{
    return attempts->answered_here;
}

void attempts_answered(struct attempts *attempts)
{
    attempts->answered_here++;
}

void attempts_withdraw(struct attempts *attempts)
{
    struct queue *queue = &attempts->waiting[attempts->blame[attempts->current]];

    assert(queue->count < attempts->size);
    queue->first = (queue->first + attempts->size - 1) % attempts->size;
    queue->items[queue->first] = attempts->current;
    queue->count++;
    attempts->asked_here--;
}

/* The connection was cut in the middle of a list. */
static void note_limit(struct attempts *attempts)
{
    if (attempts->answered_here < attempts->limit)
        attempts->limit = attempts->answered_here;
}

void attempts_take_back(struct attempts *attempts, size_t item)
{
    assert(attempts->answered_here > 1);
    attempts->answered_here--;
    note_limit(attempts);
    put(attempts, BLAME_MIDDLE, item);
}

bool attempts_cut(struct attempts *attempts, bool is_expected)
{
    size_t item = attempts->current;

    if (attempts->asked_here == 1) {
        attempts->blame[item] += BLAME_FIRST;
    } else if (!is_expected) {
        note_limit(attempts);
        attempts->blame[item] += BLAME_MIDDLE;
    }
    if (attempts->blame[item] >= BLAME_ENOUGH)
        return false;
    put(attempts, attempts->blame[item], item);
    return true;
}

bool attempts_leave(struct attempts *attempts, const char *place)
{
    if (attempts->answered_here > 0) {
        attempts->fruitless = 0;
    } else {
        assert(attempts->fruitless < FRUITLESS_MAX);
        (void)text_copy_cut(attempts->places[attempts->fruitless++], PLACE_SIZE, place);
    }
    attempts->asked_here = attempts->answered_here = 0;
    if (attempts->fruitless < FRUITLESS_MAX)
        return true;
    (void)snprintf(attempts->why, sizeof attempts->why, "one connection ended %s, the next %s",
                   attempts->places[0], attempts->places[1]);
    return false;
}

const char *attempts_why(const struct attempts *attempts)
{
    return attempts->why;
}
