#ifndef MXPULL_PULL_PREFLIGHT_H
#define MXPULL_PULL_PREFLIGHT_H

#include <mxpull/config/config.h>
#include <mxpull/net/loop.h>
#include <mxpull/smtp/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether our own mail server is ready to take mail, found out by smtp/probe over a connection in
 * the loop, within PREFLIGHT_TIMEOUT_MS. */
struct preflight;

enum {
    PREFLIGHT_TIMEOUT_MS = 30000, /* for each reply, and for connecting */
    PREFLIGHT_LIMIT_MS = 120000   /* for the whole, however many domains there are */
};

struct preflight_options {
    struct loop *loop;           /* borrowed for the preflight's life */
    const struct config *config; /* borrowed for its life: address, proxy_protocol, ehlo_name */
    const struct node *domains;  /* copied; doubles are asked for once. None: the greeting alone */
    size_t count;
    int64_t
        limit_ms; /* PREFLIGHT_LIMIT_MS: a domain that is not told of by then counts as refused */
    void (*ended)(void *context); /* once; the preflight may not be freed in it */
    void *context;
};

/* Begins at once. Never NULL; ended may be called before it returns. */
struct preflight *preflight_new(const struct preflight_options *options);

/* At any time, also before ended. NULL is allowed. */
void preflight_free(struct preflight *preflight);

/* After ended: NULL when the primary greets and speaks SMTP, else why not, naming its address. */
const char *preflight_why(const struct preflight *preflight);

/* After ended: NULL when nothing speaks against mail for the node, else the reason: preflight_why, or
 * the primary's refusal of a domain that was asked for. */
const char *preflight_refusal(const struct preflight *preflight, const struct node *node);

/* After ended: where all domains that were asked for, and at least one, were refused, the first
 * refusal; else NULL, also where preflight_why says why none was. */
const char *preflight_refusal_of_all(const struct preflight *preflight);

#endif
