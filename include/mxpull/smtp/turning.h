#ifndef MXPULL_SMTP_TURNING_H
#define MXPULL_SMTP_TURNING_H

#include <mxpull/smtp/node.h>
#include <mxpull/smtp/outcome.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What to do next. */
enum turning_step {
    TURNING_SEND,    /* send turning_command(): ATRN, TURN or QUIT, and feed its reply */
    TURNING_REVERSE, /* the roles have reversed: we are the server now, until turning_ended() */
    TURNING_CONNECT, /* ask once more, on a new connection */
    TURNING_PAUSE,   /* the same after turning_pause_ms() */
    TURNING_END,     /* close the connection: turning_outcome() stands */
};

/* RFC 5321 4.5.3.1.4 promises the smaller size for a command line, with its CRLF; what is longer than the larger
 * one is not sent. */
enum {
    TURNING_LINE_PROMISED = 512,
    TURNING_LINE_MAX = 1024 * 1024
};

/* The octets of an ATRN command that names these nodes, with its CRLF. */
size_t turning_atrn_size(const struct node *nodes, size_t count);

struct turning;

/* Asks a provider to turn the connection round, by ATRN (RFC 2645 5.2.1; all nodes in one command,
 * none: no argument, which asks for all that the provider has for us) or TURN (RFC 821 3.8; no argument), again after each reversed session that
 * moved a message, at most sessions_max times. Without I/O. Option characters of the nodes are not
 * sent: "@example.com" is asked for as "example.com". */
struct turning *turning_new(enum verb verb, const struct node *nodes, size_t count,
                            int64_t sessions_max);
void turning_free(struct turning *turning);

/* A session is established and nothing was said on it yet. */
enum turning_step turning_connected(struct turning *turning);

/* The same, but it is not to be asked: this is the outcome. Next is QUIT. */
enum turning_step turning_decline(struct turning *turning, enum outcome outcome, const char *text);

/* The whole reply to the command that was sent. */
enum turning_step turning_reply(struct turning *turning, int code, const char *text);

/* The reversed session is over and moved so many messages; our own server refused so many for a while; why
 * it was not in order, or NULL. */
enum turning_step turning_ended(struct turning *turning, uint64_t messages, uint64_t refused,
                                const char *why);

/* Asks no more after a session: text says why. Before TURNING_END. */
void turning_give_up(struct turning *turning, const char *text);

/* The connection is no more, or was not to be had; not in a reversed session. */
enum turning_step turning_cut(struct turning *turning, enum outcome outcome, int code,
                              const char *text);

/* The command to send, with its CRLF; borrowed until the next call. */
const char *turning_command(const struct turning *turning);
bool turning_is_quitting(const struct turning *turning);

/* VERB_ATRN or VERB_TURN. */
enum verb turning_verb(const struct turning *turning);

/* How long to wait after TURNING_PAUSE, in milliseconds. */
int64_t turning_pause_ms(const struct turning *turning);

/* The ATRN or TURN that is, or would be, sent, with its CRLF. */
const char *turning_ask(const struct turning *turning);

/* The outcome, the reply code it came from (0: none) and its text (borrowed); after TURNING_END. */
enum outcome turning_outcome(const struct turning *turning, int *code, const char **text);

/* Commands sent, and reversed sessions. */
unsigned turning_attempts(const struct turning *turning);
unsigned turning_sessions(const struct turning *turning);

#endif
