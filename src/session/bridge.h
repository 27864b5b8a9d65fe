#ifndef MXPULL_SRC_SESSION_BRIDGE_H
#define MXPULL_SRC_SESSION_BRIDGE_H

#include "atrn_account.h"
#include <mxpull/net/connection.h>

/* The way of a poll's reversed sessions, one after the other, from the provider through the guard to our own mail
 * server. It opens the connection to the primary and reads its greeting first; the provider's connection
 * belongs to somebody else, who hands in what happens on it. */
struct bridge;

struct bridge_options {
    struct atrn_account *account; /* borrowed: what comes in counts there */

    /* The primary has greeted. */
    void (*ready)(void *context);

    /* There is no primary, or no longer, before bridge_start. */
    void (*failed)(void *context, const char *why);

    /* The reversed session is over: close the provider's connection. why it was not in order, or
     * NULL. */
    void (*ended)(void *context, const char *why);
    void *context;
};

/* It may not be freed from within its events, but closed and opened again. */
struct bridge *bridge_new(const struct bridge_options *options);

/* NULL is allowed. */
void bridge_free(struct bridge *bridge);

/* Begins to connect to the primary, instead of the connection before. provider is borrowed for the call; NULL:
 * there is none yet. */
void bridge_open(struct bridge *bridge, const struct connection_facts *provider);

/* Closes the connection to the primary. */
void bridge_close(struct bridge *bridge);

/* Whether the primary has greeted and is still there. */
bool bridge_is_ready(const struct bridge *bridge);

/* The roles have reversed on the provider's connection (borrowed until ended). Only when ready. */
void bridge_start(struct bridge *bridge, struct connection *provider);

/* What happens between bridge_start and ended: on the provider's connection, and to its credit. bridge_stop breaks
 * off now: the provider is told so where no message is open. */
void bridge_received(struct bridge *bridge, const char *bytes, size_t size);
void bridge_drained(struct bridge *bridge);
void bridge_lost(struct bridge *bridge, const struct error *error);
void bridge_hurry(struct bridge *bridge);
void bridge_stop(struct bridge *bridge, const char *why);

/* In the last reversed session. */
struct guard_counts bridge_counts(const struct bridge *bridge);

#endif
