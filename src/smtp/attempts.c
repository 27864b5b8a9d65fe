/* Chooses the item of a list that is asked next, so that an item at which a server hangs up, stalls or refuses keeps no
 * other from being asked.
 *
 * A server cuts a connection for the item that was asked last, or for a limit of its own. A cut at the first item
 * of a connection is plainly about that item, which is blamed twice as much as one in the middle of a list. Items
 * are asked in the order of their blame. With BLAME_ENOUGH an item is not asked again: that is at most twice as the first of
 * a connection, three times in all. An item with blame is asked only while the connection has brought fewer answers than
 * each one that was cut in the middle, so that the server's limit does not hit the same item again.
 *
 * The attempts end after two connections in a row without an answer that stays. */
#include "attempts.h"

#include <mxpull/base/memory.h>
#include <mxpull/base/text.h>

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLAME_MIDDLE = 1,
    BLAME_FIRST = 2,
    FRUITLESS_MAX = 2 /* connections in a row */
};

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void put(struct attempts *attempts, unsigned blame, size_t item)
{
    struct attempts_queue *queue = &attempts->queues[blame];

    queue->items[(queue->first + queue->count++) % attempts->size] = item;
    attempts->waiting++;
}

void attempts_init(struct attempts *attempts, size_t size)
{
    *attempts = (struct attempts){
        .size = size, .limit = SIZE_MAX, .blame = memory_new(size, sizeof *attempts->blame)};
    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        attempts->queues[i].items = memory_new(size, sizeof(size_t));
    for (size_t i = 0; i < size; i++)
        put(attempts, 0, i);
}

void attempts_done(struct attempts *attempts)
{
    for (size_t i = 0; i < BLAME_ENOUGH; i++)
        free(attempts->queues[i].items);
    free(attempts->blame);
}

bool attempts_take(struct attempts *attempts, size_t *item)
{
    struct attempts_queue *queue = attempts->queues;

    if (attempts->waiting == 0)
        return false;
    while (queue->count == 0)
        queue++;
    *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % attempts->size;
    queue->count--;
    attempts->waiting--;
    return true;
}

/* ---- on a connection ---- */

bool attempts_may_ask(const struct attempts *attempts)
{
    return attempts->waiting > 0 &&
           (attempts->queues[0].count > 0 || attempts->answered_here < attempts->limit);
}

size_t attempts_ask(struct attempts *attempts)
{
    bool found = attempts_take(attempts, &attempts->current);

    assert(found);
    (void)found;
    attempts->asked_here++;
    return attempts->current;
}

void attempts_answered(struct attempts *attempts)
{
    attempts->answered_here++;
}

void attempts_withdraw(struct attempts *attempts)
{
    struct attempts_queue *queue = &attempts->queues[attempts->blame[attempts->current]];

    queue->first = (queue->first + attempts->size - 1) % attempts->size;
    queue->items[queue->first] = attempts->current;
    queue->count++;
    attempts->waiting++;
    attempts->asked_here--;
}

void attempts_take_back(struct attempts *attempts, size_t item)
{
    assert(attempts->answered_here > 1);
    attempts->limit = lesser(attempts->limit, --attempts->answered_here);
    put(attempts, BLAME_MIDDLE, item);
}

bool attempts_cut(struct attempts *attempts, bool is_expected)
{
    size_t item = attempts->current;

    if (attempts->asked_here == 1) {
        attempts->blame[item] += BLAME_FIRST;
    } else if (!is_expected) {
        attempts->limit = lesser(attempts->limit, attempts->answered_here);
        attempts->blame[item] += BLAME_MIDDLE;
    }
    if (attempts->blame[item] >= BLAME_ENOUGH)
        return false;
    put(attempts, attempts->blame[item], item);
    return true;
}

const char *attempts_leave(struct attempts *attempts, const char *name, const char *reason)
{
    char place[ATTEMPTS_TEXT_SIZE], cut[ATTEMPTS_TEXT_SIZE / 2 - 32];
    size_t used = attempts->fruitless > 0 ? strlen(attempts->why) : 0;

    (void)snprintf(place, sizeof place, "at %s (%.*s)",
                   attempts->asked_here > 0 ? name : "its start", (int)strcspn(reason, "\n"),
                   reason);
    (void)snprintf(attempts->why + used, sizeof attempts->why - used, "%s %s",
                   used == 0 ? "one connection ended" : ", the next",
                   text_copy_cut(cut, sizeof cut, place));
    attempts->fruitless = attempts->answered_here > 0 ? 0 : attempts->fruitless + 1;
    attempts->asked_here = attempts->answered_here = 0;
    return attempts->fruitless < FRUITLESS_MAX ? NULL : attempts->why;
}
