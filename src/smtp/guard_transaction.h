#ifndef MXPULL_SMTP_GUARD_TRANSACTION_H
#define MXPULL_SMTP_GUARD_TRANSACTION_H

#include "guard_address.h"

#include <mxpull/base/buffer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is told of a message when it has come to its end. Serves the log; decides nothing. */
struct guard_transaction {
    struct buffer sender;
    struct buffer recipients; /* joined by ", " */
    size_t recipient_count;
    const struct guard_domains *domains; /* borrowed */
    bool *for_nodes;                     /* for each of their nodes: whether a recipient is there */
    bool is_cut;       /* not all recipients are named: the list ends with " …" */
    bool is_open;      /* MAIL was accepted */
    uint64_t identity; /* of its MAIL */
    uint64_t offer;    /* of the first recipient that was accepted, as in struct guard_failures */
    /* What the primary has refused of it: the marks of GUARD_FOR_NOW and GUARD_FOR_GOOD, in all and for each
     * node. */
    unsigned refused;
    unsigned *refused_nodes;
    bool *marks; /* what guard_transaction_refuse returns */
};

enum {
    GUARD_FOR_NOW = 1, /* 4yz: the provider keeps the message and comes again */
    GUARD_FOR_GOOD = 2 /* 5yz: the provider returns it to its sender */
};

void guard_transaction_init(struct guard_transaction *transaction,
                            const struct guard_domains *domains);
void guard_transaction_done(struct guard_transaction *transaction);

/* The primary has accepted MAIL: a transaction begins. NULL for a path that was not kept. */
void guard_transaction_begin(struct guard_transaction *transaction, const char *sender,
                             uint64_t identity);

/* The primary has accepted RCPT. NULL for a path that was not kept: it counts, and is not named. */
void guard_transaction_add(struct guard_transaction *transaction, const char *recipient,
                           uint64_t offer);

/* The primary has refused the transaction (all nodes), one recipient, or the content of the message (the nodes of
 * its recipients). how: GUARD_FOR_NOW or GUARD_FOR_GOOD. Returns for each node whether that is new to it in this
 * transaction; borrowed until the next call. A recipient NULL, of a path that was not kept, speaks for all nodes. */
const bool *guard_transaction_refuse(struct guard_transaction *transaction, unsigned how);
const bool *guard_transaction_refuse_recipient(struct guard_transaction *transaction, unsigned how,
                                               const char *recipient);
const bool *guard_transaction_refuse_content(struct guard_transaction *transaction, unsigned how);

/* The transaction is over or was given up. */
void guard_transaction_clear(struct guard_transaction *transaction);

#endif
