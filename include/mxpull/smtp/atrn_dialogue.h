#ifndef MXPULL_SMTP_ATRN_DIALOGUE_H
#define MXPULL_SMTP_ATRN_DIALOGUE_H

#include <mxpull/smtp/node.h>
#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What to do next. */
enum atrn_step {
    ATRN_SEND,    /* send atrn_dialogue_command(): ATRN, TURN or QUIT, and feed its reply */
    ATRN_REVERSE, /* the roles have reversed: we are the server now, until atrn_dialogue_ended() */
    ATRN_CONNECT, /* ask once more, on a new connection */
    ATRN_PAUSE,   /* the same after atrn_dialogue_pause_ms() */
    ATRN_END,     /* close the connection: atrn_dialogue_outcome() stands */
};

/* RFC 5321 4.5.3.1.4 promises the smaller size for a command line, with its CRLF; what is longer than the larger
 * one is not sent. */
enum {
    ATRN_LINE_PROMISED = 512,
    ATRN_LINE_MAX = 1024 * 1024
};

/* The octets of an ATRN command that names these nodes, with its CRLF. */
size_t atrn_command_size(const struct node *nodes, size_t count);

struct atrn_dialogue;

/* Asks a provider to turn the connection round, by ATRN (RFC 2645 5.2.1; all nodes in one command,
 * none: no argument, which asks for all that the provider has for us) or TURN (RFC 821 3.8; no argument), again after each reversed session that
 * moved a message, at most sessions_max times. Without I/O. Option characters of the nodes are not
 * sent: "@example.com" is asked for as "example.com". */
struct atrn_dialogue *atrn_dialogue_new(enum verb verb, const struct node *nodes, size_t count,
                                        int64_t sessions_max);
void atrn_dialogue_free(struct atrn_dialogue *dialogue);

/* A session is established and nothing was said on it yet. */
enum atrn_step atrn_dialogue_connected(struct atrn_dialogue *dialogue);

/* The same, but it is not to be asked: this is the outcome. Next is QUIT. */
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

/* The command to send, with its CRLF; borrowed until the next call. */
const char *atrn_dialogue_command(const struct atrn_dialogue *dialogue);
bool atrn_dialogue_is_quitting(const struct atrn_dialogue *dialogue);

/* VERB_ATRN or VERB_TURN. */
enum verb atrn_dialogue_verb(const struct atrn_dialogue *dialogue);

/* How long to wait after ATRN_PAUSE, in milliseconds. */
int64_t atrn_dialogue_pause_ms(const struct atrn_dialogue *dialogue);

/* The ATRN or TURN that is, or would be, sent, with its CRLF. */
const char *atrn_dialogue_ask(const struct atrn_dialogue *dialogue);

/* The outcome, the reply code it came from (0: none) and its text (borrowed); after ATRN_END. */
enum outcome atrn_dialogue_outcome(const struct atrn_dialogue *dialogue, int *code,
                                   const char **text);

/* Commands sent, and reversed sessions. */
unsigned atrn_dialogue_attempts(const struct atrn_dialogue *dialogue);
unsigned atrn_dialogue_sessions(const struct atrn_dialogue *dialogue);

#endif
