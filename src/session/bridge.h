#ifndef MXPULL_SRC_SESSION_BRIDGE_H
#define MXPULL_SRC_SESSION_BRIDGE_H

#include <mxpull/net/connection.h>
#include <mxpull/session/poll.h>
#include <mxpull/smtp/guard.h>

/* The way of a reversed session from the provider through the guard to our own mail server. It
 * opens the connection to the primary and reads its greeting first; the provider's connection
 * belongs to somebody else, who hands in what happens on it. */
struct bridge;

/* What one poll's reversed sessions may take and write, for all of them together. */
struct atrn_bounds {
    /* For how long the provider may yet be waited for. Content earns a second for each KiB, a message ten: who is
     * slower than that on the whole, or says what moves nothing, comes to an end. */
    int64_t credit_ms, credit_max_ms;
    unsigned messages_told, refused_told; /* lines in the log */
    uint64_t left_out;                    /* lines that were too many */
};

struct bridge_options {
    struct atrn_bounds *bounds;         /* borrowed */
    const struct polling *polling;      /* borrowed */
    const struct backup_config *backup; /* borrowed */
    const struct node *nodes;           /* as in struct guard_options; borrowed */
    size_t node_count;
    struct guard_failures *failures; /* the same */
    const struct connection_facts
        *provider; /* borrowed for bridge_new alone; NULL: there is no provider yet */

    /* The primary has greeted. */
    void (*ready)(void *context);

    /* There is no primary, or no longer, before bridge_start. */
    void (*failed)(void *context, const char *why);

    /* The reversed session is over: close the provider's connection. why it was not in order, or
     * NULL. */
    void (*ended)(void *context, const char *why);

    /* A message has been accepted; for_nodes as in struct guard_message. */
    void (*delivered)(void *context, const struct guard_message *message);

    /* The primary has refused mail. */
    void (*not_taken)(void *context, const struct guard_refusal *refusal);
    void *context;
};

/* Begins to connect to the primary. From within its events it may not be freed. */
struct bridge *bridge_new(const struct bridge_options *options);

/* Whether the primary has greeted and is still there. */
bool bridge_is_ready(const struct bridge *bridge);

/* The roles have reversed on the provider's connection (borrowed until ended). Only when ready. */
void bridge_start(struct bridge *bridge, struct connection *provider);

/* What happens on the provider's connection. */
void bridge_received(struct bridge *bridge, const char *bytes, size_t size);
void bridge_drained(struct bridge *bridge);
void bridge_lost(struct bridge *bridge, const struct error *error);

/* The provider's credit has changed. */
void bridge_hurry(struct bridge *bridge);

/* Breaks off now: the provider is told so where no message is open. Only between bridge_start and
 * ended. */
void bridge_stop(struct bridge *bridge, const char *why);

/* Closes the connection to the primary. NULL is allowed. */
void bridge_free(struct bridge *bridge);

/* So far. */
struct guard_counts bridge_counts(const struct bridge *bridge);

#endif
