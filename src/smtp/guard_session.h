#ifndef MXPULL_SMTP_GUARD_SESSION_H
#define MXPULL_SMTP_GUARD_SESSION_H

#include "guard_data.h"
#include "guard_queue.h"
#include "guard_transaction.h"

#include <mxpull/smtp/guard.h>
#include <mxpull/smtp/reply.h>

/* The provider is told these when the primary can no longer be spoken to. */
#define GUARD_PRIMARY_LOST "421 4.3.0 The mail server has failed, closing the connection"
#define GUARD_FAILED "4.3.0 The mail server has failed, try again later"
#define GUARD_NOT_NOW "451 " GUARD_FAILED

/* More octets than the lines of one reply can grow by: codes, CR, and a space behind a bare code. */
enum {
    GUARD_REPLY_GROWTH_MAX = 1024
};

/* What the provider sends now. */
enum guard_phase {
    GUARD_COMMANDS,
    GUARD_GOING,    /* nothing: DATA was passed */
    GUARD_CONTENT,  /* the primary has said 354 */
    GUARD_LEAVING,  /* QUIT was passed: what follows is not heard */
    GUARD_CHUNK,    /* the octets of a BDAT command that is refused at their end */
    GUARD_REFUSING, /* the rest of a message that is refused at its end */
    GUARD_ENDING,   /* QUIT, or a command that is told 421 */
};

struct guard {
    struct guard_options options;
    struct guard_domains domains; /* those of the options */
    enum guard_state state;
    enum guard_phase phase;
    struct buffer left;  /* the provider sent this while it had to wait */
    struct buffer line;  /* the command that is coming in */
    struct reply reply;  /* the primary's reply that is coming in */
    struct buffer hello; /* the last EHLO or HELO that was passed, with its CRLF */
    struct guard_queue queue;
    struct guard_data data;
    struct guard_transaction transaction;
    struct guard_counts counts;
    size_t failed_before;    /* failed messages of the sessions before this one */
    uint64_t mail;           /* identity of the last MAIL that was passed */
    bool is_utf8;            /* SMTPUTF8 was given with the last MAIL that was passed */
    bool has_dot;            /* a final dot was passed and its reply is still to come */
    bool is_stale;           /* the provider's transaction was lost with a primary, or is put off */
    bool is_introducing;     /* hello was said to a new primary, whose reply is for nobody */
    bool is_behind_auth;     /* what comes may be a secret */
    const char *fault;       /* of the command that is coming in: the reply to it; NULL: none */
    size_t skipped;          /* bytes of such a command */
    const char *chunk_reply; /* the reply at the end of GUARD_CHUNK */
    struct buffer answer;    /* the reply at the end of GUARD_REFUSING, with its CRLF */
    unsigned end_match;      /* in GUARD_REFUSING: how much of CRLF.CRLF has come */
    int64_t drained;         /* in GUARD_REFUSING: bytes so far; in GUARD_CHUNK: bytes to come */
    unsigned refused;        /* commands but RCPT and BDAT, in this session */
    unsigned heard;          /* commands, since the last accepted message */
    char why[ERROR_TEXT_SIZE];
};

/* True when the primary may get a message, or has got one, that it has not answered for yet. */
bool guard_is_fate_open(const struct guard *guard);

/* True when the provider's bytes can be judged now: for commands there must be a primary, and room in the queue. */
bool guard_can_take(const struct guard *guard);

/* The end out of order. reply is what the provider is told, if that is the place for it; NULL: nothing. why is
 * copied; NULL: the reason known already stands. */
void guard_break(struct guard *guard, struct guard_output *output, const char *reply,
                 const char *why);

/* The primary is lost, or may not be spoken to any more: what waits for it is refused for now, and so are a
 * message that is coming in, at its end, and the rest of a transaction. why is copied. */
void guard_lose_primary(struct guard *guard, struct guard_output *output, const char *why);

/* Gives the message that is coming in up, and the primary with it: it is read to its end and then answered by this
 * code and text (lines joined by \n). */
void guard_refuse_content(struct guard *guard, int code, const char *text, const char *why);

/* Counts what the primary does not take. What a refusal brings about in turn (503 to RCPT behind a refused MAIL, 554
 * to DATA without recipients) is none of its own. */
void guard_note_refusal(struct guard *guard, const struct guard_pending *command, int code,
                        const char *text);

/* Tells of the message whose fate is known now: the reply, and its text. */
void guard_tell_message(const struct guard *guard, int code, const char *text);

/* Appends a reply of the primary, its lines joined by \n, as the provider is to see it. An EHLO reply (RFC 5321
 * 4.1.1.1) loses each extension that does not work across the guard, or that the guard does not know: STARTTLS would
 * end at the wrong host, BDAT carries content without a final dot, AUTH, XCLIENT and XFORWARD are
 * for peers that the primary trusts, and so are the success reports of DSN (RFC 3461). LIMITS (RFC 9422) and
 * DELIVERBY are left out because nothing is lost without them. target must have the room. */
void guard_reply_append(struct buffer *target, int code, const char *text, bool is_ehlo);

/* Says a reply of our own at once. */
void guard_say(struct guard_output *output, const char *reply);

/* Says the answer that was kept for the end of a message. */
void guard_say_answer(struct guard *guard, struct guard_output *output);

/* Gives a command this reply of our own, a constant, in its turn. */
void guard_reply_own(struct guard *guard, struct guard_output *output, const char *reply);

/* Sends our own replies whose turn has come. */
void guard_answer(struct guard *guard, struct guard_output *output);

#endif
