/* The queue of commands that wait for a reply, and the mail transaction (RFC 5321 3.3) for the log: its sender and its
 * recipients. The queue is bounded in number and in octets. Paths serve the log alone, so they are not kept where too many
 * octets wait. */
#include "guard_parts.h"

#include <mxpull/base/memory.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECIPIENTS_SIZE_MAX = 4000
};

static const char more[] = "\xe2\x80\xa6"; /* … */

/* ---- commands ---- */

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

void guard_queue_put(struct guard_queue *queue, struct guard_pending command,
                     struct guard_part path)
{
    assert(queue->count < GUARD_QUEUE_SIZE);
    if (path.text != NULL && path.size <= GUARD_QUEUE_PATHS_MAX - queue->paths_size) {
        command.path = memory_copy_part(path.text, path.size);
        queue->paths_size += path.size;
    }
    queue->entries[(queue->first + queue->count++) % GUARD_QUEUE_SIZE] = command;
}

struct guard_pending *guard_queue_at(const struct guard_queue *queue, size_t place)
{
    return place < queue->count ? &queue->entries[(queue->first + place) % GUARD_QUEUE_SIZE] : NULL;
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

/* ---- the transaction ---- */

void guard_transaction_init(struct guard_transaction *transaction,
                            const struct guard_domains *domains)
{
    *transaction = (struct guard_transaction){
        .domains = domains,
        .for_nodes = memory_new(domains->count, sizeof(bool)),
        .refused_nodes = memory_new(domains->count, sizeof(unsigned)),
        .marks = memory_new(domains->count, sizeof(bool)),
    };
    buffer_init(&transaction->sender, GUARD_PATH_SIZE_MAX);
    buffer_init(&transaction->recipients, RECIPIENTS_SIZE_MAX + sizeof more);
}

void guard_transaction_done(struct guard_transaction *transaction)
{
    buffer_done(&transaction->sender);
    buffer_done(&transaction->recipients);
    free(transaction->for_nodes);
    free(transaction->refused_nodes);
    free(transaction->marks);
}

void guard_transaction_begin(struct guard_transaction *transaction,
                             const struct guard_pending *mail)
{
    guard_transaction_clear(transaction);
    transaction->is_open = true;
    transaction->identity = mail->identity;
    (void)buffer_append_text(&transaction->sender, mail->path != NULL ? mail->path : more);
}

void guard_transaction_add(struct guard_transaction *transaction,
                           const struct guard_pending *recipient)
{
    struct buffer *all = &transaction->recipients;
    const char *separator = transaction->recipient_count > 0 ? ", " : "";
    const char *path = recipient->path != NULL ? recipient->path : more;

    if (transaction->recipient_count++ == 0)
        transaction->offer = recipient->identity;
    if (recipient->path != NULL)
        guard_address_mark(path, transaction->domains, transaction->for_nodes);
    if (transaction->is_cut)
        return;
    transaction->is_cut = all->size + strlen(separator) + strlen(path) > RECIPIENTS_SIZE_MAX;
    (void)buffer_append_text(all, transaction->is_cut ? " " : separator);
    (void)buffer_append_text(all, transaction->is_cut ? more : path);
}

const bool *guard_transaction_refuse(struct guard_transaction *transaction, unsigned how,
                                     const struct guard_pending *command)
{
    bool is_content = command->verb != GUARD_MAIL && command->verb != GUARD_RCPT;
    bool is_named = command->verb == GUARD_RCPT && command->path != NULL;
    bool *marks = transaction->marks;

    for (size_t i = 0; i < transaction->domains->count; i++)
        marks[i] = is_content ? transaction->for_nodes[i] : !is_named;
    if (is_named)
        guard_address_mark(command->path, transaction->domains, marks);
    transaction->refused |= how;
    for (size_t i = 0; i < transaction->domains->count; i++) {
        unsigned before = transaction->refused_nodes[i];

        transaction->refused_nodes[i] |= marks[i] ? how : 0;
        marks[i] = marks[i] && (before & how) == 0;
    }
    return marks;
}

void guard_transaction_clear(struct guard_transaction *transaction)
{
    buffer_clear(&transaction->sender);
    buffer_clear(&transaction->recipients);
    transaction->recipient_count = 0;
    memset(transaction->for_nodes, 0, transaction->domains->count * sizeof *transaction->for_nodes);
    transaction->is_cut = false;
    transaction->is_open = false;
    transaction->refused = 0;
    memset(transaction->refused_nodes, 0,
           transaction->domains->count * sizeof *transaction->refused_nodes);
}
