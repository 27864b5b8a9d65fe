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
    DIALOGUE_SEND,    /* send dialogue_command() and feed its reply */
    DIALOGUE_WAIT,    /* send nothing: the reply to the command sent last is still to come */
    DIALOGUE_CONNECT, /* close this connection if it still stands and open another one */
    DIALOGUE_END,     /* close this connection: every node has its answer */
};

struct dialogue;

/* Asks a list of nodes by ETRN (RFC 1985), one at a time, on as many connections as it takes.
 * Without I/O: replies go in, commands come out, QUIT included. The nodes are borrowed and must
 * outlive the dialogue; per_connection is at least 1. */
struct dialogue *dialogue_new(const struct node *nodes, size_t count, size_t per_connection);
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
 * reply that says why, or 0; text says why in words. The nodes without an answer get another
 * connection if this one brought an answer for any node, else they get this outcome. */
enum dialogue_step dialogue_cut(struct dialogue *dialogue, enum outcome outcome, int code,
                                const char *text);

/* Asks no further node: those without an answer get this outcome, only the one just asked may still
 * be answered. Next is QUIT if connected, else the end. */
enum dialogue_step dialogue_stop(struct dialogue *dialogue, enum outcome outcome, const char *text);

/* The command to send, with its CRLF; borrowed until the next call. Only after DIALOGUE_SEND. */
const char *dialogue_command(const struct dialogue *dialogue);

/* Whether that command is QUIT, on whose answer nothing much depends. */
bool dialogue_is_quitting(const struct dialogue *dialogue);

/* The node that was named last, and whether the reply to it is still to come. */
size_t dialogue_node(const struct dialogue *dialogue);
bool dialogue_is_asking(const struct dialogue *dialogue);

/* The answer of node index, borrowed. */
const struct answer *dialogue_answer(const struct dialogue *dialogue, size_t index);

/* Takes the nodes whose answer has become known, in that order: true with *index for one more,
 * false when there is none. */
bool dialogue_take(struct dialogue *dialogue, size_t *index);

#endif
