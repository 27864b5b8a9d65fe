#ifndef MXPULL_SRC_CHECK_ASKED_H
#define MXPULL_SRC_CHECK_ASKED_H

#include "software.h"

#include <mxpull/check/finding.h>
#include <mxpull/session/preflight.h>

/* What a mail server has answered when it was asked for the postmasters of our domains, and of some that are none of ours.
 * A plain value; all borrowed. */
struct asked {
    const struct config *config;
    const struct preflight *mail; /* it is over, and probe_why is NULL */
    size_t count;                 /* the first of its domains are ours */
    const char *place;            /* of the server: "192.0.2.7:25" */
    const struct software *software;
};

enum {
    FOREIGN_DOMAINS = 2 /* that are asked for */
};

/* Puts the names of domains that are none of ours, and of nobody whom the question could trouble, into nodes. */
void foreign_domains(const struct config *config, struct node nodes[FOREIGN_DOMAINS]);

/* How the findings are called, and what follows in an advice. */
struct asked_words {
    const char *subject;
    const char *accepted, *deferred, *refused, *unanswered, *more; /* identifiers */
    const char *purpose; /* "let it take mail for example.com" and this */
    enum setting setting;
};

/* The code that a reason of the probe begins with; 0: none. */
int reason_code(const char *reason);

/* Adds a finding for each of our domains that it does not take mail for, up to some 20, and one for all others. */
void judge_domains(const struct asked *asked, const struct asked_words *words,
                   struct findings *findings);

/* What the answers say about mail for domains that are none of ours. */
enum relaying {
    RELAYING_REFUSED,
    RELAYING_OPEN,  /* at least one is accepted */
    RELAYING_UNTOLD /* everything is refused alike, or there was no answer */
};

/* *text: the name that is accepted, or the reason why it is not told; borrowed from the preflight. */
enum relaying relaying_of(const struct asked *asked, const char **text);

#endif
