/* What was answered while another process held the store: kept here, in order, until it is free. */
#include "recorder_internal.h"

#include <mxpull/base/log.h>
#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    KEPT_SIZE_MAX = 32 * 1024 * 1024, /* all together */
    TEXT_SIZE_MAX = 5000              /* a little more than the store keeps of a text */
};

/* A poll, or a message that has come in. Texts are owned, but for constants. */
struct kept {
    struct store_poll poll; /* backup NULL: a message */
    struct store_message message;
    struct store_answer *answers;
    struct store_change change;
};

static char *copy(struct queue *queue, const char *text)
{
    size_t size = text != NULL ? strnlen(text, TEXT_SIZE_MAX) : 0;

    queue->size += size + 1;
    return text != NULL ? memory_copy_part(text, size) : NULL;
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

static void free_kept(struct kept *kept)
{
    for (size_t i = 0; i < kept->poll.count; i++) {
        free_text(kept->answers[i].domain);
        free_text(kept->answers[i].text);
        free_text(kept->answers[i].address);
        free_text(kept->answers[i].tls);
        free_text(kept->answers[i].advice);
    }
    free(kept->answers);
    free_text(kept->poll.backup);
    free_text(kept->message.backup);
    free_text(kept->message.sender);
    free_text(kept->message.recipients);
    free_text(kept->message.text);
}

void queue_clear(struct queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free_kept(&queue->kept[i]);
    free(queue->kept);
    *queue = (struct queue){.lost = queue->lost};
}

/* NULL where there is no more room: that is counted. */
static struct kept *add(struct queue *queue)
{
    if (queue->size > KEPT_SIZE_MAX) {
        queue->lost++;
        return NULL;
    }
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity > 0 ? 2 * queue->capacity : 16;
        queue->kept = memory_resize(queue->kept, queue->capacity, sizeof *queue->kept);
    }
    queue->size += sizeof *queue->kept;
    queue->kept[queue->count] = (struct kept){.poll.backup = NULL};
    return &queue->kept[queue->count++];
}

void queue_add_poll(struct queue *queue, const struct store_poll *poll)
{
    struct kept *kept = add(queue);

    if (kept == NULL)
        return;
    kept->poll = *poll;
    kept->poll.backup = copy(queue, poll->backup);
    kept->poll.answers = kept->answers = memory_new(poll->count, sizeof *kept->answers);
    queue->size += poll->count * sizeof *kept->answers;
    for (size_t i = 0; i < poll->count; i++) {
        struct store_answer *answer = &kept->answers[i];

        *answer = poll->answers[i];
        answer->domain = copy(queue, answer->domain);
        answer->text = copy(queue, answer->text);
        answer->address = copy(queue, answer->address);
        answer->tls = copy(queue, answer->tls);
        answer->advice = copy(queue, answer->advice);
    }
}

void queue_add_message(struct queue *queue, const struct store_message *message)
{
    struct kept *kept = add(queue);

    if (kept == NULL)
        return;
    kept->message = *message;
    kept->message.backup = copy(queue, message->backup);
    kept->message.sender = copy(queue, message->sender);
    kept->message.recipients = memory_copy(message->recipients);
    queue->size += strlen(message->recipients);
    kept->message.text = copy(queue, message->text);
}

enum status queue_write(struct queue *queue, struct store *store, struct error *error)
{
    enum status status = store_begin(store, error);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < queue->count && status == STATUS_OK; i++) {
        struct kept *kept = &queue->kept[i];

        status = kept->poll.backup == NULL
                     ? store_add_message(store, &kept->message, error)
                     : store_add_poll(store, &kept->poll, &kept->change, error);
    }
    return store_commit(store, error);
}

void queue_tell(const struct queue *queue,
                void (*written)(void *context, const struct store_poll *poll,
                                const struct store_change *change),
                void *context)
{
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->kept[i].poll.backup != NULL)
            written(context, &queue->kept[i].poll, &queue->kept[i].change);
    }
}
