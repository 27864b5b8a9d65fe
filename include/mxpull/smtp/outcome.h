#ifndef MXPULL_SMTP_OUTCOME_H
#define MXPULL_SMTP_OUTCOME_H

#include <mxpull/base/status.h>

#include <stdbool.h>
#include <stdint.h>

/* What an answer means for one node: all outcomes, each with the interface's name for it and the exit
 * status that it stands for. This list is the only one. */
#define OUTCOMES(X)                                                                                \
    X(STARTED, "started", 0)                                                                       \
    X(EMPTY, "empty", 0)                                                                           \
    X(PENDING, "pending", 0)                                                                       \
    X(RECEIVED, "received", 0)                                                                     \
    X(HELD, "held", 75)                                                                            \
    X(REFUSED, "refused", 75)                                                                      \
    X(DEFERRED, "deferred", 75)                                                                    \
    X(UNREACHABLE, "unreachable", 75)                                                              \
    X(TIMEOUT, "timeout", 75)                                                                      \
    X(INTERRUPTED, "interrupted", 75)                                                              \
    X(PROTOCOL, "protocol", 76)                                                                    \
    X(TLS, "tls", 76)                                                                              \
    X(UNSUPPORTED, "unsupported", 69)                                                              \
    X(MISUNDERSTOOD, "misunderstood", 78)                                                          \
    X(MISCONFIGURED, "misconfigured", 78)                                                          \
    X(DENIED, "denied", 77)                                                                        \
    X(AUTHENTICATION, "authentication", 77)

#define OUTCOME_MEMBER(member, name, exit_status) OUTCOME_##member,
#define OUTCOME_ONE_MORE(member, name, exit_status) +1 /* NOLINT(bugprone-macro-parentheses) */
enum outcome {
    OUTCOMES(OUTCOME_MEMBER)
};
enum {
    OUTCOME_COUNT = OUTCOMES(OUTCOME_ONE_MORE)
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

/* How many messages a 253 announces (RFC 1985 5.2: "OK, <n> pending messages for node <x> started"),
 * by this form alone: -1 for "1,234 pending", "5 of 12 pending", "queue 7". */
int64_t outcome_pending_count(const char *text);

/* "started", "empty", … */
const char *outcome_name(enum outcome outcome);

/* Finds the outcome of that name, letter by letter. False, with *outcome untouched, when there is none. */
bool outcome_find(const char *name, enum outcome *outcome);

/* The exit status that the outcome stands for: 0, 75, 76, 69, 77 or 78. */
int outcome_exit_status(enum outcome outcome);

/* The worse of two exit statuses, in the order 0, 75, 76, 69, 77, 78. */
int exit_status_worse(int a, int b);

/* How an answer of that outcome counts: by its exit status, but for OUTCOME_HELD. */
enum grade outcome_grade(enum outcome outcome);

/* Whether asking again after a while may help: those that exit with 75. */
bool outcome_is_temporary(enum outcome outcome);

/* "ETRN", "ATRN", "TURN", "CONNECT". */
const char *verb_name(enum verb verb);

#endif
