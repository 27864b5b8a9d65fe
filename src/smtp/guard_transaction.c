/* One mail transaction (RFC 5321 3.3) as the log tells of it: whose mail, and for whom. */
#include "guard_transaction.h"

#include <mxpull/base/memory.h>

#include <stdlib.h>
#include <string.h>

enum {
    RECIPIENTS_SIZE_MAX = 4000
};

static const char more[] = "\xe2\x80\xa6"; /* … */

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

void guard_transaction_begin(struct guard_transaction *transaction, const char *sender,
                             uint64_t identity)
{
    guard_transaction_clear(transaction);
    transaction->is_open = true;
    transaction->identity = identity;
    (void)buffer_append_text(&transaction->sender, sender != NULL ? sender : more);
}

void guard_transaction_add(struct guard_transaction *transaction, const char *recipient,
                           uint64_t offer)
{
    struct buffer *all = &transaction->recipients;
    const char *separator = transaction->recipient_count > 0 ? ", " : "";

    if (transaction->recipient_count++ == 0)
        transaction->offer = offer;
    if (recipient != NULL)
        guard_address_mark(recipient, transaction->domains, transaction->for_nodes);
    if (transaction->is_cut)
        return;
    if (recipient == NULL)
        recipient = more;
    if (all->size + strlen(separator) + strlen(recipient) > RECIPIENTS_SIZE_MAX) {
        transaction->is_cut = true;
        (void)buffer_append_text(all, " ");
        (void)buffer_append_text(all, more);
    } else {
        (void)buffer_append_text(all, separator);
        (void)buffer_append_text(all, recipient);
    }
}

/* Leaves in marks those of its nodes that have not been refused in this way before. */
static const bool *refuse(struct guard_transaction *transaction, unsigned how)
{
    transaction->refused |= how;
    for (size_t i = 0; i < transaction->domains->count; i++) {
        bool is_new = transaction->marks[i] && (transaction->refused_nodes[i] & how) == 0;

        if (transaction->marks[i])
            transaction->refused_nodes[i] |= how;
        transaction->marks[i] = is_new;
    }
    return transaction->marks;
}

const bool *guard_transaction_refuse(struct guard_transaction *transaction, unsigned how)
{
    for (size_t i = 0; i < transaction->domains->count; i++)
        transaction->marks[i] = true;
    return refuse(transaction, how);
}

const bool *guard_transaction_refuse_recipient(struct guard_transaction *transaction, unsigned how,
                                               const char *recipient)
{
    if (recipient == NULL)
        return guard_transaction_refuse(transaction, how);
    memset(transaction->marks, 0, transaction->domains->count * sizeof *transaction->marks);
    guard_address_mark(recipient, transaction->domains, transaction->marks);
    return refuse(transaction, how);
}

const bool *guard_transaction_refuse_content(struct guard_transaction *transaction, unsigned how)
{
    memcpy(transaction->marks, transaction->for_nodes,
           transaction->domains->count * sizeof *transaction->marks);
    return refuse(transaction, how);
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
