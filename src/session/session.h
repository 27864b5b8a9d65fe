#ifndef MXPULL_SRC_SESSION_SESSION_H
#define MXPULL_SRC_SESSION_SESSION_H

/* What sessions of all methods share: they connect as the configuration says, write down results, and tell the observer. */

#include <mxpull/net/connection.h>
#include <mxpull/session/poll.h>
#include <mxpull/smtp/reply.h>

struct session_method;

/* The first member of a session of each method. */
struct session {
    struct poll *poll;  /* borrowed: its `wanted`, at least 1, are asked for and get the answers */
    struct node *nodes; /* owned: of what is wanted */
    void (*ended)(void *poll); /* once, when every result is known; it may not free the session */
    const struct session_method *method;
    struct connection *connection; /* NULL between two of them */
    struct hearing hearing;
    bool in_clear; /* TLS was offered and did not work out; with `may` mail goes on without */
    bool is_dry;   /* --dry-run has come as far as it goes */
    bool is_stopping, is_over;
};

/* What a method makes of what happens to its session. */
struct session_method {
    struct connection_events events; /* session_ready and so on, or what calls them */

    /* Whether the result, which has no answer yet, is to describe this connection (stands: it is established). NULL: all
     * results are. */
    bool (*needs_facts)(const struct session *session, size_t result, bool stands);

    /* The session is established, and the backup offers the command. */
    void (*established)(struct session *session);

    /* The session is established, but of no use. */
    void (*declined)(struct session *session, enum outcome outcome, const char *text);

    /* session->hearing.reply is complete; the callee resets it. rest are the *size bytes behind it, which are heard next
     * unless the callee takes them by *size = 0. */
    void (*replied)(struct session *session, const char *rest, size_t *size);

    /* The connection is no more, or is not to be had. */
    void (*cut)(struct session *session, enum outcome outcome, int code, const char *text);

    /* Another one is to be had at once. */
    void (*reconnect)(struct session *session);

    /* It is to stop (is_stopping is set), and ends soon: what is unanswered becomes interrupted. Called once. */
    void (*stop)(struct session *session);

    /* Others wait for its connection to the primary; NULL: it has none. */
    void (*hurry)(struct session *session);

    /* After ended. */
    void (*free)(struct session *session);
};

/* The backup asked for the domains of its results by ETRN: the dialogue over a connection, or over as many as
 * it takes, with deadlines. Begins at once. Never NULL; ended may be called before it returns. */
struct session *etrn_session_new(struct poll *poll, void (*ended)(void *poll));

/* The same by ATRN or TURN, for mail to be handed over on the same connection: the primary first, then the
 * provider, then the reversed session through the guard, again while mail comes. Mail for the domains of the
 * results is let in, and no other. */
struct session *atrn_session_new(struct poll *poll, void (*ended)(void *poll));

void session_init(struct session *session, const struct session_method *method, struct poll *poll,
                  void (*ended)(void *poll));
void session_done(struct session *session);

/* Begins to connect to the backup. */
void session_connect(struct session *session);

/* What happens on its connection. */
void session_ready(void *context);
void session_received(void *context, const char *bytes, size_t size);
void session_failed(void *context, int code, const struct error *error);
void session_wire(void *context, char direction, const char *line, size_t size);

/* Sends a command and expects its reply by then, monotonic. */
void session_say(struct session *session, const char *command, int64_t deadline_ms);

/* Sends a last command (QUIT or "") and lets the connection, if there is one, end by itself. */
void session_leave(struct session *session, const char *command);

/* Every result is known. */
void session_end(struct session *session);

/* As poll_stage. */
enum stage session_stage(const struct session *session);

/* ---- results ---- */

/* Replaces *text by a copy of with, which may be NULL. */
void session_replace(char **text, const char *with);

/* Gives a result its answer: to verb if its connection came as far as STAGE_COMMAND, else to VERB_CONNECT. Tells nobody:
 * session_tell does. */
void session_answer(struct result *result, enum verb verb, enum outcome outcome, int code,
                    const char *text);

/* Stamps a result that has become known, and tells the observer. */
void session_tell(const struct polling *polling, struct result *result);

/* Gives a result that came to no asking its answer, at STAGE_NONE or STAGE_RECIPIENT, and tells the
 * observer. */
void session_settle(struct result *result, const struct polling *polling, enum outcome outcome,
                    enum stage stage, const char *text);

/* Tells the observer what the session is doing. */
void session_move(const struct session *session, enum session_state state, const char *domain);

/* Logs a decision at debug level. */
void session_decide(const struct backup_config *backup, const char *decision, const char *why);

#endif
