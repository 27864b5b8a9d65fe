#ifndef MXPULL_SRC_SESSION_SESSION_H
#define MXPULL_SRC_SESSION_SESSION_H

/* What sessions of every method do alike: connect as the configuration says, write down results,
 * and tell who watches. */

#include <mxpull/net/connection.h>
#include <mxpull/session/poll.h>

/* What a session is to do, by whatever method. */
struct session_options {
    const struct polling *polling;      /* borrowed */
    const struct backup_config *backup; /* borrowed */
    struct result *const
        *results; /* what is asked for and where its answers go; borrowed for the session's life */
    size_t count; /* at least 1 */
    const char *password; /* borrowed; NULL: none */
    bool understood;      /* ETRN, by the backup, at any time before */
    void (*ended)(
        void *context); /* once, when every result is known; the session may not be freed in it */
    void *context;      /* borrowed */
};

/* How the backup is connected to; in_clear: without the TLS that is only `may`. All texts are
 * borrowed from options. */
struct connection_options session_options(const struct session_options *options, bool in_clear);

/* Frees *text and puts a copy of with there; NULL stays NULL. */
void session_replace(char **text, const char *with);

/* Writes down what the connection to the backup is like. */
void session_note_facts(struct result *result, const struct connection_facts *facts);

/* What a failure of the connection means; code as the event says it. */
enum outcome session_outcome_of_failure(const struct connection_facts *facts, int code,
                                        const struct error *error);

/* Logs why an established session is in clear where TLS was to be had. */
void session_note_clear(const struct backup_config *backup, const struct connection_facts *facts,
                        bool in_clear);

enum {
    NOT_OFFERED_SIZE = 256
};

/* Why the established session is of no use: EHLO does not offer the verb, or was refused itself. */
enum outcome session_not_offered(const struct connection_facts *facts, enum verb verb,
                                 char text[NOT_OFFERED_SIZE]);

/* Gives a result its answer: to verb (VERB_CONNECT: nothing was asked) if its connection came so far. The
 * observer is told by session_tell. */
void session_answer(struct result *result, enum verb verb, enum outcome outcome, int code,
                    const char *text);

/* Stamps a result that has become known, and tells the observer. */
void session_tell(const struct polling *polling, struct result *result);

/* Gives a result that came to no asking its answer, at STAGE_NONE or STAGE_RECIPIENT, and tells the
 * observer. */
void session_settle(struct result *result, const struct polling *polling, enum outcome outcome,
                    enum stage stage, const char *text);

/* Tells the observer what the session is doing. */
void session_move(const struct session_options *options, enum session_state state,
                  const char *domain);

/* Logs a decision at debug level. */
void session_decide(const struct backup_config *backup, const char *decision, const char *why);

#endif
