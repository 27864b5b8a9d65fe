#ifndef MXPULL_SMTP_GUARD_TRANSACTION_H
#define MXPULL_SMTP_GUARD_TRANSACTION_H

#include "guard_domain.h"

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>

/* What is told of a message when it has come to its end. Serves the log; decides nothing. */
struct guard_transaction {
    struct buffer sender;
    struct buffer recipients; /* joined by ", " */
    size_t recipient_count;
    const struct guard_domains *domains; /* borrowed */
    bool *for_nodes;                     /* for each of their nodes: whether a recipient is there */
    bool is_cut; /* not all recipients are named: the list ends with " …" */
};

void guard_transaction_init(struct guard_transaction *transaction,
                            const struct guard_domains *domains);
void guard_transaction_done(struct guard_transaction *transaction);

/* The primary has accepted MAIL: a transaction begins. NULL for a path that was not kept. */
void guard_transaction_begin(struct guard_transaction *transaction, const char *sender);

/* The primary has accepted RCPT. NULL for a path that was not kept: it counts, and is not named. */
void guard_transaction_add(struct guard_transaction *transaction, const char *recipient);

/* The transaction is over or was given up. */
void guard_transaction_clear(struct guard_transaction *transaction);

#endif
