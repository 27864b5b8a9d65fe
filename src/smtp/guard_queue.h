#ifndef MXPULL_SMTP_GUARD_QUEUE_H
#define MXPULL_SMTP_GUARD_QUEUE_H

#include "guard_command.h"

#include <stdint.h>

/* More than this many commands at once without a reply is more than a sender has a use for. */
enum {
    GUARD_QUEUE_SIZE = 4000,
    GUARD_QUEUE_PATHS_MAX = 32 * 1024
};

/* A command whose reply the provider has not got yet. */
struct guard_pending {
    enum guard_verb verb;
    const char *answer; /* our own reply, a constant; NULL: the primary's is awaited */
    uint64_t identity;  /* of MAIL: a hash of its line; of RCPT: of both lines */
    char *path;         /* owned; of MAIL and RCPT, NULL for others and where memory was spared */
};

/* Commands in their order (RFC 2920 3.1). All members 0 at first, but entries. */
struct guard_queue {
    struct guard_pending *entries; /* owned */
    size_t first, count;
    size_t paths_size; /* octets in all paths, at most GUARD_QUEUE_PATHS_MAX */
};

void guard_queue_init(struct guard_queue *queue);
void guard_queue_done(struct guard_queue *queue);

/* Adds a command behind the others; there must be room. path (no text: none) is copied. */
void guard_queue_put(struct guard_queue *queue, enum guard_verb verb, const char *answer,
                     struct guard_part path);

/* Gives the command that was put last its identity. */
void guard_queue_identify(struct guard_queue *queue, uint64_t identity);

/* Gives each command that waits for the primary this answer of our own, a constant. */
void guard_queue_answer(struct guard_queue *queue, const char *answer);

/* The command whose turn it is, or NULL. Valid until it is dropped. */
const struct guard_pending *guard_queue_front(const struct guard_queue *queue);
void guard_queue_drop(struct guard_queue *queue);

#endif
