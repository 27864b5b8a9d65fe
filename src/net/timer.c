/* All timers of a loop: a binary heap, in which no timer is due later than the two below it. */
#include "internal.h"

#include <mxpull/base/memory.h>

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void put(struct timer_queue *queue, size_t place, struct timer *timer)
{
    queue->heap[place - 1] = timer;
    timer->place = place;
}

static struct timer *at(const struct timer_queue *queue, size_t place)
{
    return queue->heap[place - 1];
}

/* Brings a timer from a free place to one that suits its time. */
static void settle(struct timer_queue *queue, size_t place, struct timer *timer)
{
    for (; place > 1 && is_before(timer, at(queue, place / 2)); place /= 2)
        put(queue, place, at(queue, place / 2));
    for (size_t below = 2 * place; below <= queue->count; below = 2 * place) {
        if (below < queue->count && is_before(at(queue, below + 1), at(queue, below)))
            below++;
        if (is_before(timer, at(queue, below)))
            break;
        put(queue, place, at(queue, below));
        place = below;
    }
    put(queue, place, timer);
}

static void take_out(struct timer_queue *queue, struct timer *timer)
{
    struct timer *last = at(queue, queue->count);
    size_t place = timer->place;

    timer->place = 0;
    queue->count--;
    if (last != timer)
        settle(queue, place, last);
}

void timer_set(struct loop *loop, struct timer *timer, int64_t at_ms)
{
    struct timer_queue *queue = &loop->timers;
    size_t place = timer->place;

    if (at_ms == INT64_MAX) {
        if (place > 0)
            take_out(queue, timer);
        return;
    }
    timer->at_ms = at_ms > queue->now_ms ? at_ms : queue->now_ms;
    timer->order = queue->order++;
    if (place == 0) {
        queue->heap = memory_more(queue->heap, queue->count, sizeof(struct timer *));
        place = ++queue->count;
    }
    settle(queue, place, timer);
}

bool timer_is_set(const struct timer *timer)
{
    return timer->place > 0;
}

int64_t timers_next_ms(const struct loop *loop)
{
    return loop->timers.count > 0 ? loop->timers.heap[0]->at_ms : INT64_MAX;
}

void timers_run(struct loop *loop, int64_t now_ms)
{
    struct timer_queue *queue = &loop->timers;
    uint64_t end = queue->order;

    queue->now_ms = now_ms;
    while (timers_next_ms(loop) <= now_ms && queue->heap[0]->order < end) {
        struct timer *timer = queue->heap[0];

        take_out(queue, timer);
        timer->due(timer->context);
    }
}

/* Making a timer due moves only timers that this loop has passed already. */
void timers_wake(struct loop *loop)
{
    for (size_t i = 0; i < loop->timers.count; i++) {
        struct timer *timer = loop->timers.heap[i];

        if (timer->on_wake && timer->at_ms > loop->timers.now_ms)
            timer_set(loop, timer, 0);
    }
}
