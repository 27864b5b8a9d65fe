#ifndef MXPULL_SRC_SESSION_ETRN_H
#define MXPULL_SRC_SESSION_ETRN_H

#include "session.h"

/* One backup asked for some of its domains by ETRN: the dialogue over a connection, or over as many
 * as it takes, with deadlines. */
struct etrn_session;

/* Begins at once. Never NULL; ended may be called before it returns when not even a connection can
 * be tried. */
struct etrn_session *etrn_session_new(const struct session_options *options);

/* As poll_stage. */
enum stage etrn_session_stage(const struct etrn_session *session);

/* Asks no further domain: QUIT is sent if a connection stands, and what is unanswered becomes
 * interrupted, at the latest after half a second. */
void etrn_session_stop(struct etrn_session *session);

/* After ended. NULL is allowed. */
void etrn_session_free(struct etrn_session *session);

#endif
