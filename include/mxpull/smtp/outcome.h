#ifndef MXPULL_SMTP_OUTCOME_H
#define MXPULL_SMTP_OUTCOME_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stdint.h>

/* What an answer means for one node. The names are the interface's. */
enum outcome {
    OUTCOME_STARTED,
    OUTCOME_EMPTY,
    OUTCOME_PENDING,
    OUTCOME_RECEIVED,
    OUTCOME_HELD,
    OUTCOME_DEFERRED,
    OUTCOME_UNREACHABLE,
    OUTCOME_TIMEOUT,
    OUTCOME_INTERRUPTED,
    OUTCOME_PROTOCOL,
    OUTCOME_TLS,
    OUTCOME_UNSUPPORTED,
    OUTCOME_MISUNDERSTOOD,
    OUTCOME_DENIED,
    OUTCOME_AUTHENTICATION,
};
enum {
    OUTCOME_COUNT = OUTCOME_AUTHENTICATION + 1
};

/* What was said last when the answer came. VERB_CONNECT stands for all that leads to a session:
 * greeting, EHLO, STARTTLS, AUTH. */
enum verb {
    VERB_CONNECT,
    VERB_ETRN,
    VERB_ATRN,
    VERB_TURN
};

/* The meaning of a reply code after a verb: by the table of the RFCs, else by its first digit.
 * Codes are 200 to 599. */
enum outcome outcome_of_reply(enum verb verb, int code);

/* The meaning of a failure that no reply code explains. */
enum outcome outcome_of_status(enum status status);

/* How many messages a 253 announces (RFC 1985 5.2: "OK, <n> pending messages for node <x> started").
 * -1 where that is not certain: "1,234 pending", "5 of 12 pending", "queue 7". */
int64_t outcome_pending_count(const char *text);

/* "started", "empty", … */
const char *outcome_name(enum outcome outcome);

/* What an administrator can do about it, in one short sentence without a full stop; "" where
 * nothing is to be done. */
const char *outcome_advice(enum outcome outcome);

/* The exit status that the outcome stands for: 0, 75, 76, 69, 77 or 78. */
int outcome_exit_status(enum outcome outcome);

/* The worse of two exit statuses, in the order 0, 75, 76, 69, 77, 78. */
int exit_status_worse(int a, int b);

/* Whether asking again after a while may help: those that exit with 75. */
bool outcome_is_temporary(enum outcome outcome);

/* "ETRN", "ATRN", "TURN", "CONNECT". */
const char *verb_name(enum verb verb);

#endif
