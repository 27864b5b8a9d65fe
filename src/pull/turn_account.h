#ifndef MXPULL_PULL_TURN_ACCOUNT_H
#define MXPULL_PULL_TURN_ACCOUNT_H

#include <mxpull/pull/session.h>
#include <mxpull/smtp/guard.h>
#include <mxpull/smtp/turning.h>

/* What a provider's reversed sessions have brought: for its results, the log and who watches. */
struct turn_account {
    const struct session_options *options; /* borrowed */
    struct result **results;    /* owned array of borrowed results, one for each domain */
    bool dry;                   /* --dry-run has come as far as it goes */
    int64_t began_ms;           /* on the monotonic clock */
    struct guard_counts counts; /* of all sessions that are over */
};

/* The primary has accepted a message: it counts for each domain that one of its recipients is in. */
void turn_account_message(struct turn_account *account, const struct guard_message *message);

/* A reversed session is over. */
void turn_account_session(struct turn_account *account, const struct guard_counts *counts);

/* All is over: fills in the results, tells the observer, and logs one line of counts. */
void turn_account_report(struct turn_account *account, const struct turning *turning);

#endif
