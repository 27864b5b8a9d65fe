#ifndef MXPULL_SRC_CHECK_PARTS_H
#define MXPULL_SRC_CHECK_PARTS_H

/* Each part looks at one thing: at a domain (domain.c), at a backup (backup.c), at the primary (primary.c), or at the
 * configuration (settings.c). */

#include "gate.h"
#include "lookups.h"

#include <mxpull/check/check.h>
#include <mxpull/platform/host.h>

enum {
    BACKUP_ADDRESSES_MAX = 16 /* of a backup, that are looked at */
};

/* What a part works with; borrowed for its life. */
struct part {
    const struct check_options *options;
    struct lookups *lookups;        /* by which the DNS is asked */
    struct gate *downloads;         /* for documents over HTTPS */
    const struct host_address *own; /* the addresses of this machine */
    size_t own_count;
    struct gate *connections; /* to backups */
    struct gate *commands;    /* that bring passwords */
    struct findings *findings;
    struct check *check; /* for part_over */
    void *state;         /* the part's own */
};

/* What a topic's parts do. */
struct part_methods {
    /* Begins to look. The part adds findings, and calls part_over once: from within begin, or in a turn of the
     * loop. */
    void (*begin)(struct part *part);

    /* Frees the state, at any time after begin; what is under way is broken off. NULL: there is none. */
    void (*free)(struct part *part);
};

extern const struct part_methods domain_methods, backup_methods, primary_methods, settings_methods;

/* The part adds no more findings: they are told. */
void part_over(struct part *part);

#endif
