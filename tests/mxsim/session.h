#ifndef MXSIM_SESSION_H
#define MXSIM_SESSION_H

#include "auth.h"
#include "fault.h"
#include "sender.h"
#include "server.h"
#include "stage.h"
#include "store.h"

/* One connection of a server's: session.c moves it along, verb.c knows the commands.
 *
 *   IDLE -> (command) -> WAITING for the delay -> SENDING -> (action or effect) -> IDLE
 */
struct session {
    struct server *server;
    struct living living;
    char who[120];
    int64_t number; /* of the connection, from 1 */
    struct wire *wire;
    struct timer delay;
    const char *file; /* borrowed, of the script: the delay lasts until it is there; NULL: none */
    struct faults faults;
    int64_t *counts; /* of rule.h */
    enum {
        SESSION_IDLE,
        SESSION_WAITING,
        SESSION_SENDING,
        SESSION_SECURING,
        SESSION_OVER
    } activity;
    enum {
        INPUT_COMMAND,
        INPUT_CREDENTIALS,
        INPUT_MESSAGE,
        INPUT_PROXY
    } input;

    bool is_secure, is_authenticated;
    struct auth auth;
    enum auth_result auth_result; /* of the credentials just judged */
    struct letter letter;
    bool is_turned; /* the roles are reversed: one of these has the wire */
    struct sender *sender;
    struct stage *stage;

    char *argument;      /* of the command being answered */
    struct buffer reply; /* the answer of our own to it */
    const char *text;    /* what will be sent: the reply, or a rule's text (borrowed) */
    size_t size;
    bool is_positive; /* 2xx or 3xx */
    enum action action;
    void (*after)(struct session *session); /* what a positive answer brings about; NULL: nothing */
};

/* A new connection; the session frees itself at its end. */
void session_begin(struct server *server, intptr_t socket, const struct socket_address *peer);

/* Answers a command, by the rule that there is for the verb, or with session->reply. */
void session_answer(struct session *session, const char *verb,
                    void (*after)(struct session *session));

/* Turns the connection's roles round. */
void session_turn(struct session *session, struct batch batch);

/* Starts TLS. */
void session_secure(struct session *session);

/* Ends it. */
void session_close(struct session *session);

#endif
