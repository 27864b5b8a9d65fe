#ifndef MXPULL_SESSION_PREFLIGHT_H
#define MXPULL_SESSION_PREFLIGHT_H

#include <mxpull/base/buffer.h>
#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>
#include <mxpull/smtp/node.h>
#include <mxpull/smtp/probe.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether our own mail server is ready to take mail, found out by smtp/probe over a connection in
 * the loop. */
struct preflight;

enum {
    PREFLIGHT_TIMEOUT_MS = 30000, /* for connecting, and for each reply behind the greeting */
    PREFLIGHT_LIMIT_MS =
        120000 /* for the whole behind the greeting, however many domains there are */
};

enum preflight_stage {
    PREFLIGHT_AT_CONNECT,
    PREFLIGHT_AT_GREETING,
    PREFLIGHT_AT_DOMAINS
};

/* What our own mail server is waited for, monotonic. */
struct preflight_wait {
    enum preflight_stage stage;
    size_t domains;   /* PREFLIGHT_AT_DOMAINS: that are asked for */
    int64_t since_ms; /* when the stage began */
    int64_t until_ms; /* when that is given up */
};

/* Appends "connecting", "connected, no greeting yet", "asking for postmaster of 3 domains". */
void preflight_wait_format(struct buffer *text, const struct preflight_wait *wait);

struct preflight_options {
    struct loop *loop;           /* borrowed for the preflight's life */
    const struct config *config; /* borrowed for its life: primary, ehlo_name */
    const struct node
        *domains; /* copied, asked for in this order, doubles once. None: the greeting alone */
    size_t count;
    int64_t
        limit_ms; /* preflight_limit_ms: a domain that is not told of by then counts as left out */
};

/* PREFLIGHT_LIMIT_MS and what the configuration gives for the greeting. */
int64_t preflight_limit_ms(const struct config *config);

/* Begins at once. Never NULL. It has ended when preflight_waits is NULL: in a turn of the loop, or at
 * once. */
struct preflight *preflight_new(const struct preflight_options *options);

/* At any time. NULL is allowed. */
void preflight_free(struct preflight *preflight);

/* NULL when it has ended; borrowed until the next turn of the loop. */
const struct preflight_wait *preflight_waits(const struct preflight *preflight);

/* When it has ended: why the primary could not be looked at, for want of file descriptors, or NULL. Nothing
 * is known of it then, and nothing speaks against mail. */
const char *preflight_shortage(const struct preflight *preflight);

/* When it has ended: NULL when the primary greets and speaks SMTP, else why not, naming its address. */
const char *preflight_why(const struct preflight *preflight);

/* When it has ended: NULL when nothing speaks against mail for the node, else the reason: preflight_why, or
 * the primary's refusal of a domain, or why it has not answered, or was not asked. */
const char *preflight_refusal(const struct preflight *preflight, const struct node *node);

/* When it has ended: what has become of a domain that was to be asked for; index is below
 * preflight_domain_count. */
size_t preflight_domain_count(const struct preflight *preflight);
const struct node *preflight_domain(const struct preflight *preflight, size_t index,
                                    enum probe_fate *fate);

/* When it has ended: where all domains that were asked for, and at least one, were refused, the first
 * refusal; else NULL, also where preflight_why says why none was. */
const char *preflight_refusal_of_all(const struct preflight *preflight);

/* The domains that a preflight is to ask the primary for. Starts as all zero. */
struct domain_list {
    struct node *nodes; /* owned */
    size_t count, capacity;
};

void domain_list_add(struct domain_list *list, const struct node *node);

/* All domains of a configuration. */
void domain_list_add_all(struct domain_list *list, const struct config *config);

/* Frees what it holds; it is empty then. */
void domain_list_done(struct domain_list *list);

#endif
