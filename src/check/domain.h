#ifndef MXPULL_SRC_CHECK_DOMAIN_H
#define MXPULL_SRC_CHECK_DOMAIN_H

/* What is known of one domain, and the judges of it, which ask nobody. */

#include "target.h"

#include <mxpull/check/finding.h>
#include <mxpull/platform/host.h>

/* An MX record's host. */
struct exchange {
    struct target target;
    int preference; /* the lowest of its records */
    size_t records;

    /* Which host of ours it is; neither: of none that is known. */
    bool is_primary;
    const struct backup_config *backup; /* borrowed */
    const char *by_address;             /* the address that tells; NULL: the name does */
};

/* A backup that is asked for the domain. */
struct asked_backup {
    const struct backup_config *backup; /* borrowed */
    struct target target;               /* its host */
};

struct domain {
    const char *name;               /* in ASCII; borrowed */
    const struct config *config;    /* borrowed */
    const struct host_address *own; /* the addresses of this machine; borrowed */
    size_t own_count;
    struct target primary;      /* of public_name; without a name where that is not known */
    enum dns_fate fate;         /* of the question for MX records */
    const char *why;            /* not DNS_FOUND: what happened */
    bool has_null;              /* a null MX (RFC 7505) is among the records */
    struct exchange *exchanges; /* owned; by preference */
    size_t exchange_count;
    struct asked_backup *backups; /* owned */
    size_t backup_count;
};

/* Whether the backup's mail comes over the connection that we have made (ATRN, TURN). */
bool backup_is_reversed(const struct backup_config *backup);

/* Whether the backup is asked for mail of this domain: by its name, that of a suffix, or that of a queue. */
bool backup_asks_for(const struct backup_config *backup, const char *domain);

/* Finds out which exchange is which host of ours. Once all addresses are known. */
void mx_recognize(struct domain *domain);

/* The exchange of that backup with the lowest number; NULL: it has none. */
const struct exchange *exchange_of(const struct domain *domain, const struct backup_config *backup);

/* Adds what there is to say about the primary's address in the DNS, of either IP version: whether it is one of this machine. */
void own_address_judge(const struct domain *domain, const struct target *target,
                       struct findings *findings);

/* Adds what there is to say about the MX records and the addresses of their hosts. */
void mx_judge(const struct domain *domain, struct findings *findings);

/* Adds what there is to say about an answer to the question for an exchange's TLSA records (RFC 6698). */
void tlsa_judge(const struct exchange *exchange, const struct dns_answer *answer,
                struct findings *findings);

/* How a question to the DNS that was not answered counts: 75, 76 or 77. */
int fate_exit_status(enum dns_fate fate);

#endif
