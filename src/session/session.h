#ifndef MXPULL_PULL_TARGET_H
#define MXPULL_PULL_TARGET_H

/* What sessions of every method do alike: connect as the configuration says, write down results,
 * and tell who watches. */

#include "etrn.h"
#include <mxpull/net/connection.h>

/* How the backup is connected to; in_clear: without the TLS that is only `may`. All texts are
 * borrowed from options. */
struct connection_options target_options(const struct session_options *options, bool in_clear);

/* Frees *text and puts a copy of with there; NULL stays NULL. */
void target_replace(char **text, const char *with);

/* Writes down what the connection to the backup is like. */
void target_note_facts(struct result *result, const struct connection_facts *facts);

/* What a failure of the connection means; code as the event says it. */
enum outcome target_outcome_of_failure(const struct connection_facts *facts, int code,
                                       const struct error *error);

/* Logs why an established session is in clear where TLS was to be had. */
void target_note_clear(const struct backup_config *backup, const struct connection_facts *facts,
                       bool in_clear);

enum {
    NOT_OFFERED_SIZE = 256
};

/* Why the established session is of no use: EHLO does not offer the verb, or was refused itself. */
enum outcome target_not_offered(const struct connection_facts *facts, enum verb verb,
                                char text[NOT_OFFERED_SIZE]);

/* Gives a result its answer: to verb (VERB_CONNECT: nothing was asked) if its connection came so far. The
 * observer is told by target_tell. */
void target_answer(struct result *result, enum verb verb, enum outcome outcome, int code,
                   const char *text);

/* Stamps a result that has become known, and tells the observer. */
void target_tell(const struct polling *polling, struct result *result);

/* Gives a result that came to no asking its answer, at STAGE_NONE or STAGE_RECIPIENT, and tells the
 * observer. */
void target_settle(struct result *result, const struct polling *polling, enum outcome outcome,
                   enum stage stage, const char *text);

/* Tells the observer what the session is doing. */
void target_move(const struct session_options *options, enum session_state state,
                 const char *domain);

/* Logs a decision at debug level. */
void target_decide(const struct backup_config *backup, const char *decision, const char *why);

#endif
