#ifndef MXPULL_SRC_SESSION_ATRN_H
#define MXPULL_SRC_SESSION_ATRN_H

#include "session.h"

/* One provider asked by ATRN or TURN to hand its mail over on the same connection: the primary
 * first, then the provider, then the reversed session through the guard, again while mail comes. */
struct turn;

/* As session_new. Mail for the domains of the results is let in, and no other. */
struct turn *turn_new(const struct session_options *options);

/* As poll_stage. */
enum stage turn_stage(const struct turn *turn);

/* Others wait for the place that this provider has: what it may take of time is a tenth from now on. */
void turn_hurry(struct turn *turn);

/* Breaks off: what was acknowledged is safe, the rest is still with the provider. At once. */
void turn_stop(struct turn *turn);

/* After ended. NULL is allowed. */
void turn_free(struct turn *turn);

#endif
