#ifndef MXPULL_SMTP_GUARD_DOMAIN_H
#define MXPULL_SMTP_GUARD_DOMAIN_H

#include "guard_path.h"

#include <mxpull/smtp/node.h>

/* The domains whose mail is let in. */
struct guard_domains {
    const struct node *nodes; /* borrowed */
    size_t count;
    char **unicode; /* owned: of each node the domain in U-labels; NULL: it has none */
};

void guard_domains_init(struct guard_domains *domains, const struct node *nodes, size_t count);
void guard_domains_done(struct guard_domains *domains);

/* Whether the octets behind the @ of an address are one of the domains. Sets marks[i] for each node
 * that they are in; marks may be NULL. */
bool guard_domains_have(const struct guard_domains *domains, struct guard_part domain, bool *marks);

#endif
