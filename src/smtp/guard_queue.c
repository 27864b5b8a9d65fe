/* The commands that wait for a reply, first in, first out. Bounded in number and in octets: the
 * paths serve the log alone, so where too many octets wait, they are not kept. */
#include "guard_queue.h"

#include <mxpull/base/memory.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void guard_queue_init(struct guard_queue *queue)
{
    *queue = (struct guard_queue){.entries = memory_new(GUARD_QUEUE_SIZE, sizeof *queue->entries)};
}

void guard_queue_done(struct guard_queue *queue)
{
    while (queue->count > 0)
        guard_queue_drop(queue);
    free(queue->entries);
}

void guard_queue_put(struct guard_queue *queue, enum guard_verb verb, const char *answer,
                     struct guard_part path)
{
    assert(queue->count < GUARD_QUEUE_SIZE);
    struct guard_pending *entry = &queue->entries[(queue->first + queue->count) % GUARD_QUEUE_SIZE];

    *entry = (struct guard_pending){.verb = verb, .answer = answer};
    if (path.text != NULL && path.size <= GUARD_QUEUE_PATHS_MAX - queue->paths_size) {
        entry->path = memory_copy_part(path.text, path.size);
        queue->paths_size += path.size;
    }
    queue->count++;
}

void guard_queue_identify(struct guard_queue *queue, uint64_t identity)
{
    assert(queue->count > 0);
    queue->entries[(queue->first + queue->count - 1) % GUARD_QUEUE_SIZE].identity = identity;
}

void guard_queue_answer(struct guard_queue *queue, const char *answer)
{
    for (size_t i = 0; i < queue->count; i++) {
        struct guard_pending *entry = &queue->entries[(queue->first + i) % GUARD_QUEUE_SIZE];

        if (entry->answer == NULL)
            entry->answer = answer;
    }
}

const struct guard_pending *guard_queue_front(const struct guard_queue *queue)
{
    return queue->count > 0 ? &queue->entries[queue->first] : NULL;
}

void guard_queue_drop(struct guard_queue *queue)
{
    struct guard_pending *entry = &queue->entries[queue->first];

    assert(queue->count > 0);
    if (entry->path != NULL)
        queue->paths_size -= strlen(entry->path);
    free(entry->path);
    queue->first = (queue->first + 1) % GUARD_QUEUE_SIZE;
    queue->count--;
}
