#ifndef MXPULL_SMTP_DIALOGUE_H
#define MXPULL_SMTP_DIALOGUE_H

#include <mxpull/smtp/node.h>
#include <mxpull/smtp/outcome.h>
#include <mxpull/smtp/reply.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ANSWER_TEXT_SIZE_MAX = 1000
};

/* What a backup answered for one node. */
struct answer {
    bool known;
    bool left_out;        /* never asked, for the attempts ended before; text says why */
    enum outcome outcome; /* valid when known */
    int code;          /* the reply code it came from; 0: no reply, but a failure of ours or of the
                          connection */
    int64_t pending;   /* messages announced by a 253; -1: not told */
    unsigned attempts; /* how often the node was named in a command */
    char *text; /* owned; the reply's text as received, or the failure in our words; NULL until
                   known */
};

/* What to do next. */
enum dialogue_step {
    DIALOGUE_ASK,     /* send dialogue_command(), an ETRN, and feed its reply */
    DIALOGUE_QUIT,    /* send QUIT and feed its reply, for it tells about an answer before */
    DIALOGUE_PART,    /* send QUIT and close the connection, then call dialogue_parted() */
    DIALOGUE_WAIT,    /* send nothing: the reply to the command sent last is still to come */
    DIALOGUE_CONNECT, /* close this connection if it still stands and open another one */
    DIALOGUE_END,     /* close this connection: every node has its answer */
};

struct dialogue;

/* Asks a list of nodes by ETRN (RFC 1985), one at a time, on as many connections as it takes.
 * Without I/O: replies go in, commands come out, QUIT included. The nodes are borrowed and must
 * outlive the dialogue; per_connection is at least 1. understood: the host is known to have answered
 * ETRN by another code than 500 and 502, so that a 500 speaks of its node alone (RFC 1985 5.2). */
struct dialogue *dialogue_new(const struct node *nodes, size_t count, size_t per_connection,
                              bool understood);
void dialogue_free(struct dialogue *dialogue);

/* A session is established (EHLO, TLS and AUTH are through) and nothing was said on it yet. */
enum dialogue_step dialogue_connected(struct dialogue *dialogue);

/* The same, but nothing is to be asked: every node without an answer gets this one. Next is QUIT.
 */
enum dialogue_step dialogue_decline(struct dialogue *dialogue, enum outcome outcome,
                                    const char *text);

/* The whole reply to the command that was sent. */
enum dialogue_step dialogue_reply(struct dialogue *dialogue, int code, const char *text);

/* The connection is no more: it could not be made, broke, fell silent or spoke rubbish. code is the
 * reply that says why, or 0; text says why in words. The node that was being asked is asked again
 * behind all others, unless it has been at that place often enough: then it gets this outcome. So
 * does every node when the very first connection could not be made. After two connections in a row
 * without an answer the nodes that were never asked are left out, as deferred. */
enum dialogue_step dialogue_cut(struct dialogue *dialogue, enum outcome outcome, int code,
                                const char *text);

/* QUIT was sent, and its reply is not waited for (any longer): the connection stood up to now. Not
 * while a node waits for its answer. */
enum dialogue_step dialogue_parted(struct dialogue *dialogue);

/* The command of the last DIALOGUE_ASK or DIALOGUE_QUIT was not sent, and the connection is about to be cut:
 * its node was not asked. */
void dialogue_withdraw(struct dialogue *dialogue);

/* Asks no further node: those without an answer get this outcome, only the one just asked may still
 * be answered. Next is QUIT if connected, or DIALOGUE_WAIT where that was said; else the end. */
enum dialogue_step dialogue_stop(struct dialogue *dialogue, enum outcome outcome, const char *text);

/* The command of the last DIALOGUE_ASK, with its CRLF; borrowed until the next call. */
const char *dialogue_command(const struct dialogue *dialogue);

/* Whether the reply to an ETRN is still to come. *node: the node that was named last. */
bool dialogue_is_asking(const struct dialogue *dialogue, size_t *node);

/* The answer of node index, borrowed. */
const struct answer *dialogue_answer(const struct dialogue *dialogue, size_t index);

/* Takes the nodes whose answer has become known, in that order: true with *index for one more,
 * false when there is none. */
bool dialogue_take(struct dialogue *dialogue, size_t *index);

#endif
