#ifndef MXPULL_SRC_CHECK_SIGHT_H
#define MXPULL_SRC_CHECK_SIGHT_H

#include "visit.h"

#include <mxpull/check/finding.h>
#include <mxpull/session/preflight.h>

/* What the reverse name of an address was found to be (RFC 1912 2.1). */
enum reverse {
    REVERSE_UNASKED,
    REVERSE_GOOD,     /* its name has that address */
    REVERSE_MISSING,  /* it has no name */
    REVERSE_MISMATCH, /* its name has other addresses, or none */
    REVERSE_UNKNOWN   /* the DNS does not say */
};

/* What was seen of one address of a backup. All borrowed. */
struct sight {
    const struct config *config;
    const struct backup_config *backup;
    const char *address;          /* "192.0.2.7", or the host's name */
    const struct visit *visit;    /* it is over */
    const char *no_password;      /* why the password is not to be had; NULL: it is */
    const struct preflight *mail; /* it is over; NULL: nothing was asked there; its last
                                     FOREIGN_DOMAINS domains are none of ours */
    enum reverse reverse;
    const char
        *reverse_text; /* its name or names, or what the DNS says; NULL with REVERSE_UNASKED */
    bool is_only;      /* no other address of the backup can be reached */
    int64_t now_ms;    /* wall clock */
};

/* Adds what is to be said about it: to findings about the backup. */
void sight_judge(const struct sight *sight, struct findings *findings);

#endif
