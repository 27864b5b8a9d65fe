#ifndef MXPULL_SRC_SESSION_ATRN_H
#define MXPULL_SRC_SESSION_ATRN_H

#include "session.h"

/* One provider asked by ATRN or TURN to hand its mail over on the same connection: the primary
 * first, then the provider, then the reversed session through the guard, again while mail comes. */
struct atrn_session;

/* As session_new. Mail for the domains of the results is let in, and no other. */
struct atrn_session *atrn_session_new(const struct session_options *options);

/* As poll_stage. */
enum stage atrn_session_stage(const struct atrn_session *session);

/* Others wait for the place that this provider has: what it may take of time is a tenth from now on. */
void atrn_session_hurry(struct atrn_session *session);

/* Breaks off: what was acknowledged is safe, the rest is still with the provider. At once. */
void atrn_session_stop(struct atrn_session *session);

/* After ended. NULL is allowed. */
void atrn_session_free(struct atrn_session *session);

#endif
