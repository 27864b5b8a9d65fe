#ifndef MXPULL_SRC_SESSION_ATRN_ACCOUNT_H
#define MXPULL_SRC_SESSION_ATRN_ACCOUNT_H

#include "session.h"
#include <mxpull/smtp/atrn_dialogue.h>
#include <mxpull/smtp/guard.h>

enum {
    REFUSAL_WORDS_SIZE = 200,
    REFUSALS_KNOWN_MAX = 1000
};

/* What our own server has refused of one domain's mail: its first words, and which messages. What comes again in a
 * later session of this poll is not counted twice, and what was refused for a while not at all once it was taken. Of more
 * than REFUSALS_KNOWN_MAX only the number is kept. */
struct atrn_refusals {
    char for_now[REFUSAL_WORDS_SIZE], for_good[REFUSAL_WORDS_SIZE];
    struct atrn_refused {
        uint64_t offer; /* as in struct guard_refusal */
        bool for_good;
        unsigned session; /* in which it was refused last */
    } * known;            /* owned */
    size_t known_count;
};

/* What a provider's reversed sessions have brought, for its results, the log and who watches; and what they may
 * take and write, all of them together. */
struct atrn_account {
    struct poll *poll;              /* borrowed, as what follows */
    const struct node *nodes;       /* of what is wanted: what is ours, and let in */
    struct atrn_refusals *refusals; /* owned: of each */
    unsigned sessions;              /* that are over */
    /* Of this session: messages refused for good, which the provider is rid of, and those put off as none before: what
     * is to come next is another one. */
    uint64_t gone, put_off;
    unsigned fruitless; /* sessions since the last one of which the provider was rid of something */
    struct guard_failures failures; /* steps is that of this session */
    bool is_barren;                 /* the last session has disposed of nothing */
    int64_t began_ms;               /* on the monotonic clock */
    struct guard_counts counts;     /* of all sessions that are over */

    /* For how long the provider may yet be waited for. Content earns a second for each KiB, a message ten: who is
     * slower than that on the whole, or says what moves nothing, comes to an end. */
    int64_t credit_ms, credit_max_ms;
    unsigned messages_told, refused_told; /* lines in the log */
    uint64_t left_out;                    /* lines that were too many */
};

/* For what the poll wants, whose results begin with 0. */
void atrn_account_init(struct atrn_account *account, struct poll *poll, const struct node *nodes);
void atrn_account_done(struct atrn_account *account);

/* Adds to the credit, or takes off, up to its ceiling. */
void atrn_account_earn(struct atrn_account *account, int64_t ms);

/* What a guard tells: a message has come to its end, which counts for each domain that one of its recipients is in
 * if it was accepted; the primary has refused mail; a command was refused here. context is the account. */
void atrn_account_message(void *context, const struct guard_message *message);
void atrn_account_refusal(void *context, const struct guard_refusal *refusal);
void atrn_account_command(void *context, const char *command, const char *reply);

/* A reversed session is over. Returns how many messages it has disposed of: taken, refused for good, or put off or
 * refused here so that others come first; of the latter none after 100 sessions in a row that brought nothing else. */
uint64_t atrn_account_session(struct atrn_account *account, const struct guard_counts *counts);

/* All is over: fills in the results, tells the observer, and logs one line of counts. */
void atrn_account_report(struct atrn_account *account, const struct atrn_dialogue *dialogue,
                         bool is_dry);

#endif
