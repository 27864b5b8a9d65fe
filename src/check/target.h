#ifndef MXPULL_SRC_CHECK_TARGET_H
#define MXPULL_SRC_CHECK_TARGET_H

#include "lookups.h"

#include <stdbool.h>
#include <stddef.h>

/* A host and its addresses in the DNS. */
struct target {
    const char *name;       /* in lower case, or an IP address */
    enum dns_fate fate;     /* DNS_FOUND: it has an address */
    const char *why;        /* not DNS_FOUND: what happened */
    const char *alias;      /* what the name is an alias of; NULL: it is none */
    const char **addresses; /* the list is owned, the addresses are the lookups' */
    size_t count;

    size_t open; /* questions without an answer */
    void (*done)(void *context);
    void *context;
};

/* Asks for the addresses of the name, which is borrowed, and calls done in a turn of the loop when all is known; at once, from
 * within this call, for an IP address. The target stays where it is until then. */
void target_find(struct target *target, const char *name, struct lookups *lookups,
                 void (*done)(void *context), void *context);

/* Whether it could not be found out now what the addresses are. */
bool target_is_uncertain(const struct target *target);

/* An address that both have; NULL: there is none. */
const char *target_common(const struct target *a, const struct target *b);

bool target_has(const struct target *target, const char *address);

void target_done(struct target *target);

/* "a private address", "a loopback address" …, which hosts elsewhere do not reach; NULL for all others. */
const char *address_limit(const char *address);

#endif
