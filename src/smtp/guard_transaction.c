/* One mail transaction (RFC 5321 3.3) as the log tells of it: whose mail, and for whom. */
#include "guard_transaction.h"
#include "guard_address.h"

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
        .domains = domains, .for_nodes = memory_new(domains->count, sizeof(bool))};
    buffer_init(&transaction->sender, GUARD_PATH_SIZE_MAX);
    buffer_init(&transaction->recipients, RECIPIENTS_SIZE_MAX + sizeof more);
}

void guard_transaction_done(struct guard_transaction *transaction)
{
    buffer_done(&transaction->sender);
    buffer_done(&transaction->recipients);
    free(transaction->for_nodes);
}

void guard_transaction_begin(struct guard_transaction *transaction, const char *sender)
{
    guard_transaction_clear(transaction);
    (void)buffer_append_text(&transaction->sender, sender != NULL ? sender : more);
}

void guard_transaction_add(struct guard_transaction *transaction, const char *recipient)
{
    struct buffer *all = &transaction->recipients;
    const char *separator = transaction->recipient_count > 0 ? ", " : "";

    transaction->recipient_count++;
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

void guard_transaction_clear(struct guard_transaction *transaction)
{
    buffer_clear(&transaction->sender);
    buffer_clear(&transaction->recipients);
    transaction->recipient_count = 0;
    memset(transaction->for_nodes, 0, transaction->domains->count * sizeof *transaction->for_nodes);
    transaction->is_cut = false;
}
