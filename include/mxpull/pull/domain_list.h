#ifndef MXPULL_PULL_DOMAIN_LIST_H
#define MXPULL_PULL_DOMAIN_LIST_H

#include <mxpull/pull/poll.h>

/* The domains that a preflight is to ask the primary for. Starts as all zero. */
struct domain_list {
    struct node *nodes; /* owned */
    size_t count, capacity;
};

void domain_list_add(struct domain_list *list, const struct node *node);

/* Those of a poll, of a configuration. */
void domain_list_add_poll(struct domain_list *list, const struct poll *poll);
void domain_list_add_all(struct domain_list *list, const struct config *config);

/* Frees what it holds; it is empty then. */
void domain_list_done(struct domain_list *list);

#endif
