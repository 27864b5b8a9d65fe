#ifndef MXPULL_SMTP_ATRN_DIALOGUE_H
#define MXPULL_SMTP_ATRN_DIALOGUE_H

#include <mxpull/base/buffer.h>
#include <mxpull/smtp/node.h>
#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What to do next. */
enum atrn_step {
    ATRN_ASK,     /* send the command, and feed its reply */
    ATRN_REVERSE, /* the roles have reversed: we are the server now, until atrn_dialogue_ended() */
    ATRN_CONNECT, /* ask once more, on a new connection */
    ATRN_PAUSE,   /* the same after pause_ms */
    ATRN_QUIT,    /* send QUIT and close the connection: the outcome stands */
    ATRN_END,     /* close the connection: the outcome stands */
};

/* RFC 5321 4.5.3.1.4 promises the smaller size for a command line, with its CRLF; what is longer than the larger
 * one is not sent. */
enum {
    ATRN_LINE_PROMISED = 512,
    ATRN_LINE_MAX = 1024 * 1024
};

/* The octets of an ATRN command that names these nodes, with its CRLF. */
size_t atrn_command_size(const struct node *nodes, size_t count);

/* Asks a provider to turn the connection round, by ATRN (RFC 2645 5.2.1) or TURN (RFC 821 3.8), again after each
 * reversed session that moved a message. Without I/O. Callers only read it. */
struct atrn_dialogue {
    enum verb verb;
    struct buffer command;       /* the ATRN or TURN that is, or would be, sent, with its CRLF */
    unsigned attempts, sessions; /* commands sent, and reversed sessions */
    unsigned pauses;             /* since the last message */
    int64_t pause_ms, sessions_max;
    bool has_moved; /* a session has moved a message */
    enum outcome outcome;
    int code; /* of the reply that the outcome came from; 0: none */
    char *text;
};

/* ATRN names all nodes in one command, without their option characters: "@example.com" is asked for as
 * "example.com"; none: no argument, which asks for all that the provider has for us. TURN has no argument.
 * At most sessions_max reversed sessions. */
void atrn_dialogue_init(struct atrn_dialogue *dialogue, enum verb verb, const struct node *nodes,
                        size_t count, int64_t sessions_max);
void atrn_dialogue_done(struct atrn_dialogue *dialogue);

/* A session is established and nothing was said on it yet. */
enum atrn_step atrn_dialogue_connected(struct atrn_dialogue *dialogue);

/* The same, but it is not to be asked: this is the outcome. */
enum atrn_step atrn_dialogue_decline(struct atrn_dialogue *dialogue, enum outcome outcome,
                                     const char *text);

/* The whole reply to the command that was sent. */
enum atrn_step atrn_dialogue_reply(struct atrn_dialogue *dialogue, int code, const char *text);

/* The reversed session is over and moved so many messages; our own server refused so many for a while; why
 * it was not in order, or NULL. */
enum atrn_step atrn_dialogue_ended(struct atrn_dialogue *dialogue, uint64_t messages,
                                   uint64_t refused, const char *why);

/* Asks no more after a session: text says why. Before ATRN_END. */
void atrn_dialogue_give_up(struct atrn_dialogue *dialogue, const char *text);

/* The connection is no more, or was not to be had; not in a reversed session. */
enum atrn_step atrn_dialogue_cut(struct atrn_dialogue *dialogue, enum outcome outcome, int code,
                                 const char *text);

#endif
