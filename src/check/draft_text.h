#ifndef MXPULL_SRC_CHECK_DRAFT_TEXT_H
#define MXPULL_SRC_CHECK_DRAFT_TEXT_H

/* What `mxpull init` has found out, and the configuration that is made of it. */

#include "visit.h"

#include <mxpull/check/draft.h>
#include <mxpull/net/resolver.h>

#include <stdbool.h>
#include <stddef.h>

/* A host of MX records. All texts are borrowed. */
struct draft_host {
    const char *name;         /* in lower case, as the DNS has it: anything */
    const char *address;      /* of it, and one of this machine's; NULL: none is */
    const struct visit *smtp; /* at port 25; NULL: */
    const char *why;          /* why it was not looked at */
    const struct visit *odmr; /* at port 366 */
};

struct draft_exchange {
    size_t host; /* of the picture's */
    int preference;
};

struct draft_domain {
    const char *text;  /* as it was given */
    const char *ascii; /* in lower case */
    enum dns_fate fate;
    const char *why;                  /* not DNS_FOUND: what happened */
    bool has_null;                    /* a null MX (RFC 7505) is among its records */
    struct draft_exchange *exchanges; /* each host once, by preference */
    size_t exchange_count;
};

struct draft_picture {
    const char *ehlo_name;  /* this host's name */
    const char *dns_server; /* that has answered; NULL: the system's */
    struct draft_host *hosts;
    size_t host_count;
    struct draft_domain *domains;
    size_t domain_count;
};

/* The exchange that is taken for our own mail server: the first one that is this machine, else the first one, which has
 * the lowest number. NULL: the domain has none. */
const struct draft_exchange *draft_primary(const struct draft_picture *picture,
                                           const struct draft_domain *domain);

/* Whether it is taken for a backup of any domain. */
bool draft_is_backup(const struct draft_picture *picture, size_t host);

/* Whether a host can stand in a configuration. */
bool draft_has_host(const char *name);

/* As draft_append. */
struct draft_gaps draft_text_append(struct buffer *text, const struct draft_picture *picture);

#endif
