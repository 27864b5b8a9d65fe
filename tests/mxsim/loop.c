/* The event loop: a poller for the sockets and a binary heap for the timers. */
#include "loop.h"
#include "system.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>

enum {
    EVENTS_AT_ONCE = 256
};

struct loop {
    struct poller *poller;
    bool stopped;
    struct timer **heap; /* heap[1] is due first */
    size_t timers, heap_size;
    void **discarded;
    size_t discarded_count, discarded_size;
    struct living *living;
};

struct loop *loop_new(void)
{
    struct loop *loop = memory_new(1, sizeof *loop);

    loop->poller = poller_new();
    return loop;
}

static void free_discarded(struct loop *loop)
{
    while (loop->discarded_count > 0)
        free(loop->discarded[--loop->discarded_count]);
}

void loop_live(struct loop *loop, struct living *living, void (*end)(void *owner), void *owner)
{
    *living =
        (struct living){.next = loop->living, .link = &loop->living, .end = end, .owner = owner};
    if (living->next != NULL)
        living->next->link = &living->next;
    loop->living = living;
}

void loop_leave(struct living *living)
{
    if (living->link == NULL)
        return;
    *living->link = living->next;
    if (living->next != NULL)
        living->next->link = living->link;
    living->link = NULL;
}

void loop_end_living(struct loop *loop)
{
    while (loop->living != NULL)
        loop->living->end(loop->living->owner);
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    free_discarded(loop);
    free(loop->discarded);
    free(loop->heap);
    poller_free(loop->poller);
    free(loop);
}

bool loop_watch(struct loop *loop, struct watch *watch, unsigned events)
{
    if (!poller_set(loop->poller, watch->socket, watch->events, events, watch))
        return false;
    watch->events = events;
    return true;
}

void loop_discard(struct loop *loop, void *memory)
{
    if (loop->discarded_count == loop->discarded_size) {
        loop->discarded_size = loop->discarded_size * 2 + 16;
        loop->discarded = memory_resize(loop->discarded, loop->discarded_size, sizeof(void *));
    }
    loop->discarded[loop->discarded_count++] = memory;
}

static void put(struct loop *loop, struct timer *timer, size_t place)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct loop *loop, struct timer *timer, size_t place)
{
    for (; place > 1 && timer->due_us < loop->heap[place / 2]->due_us; place /= 2)
        put(loop, loop->heap[place / 2], place);
    put(loop, timer, place);
}

static void sift_down(struct loop *loop, struct timer *timer, size_t place)
{
    for (size_t child = place * 2; child <= loop->timers; child = place * 2) {
        if (child < loop->timers && loop->heap[child + 1]->due_us < loop->heap[child]->due_us)
            child++;
        if (timer->due_us <= loop->heap[child]->due_us)
            break;
        put(loop, loop->heap[child], place);
        place = child;
    }
    put(loop, timer, place);
}

void loop_cancel(struct loop *loop, struct timer *timer)
{
    size_t place = timer->place;

    if (place == 0)
        return;
    timer->place = 0;
    struct timer *last = loop->heap[loop->timers--];
    if (last == timer)
        return;
    if (place > 1 && last->due_us < loop->heap[place / 2]->due_us)
        sift_up(loop, last, place);
    else
        sift_down(loop, last, place);
}

void loop_start(struct loop *loop, struct timer *timer, int64_t in_us)
{
    loop_cancel(loop, timer);
    timer->due_us = system_now_us() + in_us;
    if (loop->timers + 2 > loop->heap_size) {
        loop->heap_size = loop->heap_size * 2 + 64;
        loop->heap = memory_resize(loop->heap, loop->heap_size, sizeof *loop->heap);
    }
    sift_up(loop, timer, ++loop->timers);
}

/* Only timers that are due now: those which a callback starts wait for the next turn, so that
 * sockets are not starved. */
static void fire_due(struct loop *loop)
{
    int64_t now = system_now_us();

    while (!loop->stopped && loop->timers > 0 && loop->heap[1]->due_us <= now) {
        struct timer *timer = loop->heap[1];
        loop_cancel(loop, timer);
        timer->fired(timer->owner);
    }
}

static int next_timeout_ms(const struct loop *loop)
{
    if (loop->timers == 0)
        return -1;
    int64_t left_us = loop->heap[1]->due_us - system_now_us();
    if (left_us <= 0)
        return 0;
    return left_us > 3600000000 ? 3600000 : (int)((left_us + 999) / 1000);
}

void loop_run(struct loop *loop)
{
    struct poller_event events[EVENTS_AT_ONCE];

    while (!loop->stopped) {
        size_t count = poller_wait(loop->poller, next_timeout_ms(loop), events, EVENTS_AT_ONCE);
        for (size_t i = 0; i < count && !loop->stopped; i++) {
            struct watch *watch = events[i].tag;
            if (watch->events != 0)
                watch->ready(watch->owner, events[i].events);
        }
        fire_due(loop);
        free_discarded(loop);
    }
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
