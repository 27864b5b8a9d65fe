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
    OUTCOME_REFUSED,
    OUTCOME_DEFERRED,
    OUTCOME_UNREACHABLE,
    OUTCOME_TIMEOUT,
    OUTCOME_INTERRUPTED,
    OUTCOME_PROTOCOL,
    OUTCOME_TLS,
    OUTCOME_UNSUPPORTED,
    OUTCOME_MISUNDERSTOOD,
    OUTCOME_MISCONFIGURED,
    OUTCOME_DENIED,
    OUTCOME_AUTHENTICATION,
};
enum {
    OUTCOME_COUNT = OUTCOME_AUTHENTICATION + 1
};

/* What a result answers. VERB_CONNECT stands for all that leads to a session. */
enum verb {
    VERB_CONNECT,
    VERB_ETRN,
    VERB_ATRN,
    VERB_TURN
};

/* What was under way when an answer or a failure came. */
enum stage {
    STAGE_NONE,     /* nothing: nobody was contacted */
    STAGE_LOOKUP,   /* of the host's name */
    STAGE_CONNECT,  /* TCP, with the proxy where there is one */
    STAGE_GREETING, /* connected, and waiting for the first reply */
    STAGE_EHLO,     /* or HELO, which follows where EHLO is refused */
    STAGE_STARTTLS, /* not offered, or refused */
    STAGE_TLS,      /* handshake */
    STAGE_CERTIFICATE,
    STAGE_PINNED_KEY,
    STAGE_AUTH,     /* not offered, or refused */
    STAGE_COMMAND,  /* ETRN, ATRN or TURN: sent, or not offered by EHLO */
    STAGE_RECIPIENT /* our own mail server's answer to a domain of which it takes no mail */
};

/* The meaning of a reply to ETRN, ATRN or TURN: by the table of the RFCs, else by its first digit.
 * Codes are 200 to 599. */
enum outcome outcome_of_reply(enum verb verb, int code);

/* The meaning of a reply that ended the attempt to connect, at a stage from STAGE_GREETING on. */
enum outcome outcome_of_refusal(enum stage stage, int code);

/* What a session is like in which a command was answered. */
struct standing {
    bool tls, authenticated;
    bool starttls_offered, auth_offered; /* by the EHLO reply that came last */
};

/* The meaning of a reply to a command, judged as outcome so far: 503 ("bad sequence of commands") and
 * 530 speak of a step that was left out (RFC 3207 4, RFC 4954 6), and the session says which. */
enum outcome outcome_in_session(enum outcome outcome, int code, const struct standing *standing);

/* The meaning of a failure that no reply code explains. */
enum outcome outcome_of_status(enum status status);

/* How many messages a 253 announces (RFC 1985 5.2: "OK, <n> pending messages for node <x> started").
 * -1 where that is not certain: "1,234 pending", "5 of 12 pending", "queue 7". */
int64_t outcome_pending_count(const char *text);

/* "started", "empty", … */
const char *outcome_name(enum outcome outcome);

/* The exit status that the outcome stands for: 0, 75, 76, 69, 77 or 78. */
int outcome_exit_status(enum outcome outcome);

/* The worse of two exit statuses, in the order 0, 75, 76, 69, 77, 78. */
int exit_status_worse(int a, int b);

/* Whether asking again after a while may help: those that exit with 75. */
bool outcome_is_temporary(enum outcome outcome);

/* "ETRN", "ATRN", "TURN", "CONNECT". */
const char *verb_name(enum verb verb);

#endif
