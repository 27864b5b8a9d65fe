#ifndef MXPULL_SMTP_DELIVERY_H
#define MXPULL_SMTP_DELIVERY_H

#include <mxpull/base/buffer.h>
#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stddef.h>

/* Hands in one message with a null reverse-path for one recipient (RFC 5321 3.3), on a session whose EHLO was answered.
 * Pure: replies in, bytes to send out. At most four commands; QUIT is the caller's.
 *
 *   MAIL --2yz--> RCPT --2yz--> DATA --354--> the content --2yz--> ACCEPTED
 *     |            |             |               |`--4yz, 5yz--> REFUSED
 *     `------------`-------------`--> REFUSED    `--anything else, and no reply--> DOUBTFUL
 */

enum delivery_fate {
    DELIVERY_OPEN,     /* send delivery_bytes, and feed the reply */
    DELIVERY_ACCEPTED, /* by the reply to the final dot */
    DELIVERY_REFUSED,
    DELIVERY_DOUBTFUL /* the content went out, and it is not known whether it was accepted (RFC 5321 4.5.3.2.6) */
};

enum delivery_stage {
    DELIVERY_CONNECT,
    DELIVERY_MAIL,
    DELIVERY_RCPT,
    DELIVERY_DATA,
    DELIVERY_CONTENT
};

enum {
    DELIVERY_TEXT_SIZE = 500
};

struct delivery {
    enum delivery_fate fate;
    /* The command that waits for its reply, or the one whose reply decided the fate: by code (0: the connection is no more),
     * which means the outcome, and text, as received or in the words of delivery_cut. */
    enum delivery_stage stage;
    enum outcome outcome;
    int code;
    char text[DELIVERY_TEXT_SIZE];

    const char *recipient, *message; /* private, as what follows; borrowed */
    struct buffer bytes;
};

/* recipient: local part, @ and domain in ASCII. message: whole lines that end in CRLF, without dot-stuffing. Both are borrowed for the
 * delivery's life. */
void delivery_init(struct delivery *delivery, const char *recipient, const char *message);
void delivery_done(struct delivery *delivery);

/* A session is established, on which nothing was said yet. Once. */
void delivery_established(struct delivery *delivery);

/* The whole reply to what was sent; while it is DELIVERY_OPEN. */
void delivery_reply(struct delivery *delivery, int code, const char *text);

/* The connection is no more, or could not be had: outcome says how, code is the reply that says why, or 0. Nothing once
 * the fate is known. */
void delivery_cut(struct delivery *delivery, enum outcome outcome, int code, const char *text);

/* What is to be sent, borrowed until the next call. */
const struct buffer *delivery_bytes(const struct delivery *delivery);

/* "MAIL", "RCPT", "DATA", "the message", "": what was answered, for people. */
const char *delivery_stage_name(enum delivery_stage stage);

#endif
